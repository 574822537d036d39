//! LMOVEM, BLMOVEM: several elements from one list to another (of Redis 8.10).
//!
//! ```text
//!   RPUSH s 1 2 3      LMOVEM s t LEFT LEFT COUNT 2 BULK    t: 1 2 ...     they keep their order
//!                      LMOVEM s t LEFT LEFT COUNT 2 OBO     t: 2 1 ...     as if moved one by one
//! ```
//!
//! One by one the order turns round if both ends are the same. The answer is in the order of the destination.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Result, Wait};
use keyspace::{Collection, Edited, End, Limits, List, Type};

use super::shift::{DESTINATION, SHIFT, SOURCE};
use super::{FROM, TO, added, count_at, end_at, has_list, pop_event, push_event, taken};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "LMOVEM",
        summary: "Moves up to, or exactly, so many elements from one list to another, and answers them.",
        arity: Arity::AtLeast(5),
        args: &[SOURCE, DESTINATION, FROM, TO, HOW_MANY],
        run: shift,
        ..SHIFT_MANY
    },
    Command {
        name: "BLMOVEM",
        summary: "Moves elements from one list to another, or waits until there are enough.",
        arity: Arity::AtLeast(6),
        flags: SHIFT.flags.and(Flags::BLOCKING),
        args: &[SOURCE, DESTINATION, FROM, TO, Arg::double("timeout"), HOW_MANY],
        run: shift_or_wait,
        ..SHIFT_MANY
    },
];

const SHIFT_MANY: Command = Command {
    since: "8.10.0",
    reply: "an array of the elements in the order of the destination; null if there are not enough",
    complexity: "O(N), N = elements moved",
    ..SHIFT
};

const HOW_MANY: Arg = Arg::block(
    "how-many",
    &[
        Arg::one_of(
            "selector",
            &[Arg::integer("count").token("COUNT"), Arg::integer("exactly").token("EXACTLY")],
        ),
        Arg::one_of("ordering", &[Arg::word("obo", "OBO"), Arg::word("bulk", "BULK")]),
    ],
)
.optional();

struct Request {
    from: End,
    to: End,
    least: usize,
    most: usize,
    /// Whether the order turns round on the way.
    reversed: bool,
}

