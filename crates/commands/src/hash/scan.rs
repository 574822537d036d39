//! HSCAN: the fields of a hash, in steps. A packed hash is one step.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Hash;

use crate::generic::cursor;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "HSCAN",
    summary: "Goes through the fields of a hash, some with each call.",
    since: "2.8.0",
    group: Group::Hash,
    arity: Arity::AtLeast(3),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[
        Arg::key("key"),
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
        Arg::word("novalues", "NOVALUES").optional(),
    ],
    reply: "the next cursor, 0 at the end, and some fields with their values",
    complexity: "O(1) for a call, O(N) for all",
    tips: &["nondeterministic_output"],
    run: hscan,
    ..Command::BLANK
}];

/// What is emitted.
struct Options<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
    values: bool,
}

fn hscan(ctx: &mut Ctx<'_>) -> Result {
    let from = cursor(ctx.argv.at(2)).ok_or(CommandError::Line("ERR invalid cursor"))?;
    let (key, now_ms) = (ctx.key(1), ctx.now_ms());
    let hash = ctx.keyspace.db(ctx.client.db).view::<Hash>(key)?;
    let Some(hash) = hash else {
        ctx.client.out.array(2);
        ctx.client.out.bulk(b"0");
        ctx.client.out.array(0);
        return Ok(());
    };
    let options = options(ctx.argv)?;
    let (mut found, mut digits) = (Vec::new(), Vec::new());
    let next = hash.scan(from, options.count, now_ms, &mut |field, value| {
        let taken = |pattern| stdx::glob::matches(pattern, field.bytes(&mut digits), false);
        if options.pattern.is_none_or(taken) {
            found.push(field);
            if options.values {
                found.push(value);
            }
        }
    });
    let out = &mut ctx.client.out;
    digits.clear();
    stdx::num::write_u64(&mut digits, next);
    out.array(2);
    out.bulk(&digits);
    out.array(found.len());
    found.into_iter().for_each(|element| super::answer(out, element));
    Ok(())
}

fn options<'a>(argv: resp::Argv<'a>) -> Result<Options<'a>> {
    let (mut options, mut at) = (Options { pattern: None, count: 10, values: true }, 3);
    let is = |at: usize, word: &str| argv.at(at).eq_ignore_ascii_case(word.as_bytes());
    while at < argv.len() {
        let value = argv.get(at + 1);
        match value {
            Some(count) if is(at, "COUNT") => options.count = positive(count)?,
            Some(pattern) if is(at, "MATCH") => options.pattern = Some(pattern).filter(|it| *it != b"*"),
            _ if is(at, "NOVALUES") => {
                options.values = false;
                at += 1;
                continue;
            }
            _ => return Err(CommandError::Syntax),
        }
        at += 2;
    }
    Ok(options)
}

fn positive(count: &[u8]) -> Result<usize> {
    let count = stdx::num::parse_i64(count).ok_or(CommandError::NotInteger)?;
    usize::try_from(count).ok().filter(|count| *count > 0).ok_or(CommandError::Syntax)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn a_small_hash_is_one_step() {
        check(
            r#"
            > HSCAN nope 0
            ["0" []]
            > HSET h a 1
            :1
            > HSCAN h 0
            ["0" ["a" "1"]]
            > HSCAN h 0 NOVALUES
            ["0" ["a"]]
            > HSCAN h 0 MATCH b* COUNT 100
            ["0" []]
            > HSCAN h 0 MATCH a* COUNT 1 NOVALUES
            ["0" ["a"]]
            > HSCAN h 0 COUNT 9223372036854775807
            ["0" ["a" "1"]]
            > HSET h 12 b
            :1
            > HSCAN h 0 MATCH 1*
            ["0" ["12" "b"]]
            > HSCAN h 0 MATCH 1* NOVALUES
            ["0" ["12"]]
            > HELLO 3
            *
            > HSCAN h 0
            ["0" ["a" "1" "12" "b"]]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_order() {
        check(
            r#"
            > HSCAN h
            -ERR wrong number of arguments for 'hscan' command
            > HSCAN nope x FOO
            -ERR invalid cursor
            > HSCAN nope 0 FOO
            ["0" []]
            > HSET h a 1
            :1
            > HSCAN h x
            -ERR invalid cursor
            > HSCAN h -1
            -ERR invalid cursor
            > HSCAN h 0 FOO
            -ERR syntax error
            > HSCAN h 0 FOO bar
            -ERR syntax error
            > HSCAN h 0 COUNT
            -ERR syntax error
            > HSCAN h 0 COUNT 0
            -ERR syntax error
            > HSCAN h 0 COUNT x
            -ERR value is not an integer or out of range
            > HSCAN h 0 TYPE hash
            -ERR syntax error
            > SET s text
            +OK
            > HSCAN s x
            -ERR invalid cursor
            > HSCAN s 0 FOO
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
