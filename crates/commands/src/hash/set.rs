//! HSET, HMSET, HSETNX: put values under fields. Whatever time a field had left, it lives for ever then.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Collection, FieldTtl, Hash, Was};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "HSET",
        summary: "Puts values under fields of a hash; a missing hash is made.",
        reply: "how many of the fields are new",
        history: &[("4.0.0", "Several `field` and `value` in one call.")],
        run: hset,
        ..SETS
    },
    Command {
        name: "HMSET",
        summary: "Puts values under fields of a hash; HSET by an older name.",
        reply: "OK",
        run: hmset,
        ..SETS
    },
    Command {
        name: "HSETNX",
        summary: "Puts a value under a field of a hash unless there is such a field.",
        arity: Arity::Exactly(4),
        keys: &[KeySpec::at(1).rw().insert()],
        args: &[Arg::key("key"), Arg::string("field"), Arg::string("value")],
        reply: "1, or 0 if the field is there",
        run: hsetnx,
        ..SETS
    },
];

const SETS: Command = Command {
    since: "2.0.0",
    group: Group::Hash,
    arity: Arity::AtLeast(4),
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update()],
    args: &[Arg::key("key"), Arg::block("data", &[Arg::string("field"), Arg::string("value")]).many()],
    ..Command::BLANK
};

fn hset(ctx: &mut Ctx<'_>) -> Result {
    let made = set_all(ctx)?;
    ctx.int(made as i64)
}

fn hmset(ctx: &mut Ctx<'_>) -> Result {
    set_all(ctx)?;
    ctx.ok()
}

/// Sets all pairs; returns how many fields are new.
fn set_all(ctx: &mut Ctx<'_>) -> Result<usize> {
    let argv = ctx.argv;
    if !argv.len().is_multiple_of(2) {
        return Err(ctx.wrong_arity());
    }
    let (key, pairs) = (ctx.key(1), argv.len() / 2 - 1);
    let edited = ctx.db().edit_or_new(
        key,
        |_| Hash::default(),
        |hash, env| {
            let (mut made, mut expired) = (0, 0);
            hash.expect(pairs, env);
            for at in (2..argv.len()).step_by(2) {
                match hash.set(argv.at(at), argv.at(at + 1), FieldTtl::Clear, env) {
                    Was::There => {}
                    Was::Absent => made += 1,
                    Was::Expired => (made, expired) = (made + 1, expired + 1),
                }
            }
            (made, expired)
        },
    )?;
    let (made, expired) = edited.result;
    super::note_expired(ctx, key, expired);
    super::note_changed(ctx, key, pairs, "hset");
    Ok(made)
}

fn hsetnx(ctx: &mut Ctx<'_>) -> Result {
    let (key, field, value) = (ctx.key(1), ctx.argv.at(2), ctx.argv.at(3));
    let edited = ctx.db().edit_or_new(
        key,
        |_| Hash::default(),
        |hash, env| {
            let there = hash.view().get(field, env.now_ms).is_some();
            if there { Was::There } else { hash.set(field, value, FieldTtl::Clear, env) }
        },
    )?;
    if edited.result == Was::There {
        return ctx.int(0);
    }
    super::note_expired(ctx, key, usize::from(edited.result == Was::Expired));
    ctx.changed(key.bytes, Class::Hash, "hset");
    ctx.int(1)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn values_are_put_under_fields() {
        check(
            r#"
            > HSET h a 1 b 2 c 3
            :3
            > HSET h a 9 d 4
            :1
            > HGETALL h
            ["a" "9" "b" "2" "c" "3" "d" "4"]
            > HSET h e 1 e 2
            :1
            > HGET h e
            "2"
            > HMSET h a 5 z 6
            +OK
            > HGET h a
            "5"
            > HLEN h
            :6
            > HSETNX h a 7
            :0
            > HSETNX h y 7
            :1
            > HSETNX other y 8
            :1
            > HGETALL other
            ["y" "8"]
            > HSET big 12345678901234567890 x -5 y 007 z
            :3
            > HGETALL big
            ["12345678901234567890" "x" "-5" "y" "007" "z"]
            "#,
        );
    }

    #[test]
    fn pairs_must_be_whole_and_the_key_a_hash() {
        check(
            r#"
            > HSET h a
            -ERR wrong number of arguments for 'hset' command
            > HSET h a 1 b
            -ERR wrong number of arguments for 'hset' command
            > HMSET h a 1 b
            -ERR wrong number of arguments for 'hmset' command
            > HMSET h a
            -ERR wrong number of arguments for 'hmset' command
            > HSETNX h a
            -ERR wrong number of arguments for 'hsetnx' command
            > SET s text
            +OK
            > HSET s a 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HMSET s a 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HSETNX s a 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > EXISTS h
            :0
            "#,
        );
    }

    #[test]
    fn large_hashes_are_tables() {
        check(
            r#"
            > HSET h a 1
            :1
            > OBJECT ENCODING h
            "listpack"
            > HSET h a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
            :0
            > OBJECT ENCODING h
            "listpack"
            > HSET h a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
            :0
            > OBJECT ENCODING h
            "hashtable"
            > HSET h a 1
            :0
            > OBJECT ENCODING h
            "hashtable"
            > HSETNX f aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1
            :1
            > OBJECT ENCODING f
            "hashtable"
            ! config hash-max-listpack-entries 3
            > HSET n a 1 b 1 c 1
            :3
            > OBJECT ENCODING n
            "listpack"
            > HSET n a 1 b 2 c 3 a 4
            :0
            > OBJECT ENCODING n
            "hashtable"
            > HSET m a 1 a 2 a 3 a 4
            :1
            > OBJECT ENCODING m
            "hashtable"
            > HSET o a 1 b 1 c 1
            :3
            > HSETNX o d 1
            :1
            > OBJECT ENCODING o
            "hashtable"
            > HLEN o
            :4
            "#,
        );
    }

    #[test]
    fn setting_gives_a_field_eternal_life() {
        check(
            r#"
            > HSET h a 1 b 2
            :2
            > HEXPIRE h 100 FIELDS 2 a b
            [:1 :1]
            > HSET h a 2
            :0
            > HTTL h FIELDS 2 a b
            [:-1 :100]
            > HSETNX h b 5
            :0
            > HTTL h FIELDS 1 b
            [:100]
            > HPEXPIRE h 20 FIELDS 2 a b
            [:1 :1]
            ! wait 40
            > HSETNX h a 6
            :1
            > HSET h b 7
            :1
            > HGETALL h
            ["a" "6" "b" "7"]
            > HTTL h FIELDS 2 a b
            [:-1 :-1]
            "#,
        );
    }
}
