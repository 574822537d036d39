//! The commands of the group `scripting`. What they do: `engine::scripting`, and the crate `script`.

mod eval;
mod fcall;
mod function;
mod function_list;
mod function_restore;
mod function_stats;
mod script;

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};

pub(crate) static LISTS: &[&[Command]] =
    &[eval::COMMANDS, fcall::COMMANDS, function::COMMANDS, script::COMMANDS];

/// What those that run a script have in common.
const RUNS: Command = Command {
    group: Group::Scripting,
    arity: Arity::AtLeast(3),
    flags: Flags::NOSCRIPT
        .and(Flags::STALE)
        .and(Flags::SKIP_MONITOR)
        .and(Flags::MAY_REPLICATE)
        .and(Flags::NO_MANDATORY_KEYS)
        .and(Flags::MOVABLEKEYS),
    keys: &[KEYS
        .rw()
        .access()
        .update()
        .noted("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")],
    reply: "what the script answers",
    complexity: "that of the script",
    ..Command::BLANK
};

/// The same, and nothing may be written.
const ONLY_READS: Command = Command {
    flags: RUNS.flags.without(Flags::MAY_REPLICATE).and(Flags::READONLY),
    keys: &[KEYS.ro().access()],
    ..RUNS
};

const KEYS: KeySpec = KeySpec::at(2).keynum(0, 1, 1);

/// Arguments after the first.
const NUMKEYS: Arg = Arg::integer("numkeys");
const KEY: Arg = Arg::key("key").optional().many();
const ARG: Arg = Arg::string("arg").optional().many();

/// ASYNC or SYNC.
const FLUSH_TYPE: Arg =
    Arg::one_of("flush-type", &[Arg::word("async", "ASYNC"), Arg::word("sync", "SYNC")]).optional();

/// Drops what SCRIPT FLUSH or FUNCTION FLUSH has forgotten: now (SYNC), on another thread (ASYNC), or as
/// `lazyfree-lazy-user-flush` says.
fn dispose(ctx: &mut Ctx<'_>, waste: engine::scripting::Waste) {
    let said = ctx.argv.len() > 2;
    let later = if said { ctx.is(2, "ASYNC") } else { ctx.server.config.lazyfree_lazy_user_flush };
    if later {
        ctx.host.drop_later(waste);
    }
}

/// How many of the words from 3 on are keys.
fn key_count(ctx: &Ctx<'_>) -> Result<usize> {
    let count = ctx.integer(2)?;
    if count > (ctx.argv.len() - 3) as i64 {
        return Err(CommandError::Line("ERR Number of keys can't be greater than number of args"));
    }
    usize::try_from(count).map_err(|_| CommandError::Line("ERR Number of keys can't be negative"))
}

/// The error of a subcommand that found too many words.
fn wrong_words(ctx: &Ctx<'_>, container: &str) -> CommandError {
    let word = String::from_utf8_lossy(ctx.argv.at(1));
    let line =
        format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try {container} HELP.");
    CommandError::told(line)
}

#[cfg(test)]
mod declared_tests;
