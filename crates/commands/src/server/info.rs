//! INFO: the server about itself, by sections. What they say is in `engine::info`, one file each.

use engine::info::{self, Facts};
use engine::{Arg, Arity, Command, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "INFO",
    summary: "Tells what the server knows of itself, section by section.",
    since: "1.0.0",
    group: Group::Server,
    arity: Arity::AtLeast(1),
    flags: Flags::LOADING.and(Flags::STALE),
    acl: &["dangerous"],
    args: &[Arg::string("section").optional().many()],
    reply: "lines of `name:value` under the titles of their sections",
    complexity: "O(1)",
    history: &[("7.0.0", "Takes several sections.")],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    run: info,
    ..Command::BLANK
}];

fn info(ctx: &mut Ctx<'_>) -> Result {
    let text = info::render(&Facts::of(ctx), ctx.argv.from(1).iter());
    ctx.client.out.verbatim(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn unknown_sections_are_passed_over() {
        check(
            r##"
            > INFO nosuch
            ""
            > INFO nosuch Modules cluster
            "# Modules\r\n"*
            > INFO cluster
            "# Cluster\r\ncluster_enabled:0\r\n"
            > INFO keyspace
            "# Keyspace\r\n"
            "##,
        );
    }

    #[test]
    fn keys_are_counted_by_database() {
        check(
            r##"
            > SET a 1
            +OK
            > SET b 2
            +OK
            > INFO keyspace
            "# Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0,keys_with_volatile_items=0\r\n"
            > INFO errorstats
            "# Errorstats\r\n"
            > NOSUCH
            -ERR unknown command*
            > INFO errorstats
            "# Errorstats\r\nerrorstat_ERR:count=1\r\n"
            "##,
        );
    }

    /// What exporters and clients look for, wherever they come from.
    #[test]
    fn the_fields_that_clients_read_are_there() {
        let mut harness = Harness::new();
        let reply = harness.send("INFO");
        let text = String::from_utf8_lossy(reply.bytes().unwrap_or_default()).into_owned();
        for field in [
            "redis_version:7.2.4",
            "server_name:redstart",
            "redis_mode:standalone",
            "tcp_port:6379",
            "connected_clients:1",
            "blocked_clients:0",
            "used_memory_human:",
            "maxmemory_policy:noeviction",
            "loading:0",
            "rdb_last_bgsave_status:ok",
            "total_connections_received:1",
            "total_commands_processed:0",
            "role:master",
            "connected_slaves:0",
            "used_cpu_user:",
            "cluster_enabled:0",
        ] {
            assert!(text.contains(&format!("\r\n{field}")), "{field} in {text}");
        }
        assert!(text.starts_with("# Server\r\n") && text.ends_with("\r\n"));
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with("# ") || line.contains(':')));
    }
}
