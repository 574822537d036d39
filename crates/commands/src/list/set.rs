//! LSET: another element in the place of one.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, KeySpec, Result};
use keyspace::List;

use super::{LIST, from_start};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LSET",
    summary: "Puts another element in the place of that at an index; a negative one counts from the end.",
    arity: Arity::Exactly(4),
    flags: Flags::WRITE.and(Flags::DENYOOM),
    keys: &[KeySpec::at(1).rw().update()],
    args: &[Arg::key("key"), Arg::integer("index"), Arg::string("element")],
    reply: "OK",
    complexity: "O(N), N = nodes to the nearer end",
    run: set,
    ..LIST
}];

fn set(ctx: &mut Ctx<'_>) -> Result {
    let (key, index, element) = (ctx.key(1), ctx.integer(2), ctx.argv.at(3));
    let edited = ctx.db().edit(key, |list: &mut List, env| {
        let at = from_start(index?, list.len()).unwrap_or(usize::MAX);
        if list.replace(at, element, &env.limits) { Ok(()) } else { Err(CommandError::IndexOutOfRange) }
    })?;
    edited.ok_or(CommandError::NoSuchKey)?.result?;
    ctx.changed(key.bytes, Class::List, "lset");
    ctx.ok()
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn an_element_is_replaced() {
        check_both(
            "! config list-max-listpack-size 2",
            r#"
            > RPUSH l a b c d
            :4
            > LSET l 0 1
            +OK
            > LSET l -1 longer
            +OK
            > LSET l 2 ""
            +OK
            > LSET l -3 b2
            +OK
            > LRANGE l 0 -1
            ["1" "b2" "" "longer"]
            > LSET l 4 x
            -ERR index out of range
            > LSET l -5 x
            -ERR index out of range
            > LSET l x y
            -ERR value is not an integer or out of range
            > LRANGE l 0 -1
            ["1" "b2" "" "longer"]
            "#,
        );
    }

    /// Valkey 9.1.2 cuts the index to 32 bits and replaces another element: an error loses nothing.
    #[test]
    fn an_index_is_not_cut() {
        check(
            r#"
            # only here
            > RPUSH l a b
            :2
            > LSET l 4294967296 x
            -ERR index out of range
            > LSET l -9223372036854775808 x
            -ERR index out of range
            > LRANGE l 0 -1
            ["a" "b"]
            "#,
        );
    }

    #[test]
    fn where_there_is_no_list() {
        check(
            r#"
            > LSET nope x y
            -ERR no such key
            > SET s 1
            +OK
            > LSET s x y
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LSET l 0
            -ERR wrong number of arguments for 'lset' command
            "#,
        );
    }

    #[test]
    fn the_attempt_alone_may_make_a_quicklist() {
        check(
            r#"
            > CONFIG SET list-max-listpack-size 2
            +OK
            > RPUSH l a b
            :2
            > LSET l 5 x
            -ERR index out of range
            > OBJECT ENCODING l
            "quicklist"
            > LSET l 1 x
            +OK
            > OBJECT ENCODING l
            "quicklist"
            > RPOP l
            "x"
            > OBJECT ENCODING l
            "listpack"
            > LSET l 0 y
            +OK
            > OBJECT ENCODING l
            "listpack"
            "#,
        );
    }

    #[test]
    fn a_huge_element_has_a_node_of_its_own() {
        check(
            r#"
            > CONFIG SET list-max-listpack-size 3
            +OK
            > DEBUG QUICKLIST-PACKED-THRESHOLD 5b
            +OK
            > RPUSH l 1 2 3 4
            :4
            > LSET l 1 hugehuge
            +OK
            > LSET l 2 hugerhuger
            +OK
            > LRANGE l 0 -1
            ["1" "hugehuge" "hugerhuger" "4"]
            > LSET l 1 b
            +OK
            > LSET l -2 c
            +OK
            > LRANGE l 0 -1
            ["1" "b" "c" "4"]
            > DEBUG QUICKLIST-PACKED-THRESHOLD 0
            +OK
            "#,
        );
    }
}
