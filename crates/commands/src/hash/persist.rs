//! HPERSIST: fields live for ever.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Hash, Retime};

use super::terms::{self, FIELDS};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "HPERSIST",
    summary: "Lets fields live for ever.",
    since: "9.0.0",
    group: Group::Hash,
    arity: Arity::AtLeast(5),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update()],
    args: &[Arg::key("key"), FIELDS],
    reply: "for each field 1, -1 if it did so before, -2 if it is not there",
    complexity: "O(N), N = number of fields named",
    run: hpersist,
    ..Command::BLANK
}];

fn hpersist(ctx: &mut Ctx<'_>) -> Result {
    let fields = terms::fields_at(ctx, 2, terms::NUMFIELDS)?;
    let (key, argv) = (ctx.key(1), ctx.argv);
    let out = &mut ctx.client.out;
    let edited = ctx.keyspace.db(ctx.client.db).edit(key, |hash: &mut Hash, env| {
        out.array(fields.len());
        let mut changed = 0;
        for at in fields.clone() {
            let mut had = false;
            let done = hash.retime(argv.at(at), env, |before| {
                had = before.is_some();
                Retime::Set(None)
            });
            changed += usize::from(had);
            out.integer(match done {
                None => -2,
                Some(_) if had => 1,
                Some(_) => -1,
            });
        }
        changed
    })?;
    match edited {
        None => {
            ctx.client.out.array(fields.len());
            fields.for_each(|_| ctx.client.out.integer(-2));
        }
        Some(edited) if edited.result > 0 => super::note_changed(ctx, key, edited.result, "hpersist"),
        Some(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn fields_live_for_ever() {
        check(
            r#"
            > HSET h a 1 b 2
            :2
            > HEXPIRE h 100 FIELDS 1 a
            [:1]
            > HPERSIST h FIELDS 3 a b nope
            [:1 :-1 :-2]
            > HPERSIST h FIELDS 2 a a
            [:-1 :-1]
            > HTTL h FIELDS 1 a
            [:-1]
            > OBJECT ENCODING h
            "hashtable"
            > HPERSIST nope FIELDS 2 a b
            [:-2 :-2]
            > SET s text
            +OK
            > HPERSIST h FIELDS 0 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HPERSIST h FIELDS 2 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HPERSIST h FIELDS x a
            -ERR value is not an integer or out of range
            > HPERSIST h FOO 1 a
            -ERR syntax error
            > HPERSIST s FIELDS 2 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HPERSIST s FIELDS 1 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
