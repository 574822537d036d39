//! EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT: when a key shall end; and PERSIST: never.
//!
//! The four differ in the unit of their number and in what it counts from. Whatever is asked, what is kept and
//! told to replicas is a time in milliseconds since 1970 (PEXPIREAT). A time that is not in the future removes the
//! key at once, which counts as an expiry and is told as UNLINK (DEL without `lazyfree-lazy-expire`).
//!
//! Errors come in the order of Valkey: options, number, overflow; only then the key is looked up.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Key;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "EXPIRE",
        summary: "Lets a key live for so many seconds.",
        args: &[Arg::key("key"), Arg::integer("seconds"), CONDITION],
        run: |ctx| expire(ctx, Unit::Seconds, From::Now),
        ..EXPIRE
    },
    Command {
        name: "PEXPIRE",
        summary: "Lets a key live for so many milliseconds.",
        since: "2.6.0",
        args: &[Arg::key("key"), Arg::integer("milliseconds"), CONDITION],
        run: |ctx| expire(ctx, Unit::Millis, From::Now),
        ..EXPIRE
    },
    Command {
        name: "EXPIREAT",
        summary: "Lets a key live until a time in seconds since 1970.",
        since: "1.2.0",
        args: &[Arg::key("key"), Arg::unix_time("unix-time-seconds"), CONDITION],
        run: |ctx| expire(ctx, Unit::Seconds, From::Epoch),
        ..EXPIRE
    },
    Command {
        name: "PEXPIREAT",
        summary: "Lets a key live until a time in milliseconds since 1970.",
        since: "2.6.0",
        args: &[Arg::key("key"), Arg::unix_time("unix-time-milliseconds"), CONDITION],
        run: |ctx| expire(ctx, Unit::Millis, From::Epoch),
        ..EXPIRE
    },
    Command {
        name: "PERSIST",
        summary: "Lets a key live for ever.",
        since: "2.2.0",
        arity: Arity::Exactly(2),
        args: &[Arg::key("key")],
        reply: "1, or 0 without such a key or without a time to live",
        history: &[],
        run: persist,
        ..EXPIRE
    },
];

const EXPIRE: Command = Command {
    group: Group::Generic,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update()],
    reply: "1, or 0 without such a key or if the condition does not hold",
    history: &[("7.0.0", "The conditions `NX`, `XX`, `GT` and `LT`.")],
    ..Command::BLANK
};

const CONDITION: Arg = Arg::one_of(
    "condition",
    &[Arg::word("nx", "NX"), Arg::word("xx", "XX"), Arg::word("gt", "GT"), Arg::word("lt", "LT")],
)
.optional()
.since("7.0.0");

/// Index of the first word that may be a condition.
const OPTIONS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Millis,
}

/// What the number counts from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Now,
    Epoch,
}

/// What must hold of the expire a key has; a key without one lives infinitely long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    None,
    /// NX
    Absent,
    /// XX
    Present,
    /// GT, with or without XX: what is infinite cannot be passed.
    Later,
    /// LT
    Sooner,
    /// XX LT
    PresentAndSooner,
}

impl Condition {
    fn parse(ctx: &Ctx<'_>) -> Result<Condition> {
        let words = OPTIONS..ctx.argv.len();
        let known = |i: &usize| ["NX", "XX", "GT", "LT"].iter().any(|word| ctx.is(*i, word));
        if let Some(strange) = words.clone().find(|i| !known(i)) {
            let word = String::from_utf8_lossy(ctx.argv.at(strange));
            return Err(CommandError::Told(format!("ERR Unsupported option {word}")));
        }
        let given = |word| words.clone().any(|i| ctx.is(i, word));
        match (given("NX"), given("XX"), given("GT"), given("LT")) {
            (false, false, false, false) => Ok(Condition::None),
            (true, false, false, false) => Ok(Condition::Absent),
            (true, ..) => Err(NX_WITH_OTHERS),
            (false, _, true, true) => Err(GT_WITH_LT),
            (false, _, true, false) => Ok(Condition::Later),
            (false, false, false, true) => Ok(Condition::Sooner),
            (false, true, false, true) => Ok(Condition::PresentAndSooner),
            (false, true, false, false) => Ok(Condition::Present),
        }
    }

