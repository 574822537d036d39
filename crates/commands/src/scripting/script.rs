//! SCRIPT: the cache of scripts, and the one that runs.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};

use super::FLUSH_TYPE;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SCRIPT",
    summary: "Commands about scripts.",
    since: "2.6.0",
    group: Group::Scripting,
    arity: Arity::AtLeast(2),
    complexity: "",
    subcommands: &[SUBCOMMANDS],
    ..Command::BLANK
}];

static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "DEBUG",
        summary: "Would turn on the debugger, which there is none of.",
        since: "3.2.0",
        arity: Arity::AtLeast(3),
        flags: Flags::NOSCRIPT,
        args: &[
            Arg::one_of("mode", &[Arg::word("yes", "YES"), Arg::word("sync", "SYNC"), Arg::word("no", "NO")]),
            Arg::string("engine").optional().since("9.1.0"),
        ],
        reply: "OK",
        run: debug,
        ..SCRIPT
    },
    Command {
        name: "EXISTS",
        summary: "Tells of which digests the script is cached.",
        arity: Arity::AtLeast(3),
        args: &[Arg::string("sha1").many()],
        reply: "an array of 0 and 1",
        complexity: "O(N) for N digests",
        tips: &["request_policy:all_shards", "response_policy:agg_logical_and"],
        run: exists,
        ..SCRIPT
    },
    Command {
        name: "FLUSH",
        summary: "Forgets all cached scripts.",
        arity: Arity::AtLeast(2),
        args: &[FLUSH_TYPE.since("6.2.0")],
        reply: "OK",
        complexity: "O(N) for N scripts",
        history: &[("6.2.0", "The words `ASYNC` and `SYNC`.")],
        tips: ON_ALL_NODES,
        run: flush,
        ..SCRIPT
    },
    Command {
        name: "KILL",
        summary: "Ends the script that runs, if it has not written yet.",
        arity: Arity::Exactly(2),
        flags: Flags::NOSCRIPT.and(Flags::ALLOW_BUSY),
        reply: "OK",
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        run: |ctx| kill(ctx, true),
        ..SCRIPT
    },
    Command {
        name: "LOAD",
        summary: "Caches a script without running it.",
        arity: Arity::Exactly(3),
        args: &[Arg::string("script")],
        reply: "the digest",
        complexity: "O(N) for N bytes",
        tips: ON_ALL_NODES,
        run: load,
        ..SCRIPT
    },
    Command {
        name: "SHOW",
        summary: "Shows a cached script.",
        since: "8.0.0",
        arity: Arity::Exactly(3),
        args: &[Arg::string("sha1")],
        reply: "its text",
        run: show,
        ..SCRIPT
    },
    Command {
        name: "HELP",
        summary: "Shows the subcommands.",
        since: "5.0.0",
        arity: Arity::Exactly(2),
        flags: Flags::LOADING.and(Flags::STALE),
        reply: "lines of text",
        run: help,
        ..SCRIPT
    },
];

const SCRIPT: Command = Command {
    since: "2.6.0",
    group: Group::Scripting,
    flags: Flags::NOSCRIPT.and(Flags::STALE),
    ..Command::BLANK
};
const ON_ALL_NODES: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const NO_SCRIPT: CommandError = CommandError::Line("NOSCRIPT No matching script.");

/// Without a debugger only turning it off can be granted.
fn debug(ctx: &mut Ctx<'_>) -> Result {
    if ctx.argv.len() > 4 {
        return Err(super::wrong_words(ctx, "SCRIPT"));
    }
    if ctx.argv.len() == 4 && !ctx.is(3, "lua") {
        let engine = String::from_utf8_lossy(ctx.argv.at(3)).into_owned();
        let line = format!("ERR No scripting engine found with name '{engine}' to enable debug");
        return Err(CommandError::told(line));
    }
    if ctx.is(2, "NO") {
        return ctx.ok();
    }
    if ctx.is(2, "YES") || ctx.is(2, "SYNC") {
        return Err(CommandError::Line("ERR there is no debugger for scripts here"));
    }
    Err(CommandError::Line("ERR Use SCRIPT DEBUG YES/SYNC/NO"))
}

fn exists(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.array(ctx.argv.len() - 2);
    for sha in ctx.argv.iter().skip(2) {
        let known = ctx.server.scripting.cache.peek(sha).is_some();
        ctx.client.out.integer(i64::from(known));
    }
    Ok(())
}

fn flush(ctx: &mut Ctx<'_>) -> Result {
    let known = ctx.argv.len() == 2 || (ctx.argv.len() == 3 && (ctx.is(2, "SYNC") || ctx.is(2, "ASYNC")));
    if !known {
        return Err(CommandError::Line("ERR SCRIPT FLUSH only support SYNC|ASYNC option"));
    }
    let waste = ctx.server.scripting.flush_scripts();
    super::dispose(ctx, waste);
    ctx.ok()
}

