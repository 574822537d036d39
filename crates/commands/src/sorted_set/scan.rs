//! ZSCAN: the members of a sorted set, in steps.

use engine::outbox::BLOCK;
use engine::{Arg, Arity, Command, CommandError, Ctx, Result};
use structures::Element;

use super::{READS, view};
use crate::generic::cursor;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "ZSCAN",
    summary: "Goes through the members of a sorted set, some with each call.",
    since: "2.8.0",
    arity: Arity::AtLeast(3),
    args: &[
        Arg::key("key"),
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
        Arg::word("noscores", "NOSCORES").optional(),
    ],
    reply: "the next cursor, 0 at the end, and some members, with their scores unless those are not wanted",
    complexity: "O(1) for each call, O(N) for all of them until the cursor is 0 again",
    history: &[("8.0.0", "The option `NOSCORES`.")],
    tips: &["nondeterministic_output"],
    run: scan,
    ..READS
}];

/// Members looked at without COUNT.
const COUNT: usize = 10;
/// Buckets walked for each member asked for, at most.
const BUCKETS_PER_MEMBER: usize = 10;

struct Wish<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
    with_scores: bool,
}

fn scan(ctx: &mut Ctx<'_>) -> Result {
    let cursor = cursor(ctx.argv.at(2)).ok_or(CommandError::Line("ERR invalid cursor"))?;
    // Options are looked at only if there is something to scan, as with the peer.
    let wish = wish(ctx);
    let key = ctx.key(1);
    let (set, out) = view(ctx, key)?;
    let (mut found, mut next) = (Found::default(), 0);
    if let Some(set) = set {
        let wish = wish?;
        next = cursor;
        for _ in 0..wish.count.saturating_mul(BUCKETS_PER_MEMBER) {
            next = set.scan(next, |member, score| found.add(member, score, &wish));
            if next == 0 || found.seen >= wish.count {
                break;
            }
        }
    }
    out.array(2);
    let mut text = Vec::with_capacity(20);
    stdx::num::write_u64(&mut text, next);
    out.bulk(&text);
    out.array(found.words);
    for piece in found.replies.chunks(BLOCK) {
        out.buffer().extend_from_slice(piece);
        out.settle();
    }
    Ok(())
}

/// Elements found, as replies already: their number must be told before them, and is known only after them.
#[derive(Default)]
struct Found {
    replies: Vec<u8>,
    words: usize,
    /// Elements looked at, wanted or not.
    seen: usize,
    digits: Vec<u8>,
}

impl Found {
    fn add(&mut self, member: Element<'_>, score: f64, wish: &Wish<'_>) {
        self.seen += 1;
        let name = member.bytes(&mut self.digits);
        if wish.pattern.is_some_and(|pattern| !stdx::glob::matches(pattern, name, false)) {
            return;
        }
        resp::reply::bulk(&mut self.replies, name);
        self.words += 1;
        if wish.with_scores {
            // A string in RESP3 too.
            resp::reply::double(&mut self.replies, score, resp::Protocol::Resp2);
            self.words += 1;
        }
    }
}

fn wish<'a>(ctx: &Ctx<'a>) -> Result<Wish<'a>> {
    let (mut wish, mut at) = (Wish { pattern: None, count: COUNT, with_scores: true }, 3);
    while at < ctx.argv.len() {
        let value = ctx.argv.get(at + 1);
        match value {
            Some(_) if ctx.is(at, "COUNT") => {
                let count = usize::try_from(ctx.integer(at + 1)?).ok().filter(|count| *count > 0);
                wish.count = count.ok_or(CommandError::Syntax)?;
                at += 1;
            }
            Some(pattern) if ctx.is(at, "MATCH") => {
                wish.pattern = Some(pattern).filter(|pattern| *pattern != b"*");
                at += 1;
            }
            _ if ctx.is(at, "NOSCORES") => wish.with_scores = false,
            _ if ctx.is(at, "NOVALUES") => return Err(NOVALUES),
            _ => return Err(CommandError::Syntax),
        }
        at += 1;
    }
    Ok(wish)
}

const NOVALUES: CommandError = CommandError::Line("ERR NOVALUES option can only be used in HSCAN");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use testkit::{Harness, Value, check, check_both};

    #[test]
    fn a_small_set_is_one_step() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 1.5 a
            :1
            > ZSCAN z 0
            ["0" ["a" "1.5"]]
            > ZSCAN z 0 NOSCORES
            ["0" ["a"]]
            > ZSCAN z 0 MATCH b* COUNT 100
            ["0" []]
            > ZSCAN z 0 MATCH a* noscores COUNT 100
            ["0" ["a"]]
            > ZSCAN nope 0
            ["0" []]
            > ZSCAN nope 0 FOO
            ["0" []]
            > HELLO 3
            *
            > ZSCAN z 0
            ["0" ["a" "1.5"]]
            "#,
        );
        check(
            r#"
            > ZADD z 2 12 1 a
            :2
            > ZSCAN z 0 COUNT 1
            ["0" ["a" "1" "12" "2"]]
            > ZSCAN z 0 MATCH 1*
            ["0" ["12" "2"]]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > ZADD z 1 a
            :1
            > ZSCAN z x
            -ERR invalid cursor
            > ZSCAN z -1 COUNT 0
            -ERR invalid cursor
            > ZSCAN z 0 COUNT 0
            -ERR syntax error
            > ZSCAN z 0 COUNT x
            -ERR value is not an integer or out of range
            > ZSCAN z 0 COUNT
            -ERR syntax error
            > ZSCAN z 0 TYPE zset
            -ERR syntax error
            > ZSCAN z 0 NOVALUES
            -ERR NOVALUES option can only be used in HSCAN
            > SET s 1
            +OK
            > ZSCAN s 0
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZSCAN z
            -ERR wrong number of arguments for 'zscan' command
            "#,
        );
    }

    #[test]
    fn all_members_are_met_though_the_set_shrinks() {
        let mut h = Harness::new();
        for n in 0..2000 {
            h.send(&format!("ZADD z {n} m{n}"));
        }
        let (mut met, mut cursor, mut steps) = (BTreeSet::new(), b"0".to_vec(), 0);
        loop {
            let reply = h.send(&format!("ZSCAN z {} COUNT 40 NOSCORES", String::from_utf8_lossy(&cursor)));
            let [next, members] = reply.elements() else { panic!("{reply:?}") };
            assert!(members.elements().len() < 400);
            met.extend(members.elements().iter().filter_map(Value::bytes).map(<[u8]>::to_vec));
            cursor = next.bytes().unwrap().to_vec();
            h.send(&format!("ZREM z m{} m{}", 1000 + 2 * steps, 1001 + 2 * steps));
            steps += 1;
            if cursor == b"0" {
                break;
            }
        }
        assert!((20..100).contains(&steps), "{steps}");
        let stayed = (0..1000).chain(1000 + 2 * steps..2000);
        assert!(stayed.map(|n| format!("m{n}").into_bytes()).all(|member| met.contains(&member)));
    }
}
