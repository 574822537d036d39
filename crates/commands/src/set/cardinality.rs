//! SINTERCARD, SUNIONCARD, SDIFFCARD: how many members a result would have, which is not made.

use std::ops::ControlFlow::{Break, Continue};

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};

use super::algebra::{Sources, counted_keys, limit};
use super::difference::Difference;
use super::intersect::intersect;
use super::met::Met;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SDIFFCARD",
        summary: "Answers how many members of the first set none of the others has.",
        since: "8.10.0",
        args: &[NUMKEYS, KEYS, LIMIT],
        complexity: "O(N), N = size of all sets together",
        run: sdiffcard,
        ..COUNTS
    },
    Command {
        name: "SINTERCARD",
        summary: "Answers how many members all of the sets have.",
        since: "7.0.0",
        args: &[NUMKEYS, KEYS, LIMIT],
        complexity: "O(N*M), N = size of the smallest set, M = number of sets",
        run: sintercard,
        ..COUNTS
    },
    Command {
        name: "SUNIONCARD",
        summary: "Answers how many members at least one of the sets has.",
        since: "8.10.0",
        args: &[NUMKEYS, KEYS, Arg::word("approx", "APPROX").optional(), LIMIT],
        complexity: "O(N), N = size of all sets together",
        run: sunioncard,
        ..COUNTS
    },
];

const COUNTS: Command = Command {
    group: Group::Set,
    arity: Arity::AtLeast(3),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).keynum(0, 1, 1).ro().access()],
    reply: "the number, or the limit if it is larger",
    ..Command::BLANK
};

const NUMKEYS: Arg = Arg::integer("numkeys");
const KEYS: Arg = Arg::key("key").many();
const LIMIT: Arg = Arg::integer("limit").token("LIMIT").optional();

/// Looks up the keys, once LIMIT is known. An estimate may be asked for (APPROX), but ours is exact.
fn request<'a>(ctx: &mut Ctx<'a>, may_estimate: bool) -> Result<(Sources<'a>, usize)> {
    let end = counted_keys(ctx)?;
    let (mut most, mut at) = (usize::MAX, end);
    while at < ctx.argv.len() {
        if ctx.is(at, "LIMIT") && at + 1 < ctx.argv.len() {
            most = limit(ctx, at + 1)?;
            at += 2;
        } else if may_estimate && ctx.is(at, "APPROX") {
            at += 1;
        } else {
            return Err(CommandError::Syntax);
        }
    }
    Ok((Sources::look_up(ctx, 2, end)?, most))
}

fn sintercard(ctx: &mut Ctx<'_>) -> Result {
    let (sources, most) = request(ctx, false)?;
    let mut count = 0;
    intersect(sources.sets(ctx.keyspace), |_| {
        count += 1;
        if count < most { Continue(()) } else { Break(()) }
    });
    ctx.int(count as i64)
}

fn sunioncard(ctx: &mut Ctx<'_>) -> Result {
    let (sources, most) = request(ctx, true)?;
    let sets: Vec<_> = sources.sets(ctx.keyspace).into_iter().flatten().collect();
    if let [only] = sets[..] {
        let count = only.len().min(most);
        return ctx.int(count as i64);
    }
    let mut met = Met::new(ctx.keyspace.env.seed, 0);
    for member in sets.iter().flat_map(|set| set.iter()) {
        met.insert(member, ());
        if met.len() >= most {
            break;
        }
    }
    let count = met.len();
    ctx.int(count as i64)
}

fn sdiffcard(ctx: &mut Ctx<'_>) -> Result {
    let (sources, most) = request(ctx, false)?;
    let seed = ctx.keyspace.env.seed;
    let sets = Difference::of(&sources, ctx.keyspace);
    let count = sets.map_or(0, |sets| sets.count(seed, most));
    ctx.int(count as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn intersections_are_counted() {
        check(
            r#"
            > SADD a 1 2 3 x y
            :5
            > SADD b 3 x 2 z
            :4
            > SINTERCARD 2 a b
            :3
            > SINTERCARD 2 a b LIMIT 2
            :2
            > SINTERCARD 2 a b limit 0
            :3
            > SINTERCARD 2 a b LIMIT 10
            :3
            > SINTERCARD 2 a b LIMIT 10 LIMIT 1
            :1
            > SINTERCARD 1 a
            :5
            > SINTERCARD 2 a none
            :0
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_order() {
        check(
            r#"
            > SET str x
            +OK
            > SINTERCARD 2 none str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SINTERCARD 0 str
            -ERR numkeys should be greater than 0
            > SINTERCARD -1 str
            -ERR numkeys should be greater than 0
            > SINTERCARD x str
            -ERR numkeys should be greater than 0
            > SINTERCARD 2 str
            -ERR Number of keys can't be greater than number of args
            > SINTERCARD 1 str LIMIT
            -ERR syntax error
            > SINTERCARD 1 str LIMIT -1
            -ERR LIMIT can't be negative
            > SINTERCARD 1 str LIMIT x
            -ERR LIMIT can't be negative
            > SINTERCARD 1 str FOO 1
            -ERR syntax error
            > SINTERCARD 1 str APPROX
            -ERR syntax error
            > SINTERCARD 1
            -ERR wrong number of arguments for 'sintercard' command
            "#,
        );
    }

    /// Commands of Redis 8.10, which the peers of our tests do not have.
    #[test]
    fn unions_and_differences_are_counted() {
        let mut h = testkit::Harness::new();
        h.send("SADD a 1 2 3 x y");
        h.send("SADD b 3 x 2 z");
        h.send("SADD c 1");
        let counts = [
            ("SUNIONCARD 2 a b", 6),
            ("SUNIONCARD 3 a none b LIMIT 4", 4),
            ("SUNIONCARD 2 a b APPROX LIMIT 0", 6),
            ("SUNIONCARD 1 a LIMIT 3 APPROX", 3),
            ("SUNIONCARD 1 none", 0),
            ("SDIFFCARD 2 a b", 2),
            ("SDIFFCARD 2 a b LIMIT 1", 1),
            ("SDIFFCARD 4 a c c c", 4),
            ("SDIFFCARD 4 a c c c LIMIT 3", 3),
            ("SDIFFCARD 2 none a", 0),
            ("SDIFFCARD 2 a a", 0),
        ];
        for (request, count) in counts {
            assert_eq!(h.send(request).to_string(), format!(":{count}"), "{request}");
        }
        assert_eq!(h.send("SDIFFCARD 1 a APPROX").to_string(), "-ERR syntax error");
        assert_eq!(h.send("SUNIONCARD 1 a LIMIT").to_string(), "-ERR syntax error");
    }
}
