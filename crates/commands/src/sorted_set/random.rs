//! ZRANDMEMBER: members by chance, each with the same.

use std::collections::BTreeSet;

use engine::outbox::Outbox;
use engine::{Arg, Arity, Command, CommandError, Ctx, Result};
use keyspace::{Env, SortedSet, SortedSetView};
use structures::Element;

use super::{READS, member, pair, pairs};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "ZRANDMEMBER",
    summary: "Tells members by chance, each with the same chance.",
    since: "6.2.0",
    arity: Arity::AtLeast(2),
    args: &[
        Arg::key("key"),
        Arg::block("options", &[Arg::integer("count"), Arg::word("withscores", "WITHSCORES").optional()])
            .optional(),
    ],
    reply: "a member, nil if there is no key; with a count an array (of different ones if it is not negative)",
    complexity: "O(N), N = members told",
    tips: &["nondeterministic_output"],
    run: random,
    ..READS
}];

/// Above this share of the set, different ones are chosen while walking it; below, rank by rank.
const WALK_FROM: usize = 8;

fn random(ctx: &mut Ctx<'_>) -> Result {
    let wish = wish(ctx)?;
    let key = ctx.key(1);
    let (mut fits, room) = (true, ctx.reply_room());
    let hopeless = wish.is_some_and(|(count, _)| count < 0 && ctx.is_too_much(magnitude(count)));
    let mut db = ctx.keyspace.db(ctx.client.db);
    let set = db.again().view::<SortedSet>(key)?.is_some();
    let out = &mut ctx.client.out;
    let (db, env) = (db.db, db.env);
    let set = if set { db.peek::<SortedSet>(key)? } else { None };
    match (set, wish) {
        (None, None) => out.null(),
        (None, Some(_)) => out.array(0),
        (Some(set), None) => {
            if let Some((name, _)) = set.random(&mut env.rng) {
                member(out, name);
            }
        }
        (Some(set), Some((count, with_scores))) => {
            let mut told = Told { out, with_scores };
            match usize::try_from(count) {
                Ok(count) => different(set, count, env, &mut told),
                Err(_) => fits = !hopeless && any(set, magnitude(count), room, env, &mut told),
            }
        }
    }
    if !fits {
        ctx.hang_up();
    }
    Ok(())
}

fn magnitude(count: i64) -> usize {
    usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX)
}

/// The count, and whether scores are wanted.
fn wish(ctx: &Ctx<'_>) -> Result<Option<(i64, bool)>> {
    if ctx.argv.len() == 2 {
        return Ok(None);
    }
    let count = ctx.integer(2)?;
    if count == i64::MIN {
        return Err(CommandError::Line(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ));
    }
    match ctx.argv.len() {
        3 => Ok(Some((count, false))),
        4 if !ctx.is(3, "WITHSCORES") => Err(CommandError::Syntax),
        4 if count.unsigned_abs() > i64::MAX as u64 / 2 => {
            Err(CommandError::Line("ERR value is out of range"))
        }
        4 => Ok(Some((count, true))),
        _ => Err(CommandError::Syntax),
    }
}

/// How elements are told.
struct Told<'o> {
    out: &'o mut Outbox,
    with_scores: bool,
}

impl Told<'_> {
    fn begin(&mut self, count: usize) {
        if self.with_scores { pairs(self.out, count) } else { self.out.array(count) }
    }

    fn add(&mut self, (name, score): (Element<'_>, f64)) {
        if self.with_scores { pair(self.out, name, score) } else { member(self.out, name) }
    }
}

/// Elements that may be the same. False, in the middle of the reply, if they do not have room.
fn any(set: SortedSetView<'_>, count: usize, room: usize, env: &mut Env, told: &mut Told<'_>) -> bool {
    told.begin(count);
    for _ in 0..count {
        if let Some(element) = set.random(&mut env.rng) {
            told.add(element);
        }
        if told.out.len() > room {
            return false;
        }
    }
    true
}

/// Different elements, all of them if there are no more.
fn different(set: SortedSetView<'_>, count: usize, env: &mut Env, told: &mut Told<'_>) {
    let len = set.len();
    told.begin(count.min(len));
    if count >= len {
        return set.iter().for_each(|element| told.add(element));
    }
    if count == 1 {
        return set.random(&mut env.rng).into_iter().for_each(|element| told.add(element));
    }
    if matches!(set, SortedSetView::Packed(_)) || count > len / WALK_FROM {
        return choose(set, count, env, told);
    }
    // Floyd's way to choose numbers below `len`, all sets of them with the same chance.
    let mut ranks = BTreeSet::new();
    for top in len - count..len {
        let rank = env.rng.usize(..=top);
        let rank = if ranks.insert(rank) { rank } else { top };
        ranks.insert(rank);
        set.range(rank..rank + 1).for_each(|element| told.add(element));
    }
}

