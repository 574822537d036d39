//! LTRIM: removes what is outside of a range.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::List;

use super::{LIST, span, taken};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LTRIM",
    summary: "Keeps the elements from one index to another, both included, and removes all others.",
    arity: Arity::Exactly(4),
    flags: Flags::WRITE,
    keys: &[KeySpec::at(1).rw().delete()],
    args: &[Arg::key("key"), Arg::integer("start"), Arg::integer("stop")],
    reply: "OK",
    complexity: "O(N), N = elements removed",
    run: trim,
    ..LIST
}];

fn trim(ctx: &mut Ctx<'_>) -> Result {
    let (start, stop) = (ctx.integer(2)?, ctx.integer(3)?);
    let key = ctx.key(1);
    let edited = ctx.db().edit(key, |list: &mut List, env| {
        let before = list.len();
        let (first, count) = span(start, stop, before);
        list.keep(first, count, &env.limits);
        before - count
    })?;
    if let Some(edited) = edited {
        taken(ctx, key, "ltrim", edited.result, edited.gone);
    }
    ctx.ok()
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn what_is_outside_goes() {
        check_both(
            "! config list-max-listpack-size 3",
            r#"
            > RPUSH l 1 2 3 4 5 6 7 8
            :8
            > LTRIM l 1 -2
            +OK
            > LRANGE l 0 -1
            ["2" "3" "4" "5" "6" "7"]
            > LTRIM l -100 100
            +OK
            > LTRIM l 2 2
            +OK
            > LRANGE l 0 -1
            ["4"]
            > LTRIM l 1 0
            +OK
            > EXISTS l
            :0
            > RPUSH l 1 2 3 4 5 6 7 8
            :8
            > LTRIM l -3 -1
            +OK
            > LRANGE l 0 -1
            ["6" "7" "8"]
            > LTRIM l 0 -9223372036854775808
            +OK
            > EXISTS l
            :0
            > LTRIM l 0 1
            +OK
            "#,
        );
    }

    #[test]
    fn indexes_are_numbers() {
        check(
            r#"
            > LTRIM nope x 1
            -ERR value is not an integer or out of range
            > SET s 1
            +OK
            > LTRIM s 0 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LTRIM l 0
            -ERR wrong number of arguments for 'ltrim' command
            "#,
        );
    }
}
