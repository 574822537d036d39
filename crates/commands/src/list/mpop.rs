//! LMPOP, BLMPOP: elements from the first list that has any.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, KeySpec, Result, Wait};
use keyspace::{End, Key, List, Type};

use super::pop::pop_into;
use super::{ENDS, LIST, count_at, end_at, pop_event, taken};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "LMPOP",
        summary: "Removes elements from an end of the first list that is there, and answers them.",
        arity: Arity::AtLeast(4),
        keys: &[KEYS.keynum(0, 1, 1)],
        args: &[NUMKEYS, NAMES, WHERE, COUNT],
        run: pop,
        ..MPOP
    },
    Command {
        name: "BLMPOP",
        summary: "Removes elements from an end of the first list that is there, or waits for one.",
        arity: Arity::AtLeast(5),
        flags: MPOP.flags.and(Flags::BLOCKING),
        keys: &[KeySpec::at(2).rw().access().delete().keynum(0, 1, 1)],
        args: &[Arg::double("timeout"), NUMKEYS, NAMES, WHERE, COUNT],
        run: pop_or_wait,
        ..MPOP
    },
];

const KEYS: KeySpec = KeySpec::at(1).rw().access().delete();
const NUMKEYS: Arg = Arg::integer("numkeys");
const NAMES: Arg = Arg::key("key").many();
const WHERE: Arg = Arg::one_of("where", ENDS);
const COUNT: Arg = Arg::integer("count").token("COUNT").optional();

const MPOP: Command = Command {
    since: "7.0.0",
    flags: Flags::WRITE.and(Flags::MOVABLEKEYS),
    reply: "the name of the list and an array of the elements; null if there is none",
    complexity: "O(N+M), N = keys, M = elements",
    ..LIST
};

/// What is asked for: the keys are words from `first` on, to `end`.
struct Request {
    first: usize,
    end: usize,
    from: End,
    count: usize,
}

/// Reads the words from `numkeys` on.
fn request(ctx: &Ctx<'_>, numkeys: usize) -> Result<Request> {
    let keys = count_at(ctx, numkeys, 1, "ERR numkeys should be greater than 0")?;
    let first = numkeys + 1;
    let end = first.checked_add(keys).filter(|end| *end < ctx.argv.len()).ok_or(CommandError::Syntax)?;
    let from = end_at(ctx, end)?;
    let count = match ctx.argv.len() - end {
        1 => 1,
        3 if ctx.is(end + 1, "COUNT") => count_at(ctx, end + 2, 1, "ERR count should be greater than 0")?,
        // The peer has read the first COUNT when it stumbles over what follows.
        4.. if ctx.is(end + 1, "COUNT") => {
            count_at(ctx, end + 2, 1, "ERR count should be greater than 0")?;
            return Err(CommandError::Syntax);
        }
        _ => return Err(CommandError::Syntax),
    };
    Ok(Request { first, end, from, count })
}

fn pop(ctx: &mut Ctx<'_>) -> Result {
    let request = request(ctx, 1)?;
    if pop_first(ctx, &request)? { Ok(()) } else { ctx.null_array() }
}

fn pop_or_wait(ctx: &mut Ctx<'_>) -> Result {
    let request = request(ctx, 2)?;
    let timeout = ctx.timeout_seconds(1)?;
    if pop_first(ctx, &request)? {
        return Ok(());
    }
    if !ctx.may_block() {
        return ctx.null_array();
    }
    ctx.block(Wait::for_keys(request.first..request.end, Type::List, timeout))
}

/// Pops from the first list that there is, and answers. False if there is none.
fn pop_first(ctx: &mut Ctx<'_>, request: &Request) -> Result<bool> {
    let Request { first, end, from, count } = *request;
    for at in first..end {
        let (key, out) = (ctx.key(at), &mut ctx.client.out);
        let edited = ctx.keyspace.db(ctx.client.db).edit(key, |list: &mut List, env| {
            out.array(2);
            out.bulk(key.bytes);
            pop_into(out, list, from, count, &env.limits)
        })?;
        if let Some(edited) = edited {
            taken(ctx, key, pop_event(from), edited.result, edited.gone);
            propagate_pop(ctx, from, key, Some(edited.result));
            return Ok(true);
        }
    }
    Ok(false)
}

