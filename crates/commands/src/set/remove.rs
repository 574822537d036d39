//! SREM: takes members out of a set.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Collection, Set};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SREM",
    summary: "Removes members from the set under a key, and the key when none is left.",
    group: Group::Set,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().delete()],
    args: &[Arg::key("key"), Arg::string("member").many()],
    reply: "how many were there",
    complexity: "O(N), N = number of members named",
    history: &[("2.4.0", "Several `member` arguments.")],
    run: srem,
    ..Command::BLANK
}];

fn srem(ctx: &mut Ctx<'_>) -> Result {
    let (key, argv) = (ctx.key(1), ctx.argv);
    let edited = ctx.db().edit(key, |set: &mut Set, _| {
        let mut removed = 0;
        for at in 2..argv.len() {
            removed += usize::from(set.remove(argv.at(at)));
            if set.is_empty() {
                break;
            }
        }
        removed
    })?;
    let Some(edited) = edited else { return ctx.int(0) };
    if edited.result > 0 {
        ctx.changed(key.bytes, Class::Set, "srem");
        ctx.outcome.dirty += edited.result as u64 - 1;
    }
    if edited.gone {
        ctx.event(ctx.client.db, key.bytes, Class::Generic, "del");
    }
    ctx.int(edited.result as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn members_are_removed_and_the_key_with_the_last() {
        check(
            r#"
            > SADD s a b c
            :3
            > SREM s x
            :0
            > SREM s a x c
            :2
            > SMEMBERS s
            ["b"]
            > EXPIRE s 100
            :1
            > SREM s b c
            :1
            > EXISTS s
            :0
            > SREM s b
            :0
            > SADD i 1 2 3
            :3
            > SREM i 2 x 02
            :1
            > SMEMBERS i
            ["1" "3"]
            > SREM i 1 3 5
            :2
            > EXISTS i
            :0
            > SET str x
            +OK
            > SREM str a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SREM s
            -ERR wrong number of arguments for 'srem' command
            "#,
        );
    }

    #[test]
    fn a_table_stays_one() {
        check(
            r#"
            ! config set-max-listpack-entries 2
            > SADD s a b c
            :3
            > SREM s a b
            :2
            > OBJECT ENCODING s
            "hashtable"
            > SREM s c
            :1
            > DBSIZE
            :0
            "#,
        );
    }
}
