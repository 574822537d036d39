//! FUNCTION: libraries of functions, loaded and deleted.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};

use super::script::kill;
use super::{FLUSH_TYPE, function_list, function_restore, function_stats};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "FUNCTION",
    summary: "Commands about functions.",
    since: "7.0.0",
    group: Group::Scripting,
    arity: Arity::AtLeast(2),
    complexity: "",
    subcommands: &[
        SUBCOMMANDS,
        function_list::COMMANDS,
        function_restore::COMMANDS,
        function_stats::COMMANDS,
    ],
    ..Command::BLANK
}];

static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "DELETE",
        summary: "Deletes a library.",
        arity: Arity::Exactly(3),
        flags: Flags::NOSCRIPT.and(Flags::WRITE),
        args: &[Arg::string("library-name")],
        reply: "OK",
        tips: ON_ALL_SHARDS,
        run: delete,
        ..FUNCTION
    },
    Command {
        name: "FLUSH",
        summary: "Deletes all libraries.",
        arity: Arity::AtLeast(2),
        flags: Flags::NOSCRIPT.and(Flags::WRITE),
        args: &[FLUSH_TYPE],
        reply: "OK",
        complexity: "O(N) for N functions",
        tips: ON_ALL_SHARDS,
        run: flush,
        ..FUNCTION
    },
    Command {
        name: "KILL",
        summary: "Ends the function that runs, if it has not written yet.",
        arity: Arity::Exactly(2),
        flags: Flags::NOSCRIPT.and(Flags::ALLOW_BUSY),
        reply: "OK",
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        run: |ctx| kill(ctx, false),
        ..FUNCTION
    },
    Command {
        name: "LOAD",
        summary: "Loads a library.",
        arity: Arity::AtLeast(3),
        flags: Flags::NOSCRIPT.and(Flags::WRITE).and(Flags::DENYOOM),
        args: &[Arg::word("replace", "REPLACE").optional(), Arg::string("function-code")],
        reply: "the library's name",
        complexity: "O(1), and the time that its text takes to compile",
        tips: ON_ALL_SHARDS,
        run: load,
        ..FUNCTION
    },
    Command {
        name: "HELP",
        summary: "Shows the subcommands.",
        arity: Arity::Exactly(2),
        flags: Flags::LOADING.and(Flags::STALE),
        reply: "lines of text",
        run: help,
        ..FUNCTION
    },
];

pub(super) const FUNCTION: Command =
    Command { since: "7.0.0", group: Group::Scripting, flags: Flags::NOSCRIPT, ..Command::BLANK };
pub(super) const ON_ALL_SHARDS: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];

fn delete(ctx: &mut Ctx<'_>) -> Result {
    if !ctx.delete_library(ctx.argv.at(2))? {
        return Err(CommandError::Line("ERR Library not found"));
    }
    ctx.outcome.dirty += 1;
    ctx.ok()
}

fn flush(ctx: &mut Ctx<'_>) -> Result {
    let known = ctx.argv.len() == 2 || (ctx.argv.len() == 3 && (ctx.is(2, "SYNC") || ctx.is(2, "ASYNC")));
    if !known {
        return Err(CommandError::Line("ERR FUNCTION FLUSH only supports SYNC|ASYNC option"));
    }
    ctx.server.scripting.flush_libraries();
    ctx.outcome.dirty += 1;
    ctx.ok()
}

fn load(ctx: &mut Ctx<'_>) -> Result {
    let (mut at, mut replace) = (2, false);
    while at < ctx.argv.len() - 1 {
        if !ctx.is(at, "REPLACE") {
            let option = String::from_utf8_lossy(ctx.argv.at(at)).into_owned();
            return Err(CommandError::told(format!("ERR Unknown option given: {option}")));
        }
        replace = true;
        at += 1;
    }
    let name = ctx.load_library(ctx.argv.at(at), replace)?;
    ctx.outcome.dirty += 1;
    ctx.bulk(&name)
}

fn help(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.lines(&[
        "FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "LOAD [REPLACE] <FUNCTION CODE>",
        "    Load a library, which registers its functions.",
        "DELETE <LIBRARY NAME>",
        "    Delete a library.",
        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
        "    Show the libraries, those whose names match, with their functions, and their text if asked.",
        "STATS",
        "    Show the function that runs, and how many libraries and functions there are.",
        "KILL",
        "    End the function that runs, if it has not written.",
        "FLUSH [ASYNC|SYNC]",
        "    Delete all libraries.",
        "DUMP",
        "    Answer all libraries as a payload for RESTORE.",
        "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
        "    Load the libraries of a payload: after deleting all (FLUSH), beside those that are there (APPEND,",
        "    the default), or in place of those of the same name (REPLACE).",
        "HELP",
        "    Print this help.",
    ]);
    Ok(())
}
