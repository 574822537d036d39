//! LMOVE, RPOPLPUSH, BLMOVE, BRPOPLPUSH: an element from one list to another.
//!
//! The element is answered, too: so it is written into the reply first and pushed from there, without a copy of its
//! own.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Outbox, Result, Timeout, Wait};
use keyspace::{Edited, End, List, Type};
use resp::reply;
use structures::Element;

use super::{FROM, LIST, TO, added, end_at, has_list, pop_event, push_event, taken};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "LMOVE",
        summary: "Moves an element from an end of one list to an end of another, and answers it.",
        since: "6.2.0",
        arity: Arity::Exactly(5),
        args: &[SOURCE, DESTINATION, FROM, TO],
        run: |ctx| {
            let (from, to) = (end_at(ctx, 3)?, end_at(ctx, 4)?);
            shift(ctx, from, to)
        },
        ..SHIFT
    },
    Command {
        name: "RPOPLPUSH",
        summary: "Moves the last element of one list to the beginning of another, and answers it.",
        since: "1.2.0",
        arity: Arity::Exactly(3),
        run: |ctx| shift(ctx, End::Tail, End::Head),
        ..SHIFT
    },
    Command {
        name: "BLMOVE",
        summary: "Moves an element from an end of one list to an end of another, or waits for it.",
        since: "6.2.0",
        arity: Arity::Exactly(6),
        flags: SHIFT.flags.and(Flags::BLOCKING),
        args: &[SOURCE, DESTINATION, FROM, TO, Arg::double("timeout")],
        run: |ctx| {
            let (from, to) = (end_at(ctx, 3)?, end_at(ctx, 4)?);
            let timeout = ctx.timeout_seconds(5)?;
            shift_or_wait(ctx, from, to, timeout)
        },
        ..SHIFT
    },
    Command {
        name: "BRPOPLPUSH",
        summary: "Moves the last element of one list to the beginning of another, or waits for it.",
        since: "2.2.0",
        arity: Arity::Exactly(4),
        flags: SHIFT.flags.and(Flags::BLOCKING),
        args: &[SOURCE, DESTINATION, Arg::double("timeout")],
        history: &[("6.0.0", "The timeout may have a fraction.")],
        run: |ctx| {
            let timeout = ctx.timeout_seconds(3)?;
            shift_or_wait(ctx, End::Tail, End::Head, timeout)
        },
        ..SHIFT
    },
];

pub(super) const SOURCE: Arg = Arg::key("source");
pub(super) const DESTINATION: Arg = Arg::key("destination").spec(1);

pub(super) const SHIFT: Command = Command {
    flags: Flags::WRITE.and(Flags::DENYOOM),
    keys: &[KeySpec::at(1).rw().access().delete(), KeySpec::at(2).rw().insert()],
    args: &[SOURCE, DESTINATION],
    reply: "the element; null if the source is missing",
    ..LIST
};

fn shift(ctx: &mut Ctx<'_>, from: End, to: End) -> Result {
    if shift_one(ctx, from, to)? { Ok(()) } else { ctx.null() }
}

fn shift_or_wait(ctx: &mut Ctx<'_>, from: End, to: End, timeout: Timeout) -> Result {
    if shift_one(ctx, from, to)? {
        propagate(ctx);
        return Ok(());
    }
    if !ctx.may_block() {
        return ctx.null();
    }
    ctx.block(Wait::for_keys(1..2, Type::List, timeout))
}

/// Followers do not wait: they are told the same words without the timeout, which is the last.
fn propagate(ctx: &mut Ctx<'_>) {
    if ctx.server.listeners.feed {
        let mut words: Vec<&[u8]> = ctx.argv.iter().collect();
        words.pop();
        words[0] = if words.len() == 3 { b"RPOPLPUSH" } else { b"LMOVE" };
        ctx.propagate_instead(&words);
    }
}

