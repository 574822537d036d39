//! SETBIT, GETBIT: one bit.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Str;

use super::bit_offset;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SETBIT",
        summary: "Sets or clears a bit of the string under a key; zeros fill what was not there.",
        arity: Arity::Exactly(4),
        flags: Flags::WRITE.and(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().access().update()],
        args: &[Arg::key("key"), Arg::integer("offset"), Arg::integer("value")],
        reply: "the bit as it was",
        run: setbit,
        ..BIT
    },
    Command {
        name: "GETBIT",
        summary: "Answers a bit of the string under a key; beyond its end all are 0.",
        arity: Arity::Exactly(3),
        flags: Flags::READONLY.and(Flags::FAST),
        keys: &[KeySpec::at(1).ro().access()],
        args: &[Arg::key("key"), Arg::integer("offset")],
        reply: "the bit",
        run: getbit,
        ..BIT
    },
];

const BIT: Command = Command { since: "2.2.0", group: Group::Bitmap, ..Command::BLANK };

/// Of the byte that holds a bit, the bit.
fn mask(bit: u64) -> u8 {
    0x80 >> (bit % 8)
}

fn setbit(ctx: &mut Ctx<'_>) -> Result {
    let bit = bit_offset(ctx, ctx.argv.at(2), 1)?;
    let on = match ctx.argv.at(3) {
        b"0" => false,
        b"1" => true,
        _ => return Err(CommandError::BitNotBit),
    };
    let key = ctx.key(1);
    let len = match ctx.db().write(key) {
        Some(entry) => Some(Str::of(entry)?.len()),
        None => None,
    };
    let at = (bit / 8) as usize;
    let byte = &mut ctx.keyspace.db(ctx.client.db).grow_str(key, at + 1)[at];
    let was = *byte & mask(bit) != 0;
    *byte = if on { *byte | mask(bit) } else { *byte & !mask(bit) };
    // A bit that is set to what it is changes nothing, unless the string had to grow for it.
    if was != on || len.is_none_or(|len| len <= at) {
        ctx.changed(key.bytes, Class::String, "setbit");
    }
    ctx.int(i64::from(was))
}

fn getbit(ctx: &mut Ctx<'_>) -> Result {
    let bit = bit_offset(ctx, ctx.argv.at(2), 1)?;
    let key = ctx.key(1);
    let mut digits = Vec::new();
    let bytes =
        ctx.keyspace.db(ctx.client.db).read_str(key)?.map_or(&[][..], |value| value.bytes(&mut digits));
    let byte = bytes.get((bit / 8) as usize).copied().unwrap_or(0);
    ctx.int(i64::from(byte & mask(bit) != 0))
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn a_bit_is_set_cleared_and_read() {
        check(
            r#"
            > SETBIT k 7 1
            :0
            > GET k
            "\x01"
            > SETBIT k 7 0
            :1
            > SETBIT k 100 1
            :0
            > STRLEN k
            :13
            > GETBIT k 100
            :1
            > GETBIT k 99
            :0
            > GETBIT k 1000000
            :0
            > GETBIT nothing 5
            :0
            "#,
        );
    }

    #[test]
    fn integers_have_the_bits_of_their_digits() {
        check(
            r#"
            > SET n 7
            +OK
            > GETBIT n 2
            :1
            > OBJECT ENCODING n
            "int"
            > SETBIT n 0 0
            :0
            > GET n
            "7"
            > OBJECT ENCODING n
            "raw"
            "#,
        );
    }

    #[test]
    fn what_is_no_bit_is_refused() {
        check(
            r#"
            > SETBIT k 4294967296 1
            -ERR bit offset is not an integer or out of range
            > SETBIT k -1 2
            -ERR bit offset is not an integer or out of range
            > SETBIT k #1 1
            -ERR bit offset is not an integer or out of range
            > SETBIT k 1 2
            -ERR bit is not an integer or out of range
            > SETBIT k 1 abc
            -ERR bit is not an integer or out of range
            > GETBIT k abc
            -ERR bit offset is not an integer or out of range
            > GETBIT nothing 99999999999
            -ERR bit offset is not an integer or out of range
            > EXISTS k
            :0
            ! config proto-max-bulk-len 1mb
            > GETBIT k 8388607
            :0
            > SETBIT k 8388608 1
            -ERR bit offset is not an integer or out of range
            "#,
        );
    }

    #[test]
    fn only_changes_count_as_changes() {
        let mut harness = Harness::new();
        let mut changes = |line: &str| {
            let before = harness.engine.server.dirty;
            harness.send(line);
            harness.engine.server.dirty - before
        };
        assert_eq!(changes("SETBIT k 3 0"), 1, "it is made");
        assert_eq!(changes("SETBIT k 3 0"), 0);
        assert_eq!(changes("SETBIT k 3 1"), 1);
        assert_eq!(changes("SETBIT k 3 1"), 0);
        assert_eq!(changes("SETBIT k 300 0"), 1, "it grows");
    }
}
