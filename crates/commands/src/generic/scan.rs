//! SCAN: the keys of a database, in steps.
//!
//! The cursor is a position in our table, an unsigned 64-bit number; a client may only hand back what it was given.
//! It is read as leniently as the peer reads it: blanks and a sign before the digits, zeros in front.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};
use keyspace::{Filter, Type};

use super::keys::Found;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SCAN",
    summary: "Goes through the keys of a database, some with each call.",
    since: "2.8.0",
    group: Group::Generic,
    arity: Arity::AtLeast(2),
    flags: Flags::READONLY.and(Flags::TOUCHES_ARBITRARY_KEYS),
    args: &[
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
        Arg::string("type").token("TYPE").optional().since("6.0.0"),
    ],
    reply: "the next cursor, 0 at the end, and some keys",
    history: &[("6.0.0", "The option `TYPE`.")],
    tips: &["nondeterministic_output", "request_policy:special", "response_policy:special"],
    run: scan,
    ..Command::BLANK
}];

/// Keys looked at without COUNT.
const COUNT: usize = 10;

fn scan(ctx: &mut Ctx<'_>) -> Result {
    let cursor = cursor(ctx.argv.at(1)).ok_or(CommandError::Line("ERR invalid cursor"))?;
    let (filter, count) = options(ctx)?;
    let mut found = Found::default();
    let next = ctx.db().scan(cursor, count, &filter, &mut |entry| found.add(entry.key()));
    let mut digits = Vec::new();
    stdx::num::write_u64(&mut digits, next);
    ctx.client.out.array(2);
    ctx.client.out.bulk(&digits);
    found.answer(ctx)
}

/// A number as the peer's kernel library reads it, if it is not one of ours. A minus wraps around, but not before
/// a number in plain form.
pub(crate) fn cursor(word: &[u8]) -> Option<u64> {
    if let Some(plain) = stdx::num::parse_i64(word) {
        return u64::try_from(plain).ok();
    }
    let word = word.trim_ascii_start();
    let (digits, negative) = match word.split_first()? {
        (b'+', digits) => (digits, false),
        (b'-', digits) => (digits, true),
        _ => (word, false),
    };
    let number = magnitude(digits)?;
    Some(if negative { number.wrapping_neg() } else { number })
}

fn magnitude(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

fn options<'a>(ctx: &Ctx<'a>) -> Result<(Filter<'a>, usize)> {
    let (mut filter, mut count, mut at) = (Filter::default(), COUNT, 2);
    while at < ctx.argv.len() {
        let value = ctx.argv.get(at + 1);
        match value {
            Some(_) if ctx.is(at, "COUNT") => count = positive(ctx.integer(at + 1)?)?,
            Some(pattern) if ctx.is(at, "MATCH") => filter.pattern = Some(pattern).filter(|p| *p != b"*"),
            Some(name) if ctx.is(at, "TYPE") => filter.only = Some(named(name)?),
            _ if ctx.is(at, "NOVALUES") => return Err(NOVALUES),
            _ => return Err(CommandError::Syntax),
        }
        at += 2;
    }
    Ok((filter, count))
}

const NOVALUES: CommandError = CommandError::Line("ERR NOVALUES option can only be used in HSCAN");

fn positive(count: i64) -> Result<usize> {
    usize::try_from(count).ok().filter(|count| *count > 0).ok_or(CommandError::Syntax)
}

