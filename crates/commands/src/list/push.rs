//! LPUSH, RPUSH, LPUSHX, RPUSHX: elements at an end of a list.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::{End, List};

use super::{LIST, added, push_event};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "LPUSH",
        summary: "Adds elements, one after the other, before the first of a list; a missing list is made.",
        run: |ctx| push(ctx, End::Head),
        ..PUSH
    },
    Command {
        name: "RPUSH",
        summary: "Adds elements after the last of a list; a missing list is made.",
        run: |ctx| push(ctx, End::Tail),
        ..PUSH
    },
    Command {
        name: "LPUSHX",
        summary: "Adds elements, one after the other, before the first of a list that is there.",
        run: |ctx| push_if_there(ctx, End::Head),
        ..PUSHX
    },
    Command {
        name: "RPUSHX",
        summary: "Adds elements after the last of a list that is there.",
        run: |ctx| push_if_there(ctx, End::Tail),
        ..PUSHX
    },
];

const PUSH: Command = Command {
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().insert()],
    args: &[Arg::key("key"), Arg::string("element").many()],
    reply: "the length after the change",
    complexity: "O(1) for each element",
    history: &[("2.4.0", "Takes several elements.")],
    ..LIST
};

const PUSHX: Command = Command {
    since: "2.2.0",
    reply: "the length after the change, 0 without such a list",
    history: &[("4.0.0", "Takes several elements.")],
    ..PUSH
};

fn push(ctx: &mut Ctx<'_>, end: End) -> Result {
    let (key, elements) = (ctx.key(1), ctx.argv.from(2).iter());
    let count = elements.len();
    let edited = ctx.db().edit_or_new(key, List::fresh, |list: &mut List, env| {
        list.push(end, elements, &env.limits);
        list.len()
    })?;
    added(ctx, key, push_event(end), count);
    ctx.int(edited.result as i64)
}

fn push_if_there(ctx: &mut Ctx<'_>, end: End) -> Result {
    let (key, elements) = (ctx.key(1), ctx.argv.from(2).iter());
    let count = elements.len();
    let edited = ctx.db().edit(key, |list: &mut List, env| {
        list.push(end, elements, &env.limits);
        list.len()
    })?;
    let Some(edited) = edited else { return ctx.int(0) };
    added(ctx, key, push_event(end), count);
    ctx.int(edited.result as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn elements_are_added_at_the_ends() {
        check(
            r#"
            > RPUSH l c d
            :2
            > LPUSH l b a
            :4
            > LRANGE l 0 -1
            ["a" "b" "c" "d"]
            > RPUSHX l 12 -0 ""
            :7
            > LPUSHX l 012
            :8
            > LRANGE l 0 -1
            ["012" "a" "b" "c" "d" "12" "-0" ""]
            > EXPIRE l 100
            :1
            > LPUSH l x
            :9
            > TTL l
            :100
            "#,
        );
    }

    #[test]
    fn only_if_there() {
        check(
            r#"
            > LPUSHX l a
            :0
            > RPUSHX l a b
            :0
            > EXISTS l
            :0
            > SET s 1
            +OK
            > LPUSHX s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > RPUSH s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LPUSH l
            -ERR wrong number of arguments for 'lpush' command
            > RPUSHX l
            -ERR wrong number of arguments for 'rpushx' command
            "#,
        );
    }

    #[test]
    fn many_elements_make_a_quicklist() {
        check(
            r#"
            > CONFIG SET list-max-listpack-size 3
            +OK
            > RPUSH l 1 2 3
            :3
            > OBJECT ENCODING l
            "listpack"
            > LPUSH l 0
            :4
            > OBJECT ENCODING l
            "quicklist"
            > RPUSH m 1 2 3 4
            :4
            > OBJECT ENCODING m
            "quicklist"
            > CONFIG SET list-max-listpack-size -1
            +OK
            > SETRANGE s 4089 x
            :4090
            > RPUSH n 1
            :1
            > OBJECT ENCODING n
            "listpack"
            "#,
        );
    }

    #[test]
    fn an_expired_list_is_none() {
        check(
            r#"
            > RPUSH l a
            :1
            > PEXPIRE l 10
            :1
            ! wait 20
            > LPUSHX l b
            :0
            > RPUSH l b
            :1
            > TTL l
            :-1
            "#,
        );
    }

    #[test]
    fn each_element_is_a_change() {
        let mut harness = testkit::Harness::new();
        harness.send("LPUSH l a b c");
        let info = harness.send("INFO persistence").to_string();
        assert!(info.contains("rdb_changes_since_last_save:3"), "{info}");
    }
}
