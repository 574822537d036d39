//! XRANGE, XREVRANGE, XLEN: look at entries.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};

use super::{id, reply};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "XLEN",
        summary: "Answers the number of entries in a stream.",
        arity: Arity::Exactly(2),
        flags: Flags::READONLY.and(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        args: &[Arg::key("key")],
        reply: "the number, 0 without such a key",
        complexity: "O(1)",
        history: &[],
        run: len,
        ..RANGE
    },
    Command {
        name: "XRANGE",
        summary: "Answers the entries of a stream between two ids.",
        args: &[
            Arg::key("key"),
            Arg::string("start"),
            Arg::string("end"),
            Arg::integer("count").token("COUNT").optional(),
        ],
        run: |ctx| range(ctx, Direction::Forwards),
        ..RANGE
    },
    Command {
        name: "XREVRANGE",
        summary: "Answers the entries of a stream between two ids, the last one first.",
        args: &[
            Arg::key("key"),
            Arg::string("end"),
            Arg::string("start"),
            Arg::integer("count").token("COUNT").optional(),
        ],
        run: |ctx| range(ctx, Direction::Backwards),
        ..RANGE
    },
];

const RANGE: Command = Command {
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(4),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    reply: "entries: id, and names and values",
    complexity: "O(N), N = entries answered",
    history: &[("6.2.0", "Intervals without their ends.")],
    ..Command::BLANK
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forwards,
    Backwards,
}

fn len(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let len = ctx.db().stream(key)?.map_or(0, |stream| stream.log.len());
    ctx.int(len as i64)
}

fn range(ctx: &mut Ctx<'_>, direction: Direction) -> Result {
    let (start, end) = if direction == Direction::Forwards { (2, 3) } else { (3, 2) };
    let (first, last) = (id::start(ctx.argv.at(start))?, id::end(ctx.argv.at(end))?);
    let count = count(ctx)?;
    let key = ctx.key(1);
    let out = &mut ctx.client.out;
    let Some(stream) = ctx.keyspace.db(ctx.client.db).stream(key)? else {
        out.array(0);
        return Ok(());
    };
    match direction {
        _ if count == 0 => out.null_array(),
        Direction::Forwards => reply::entries(out, stream.log.range(first, last).take(count)),
        Direction::Backwards => reply::entries(out, stream.log.range_back(first, last).take(count)),
    }
    Ok(())
}

/// The last COUNT counts; without one, all.
fn count(ctx: &Ctx<'_>) -> Result<usize> {
    let (mut count, mut at) = (usize::MAX, 4);
    while at < ctx.argv.len() {
        if !ctx.is(at, "COUNT") || at + 1 == ctx.argv.len() {
            return Err(CommandError::Syntax);
        }
        count = usize::try_from(ctx.integer(at + 1)?).unwrap_or(0);
        at += 2;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn entries_are_answered_in_order() {
        check(
            r#"
            > XADD s 1-1 a 1 b 2
            "1-1"
            > XADD s 1-2 a 3 b x
            "1-2"
            > XADD s 2-1 c ""
            "2-1"
            > XRANGE s - +
            [["1-1" ["a" "1" "b" "2"]] ["1-2" ["a" "3" "b" "x"]] ["2-1" ["c" ""]]]
            > XREVRANGE s + -
            [["2-1" ["c" ""]] ["1-2" ["a" "3" "b" "x"]] ["1-1" ["a" "1" "b" "2"]]]
            > XRANGE s 1 1
            [["1-1" ["a" "1" "b" "2"]] ["1-2" ["a" "3" "b" "x"]]]
            > XRANGE s (1-1 (2-1
            [["1-2" ["a" "3" "b" "x"]]]
            > XREVRANGE s (2-1 (1-1
            [["1-2" ["a" "3" "b" "x"]]]
            > XRANGE s - + COUNT 1
            [["1-1" ["a" "1" "b" "2"]]]
            > XREVRANGE s + - COUNT 5 count 1
            [["2-1" ["c" ""]]]
            > XRANGE s 5 +
            []
            > XRANGE s 2 1
            []
            > XRANGE s - + COUNT 0
            nil*
            > XRANGE s - + COUNT -5
            nil*
            > XRANGE nope - + COUNT 0
            []
            > XLEN s
            :3
            > XLEN nope
            :0
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XRANGE s (- +
            -ERR Invalid stream ID specified as stream command argument
            > XRANGE s - (0-0
            -ERR invalid end ID for the interval
            > XRANGE s (18446744073709551615-18446744073709551615 +
            -ERR invalid start ID for the interval
            > XRANGE s a +
            -ERR Invalid stream ID specified as stream command argument
            > XRANGE s - + COUNT
            -ERR syntax error
            > XRANGE s - + COUNT x
            -ERR value is not an integer or out of range
            > XRANGE s - + FOO 1
            -ERR syntax error
            > XRANGE s -
            -ERR wrong number of arguments for 'xrange' command
            > SET str x
            +OK
            > XRANGE str - +
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XREVRANGE str + -
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XLEN str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
