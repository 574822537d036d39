//! HDEL: remove fields. One whose time is up is not there for it, and stays until it is cleared away.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Hash;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "HDEL",
    summary: "Removes fields from a hash, and the hash with its last one.",
    since: "2.0.0",
    group: Group::Hash,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().delete()],
    args: &[Arg::key("key"), Arg::string("field").many()],
    reply: "how many were removed",
    complexity: "O(N), N = number of fields named",
    history: &[("2.4.0", "Several `field` in one call.")],
    run: hdel,
    ..Command::BLANK
}];

fn hdel(ctx: &mut Ctx<'_>) -> Result {
    let (key, argv) = (ctx.key(1), ctx.argv);
    let edited = ctx.db().edit(key, |hash: &mut Hash, env| {
        argv.iter().skip(2).filter(|field| hash.remove(field, env)).count()
    })?;
    let Some(edited) = edited.filter(|edited| edited.result > 0) else { return ctx.int(0) };
    super::note_changed(ctx, key, edited.result, "hdel");
    super::note_gone(ctx, key, edited.gone);
    ctx.int(edited.result as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn the_last_field_takes_the_key_along() {
        check(
            r#"
            > HSET h a 1 b 2 c 3
            :3
            > HDEL h a nope
            :1
            > HDEL h nope
            :0
            > HDEL h b b
            :1
            > HDEL h c
            :1
            > EXISTS h
            :0
            > HDEL nope a
            :0
            > SET s text
            +OK
            > HDEL s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HDEL h
            -ERR wrong number of arguments for 'hdel' command
            > HSET t aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 b 2
            :2
            > HDEL t b
            :1
            > HDEL t aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
            :1
            > EXISTS t
            :0
            "#,
        );
    }
}
