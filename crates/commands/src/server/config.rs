//! CONFIG: shows and changes settings while the server runs.
//!
//! What a parameter is, and what values it takes, is the business of the crate `config`; what a change sets in motion
//! is in `engine::reconfigure`. Here is only what clients see.

use engine::reconfigure::{self, Change};
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};

use super::local::permitted;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "CONFIG",
    summary: "Shows and changes settings of the server.",
    complexity: "that of the subcommand",
    arity: Arity::AtLeast(2),
    flags: Flags::NONE,
    subcommands: &[SUBCOMMANDS],
    ..CONFIG
}];

static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "GET",
        summary: "Answers the parameters that match a pattern, with their values.",
        arity: Arity::AtLeast(3),
        complexity: "O(N) for N parameters asked for",
        history: &[("7.0.0", "Several patterns in one call.")],
        args: &[Arg::string("parameter").many()],
        reply: "a map of names and values",
        run: get,
        ..CONFIG
    },
    Command {
        name: "SET",
        summary: "Gives parameters new values: all of them, or none.",
        arity: Arity::AtLeast(4),
        complexity: "O(N) for N parameters given",
        history: &[("7.0.0", "Several parameters in one call.")],
        args: &[Arg::block("data", &[Arg::string("parameter"), Arg::string("value")]).many()],
        reply: "OK",
        tips: EVERYWHERE,
        run: set,
        ..CONFIG
    },
    Command {
        name: "RESETSTAT",
        summary: "Sets the statistics that INFO shows back to zero.",
        reply: "OK",
        tips: EVERYWHERE,
        run: reset_statistics,
        ..CONFIG
    },
    Command {
        name: "REWRITE",
        since: "2.8.0",
        summary: "Writes the settings in force to the configuration file.",
        reply: "OK",
        tips: EVERYWHERE,
        run: |ctx| {
            rewrite(ctx, Extent::Changed)
                .map_err(|why| CommandError::told(format!("ERR {}", why.told("Rewriting config file"))))?;
            ctx.ok()
        },
        ..CONFIG
    },
    Command {
        name: "HELP",
        since: "5.0.0",
        summary: "Answers a text about the subcommands.",
        flags: Flags::LOADING.and(Flags::STALE),
        reply: "lines of text",
        run: help,
        ..CONFIG
    },
];

const EVERYWHERE: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const CONFIG: Command = Command {
    group: Group::Server,
    since: "2.0.0",
    arity: Arity::Exactly(2),
    flags: Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE),
    ..Command::BLANK
};

fn get(ctx: &mut Ctx<'_>) -> Result {
    let patterns: Vec<&[u8]> = ctx.argv.from(2).iter().collect();
    let found = ctx.server.config.get_matching(&patterns);
    ctx.client.out.map(found.len());
    for (name, value) in found {
        ctx.client.out.text(&name);
        // Started with `dir .`, or moved since: people want to know where.
        if name.eq_ignore_ascii_case("dir") {
            ctx.client.out.text(&ctx.host.here());
        } else {
            ctx.client.out.bulk(&value);
        }
    }
    Ok(())
}

fn set(ctx: &mut Ctx<'_>) -> Result {
    let words: Vec<&[u8]> = ctx.argv.from(2).iter().collect();
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(CommandError::Syntax);
    }
    let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|[name, value]| (*name, *value)).collect();
    let allow_protected = permitted(ctx.server.config.enable_protected_configs, ctx.client);
    let Ctx { keyspace, server, client, host, .. } = ctx;
    let change = Change { keyspace, server, host: &mut **host, client };
    reconfigure::change(change, &pairs, allow_protected)?;
    ctx.ok()
}

fn reset_statistics(ctx: &mut Ctx<'_>) -> Result {
    reconfigure::reset_statistics(ctx.keyspace, ctx.server);
    ctx.ok()
}

/// Which parameters are written to the file: those that it names or that are not as they come, or all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Changed,
    All,
}

/// Why the file was not written.
pub(super) enum NotRewritten {
    NoFile,
    Failed(String),
}

impl NotRewritten {
    pub(super) fn told(&self, doing: &str) -> String {
        match self {
            NotRewritten::NoFile => "The server is running without a config file".to_owned(),
            NotRewritten::Failed(why) => format!("{doing}: {why}"),
        }
    }
}

/// Writes the configuration file anew. One that was removed meanwhile is made; one that cannot be read is left alone.
pub(super) fn rewrite(ctx: &mut Ctx<'_>, extent: Extent) -> std::result::Result<(), NotRewritten> {
    let Some(path) = ctx.server.config_file.clone() else { return Err(NotRewritten::NoFile) };
    let failed = |why: String| NotRewritten::Failed(reconfigure::plain_reason(&why).to_owned());
    let original = match ctx.host.read_file(&path) {
        Ok(bytes) => Some(bytes),
        Err(why) if reconfigure::plain_reason(&why) == "No such file or directory" => None,
        Err(why) => return Err(failed(why)),
    };
    let text = {
        let users = engine::acl::config_lines(ctx.server);
        config::rewrite(original.as_deref(), &ctx.server.config, &users, extent == Extent::All)
    };
    ctx.host.write_file(&path, &text).map_err(failed)
}

