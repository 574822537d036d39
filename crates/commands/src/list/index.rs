//! LINDEX: one element.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::List;

use super::{LIST, from_start, put};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LINDEX",
    summary: "Answers the element at an index; a negative one counts from the end.",
    arity: Arity::Exactly(3),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key"), Arg::integer("index")],
    reply: "the element; null without such a list, and beyond its ends",
    complexity: "O(N), N = nodes to the nearer end",
    run: index,
    ..LIST
}];

fn index(ctx: &mut Ctx<'_>) -> Result {
    let index = ctx.integer(2);
    let (key, out) = (ctx.key(1), &mut ctx.client.out);
    // Only who finds a list minds what is no index.
    let Some(list) = ctx.keyspace.db(ctx.client.db).view::<List>(key)? else { return ctx.null() };
    let answered = from_start(index?, list.len()).and_then(|at| list.with(at, |element| put(out, element)));
    if answered.is_none() {
        out.null();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn an_element_of_a_list() {
        check_both(
            "! config list-max-listpack-size 2",
            r#"
            > RPUSH l a 1 b 2 c
            :5
            > LINDEX l 0
            "a"
            > LINDEX l 3
            "2"
            > LINDEX l 5
            nil
            > LINDEX l -1
            "c"
            > LINDEX l -5
            "a"
            > LINDEX l -6
            nil
            > LINDEX l 9223372036854775807
            nil
            > LINDEX l -9223372036854775808
            nil
            "#,
        );
    }

    #[test]
    fn an_index_is_a_number() {
        check(
            r#"
            > LINDEX nope x
            nil
            > RPUSH l a
            :1
            > LINDEX l x
            -ERR value is not an integer or out of range
            > SET s 1
            +OK
            > LINDEX s x
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LINDEX l
            -ERR wrong number of arguments for 'lindex' command
            "#,
        );
    }
}
