//! RENAME and RENAMENX: a value under another key.
//!
//! The expire goes along; the access clock starts anew. What was under the new key is freed in the background
//! while `lazyfree-lazy-server-del` is on.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Key;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "RENAME",
        summary: "Puts what is under a key under another one, whatever that held.",
        flags: Flags::WRITE,
        keys: &[KeySpec::at(1).rw().access().delete(), KeySpec::at(2).ow().update()],
        reply: "OK",
        run: rename,
        ..RENAME
    },
    Command {
        name: "RENAMENX",
        summary: "Puts what is under a key under another one, unless that holds something.",
        flags: Flags::WRITE.and(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().delete(), KeySpec::at(2).ow().insert()],
        reply: "1, or 0 if the new key is there",
        history: &[("3.2.0", "Two equal keys are no error.")],
        run: rename_nx,
        ..RENAME
    },
];

const RENAME: Command = Command {
    group: Group::Generic,
    arity: Arity::Exactly(3),
    args: &[Arg::key("key"), Arg::key("newkey").spec(1)],
    ..Command::BLANK
};

fn rename(ctx: &mut Ctx<'_>) -> Result {
    let (from, to) = keys(ctx)?;
    if from.bytes != to.bytes {
        move_value(ctx, from, to);
    }
    ctx.ok()
}

fn rename_nx(ctx: &mut Ctx<'_>) -> Result {
    let (from, to) = keys(ctx)?;
    if from.bytes == to.bytes || ctx.db().has(to) {
        return ctx.int(0);
    }
    move_value(ctx, from, to);
    ctx.int(1)
}

/// Both keys. The first one must be there, even if nothing is to be done.
fn keys<'a>(ctx: &mut Ctx<'a>) -> Result<(Key<'a>, Key<'a>)> {
    let (from, to) = (ctx.key(1), ctx.key(2));
    if ctx.db().write(from).is_none() {
        return Err(CommandError::NoSuchKey);
    }
    Ok((from, to))
}

fn move_value(ctx: &mut Ctx<'_>, from: Key<'_>, to: Key<'_>) {
    let mut db = ctx.db();
    // If its time is up it is gone by itself, and told so, before it is overwritten.
    db.expire_if_due(to);
    let overwritten = db.remove(to);
    if let Some(entry) = db.remove(from) {
        let entry = entry.rekey(to.bytes);
        entry.set_access(db.env.fresh_access());
        db.adopt(to, entry);
    }
    if let Some(entry) = overwritten {
        let lazy = ctx.server.config.lazyfree_lazy_server_del;
        ctx.free(entry, lazy);
    }
    let db = ctx.client.db;
    ctx.event(db, from.bytes, Class::Generic, "rename_from");
    ctx.changed(to.bytes, Class::Generic, "rename_to");
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn value_and_expire_move_and_what_was_there_goes() {
        check(
            r#"
            > SET a 1
            +OK
            > EXPIRE a 100
            :1
            > SET b 2
            +OK
            > RENAME a b
            +OK
            > GET b
            "1"
            > TTL b
            :100
            > EXISTS a
            :0
            > SET c longer-than-the-other-name
            +OK
            > RENAME c b
            +OK
            > TTL b
            :-1
            > RENAME b a-key-that-is-quite-a-bit-longer-than-the-one-it-had-so-that-the-entry-must-grow
            +OK
            > GET a-key-that-is-quite-a-bit-longer-than-the-one-it-had-so-that-the-entry-must-grow
            "longer-than-the-other-name"
            > DBSIZE
            :1
            "#,
        );
    }

    #[test]
    fn renamenx_leaves_what_is_there() {
        check(
            r#"
            > SET a 1
            +OK
            > SET b 2
            +OK
            > RENAMENX a b
            :0
            > GET b
            "2"
            > RENAMENX a c
            :1
            > GET c
            "1"
            "#,
        );
    }

    #[test]
    fn a_key_may_be_renamed_to_itself_if_it_is_there() {
        check(
            r#"
            > SET a 1
            +OK
            > RENAME a a
            +OK
            > RENAMENX a a
            :0
            > GET a
            "1"
            > RENAME nope nope
            -ERR no such key
            > RENAMENX nope nope
            -ERR no such key
            > RENAME nope a
            -ERR no such key
            > RENAME a
            -ERR wrong number of arguments for 'rename' command
            "#,
        );
    }

    #[test]
    fn an_expired_key_is_not_in_the_way() {
        check(
            r#"
            > SET a 1
            +OK
            > SET b 2
            +OK
            > PEXPIRE b 20
            :1
            ! wait 50
            > RENAMENX a b
            :1
            > TTL b
            :-1
            "#,
        );
    }
}
