//! ZRANGE and its six elder sisters: members in order, by rank, score or string.

use std::ops::Range;

use engine::{Arg, Arity, Command, CommandError, Ctx, Result};
use keyspace::{SortedSetView, sorted_set::Walk};
use structures::Element;

use super::interval::{Interval, Kind};
use super::{READS, pair, pairs, view};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZRANGE",
        summary: "Tells members in order: those of some ranks, scores, or in a range of strings.",
        since: "1.2.0",
        args: &[
            Arg::key("key"),
            Arg::string("start"),
            Arg::string("stop"),
            Arg::one_of("sortby", &[Arg::word("byscore", "BYSCORE"), Arg::word("bylex", "BYLEX")])
                .optional()
                .since("6.2.0"),
            Arg::word("rev", "REV").optional().since("6.2.0"),
            LIMIT.since("6.2.0"),
            WITHSCORES,
        ],
        history: &[("6.2.0", "The options `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.")],
        run: |ctx| range(ctx, None, None),
        ..RANGES
    },
    Command {
        name: "ZREVRANGE",
        summary: "Tells the members of some ranks, highest first.",
        since: "1.2.0",
        args: &[Arg::key("key"), Arg::integer("start"), Arg::integer("stop"), WITHSCORES],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` argument")),
        run: |ctx| range(ctx, Some(Kind::Rank), Some(true)),
        ..RANGES
    },
    Command {
        name: "ZRANGEBYSCORE",
        summary: "Tells the members with scores in a range.",
        since: "1.0.5",
        args: &[Arg::key("key"), Arg::double("min"), Arg::double("max"), WITHSCORES.since("2.0.0"), LIMIT],
        history: &[("2.0.0", "The option `WITHSCORES`.")],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `BYSCORE` argument")),
        run: |ctx| range(ctx, Some(Kind::Score), Some(false)),
        ..RANGES
    },
    Command {
        name: "ZREVRANGEBYSCORE",
        summary: "Tells the members with scores in a range, highest first.",
        since: "2.2.0",
        args: &[Arg::key("key"), Arg::double("max"), Arg::double("min"), WITHSCORES, LIMIT],
        history: &[("2.1.6", "`min` and `max` may be excluded.")],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")),
        run: |ctx| range(ctx, Some(Kind::Score), Some(true)),
        ..RANGES
    },
    Command {
        name: "ZRANGEBYLEX",
        summary: "Tells the members in a range of strings, where all have the same score.",
        since: "2.8.9",
        args: &[Arg::key("key"), Arg::string("min"), Arg::string("max"), LIMIT],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `BYLEX` argument")),
        run: |ctx| range(ctx, Some(Kind::Lex), Some(false)),
        ..RANGES
    },
    Command {
        name: "ZREVRANGEBYLEX",
        summary: "Tells the members in a range of strings, highest first, where all have the same score.",
        since: "2.8.9",
        args: &[Arg::key("key"), Arg::string("max"), Arg::string("min"), LIMIT],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")),
        run: |ctx| range(ctx, Some(Kind::Lex), Some(true)),
        ..RANGES
    },
];

const RANGES: Command = Command {
    arity: Arity::AtLeast(4),
    reply: "members in order, with their scores if those are asked for",
    complexity: "O(log(N)+M), N = members of the sorted set, M = members told",
    ..READS
};

const WITHSCORES: Arg = Arg::word("withscores", "WITHSCORES").optional();
pub(super) const LIMIT: Arg =
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional();

const LIMIT_BY_RANK: CommandError = CommandError::Line(
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
);
const SCORES_BY_LEX: CommandError =
    CommandError::Line("ERR syntax error, WITHSCORES not supported in combination with BYLEX");

/// What is asked for.
pub(super) struct Request<'a> {
    interval: Interval<'a>,
    reverse: bool,
    with_scores: bool,
    offset: i64,
    /// Negative: all.
    count: i64,
}

impl<'a> Request<'a> {
    /// Reads what follows the source key, which is at an index. `kind` and `reverse` are given where the name of the
    /// command says them; where they are not, options do.
    pub fn read(
        ctx: &Ctx<'a>,
        key_at: usize,
        kind: Option<Kind>,
        reverse: Option<bool>,
        stores: bool,
    ) -> Result<Self> {
        let (mut by, mut descending, mut with_scores) = (kind, reverse, false);
        let (mut offset, mut count, mut at) = (0, -1, key_at + 3);
        while at < ctx.argv.len() {
            if !stores && ctx.is(at, "WITHSCORES") {
                with_scores = true;
            } else if ctx.is(at, "LIMIT") && at + 2 < ctx.argv.len() {
                (offset, count) = (ctx.integer(at + 1)?, ctx.integer(at + 2)?);
                at += 2;
            } else if descending.is_none() && ctx.is(at, "REV") {
                descending = Some(true);
            } else if by.is_none() && ctx.is(at, "BYLEX") {
                by = Some(Kind::Lex);
            } else if by.is_none() && ctx.is(at, "BYSCORE") {
                by = Some(Kind::Score);
            } else {
                return Err(CommandError::Syntax);
            }
            at += 1;
        }
        let (kind, reverse) = (by.unwrap_or(Kind::Rank), descending.unwrap_or(false));
        if count != -1 && kind == Kind::Rank {
            return Err(LIMIT_BY_RANK);
        }
        if with_scores && kind == Kind::Lex {
            return Err(SCORES_BY_LEX);
        }
        let (mut min, mut max) = (ctx.argv.at(key_at + 1), ctx.argv.at(key_at + 2));
        if reverse && kind != Kind::Rank {
            std::mem::swap(&mut min, &mut max);
        }
        Ok(Request { interval: Interval::read(min, max, kind)?, reverse, with_scores, offset, count })
    }

    /// The elements asked for, in the order asked for.
    pub fn walk<'s>(&self, set: SortedSetView<'s>) -> Elements<'s> {
        let ranks = if self.reverse { self.interval.ranks_from_top(set) } else { self.interval.ranks(set) };
        let ranks = match self.interval {
            Interval::Ranks(..) => ranks,
            Interval::Between(..) => self.limited(ranks, set),
        };
        Elements { walk: set.range(ranks), reverse: self.reverse }
    }

    /// Ranks after LIMIT. An offset below zero finds nothing in a small set, and counts from the far end of the
    /// range in a large one: that is what clients of the peer get.
    fn limited(&self, ranks: Range<usize>, set: SortedSetView<'_>) -> Range<usize> {
        let (len, large) = (ranks.len(), matches!(set, SortedSetView::Full(_)));
        let skip = match usize::try_from(self.offset) {
            Ok(offset) => offset.min(len),
            Err(_) if large => match usize::try_from(self.offset.unsigned_abs()) {
                Ok(back) if back <= len => len - back,
                _ => len,
            },
            Err(_) => len,
        };
        let take = usize::try_from(self.count).unwrap_or(usize::MAX).min(len - skip);
        if self.reverse {
            ranks.end - skip - take..ranks.end - skip
        } else {
            ranks.start + skip..ranks.start + skip + take
        }
    }
}

/// Elements in the order asked for.
pub(super) struct Elements<'s> {
    walk: Walk<'s>,
    reverse: bool,
}

impl<'s> Iterator for Elements<'s> {
    type Item = <Walk<'s> as Iterator>::Item;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.reverse { self.walk.next_back() } else { self.walk.next() }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.walk.size_hint()
    }

    /// Asks for the direction once, not for each element.
    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, with: F) -> B {
        if self.reverse { self.walk.rev().fold(init, with) } else { self.walk.fold(init, with) }
    }
}

impl ExactSizeIterator for Elements<'_> {}

fn range(ctx: &mut Ctx<'_>, kind: Option<Kind>, reverse: Option<bool>) -> Result {
    let request = Request::read(ctx, 1, kind, reverse, false)?;
    let key = ctx.key(1);
    let (set, out) = view(ctx, key)?;
    let Some(set) = set else {
        out.array(0);
        return Ok(());
    };
    let elements = request.walk(set);
    if request.with_scores {
        pairs(out, elements.len());
        elements.for_each(|(name, score)| pair(out, name, score));
    } else {
        out.array(elements.len());
        let mut bulks = out.bulks();
        elements.for_each(|(name, _)| match name {
            Element::Str(bytes) => bulks.push(bytes),
            Element::Int(int) => bulks.push_integer(int),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn ranks_select_members() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 1 a 2 b 3 c 4 d
            :4
            > ZRANGE z 0 -1
            ["a" "b" "c" "d"]
            > ZRANGE z 1 2 WITHSCORES
            ["b" "2" "c" "3"]
            > ZRANGE z -3 -2
            ["b" "c"]
            > ZRANGE z 0 99
            ["a" "b" "c" "d"]
            > ZRANGE z 4 9
            []
            > ZRANGE z 2 1
            []
            > ZRANGE z 0 1 REV
            ["d" "c"]
            > ZRANGE z 0 -1 REV WITHSCORES
            ["d" "4" "c" "3" "b" "2" "a" "1"]
            > ZREVRANGE z 0 1
            ["d" "c"]
            > ZREVRANGE z -2 -1 WITHSCORES
            ["b" "2" "a" "1"]
            > ZREVRANGE z 9 10
            []
            > ZRANGE nope 0 -1
            []
            > ZRANGE z 0 -1 LIMIT 1 -1
            ["a" "b" "c" "d"]
            > HELLO 3
            *
            > ZRANGE z 0 1 WITHSCORES
            [["a" ,1] ["b" ,2]]
            > ZREVRANGE z 0 0 WITHSCORES
            [["d" ,4]]
            > ZRANGE nope 0 -1 WITHSCORES
            []
            "#,
        );
    }

    #[test]
    fn scores_select_members() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z -inf a 1 b 2 c 3 d 4 e 5 f +inf g
            :7
            > ZRANGEBYSCORE z -inf 2
            ["a" "b" "c"]
            > ZRANGEBYSCORE z (1 (4 WITHSCORES
            ["c" "2" "d" "3"]
            > ZRANGEBYSCORE z 4 2
            []
            > ZRANGEBYSCORE z 2.4 2.6
            []
            > ZRANGEBYSCORE z 1 5 LIMIT 1 2
            ["c" "d"]
            > ZRANGEBYSCORE z 1 5 LIMIT 1 2 WITHSCORES
            ["c" "2" "d" "3"]
            > ZRANGEBYSCORE z 1 5 LIMIT 4 -1
            ["f"]
            > ZRANGEBYSCORE z 1 5 LIMIT 20 10
            []
            > ZRANGEBYSCORE z 1 5 LIMIT 0 0
            []
            > ZREVRANGEBYSCORE z 5 (2 LIMIT 1 9
            ["e" "d"]
            > ZREVRANGEBYSCORE z +inf -inf LIMIT 2 3 WITHSCORES
            ["e" "4" "d" "3" "c" "2"]
            > ZREVRANGEBYSCORE z 2 5
            []
            > ZRANGE z 1 2 BYSCORE
            ["b" "c"]
            > ZRANGE z 2 1 BYSCORE REV WITHSCORES
            ["c" "2" "b" "1"]
            > ZRANGE z (1 inf BYSCORE LIMIT 0 2
            ["c" "d"]
            > ZRANGE z inf (1 REV BYSCORE LIMIT 0 2
            ["g" "f"]
            "#,
        );
    }

    #[test]
    fn strings_select_members() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 0 a 0 b 0 c 0 d 0 12
            :5
            > ZRANGEBYLEX z - (c
            ["12" "a" "b"]
            > ZRANGEBYLEX z [b [c
            ["b" "c"]
            > ZRANGEBYLEX z (b +
            ["c" "d"]
            > ZRANGEBYLEX z + -
            []
            > ZRANGEBYLEX z - + LIMIT 1 2
            ["a" "b"]
            > ZREVRANGEBYLEX z + (b
            ["d" "c"]
            > ZREVRANGEBYLEX z [c - LIMIT 0 2
            ["c" "b"]
            > ZRANGE z [1 [a BYLEX
            ["12" "a"]
            > ZRANGE z [a [1 BYLEX REV
            ["a" "12"]
            "#,
        );
    }

    #[test]
    fn offsets_below_zero_depend_on_the_encoding() {
        check(
            r#"
            > ZADD z 0 a 0 b 1 c 2 d 3 e
            :5
            > ZRANGEBYSCORE z -inf +inf LIMIT -1 2
            []
            > ZREVRANGEBYLEX z + - LIMIT -1 2
            []
            ! config zset-max-listpack-entries 0
            > ZADD y 0 a 0 b 1 c 2 d 3 e
            :5
            > ZRANGEBYSCORE y -inf +inf LIMIT -1 2
            ["e"]
            > ZRANGEBYSCORE y 1 2 LIMIT -2 2
            ["c" "d"]
            > ZREVRANGEBYSCORE y +inf -inf LIMIT -1 2
            ["a"]
            > ZRANGEBYSCORE y -inf +inf LIMIT -9 2
            []
            > ZRANGEBYLEX y - + LIMIT -1 2
            ["e"]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > ZRANGE z 0 1 LIMIT 0 1
            -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
            > ZREVRANGE z 0 1 LIMIT 0 1
            -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
            > ZRANGE z - + BYLEX WITHSCORES
            -ERR syntax error, WITHSCORES not supported in combination with BYLEX
            > ZRANGEBYLEX z - + WITHSCORES
            -ERR syntax error, WITHSCORES not supported in combination with BYLEX
            > ZRANGE z - + BYLEX BYSCORE
            -ERR syntax error
            > ZRANGE z 0 1 REV REV
            -ERR syntax error
            > ZREVRANGE z 0 1 REV
            -ERR syntax error
            > ZRANGEBYSCORE z 0 1 BYLEX
            -ERR syntax error
            > ZRANGE z 0 1 LIMIT 1
            -ERR syntax error
            > ZRANGEBYSCORE z 0 1 LIMIT a b
            -ERR value is not an integer or out of range
            > ZRANGE z a 1
            -ERR value is not an integer or out of range
            > ZRANGE z a 1 BYSCORE
            -ERR min or max is not a float
            > ZRANGEBYSCORE z 1 nan
            -ERR min or max is not a float
            > ZRANGE z a 1 BYLEX
            -ERR min or max not valid string range item
            > ZRANGEBYLEX z [a b
            -ERR min or max not valid string range item
            > SET s 1
            +OK
            > ZRANGE s 0 x
            -ERR value is not an integer or out of range
            > ZRANGE s 0 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZREVRANGEBYSCORE s 0 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZREVRANGEBYLEX s + -
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZRANGE z 1
            -ERR wrong number of arguments for 'zrange' command
            "#,
        );
    }
}
