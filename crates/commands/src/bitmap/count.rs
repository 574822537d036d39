//! BITCOUNT, BITPOS: count bits, find one; in all of a string or in a part of it.
//!
//! Both take the part as two indices, of bytes or of bits, that count from the end if negative. They agree on that
//! with one exception: with two negative indices in the wrong order BITCOUNT sees nothing, while BITPOS moves both
//! into the string first, which may make the part a byte long (Valkey 9.1, Redis 8).

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "BITCOUNT",
        summary: "Counts the bits that are set in the string under a key, or in a part of it.",
        since: "2.6.0",
        arity: Arity::AtLeast(2),
        args: &[Arg::key("key"), PART],
        reply: "the number of set bits; 0 without a key",
        history: &[
            ("7.0.0", "The units `BYTE` and `BIT`."),
            ("8.0.0", "`end` may be left out; the part goes to the end of the string then."),
        ],
        run: bitcount,
        ..BITS
    },
    Command {
        name: "BITPOS",
        summary: "Finds the first bit that is set, or clear, in the string under a key or in a part of it.",
        since: "2.8.7",
        arity: Arity::AtLeast(3),
        args: &[Arg::key("key"), Arg::integer("bit"), PART],
        reply: "its position from the beginning of the string; -1 if there is none",
        history: &[("7.0.0", "The units `BYTE` and `BIT`.")],
        run: bitpos,
        ..BITS
    },
];

const BITS: Command = Command {
    group: Group::Bitmap,
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    complexity: "O(N), N = length of the part",
    ..Command::BLANK
};

const PART: Arg = Arg::block(
    "range",
    &[
        Arg::integer("start"),
        Arg::block(
            "end-unit-block",
            &[
                Arg::integer("end"),
                Arg::one_of("unit", &[Arg::word("byte", "BYTE"), Arg::word("bit", "BIT")])
                    .since("7.0.0")
                    .optional(),
            ],
        )
        .optional(),
    ],
)
.optional();

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Byte,
    Bit,
}

/// The part of a string that a request means; without an `end` it goes to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    start: i64,
    end: Option<i64>,
    unit: Unit,
}

impl Part {
    /// Reads up to three words from an index on: start, end, unit. The unit is complained of before the end, as the
    /// peers do.
    fn parse(ctx: &Ctx<'_>, at: usize) -> Result<Part> {
        let words = ctx.argv.len().saturating_sub(at);
        if words > 3 {
            return Err(CommandError::Syntax);
        }
        let start = if words > 0 { ctx.integer(at)? } else { 0 };
        let unit = match words {
            3 if ctx.is(at + 2, "BIT") => Unit::Bit,
            3 if !ctx.is(at + 2, "BYTE") => return Err(CommandError::Syntax),
            _ => Unit::Byte,
        };
        let end = if words > 1 { Some(ctx.integer(at + 1)?) } else { None };
        Ok(Part { start, end, unit })
    }

    fn is_backwards_from_the_end(self) -> bool {
        self.end.is_some_and(|end| self.start < 0 && end < 0 && self.start > end)
    }

    /// The first and the last bit of the part of a string this long; `None` if it has none.
    fn bits(self, bytes: usize) -> Option<(u64, u64)> {
        let units = bytes as i64 * if self.unit == Unit::Bit { 8 } else { 1 };
        let inside = |index: i64| if index < 0 { index.saturating_add(units).max(0) } else { index };
        let (start, end) = (inside(self.start), self.end.map_or(units - 1, inside).min(units - 1));
        if start > end {
            return None;
        }
        let (start, end) = (start as u64, end as u64);
        Some(if self.unit == Unit::Bit { (start, end) } else { (start * 8, end * 8 + 7) })
    }
}

fn bitcount(ctx: &mut Ctx<'_>) -> Result {
    let part = Part::parse(ctx, 2)?;
    let key = ctx.key(1);
    let mut digits = Vec::new();
    let value = ctx.keyspace.db(ctx.client.db).read_str(key)?;
    let bytes = value.map_or(&[][..], |value| value.bytes(&mut digits));
    let bits = if part.is_backwards_from_the_end() { None } else { part.bits(bytes.len()) };
    let count = bits.map_or(0, |(first, last)| set_bits(bytes, first, last));
    ctx.int(count as i64)
}

/// How many bits are set from the first to the last one, which the string has.
fn set_bits(bytes: &[u8], first: u64, last: u64) -> u64 {
    let (start, end) = ((first / 8) as usize, (last / 8) as usize);
    let before = bytes[start] & !(0xff >> (first % 8));
    let after = bytes[end] & (0x7f >> (last % 8));
    stdx::bits::popcount(&bytes[start..=end]) - u64::from(before.count_ones()) - u64::from(after.count_ones())
}

fn bitpos(ctx: &mut Ctx<'_>) -> Result {
    let wanted = match ctx.integer(2)? {
        0 => false,
        1 => true,
        _ => return Err(CommandError::Line("ERR The bit argument must be 1 or 0.")),
    };
    let part = Part::parse(ctx, 3)?;
    let key = ctx.key(1);
    let mut digits = Vec::new();
    let position = match ctx.keyspace.db(ctx.client.db).read_str(key)? {
        Some(value) => position(value.bytes(&mut digits), wanted, part),
        // A missing key is an endless row of zeros.
        None => (!wanted).then_some(0),
    };
    ctx.int(position.map_or(-1, |bit| bit as i64))
}

