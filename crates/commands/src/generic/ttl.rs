//! TTL, PTTL, EXPIRETIME, PEXPIRETIME: how long a key will live, and until when.
//!
//! -2 stands for no such key, -1 for a key that lives for ever. Seconds are rounded, not cut off.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "TTL",
        summary: "Answers for how many seconds a key will live.",
        tips: &["nondeterministic_output"],
        history: &[("2.8.0", "Answers -2 without such a key.")],
        run: |ctx| answer(ctx, Until::Left, Unit::Seconds),
        ..TTL
    },
    Command {
        name: "PTTL",
        summary: "Answers for how many milliseconds a key will live.",
        since: "2.6.0",
        tips: &["nondeterministic_output"],
        history: &[("2.8.0", "Answers -2 without such a key.")],
        run: |ctx| answer(ctx, Until::Left, Unit::Millis),
        ..TTL
    },
    Command {
        name: "EXPIRETIME",
        summary: "Answers until when a key will live, in seconds since 1970.",
        since: "7.0.0",
        run: |ctx| answer(ctx, Until::Time, Unit::Seconds),
        ..TTL
    },
    Command {
        name: "PEXPIRETIME",
        summary: "Answers until when a key will live, in milliseconds since 1970.",
        since: "7.0.0",
        run: |ctx| answer(ctx, Until::Time, Unit::Millis),
        ..TTL
    },
];

const TTL: Command = Command {
    group: Group::Generic,
    arity: Arity::Exactly(2),
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key")],
    reply: "the time, -1 if the key lives for ever, -2 without such a key",
    ..Command::BLANK
};

/// What is told of the end.
#[derive(Clone, Copy)]
enum Until {
    Left,
    Time,
}

#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Millis,
}

fn answer(ctx: &mut Ctx<'_>, until: Until, unit: Unit) -> Result {
    let (key, now_ms) = (ctx.key(1), ctx.now_ms());
    let at = match ctx.db().ask(key).map(|entry| entry.expire()) {
        None => return ctx.int(-2),
        Some(None) => return ctx.int(-1),
        Some(Some(at)) => at,
    };
    let ms = match until {
        Until::Left => (at - now_ms).max(0),
        Until::Time => at,
    };
    ctx.int(match unit {
        Unit::Seconds => ms.saturating_add(500) / 1000,
        Unit::Millis => ms,
    })
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn keys_without_an_end_and_no_keys() {
        check(
            r#"
            > SET a 1
            +OK
            > TTL a
            :-1
            > PTTL a
            :-1
            > EXPIRETIME a
            :-1
            > PEXPIRETIME a
            :-1
            > TTL nope
            :-2
            > PTTL nope
            :-2
            > EXPIRETIME nope
            :-2
            > PEXPIRETIME nope
            :-2
            > TTL a b
            -ERR wrong number of arguments for 'ttl' command
            "#,
        );
    }

    #[test]
    fn seconds_are_rounded() {
        check(
            r#"
            > SET a 1
            +OK
            > PEXPIREAT a 33177117420499
            :1
            > PEXPIRETIME a
            :33177117420499
            > EXPIRETIME a
            :33177117420
            > PEXPIREAT a 33177117420500
            :1
            > EXPIRETIME a
            :33177117421
            > EXPIREAT a 33177117420
            :1
            > PEXPIRETIME a
            :33177117420000
            > PEXPIRE a 1700
            :1
            > TTL a
            :2
            "#,
        );
    }
}
