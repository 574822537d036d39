//! WATCH, UNWATCH: a transaction that happens only if nobody else was quicker.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};

use super::{AT_ONCE, TRANSACTION};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "WATCH",
        summary: "Has the next EXEC do nothing if one of the keys has changed by then.",
        since: "2.2.0",
        arity: Arity::AtLeast(2),
        flags: AT_ONCE.and(Flags::NO_MULTI),
        keys: &[KeySpec::from(1).ro()],
        args: &[Arg::key("key").many()],
        complexity: "O(1) for each key",
        run: watch,
        ..TRANSACTION
    },
    Command {
        name: "UNWATCH",
        summary: "Forgets all watched keys.",
        since: "2.2.0",
        flags: AT_ONCE,
        run: unwatch,
        ..TRANSACTION
    },
];

fn watch(ctx: &mut Ctx<'_>) -> Result {
    let argv = ctx.argv;
    for key in argv.from(1).iter() {
        ctx.watch(key);
    }
    ctx.ok()
}

fn unwatch(ctx: &mut Ctx<'_>) -> Result {
    ctx.unwatch();
    ctx.ok()
}
