//! OBJECT: how a value is kept, and how often or when it was used. Asking is no use.
//!
//! A key that is not there is null before anything else is looked at. Which of FREQ and IDLETIME answers depends on
//! `maxmemory-policy`, as the same bits of an entry hold the one or the other.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Entry, Value, access, encoding};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "OBJECT",
    summary: "How values are kept and used.",
    since: "2.2.3",
    group: Group::Generic,
    arity: Arity::AtLeast(2),
    complexity: "",
    subcommands: &[SUBCOMMANDS],
    ..Command::BLANK
}];

static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "ENCODING",
        summary: "Answers in which form a value is kept.",
        reply: "the name of the encoding, or null without such a key",
        run: object_encoding,
        ..OBJECT
    },
    Command {
        name: "FREQ",
        summary: "Answers the logarithmic counter of a key's uses.",
        since: "4.0.0",
        reply: "the counter, or null without such a key",
        run: freq,
        ..OBJECT
    },
    Command {
        name: "HELP",
        summary: "Lists the subcommands.",
        since: "6.2.0",
        arity: Arity::Exactly(2),
        flags: Flags::LOADING.and(Flags::STALE),
        keys: &[],
        args: &[],
        reply: "lines",
        tips: &[],
        run: |ctx| {
            ctx.client.out.lines(HELP);
            Ok(())
        },
        ..OBJECT
    },
    Command {
        name: "IDLETIME",
        summary: "Answers for how many seconds a key was not used.",
        reply: "seconds, or null without such a key",
        run: idle_time,
        ..OBJECT
    },
    Command {
        name: "REFCOUNT",
        summary: "Answers how many owners a value has: one.",
        reply: "1, or null without such a key",
        run: ref_count,
        ..OBJECT
    },
];

const OBJECT: Command = Command {
    since: "2.2.3",
    group: Group::Generic,
    arity: Arity::Exactly(3),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(2).ro()],
    args: &[Arg::key("key")],
    tips: &["nondeterministic_output"],
    ..Command::BLANK
};

const HELP: &[&str] = &[
    "OBJECT <subcommand> <key>. The subcommands:",
    "ENCODING <key>",
    "    In which form the value is kept.",
    "FREQ <key>",
    "    Logarithmic counter of the key's uses, under an LFU policy.",
    "IDLETIME <key>",
    "    Seconds since the key was last used, under any other policy.",
    "REFCOUNT <key>",
    "    How many owners the value has.",
    "HELP",
    "    This list.",
];

const LFU_IN_FORCE: CommandError = CommandError::Line(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between \
     policies at runtime LRU and LFU data will take some time to adjust.",
);
const NO_LFU: CommandError = CommandError::Line(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
     between policies at runtime LRU and LFU data will take some time to adjust.",
);

/// Something about the entry under the key; `None` without such a key.
fn about<T>(ctx: &mut Ctx<'_>, fact: impl FnOnce(&Entry<Value>) -> T) -> Option<T> {
    let key = ctx.key(2);
    ctx.db().inspect(key).map(fact)
}

fn object_encoding(ctx: &mut Ctx<'_>) -> Result {
    match about(ctx, encoding) {
        Some(name) => ctx.bulk(name.as_bytes()),
        None => ctx.null(),
    }
}

fn ref_count(ctx: &mut Ctx<'_>) -> Result {
    match about(ctx, |_| ()) {
        Some(()) => ctx.int(1),
        None => ctx.null(),
    }
}

fn freq(ctx: &mut Ctx<'_>) -> Result {
    let Some(access) = about(ctx, Entry::access) else { return ctx.null() };
    if !ctx.server.config.maxmemory_policy.is_lfu() {
        return Err(NO_LFU);
    }
    let counter = ctx.keyspace.env.lfu.counter(access, ctx.clock_ms());
    ctx.int(i64::from(counter))
}

fn idle_time(ctx: &mut Ctx<'_>) -> Result {
    let Some(access) = about(ctx, Entry::access) else { return ctx.null() };
    if ctx.server.config.maxmemory_policy.is_lfu() {
        return Err(LFU_IN_FORCE);
    }
    ctx.int(i64::from(access::idle_seconds(access, ctx.clock_ms())))
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn facts_about_a_value() {
        check(
            r#"
            > SET n 42
            +OK
            > SET s hello
            +OK
            > OBJECT ENCODING n
            "int"
            > object encoding s
            "embstr"
            > OBJECT REFCOUNT s
            :1
            > OBJECT IDLETIME s
            :0
            > OBJECT FREQ s
            -ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
            "#,
        );
    }

    #[test]
    fn a_missing_key_is_null() {
        check(
            r#"
            > OBJECT ENCODING nope
            nil
            > OBJECT REFCOUNT nope
            nil
            > OBJECT FREQ nope
            nil
            > OBJECT IDLETIME nope
            nil
            "#,
        );
    }

    #[test]
    fn frequency_is_told_under_an_lfu_policy() {
        check(
            r#"
            ! config maxmemory-policy allkeys-lfu
            > SET a 1
            +OK
            > OBJECT FREQ a
            :5
            > RENAME a b
            +OK
            > OBJECT FREQ b
            :5
            > OBJECT IDLETIME b
            -ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
            ! config maxmemory-policy noeviction
            "#,
        );
    }

    #[test]
    fn requests_that_fit_no_subcommand() {
        check(
            r#"
            > OBJECT
            -ERR wrong number of arguments for 'object' command
            > OBJECT FOO a
            -ERR unknown subcommand 'FOO'. Try OBJECT HELP.
            > OBJECT ENCODING
            -ERR wrong number of arguments for 'object|encoding' command
            > OBJECT HELP x
            -ERR wrong number of arguments for 'object|help' command
            "#,
        );
    }
}
