//! SPOP: members at random, taken out.
//!
//! Replicas and the append-only file are told which members those were (SREM), or that nothing is left (DEL).

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::set::Element;
use keyspace::{Collection, Key, Set};

use super::put;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SPOP",
    summary: "Removes members from the set under a key at random, and answers them.",
    group: Group::Set,
    arity: Arity::AtLeast(2),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().delete()],
    args: &[Arg::key("key"), Arg::integer("count").optional().since("3.2.0")],
    reply: "a member or null; with a count the members, no more than there are",
    complexity: "O(1), or O(N), N = the count",
    history: &[("3.2.0", "The argument `count`.")],
    tips: &["nondeterministic_output"],
    run: spop,
    ..Command::BLANK
}];

/// Members in one SREM at most.
const BATCH: usize = 1024;

fn spop(ctx: &mut Ctx<'_>) -> Result {
    match ctx.argv.len() {
        2 => one(ctx),
        3 => several(ctx),
        _ => Err(CommandError::Syntax),
    }
}

fn one(ctx: &mut Ctx<'_>) -> Result {
    let (key, feed) = (ctx.key(1), ctx.server.listeners.feed);
    let out = &mut ctx.client.out;
    let popped = ctx.keyspace.db(ctx.client.db).edit(key, |set: &mut Set, env| {
        set.pop(&mut env.rng, |member| {
            put(out, member);
            feed.then(|| member.to_vec())
        })
    })?;
    let Some(popped) = popped else { return ctx.null() };
    if let Some(Some(member)) = &popped.result {
        ctx.propagate_instead(&[b"SREM", key.bytes, member]);
    }
    told(ctx, key, 1, popped.gone);
    Ok(())
}

fn several(ctx: &mut Ctx<'_>) -> Result {
    let (key, feed) = (ctx.key(1), ctx.server.listeners.feed);
    let count = stdx::num::parse_i64(ctx.argv.at(2)).and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or(CommandError::Line("ERR value is out of range, must be positive"))?;
    let out = &mut ctx.client.out;
    let mut members = Vec::new();
    let popped = ctx.keyspace.db(ctx.client.db).edit(key, |set: &mut Set, env| {
        let len = set.view().len();
        let taken = count.min(len);
        out.set(taken);
        if taken == len {
            set.view().iter().for_each(|member| put(out, member));
            *set = Set::default();
        } else if taken > 0 {
            set.pop_many(taken, env, |member: Element<'_>| {
                put(out, member);
                if feed {
                    members.push(member.to_vec());
                }
            });
        }
        taken
    })?;
    let Some(popped) = popped else {
        ctx.client.out.set(0);
        return Ok(());
    };
    propagate(ctx, key, &members, popped.gone);
    told(ctx, key, popped.result, popped.gone);
    Ok(())
}

fn propagate(ctx: &mut Ctx<'_>, key: Key<'_>, members: &[Vec<u8>], gone: bool) {
    if gone {
        let lazy = ctx.server.config.lazyfree_lazy_server_del;
        ctx.propagate_instead(&[if lazy { b"UNLINK" } else { b"DEL" }, key.bytes]);
    }
    for batch in members.chunks(BATCH) {
        let words: Vec<&[u8]> =
            [b"SREM", key.bytes].into_iter().chain(batch.iter().map(Vec::as_slice)).collect();
        ctx.propagate_instead(&words);
    }
}

fn told(ctx: &mut Ctx<'_>, key: Key<'_>, count: usize, gone: bool) {
    if count > 0 {
        ctx.changed(key.bytes, Class::Set, "spop");
        ctx.outcome.dirty += count as u64 - 1;
    }
    if gone {
        ctx.event(ctx.client.db, key.bytes, Class::Generic, "del");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use testkit::{Harness, Value, check};

    #[test]
    fn one_or_all() {
        check(
            r#"
            > SADD s a
            :1
            > SPOP s
            "a"
            > EXISTS s
            :0
            > SPOP s
            nil
            > SADD s a
            :1
            > SPOP s 1
            ["a"]
            > SADD s 3 1 2
            :3
            > SPOP s 0
            []
            > SPOP s 3
            ["1" "2" "3"]
            > EXISTS s
            :0
            > SADD s 7
            :1
            > SPOP s 9223372036854775807
            ["7"]
            > SPOP s 5
            []
            > SPOP s 0
            []
            > HELLO 3
            *
            > SPOP s
            nil
            > SPOP s 1
            ~[]
            > SADD s a b
            :2
            > SPOP s 5
            ~["a" "b"]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_order() {
        check(
            r#"
            > SET str x
            +OK
            > SPOP str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SPOP str 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SPOP str -1
            -ERR value is out of range, must be positive
            > SPOP none x
            -ERR value is out of range, must be positive
            > SPOP none 99999999999999999999
            -ERR value is out of range, must be positive
            > SPOP str 1 2
            -ERR syntax error
            > SPOP
            -ERR wrong number of arguments for 'spop' command
            "#,
        );
    }

    #[test]
    fn what_is_left_of_a_table_may_be_packed() {
        check(
            r#"
            ! config set-max-listpack-entries 2
            > SADD s 1 2 3 4 5 6 7 8 9 10 a b
            :12
            > OBJECT ENCODING s
            "hashtable"
            > SPOP s 10
            [* * * * * * * * * *]
            > OBJECT ENCODING s
            "listpack"
            > SCARD s
            :2
            "#,
        );
    }

    /// What is popped and what stays are the whole, whatever the encoding and the count.
    #[test]
    fn nothing_is_lost_and_nothing_comes_twice() {
        let mut h = Harness::new();
        for count in [1, 3, 20, 85, 99] {
            for prefix in ["", "w", "a-member-that-makes-it-a-table-as-it-is-longer-than-sixty-four-bytes:"] {
                h.send("DEL s");
                (0..100).for_each(|n| drop(h.send(&format!("SADD s {prefix}{n}"))));
                let members = |value: &Value| -> Vec<Vec<u8>> {
                    value.elements().iter().filter_map(Value::bytes).map(<[u8]>::to_vec).collect()
                };
                let mut all = members(&h.send(&format!("SPOP s {count}")));
                assert_eq!(all.len(), count);
                all.extend(members(&h.send("SMEMBERS s")));
                assert_eq!(all.len(), 100);
                assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 100);
            }
        }
        h.engine.keyspace.verify();
    }

    #[test]
    fn what_was_popped_is_counted() {
        let mut h = Harness::new();
        h.send("SADD s a b c d");
        h.send("SPOP s 3");
        h.send("SPOP s");
        h.send("SPOP s");
        assert_eq!(h.engine.server.dirty, 8);
    }
}
