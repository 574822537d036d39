//! GETEX, GETDEL, DELIFEQ: read a string and change its life.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Str;

use crate::generic::expire_at_once;

use super::expiration::{self, EX, EXAT, Expiration, PX, PXAT};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "GETEX",
        summary: "Answers the string under a key, and says when the key shall end.",
        arity: Arity::AtLeast(2),
        keys: &[KeySpec::at(1).rw().access().update()],
        args: &[
            Arg::key("key"),
            Arg::one_of("expiration", &[EX, PX, EXAT, PXAT, Arg::word("persist", "PERSIST")]).optional(),
        ],
        reply: "the value, or null",
        run: getex,
        ..CHANGES
    },
    Command {
        name: "GETDEL",
        summary: "Answers the string under a key and deletes the key.",
        arity: Arity::Exactly(2),
        keys: &[KeySpec::at(1).rw().access().delete()],
        args: &[Arg::key("key")],
        reply: "the value, or null",
        run: getdel,
        ..CHANGES
    },
    Command {
        name: "DELIFEQ",
        summary: "Deletes a key if it holds this string.",
        since: "9.0.0",
        arity: Arity::Exactly(3),
        keys: &[KeySpec::at(1).rm().delete()],
        args: &[Arg::key("key"), Arg::string("value")],
        reply: "1 if it was deleted, else 0",
        run: delifeq,
        ..CHANGES
    },
];

const CHANGES: Command =
    Command { since: "6.2.0", group: Group::String, flags: Flags::WRITE.and(Flags::FAST), ..Command::BLANK };

fn getex(ctx: &mut Ctx<'_>) -> Result {
    let mut said = Expiration::Unsaid;
    let mut at = 2;
    while at < ctx.argv.len() {
        if !expiration::option(ctx, &mut at, &mut said, "PERSIST")? {
            return Err(CommandError::Syntax);
        }
    }
    let until = match said {
        Expiration::At(unit, index) => Some(expiration::absolute(ctx, unit, index)?),
        _ => None,
    };
    let key = ctx.key(1);
    let Some(entry) = ctx.keyspace.db(ctx.client.db).read(key) else { return ctx.null() };
    let had_expire = entry.has_expire();
    ctx.client.out.string(Str::of(entry)?);
    match until {
        Some(until) if ctx.is_past(until) => {
            expire_at_once(ctx, key);
        }
        Some(until) => {
            ctx.db().set_expire(key, Some(until));
            ctx.changed(key.bytes, Class::Generic, "expire");
            if ctx.server.listeners.feed {
                ctx.propagate_instead(&[b"PEXPIREAT", key.bytes, &expiration::digits(until)]);
            }
        }
        None if said == Expiration::Persist && had_expire => {
            ctx.db().set_expire(key, None);
            ctx.changed(key.bytes, Class::Generic, "persist");
            ctx.propagate_instead(&[b"PERSIST", key.bytes]);
        }
        None => {}
    }
    Ok(())
}

fn getdel(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let Some(value) = ctx.keyspace.db(ctx.client.db).read_str(key)? else { return ctx.null() };
    ctx.client.out.string(value);
    delete(ctx);
    Ok(())
}

fn delifeq(ctx: &mut Ctx<'_>) -> Result {
    let (key, wanted) = (ctx.key(1), ctx.argv.at(2));
    let Some(entry) = ctx.keyspace.db(ctx.client.db).write(key) else { return ctx.int(0) };
    if !super::get::equals(Str::of(entry)?, wanted) {
        return ctx.int(0);
    }
    delete(ctx);
    ctx.int(1)
}

/// Deletes the first key, which is there.
fn delete(ctx: &mut Ctx<'_>) {
    let key = ctx.key(1);
    if let Some(entry) = ctx.db().remove(key) {
        let lazy = ctx.server.config.lazyfree_lazy_user_del;
        ctx.free(entry, lazy);
    }
    ctx.changed(key.bytes, Class::Generic, "del");
    ctx.propagate_instead(&[b"DEL", key.bytes]);
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn reading_can_change_the_life_of_a_key() {
        check(
            r#"
            > SET k v EX 100
            +OK
            > GETEX k
            "v"
            > GETEX k PERSIST
            "v"
            > GETEX k PX 100
            "v"
            ! wait 200
            > GETEX k
            nil
            > SET k v
            +OK
            > GETEX k EXAT 1
            "v"
            > GET k
            nil
            > GETEX k EX 0
            -ERR invalid expire time in 'getex' command
            > GETEX k PERSIST EX 1
            -ERR syntax error
            > GETEX k foo
            -ERR syntax error
            "#,
        );
    }

    #[test]
    fn reading_or_comparing_can_delete() {
        check(
            r#"
            > SET k v
            +OK
            > GETDEL k
            "v"
            > GETDEL k
            nil
            > SET k 10
            +OK
            > DELIFEQ k 010
            :0
            > DELIFEQ k 10
            :1
            > DELIFEQ k 10
            :0
            "#,
        );
    }
}
