//! ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX: ranges of members go.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Collection, SortedSet};

use super::interval::{Interval, Kind};
use super::remove::removed;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZREMRANGEBYRANK",
        summary: "Removes the members whose ranks are in a range.",
        since: "2.0.0",
        args: &[Arg::key("key"), Arg::integer("start"), Arg::integer("stop")],
        run: |ctx| remove(ctx, Kind::Rank, "zremrangebyrank"),
        ..REMOVES
    },
    Command {
        name: "ZREMRANGEBYSCORE",
        summary: "Removes the members whose scores are in a range.",
        since: "1.2.0",
        args: &[Arg::key("key"), Arg::double("min"), Arg::double("max")],
        run: |ctx| remove(ctx, Kind::Score, "zremrangebyscore"),
        ..REMOVES
    },
    Command {
        name: "ZREMRANGEBYLEX",
        summary: "Removes the members in a range of strings, where all have the same score.",
        since: "2.8.9",
        args: &[Arg::key("key"), Arg::string("min"), Arg::string("max")],
        run: |ctx| remove(ctx, Kind::Lex, "zremrangebylex"),
        ..REMOVES
    },
];

const REMOVES: Command = Command {
    group: Group::SortedSet,
    arity: Arity::Exactly(4),
    flags: Flags::WRITE,
    keys: &[KeySpec::at(1).rw().delete()],
    reply: "how many were removed",
    complexity: "O(log(N)+M), N = members of the sorted set, M = members removed",
    ..Command::BLANK
};

fn remove(ctx: &mut Ctx<'_>, kind: Kind, event: &'static str) -> Result {
    let interval = Interval::read(ctx.argv.at(2), ctx.argv.at(3), kind)?;
    let key = ctx.key(1);
    let edited = ctx.db().edit(key, |set: &mut SortedSet, _| {
        let ranks = interval.ranks(set.view());
        set.cut(ranks.clone(), |_, _| {});
        ranks.len()
    })?;
    let Some(edited) = edited else { return ctx.int(0) };
    removed(ctx, key.bytes, event, edited);
    ctx.int(edited.result as i64)
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn ranges_go() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h
            :8
            > ZREMRANGEBYRANK z 0 0
            :1
            > ZREMRANGEBYRANK z -1 -1
            :1
            > ZREMRANGEBYRANK z 9 10
            :0
            > ZREMRANGEBYRANK z 3 1
            :0
            > ZREMRANGEBYSCORE z (2 (4
            :1
            > ZREMRANGEBYSCORE z 100 inf
            :0
            > ZRANGE z 0 -1
            ["b" "d" "e" "f" "g"]
            > ZREMRANGEBYSCORE z -inf 4
            :2
            > ZREMRANGEBYRANK z -100 100
            :3
            > EXISTS z
            :0
            > ZADD z 0 a 0 b 0 c 0 d
            :4
            > ZREMRANGEBYLEX z [b (c
            :1
            > ZREMRANGEBYLEX z (d +
            :0
            > ZREMRANGEBYLEX z - +
            :3
            > EXISTS z
            :0
            > ZREMRANGEBYLEX z - +
            :0
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > SET s 1
            +OK
            > ZREMRANGEBYRANK s 0 x
            -ERR value is not an integer or out of range
            > ZREMRANGEBYRANK s 0 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZREMRANGEBYSCORE s x 1
            -ERR min or max is not a float
            > ZREMRANGEBYSCORE s 0 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZREMRANGEBYLEX s a b
            -ERR min or max not valid string range item
            > ZREMRANGEBYLEX s [a [b
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZREMRANGEBYRANK z 1
            -ERR wrong number of arguments for 'zremrangebyrank' command
            > ZREMRANGEBYSCORE z 1
            -ERR wrong number of arguments for 'zremrangebyscore' command
            > ZREMRANGEBYLEX z 1
            -ERR wrong number of arguments for 'zremrangebylex' command
            "#,
        );
    }
}