/// SCRIPT KILL and FUNCTION KILL: each for what it is named after.
pub(super) fn kill(ctx: &mut Ctx<'_>, eval: bool) -> Result {
    let Some(running) = &mut ctx.server.scripting.running else {
        return Err(CommandError::Line("NOTBUSY No scripts in execution right now."));
    };
    if running.wrote {
        return Err(CommandError::Line(
            "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either \
             wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
        ));
    }
    if running.eval != eval {
        return Err(CommandError::Line(engine::scripting::busy_line(running.eval)));
    }
    running.killed = true;
    ctx.ok()
}

fn load(ctx: &mut Ctx<'_>) -> Result {
    let index = ctx.script_of(ctx.argv.at(2), false)?;
    let sha = ctx.server.scripting.cache.get(index).map(|script| script.sha).unwrap_or_default();
    ctx.client.out.text(&engine::scripting::hex(&sha));
    Ok(())
}

fn show(ctx: &mut Ctx<'_>) -> Result {
    let script = ctx.server.scripting.cache.peek(ctx.argv.at(2)).ok_or(NO_SCRIPT)?;
    ctx.client.out.bulk(&script.text);
    Ok(())
}

fn help(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.lines(&[
        "SCRIPT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DEBUG (YES|SYNC|NO) [<engine_name>]",
        "    There is no debugger: only NO is granted.",
        "EXISTS <sha1> [<sha1> ...]",
        "    Tell of each digest whether its script is cached.",
        "FLUSH [ASYNC|SYNC]",
        "    Forget all cached scripts.",
        "KILL",
        "    End the script that runs, if it has not written.",
        "LOAD <script>",
        "    Cache a script without running it.",
        "SHOW <sha1>",
        "    Show a cached script.",
        "HELP",
        "    Print this help.",
    ]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, Value, check};

    #[test]
    fn scripts_are_cached_and_forgotten() {
        check(
            r#"
            > SCRIPT LOAD "return 1"
            "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
            > SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db abc
            [:1 :0]
            > SCRIPT SHOW e0e1f9fabfc9d4800c877a703b823ac0578ff8db
            "return 1"
            > SCRIPT SHOW abc
            -NOSCRIPT No matching script.
            > SCRIPT FLUSH FOO
            -ERR SCRIPT FLUSH only support SYNC|ASYNC option
            > SCRIPT FLUSH SYNC
            +OK
            > SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
            [:0]
            > SCRIPT KILL
            -NOTBUSY No scripts in execution right now.
            > SCRIPT LOAD "return +"
            -ERR Error compiling script (new function): user_script:1: unexpected symbol near '+'
            > SCRIPT DEBUG NO
            +OK
            > SCRIPT DEBUG FOO
            -ERR Use SCRIPT DEBUG YES/SYNC/NO
            > SCRIPT DEBUG NO nosuch
            -ERR No scripting engine found with name 'nosuch' to enable debug
            > SCRIPT DEBUG
            -ERR wrong number of arguments for 'script|debug' command
            "#,
        );
    }

    #[test]
    fn what_only_eval_has_brought_makes_room() {
        let mut harness = Harness::new();
        let exists = |harness: &mut Harness, text: &str| {
            let sha = engine::scripting::hex(&script_sha(harness, text));
            harness.send(&format!("SCRIPT EXISTS {sha}"))
        };
        harness.send("SCRIPT LOAD \"return 'kept'\"");
        harness.send("EVAL \"return 0\" 0");
        for n in 1..=600 {
            harness.send(&format!("EVAL \"return {n}\" 0"));
        }
        assert_eq!(exists(&mut harness, "return 0"), Value::Array(vec![Value::Integer(0)]));
        assert_eq!(exists(&mut harness, "return 600"), Value::Array(vec![Value::Integer(1)]));
        assert_eq!(exists(&mut harness, "return 'kept'"), Value::Array(vec![Value::Integer(1)]));
        assert_eq!(harness.engine.server.scripting.cache.len(), 501);
        assert_eq!(harness.engine.server.totals.evicted_scripts, 101);
    }

    #[test]
    fn what_is_forgotten_is_freed_elsewhere_if_it_may_be() {
        let mut harness = Harness::new();
        for (line, elsewhere) in [
            ("SCRIPT FLUSH ASYNC", 1),
            ("SCRIPT FLUSH SYNC", 0),
            ("SCRIPT FLUSH", 1),
            ("FUNCTION FLUSH ASYNC", 1),
            ("FUNCTION FLUSH SYNC", 0),
            ("FUNCTION FLUSH", 1),
            ("CONFIG SET lazyfree-lazy-user-flush no", 0),
            ("SCRIPT FLUSH", 0),
            ("FUNCTION FLUSH", 0),
        ] {
            harness.send("EVAL \"return 1\" 0");
            harness.send(
                "FUNCTION LOAD \"#!lua name=l\nserver.register_function('f', function() return 2 end)\"",
            );
            let before = harness.host.dropped_later;
            assert_eq!(harness.send(line).to_string(), "+OK");
            assert_eq!(harness.host.dropped_later - before, elsewhere, "{line}");
        }
        assert_eq!(harness.send("EVAL \"return 1\" 0").to_string(), ":1");
    }

    fn script_sha(_: &Harness, text: &str) -> [u8; 20] {
        engine::scripting::sha1(text.as_bytes())
    }
}
