//! MSET, MSETNX, MSETEX: set several keys as one step.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Expire, Key};

use super::expiration::{self, EX, EXAT, Expiration, PX, PXAT};
use super::get::{BATCH, fetch};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "MSET",
        summary: "Sets several keys to strings.",
        keys: &[KeySpec::from(1).range(-1, 2, 0).ow().update()],
        reply: "OK",
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        run: mset,
        ..SETS
    },
    Command {
        name: "MSETNX",
        summary: "Sets several keys to strings if none of them exists.",
        keys: &[KeySpec::from(1).range(-1, 2, 0).ow().insert()],
        reply: "1 if they were set, 0 if one of them existed",
        run: msetnx,
        ..SETS
    },
    Command {
        name: "MSETEX",
        summary: "Sets several keys to strings, all with the same end, if a condition holds.",
        since: "9.1.0",
        arity: Arity::AtLeast(4),
        flags: SETS.flags.and(Flags::MOVABLEKEYS),
        keys: &[KeySpec::at(1).keynum(0, 1, 2).ow().update()],
        args: &[
            Arg::integer("numkeys"),
            PAIRS,
            Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional(),
            Arg::one_of("expiration", &[EX, PX, EXAT, PXAT, Arg::word("keepttl", "KEEPTTL")]).optional(),
        ],
        reply: "1 if they were set, 0 if the condition did not hold",
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        run: msetex,
        ..SETS
    },
];

const PAIRS: Arg = Arg::block("data", &[Arg::key("key"), Arg::string("value")]).many();

const SETS: Command = Command {
    since: "1.0.1",
    group: Group::String,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::DENYOOM),
    args: &[PAIRS],
    complexity: "O(N), N = keys",
    ..Command::BLANK
};

/// Sets the pairs from word `first` up to word `end`.
fn set_pairs(ctx: &mut Ctx<'_>, first: usize, end: usize, expire: Expire) {
    let mut keys = [Key { bytes: b"", hash: 0 }; BATCH];
    let mut at = first;
    while at < end {
        let count = fetch(ctx, at, 2, &mut keys).min((end - at) / 2);
        for (n, key) in keys[..count].iter().enumerate() {
            let value = ctx.argv.at(at + 2 * n + 1);
            let mut db = ctx.db();
            db.expire_if_due(*key);
            db.set_str(*key, value, expire);
            ctx.changed(key.bytes, Class::String, "set");
            if matches!(expire, Expire::At(_)) {
                ctx.event(ctx.client.db, key.bytes, Class::Generic, "expire");
            }
        }
        at += 2 * count;
    }
}

fn check_pairs(ctx: &Ctx<'_>) -> Result {
    if ctx.argv.len().is_multiple_of(2) { Err(ctx.wrong_arity()) } else { Ok(()) }
}

/// Whether any key of the pairs is there (`wanted`), or is not.
fn any_there(ctx: &mut Ctx<'_>, first: usize, end: usize, wanted: bool) -> bool {
    (first..end).step_by(2).any(|index| {
        let key = ctx.key(index);
        ctx.db().has(key) == wanted
    })
}

fn mset(ctx: &mut Ctx<'_>) -> Result {
    check_pairs(ctx)?;
    set_pairs(ctx, 1, ctx.argv.len(), Expire::Clear);
    ctx.ok()
}

fn msetnx(ctx: &mut Ctx<'_>) -> Result {
    check_pairs(ctx)?;
    if any_there(ctx, 1, ctx.argv.len(), true) {
        return ctx.int(0);
    }
    set_pairs(ctx, 1, ctx.argv.len(), Expire::Clear);
    ctx.int(1)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Always,
    NonePresent,
    AllPresent,
}

fn msetex(ctx: &mut Ctx<'_>) -> Result {
    const BAD_NUMKEYS: CommandError = CommandError::Line("ERR invalid numkeys value or out of range");
    let numkeys = stdx::num::parse_i64(ctx.argv.at(1)).filter(|n| (1..=i64::from(i32::MAX)).contains(n));
    let numkeys = numkeys.ok_or(BAD_NUMKEYS)? as usize;
    let end = 2 + 2 * numkeys;
    if end > ctx.argv.len() {
        return Err(CommandError::Syntax);
    }
    let (condition, said) = msetex_options(ctx, end)?;
    let expire = match said {
        Expiration::At(unit, index) => Expire::At(expiration::absolute(ctx, unit, index)?),
        Expiration::Keep => Expire::Keep,
        Expiration::Unsaid | Expiration::Persist => Expire::Clear,
    };
    let fails = match condition {
        Condition::Always => false,
        Condition::NonePresent => any_there(ctx, 2, end, true),
        Condition::AllPresent => any_there(ctx, 2, end, false),
    };
    if fails {
        return ctx.int(0);
    }
    set_pairs(ctx, 2, end, expire);
    if let (Expiration::At(_, index), Expire::At(at)) = (said, expire) {
        propagate_absolute(ctx, index, at);
    }
    ctx.int(1)
}

