//! SADD: puts members into a set.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Set;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SADD",
    summary: "Adds members to the set under a key; a missing key is made.",
    group: Group::Set,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().insert()],
    args: &[Arg::key("key"), Arg::string("member").many()],
    reply: "how many were not there before",
    history: &[("2.4.0", "Several `member` arguments.")],
    run: sadd,
    ..Command::BLANK
}];

fn sadd(ctx: &mut Ctx<'_>) -> Result {
    let (key, argv) = (ctx.key(1), ctx.argv);
    let count = argv.len() - 2;
    let added = ctx.db().edit_or_new(
        key,
        |env| Set::for_members(argv.at(2), count, env),
        |set, env| {
            set.expect_members(count, env);
            let mut added = 0;
            for at in 2..argv.len() {
                added += usize::from(set.add(argv.at(at), env));
            }
            added
        },
    )?;
    if added.result > 0 {
        ctx.changed(key.bytes, Class::Set, "sadd");
        ctx.outcome.dirty += added.result as u64 - 1;
    }
    ctx.int(added.result as i64)
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn members_are_added_once() {
        check(
            r#"
            > SADD s a b a
            :2
            > SADD s a c
            :1
            > SADD s a
            :0
            > SMEMBERS s
            ["a" "b" "c"]
            > TYPE s
            +set
            > SADD s
            -ERR wrong number of arguments for 'sadd' command
            > SET str x
            +OK
            > SADD str a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SADD i 3 1 2 01
            :4
            > SMEMBERS i
            ["1" "2" "3" "01"]
            > SADD e ""
            :1
            > SMEMBERS e
            [""]
            "#,
        );
    }

    #[test]
    fn encodings_follow_the_members() {
        check(
            r#"
            ! config set-max-intset-entries 4
            ! config set-max-listpack-entries 3
            ! config set-max-listpack-value 4
            > SADD i 1 2 3 4
            :4
            > OBJECT ENCODING i
            "intset"
            > SADD i 4
            :0
            > OBJECT ENCODING i
            "intset"
            > SADD i 5
            :1
            > OBJECT ENCODING i
            "hashtable"
            > SADD many 1 1 1 1 1
            :1
            > OBJECT ENCODING many
            "hashtable"
            > SADD l a b c
            :3
            > OBJECT ENCODING l
            "listpack"
            > SADD l d
            :1
            > OBJECT ENCODING l
            "hashtable"
            > SADD long abcde
            :1
            > OBJECT ENCODING long
            "hashtable"
            > SADD mixed 1 a
            :2
            > OBJECT ENCODING mixed
            "listpack"
            > SADD ints 1 12345
            :2
            > SADD ints a
            :1
            > OBJECT ENCODING ints
            "hashtable"
            > SADD full 1 2 3
            :3
            > SADD full a
            :1
            > OBJECT ENCODING full
            "hashtable"
            > SADD k 1
            :1
            > SADD k 1 1 1 1 1
            :0
            > OBJECT ENCODING k
            "hashtable"
            > COPY k k2
            :1
            > OBJECT ENCODING k2
            "hashtable"
            "#,
        );
    }

    #[test]
    fn what_was_added_is_counted() {
        let mut h = Harness::new();
        h.send("SADD s a b c");
        h.send("SADD s a d");
        assert_eq!(h.engine.server.dirty, 4);
    }
}
