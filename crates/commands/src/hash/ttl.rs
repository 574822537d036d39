//! HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME: how long fields will live.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Hash;

use super::terms::{self, FIELDS};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "HTTL",
        summary: "Tells for how many seconds fields will live.",
        run: |ctx| answer(ctx, |at, now_ms| seconds(at.saturating_sub(now_ms))),
        ..ASKS
    },
    Command {
        name: "HPTTL",
        summary: "Tells for how many milliseconds fields will live.",
        run: |ctx| answer(ctx, |at, now_ms| at.saturating_sub(now_ms)),
        ..ASKS
    },
    Command {
        name: "HEXPIRETIME",
        summary: "Tells when fields will end, in seconds since 1970.",
        run: |ctx| answer(ctx, |at, _| seconds(at)),
        ..ASKS
    },
    Command {
        name: "HPEXPIRETIME",
        summary: "Tells when fields will end, in milliseconds since 1970.",
        run: |ctx| answer(ctx, |at, _| at),
        ..ASKS
    },
];

const ASKS: Command = Command {
    since: "9.0.0",
    group: Group::Hash,
    arity: Arity::AtLeast(5),
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key"), FIELDS],
    reply: "a number for each field, -1 for one that lives for ever, -2 for one that is not there",
    complexity: "O(N), N = number of fields named",
    ..Command::BLANK
};

/// Rounded to the nearest, as the peers round.
fn seconds(ms: i64) -> i64 {
    ms.saturating_add(500) / 1000
}

fn answer(ctx: &mut Ctx<'_>, told: fn(at: i64, now_ms: i64) -> i64) -> Result {
    let fields = terms::fields_at(ctx, 2, CommandError::Syntax)?;
    let (key, now_ms) = (ctx.key(1), ctx.now_ms());
    let hash = ctx.keyspace.db(ctx.client.db).view::<Hash>(key)?;
    ctx.client.out.array(fields.len());
    for at in fields {
        let reply = match hash.and_then(|hash| hash.expire(ctx.argv.at(at), now_ms)) {
            None => -2,
            Some(None) => -1,
            Some(Some(at)) => told(at, now_ms),
        };
        ctx.client.out.integer(reply);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn times_are_rounded_to_the_nearest_second() {
        check(
            r#"
            > HSET h a 1 b 2
            :2
            > HPEXPIREAT h 4000000000400 FIELDS 1 a
            [:1]
            > HEXPIRETIME h FIELDS 2 a b
            [:4000000000 :-1]
            > HPEXPIRETIME h FIELDS 1 a
            [:4000000000400]
            > HPEXPIREAT h 4000000000600 FIELDS 1 a
            [:1]
            > HEXPIRETIME h FIELDS 1 a
            [:4000000001]
            > HPEXPIREAT h 9223372036854775807 FIELDS 1 a
            [:1]
            > HPEXPIRETIME h FIELDS 1 a
            [:9223372036854775807]
            > HPEXPIRE h 5400 FIELDS 1 a
            [:1]
            > HTTL h FIELDS 1 a
            [:5]
            > HPEXPIRE h 5800 FIELDS 1 a
            [:1]
            > HTTL h FIELDS 2 a nope
            [:6 :-2]
            > HTTL nope FIELDS 2 a b
            [:-2 :-2]
            > HPTTL nope FIELDS 1 a
            [:-2]
            > HPEXPIRETIME nope FIELDS 1 a
            [:-2]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_order() {
        check(
            r#"
            > HSET h a 1
            :1
            > SET s text
            +OK
            > HTTL h FIELDS 0
            -ERR wrong number of arguments for 'httl' command
            > HTTL h FIELDS 0 a
            -ERR syntax error
            > HTTL h FIELDS -1 a
            -ERR syntax error
            > HTTL h FIELDS 2 a
            -ERR syntax error
            > HTTL h FIELDS 1 a b
            -ERR syntax error
            > HTTL h FIELDS x a
            -ERR value is not an integer or out of range
            > HTTL h FOO 1 a
            -ERR syntax error
            > HTTL h FOO x a
            -ERR syntax error
            > HPTTL s FIELDS 2 a
            -ERR syntax error
            > HEXPIRETIME s FIELDS 1 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HPEXPIRETIME h FOO 1 a
            -ERR syntax error
            "#,
        );
    }
}