fn named(name: &[u8]) -> Result<Type> {
    Type::named(name).ok_or_else(|| {
        CommandError::Told(format!("ERR unknown type name '{}'", String::from_utf8_lossy(name)))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use testkit::{Harness, Value, check};

    use super::cursor;

    #[test]
    fn cursors_are_read_as_the_peer_reads_them() {
        let good: [(&[u8], u64); 8] = [
            (b"0", 0),
            (b"18446744073709551615", u64::MAX),
            (b"018446744073709551615", u64::MAX),
            (b" \t7", 7),
            (b"+7", 7),
            (b"007", 7),
            (b"-0", 0),
            (b"-01", u64::MAX),
        ];
        for (word, number) in good {
            assert_eq!(cursor(word), Some(number), "{word:?}");
        }
        let bad: [&[u8]; 9] = [b"", b" ", b"x", b"-1", b"--1", b"7 ", b"0x1", b"18446744073709551616", b"+"];
        for word in bad {
            assert_eq!(cursor(word), None, "{word:?}");
        }
    }

    #[test]
    fn a_small_database_is_one_step() {
        check(
            r#"
            > SCAN 0
            ["0" []]
            > SET a 1
            +OK
            > SCAN 0
            ["0" ["a"]]
            > SCAN 0 MATCH b* COUNT 100
            ["0" []]
            > SCAN 0 MATCH a* COUNT 100 TYPE String
            ["0" ["a"]]
            > SCAN 0 TYPE zset
            ["0" []]
            > SCAN 0 MATCH a MATCH b
            ["0" []]
            > SCAN 0 COUNT 9223372036854775807
            ["0" ["a"]]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_order() {
        check(
            r#"
            > SCAN x COUNT 0
            -ERR invalid cursor
            > SCAN -1
            -ERR invalid cursor
            > SCAN 18446744073709551616
            -ERR invalid cursor
            > SCAN 0 COUNT 0
            -ERR syntax error
            > SCAN 0 COUNT x
            -ERR value is not an integer or out of range
            > SCAN 0 COUNT
            -ERR syntax error
            > SCAN 0 TYPE foo COUNT 0
            -ERR unknown type name 'foo'
            > SCAN 0 NOVALUES
            -ERR NOVALUES option can only be used in HSCAN
            > SCAN 0 FOO bar
            -ERR syntax error
            > SCAN
            -ERR wrong number of arguments for 'scan' command
            "#,
        );
    }

    #[test]
    fn expired_keys_are_left_out_and_removed() {
        check(
            r#"
            > SET a 1
            +OK
            > PEXPIRE a 20
            :1
            ! wait 50
            > SCAN 0
            ["0" []]
            > DBSIZE
            :0
            "#,
        );
    }

    #[test]
    fn all_keys_are_met_however_many_there_are_and_though_the_table_shrinks() {
        let mut h = Harness::new();
        for n in 0..3000 {
            h.send(&format!("SET key:{n} v"));
        }
        let (mut met, mut cursor, mut steps) = (BTreeSet::new(), b"0".to_vec(), 0);
        loop {
            let reply = h.send(&format!("SCAN {} COUNT 50", String::from_utf8_lossy(&cursor)));
            let [next, keys] = reply.elements() else { panic!("{reply:?}") };
            met.extend(keys.elements().iter().filter_map(Value::bytes).map(<[u8]>::to_vec));
            cursor = next.bytes().unwrap().to_vec();
            h.send(&format!("DEL key:{} key:{}", 1000 + 2 * steps, 1001 + 2 * steps));
            steps += 1;
            if cursor == b"0" {
                break;
            }
        }
        let stayed = (0..1000).chain(1000 + 2 * steps..3000);
        assert!(stayed.map(|n| format!("key:{n}").into_bytes()).all(|key| met.contains(&key)));
    }

    #[test]
    fn expired_keys_are_removed_if_they_are_asked_for() {
        check(
            r#"
            > DEBUG SET-ACTIVE-EXPIRE 0
            +OK
            > SET a 1
            +OK
            > SET text 1 PX 10
            +OK
            > HSET hash f v
            :1
            > PEXPIRE hash 10
            :1
            ! wait 30
            > SCAN 0 TYPE string
            ["0" ["a"]]
            > DBSIZE
            :2
            > SCAN 0 MATCH b* TYPE hash
            ["0" []]
            > DBSIZE
            :2
            > SCAN 0
            ["0" ["a"]]
            > DBSIZE
            :1
            > DEBUG SET-ACTIVE-EXPIRE 1
            +OK
            "#,
        );
    }
}