/// Tells followers which elements were popped in the end.
pub(super) fn propagate_pop(ctx: &mut Ctx<'_>, from: End, key: Key<'_>, count: Option<usize>) {
    if !ctx.server.listeners.feed {
        return;
    }
    let name: &[u8] = if from == End::Head { b"LPOP" } else { b"RPOP" };
    let mut digits = Vec::new();
    match count {
        Some(count) => {
            stdx::num::write_i64(&mut digits, count as i64);
            ctx.propagate_instead(&[name, key.bytes, &digits]);
        }
        None => ctx.propagate_instead(&[name, key.bytes]),
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn the_first_list_is_taken() {
        check(
            r#"
            > RPUSH b 1 2 3
            :3
            > RPUSH c 4
            :1
            > LMPOP 3 a b c LEFT
            ["b" ["1"]]
            > LMPOP 3 a c b right COUNT 10
            ["c" ["4"]]
            > LMPOP 3 a c b RIGHT count 10
            ["b" ["3" "2"]]
            > LMPOP 3 a c b RIGHT
            nil*
            > EXISTS b
            :0
            2> BLMPOP 0.001 1 a LEFT
            ! wait 30
            2>
            nil*
            > RPUSH a x y
            :2
            > BLMPOP 0 2 nope a RIGHT COUNT 5
            ["a" ["y" "x"]]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_with_a_request() {
        check(
            r#"
            > LMPOP 0 a LEFT
            -ERR numkeys should be greater than 0
            > LMPOP x a LEFT
            -ERR numkeys should be greater than 0
            > LMPOP 1 a
            -ERR wrong number of arguments for 'lmpop' command
            > LMPOP 2 a LEFT
            -ERR syntax error
            > LMPOP 9223372036854775807 a LEFT
            -ERR syntax error
            > LMPOP 1 a MIDDLE
            -ERR syntax error
            > LMPOP 1 a LEFT COUNT
            -ERR syntax error
            > LMPOP 1 a LEFT COUNT 0
            -ERR count should be greater than 0
            > LMPOP 1 a LEFT COUNT x
            -ERR count should be greater than 0
            > LMPOP 1 a LEFT COUNT 1 COUNT 2
            -ERR syntax error
            > LMPOP 1 a LEFT COUNT 0 COUNT
            -ERR count should be greater than 0
            > LMPOP 1 a LEFT FOO 1
            -ERR syntax error
            > BLMPOP x 1 a LEFT
            -ERR timeout is not a float or out of range
            > BLMPOP -1 1 a LEFT
            -ERR timeout is negative
            > BLMPOP x 0 a LEFT
            -ERR numkeys should be greater than 0
            > BLMPOP 0 1 a
            -ERR wrong number of arguments for 'blmpop' command
            > SET s 1
            +OK
            > LMPOP 2 a s LEFT
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > BLMPOP 0 2 a s LEFT
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > RPUSH l x
            :1
            > LMPOP 2 l s LEFT
            ["l" ["x"]]
            "#,
        );
    }

    #[test]
    fn who_waits_is_served_in_turn() {
        check(
            r#"
            2> BLMPOP 0 2 a b LEFT COUNT 2
            3> BLMPOP 0 1 b RIGHT
            > RPUSH b 1 2 3 4
            :4
            2>
            ["b" ["1" "2"]]
            3>
            ["b" ["4"]]
            > LRANGE b 0 -1
            ["3"]
            > MULTI
            +OK
            > BLMPOP 0 1 nope LEFT
            +QUEUED
            > EXEC
            [nil*]
            "#,
        );
    }
}