/// Walks the set and takes each element with the chance that leaves the right number in the end.
fn choose(set: SortedSetView<'_>, count: usize, env: &mut Env, told: &mut Told<'_>) {
    let (mut wanted, mut left) = (count, set.len());
    for element in set.iter() {
        if env.rng.usize(..left) < wanted {
            told.add(element);
            wanted -= 1;
        }
        left -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use testkit::{Harness, Value, check, check_both};

    #[test]
    fn members_are_drawn() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZRANDMEMBER z
            nil
            > ZRANDMEMBER z 3
            []
            > ZADD z 1 a
            :1
            > ZRANDMEMBER z
            "a"
            > ZRANDMEMBER z 0
            []
            > ZRANDMEMBER z 1
            ["a"]
            > ZRANDMEMBER z 9
            ["a"]
            > ZRANDMEMBER z -3
            ["a" "a" "a"]
            > ZRANDMEMBER z -2 WITHSCORES
            ["a" "1" "a" "1"]
            > ZRANDMEMBER z 4611686018427387903 withscores
            ["a" "1"]
            > HELLO 3
            *
            > ZRANDMEMBER z -2 WITHSCORES
            [["a" ,1] ["a" ,1]]
            > ZRANDMEMBER nope
            nil
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > ZRANDMEMBER z x
            -ERR value is not an integer or out of range
            > ZRANDMEMBER z x FOO
            -ERR value is not an integer or out of range
            > ZRANDMEMBER z 1 FOO
            -ERR syntax error
            > ZRANDMEMBER z 1 WITHSCORES 1
            -ERR syntax error
            > ZRANDMEMBER z -9223372036854775808
            -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
            > ZRANDMEMBER z 9223372036854775807 WITHSCORES
            -ERR value is out of range
            > ZRANDMEMBER z -9223372036854775807 WITHSCORES
            -ERR value is out of range
            > SET s 1
            +OK
            > ZRANDMEMBER s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZRANDMEMBER s 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZRANDMEMBER
            -ERR wrong number of arguments for 'zrandmember' command
            "#,
        );
    }

    /// Every way of choosing gives each member the same chance, and never the same member twice.
    #[test]
    fn every_member_has_the_same_chance() {
        for (entries, count, ask) in
            [(128, 20, 5), (0, 20, 5), (0, 20, 2), (0, 20, 1), (128, 20, -4), (0, 20, -4)]
        {
            let mut h = Harness::new();
            h.config("zset-max-listpack-entries", entries.to_string().as_bytes()).unwrap();
            for n in 0..count {
                h.send(&format!("ZADD z {n} m{n}"));
            }
            let (mut times, rounds) = (BTreeMap::<Vec<u8>, f64>::new(), 4000);
            for _ in 0..rounds {
                let reply = h.send(&format!("ZRANDMEMBER z {ask}"));
                let drawn: Vec<Vec<u8>> =
                    reply.elements().iter().filter_map(Value::bytes).map(<[u8]>::to_vec).collect();
                assert_eq!(drawn.len(), i32::unsigned_abs(ask) as usize);
                if ask > 0 {
                    let mut unique = drawn.clone();
                    unique.sort();
                    unique.dedup();
                    assert_eq!(unique.len(), drawn.len());
                }
                drawn.into_iter().for_each(|member| *times.entry(member).or_default() += 1.0);
            }
            let expected = f64::from(rounds) * f64::from(ask.abs()) / f64::from(count);
            let chi: f64 = times.values().map(|seen| (seen - expected).powi(2) / expected).sum();
            assert!(times.len() == 20 && chi < 55.0, "{entries} {ask}: {chi}");
        }
    }

    #[test]
    fn who_asks_for_more_than_may_wait_is_hung_up_on() {
        check(
            r#"
            # only here: a peer makes the reply first
            > ZADD s 1 a
            :1
            2> ZRANDMEMBER s -9223372036854775806
            closed
            > CONFIG SET client-output-buffer-limit "normal 20000 0 0"
            +OK
            3> ZRANDMEMBER s -2900
            closed
            4> ZRANDMEMBER s -3334
            closed
            > ZRANDMEMBER s -1
            ["a"]
            "#,
        );
    }
}
