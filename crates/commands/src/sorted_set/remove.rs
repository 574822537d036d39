//! ZREM: members go.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::SortedSet;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "ZREM",
    summary: "Removes members of a sorted set, and the key with the last one.",
    since: "1.2.0",
    group: Group::SortedSet,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().delete()],
    args: &[Arg::key("key"), Arg::string("member").many()],
    reply: "how many were removed",
    complexity: "O(M*log(N)), M = members to be removed, N = members of the sorted set",
    history: &[("2.4.0", "Several members at once.")],
    run: remove,
    ..Command::BLANK
}];

fn remove(ctx: &mut Ctx<'_>) -> Result {
    let (key, argv) = (ctx.key(1), ctx.argv);
    let edited = ctx.db().edit(key, |set: &mut SortedSet, _| {
        argv.iter().skip(2).filter(|member| set.remove(member).is_some()).count()
    })?;
    let Some(edited) = edited else { return ctx.int(0) };
    removed(ctx, key.bytes, "zrem", edited);
    ctx.int(edited.result as i64)
}

/// Tells of elements that were removed, and of the key if it went with the last one.
pub(super) fn removed(ctx: &mut Ctx<'_>, key: &[u8], event: &'static str, edited: keyspace::Edited<usize>) {
    if edited.result == 0 {
        return;
    }
    ctx.changed(key, Class::SortedSet, event);
    ctx.outcome.dirty += edited.result as u64 - 1;
    if edited.gone {
        ctx.event(ctx.client.db, key, Class::Generic, "del");
    }
}

#[cfg(test)]
mod tests {
    use testkit::check_both;

    #[test]
    fn members_go_and_the_key_with_the_last() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 1 a 2 b 3 c 4 4
            :4
            > ZREM z a nobody
            :1
            > ZREM z b 4 b
            :2
            > ZRANGE z 0 -1
            ["c"]
            > ZREM z nobody
            :0
            > EXISTS z
            :1
            > ZREM z c d e
            :1
            > EXISTS z
            :0
            > ZREM z c
            :0
            > SET s 1
            +OK
            > ZREM s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZREM s
            -ERR wrong number of arguments for 'zrem' command
            "#,
        );
    }
}