/// Moves an element and answers it. False if there is no source.
fn shift_one(ctx: &mut Ctx<'_>, from: End, to: End) -> Result<bool> {
    let (source, destination) = (ctx.key(1), ctx.key(2));
    if !has_list(ctx.db(), source)? {
        return Ok(false);
    }
    let emptied = if source.bytes == destination.bytes {
        turn(ctx, from, to)?
    } else {
        has_list(ctx.db(), destination)?;
        carry(ctx, from, to)?
    };
    ctx.client.out.settle();
    added(ctx, destination, push_event(to), 0);
    taken(ctx, source, pop_event(from), 1, emptied);
    Ok(true)
}

/// Moves an element within a list.
fn turn(ctx: &mut Ctx<'_>, from: End, to: End) -> Result<bool> {
    let (key, out) = (ctx.key(1), &mut ctx.client.out);
    ctx.keyspace.db(ctx.client.db).edit(key, |list: &mut List, env| {
        if let Some(len) = list.pop_of_more(from, |element| answer(out, element)) {
            list.push(to, std::iter::once(answered(out, len)), &env.limits);
        }
        list.fold(&env.limits);
    })?;
    Ok(false)
}

/// Moves an element from one list to another. True if that was the last one.
fn carry(ctx: &mut Ctx<'_>, from: End, to: End) -> Result<bool> {
    let (source, destination) = (ctx.key(1), ctx.key(2));
    let (db, out) = (ctx.client.db, &mut ctx.client.out);
    let popped = ctx.keyspace.db(db).edit(source, |list: &mut List, env| {
        list.pop(from, &env.limits, |element| answer(out, element)).unwrap_or(0)
    })?;
    let Some(Edited { result: len, gone }) = popped else { return Ok(false) };
    let element = answered(out, len);
    ctx.keyspace.db(db).edit_or_new(destination, List::fresh, |list: &mut List, env| {
        list.push(to, std::iter::once(element), &env.limits);
    })?;
    Ok(gone)
}

/// Answers an element and returns its length. The reply stays in one piece until the outbox is settled.
fn answer(out: &mut Outbox, element: Element<'_>) -> usize {
    match element {
        Element::Str(bytes) => reply::bulk(out.buffer(), bytes),
        Element::Int(int) => reply::bulk_integer(out.buffer(), int),
    }
    element.len()
}

