//! SET, SETNX, SETEX, PSETEX, GETSET: give a key a string, whatever it held.
//!
//! `SET key value` alone goes straight; everything else is read into [`Options`] first. A time to live is propagated
//! as an absolute time (PXAT); a time that has passed already leaves no key, and is told as an expiry.
//!
//! A key whose time is up is expired before it is written over, so that both are told.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Expire, Key, Str};

use crate::generic::expire_at_once;

use super::expiration::{self, EX, EXAT, Expiration, PX, PXAT, Unit};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SET",
        summary: "Sets a key to a string, whatever it held. Options say when, for how long, and what to answer.",
        since: "1.0.0",
        arity: Arity::AtLeast(3),
        keys: &[KeySpec::at(1)
            .rw()
            .access()
            .update()
            .with(engine::KeyFlags::VARIABLE_FLAGS)
            .noted("Reads the key only with GET or IFEQ.")],
        args: &[
            Arg::key("key"),
            Arg::string("value"),
            Arg::one_of(
                "condition",
                &[
                    Arg::word("nx", "NX").since("2.6.12"),
                    Arg::word("xx", "XX").since("2.6.12"),
                    Arg::string("comparison-value").token("IFEQ").since("8.1.0"),
                ],
            )
            .optional(),
            Arg::word("get", "GET").since("6.2.0").optional(),
            Arg::one_of(
                "expiration",
                &[
                    EX.since("2.6.12"),
                    PX.since("2.6.12"),
                    EXAT.since("6.2.0"),
                    PXAT.since("6.2.0"),
                    Arg::word("keepttl", "KEEPTTL").since("6.0.0"),
                ],
            )
            .optional(),
        ],
        reply: "OK; null if the condition did not hold; with GET the old value or null",
        history: &[
            ("2.6.12", "The options `EX`, `PX`, `NX` and `XX`."),
            ("6.0.0", "The option `KEEPTTL`."),
            ("6.2.0", "The options `GET`, `EXAT` and `PXAT`."),
            ("7.0.0", "`NX` and `GET` together."),
            ("8.1.0", "The option `IFEQ`."),
        ],
        run: set,
        ..WRITES
    },
    Command {
        name: "SETNX",
        summary: "Sets a key to a string if it does not exist.",
        arity: Arity::Exactly(3),
        flags: WRITES.flags.and(Flags::FAST),
        keys: &[KeySpec::at(1).ow().insert()],
        reply: "1 if it was set, else 0",
        deprecated: Some(("2.6.12", "`SET` with `NX`")),
        run: setnx,
        ..WRITES
    },
    Command {
        name: "SETEX",
        summary: "Sets a key to a string that lives for so many seconds.",
        since: "2.0.0",
        args: &[Arg::key("key"), Arg::integer("seconds"), Arg::string("value")],
        deprecated: Some(("2.6.12", "`SET` with `EX`")),
        run: |ctx| set_for(ctx, Unit::Seconds),
        ..FOR_A_TIME
    },
    Command {
        name: "PSETEX",
        summary: "Sets a key to a string that lives for so many milliseconds.",
        since: "2.6.0",
        args: &[Arg::key("key"), Arg::integer("milliseconds"), Arg::string("value")],
        deprecated: Some(("2.6.12", "`SET` with `PX`")),
        run: |ctx| set_for(ctx, Unit::Millis),
        ..FOR_A_TIME
    },
    Command {
        name: "GETSET",
        summary: "Sets a key to a string and answers the one it held.",
        arity: Arity::Exactly(3),
        flags: WRITES.flags.and(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        reply: "the old value, or null",
        deprecated: Some(("6.2.0", "`SET` with `GET`")),
        run: getset,
        ..WRITES
    },
];

const WRITES: Command = Command {
    group: Group::String,
    flags: Flags::WRITE.and(Flags::DENYOOM),
    args: &[Arg::key("key"), Arg::string("value")],
    reply: "OK",
    ..Command::BLANK
};

const FOR_A_TIME: Command =
    Command { arity: Arity::Exactly(4), keys: &[KeySpec::at(1).ow().update()], ..WRITES };

/// When SET sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Condition {
    #[default]
    Always,
    Missing,
    Present,
    /// The value equals the word at this index.
    Equals(usize),
}

#[derive(Clone, Copy, Debug, Default)]
struct Options {
    condition: Condition,
    expiration: Expiration,
    answer_old: bool,
}