    fn holds(self, before: Option<i64>, at: i64) -> bool {
        match self {
            Condition::None => true,
            Condition::Absent => before.is_none(),
            Condition::Present => before.is_some(),
            Condition::Later => before.is_some_and(|before| at > before),
            Condition::Sooner => before.is_none_or(|before| at < before),
            Condition::PresentAndSooner => before.is_some_and(|before| at < before),
        }
    }
}

const NX_WITH_OTHERS: CommandError =
    CommandError::Line("ERR NX and XX, GT or LT options at the same time are not compatible");
const GT_WITH_LT: CommandError =
    CommandError::Line("ERR GT and LT options at the same time are not compatible");

fn expire(ctx: &mut Ctx<'_>, unit: Unit, from: From) -> Result {
    let condition = Condition::parse(ctx)?;
    let at = end(ctx.integer(2)?, unit, from, ctx.clock_ms()).ok_or_else(|| ctx.invalid_expire())?;
    let key = ctx.key(1);
    let Some(entry) = ctx.db().write(key) else { return ctx.int(0) };
    if !condition.holds(entry.expire(), at) {
        return ctx.int(0);
    }
    if ctx.is_past(at) {
        expire_at_once(ctx, key);
    } else {
        ctx.db().set_expire(key, Some(at));
        propagate_time(ctx, at);
        ctx.changed(key.bytes, Class::Generic, "expire");
    }
    ctx.int(1)
}

/// The time meant, in milliseconds since 1970; `None` if it is none that can be counted.
fn end(number: i64, unit: Unit, from: From, now_ms: i64) -> Option<i64> {
    let ms = match unit {
        Unit::Seconds => number.checked_mul(1000)?,
        Unit::Millis => number,
    };
    match from {
        From::Now => ms.checked_add(now_ms),
        From::Epoch => Some(ms),
    }
}

/// A time in the past: the key goes now, as it would with the next lookup.
pub(crate) fn expire_at_once(ctx: &mut Ctx<'_>, key: Key<'_>) {
    let lazy = ctx.server.config.lazyfree_lazy_expire;
    if let Some(entry) = ctx.db().remove(key) {
        ctx.free(entry, lazy);
    }
    ctx.keyspace.env.stats.expired += 1;
    ctx.propagate_instead(&[if lazy { b"UNLINK" } else { b"DEL" }, key.bytes]);
    ctx.changed(key.bytes, Class::Expired, "expired");
}

/// The request with its time made absolute; the conditions stay.
fn propagate_time(ctx: &mut Ctx<'_>, at: i64) {
    if !ctx.server.listeners.feed {
        return;
    }
    let mut digits = Vec::new();
    stdx::num::write_i64(&mut digits, at);
    let mut words: Vec<&[u8]> = vec![b"PEXPIREAT", ctx.argv.at(1), &digits];
    words.extend(ctx.argv.iter().skip(OPTIONS));
    ctx.propagate_instead(&words);
}

