//! LRANGE: a part of a list.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::{End, List};

use super::{LIST, put_range, span};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LRANGE",
    summary: "Answers the elements from one index to another, both included; negative ones count from the end.",
    arity: Arity::Exactly(4),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key"), Arg::integer("start"), Arg::integer("stop")],
    reply: "an array of the elements, empty without such a list",
    complexity: "O(S+N), S = nodes to the nearer end, N = elements answered",
    run: range,
    ..LIST
}];

fn range(ctx: &mut Ctx<'_>) -> Result {
    let (start, stop) = (ctx.integer(2)?, ctx.integer(3)?);
    let (key, out) = (ctx.key(1), &mut ctx.client.out);
    match ctx.keyspace.db(ctx.client.db).view::<List>(key)? {
        Some(list) => {
            let (first, count) = span(start, stop, list.len());
            put_range(out, list, End::Head, first, count);
        }
        None => out.array(0),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn a_part_of_a_list() {
        check_both(
            "! config list-max-listpack-size 2",
            r#"
            > RPUSH l a 1 b 2 c
            :5
            > LRANGE l 0 -1
            ["a" "1" "b" "2" "c"]
            > LRANGE l 1 3
            ["1" "b" "2"]
            > LRANGE l -2 -1
            ["2" "c"]
            > LRANGE l -100 0
            ["a"]
            > LRANGE l 4 9223372036854775807
            ["c"]
            > LRANGE l -9223372036854775808 9223372036854775807
            ["a" "1" "b" "2" "c"]
            > LRANGE l 3 2
            []
            > LRANGE l 5 7
            []
            > LRANGE l 0 -6
            []
            > LRANGE l -1 -9223372036854775808
            []
            > LRANGE nope 0 -1
            []
            "#,
        );
    }

    #[test]
    fn a_part_of_compressed_nodes() {
        check(
            r#"
            > CONFIG SET list-max-listpack-size 2 list-compress-depth 1
            +OK
            > RPUSH l aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 2 x y
            :6
            > RPUSH l bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb z
            :8
            > LRANGE l 2 -1
            ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" "2" "x" "y"
            "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" "z"]
            > LINDEX l 2
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            > LSET l 2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
            +OK
            > LRANGE l 2 3
            ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" "2"]
            "#,
        );
    }

    #[test]
    fn indexes_are_numbers() {
        check(
            r#"
            > LRANGE nope 0 x
            -ERR value is not an integer or out of range
            > LRANGE nope 9223372036854775808 0
            -ERR value is not an integer or out of range
            > SET s 1
            +OK
            > LRANGE s 0 x
            -ERR value is not an integer or out of range
            > LRANGE s 0 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LRANGE l 0
            -ERR wrong number of arguments for 'lrange' command
            "#,
        );
    }
}
