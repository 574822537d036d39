//! FUNCTION DUMP and RESTORE: all libraries as a payload, and back.

use engine::scripting::library::Restore;
use engine::scripting::payload;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Result};

use super::function::{FUNCTION, ON_ALL_SHARDS};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "DUMP",
        summary: "Answers all libraries as a payload for FUNCTION RESTORE.",
        arity: Arity::Exactly(2),
        reply: "the payload",
        complexity: "O(N) for N functions",
        run: dump,
        ..FUNCTION
    },
    Command {
        name: "RESTORE",
        summary: "Loads the libraries of a payload.",
        arity: Arity::AtLeast(3),
        flags: FUNCTION.flags.and(Flags::WRITE).and(Flags::DENYOOM),
        args: &[
            Arg::string("serialized-value"),
            Arg::one_of(
                "policy",
                &[
                    Arg::word("flush", "FLUSH"),
                    Arg::word("append", "APPEND"),
                    Arg::word("replace", "REPLACE"),
                ],
            )
            .optional(),
        ],
        reply: "OK",
        complexity: "O(N) for N functions",
        tips: ON_ALL_SHARDS,
        run: restore,
        ..FUNCTION
    },
];

fn dump(ctx: &mut Ctx<'_>) -> Result {
    let payload = payload::write(&ctx.server.scripting.libraries);
    ctx.bulk(&payload)
}

fn restore(ctx: &mut Ctx<'_>) -> Result {
    if ctx.argv.len() > 4 {
        return Err(ctx.wrong_arity());
    }
    let how = match ctx.argv.get(3) {
        None => Restore::Append,
        Some(_) if ctx.is(3, "APPEND") => Restore::Append,
        Some(_) if ctx.is(3, "REPLACE") => Restore::Replace,
        Some(_) if ctx.is(3, "FLUSH") => Restore::Flush,
        Some(_) => {
            return Err(CommandError::Line(
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
    };
    ctx.restore_libraries(ctx.argv.at(2), how)?;
    ctx.outcome.dirty += 1;
    ctx.ok()
}
