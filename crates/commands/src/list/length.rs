//! LLEN: the length of a list.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::List;

use super::LIST;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LLEN",
    summary: "Answers how many elements a list has.",
    arity: Arity::Exactly(2),
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::at(1).ro()],
    args: &[Arg::key("key")],
    reply: "the number of elements, 0 without such a list",
    run: length,
    ..LIST
}];

fn length(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let len = ctx.db().view::<List>(key)?.map_or(0, |list| list.len());
    ctx.int(len as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn a_list_has_a_length() {
        check(
            r#"
            > LLEN l
            :0
            > RPUSH l a b c
            :3
            > LLEN l
            :3
            > SET s 1
            +OK
            > LLEN s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > LLEN
            -ERR wrong number of arguments for 'llen' command
            "#,
        );
    }
}
