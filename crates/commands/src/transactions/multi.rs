//! MULTI, EXEC, DISCARD: requests that run together, or not at all.

use engine::{Command, CommandError, Ctx, Flags, Result};

use super::{AT_ONCE, TRANSACTION};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "MULTI",
        summary: "Begins a transaction: requests are kept from now on, until EXEC runs them.",
        since: "1.2.0",
        flags: AT_ONCE.and(Flags::NO_MULTI),
        run: multi,
        ..TRANSACTION
    },
    Command {
        name: "EXEC",
        summary: "Runs the requests kept since MULTI, with nobody else's in between.",
        since: "1.2.0",
        flags: TRANSACTION.flags.and(Flags::SKIP_COMMANDLOG).and(Flags::UNQUEUED),
        reply: "the replies of all requests, in their order; null if a watched key has changed",
        complexity: "that of the requests",
        run: exec,
        ..TRANSACTION
    },
    Command {
        name: "DISCARD",
        summary: "Forgets the requests kept since MULTI, and the watched keys.",
        since: "2.0.0",
        flags: AT_ONCE.and(Flags::UNQUEUED),
        complexity: "O(N) for N requests",
        run: discard,
        ..TRANSACTION
    },
];

fn multi(ctx: &mut Ctx<'_>) -> Result {
    ctx.begin_transaction();
    ctx.ok()
}

fn exec(ctx: &mut Ctx<'_>) -> Result {
    if !ctx.in_transaction() {
        return Err(CommandError::Line("ERR EXEC without MULTI"));
    }
    ctx.run_transaction()
}

fn discard(ctx: &mut Ctx<'_>) -> Result {
    if !ctx.in_transaction() {
        return Err(CommandError::Line("ERR DISCARD without MULTI"));
    }
    ctx.end_transaction();
    ctx.ok()
}