fn help(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.lines(&[
        "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "GET <pattern> [<pattern> ...]",
        "    Shows the parameters that match a pattern, and their values.",
        "SET <parameter> <value> [<parameter> <value> ...]",
        "    Gives parameters new values: all of them, or none.",
        "RESETSTAT",
        "    Sets the statistics that INFO shows back to zero.",
        "REWRITE",
        "    Writes the settings in force to the configuration file.",
        "HELP",
        "    Shows these lines.",
    ]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn the_kernel_is_told_how_dear_we_are_to_it() {
        let mut harness = Harness::new();
        harness.host.oom_scores.0 = 3;
        harness.send("CONFIG SET oom-score-adj-values \"10 20 30\"");
        assert_eq!(harness.host.oom_scores, (3, None), "not while it is off");
        harness.send("CONFIG SET oom-score-adj yes");
        assert_eq!(harness.host.oom_scores, (13, Some(33)));
        harness.send("CONFIG SET oom-score-adj-values \"15 20 30\"");
        assert_eq!(harness.host.oom_scores, (18, Some(33)));
        harness.send("CONFIG SET oom-score-adj absolute");
        assert_eq!(harness.host.oom_scores, (15, Some(30)));
        let refused = harness.send("CONFIG SET oom-score-adj-values \"-9 0 0\"").to_string();
        assert!(refused.ends_with("- Failed to set current oom_score_adj. Check server logs."), "{refused}");
        assert_eq!(harness.host.oom_scores, (15, Some(30)));
        let kept = harness.send("CONFIG GET oom-score-adj-values").to_string();
        assert_eq!(kept, r#"["oom-score-adj-values" "15 20 30"]"#);
        harness.send("CONFIG SET oom-score-adj no");
        assert_eq!(harness.host.oom_scores, (3, None), "as it was");
    }

    #[test]
    fn get_answers_each_name_once_in_order() {
        check(
            r#"
            > CONFIG GET maxmemory-policy maxmemory-s* maxmemory-samples
            ["maxmemory-policy" "noeviction" "maxmemory-samples" "5"]
            > CONFIG GET TIMEOUT
            ["TIMEOUT" "0"]
            > CONFIG GET nosuch
            []
            > CONFIG GET
            -ERR wrong number of arguments for 'config|get' command
            "#,
        );
    }

    #[test]
    fn set_takes_all_or_nothing() {
        check(
            r#"
            > CONFIG SET timeout 7 hz nonsense
            -ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer
            > CONFIG GET timeout
            ["timeout" "0"]
            > CONFIG SET timeout 7 hz 20
            +OK
            > CONFIG GET timeout hz
            ["hz" "20" "timeout" "7"]
            > CONFIG SET timeout 1 timeout 2
            -ERR CONFIG SET failed (possibly related to argument 'timeout') - duplicate parameter
            > CONFIG SET timeout 1 hz
            -ERR syntax error
            > CONFIG SET nosuch 1
            -ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'
            > CONFIG SET databases 3
            -ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config
            > CONFIG SET notify-keyspace-events KEA
            +OK
            > CONFIG GET notify-keyspace-events
            ["notify-keyspace-events" "AKE"]
            "#,
        );
    }

    #[test]
    fn a_new_password_is_asked_of_newcomers_only() {
        check(
            r#"
            > CONFIG SET requirepass secret
            +OK
            > PING
            +PONG
            2> PING
            -NOAUTH Authentication required.
            > CONFIG SET requirepass ""
            +OK
            2> PING
            +PONG
            "#,
        );
    }

    #[test]
    fn without_a_file_there_is_nothing_to_rewrite() {
        check(
            r#"
            > CONFIG REWRITE
            -ERR The server is running without a config file
            > CONFIG RESETSTAT
            +OK
            > CONFIG NOSUCH
            -ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.
            "#,
        );
    }

    #[test]
    fn rewriting_keeps_comments_and_adds_what_changed() {
        let mut harness = testkit::Harness::new();
        harness.engine.server.config_file = Some("/etc/redstart.conf".to_owned());
        harness.host.files.insert("/etc/redstart.conf".to_owned(), b"# mine\nhz 15\n".to_vec());
        harness.send("CONFIG SET hz 30 timeout 5");
        assert_eq!(harness.send("CONFIG REWRITE").to_string(), "+OK");
        let text = String::from_utf8_lossy(&harness.host.files["/etc/redstart.conf"]).into_owned();
        assert!(text.starts_with("# mine\nhz 30\n") && text.contains("timeout 5\n"), "{text}");
    }

    #[test]
    fn a_folder_that_is_not_there_changes_nothing() {
        let config = ::config::Config {
            enable_protected_configs: ::config::choices::Allowed::Local,
            ..Default::default()
        };
        let mut harness = testkit::Harness::with(config);
        assert_eq!(
            harness.send("CONFIG SET timeout 9 dir /missing").to_string(),
            "-ERR CONFIG SET failed (possibly related to argument 'dir') - No such file or directory"
        );
        assert_eq!(harness.send("CONFIG GET timeout dir").to_string(), r#"["dir" "/data" "timeout" "0"]"#);
        assert_eq!(harness.send("CONFIG SET dir /elsewhere").to_string(), "+OK");
        assert_eq!(harness.send("CONFIG GET dir").to_string(), r#"["dir" "/elsewhere"]"#);
    }

    #[test]
    fn statistics_begin_anew() {
        let mut harness = testkit::Harness::new();
        harness.send("GET nosuch");
        harness.send("CONFIG SET nosuch 1");
        harness.send("CONFIG RESETSTAT");
        assert_eq!(harness.engine.keyspace.env.stats.misses, 0);
        assert!(harness.engine.server.errors.is_empty());
        assert_eq!(harness.engine.server.commands_processed(), 1);
    }
}
