//! BLPOP, BRPOP: an element from the first list that has one, or waiting for it.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result, Wait};
use keyspace::{End, List, Type};

use super::mpop::propagate_pop;
use super::{LIST, pop_event, put, taken};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "BLPOP",
        summary: "Removes the first element of the first list that is there, or waits for one.",
        run: |ctx| pop_or_wait(ctx, End::Head),
        ..BLOCK_POP
    },
    Command {
        name: "BRPOP",
        summary: "Removes the last element of the first list that is there, or waits for one.",
        run: |ctx| pop_or_wait(ctx, End::Tail),
        ..BLOCK_POP
    },
];

const BLOCK_POP: Command = Command {
    since: "2.0.0",
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::BLOCKING),
    keys: &[KeySpec::at(1).rw().access().delete().range(-2, 1, 0)],
    args: &[Arg::key("key").many(), Arg::double("timeout")],
    reply: "the name of the list and the element; null if none came in time",
    complexity: "O(N), N = keys",
    history: &[("6.0.0", "The timeout may have a fraction.")],
    ..LIST
};

fn pop_or_wait(ctx: &mut Ctx<'_>, from: End) -> Result {
    let last = ctx.argv.len() - 1;
    let timeout = ctx.timeout_seconds(last)?;
    for at in 1..last {
        let (key, out) = (ctx.key(at), &mut ctx.client.out);
        let edited = ctx.keyspace.db(ctx.client.db).edit(key, |list: &mut List, env| {
            out.array(2);
            out.bulk(key.bytes);
            list.pop(from, &env.limits, |element| put(out, element));
        })?;
        if let Some(edited) = edited {
            taken(ctx, key, pop_event(from), 1, edited.gone);
            propagate_pop(ctx, from, key, None);
            return Ok(());
        }
    }
    if !ctx.may_block() {
        return ctx.null_array();
    }
    ctx.block(Wait::for_keys(1..last, Type::List, timeout))
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn what_is_there_is_taken_at_once() {
        check(
            r#"
            > RPUSH l a b c
            :3
            > BLPOP nope l 0
            ["l" "a"]
            > BRPOP l nope 1.5
            ["l" "c"]
            > BLPOP l 0
            ["l" "b"]
            > EXISTS l
            :0
            2> BLPOP l 0.01
            ! wait 30
            2>
            nil*
            > BLPOP l x
            -ERR timeout is not a float or out of range
            > BRPOP l -1
            -ERR timeout is negative
            > BLPOP 0
            -ERR wrong number of arguments for 'blpop' command
            > SET s 1
            +OK
            > BLPOP nope s 0
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }

    #[test]
    fn first_come_first_served() {
        check(
            r#"
            2> BLPOP l m 0
            3> BRPOP m l 0
            4> BLPOP l 0
            > RPUSH l 1 2
            :2
            2>
            ["l" "1"]
            3>
            ["l" "2"]
            4>
            > EXISTS l
            :0
            > LPUSH m x
            :1
            > LPUSHX l x
            :0
            > LPUSH l y
            :1
            4>
            ["l" "y"]
            > LLEN m
            :1
            "#,
        );
    }

    #[test]
    fn a_transaction_is_seen_as_a_whole() {
        check(
            r#"
            2> BLPOP l 0
            3> BLPOP m 0
            > MULTI
            +OK
            > LPUSH l a
            +QUEUED
            > LPUSH m b
            +QUEUED
            > LPUSH l c
            +QUEUED
            > DEL m
            +QUEUED
            > BLPOP nope 0
            +QUEUED
            > EXEC
            [:1 :1 :2 :1 nil*]
            2>
            ["l" "c"]
            3>
            > RPUSH m d
            :1
            3>
            ["m" "d"]
            "#,
        );
    }

    #[test]
    fn other_types_and_other_ways_to_make_a_list() {
        check(
            r#"
            2> BLPOP l 0
            > SET l 1
            +OK
            2>
            > DEL l
            :1
            > RPUSH other a b
            :2
            > RENAME other l
            +OK
            2>
            ["l" "a"]
            3> BRPOP copy 0
            > COPY l copy
            :1
            3>
            ["copy" "b"]
            4> BLPOP moved 0
            > LMOVE l moved LEFT LEFT
            "b"
            4>
            ["moved" "b"]
            "#,
        );
    }

    #[test]
    fn the_time_runs_out() {
        check(
            r#"
            2> BLPOP l 0.2
            3> BLPOP l 0
            ! wait 300
            2>
            nil*
            > LPUSH l a b
            :2
            3>
            ["l" "b"]
            "#,
        );
    }
}
