//! ZCARD, ZCOUNT, ZLEXCOUNT: how many.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};

use super::interval::{Interval, Kind};
use super::{READS, view};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZCARD",
        summary: "Tells how many members a sorted set has.",
        since: "1.2.0",
        arity: Arity::Exactly(2),
        keys: &[KeySpec::at(1).ro()],
        args: &[Arg::key("key")],
        reply: "the number of members, 0 if there is no key",
        run: card,
        ..COUNTS
    },
    Command {
        name: "ZCOUNT",
        summary: "Tells how many members have scores in a range.",
        since: "2.0.0",
        arity: Arity::Exactly(4),
        args: &[Arg::key("key"), Arg::double("min"), Arg::double("max")],
        complexity: "O(log(N)), N = members of the sorted set",
        run: |ctx| count(ctx, Kind::Score),
        ..COUNTS
    },
    Command {
        name: "ZLEXCOUNT",
        summary: "Tells how many members are in a range of strings, where all have the same score.",
        since: "2.8.9",
        arity: Arity::Exactly(4),
        args: &[Arg::key("key"), Arg::string("min"), Arg::string("max")],
        complexity: "O(log(N)), N = members of the sorted set",
        run: |ctx| count(ctx, Kind::Lex),
        ..COUNTS
    },
];

const COUNTS: Command = Command {
    flags: Flags::READONLY.and(Flags::FAST),
    reply: "the number of members in the range, 0 if there is no key",
    ..READS
};

fn card(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let (set, out) = view(ctx, key)?;
    out.integer(set.map_or(0, |set| set.len()) as i64);
    Ok(())
}

fn count(ctx: &mut Ctx<'_>, kind: Kind) -> Result {
    let interval = Interval::read(ctx.argv.at(2), ctx.argv.at(3), kind)?;
    let key = ctx.key(1);
    let (set, out) = view(ctx, key)?;
    out.integer(set.map_or(0, |set| interval.ranks(set).len()) as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn members_are_counted() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZCARD z
            :0
            > ZADD z 1 a 2 b 3 c 3.5 d inf e -inf f
            :6
            > ZCARD z
            :6
            > ZCOUNT z 1 3
            :3
            > ZCOUNT z (1 (3
            :1
            > ZCOUNT z -inf +inf
            :6
            > ZCOUNT z (-inf (inf
            :4
            > ZCOUNT z 3 1
            :0
            > ZCOUNT z (3 3
            :0
            > ZCOUNT z "" 1e400
            :5
            > ZCOUNT nope 1 2
            :0
            > ZLEXCOUNT nope - +
            :0
            "#,
        );
    }

    #[test]
    fn strings_bound_ranges_where_scores_are_equal() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 0 alpha 0 bar 0 cool 0 down 0 15
            :5
            > ZLEXCOUNT z - +
            :5
            > ZLEXCOUNT z [bar [down
            :3
            > ZLEXCOUNT z (bar (down
            :1
            > ZLEXCOUNT z + -
            :0
            > ZLEXCOUNT z - -
            :0
            > ZLEXCOUNT z + +
            :0
            > ZLEXCOUNT z [ (
            :0
            > ZLEXCOUNT z [ +
            :5
            > ZLEXCOUNT z - (15
            :0
            > ZLEXCOUNT z - [15
            :1
            "#,
        );
    }

    #[test]
    fn ranges_that_are_none_are_refused() {
        check(
            r#"
            > ZCOUNT z a 1
            -ERR min or max is not a float
            > ZCOUNT z 1 nan
            -ERR min or max is not a float
            > ZCOUNT z ((1 2
            -ERR min or max is not a float
            > ZCOUNT z " 1" 2
            -ERR min or max is not a float
            > ZLEXCOUNT z a [b
            -ERR min or max not valid string range item
            > ZLEXCOUNT z -x +
            -ERR min or max not valid string range item
            > ZLEXCOUNT z "" +
            -ERR min or max not valid string range item
            > ZLEXCOUNT z - ++
            -ERR min or max not valid string range item
            > SET s 1
            +OK
            > ZCARD s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZCOUNT s 1 2
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZCOUNT s 1 x
            -ERR min or max is not a float
            > ZLEXCOUNT s - +
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZCARD
            -ERR wrong number of arguments for 'zcard' command
            > ZCOUNT z 1
            -ERR wrong number of arguments for 'zcount' command
            > ZLEXCOUNT z -
            -ERR wrong number of arguments for 'zlexcount' command
            "#,
        );
    }
}
