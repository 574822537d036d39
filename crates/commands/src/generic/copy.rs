//! COPY and MOVE: a value under another key or in another database.
//!
//! The expire goes along; the access clock of what was copied or moved starts anew.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{DbIndex, EntryBox, Key, Value, duplicate};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "COPY",
        summary: "Copies what is under a key to another one, or to another database.",
        since: "6.2.0",
        arity: Arity::AtLeast(3),
        flags: Flags::WRITE.and(Flags::DENYOOM),
        keys: &[KeySpec::at(1).ro().access(), KeySpec::at(2).ow().update()],
        args: &[
            Arg::key("source"),
            Arg::key("destination").spec(1),
            Arg::integer("destination-db").token("DB").optional(),
            Arg::word("replace", "REPLACE").optional(),
        ],
        reply: "1, or 0 if the source is missing or the destination is there",
        complexity: "O(N)",
        run: copy,
        ..Command::BLANK
    },
    Command {
        name: "MOVE",
        summary: "Moves a key to another database.",
        group: Group::Generic,
        arity: Arity::Exactly(3),
        flags: Flags::WRITE.and(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        args: &[Arg::key("key"), Arg::integer("db")],
        reply: "1, or 0 if the key is missing here or is there already",
        run: move_key,
        ..Command::BLANK
    },
];

/// What becomes of a key that is where the copy shall be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Keep,
    Replace,
}

fn copy(ctx: &mut Ctx<'_>) -> Result {
    let (to_db, existing) = options(ctx)?;
    let (from, to) = (ctx.key(1), ctx.key(2));
    if to_db == ctx.client.db && from.bytes == to.bytes {
        return Err(CommandError::SameObject);
    }
    let now_ms = ctx.now_ms();
    let copied = ctx.db().read(from).map(|entry| duplicate(entry, to.bytes, now_ms));
    let Some(copied) = copied else { return ctx.int(0) };
    let mut db = ctx.keyspace.db(to_db);
    if db.has(to) && existing == Existing::Keep {
        return ctx.int(0);
    }
    let overwritten = db.remove(to);
    copied.set_access(db.env.fresh_access());
    db.adopt(to, copied);
    if let Some(entry) = overwritten {
        let lazy = ctx.server.config.lazyfree_lazy_server_del;
        ctx.free(entry, lazy);
    }
    ctx.changed_in(to_db, to.bytes, Class::Generic, "copy_to");
    ctx.int(1)
}

/// DB and REPLACE, in any order; the last DB counts.
fn options(ctx: &Ctx<'_>) -> Result<(DbIndex, Existing)> {
    let (mut db, mut existing, mut at) = (ctx.client.db, Existing::Keep, 3);
    while at < ctx.argv.len() {
        if ctx.is(at, "REPLACE") {
            existing = Existing::Replace;
        } else if ctx.is(at, "DB") && at + 1 < ctx.argv.len() {
            at += 1;
            db = database(ctx, at)?;
        } else {
            return Err(CommandError::Syntax);
        }
        at += 1;
    }
    Ok((db, existing))
}

/// The word at an index as the number of a database that there is.
fn database(ctx: &Ctx<'_>, at: usize) -> Result<DbIndex> {
    let number = i32::try_from(ctx.integer(at)?).map_err(|_| NOT_AN_INT)?;
    let index = u32::try_from(number).ok().filter(|index| *index < ctx.keyspace.databases());
    index.ok_or(CommandError::DbIndexOutOfRange)
}

/// The peer reads numbers of databases into 32 bits.
const NOT_AN_INT: CommandError =
    CommandError::Line("ERR value is out of range, value must between -2147483648 and 2147483647");

