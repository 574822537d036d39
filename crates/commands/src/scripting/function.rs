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
    if ctx.argv.len() > 3 {
        return Err(super::wrong_words(ctx, "FUNCTION"));
    }
    let known = ctx.argv.len() == 2 || (ctx.argv.len() == 3 && (ctx.is(2, "SYNC") || ctx.is(2, "ASYNC")));
    if !known {
        return Err(CommandError::Line("ERR FUNCTION FLUSH only supports SYNC|ASYNC option"));
    }
    let waste = ctx.server.scripting.flush_libraries();
    super::dispose(ctx, waste);
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

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn libraries_are_loaded_listed_and_deleted() {
        check(
            r##"
            > FUNCTION LOAD "#!lua name=one\nredis.register_function('f', function(keys, args) return {keys[1], args[1]} end)"
            "one"
            > FCALL f 1 k v
            ["k" "v"]
            > FCALL_RO f 1 k v
            -ERR Can not execute a script with write flag using *_ro command.
            > FUNCTION LOAD "#!lua name=one\nredis.register_function('f', function() return 2 end)"
            -ERR Library 'one' already exists
            > FUNCTION LOAD REPLACE "#!lua name=one\nredis.register_function('f', function() return 2 end)"
            "one"
            > FCALL f 0
            :2
            > FUNCTION LOAD "#!lua name=two\nredis.register_function('f', function() return 3 end)"
            -ERR Function f already exists
            > FUNCTION LOAD "#!lua name=two\nredis.register_function{function_name='g', callback=function() return 3 end, flags={'no-writes'}, description='says 3'}"
            "two"
            > FCALL_RO g 0
            :3
            > FUNCTION LIST LIBRARYNAME t*
            [["library_name" "two" "engine" "LUA" "functions" [["name" "g" "description" "says 3" "flags" [+no-writes]]]]]
            > FUNCTION STATS
            ["running_script" nil "engines" ["LUA" ["libraries_count" :2 "functions_count" :2]]]
            > FUNCTION DELETE two
            +OK
            > FUNCTION DELETE two
            -ERR Library not found
            > FCALL g 0
            -ERR Function not found
            > FUNCTION FLUSH
            +OK
            > FUNCTION LIST
            []
            "##,
        );
    }

    #[test]
    fn what_is_no_library_is_refused() {
        check(
            r##"
            > FUNCTION LOAD "return 1"
            -ERR Missing library metadata
            > FUNCTION LOAD "#!lua name=x"
            -ERR Invalid library metadata
            > FUNCTION LOAD "#!lua\nreturn 1"
            -ERR Library name was not given
            > FUNCTION LOAD "#!lua name=x name=y\nreturn 1"
            -ERR Invalid metadata value, name argument was given multiple times
            > FUNCTION LOAD "#!lua name=x foo=y\nreturn 1"
            -ERR Invalid metadata value given: foo=y
            > FUNCTION LOAD "#!lua name=x-y\nreturn 1"
            -ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long
            > FUNCTION LOAD "#!foo name=x\nreturn 1"
            -ERR Engine 'foo' not found
            > FUNCTION LOAD "#!lua name=x\nreturn 1"
            -ERR No functions registered
            > FUNCTION LOAD "#!lua name=x\nreturn 1 +"
            -ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'
            > FUNCTION LOAD "#!lua name=x\nredis.call('SET','k','v')"
            -ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'
            > FUNCTION LOAD "#!lua name=x\nredis.register_function('f')"
            -ERR Error registering functions: ERR calling server.register_function with a single argument is only applicable to Lua table (representing named arguments).
            > FUNCTION LOAD "#!lua name=x\nredis.register_function('f', 1)"
            -ERR Error registering functions: ERR second argument to server.register_function must be a function
            > FUNCTION LOAD "#!lua name=x\nredis.register_function({}, function() end)"
            -ERR Error registering functions: ERR first argument to server.register_function must be a string
            > FUNCTION LOAD "#!lua name=x\nredis.register_function('a-b', function() end)"
            -ERR Function names can only contain letters, numbers, or underscores(_) and must be at least one character long
            > FUNCTION LOAD "#!lua name=x\nredis.register_function{function_name='f', callback=function() end, flags={'foo'}}"
            -ERR Error registering functions: ERR unknown flag given
            > FUNCTION LOAD "#!lua name=x\nredis.register_function('f', function() end) redis.register_function('f', function() end)"
            -ERR Function already exists in the library
            > FUNCTION LOAD FOO "#!lua name=x\n"
            -ERR Unknown option given: FOO
            > FUNCTION LIST FOO
            -ERR Unknown argument FOO
            > FUNCTION LIST LIBRARYNAME
            -ERR library name argument was not given
            > FUNCTION FLUSH FOO
            -ERR FUNCTION FLUSH only supports SYNC|ASYNC option
            > FUNCTION FLUSH a b
            -ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.
            > FUNCTION KILL
            -NOTBUSY No scripts in execution right now.
            > FCALL nosuch 0
            -ERR Function not found
            "##,
        );
    }

    #[test]
    fn functions_have_a_world_of_their_own() {
        check(
            r##"
            > FUNCTION LOAD "#!lua name=l\nredis.register_function('f1', function() x = 1 end)\nredis.register_function('f2', function() return redis.register_function('a', 1) end)\nredis.register_function('f3', function() return redis.call('NOSUCH') end)\nlocal n = 0 redis.register_function('f4', function() n = n + 1 return n end)\nredis.register_function('f5', function() return type(KEYS) end)"
            "l"
            > FCALL f1 0
            -ERR user_function:2: Attempt to modify a readonly table script: on @user_function:2.
            > FCALL F4 0
            :1
            > FCALL f2 0
            -ERR user_function:3: attempt to call field 'register_function' (a nil value) script: on @user_function:3.
            > FCALL f3 0
            -ERR Unknown command called from script script: on @user_function:4.
            > FCALL f4 0
            :2
            > FCALL f4 0
            :3
            > FCALL f5 0
            -ERR user_function:6: Script attempted to access nonexistent global variable 'KEYS' script: on @user_function:6.
            > FCALL f4 x
            -ERR Bad number of keys provided
            > FCALL f4 1
            -ERR Number of keys can't be greater than number of args
            > FCALL f4 -1
            -ERR Number of keys can't be negative
            "##,
        );
    }
}
