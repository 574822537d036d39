//! LPOP, RPOP: elements from an end of a list.

use engine::outbox::Outbox;
use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::{Collection, End, Limits, List};

use super::{LIST, count_at, pop_event, put, put_range, taken};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "LPOP",
        summary: "Removes the first element of a list, or several, and answers them.",
        run: |ctx| pop(ctx, End::Head),
        ..POP
    },
    Command {
        name: "RPOP",
        summary: "Removes the last element of a list, or several, and answers them.",
        run: |ctx| pop(ctx, End::Tail),
        ..POP
    },
];

const POP: Command = Command {
    arity: Arity::AtLeast(2),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().delete()],
    args: &[Arg::key("key"), Arg::integer("count").optional().since("6.2.0")],
    reply: "the element, with a count an array; null without such a list",
    complexity: "O(N) for N elements",
    history: &[("6.2.0", "The argument `count`.")],
    ..LIST
};

fn pop(ctx: &mut Ctx<'_>, end: End) -> Result {
    match ctx.argv.len() {
        2 => pop_one(ctx, end),
        3 => pop_several(ctx, end),
        _ => Err(ctx.wrong_arity()),
    }
}

fn pop_one(ctx: &mut Ctx<'_>, end: End) -> Result {
    let (key, out) = (ctx.key(1), &mut ctx.client.out);
    let edited = ctx.keyspace.db(ctx.client.db).edit(key, |list: &mut List, env| {
        list.pop(end, &env.limits, |element| put(out, element));
    })?;
    let Some(edited) = edited else { return ctx.null() };
    taken(ctx, key, pop_event(end), 1, edited.gone);
    Ok(())
}

fn pop_several(ctx: &mut Ctx<'_>, end: End) -> Result {
    let count = count_at(ctx, 2, 0, "ERR value is out of range, must be positive")?;
    let (key, out) = (ctx.key(1), &mut ctx.client.out);
    let edited = ctx
        .keyspace
        .db(ctx.client.db)
        .edit(key, |list: &mut List, env| pop_into(out, list, end, count, &env.limits))?;
    let Some(edited) = edited else { return ctx.null_array() };
    if edited.result > 0 {
        taken(ctx, key, pop_event(end), edited.result, edited.gone);
    }
    Ok(())
}

/// Removes up to `count` elements and answers an array of them. Returns how many they were.
pub(super) fn pop_into(out: &mut Outbox, list: &mut List, end: End, count: usize, limits: &Limits) -> usize {
    let len = list.len();
    let count = count.min(len);
    let (index, first) = match end {
        End::Head => (0, 0),
        End::Tail => (len.saturating_sub(1), len - count),
    };
    put_range(out, list.view(), end, index, count);
    list.remove(first, count, limits);
    count
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn elements_are_taken_from_the_ends() {
        check(
            r#"
            > RPUSH l a b 3 d e
            :5
            > LPOP l
            "a"
            > RPOP l
            "e"
            > LPOP l 0
            []
            > RPOP l 2
            ["d" "3"]
            > LPOP l 9223372036854775807
            ["b"]
            > EXISTS l
            :0
            > LPOP l
            nil
            > RPOP l
            nil
            > LPOP l 1
            nil*
            > RPOP l 0
            nil*
            > RPUSH l x
            :1
            > RPOP l
            "x"
            > EXISTS l
            :0
            "#,
        );
    }

    #[test]
    fn a_count_is_a_number() {
        check(
            r#"
            > RPUSH l a
            :1
            > LPOP l -1
            -ERR value is out of range, must be positive
            > RPOP l x
            -ERR value is out of range, must be positive
            > LPOP nope x
            -ERR value is out of range, must be positive
            > LPOP l 1 2
            -ERR wrong number of arguments for 'lpop' command
            > SET s 1
            +OK
            > LPOP s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > RPOP s 0
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }

    #[test]
    fn a_quicklist_half_empty_is_a_listpack() {
        check(
            r#"
            > CONFIG SET list-max-listpack-size 4
            +OK
            > RPUSH l 1 2 3 4 5 6
            :6
            > OBJECT ENCODING l
            "quicklist"
            > RPOP l 3
            ["6" "5" "4"]
            > OBJECT ENCODING l
            "quicklist"
            > LPOP l
            "1"
            > OBJECT ENCODING l
            "listpack"
            > LRANGE l 0 -1
            ["2" "3"]
            "#,
        );
    }

    #[test]
    fn a_list_emptied_by_a_pop_of_many_nodes() {
        let mut harness = testkit::Harness::new();
        for n in 0..3000 {
            harness.send(&format!("RPUSH l element-number-{n}"));
        }
        assert_eq!(harness.send("OBJECT ENCODING l").to_string(), "\"quicklist\"");
        let popped = harness.send("RPOP l 2999").to_string();
        assert!(popped.starts_with("[\"element-number-2999\" \"element-number-2998\""));
        assert_eq!(harness.send("LRANGE l 0 -1").to_string(), "[\"element-number-0\"]");
        assert_eq!(harness.send("OBJECT ENCODING l").to_string(), "\"listpack\"");
    }
}
