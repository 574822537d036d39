//! FCALL and FCALL_RO: a function of a library.

use engine::{Arg, Command, CommandError, Ctx, Result};

use super::{ARG, KEY, NUMKEYS, ONLY_READS, RUNS, key_count};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "FCALL",
        summary: "Runs a function.",
        since: "7.0.0",
        args: &[Arg::string("function"), NUMKEYS, KEY, ARG],
        run: |ctx| fcall(ctx, false),
        ..RUNS
    },
    Command {
        name: "FCALL_RO",
        summary: "Runs a function that may only read.",
        since: "7.0.0",
        args: &[Arg::string("function"), NUMKEYS, KEY, ARG],
        run: |ctx| fcall(ctx, true),
        ..ONLY_READS
    },
];

fn fcall(ctx: &mut Ctx<'_>, read_only: bool) -> Result {
    ctx.show_monitors();
    if ctx.server.scripting.libraries.function(ctx.argv.at(1)).is_none() {
        return Err(CommandError::Line("ERR Function not found"));
    }
    let Ok(_) = ctx.integer(2) else { return Err(CommandError::Line("ERR Bad number of keys provided")) };
    let keys = key_count(ctx)?;
    ctx.run_function(keys, read_only)
}