fn persist(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    if ctx.db().write(key).is_none_or(|entry| !entry.has_expire()) {
        return ctx.int(0);
    }
    ctx.db().set_expire(key, None);
    ctx.changed(key.bytes, Class::Generic, "persist");
    ctx.int(1)
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    use super::{From, Unit, end};

    #[test]
    fn times_that_cannot_be_counted_are_refused() {
        assert_eq!(end(i64::MAX, Unit::Seconds, From::Epoch, 5), None);
        assert_eq!(end(i64::MIN, Unit::Seconds, From::Now, 5), None);
        assert_eq!(end(i64::MAX - 4, Unit::Millis, From::Now, 5), None);
        assert_eq!(end(i64::MAX - 5, Unit::Millis, From::Now, 5), Some(i64::MAX));
        assert_eq!(end(i64::MAX, Unit::Millis, From::Epoch, 5), Some(i64::MAX));
        assert_eq!(end(-2, Unit::Seconds, From::Now, 5), Some(-1995));
    }

    #[test]
    fn a_key_ends_at_its_time() {
        check(
            r#"
            > SET a 1
            +OK
            > PEXPIRE a 100
            :1
            > EXISTS a
            :1
            ! wait 150
            > EXISTS a
            :0
            > GET a
            nil
            > EXPIRE a 10
            :0
            "#,
        );
    }

    #[test]
    fn conditions_compare_with_what_is_there() {
        check(
            r#"
            > SET a 1
            +OK
            > EXPIRE a 100 XX
            :0
            > EXPIRE a 100 GT
            :0
            > EXPIRE a 100 XX LT
            :0
            > EXPIRE a 100 lt
            :1
            > EXPIRE a 100 NX
            :0
            > PERSIST a
            :1
            > EXPIRE a 100 NX nx
            :1
            > EXPIRE a 50 GT
            :0
            > EXPIRE a 200 LT
            :0
            > EXPIRE a 200 GT XX
            :1
            > EXPIRE a 50 XX LT
            :1
            > TTL a
            :50
            > EXPIRE nope 10 NX
            :0
            "#,
        );
    }

    #[test]
    fn options_are_refused_before_numbers_and_numbers_before_keys() {
        check(
            r#"
            > SET a 1
            +OK
            > EXPIRE a x Foo
            -ERR Unsupported option Foo
            > EXPIRE a x NX gt
            -ERR NX and XX, GT or LT options at the same time are not compatible
            > EXPIRE a x GT lt
            -ERR GT and LT options at the same time are not compatible
            > EXPIRE a 10 GT LT NX
            -ERR NX and XX, GT or LT options at the same time are not compatible
            > EXPIRE a x
            -ERR value is not an integer or out of range
            > EXPIRE nope 9223372036854775807
            -ERR invalid expire time in 'expire' command
            > EXPIRE a 9223372036854775
            -ERR invalid expire time in 'expire' command
            > EXPIRE a -9223372036854775808
            -ERR invalid expire time in 'expire' command
            > PEXPIRE a 9223372036854775807
            -ERR invalid expire time in 'pexpire' command
            > EXPIREAT a 9223372036854776
            -ERR invalid expire time in 'expireat' command
            > PEXPIREAT a 9223372036854775808
            -ERR value is not an integer or out of range
            > TTL a
            :-1
            > EXPIRE a
            -ERR wrong number of arguments for 'expire' command
            "#,
        );
    }

    #[test]
    fn a_time_in_the_past_removes_the_key() {
        check(
            r#"
            > SET a 1
            +OK
            > EXPIRE a -1
            :1
            > EXISTS a
            :0
            > SET a 1
            +OK
            > EXPIRE a 0
            :1
            > EXISTS a
            :0
            > SET a 1
            +OK
            > EXPIREAT a 1
            :1
            > EXISTS a
            :0
            > SET a 1
            +OK
            > PEXPIRE a -9223372036854775808
            :1
            > EXISTS a
            :0
            > SET a 1
            +OK
            > EXPIRE a -1 XX
            :0
            > EXISTS a
            :1
            "#,
        );
    }

    #[test]
    fn persist_takes_the_time_away() {
        check(
            r#"
            > SET a 1
            +OK
            > EXPIRE a 100
            :1
            > PERSIST a
            :1
            > TTL a
            :-1
            > PERSIST a
            :0
            > PERSIST nope
            :0
            "#,
        );
    }

    #[test]
    fn an_end_in_the_past_counts_as_expired_and_as_one_change() {
        let mut h = Harness::new();
        h.send("SET a 1");
        h.send("EXPIRE a -1");
        assert_eq!(h.engine.keyspace.env.stats.expired, 1);
        assert_eq!(h.engine.server.dirty, 2);
        h.engine.keyspace.verify();
    }
}