fn position(bytes: &[u8], wanted: bool, part: Part) -> Option<u64> {
    let (first, last) = part.bits(bytes.len())?;
    match find(bytes, wanted, first, last) {
        // A string whose end was not asked for is followed by zeros.
        None if !wanted && part.end.is_none() => Some(bytes.len() as u64 * 8),
        found => found,
    }
}

/// The first such bit from the first to the last one, which the string has.
fn find(bytes: &[u8], wanted: bool, first: u64, last: u64) -> Option<u64> {
    let (mut start, end) = ((first / 8) as usize, (last / 8) as usize);
    if !first.is_multiple_of(8) {
        let byte = if wanted { bytes[start] } else { !bytes[start] };
        let candidates = byte & (0xff >> (first % 8));
        if candidates != 0 {
            return Some(start as u64 * 8 + u64::from(candidates.leading_zeros())).filter(|bit| *bit <= last);
        }
        start += 1;
    }
    // Up to seven bits beyond the last one are looked at as well.
    let found = stdx::bits::first_bit(bytes.get(start..=end)?, wanted)? + start as u64 * 8;
    (found <= last).then_some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use testkit::check;

    use super::{Part, Unit, position, set_bits};

    #[test]
    fn bits_are_counted_in_parts() {
        check(
            r#"
            > SET k foobar
            +OK
            > BITCOUNT k
            :26
            > BITCOUNT k 1
            :22
            > BITCOUNT k 1 1
            :6
            > BITCOUNT k 1 1 BYTE
            :6
            > BITCOUNT k 5 30 bit
            :17
            > BITCOUNT k -2 -1
            :7
            > BITCOUNT k -1 -2
            :0
            > BITCOUNT k -100 -200
            :0
            > BITCOUNT k 100 200
            :0
            > BITCOUNT k -9223372036854775808 9223372036854775807 BIT
            :26
            > BITCOUNT nothing
            :0
            > SET n 7
            +OK
            > BITCOUNT n
            :5
            "#,
        );
    }

    #[test]
    fn bits_are_found_in_parts() {
        check(
            r#"
            > SET k "\xff\xf0\x00"
            +OK
            > BITPOS k 0
            :12
            > BITPOS k 1 2
            :-1
            > BITPOS k 1 0 -1
            :0
            > BITPOS k 0 13 14 BIT
            :13
            > BITPOS k 1 12 -1 BIT
            :-1
            > BITPOS k 0 -100 -200 BIT
            :-1
            > SET zeros "\x00\x00"
            +OK
            > BITPOS zeros 1
            :-1
            > BITPOS zeros 0 -100 -200
            :0
            "#,
        );
    }

    #[test]
    fn a_string_without_an_end_is_followed_by_zeros() {
        check(
            r#"
            > SET k "\xff\xff\xff"
            +OK
            > BITPOS k 0
            :24
            > BITPOS k 0 1
            :24
            > BITPOS k 0 0 -1
            :-1
            > BITPOS k 0 3
            :-1
            > SET empty ""
            +OK
            > BITPOS empty 0
            :-1
            > BITPOS nothing 0
            :0
            > BITPOS nothing 1
            :-1
            "#,
        );
    }

    #[test]
    fn what_is_no_part_is_refused_even_without_a_key() {
        check(
            r#"
            > BITCOUNT nothing a
            -ERR value is not an integer or out of range
            > BITCOUNT nothing a 1 FOO
            -ERR value is not an integer or out of range
            > BITCOUNT nothing 0 a FOO
            -ERR syntax error
            > BITCOUNT nothing 0 a BIT
            -ERR value is not an integer or out of range
            > BITCOUNT nothing 0 1 FOO
            -ERR syntax error
            > BITCOUNT nothing 0 1 BIT x
            -ERR syntax error
            > BITPOS nothing 2
            -ERR The bit argument must be 1 or 0.
            > BITPOS nothing a
            -ERR value is not an integer or out of range
            > BITPOS nothing 0 2 BIT
            -ERR value is not an integer or out of range
            > BITPOS nothing 1 0 a FOO
            -ERR syntax error
            > BITPOS nothing 1 0 -1 FOO
            -ERR syntax error
            > BITPOS nothing 1 0 -1 BIT x
            -ERR syntax error
            "#,
        );
    }

    proptest! {
        #[test]
        fn agree_with_one_bit_at_a_time(
            bytes in prop::collection::vec(prop::sample::select(vec![0u8, 0xff, 1, 0x80, 0x5a]), 0..40),
            start in -400i64..400,
            end in prop::option::of(-400i64..400),
            by_bits: bool,
            wanted: bool,
        ) {
            let unit = if by_bits { Unit::Bit } else { Unit::Byte };
            let part = Part { start, end, unit };
            let units = bytes.len() as i64 * if by_bits { 8 } else { 1 };
            let inside = |index: i64| if index < 0 { (index + units).max(0) } else { index };
            let (from, to) = (inside(start), end.map_or(units - 1, inside));
            let is_in = |bit: &u64| {
                let index = *bit as i64 / if by_bits { 1 } else { 8 };
                from <= index && index <= to
            };
            let bit = |at: &u64| bytes[*at as usize / 8] >> (7 - at % 8) & 1 == 1;
            let all = || (0..bytes.len() as u64 * 8).filter(is_in);
            let counted = part.bits(bytes.len()).map_or(0, |(first, last)| set_bits(&bytes, first, last));
            prop_assert_eq!(counted, all().filter(bit).count() as u64);
            let mut found = all().find(|at| bit(at) == wanted);
            if found.is_none() && !wanted && end.is_none() && from < units {
                found = Some(bytes.len() as u64 * 8);
            }
            prop_assert_eq!(position(&bytes, wanted, part), found);
        }
    }
}