/// Elements on their way, in the order of the source.
#[derive(Default)]
struct Load {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Load {
    fn get(&self, at: usize) -> &[u8] {
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[begin..self.ends[at]]
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// In the order of the destination, from the head on.
    fn ordered(&self, reversed: bool) -> impl DoubleEndedIterator<Item = &[u8]> + Clone {
        let last = self.len().saturating_sub(1);
        (0..self.len()).map(move |at| self.get(if reversed { last - at } else { at }))
    }

    /// Takes elements out of a list. The list is to be folded afterwards.
    fn take(&mut self, list: &mut List, from: End, count: usize) {
        let first = if from == End::Head { 0 } else { list.len() - count };
        let mut digits = Vec::new();
        list.view().range(End::Head, first, count, |element| {
            self.bytes.extend_from_slice(element.bytes(&mut digits));
            self.ends.push(self.bytes.len());
        });
        list.remove_of_more(first, count);
    }

    fn put(&self, list: &mut List, request: &Request, limits: &Limits) {
        let elements = self.ordered(request.reversed);
        match request.to {
            End::Head => list.push(End::Head, elements.rev(), limits),
            End::Tail => list.push(End::Tail, elements, limits),
        }
    }
}

/// Reads the ends from the third word on, and how many from `how_many` on.
fn request(ctx: &Ctx<'_>, how_many: usize) -> Result<Request> {
    let (from, to) = (end_at(ctx, 3)?, end_at(ctx, 4)?);
    let once = Request { from, to, least: 1, most: 1, reversed: false };
    match ctx.argv.len() - how_many {
        0 => return Ok(once),
        3 => {}
        _ => return Err(CommandError::Syntax),
    }
    let exactly = ctx.is(how_many, "EXACTLY");
    let one_by_one = ctx.is(how_many + 2, "OBO");
    if !exactly && !ctx.is(how_many, "COUNT") || !one_by_one && !ctx.is(how_many + 2, "BULK") {
        return Err(CommandError::Syntax);
    }
    let most = count_at(ctx, how_many + 1, 1, "ERR count should be greater than 0")?;
    let least = if exactly { most } else { 1 };
    Ok(Request { least, most, reversed: one_by_one && from == to, ..once })
}

fn shift(ctx: &mut Ctx<'_>) -> Result {
    let request = request(ctx, 5)?;
    if shift_several(ctx, &request)? { Ok(()) } else { ctx.null_array() }
}

fn shift_or_wait(ctx: &mut Ctx<'_>) -> Result {
    let request = request(ctx, 6)?;
    let timeout = ctx.timeout_seconds(5)?;
    if shift_several(ctx, &request)? {
        propagate(ctx);
        return Ok(());
    }
    if !ctx.may_block() {
        return ctx.null_array();
    }
    ctx.block(Wait::for_keys(1..2, Type::List, timeout))
}

/// Followers do not wait: they are told the same words without the timeout.
fn propagate(ctx: &mut Ctx<'_>) {
    if ctx.server.listeners.feed {
        let mut words: Vec<&[u8]> = ctx.argv.iter().collect();
        words.remove(5);
        words[0] = b"LMOVEM";
        ctx.propagate_instead(&words);
    }
}

/// Moves elements and answers them. False if there are not enough.
fn shift_several(ctx: &mut Ctx<'_>, request: &Request) -> Result<bool> {
    let (source, destination) = (ctx.key(1), ctx.key(2));
    if !has_list(ctx.db(), source)? {
        return Ok(false);
    }
    let same = source.bytes == destination.bytes;
    if !same {
        has_list(ctx.db(), destination)?;
    }
    let mut load = Load::default();
    let edited = ctx.db().edit(source, |list: &mut List, env| {
        let count = request.most.min(list.len());
        if count >= request.least {
            load.take(list, request.from, count);
            if same {
                load.put(list, request, &env.limits);
            }
            list.fold(&env.limits);
        }
    })?;
    if load.len() == 0 {
        return Ok(false);
    }
    if !same {
        ctx.db().edit_or_new(destination, List::fresh, |list: &mut List, env| {
            load.put(list, request, &env.limits);
        })?;
    }
    let out = &mut ctx.client.out;
    out.array(load.len());
    load.ordered(request.reversed).for_each(|element| out.bulk(element));
    added(ctx, destination, push_event(request.to), 0);
    let gone = edited.is_some_and(|Edited { gone, .. }| gone);
    taken(ctx, source, pop_event(request.from), load.len(), gone);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn one_without_saying_how_many() {
        check(
            r#"
            # only here
            > RPUSH s 1 2
            :2
            > LMOVEM s t LEFT RIGHT
            ["1"]
            > LMOVEM s t LEFT LEFT
            ["2"]
            > LMOVEM s t LEFT LEFT
            nil*
            > LRANGE t 0 -1
            ["2" "1"]
            "#,
        );
    }

    /// As the documentation of Redis 8.10 has it.
    #[test]
    fn orders_of_several() {
        for (ends, obo, bulk) in [
            ("LEFT LEFT", r#"["2" "1"]"#, r#"["1" "2"]"#),
            ("LEFT RIGHT", r#"["1" "2"]"#, r#"["1" "2"]"#),
            ("RIGHT LEFT", r#"["3" "four"]"#, r#"["3" "four"]"#),
            ("RIGHT RIGHT", r#"["four" "3"]"#, r#"["3" "four"]"#),
        ] {
            for (order, moved) in [("OBO", obo), ("BULK", bulk)] {
                for size in [-2, 2] {
                    check(&format!(
                        "> CONFIG SET list-max-listpack-size {size}\n+OK\n\
                         > RPUSH s 1 2 3 four\n:4\n\
                         > LMOVEM s t {ends} COUNT 2 {order}\n{moved}\n\
                         > LRANGE t 0 -1\n{moved}\n\
                         > LLEN s\n:2\n"
                    ));
                }
            }
        }
    }

    #[test]
    fn as_many_as_there_are_or_none() {
        check(
            r#"
            # only here
            > RPUSH s 1 2 3
            :3
            > RPUSH t x
            :1
            > LMOVEM s t LEFT RIGHT EXACTLY 4 BULK
            nil*
            > LMOVEM s t left right exactly 2 obo
            ["1" "2"]
            > LMOVEM s t LEFT RIGHT COUNT 9223372036854775807 BULK
            ["3"]
            > EXISTS s
            :0
            > LRANGE t 0 -1
            ["x" "1" "2" "3"]
            > EXPIRE t 100
            :1
            > LMOVEM t t LEFT RIGHT COUNT 2 BULK
            ["x" "1"]
            > LMOVEM t t LEFT LEFT EXACTLY 2 OBO
            ["3" "2"]
            > LMOVEM t t RIGHT RIGHT COUNT 10 BULK
            ["3" "2" "x" "1"]
            > TTL t
            :100
            "#,
        );
    }

    #[test]
    fn what_is_wrong_with_a_request() {
        check(
            r#"
            # only here
            > LMOVEM s t LEFT
            -ERR wrong number of arguments for 'lmovem' command
            > LMOVEM s t LEFT UP
            -ERR syntax error
            > LMOVEM s t LEFT LEFT COUNT 1
            -ERR syntax error
            > LMOVEM s t LEFT LEFT COUNT 1 SOMEHOW
            -ERR syntax error
            > LMOVEM s t LEFT LEFT ABOUT 1 OBO
            -ERR syntax error
            > LMOVEM s t LEFT LEFT COUNT 0 OBO
            -ERR count should be greater than 0
            > LMOVEM s t LEFT LEFT EXACTLY x OBO
            -ERR count should be greater than 0
            > BLMOVEM s t LEFT LEFT
            -ERR wrong number of arguments for 'blmovem' command
            > BLMOVEM s t LEFT LEFT x
            -ERR timeout is not a float or out of range
            > SET string 1
            +OK
            > LMOVEM string t LEFT LEFT
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > RPUSH s a
            :1
            > LMOVEM s string LEFT LEFT
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }

    #[test]
    fn who_waits_for_several_waits_until_they_are_there() {
        check(
            r#"
            # only here
            2> BLMOVEM s t LEFT RIGHT 0 EXACTLY 3 BULK
            > RPUSH s 1
            :1
            > LPUSHX s 0
            :2
            2>
            3> BLPOP s 0
            ["s" "0"]
            > RPUSH s 2
            :2
            > LINSERT s BEFORE 2 1.5
            :3
            2>
            ["1" "1.5" "2"]
            > LRANGE t 0 -1
            ["1" "1.5" "2"]
            3> BLMOVEM s t LEFT RIGHT 0 COUNT 3 BULK
            > RPUSH s a b
            :2
            3>
            ["a" "b"]
            4> BLMOVEM s t LEFT RIGHT 0.05
            ! wait 100
            4>
            nil*
            > MULTI
            +OK
            > BLMOVEM s t LEFT RIGHT 0
            +QUEUED
            > EXEC
            [nil*]
            "#,
        );
    }
}
