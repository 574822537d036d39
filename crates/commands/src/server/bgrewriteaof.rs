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
