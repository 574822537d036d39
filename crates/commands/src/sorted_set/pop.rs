//! ZPOPMIN, ZPOPMAX, ZMPOP: members leave, from one end.

use std::ops::Range;

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Collection, Edited, Key, SortedSet};

use super::remove::removed;
use super::{member, pair};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZPOPMIN",
        summary: "Removes the members with the lowest scores, and tells them.",
        run: |ctx| pop(ctx, Side::Min),
        ..POPS
    },
    Command {
        name: "ZPOPMAX",
        summary: "Removes the members with the highest scores, and tells them.",
        run: |ctx| pop(ctx, Side::Max),
        ..POPS
    },
    Command {
        name: "ZMPOP",
        summary: "Removes members with the lowest or highest scores from the first of some sorted sets that there is.",
        since: "7.0.0",
        arity: Arity::AtLeast(4),
        flags: Flags::WRITE.and(Flags::MOVABLEKEYS),
        keys: &[KeySpec::at(1).rw().access().delete().keynum(0, 1, 1)],
        args: &[
            Arg::integer("numkeys"),
            Arg::key("key").many(),
            Arg::one_of("where", &[Arg::word("min", "MIN"), Arg::word("max", "MAX")]),
            Arg::integer("count").token("COUNT").optional(),
        ],
        reply: "the key, and members with their scores; nil if all keys are missing",
        complexity: "O(K) + O(M*log(N)), K = keys, N = members of the sorted set, M = members removed",
        run: pop_first,
        ..POPS
    },
];

const POPS: Command = Command {
    since: "5.0.0",
    group: Group::SortedSet,
    arity: Arity::AtLeast(2),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().delete()],
    args: &[Arg::key("key"), Arg::integer("count").optional()],
    reply: "members and their scores",
    complexity: "O(log(N)*M), N = members of the sorted set, M = members removed",
    ..Command::BLANK
};

/// The end of a sorted set from which members are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Min,
    Max,
}

impl Side {
    fn event(self) -> &'static str {
        match self {
            Side::Min => "zpopmin",
            Side::Max => "zpopmax",
        }
    }

    /// The command that does the same to one key.
    pub fn command(self) -> &'static [u8] {
        match self {
            Side::Min => b"ZPOPMIN",
            Side::Max => b"ZPOPMAX",
        }
    }
}

/// How what was taken is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The key, and one member with its score.
    WithKey,
    /// Members and scores in turn.
    Flat,
    /// An array for each pair.
    Nested,
    /// The key, and an array with an array for each pair.
    AfterKey,
}

const NOT_POSITIVE: CommandError = CommandError::Line("ERR value is out of range, must be positive");
const NO_KEYS: CommandError = CommandError::Line("ERR numkeys should be greater than 0");
const NO_COUNT: CommandError = CommandError::Line("ERR count should be greater than 0");

fn pop(ctx: &mut Ctx<'_>, side: Side) -> Result {
    let count = match ctx.argv.len() {
        2 => None,
        3 => Some(
            stdx::num::parse_i64(ctx.argv.at(2)).and_then(|n| usize::try_from(n).ok()).ok_or(NOT_POSITIVE)?,
        ),
        _ => return Err(CommandError::Syntax),
    };
    let nested = count.is_some() && ctx.client.out.protocol == resp::Protocol::Resp3;
    let key = ctx.key(1);
    let shape = if nested { Shape::Nested } else { Shape::Flat };
    if take(ctx, key, side, count.unwrap_or(1), shape)?.is_none() {
        ctx.client.out.array(0);
    }
    Ok(())
}

fn pop_first(ctx: &mut Ctx<'_>) -> Result {
    let request = FromFirst::read(ctx, 1)?;
    if !request.serve(ctx)? {
        ctx.client.out.null_array();
    }
    Ok(())
}

/// `numkeys key [key ...] MIN | MAX [COUNT count]`.
pub(super) struct FromFirst {
    /// Indices of the keys.
    pub keys: Range<usize>,
    side: Side,
    count: usize,
}

impl FromFirst {
    /// Reads the words from `numkeys` on.
    pub fn read(ctx: &Ctx<'_>, numkeys: usize) -> Result<Self> {
        let keys = at_least_one(ctx, numkeys).ok_or(NO_KEYS)?;
        let side_at = keys.checked_add(numkeys + 1).filter(|at| *at < ctx.argv.len());
        let side_at = side_at.ok_or(CommandError::Syntax)?;
        let side = match () {
            () if ctx.is(side_at, "MIN") => Side::Min,
            () if ctx.is(side_at, "MAX") => Side::Max,
            () => return Err(CommandError::Syntax),
        };
        let count = match ctx.argv.len() - side_at - 1 {
            0 => 1,
            2 if ctx.is(side_at + 1, "COUNT") => at_least_one(ctx, side_at + 2).ok_or(NO_COUNT)?,
            more => return Err(surplus(ctx, side_at + 1, more)),
        };
        Ok(FromFirst { keys: numkeys + 1..side_at, side, count })
    }

