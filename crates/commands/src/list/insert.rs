//! LINSERT: an element beside another one.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, KeySpec, Result};
use keyspace::{List, Side};

use super::{LIST, added};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LINSERT",
    summary: "Adds an element before or after the first one that is equal to another.",
    since: "2.2.0",
    arity: Arity::Exactly(5),
    flags: Flags::WRITE.and(Flags::DENYOOM),
    keys: &[KeySpec::at(1).rw().insert()],
    args: &[
        Arg::key("key"),
        Arg::one_of("where", &[Arg::word("before", "BEFORE"), Arg::word("after", "AFTER")]),
        Arg::string("pivot"),
        Arg::string("element"),
    ],
    reply: "the length after the change; 0 without such a list, -1 without such an element",
    complexity: "O(N), N = elements before the one looked for",
    run: insert,
    ..LIST
}];

fn insert(ctx: &mut Ctx<'_>) -> Result {
    let side = match () {
        () if ctx.is(2, "AFTER") => Side::After,
        () if ctx.is(2, "BEFORE") => Side::Before,
        () => return Err(CommandError::Syntax),
    };
    let (key, pivot, element) = (ctx.key(1), ctx.argv.at(3), ctx.argv.at(4));
    let edited = ctx.db().edit(key, |list: &mut List, env| {
        list.insert(side, pivot, element, &env.limits).then(|| list.len())
    })?;
    let Some(edited) = edited else { return ctx.int(0) };
    let Some(len) = edited.result else { return ctx.int(-1) };
    added(ctx, key, "linsert", 1);
    ctx.int(len as i64)
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn beside_an_element() {
        check_both(
            "! config list-max-listpack-size 2",
            r#"
            > RPUSH l a 2 c 2 e
            :5
            > LINSERT l BEFORE 2 new
            :6
            > LINSERT l after 2 7
            :7
            > LINSERT l AFTER e last
            :8
            > LINSERT l before a first
            :9
            > LINSERT l BEFORE 02 x
            :-1
            > LRANGE l 0 -1
            ["first" "a" "new" "2" "7" "c" "2" "e" "last"]
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
            > LINSERT l BEFORE nope x
            :-1
            > OBJECT ENCODING l
            "quicklist"
            "#,
        );
    }

    #[test]
    fn where_nothing_can_be_inserted() {
        check(
            r#"
            > LINSERT nope BEFORE a b
            :0
            > LINSERT nope BESIDE a b
            -ERR syntax error
            > SET s 1
            +OK
            > LINSERT s BEFORE a b
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LINSERT l BEFORE a
            -ERR wrong number of arguments for 'linsert' command
            "#,
        );
    }
}
