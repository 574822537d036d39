//! BZPOPMIN, BZPOPMAX, BZMPOP: members leave from one end, now or when there are some.
//!
//! Replicas and the append-only file are told what was done in the end: ZPOPMIN or ZPOPMAX of one key.

use engine::blocked::Wait;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Type;

use super::pop::{FromFirst, Shape, Side, take};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "BZMPOP",
        summary: "Removes members with the lowest or highest scores from the first of some sorted sets that there is, \
            and waits until there is one.",
        since: "7.0.0",
        arity: Arity::AtLeast(5),
        flags: Flags::WRITE.and(Flags::BLOCKING).and(Flags::MOVABLEKEYS),
        keys: &[KeySpec::at(2).rw().access().delete().keynum(0, 1, 1)],
        args: &[
            Arg::double("timeout"),
            Arg::integer("numkeys"),
            Arg::key("key").many(),
            Arg::one_of("where", &[Arg::word("min", "MIN"), Arg::word("max", "MAX")]),
            Arg::integer("count").token("COUNT").optional(),
        ],
        reply: "the key, and members with their scores; nil if the time is up",
        complexity: "O(K) + O(M*log(N)), K = keys, N = members of the sorted set, M = members removed",
        history: &[],
        run: bzmpop,
        ..WAITS
    },
    Command {
        name: "BZPOPMAX",
        summary: "Removes the member with the highest score from the first of some sorted sets that there is, and \
            waits until there is one.",
        run: |ctx| bzpop(ctx, Side::Max),
        ..WAITS
    },
    Command {
        name: "BZPOPMIN",
        summary: "Removes the member with the lowest score from the first of some sorted sets that there is, and \
            waits until there is one.",
        run: |ctx| bzpop(ctx, Side::Min),
        ..WAITS
    },
];

const WAITS: Command = Command {
    since: "5.0.0",
    group: Group::SortedSet,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::BLOCKING).and(Flags::FAST),
    keys: &[KeySpec::at(1).range(-2, 1, 0).rw().access().delete()],
    args: &[Arg::key("key").many(), Arg::double("timeout")],
    reply: "the key, the member, and its score; nil if the time is up",
    complexity: "O(log(N)), N = members of the sorted set",
    history: &[("6.0.0", "The `timeout` may have a fraction.")],
    ..Command::BLANK
};

fn bzpop(ctx: &mut Ctx<'_>, side: Side) -> Result {
    let last = ctx.argv.len() - 1;
    let timeout = ctx.timeout_seconds(last)?;
    for at in 1..last {
        let key = ctx.key(at);
        if take(ctx, key, side, 1, Shape::WithKey)?.is_some() {
            ctx.propagate_instead(&[side.command(), key.bytes]);
            return Ok(());
        }
    }
    ctx.block(Wait::for_keys(1..last, Type::SortedSet, timeout))
}

fn bzmpop(ctx: &mut Ctx<'_>) -> Result {
    // The timeout is the first word, but the last that is looked at.
    let request = FromFirst::read(ctx, 2)?;
    let timeout = ctx.timeout_seconds(1)?;
    if request.serve(ctx)? {
        return Ok(());
    }
    ctx.block(Wait::for_keys(request.keys, Type::SortedSet, timeout))
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    const LARGE: &str = "! config zset-max-listpack-entries 0";

    #[test]
    fn what_is_there_is_popped_at_once() {
        check_both(
            LARGE,
            r#"
            > ZADD z 1 a 2 b 3 c 4 d
            :4
            > BZPOPMIN nope z 0
            ["z" "a" "1"]
            > BZPOPMAX z nope 0.5
            ["z" "d" "4"]
            > BZMPOP 0 2 nope z MIN
            ["z" [["b" "2"]]]
            > ZADD z 9 x 8 y
            :2
            > BZMPOP 0 1 z MAX COUNT 10
            ["z" [["x" "9"] ["y" "8"] ["c" "3"]]]
            > EXISTS z
            :0
            > HELLO 3
            *
            > ZADD z 1.5 a 2 b
            :2
            > BZPOPMIN z 0
            ["z" "a" ,1.5]
            > BZMPOP 0 1 z MIN
            ["z" [["b" ,2]]]
            "#,
        );
    }

    #[test]
    fn who_waits_is_served_in_turn() {
        check(
            r#"
            2> BZPOPMIN z y 0
            3> BZPOPMAX z 0
            4> BZMPOP 0 2 y z MAX COUNT 2
            > ZADD z 1 a 2 b 3 c 4 d
            :4
            2>
            ["z" "a" "1"]
            3>
            ["z" "d" "4"]
            4>
            ["z" [["c" "3"] ["b" "2"]]]
            > EXISTS z
            :0
            2> BZPOPMIN z z 0
            > SADD s m
            :1
            > ZUNIONSTORE z 1 s
            :1
            2>
            ["z" "m" "1"]
            > EXISTS z
            :0
            2> BZPOPMIN z 0
            > SADD z x
            :1
            2>
            > DEL z
            :1
            > ZADD other 5 x
            :1
            > RENAME other z
            +OK
            2>
            ["z" "x" "5"]
            "#,
        );
    }

    #[test]
    fn time_runs_out() {
        check(
            r#"
            2> BZPOPMIN z 0.1
            3> BZMPOP 0.1 1 z MIN
            ! wait 200
            2>
            nil*
            3>
            nil*
            > MULTI
            +OK
            > BZPOPMAX z 0
            +QUEUED
            > BZMPOP 0 1 z MIN
            +QUEUED
            > EXEC
            [nil* nil*]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_order() {
        check(
            r#"
            > SET s 1
            +OK
            > ZADD z 1 a
            :1
            > BZPOPMIN s x
            -ERR timeout is not a float or out of range
            > BZPOPMIN s -1
            -ERR timeout is negative
            > BZPOPMIN nope s 0
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > BZPOPMAX z s 0
            ["z" "a" "1"]
            > BZMPOP x 0 z MIN
            -ERR numkeys should be greater than 0
            > BZMPOP x 1 z MIN COUNT 0
            -ERR count should be greater than 0
            > BZMPOP x 1 s MIN
            -ERR timeout is not a float or out of range
            > BZMPOP -1 1 s MIN
            -ERR timeout is negative
            > BZMPOP 0 0 z MIN
            -ERR numkeys should be greater than 0
            > BZMPOP 0 2 z MIN
            -ERR syntax error
            > BZMPOP 0 1 z UP
            -ERR syntax error
            > BZMPOP 0 1 z MIN COUNT 0
            -ERR count should be greater than 0
            > BZMPOP 0 1 z MIN COUNT 1 COUNT 1
            -ERR syntax error
            > BZMPOP 0 1 s MIN
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > BZPOPMIN z
            -ERR wrong number of arguments for 'bzpopmin' command
            > BZMPOP 0 1 z
            -ERR wrong number of arguments for 'bzmpop' command
            "#,
        );
    }

    #[test]
    fn who_is_served_sees_the_time_after_what_made_the_key() {
        check(
            r#"
            > DEBUG SET-ACTIVE-EXPIRE 0
            +OK
            2> BZPOPMIN z 1
            > MULTI
            +OK
            > ZADD z 1 one
            +QUEUED
            > PEXPIRE z 100
            +QUEUED
            > DEBUG SLEEP 0.2
            +QUEUED
            > EXEC
            [:1 :1 +OK]
            2>
            ! wait 1200
            2>
            nil*
            > DEBUG SET-ACTIVE-EXPIRE 1
            +OK
            "#,
        );
    }
}