    /// Pops from the first key that is there, and answers; `false` if there is none.
    pub fn serve(&self, ctx: &mut Ctx<'_>) -> Result<bool> {
        for at in self.keys.clone() {
            let key = ctx.key(at);
            if let Some(taken) = take(ctx, key, self.side, self.count, Shape::AfterKey)? {
                let mut digits = Vec::new();
                stdx::num::write_u64(&mut digits, taken as u64);
                ctx.propagate_instead(&[self.side.command(), key.bytes, &digits]);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn at_least_one(ctx: &Ctx<'_>, at: usize) -> Option<usize> {
    let number = stdx::num::parse_i64(ctx.argv.at(at))?;
    usize::try_from(number).ok().filter(|number| *number > 0)
}

/// What is wrong with options that are not just a COUNT: its number is looked at before what follows.
fn surplus(ctx: &Ctx<'_>, at: usize, words: usize) -> CommandError {
    if words > 2 && ctx.is(at, "COUNT") && at_least_one(ctx, at + 1).is_none() {
        return NO_COUNT;
    }
    CommandError::Syntax
}

/// Takes up to `count` elements and tells them; how many, or `None` if there is no key.
pub(super) fn take(
    ctx: &mut Ctx<'_>,
    key: Key<'_>,
    side: Side,
    count: usize,
    shape: Shape,
) -> Result<Option<usize>> {
    let out = &mut ctx.client.out;
    let edited = ctx.keyspace.db(ctx.client.db).edit(key, |set: &mut SortedSet, _| {
        let len = set.view().len();
        let count = count.min(len);
        match shape {
            Shape::WithKey => {
                out.array(1 + 2 * count);
                out.bulk(key.bytes);
            }
            Shape::Flat => out.array(2 * count),
            Shape::Nested => out.array(count),
            Shape::AfterKey => {
                out.array(2);
                out.bulk(key.bytes);
                out.array(count);
            }
        }
        let mut tell = |(name, score)| {
            if shape == Shape::AfterKey {
                out.array(2);
            }
            if shape == Shape::Nested {
                return pair(out, name, score);
            }
            member(out, name);
            out.double(score);
        };
        let ranks = match side {
            Side::Min => 0..count,
            Side::Max => len - count..len,
        };
        match side {
            Side::Min => set.view().range(ranks.clone()).for_each(&mut tell),
            Side::Max => set.view().range(ranks.clone()).rev().for_each(&mut tell),
        }
        set.cut(ranks, |_, _| {});
        count
    })?;
    let Some(edited) = edited else { return Ok(None) };
    let Edited { result, .. } = edited;
    removed(ctx, key.bytes, side.event(), edited);
    Ok(Some(result))
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn members_leave_from_either_end() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 1 a 2 b 3 c 4 d 5 5 6 f
            :6
            > ZPOPMIN z
            ["a" "1"]
            > ZPOPMAX z
            ["f" "6"]
            > ZPOPMAX z 2
            ["5" "5" "d" "4"]
            > ZPOPMIN z 0
            []
            > HELLO 3
            *
            > ZPOPMIN z
            ["b" ,2]
            > ZADD z 9 x 8 y
            :2
            > ZPOPMAX z 1
            [["x" ,9]]
            > ZPOPMIN z 9
            [["c" ,3] ["y" ,8]]
            > EXISTS z
            :0
            > ZPOPMIN z
            []
            > ZPOPMAX z 3
            []
            "#,
        );
    }

    #[test]
    fn the_first_key_that_is_there_is_popped() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 1 a 2 b 3 c 4 d
            :4
            > ZADD y 1 k
            :1
            > ZMPOP 3 nope z y MIN
            ["z" [["a" "1"]]]
            > ZMPOP 2 z y max COUNT 2
            ["z" [["d" "4"] ["c" "3"]]]
            > ZMPOP 2 z y MAX COUNT 10
            ["z" [["b" "2"]]]
            > ZMPOP 2 z y MIN COUNT 10
            ["y" [["k" "1"]]]
            > ZMPOP 2 z y MIN
            nil*
            > HELLO 3
            *
            > ZMPOP 2 z y MIN
            nil
            > ZADD y 1 k
            :1
            > ZMPOP 2 z y MIN
            ["y" [["k" ,1]]]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > ZPOPMIN z -1
            -ERR value is out of range, must be positive
            > ZPOPMAX z x
            -ERR value is out of range, must be positive
            > ZPOPMIN z 1 2
            -ERR syntax error
            > ZPOPMIN
            -ERR wrong number of arguments for 'zpopmin' command
            > ZMPOP 0 z MIN
            -ERR numkeys should be greater than 0
            > ZMPOP x z MIN
            -ERR numkeys should be greater than 0
            > ZMPOP 2 z MIN
            -ERR syntax error
            > ZMPOP 9223372036854775807 z MIN
            -ERR syntax error
            > ZMPOP 1 z UP
            -ERR syntax error
            > ZMPOP 1 z MIN COUNT
            -ERR syntax error
            > ZMPOP 1 z MIN COUNT 0
            -ERR count should be greater than 0
            > ZMPOP 1 z MIN COUNT x COUNT 1
            -ERR count should be greater than 0
            > ZMPOP 1 z MIN COUNT 1 COUNT 1
            -ERR syntax error
            > ZMPOP 1 z MIN FOO 1
            -ERR syntax error
            > SET s 1
            +OK
            > ZPOPMIN s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZMPOP 2 nope s MIN
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZMPOP 1 z
            -ERR wrong number of arguments for 'zmpop' command
            "#,
        );
    }
}
