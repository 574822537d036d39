//! HGETDEL: read fields and remove them.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Collection, Hash};

use super::terms::{self, FIELDS};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "HGETDEL",
    summary: "Answers the values of some fields and removes them.",
    since: "9.1.0",
    group: Group::Hash,
    arity: Arity::AtLeast(5),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().delete()],
    args: &[Arg::key("key"), FIELDS],
    reply: "the values, null where there was none",
    complexity: "O(N), N = number of fields named",
    run: hgetdel,
    ..Command::BLANK
}];

fn hgetdel(ctx: &mut Ctx<'_>) -> Result {
    let fields = terms::fields_at(ctx, 2, terms::NUMFIELDS)?;
    let (key, argv, now_ms) = (ctx.key(1), ctx.argv, ctx.now_ms());
    let out = &mut ctx.client.out;
    let edited = ctx.keyspace.db(ctx.client.db).edit(key, |hash: &mut Hash, env| {
        out.array(fields.len());
        let mut removed = 0;
        for at in fields.clone() {
            match hash.view().get(argv.at(at), now_ms) {
                Some(value) => super::answer(out, value),
                None => out.null(),
            }
            removed += usize::from(hash.remove(argv.at(at), env));
        }
        removed
    })?;
    match edited {
        None => {
            terms::nulls(&mut ctx.client.out, fields.len());
        }
        Some(edited) if edited.result > 0 => {
            super::note_changed(ctx, key, edited.result, "hdel");
            super::note_gone(ctx, key, edited.gone);
        }
        Some(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn reading_can_remove_fields() {
        check(
            r#"
            > HSET h a 1 b 2 c 3
            :3
            > HGETDEL h FIELDS 2 a nope
            ["1" nil]
            > HGETDEL h FIELDS 1 a
            [nil]
            > HGETDEL h FIELDS 3 b b c
            ["2" nil "3"]
            > EXISTS h
            :0
            > HGETDEL nope FIELDS 2 a b
            [nil nil]
            > HGETDEL h FIELDS 1
            -ERR wrong number of arguments for 'hgetdel' command
            > HGETDEL h FIELDS 1 b c
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETDEL h FIELDS 2 b
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETDEL h FIELDS 0 b
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETDEL h FIELDS x b
            -ERR value is not an integer or out of range
            > HGETDEL h FOO 1 b
            -ERR syntax error
            > SET s text
            +OK
            > HGETDEL s FIELDS 2 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETDEL s FIELDS 1 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HSET h a 1 b 2
            :2
            > HELLO 3
            *
            > HGETDEL h FIELDS 2 a nope
            ["1" nil]
            "#,
        );
    }
}
