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
