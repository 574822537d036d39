//! SSCAN: the members of a set, in steps. A packed set is one step, whatever the count.

use engine::{Arg, Arity, Command, CommandError, Ctx, Result};
use keyspace::Set;

use super::READS;
use crate::generic::{Found, cursor};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SSCAN",
    summary: "Goes through the members of the set under a key, some with each call.",
    since: "2.8.0",
    arity: Arity::AtLeast(3),
    args: &[
        Arg::key("key"),
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
    ],
    reply: "the next cursor, 0 at the end, and some members",
    complexity: "O(1) for each call, O(N) for all",
    tips: &["nondeterministic_output"],
    run: sscan,
    ..READS
}];

/// Members looked at without COUNT.
const COUNT: usize = 10;

fn sscan(ctx: &mut Ctx<'_>) -> Result {
    let cursor = cursor(ctx.argv.at(2)).ok_or(CommandError::Line("ERR invalid cursor"))?;
    let key = ctx.key(1);
    let (mut found, mut next) = (Found::default(), 0);
    if ctx.db().view::<Set>(key)?.is_some() {
        let (pattern, count) = options(ctx)?;
        let takes = |member: &[u8]| pattern.is_none_or(|pattern| stdx::glob::matches(pattern, member, false));
        let mut digits = Vec::new();
        if let Some(set) = ctx.keyspace.look(ctx.client.db).peek::<Set>(key)? {
            next = set.scan(cursor, count, |member| {
                let member = member.bytes(&mut digits);
                if takes(member) {
                    found.add(member);
                }
            });
        }
    }
    let mut digits = Vec::new();
    stdx::num::write_u64(&mut digits, next);
    ctx.client.out.array(2);
    ctx.client.out.bulk(&digits);
    found.answer(ctx)
}

/// MATCH and COUNT.
fn options<'a>(ctx: &Ctx<'a>) -> Result<(Option<&'a [u8]>, usize)> {
    let (mut pattern, mut count, mut at) = (None, COUNT, 3);
    while at < ctx.argv.len() {
        match ctx.argv.get(at + 1) {
            Some(_) if ctx.is(at, "COUNT") => {
                let wanted = ctx.integer(at + 1)?;
                count =
                    usize::try_from(wanted).ok().filter(|count| *count > 0).ok_or(CommandError::Syntax)?;
            }
            Some(word) if ctx.is(at, "MATCH") => pattern = Some(word).filter(|word| *word != b"*"),
            _ if ctx.is(at, "NOVALUES") => {
                return Err(CommandError::Line("ERR NOVALUES option can only be used in HSCAN"));
            }
            _ => return Err(CommandError::Syntax),
        }
        at += 2;
    }
    Ok((pattern, count))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use testkit::{Harness, Value, check};

    #[test]
    fn a_packed_set_is_one_step() {
        check(
            r#"
            > SADD i 10 20 30
            :3
            > SSCAN i 0 COUNT 1
            ["0" ["10" "20" "30"]]
            > SSCAN i 7
            ["0" ["10" "20" "30"]]
            > SSCAN i 0 MATCH 2*
            ["0" ["20"]]
            > SADD l foo foobar bar
            :3
            > SSCAN l 0 MATCH foo* COUNT 10000
            ["0" ["foo" "foobar"]]
            > SSCAN l 0 match x*
            ["0" []]
            > SSCAN none 0
            ["0" []]
            > SSCAN none 0 COUNT x
            ["0" []]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_order() {
        check(
            r#"
            > SET str x
            +OK
            > SADD s a
            :1
            > SSCAN str x
            -ERR invalid cursor
            > SSCAN str 0 COUNT 0
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SSCAN s 0 COUNT 0
            -ERR syntax error
            > SSCAN s 0 COUNT x
            -ERR value is not an integer or out of range
            > SSCAN s 0 TYPE set
            -ERR syntax error
            > SSCAN s 0 NOVALUES
            -ERR NOVALUES option can only be used in HSCAN
            > SSCAN s 0 MATCH
            -ERR syntax error
            > SSCAN s
            -ERR wrong number of arguments for 'sscan' command
            "#,
        );
    }

    #[test]
    fn all_members_of_a_table_are_met_though_it_shrinks() {
        let mut h = Harness::new();
        for n in 0..2000 {
            h.send(&format!("SADD s member:{n}"));
        }
        let (mut met, mut cursor, mut steps) = (BTreeSet::new(), b"0".to_vec(), 0);
        loop {
            let reply = h.send(&format!("SSCAN s {} COUNT 50", String::from_utf8_lossy(&cursor)));
            let [next, members] = reply.elements() else { panic!("{reply:?}") };
            met.extend(members.elements().iter().filter_map(Value::bytes).map(<[u8]>::to_vec));
            cursor = next.bytes().unwrap().to_vec();
            for n in 0..40 {
                h.send(&format!("SREM s member:{}", 100 + 40 * steps + n));
            }
            steps += 1;
            if cursor == b"0" {
                break;
            }
        }
        assert!(steps > 5 && (0..100).all(|n| met.contains(format!("member:{n}").as_bytes())), "{steps}");
    }
}