/// The element of so many bytes that was answered last.
fn answered(out: &mut Outbox, len: usize) -> &[u8] {
    let end = out.buffer().len() - 2;
    &out.buffer()[end - len..end]
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn from_any_end_to_any_end() {
        check(
            r#"
            > RPUSH s a b 3 d
            :4
            > LMOVE s t LEFT LEFT
            "a"
            > LMOVE s t right left
            "d"
            > LMOVE s t RIGHT RIGHT
            "3"
            > LRANGE t 0 -1
            ["d" "a" "3"]
            > RPOPLPUSH s t
            "b"
            > EXISTS s
            :0
            > LRANGE t 0 -1
            ["b" "d" "a" "3"]
            > LMOVE s t LEFT LEFT
            nil
            > RPOPLPUSH s t
            nil
            "#,
        );
    }

    #[test]
    fn within_a_list() {
        check_both(
            "! config list-max-listpack-size 2",
            r#"
            > RPUSH l 1 2 3
            :3
            > EXPIRE l 100
            :1
            > RPOPLPUSH l l
            "3"
            > LRANGE l 0 -1
            ["3" "1" "2"]
            > LMOVE l l LEFT LEFT
            "3"
            > LMOVE l l LEFT RIGHT
            "3"
            > LRANGE l 0 -1
            ["1" "2" "3"]
            > LTRIM l 0 0
            +OK
            > LMOVE l l LEFT RIGHT
            "1"
            > TTL l
            :100
            "#,
        );
    }

    #[test]
    fn a_turn_folds_nothing_that_grows_again() {
        check(
            r#"
            > CONFIG SET list-max-listpack-size 4
            +OK
            > RPUSH l 1 2 3 4 5
            :5
            > LTRIM l 0 2
            +OK
            > OBJECT ENCODING l
            "quicklist"
            > LMOVE l l LEFT RIGHT
            "1"
            > OBJECT ENCODING l
            "quicklist"
            "#,
        );
    }

    #[test]
    fn long_elements() {
        let mut harness = testkit::Harness::new();
        let long = "x".repeat(40_000);
        harness.send(&format!("RPUSH l {long} a"));
        assert_eq!(harness.send("LMOVE l m LEFT RIGHT").to_string(), format!("\"{long}\""));
        assert_eq!(harness.send("LMOVE m m LEFT RIGHT").to_string(), format!("\"{long}\""));
        assert_eq!(harness.send("OBJECT ENCODING l").to_string(), "\"listpack\"");
        assert_eq!(harness.send("OBJECT ENCODING m").to_string(), "\"quicklist\"");
        assert_eq!(harness.send("LINDEX m 0").to_string(), format!("\"{long}\""));
    }

    #[test]
    fn what_cannot_be_moved_stays() {
        check(
            r#"
            > SET s 1
            +OK
            > RPUSH l a
            :1
            > LMOVE l s LEFT LEFT
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LMOVE s l LEFT LEFT
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > RPOPLPUSH nope s
            nil
            > LRANGE l 0 -1
            ["a"]
            > LMOVE l m UP LEFT
            -ERR syntax error
            > LMOVE l m LEFT UP
            -ERR syntax error
            > BLMOVE l m LEFT UP x
            -ERR syntax error
            > BLMOVE l m LEFT LEFT x
            -ERR timeout is not a float or out of range
            > BRPOPLPUSH l m -1
            -ERR timeout is negative
            > BLMOVE s m LEFT LEFT 0
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > RPOPLPUSH l
            -ERR wrong number of arguments for 'rpoplpush' command
            > LMOVE l m LEFT
            -ERR wrong number of arguments for 'lmove' command
            "#,
        );
    }

    #[test]
    fn who_waits_gets_it_moved() {
        check(
            r#"
            > RPUSH l a b
            :2
            > BLMOVE l m LEFT RIGHT 0
            "a"
            > BRPOPLPUSH l m 0
            "b"
            2> BLMOVE l m LEFT RIGHT 0
            3> BRPOPLPUSH l m 0
            4> BLPOP n 0
            5> BRPOPLPUSH m n 0.05
            "a"
            4>
            ["n" "a"]
            > RPUSH l 1 2
            :2
            2>
            "1"
            3>
            "2"
            > LRANGE m 0 -1
            ["2" "b" "1"]
            6> BLMOVE nope m LEFT LEFT 0.05
            7> BRPOPLPUSH nope m 0.05
            ! wait 100
            6>
            nil*
            7>
            nil*
            > MULTI
            +OK
            > BLMOVE nope m LEFT LEFT 0
            +QUEUED
            > EXEC
            [nil]
            "#,
        );
    }

    #[test]
    fn a_destination_of_another_type_fails_when_it_is_served() {
        check(
            r#"
            > SET s x
            +OK
            2> BLMOVE l s LEFT LEFT 0
            3> BLPOP l 0
            > RPUSH l a
            :1
            2>
            -WRONGTYPE Operation against a key holding the wrong kind of value
            3>
            ["l" "a"]
            "#,
        );
    }

    #[test]
    fn chains_and_rings() {
        check(
            r#"
            2> BRPOPLPUSH a b 0
            3> BRPOPLPUSH b c 0
            4> BRPOPLPUSH c a 0
            > LPUSH a x
            :1
            2>
            "x"
            3>
            "x"
            4>
            "x"
            > LRANGE a 0 -1
            ["x"]
            > EXISTS b c
            :0
            5> BRPOPLPUSH self self 0
            > LPUSH self y
            :1
            5>
            "y"
            > LRANGE self 0 -1
            ["y"]
            "#,
        );
    }
}
