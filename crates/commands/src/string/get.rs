//! GET, MGET, STRLEN, GETRANGE, SUBSTR: read strings.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Key, Str};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "GET",
        summary: "Answers the string under a key.",
        arity: Arity::Exactly(2),
        reply: "the value, or null",
        run: get,
        ..READS
    },
    Command {
        name: "MGET",
        summary: "Answers the strings under several keys.",
        arity: Arity::AtLeast(2),
        keys: &[KeySpec::from(1).ro().access()],
        args: &[Arg::key("key").many()],
        reply: "for each key its value; null where there is none or it is no string",
        complexity: "O(N), N = keys",
        tips: &["request_policy:multi_shard"],
        run: mget,
        ..READS
    },
    Command {
        name: "STRLEN",
        summary: "Answers the length in bytes of the string under a key.",
        since: "2.2.0",
        arity: Arity::Exactly(2),
        keys: &[KeySpec::at(1).ro()],
        reply: "the length; 0 without a key",
        run: strlen,
        ..READS
    },
    Command {
        name: "GETRANGE",
        summary: "Answers a part of the string under a key.",
        since: "2.4.0",
        run: getrange,
        ..RANGE
    },
    Command {
        name: "SUBSTR",
        summary: "Answers a part of the string under a key.",
        deprecated: Some(("2.0.0", "`GETRANGE`")),
        run: getrange,
        ..RANGE
    },
];

const READS: Command = Command {
    group: Group::String,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key")],
    ..Command::BLANK
};

const RANGE: Command = Command {
    arity: Arity::Exactly(4),
    flags: Flags::READONLY,
    args: &[Arg::key("key"), Arg::integer("start"), Arg::integer("end")],
    reply: "the part from `start` to `end`, both included, counted from the end if negative",
    complexity: "O(N), N = length of the part",
    ..READS
};

/// Keys that are hashed and fetched together.
pub(super) const BATCH: usize = 16;

fn get(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    match ctx.keyspace.db(ctx.client.db).read_str(key)? {
        Some(value) => ctx.client.out.string(value),
        None => ctx.client.out.null(),
    }
    Ok(())
}

/// Whether a string is these bytes.
pub(super) fn equals(string: Str<'_>, bytes: &[u8]) -> bool {
    match string {
        Str::Bytes(own) => own == bytes,
        // An integer is kept as one only if its text is exactly how it is printed.
        Str::Int(int) => stdx::num::parse_i64(bytes) == Some(int),
    }
}

/// Hashes up to [`BATCH`] keys, `step` words apart from word `first` on, and fetches the memory that looking them up
/// will need: many cache misses at once instead of one after the other.
pub(super) fn fetch<'a>(ctx: &Ctx<'a>, first: usize, step: usize, keys: &mut [Key<'a>; BATCH]) -> usize {
    let db = ctx.keyspace.look(ctx.client.db);
    let mut count = 0;
    for index in (first..ctx.argv.len()).step_by(step).take(BATCH) {
        keys[count] = ctx.key(index);
        db.prefetch_bucket(keys[count].hash);
        count += 1;
    }
    for key in &keys[..count] {
        db.prefetch_entries(key.hash);
    }
    count
}

fn mget(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.array(ctx.argv.len() - 1);
    let mut keys = [Key { bytes: b"", hash: 0 }; BATCH];
    let mut at = 1;
    while at < ctx.argv.len() {
        let count = fetch(ctx, at, 1, &mut keys);
        for key in &keys[..count] {
            match ctx.keyspace.db(ctx.client.db).read_str(*key) {
                Ok(Some(value)) => ctx.client.out.string(value),
                Ok(None) | Err(_) => ctx.client.out.null(),
            }
        }
        at += count;
    }
    Ok(())
}

fn strlen(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let len = ctx.db().read_str(key)?.map_or(0, Str::len);
    ctx.int(len as i64)
}

fn getrange(ctx: &mut Ctx<'_>) -> Result {
    let (start, end) = (ctx.integer(2)?, ctx.integer(3)?);
    let key = ctx.key(1);
    let mut digits = Vec::new();
    let value = ctx.keyspace.db(ctx.client.db).read_str(key)?;
    let bytes = value.map_or(&[][..], |value| value.bytes(&mut digits));
    ctx.client.out.bulk(part(bytes, start, end));
    Ok(())
}

/// The bytes from `start` to `end`, both included; negative ones count from the end.
fn part(bytes: &[u8], start: i64, end: i64) -> &[u8] {
    let len = bytes.len() as i64;
    if start < 0 && end < 0 && start > end {
        return &[];
    }
    let from_end = |index: i64| if index < 0 { index.saturating_add(len).max(0) } else { index };
    let (start, end) = (from_end(start), from_end(end).min(len - 1));
    if len == 0 || start > end { &[] } else { &bytes[start as usize..=end as usize] }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn strings_are_read() {
        check(
            r#"
            > GET k
            nil
            > SET k "hello world"
            +OK
            > SET n 12345
            +OK
            > MGET k nothing n
            ["hello world" nil "12345"]
            > STRLEN k
            :11
            > STRLEN n
            :5
            > STRLEN nothing
            :0
            > GET k x
            -ERR wrong number of arguments for 'get' command
            "#,
        );
    }

    #[test]
    fn ranges_count_from_both_ends() {
        check(
            r#"
            > SET k "Hello World"
            +OK
            > GETRANGE k 0 3
            "Hell"
            > GETRANGE k -4 -1
            "orld"
            > GETRANGE k 0 -1
            "Hello World"
            > GETRANGE k 5 3
            ""
            > GETRANGE k 5 5000
            " World"
            > GETRANGE k -5000 10000
            "Hello World"
            > GETRANGE k 9223372036854775807 -9223372036854775808
            ""
            > GETRANGE k -1 -100
            ""
            > GETRANGE k -100 -50
            "H"
            > GETRANGE k 0 -50
            "H"
            > SET n -123
            +OK
            > GETRANGE n 0 1
            "-1"
            > SUBSTR nothing 0 -1
            ""
            > GETRANGE k 0 a
            -ERR value is not an integer or out of range
            "#,
        );
    }
}