fn msetex_options(ctx: &Ctx<'_>, from: usize) -> Result<(Condition, Expiration)> {
    let (mut condition, mut said) = (Condition::Always, Expiration::Unsaid);
    let mut at = from;
    while at < ctx.argv.len() {
        if expiration::option(ctx, &mut at, &mut said, "KEEPTTL")? {
            continue;
        }
        let found = match () {
            () if ctx.is(at, "NX") => Condition::NonePresent,
            () if ctx.is(at, "XX") => Condition::AllPresent,
            () => return Err(CommandError::Syntax),
        };
        if condition != Condition::Always && condition != found {
            return Err(CommandError::Syntax);
        }
        condition = found;
        at += 1;
    }
    Ok((condition, said))
}

/// The request with the time at an index, and the word before it, made absolute: replicas must not count from their
/// own clock.
fn propagate_absolute(ctx: &mut Ctx<'_>, index: usize, at: i64) {
    if ctx.server.listeners.feed {
        let (argv, at) = (ctx.argv, expiration::digits(at));
        let mut words: Vec<&[u8]> = argv.iter().collect();
        words[index - 1] = b"PXAT";
        words[index] = &at;
        ctx.propagate_instead(&words);
    }
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, Value, check};

    #[test]
    fn several_keys_in_one_step() {
        check(
            r#"
            > MSET a 1 b 2 a 3
            +OK
            > MGET a b
            ["3" "2"]
            > MSETNX c 1 a 9
            :0
            > GET c
            nil
            > MSETNX c 1 d 1 c 2
            :1
            > GET c
            "2"
            > MSET a
            -ERR wrong number of arguments for 'mset' command
            > MSET a b c
            -ERR wrong number of arguments for 'mset' command
            > MSETNX a b c
            -ERR wrong number of arguments for 'msetnx' command
            "#,
        );
    }

    #[test]
    fn more_keys_than_are_fetched_together() {
        let text = |n: usize| Value::Bulk(format!("v{n}").into_bytes());
        let (pairs, keys): (String, String) =
            (0..40).map(|n| (format!(" k{n} v{n}"), format!(" k{n}"))).unzip();
        let mut harness = Harness::new();
        harness.send(&format!("MSET{pairs}"));
        assert_eq!(harness.send(&format!("MGET{keys}")), Value::Array((0..40).map(text).collect()));
        harness.send(&format!("MSETEX 40{pairs} PX 100"));
        harness.advance(200);
        assert_eq!(harness.send(&format!("MGET{keys}")), Value::Array(vec![Value::Null; 40]));
    }

    #[test]
    fn several_keys_with_one_end() {
        check(
            r#"
            > MSETEX 2 a 1 b 2 PX 100
            :1
            > MSETEX 2 a 1 c 2 NX
            :0
            > MSETEX 2 a 1 c 2 XX
            :0
            ! wait 200
            > MGET a b
            [nil nil]
            > MSETEX 0 a b
            -ERR invalid numkeys value or out of range
            > MSETEX 2 a b c
            -ERR syntax error
            > MSETEX 1 a b NX XX
            -ERR syntax error
            > MSETEX 1 a b EX 0
            -ERR invalid expire time in 'msetex' command
            > MSETEX 01 a b
            -ERR invalid numkeys value or out of range
            > MSETEX 2147483648 a b
            -ERR invalid numkeys value or out of range
            > MSETEX 2147483647 a b
            -ERR syntax error
            > MSETEX 1 a b c d
            -ERR syntax error
            > MSETEX 1 a b GET
            -ERR syntax error
            > MSETEX 1 a
            -ERR wrong number of arguments for 'msetex' command
            > MSETEX 2 a 1 a 2 NX KEEPTTL NX
            :1
            > GET a
            "2"
            > MSETEX 1 a 3 PXAT 1
            :1
            > EXISTS a
            :0
            "#,
        );
    }
}