fn set(ctx: &mut Ctx<'_>) -> Result {
    if ctx.argv.len() > 3 {
        return set_with_options(ctx);
    }
    let (key, value) = (ctx.key(1), ctx.argv.at(2));
    let mut db = ctx.db();
    db.expire_if_due(key);
    db.set_str(key, value, Expire::Clear);
    ctx.changed(key.bytes, Class::String, "set");
    ctx.ok()
}

fn options(ctx: &Ctx<'_>) -> Result<Options> {
    let mut options = Options::default();
    let mut at = 3;
    while at < ctx.argv.len() {
        if expiration::option(ctx, &mut at, &mut options.expiration, "KEEPTTL")? {
            continue;
        }
        if ctx.is(at, "GET") {
            options.answer_old = true;
            at += 1;
            continue;
        }
        let condition = match () {
            () if ctx.is(at, "NX") => Condition::Missing,
            () if ctx.is(at, "XX") => Condition::Present,
            () if ctx.is(at, "IFEQ") && at + 1 < ctx.argv.len() => Condition::Equals(at + 1),
            () => return Err(CommandError::Syntax),
        };
        let repeated = condition == options.condition;
        if options.condition != Condition::Always && !repeated {
            return Err(CommandError::Syntax);
        }
        options.condition = condition;
        at += if matches!(condition, Condition::Equals(_)) { 2 } else { 1 };
    }
    Ok(options)
}

#[cold]
fn set_with_options(ctx: &mut Ctx<'_>) -> Result {
    let options = options(ctx)?;
    let expire = match options.expiration {
        Expiration::At(unit, index) => Expire::At(expiration::absolute(ctx, unit, index)?),
        Expiration::Keep => Expire::Keep,
        Expiration::Unsaid | Expiration::Persist => Expire::Clear,
    };
    let key = ctx.key(1);
    if options.answer_old {
        answer(ctx, key)?;
    }
    if !holds(ctx, key, options.condition)? {
        return if options.answer_old { Ok(()) } else { ctx.null() };
    }
    store(ctx, key, ctx.argv.at(2), expire);
    if !options.answer_old {
        return ctx.ok();
    }
    // Replicas need no answer, nor a condition that has held.
    match expire {
        Expire::At(_) => {}
        Expire::Keep => ctx.propagate_instead(&[b"SET", key.bytes, ctx.argv.at(2), b"KEEPTTL"]),
        Expire::Clear => ctx.propagate_instead(&[b"SET", key.bytes, ctx.argv.at(2)]),
    }
    Ok(())
}

/// Answers the string under a key, or null.
fn answer(ctx: &mut Ctx<'_>, key: Key<'_>) -> Result {
    match ctx.keyspace.db(ctx.client.db).read_str(key)? {
        Some(old) => ctx.client.out.string(old),
        None => ctx.client.out.null(),
    }
    Ok(())
}

fn holds(ctx: &mut Ctx<'_>, key: Key<'_>, condition: Condition) -> Result<bool> {
    Ok(match condition {
        Condition::Always => true,
        Condition::Missing => !ctx.db().has(key),
        Condition::Present => ctx.db().has(key),
        Condition::Equals(index) => {
            let wanted = ctx.argv.at(index);
            match ctx.keyspace.db(ctx.client.db).write(key) {
                Some(entry) => super::get::equals(Str::of(entry)?, wanted),
                None => false,
            }
        }
    })
}

/// Sets the value and its end, and tells of it. A time that has passed leaves no key.
fn store(ctx: &mut Ctx<'_>, key: Key<'_>, value: &[u8], expire: Expire) {
    if let Expire::At(at) = expire
        && ctx.is_past(at)
    {
        if ctx.db().has(key) {
            expire_at_once(ctx, key);
        }
        return;
    }
    let mut db = ctx.db();
    db.expire_if_due(key);
    db.set_str(key, value, expire);
    ctx.changed(key.bytes, Class::String, "set");
    let Expire::At(at) = expire else { return };
    ctx.event(ctx.client.db, key.bytes, Class::Generic, "expire");
    if ctx.server.listeners.feed {
        ctx.propagate_instead(&[b"SET", key.bytes, value, b"PXAT", &expiration::digits(at)]);
    }
}

fn setnx(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    if ctx.db().has(key) {
        return ctx.int(0);
    }
    store(ctx, key, ctx.argv.at(2), Expire::Clear);
    ctx.int(1)
}

