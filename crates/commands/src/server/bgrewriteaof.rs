//! BGREWRITEAOF: the append-only file is written anew, and what it no longer needs removed.

use engine::aof::{Started, bgrewrite};
use engine::{Arity, Command, CommandError, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "BGREWRITEAOF",
    summary: "Has the append-only file be written anew in the background, as small as it can be.",
    group: Group::Server,
    arity: Arity::Exactly(1),
    flags: Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::NO_ASYNC_LOADING),
    reply: "what was begun or scheduled",
    complexity: "O(N) for N keys, in the background",
    run: bgrewriteaof,
    ..Command::BLANK
}];

fn bgrewriteaof(ctx: &mut Ctx<'_>) -> Result {
    let line = match bgrewrite(ctx.keyspace, ctx.server, ctx.host) {
        Started::Now => "Background append only file rewriting started",
        Started::Later => "Background append only file rewriting scheduled",
        Started::Already => {
            let line = "ERR Background append only file rewriting already in progress";
            return Err(CommandError::Line(line));
        }
        Started::Failed => {
            return Err(CommandError::Line(concat!(
                "ERR Can't execute an AOF background rewriting. ",
                "Please check the server logs for more information."
            )));
        }
    };
    ctx.client.out.simple(line);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn within_a_transaction_it_waits_for_the_end() {
        check(
            r#"
            > MULTI
            +OK
            > BGREWRITEAOF
            +QUEUED
            > EXEC
            [+"Background append only file rewriting scheduled"]
            > EVAL "return redis.call('BGREWRITEAOF')" 0
            -ERR This Valkey command is not allowed from script*
            > BGREWRITEAOF now
            -ERR wrong number of arguments for 'bgrewriteaof' command
            "#,
        );
    }

    #[test]
    fn it_waits_for_a_snapshot_and_begins_then() {
        let mut h = Harness::new();
        h.config("save", b"").expect("no rules");
        h.host.child_busy = true;
        h.send("BGSAVE");
        assert_eq!(h.send("BGREWRITEAOF").to_string(), "+Background append only file rewriting scheduled");
        assert!(h.send("INFO persistence").to_string().contains("aof_rewrite_scheduled:1"));
        h.host.child_busy = false;
        h.advance(300);
        let info = h.send("INFO persistence").to_string();
        assert!(info.contains("aof_rewrite_scheduled:0") && info.contains("aof_rewrites:1"), "{info}");
        // Without the file itself there is a base all the same, as with the peers.
        assert!(h.host.files.contains_key("/data/appendonlydir/appendonly.aof.1.base.rdb"));
    }
}
