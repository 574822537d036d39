//! The commands of the group `bitmap`.
//!
//! A bitmap is a string; bit 0 is the most significant bit of byte 0. A change in place makes the string `raw`.

mod bit;
mod bitfield;
mod bitop;
mod count;
mod field;

use engine::{Command, CommandError, Ctx, Result};

pub(crate) static LISTS: &[&[Command]] =
    &[bit::COMMANDS, bitfield::COMMANDS, bitop::COMMANDS, count::COMMANDS];

/// The bit that a word names, in units of `unit` bits: none beyond `proto-max-bulk-len`, whether the string is that
/// long or not.
fn bit_offset(ctx: &Ctx<'_>, word: &[u8], unit: u64) -> Result<u64> {
    stdx::num::parse_i64(word)
        .and_then(|number| u64::try_from(number).ok())
        .and_then(|number| number.checked_mul(unit))
        .filter(|bit| bit / 8 < ctx.server.config.proto_max_bulk_len)
        .ok_or(CommandError::OffsetOutOfRange)
}

#[cfg(test)]
mod tests {
    use keyspace::{Type, Value};
    use structures::entry::NewValue;
    use testkit::Harness;

    /// No command of this crate makes another type yet: one is put there by hand.
    #[test]
    fn other_types_are_refused_and_left_alone() {
        let mut harness = Harness::new();
        let keyspace = &mut harness.engine.keyspace;
        let key = keyspace.key(b"l");
        let value = Box::new(Value::Bytes(vec![1]));
        keyspace.db(0).put(key, NewValue::Boxed { type_bits: Type::List as u8, value }, None);
        for request in [
            "SETBIT l 4294967295 1",
            "GETBIT l 0",
            "BITCOUNT l",
            "BITPOS l 1",
            "BITOP OR d missing l",
            "BITFIELD l",
            "BITFIELD l GET u8 0",
            "BITFIELD l SET u8 4294967295 0",
            "BITFIELD_RO l OVERFLOW FAIL GET u8 0",
        ] {
            assert!(harness.send(request).to_string().starts_with("-WRONGTYPE"), "{request}");
        }
        assert_eq!(harness.send("DBSIZE").to_string(), ":1");
        // What is wrong with the request itself comes first.
        assert!(harness.send("SETBIT l 0 2").to_string().starts_with("-ERR bit is not"));
        assert!(harness.send("BITFIELD_RO l SET u8 0 0").to_string().starts_with("-ERR BITFIELD_RO only"));
    }
}