fn set_for(ctx: &mut Ctx<'_>, unit: Unit) -> Result {
    let at = expiration::absolute(ctx, unit, 2)?;
    let key = ctx.key(1);
    store(ctx, key, ctx.argv.at(3), Expire::At(at));
    ctx.ok()
}

fn getset(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    answer(ctx, key)?;
    store(ctx, key, ctx.argv.at(2), Expire::Clear);
    ctx.propagate_instead(&[b"SET", key.bytes, ctx.argv.at(2)]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn a_value_is_set_under_conditions() {
        check(
            r#"
            > SET k v
            +OK
            > SET k w NX
            nil
            > SET k w XX GET
            "v"
            > SET k x IFEQ w
            +OK
            > SET k y IFEQ w GET
            "x"
            > SET missing y IFEQ w
            nil
            > SET missing y XX
            nil
            > SET new 1 NX GET
            nil
            > GET new
            "1"
            > SETNX new 2
            :0
            > SETNX other 2
            :1
            > GETSET other 3
            "2"
            > GETSET nothing 3
            nil
            "#,
        );
    }

    #[test]
    fn a_value_ends_when_it_was_told_to() {
        check(
            r#"
            > SET k v PX 200
            +OK
            > SET k w KEEPTTL
            +OK
            ! wait 300
            > GET k
            nil
            > SETEX k 100 v
            +OK
            > GET k
            "v"
            > SET k v EXAT 1
            +OK
            > GET k
            nil
            > PSETEX k 50 v
            +OK
            ! wait 100
            > GET k
            nil
            "#,
        );
    }

    #[test]
    fn what_is_said_twice_holds_as_said_last() {
        check(
            r#"
            > SET k v EX 100 EX 10
            +OK
            > TTL k
            :10
            > SET k w KEEPTTL XX KEEPTTL XX GET GET
            "v"
            > TTL k
            :10
            > GETEX k EX 100 EX 20
            "w"
            > TTL k
            :20
            > GETEX k PERSIST PERSIST
            "w"
            > TTL k
            :-1
            > SET k v IFEQ w IFEQ w
            -ERR syntax error
            > SET k v EX 10 PX 10
            -ERR syntax error
            "#,
        );
    }

    #[test]
    fn a_key_whose_time_is_up_leaves_nothing_to_the_next() {
        check(
            r#"
            > DEBUG SET-ACTIVE-EXPIRE 0
            +OK
            > SET k v PX 10
            +OK
            ! wait 50
            > SET k w KEEPTTL
            +OK
            > TTL k
            :-1
            > SET k v PX 10
            +OK
            ! wait 50
            > SET k w GET
            nil
            > DEBUG SET-ACTIVE-EXPIRE 1
            +OK
            "#,
        );
    }

    #[test]
    fn a_time_in_the_past_is_an_expiry() {
        let mut harness = Harness::new();
        let mut told = |line: &str| {
            let before = (harness.engine.server.dirty, harness.engine.keyspace.env.stats.expired);
            harness.send(line);
            let after = (harness.engine.server.dirty, harness.engine.keyspace.env.stats.expired);
            (after.0 - before.0, after.1 - before.1)
        };
        assert_eq!(told("SET k v"), (1, 0));
        assert_eq!(told("SET k v PXAT 1"), (1, 1));
        assert_eq!(told("SET k v PXAT 1"), (0, 0), "there is nothing to expire");
        assert_eq!(told("SET k v"), (1, 0));
        assert_eq!(told("GETEX k EXAT 1"), (1, 1));
        assert_eq!(told("SET k v IFEQ x"), (0, 0));
        assert_eq!(told("MSETEX 2 a 1 b 2 EX 10"), (2, 0));
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_changes_nothing() {
        check(
            r#"
            > SET k v
            +OK
            > SET k w EX 0
            -ERR invalid expire time in 'set' command
            > SET k w EX 9223372036854775807
            -ERR invalid expire time in 'set' command
            > SET k w EX abc
            -ERR value is not an integer or out of range
            > SET k w EX
            -ERR syntax error
            > SET k w PX 10 KEEPTTL
            -ERR syntax error
            > SET k w NX XX
            -ERR syntax error
            > SET k w IFEQ v NX
            -ERR syntax error
            > SETEX k 0 w
            -ERR invalid expire time in 'setex' command
            > PSETEX k -1 w
            -ERR invalid expire time in 'psetex' command
            > SETEX k abc w
            -ERR value is not an integer or out of range
            > GET k
            "v"
            "#,
        );
    }
}
