//! EXISTS, TOUCH, TYPE: asking about keys. Only TOUCH counts as a use of them.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Type;

use super::batch::for_each_key;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "EXISTS",
        summary: "Counts which of the keys are there; one named twice counts twice.",
        reply: "how many of the keys are there",
        history: &[("3.0.3", "Takes more than one `key`.")],
        run: exists,
        ..QUESTION
    },
    Command {
        name: "TOUCH",
        summary: "Sets the access clock of keys, and counts those that are there.",
        since: "3.2.1",
        reply: "how many of the keys are there",
        run: touch,
        ..QUESTION
    },
    Command {
        name: "TYPE",
        summary: "Answers the type of what is under a key.",
        arity: Arity::Exactly(2),
        keys: &[KeySpec::at(1).ro()],
        args: &[Arg::key("key")],
        reply: "string, list, set, zset, hash, stream, or none",
        complexity: "O(1)",
        tips: &[],
        run: type_of,
        ..QUESTION
    },
];

const QUESTION: Command = Command {
    group: Group::Generic,
    arity: Arity::AtLeast(2),
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::from(1).ro()],
    args: &[Arg::key("key").many()],
    complexity: "O(N)",
    tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
    ..Command::BLANK
};

fn exists(ctx: &mut Ctx<'_>) -> Result {
    let mut there = 0;
    for_each_key(ctx, 1, |ctx, key| there += i64::from(ctx.db().ask(key).is_some()));
    ctx.int(there)
}

/// Touches even for a client that said CLIENT NO-TOUCH: that is what it asks for here.
fn touch(ctx: &mut Ctx<'_>) -> Result {
    let mut there = 0;
    let no_touch = std::mem::replace(&mut ctx.keyspace.env.no_touch, false);
    for_each_key(ctx, 1, |ctx, key| there += i64::from(ctx.db().read(key).is_some()));
    ctx.keyspace.env.no_touch = no_touch;
    ctx.int(there)
}

fn type_of(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let name = ctx.db().ask(key).map_or("none", |entry| Type::of(entry).name());
    ctx.client.out.simple(name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn keys_named_twice_count_twice() {
        check(
            r#"
            > SET a 1
            +OK
            > SET b 2
            +OK
            > EXISTS a a nope b
            :3
            > TOUCH a a nope b
            :3
            > EXISTS
            -ERR wrong number of arguments for 'exists' command
            > TOUCH
            -ERR wrong number of arguments for 'touch' command
            "#,
        );
    }

    #[test]
    fn types_are_named() {
        check(
            r#"
            > SET a 1
            +OK
            > TYPE a
            +string
            > TYPE nope
            +none
            > TYPE a b
            -ERR wrong number of arguments for 'type' command
            "#,
        );
    }

    #[test]
    fn touch_sets_the_access_clock_and_the_questions_do_not() {
        check(
            r#"
            > SET a 1
            +OK
            ! wait 2100
            > EXISTS a
            :1
            > TYPE a
            +string
            > OBJECT IDLETIME a
            :2
            > TOUCH a
            :1
            > OBJECT IDLETIME a
            :0
            "#,
        );
    }

    #[test]
    fn who_reads_or_asks_counts_hits_and_misses_and_who_writes_does_not() {
        let mut h = Harness::new();
        h.send("SET a 1");
        for reader in ["EXISTS", "TOUCH", "TYPE", "TTL", "OBJECT ENCODING", "OBJECT IDLETIME"] {
            h.send(&format!("{reader} a"));
            h.send(&format!("{reader} nope"));
        }
        h.send("COPY a b");
        for writer in ["EXPIRE a 100", "PERSIST a", "RENAME a c", "MOVE c 1", "DEL nope", "EXPIRE nope 1"] {
            h.send(writer);
        }
        let stats = h.engine.keyspace.env.stats;
        assert_eq!((stats.hits, stats.misses), (7, 6));
    }
}
