//! LREM: removes elements by their value.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::{End, List};

use super::{LIST, signed_at, taken};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LREM",
    summary: "Removes elements equal to one: so many from the beginning, from the end if negative, all if 0.",
    arity: Arity::Exactly(4),
    flags: Flags::WRITE,
    keys: &[KeySpec::at(1).rw().delete()],
    args: &[Arg::key("key"), Arg::integer("count"), Arg::string("element")],
    reply: "how many were removed",
    complexity: "O(N), N = elements of the list",
    run: remove,
    ..LIST
}];

fn remove(ctx: &mut Ctx<'_>) -> Result {
    let count = signed_at(ctx, 2)?;
    let from = if count < 0 { End::Tail } else { End::Head };
    let most = match count {
        0 => usize::MAX,
        _ => usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX),
    };
    let (key, element) = (ctx.key(1), ctx.argv.at(3));
    let edited =
        ctx.db().edit(key, |list: &mut List, env| list.remove_equal(element, from, most, &env.limits))?;
    let Some(edited) = edited else { return ctx.int(0) };
    if edited.result > 0 {
        taken(ctx, key, "lrem", edited.result, edited.gone);
    }
    ctx.int(edited.result as i64)
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn by_value() {
        check_both(
            "! config list-max-listpack-size 3",
            r#"
            > RPUSH l x 1 x 2 x 3 x 1
            :8
            > LREM l 1 x
            :1
            > LREM l -2 x
            :2
            > LRANGE l 0 -1
            ["1" "x" "2" "3" "1"]
            > LREM l 0 1
            :2
            > LREM l 5 01
            :0
            > LREM l -1 nope
            :0
            > LRANGE l 0 -1
            ["x" "2" "3"]
            > LREM l 9223372036854775807 x
            :1
            > LREM l -9223372036854775807 2
            :1
            > LREM l 0 3
            :1
            > EXISTS l
            :0
            "#,
        );
    }

    #[test]
    fn a_count_is_a_number() {
        check(
            r#"
            > LREM nope 0 a
            :0
            > LREM nope x a
            -ERR value is not an integer or out of range
            > LREM nope -9223372036854775808 a
            -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
            > SET s 1
            +OK
            > LREM s 0 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LREM l 0
            -ERR wrong number of arguments for 'lrem' command
            "#,
        );
    }
}
