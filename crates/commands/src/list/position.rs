//! LPOS: where elements are.

use std::ops::ControlFlow;

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, KeySpec, Result};
use keyspace::{End, List, ListView};
use structures::quicklist::edit::int_of;

use super::{LIST, count_at, signed_at};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LPOS",
    summary: "Answers the index of an element equal to one, or several indexes.",
    since: "6.0.6",
    arity: Arity::AtLeast(3),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[
        Arg::key("key"),
        Arg::string("element"),
        Arg::integer("rank").token("RANK").optional(),
        Arg::integer("num-matches").token("COUNT").optional(),
        Arg::integer("len").token("MAXLEN").optional(),
    ],
    reply: "the index, null if there is none; with COUNT an array of indexes",
    complexity: "O(N), N = elements looked at",
    run: position,
    ..LIST
}];

/// What is looked for.
struct Search<'a> {
    wanted: &'a [u8],
    from: End,
    /// How many matches come before the first that counts.
    passed_over: usize,
    /// How many matches are wanted.
    most: usize,
    /// How many elements are looked at.
    reach: usize,
}

fn position(ctx: &mut Ctx<'_>) -> Result {
    let (search, several) = options(ctx)?;
    let (key, out) = (ctx.key(1), &mut ctx.client.out);
    let list = ctx.keyspace.db(ctx.client.db).view::<List>(key)?;
    if !several {
        match list.and_then(|list| first_match(&search, list)) {
            Some(index) => out.integer(index as i64),
            None => out.null(),
        }
        return Ok(());
    }
    let mut found = Vec::new();
    if let Some(list) = list {
        matches(&search, list, |index| found.push(index));
    }
    out.array(found.len());
    found.into_iter().for_each(|index| out.integer(index as i64));
    out.settle();
    Ok(())
}

/// The search, and whether an array is wanted.
fn options<'a>(ctx: &Ctx<'a>) -> Result<(Search<'a>, bool)> {
    let (mut rank, mut count, mut reach) = (1, None, 0);
    for at in (3..ctx.argv.len()).step_by(2) {
        if at + 1 == ctx.argv.len() {
            return Err(CommandError::Syntax);
        } else if ctx.is(at, "RANK") {
            rank = signed_at(ctx, at + 1)?;
            if rank == 0 {
                return Err(RANK_ZERO);
            }
        } else if ctx.is(at, "COUNT") {
            count = Some(count_at(ctx, at + 1, 0, "ERR COUNT can't be negative")?);
        } else if ctx.is(at, "MAXLEN") {
            reach = count_at(ctx, at + 1, 0, "ERR MAXLEN can't be negative")?;
        } else {
            return Err(CommandError::Syntax);
        }
    }
    let all_if_zero = |number: usize| if number == 0 { usize::MAX } else { number };
    let search = Search {
        wanted: ctx.argv.at(2),
        from: if rank < 0 { End::Tail } else { End::Head },
        passed_over: usize::try_from(rank.unsigned_abs() - 1).unwrap_or(usize::MAX),
        most: all_if_zero(count.unwrap_or(1)),
        reach: all_if_zero(reach),
    };
    Ok((search, count.is_some()))
}

const RANK_ZERO: CommandError = CommandError::Line(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start \
     from the end of the list",
);

fn first_match(search: &Search<'_>, list: ListView<'_>) -> Option<usize> {
    let mut first = None;
    matches(&Search { most: 1, ..*search }, list, |index| first = Some(index));
    first
}

/// Calls `tell` with the index of each match that counts.
fn matches(search: &Search<'_>, list: ListView<'_>, mut tell: impl FnMut(usize)) {
    let len = list.len();
    let start = if search.from == End::Head { 0 } else { len.saturating_sub(1) };
    let (int, mut looked_at, mut passed, mut told) = (int_of(search.wanted), 0, 0, 0);
    let _ = list.each(search.from, start, |element| {
        if looked_at == search.reach {
            return ControlFlow::Break(());
        }
        looked_at += 1;
        if !element.is(search.wanted, int) {
            return ControlFlow::Continue(());
        }
        if passed < search.passed_over {
            passed += 1;
            return ControlFlow::Continue(());
        }
        tell(if search.from == End::Head { looked_at - 1 } else { len - looked_at });
        told += 1;
        if told == search.most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn where_elements_are() {
        check_both(
            "! config list-max-listpack-size 3",
            r#"
            > RPUSH l a b c 1 2 3 c c
            :8
            > LPOS l a
            :0
            > LPOS l c
            :2
            > LPOS l 2
            :4
            > LPOS l nope
            nil
            > LPOS l c RANK 1
            :2
            > LPOS l c RANK 2
            :6
            > LPOS l c RANK 4
            nil
            > LPOS l c RANK -1
            :7
            > LPOS l c RANK -2
            :6
            > LPOS l c RANK 9223372036854775807
            nil
            > LPOS l c COUNT 0
            [:2 :6 :7]
            > LPOS l c COUNT 1
            [:2]
            > LPOS l c COUNT 2
            [:2 :6]
            > LPOS l c COUNT 100
            [:2 :6 :7]
            > LPOS l c COUNT 0 RANK 2
            [:6 :7]
            > LPOS l c COUNT 2 RANK -1
            [:7 :6]
            > LPOS l c COUNT 0 RANK 5
            []
            > LPOS l nope COUNT 0
            []
            > LPOS l a MAXLEN 1
            :0
            > LPOS l c MAXLEN 1
            nil
            > LPOS l c MAXLEN 2 RANK -1
            :7
            > LPOS l c COUNT 0 MAXLEN 3
            [:2]
            > LPOS l c COUNT 0 MAXLEN 0
            [:2 :6 :7]
            > LPOS l c COUNT 0 MAXLEN 7 RANK -1
            [:7 :6 :2]
            > LPOS l c RANK 1 RANK 2 COUNT 5 COUNT 1
            [:6]
            "#,
        );
    }

    #[test]
    fn without_a_list() {
        check(
            r#"
            > LPOS nope a
            nil
            > LPOS nope a COUNT 0
            []
            > LPOS nope a RANK 0
            -ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative *
            > LPOS nope a RANK x
            -ERR value is not an integer or out of range
            > LPOS nope a RANK -9223372036854775808
            -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
            > LPOS nope a COUNT -1
            -ERR COUNT can't be negative
            > LPOS nope a COUNT x
            -ERR COUNT can't be negative
            > LPOS nope a MAXLEN -1
            -ERR MAXLEN can't be negative
            > LPOS nope a COUNT
            -ERR syntax error
            > LPOS nope a FOO 1
            -ERR syntax error
            > SET s 1
            +OK
            > LPOS s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LPOS s a FOO
            -ERR syntax error
            > LPOS l
            -ERR wrong number of arguments for 'lpos' command
            "#,
        );
    }
}
