//! WAITAOF: waits until what was done is on the disk.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "WAITAOF",
    summary: "Waits until what was done so far is durable in append-only files, here and on replicas.",
    since: "7.2.0",
    group: Group::Generic,
    arity: Arity::Exactly(4),
    flags: Flags::BLOCKING,
    acl: &["connection"],
    args: &[Arg::integer("numlocal"), Arg::integer("numreplicas"), Arg::integer("timeout")],
    reply: "how many have it: 0 or 1 for this server, and the number of replicas",
    complexity: "O(1)",
    tips: &["request_policy:all_shards", "response_policy:agg_min"],
    run: waitaof,
    ..Command::BLANK
}];

fn waitaof(ctx: &mut Ctx<'_>) -> Result {
    let local = match ctx.integer(1)? {
        local @ (0 | 1) => local == 1,
        _ => return Err(CommandError::Line("ERR value is out of range, value must between 0 and 1")),
    };
    let replicas = ctx.integer(2)?;
    if replicas < 0 {
        return Err(CommandError::Line("ERR value is out of range, must be positive"));
    }
    let timeout = ctx.timeout_ms(3)?;
    ctx.wait_aof(local, replicas > 0, timeout)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn without_a_file_there_is_nothing_to_wait_for() {
        check(
            r#"
            > WAITAOF 1 0 0
            -ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.
            > WAITAOF 2 0 0
            -ERR value is out of range, value must between 0 and 1
            > WAITAOF 0 -1 0
            -ERR value is out of range, must be positive
            > WAITAOF 0 0 -1
            -ERR timeout is negative
            > WAITAOF 0 0 0
            [:0 :0]
            > WAITAOF 0 1 100
            ! wait 200
            >
            [:0 :0]
            "#,
        );
    }
}