fn move_key(ctx: &mut Ctx<'_>) -> Result {
    let (key, here, there) = (ctx.key(1), ctx.client.db, database(ctx, 2)?);
    if here == there {
        return Err(CommandError::SameObject);
    }
    if ctx.db().write(key).is_none() || ctx.keyspace.db(there).has(key) {
        return ctx.int(0);
    }
    let Some(entry) = ctx.db().remove(key) else { return ctx.int(0) };
    adopt(ctx, there, key, entry);
    ctx.event(here, key.bytes, Class::Generic, "move_from");
    ctx.changed_in(there, key.bytes, Class::Generic, "move_to");
    ctx.int(1)
}

fn adopt(ctx: &mut Ctx<'_>, index: DbIndex, key: Key<'_>, entry: EntryBox<Value>) {
    let mut db = ctx.keyspace.db(index);
    // One that is hidden, its time being up while expiry is held, must not be there twice.
    drop(db.remove(key));
    entry.set_access(db.env.fresh_access());
    db.adopt(key, entry);
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn a_copy_is_a_thing_of_its_own() {
        check(
            r#"
            > SET a hello
            +OK
            > EXPIRE a 100
            :1
            > COPY a b
            :1
            > TTL b
            :100
            > SET a other
            +OK
            > GET b
            "hello"
            > COPY a b
            :0
            > COPY a b REPLACE
            :1
            > GET b
            "other"
            > TTL b
            :-1
            > COPY nope b REPLACE
            :0
            > SET n 42
            +OK
            > COPY n m
            :1
            > OBJECT ENCODING m
            "int"
            "#,
        );
    }

    #[test]
    fn a_copy_may_be_in_another_database() {
        check(
            r#"
            > SET a 1
            +OK
            > COPY a a DB 1
            :1
            > COPY a a DB 1
            :0
            > COPY a a db 1 replace
            :1
            > COPY a b DB 2 DB 3
            :1
            > MOVE a 1
            :0
            "#,
        );
    }

    #[test]
    fn copy_refuses_what_makes_no_sense() {
        check(
            r#"
            > COPY a a
            -ERR source and destination objects are the same
            > COPY a a DB 0
            -ERR source and destination objects are the same
            > COPY a b DB
            -ERR syntax error
            > COPY a b FOO
            -ERR syntax error
            > COPY a b DB x
            -ERR value is not an integer or out of range
            > COPY a b DB 99
            -ERR DB index is out of range
            > COPY a b DB -1
            -ERR DB index is out of range
            > COPY a b DB 4294967297
            -ERR value is out of range, value must between -2147483648 and 2147483647
            > COPY a b DB 99 FOO
            -ERR DB index is out of range
            > COPY a
            -ERR wrong number of arguments for 'copy' command
            "#,
        );
    }

    #[test]
    fn move_takes_the_key_out_of_this_database() {
        check(
            r#"
            > SET a 1
            +OK
            > MOVE a 1
            :1
            > EXISTS a
            :0
            > SET a 2
            +OK
            > MOVE a 1
            :0
            > MOVE nope 1
            :0
            > MOVE a 0
            -ERR source and destination objects are the same
            > MOVE nope 0
            -ERR source and destination objects are the same
            > MOVE a 99
            -ERR DB index is out of range
            > MOVE a x
            -ERR value is not an integer or out of range
            > MOVE a 4294967297
            -ERR value is out of range, value must between -2147483648 and 2147483647
            > MOVE a
            -ERR wrong number of arguments for 'move' command
            "#,
        );
    }

    #[test]
    fn fields_whose_time_is_up_stay_behind() {
        check(
            r#"
            > DEBUG SET-ACTIVE-EXPIRE 0
            +OK
            > HSET h f v g w
            :2
            > HPEXPIRE h 10 FIELDS 1 f
            [:1]
            > HPEXPIRE h 100000 FIELDS 1 g
            [:1]
            ! wait 30
            > HLEN h
            :2
            > COPY h copy
            :1
            > HLEN copy
            :1
            > HTTL copy FIELDS 2 f g
            [:-2 :100]
            > DEBUG SET-ACTIVE-EXPIRE 1
            +OK
            "#,
        );
    }
}
