//! SHUTDOWN: the end.
//!
//! A snapshot is written first if `save` has rules, or SAVE asks for it; should that fail, the server goes on, unless FORCE
//! says that it does not matter. NOW and SAFE are about replicas and cluster nodes, of which there are none.
//! As with the peers there is no reply: the connection ends.

use engine::host::Level;
use engine::snapshot::{EndOptions, prepare_end};
use engine::{Arg, Arity, Command, CommandError, Ctx, Effect, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SHUTDOWN",
    summary: "Ends the server.",
    since: "1.0.0",
    group: Group::Server,
    arity: Arity::AtLeast(1),
    flags: Flags::ADMIN
        .and(Flags::NOSCRIPT)
        .and(Flags::LOADING)
        .and(Flags::STALE)
        .and(Flags::NO_MULTI)
        .and(Flags::ALLOW_BUSY),
    args: ARGS,
    reply: "OK if a shutdown was aborted; otherwise nothing, the connection ends",
    complexity: "O(N) for N keys if they are saved, otherwise O(1)",
    history: &[("7.0.0", "`NOW`, `FORCE` and `ABORT`."), ("9.0.0", "`SAFE` and `FAILOVER`.")],
    run: shutdown,
    ..Command::BLANK
}];

const ARGS: &[Arg] = &[Arg::one_of(
    "abort-selector",
    &[
        Arg::block(
            "save-selector-block",
            &[
                Arg::one_of("save-selector", &[Arg::word("nosave", "NOSAVE"), Arg::word("save", "SAVE")])
                    .optional(),
                Arg::word("now", "NOW").since("7.0.0").optional(),
                Arg::word("force", "FORCE").since("7.0.0").optional(),
                Arg::word("safe", "SAFE").since("9.0.0").optional(),
                Arg::word("failover", "FAILOVER").since("9.0.0").optional(),
            ],
        ),
        Arg::word("abort", "ABORT").since("7.0.0"),
    ],
)
.optional()];

#[derive(Default)]
struct Options {
    save: bool,
    nosave: bool,
    force: bool,
    failover: bool,
    abort: bool,
}

fn shutdown(ctx: &mut Ctx<'_>) -> Result {
    let options = options(ctx)?;
    if options.abort {
        if ctx.server.ending.take().is_some() {
            ctx.host.forget_signals();
            ctx.host.log(Level::Notice, "Shutdown manually aborted.");
            return ctx.ok();
        }
        return Err(CommandError::Line("ERR No shutdown in progress."));
    }
    if options.failover {
        return Err(CommandError::Line("ERR SHUTDOWN FAILOVER is only supported in cluster mode."));
    }
    ctx.host.log(Level::Warning, "User requested shutdown...");
    let Options { save, nosave, force, .. } = options;
    if !prepare_end(ctx.keyspace, ctx.server, ctx.host, EndOptions { save, nosave, force }) {
        return Err(CommandError::Line("ERR Errors trying to SHUTDOWN. Check logs."));
    }
    ctx.server.effects.push(Effect::Shutdown);
    Ok(())
}

fn options(ctx: &Ctx<'_>) -> Result<Options> {
    let mut options = Options::default();
    for word in ctx.argv.from(1).iter() {
        let flag = match word.to_ascii_uppercase().as_slice() {
            b"SAVE" => &mut options.save,
            b"NOSAVE" => &mut options.nosave,
            b"FORCE" => &mut options.force,
            b"FAILOVER" => &mut options.failover,
            b"ABORT" => &mut options.abort,
            b"NOW" | b"SAFE" => continue,
            _ => return Err(CommandError::Syntax),
        };
        *flag = true;
    }
    let alone = ctx.argv.len() == 2;
    if (options.save && options.nosave) || (options.abort && !alone) {
        return Err(CommandError::Syntax);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn contradictions_are_refused() {
        check(
            r#"
            > SHUTDOWN SAVE NOSAVE
            -ERR syntax error
            > SHUTDOWN ABORT NOW
            -ERR syntax error
            > SHUTDOWN PERHAPS
            -ERR syntax error
            > SHUTDOWN ABORT
            -ERR No shutdown in progress.
            > SHUTDOWN FAILOVER
            -ERR SHUTDOWN FAILOVER is only supported in cluster mode.
            "#,
        );
    }

    #[test]
    fn it_saves_if_rules_or_options_say_so_and_stays_if_that_fails() {
        for (save, words, saves) in [
            ("", "SHUTDOWN", false),
            ("", "SHUTDOWN SAVE", true),
            ("10 1", "SHUTDOWN", true),
            ("10 1", "SHUTDOWN NOSAVE NOW", false),
        ] {
            let mut harness = testkit::Harness::new();
            harness.config("save", save.as_bytes()).expect("a rule");
            harness.send("SET a 1");
            let words: Vec<&str> = words.split(' ').collect();
            assert!(harness.exchange(1, &words).is_empty());
            assert_eq!(harness.host.log[0], "User requested shutdown...");
            assert_eq!(harness.host.files.len(), usize::from(saves), "{words:?} with '{save}'");
        }
        let mut harness = testkit::Harness::new();
        harness.host.disk_full = true;
        assert_eq!(harness.send("SHUTDOWN").to_string(), "-ERR Errors trying to SHUTDOWN. Check logs.");
        assert!(harness.exchange(1, &["SHUTDOWN", "FORCE"]).is_empty());
    }
}
