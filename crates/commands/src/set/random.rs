//! SRANDMEMBER: members at random, left where they are.

use engine::{Arg, Arity, Command, CommandError, Ctx, Result};
use keyspace::{Key, Set};

use super::{READS, put};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SRANDMEMBER",
    summary: "Answers members of the set under a key at random.",
    arity: Arity::AtLeast(2),
    args: &[Arg::key("key"), Arg::integer("count").optional().since("2.6.0")],
    reply: "a member or null; with a count so many different ones at most; with a negative count exactly so many, \
        where a member may come again",
    complexity: "O(1), or O(N), N = the count",
    history: &[("2.6.0", "The argument `count`.")],
    tips: &["nondeterministic_output"],
    run: srandmember,
    ..READS
}];

fn srandmember(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    match ctx.argv.len() {
        2 => one(ctx, key),
        3 => {
            let count = ctx.integer(2)?;
            if count == i64::MIN {
                return Err(OUT_OF_RANGE);
            }
            let many = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
            if count < 0 { repeated(ctx, key, many) } else { distinct(ctx, key, many) }
        }
        _ => Err(CommandError::Syntax),
    }
}

const OUT_OF_RANGE: CommandError = CommandError::Line(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);

fn one(ctx: &mut Ctx<'_>, key: Key<'_>) -> Result {
    // A generator of its own, as the view holds the environment.
    let mut rng = ctx.keyspace.env.rng.fork();
    let set = ctx.keyspace.db(ctx.client.db).view::<Set>(key)?;
    match set.and_then(|set| set.random(&mut rng)) {
        Some(member) => put(&mut ctx.client.out, member),
        None => ctx.client.out.null(),
    }
    Ok(())
}

fn distinct(ctx: &mut Ctx<'_>, key: Key<'_>, count: usize) -> Result {
    let mut rng = ctx.keyspace.env.rng.fork();
    let set = ctx.keyspace.db(ctx.client.db).view::<Set>(key)?;
    let out = &mut ctx.client.out;
    let Some(set) = set else {
        out.array(0);
        return Ok(());
    };
    let count = count.min(set.len());
    out.array(count);
    if count == set.len() {
        set.iter().for_each(|member| put(out, member));
    } else {
        set.sample(count, &mut rng, |member| put(out, member));
    }
    Ok(())
}

/// Independent draws. A client that asks for more than may wait for it is hung up on, in the middle of the reply.
fn repeated(ctx: &mut Ctx<'_>, key: Key<'_>, count: usize) -> Result {
    let (room, hopeless) = (ctx.reply_room(), ctx.is_too_much(count));
    let mut rng = ctx.keyspace.env.rng.fork();
    let set = ctx.keyspace.db(ctx.client.db).view::<Set>(key)?;
    let out = &mut ctx.client.out;
    let Some(set) = set else {
        out.array(0);
        return Ok(());
    };
    if hopeless {
        ctx.hang_up();
        return Ok(());
    }
    out.array(count);
    // Of a listpack, where each draw walks half of it, the members are found once.
    let known: Vec<_> =
        if set.encoding() == "listpack" && count > 1 { set.iter().collect() } else { Vec::new() };
    for _ in 0..count {
        let member = if known.is_empty() { set.random(&mut rng) } else { rng.choice(known.iter().copied()) };
        member.into_iter().for_each(|member| put(out, member));
        if out.len() > room {
            ctx.hang_up();
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use testkit::{Harness, Value, check};

    #[test]
    fn small_cases() {
        check(
            r#"
            > SADD s a
            :1
            > SRANDMEMBER s
            "a"
            > SRANDMEMBER s 5
            ["a"]
            > SRANDMEMBER s -3
            ["a" "a" "a"]
            > SRANDMEMBER s 0
            []
            > SADD i 3 1 2
            :3
            > SRANDMEMBER i 3
            ["1" "2" "3"]
            > SRANDMEMBER i 9223372036854775807
            ["1" "2" "3"]
            > SRANDMEMBER i 2
            [* *]
            > SRANDMEMBER none
            nil
            > SRANDMEMBER none 3
            []
            > SRANDMEMBER none -9223372036854775807
            []
            > SCARD i
            :3
            > HELLO 3
            *
            > SRANDMEMBER none
            nil
            > SRANDMEMBER i 5
            ["1" "2" "3"]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_order() {
        check(
            r#"
            > SET str x
            +OK
            > SRANDMEMBER str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SRANDMEMBER str 0
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SRANDMEMBER str x
            -ERR value is not an integer or out of range
            > SRANDMEMBER none -9223372036854775808
            -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
            > SRANDMEMBER str 1 2
            -ERR syntax error
            > SRANDMEMBER
            -ERR wrong number of arguments for 'srandmember' command
            "#,
        );
    }

    /// Draws of ten members in every encoding; nine degrees of freedom exceed 28 once in a thousand times.
    #[test]
    fn every_member_has_the_same_chance() {
        let mut h = Harness::new();
        for (prefix, setting) in [("", "128"), ("w", "128"), ("w", "0")] {
            h.send(&format!("CONFIG SET set-max-listpack-entries {setting}"));
            h.send("DEL s");
            (0..10).for_each(|n| drop(h.send(&format!("SADD s {prefix}{n}"))));
            for (ask, times) in [("-1000", 1), ("2", 500), ("8", 125), ("1", 1000), ("", 1000)] {
                let mut counts: BTreeMap<Vec<u8>, f64> = BTreeMap::new();
                for _ in 0..times {
                    let reply = h.send(&format!("SRANDMEMBER s {ask}"));
                    let one = std::slice::from_ref(&reply);
                    let drawn = if ask.is_empty() { one } else { reply.elements() };
                    for member in drawn.iter().filter_map(Value::bytes) {
                        *counts.entry(member.to_vec()).or_default() += 1.0;
                    }
                }
                let chi: f64 = counts.values().map(|count| (count - 100.0).powi(2) / 100.0).sum();
                assert!(counts.len() == 10 && chi < 28.0, "{prefix} {ask}: {counts:?}");
            }
        }
    }

    #[test]
    fn who_asks_for_more_than_may_wait_is_hung_up_on() {
        check(
            r#"
            # only here: a peer makes the reply first
            > SADD s a
            :1
            2> SRANDMEMBER s -9223372036854775806
            closed
            > CONFIG SET client-output-buffer-limit "normal 20000 0 0"
            +OK
            3> SRANDMEMBER s -2900
            closed
            4> SRANDMEMBER s -3334
            closed
            > SRANDMEMBER s -1
            ["a"]
            "#,
        );
    }
}
