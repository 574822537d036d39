//! The commands of the group `hyperloglog`.
//!
//! A HyperLogLog is a string of the peers' bytes ([`structures::hyperloglog`]). Long ones, which all dense ones are,
//! have an allocation of their own and are changed there; short ones are copied to be changed, but not before it is
//! known that something changes. What was changed, or could have been, is `raw` from then on.

mod add;
mod count;
mod debug;
mod merge;
mod selftest;

use engine::{Command, CommandError, Ctx, Flags, Group, Result};
use keyspace::{Entry, Expire, Key, Str, Value};
use structures::hyperloglog::{Corrupt, Encoding};

pub(crate) static LISTS: &[&[Command]] =
    &[add::COMMANDS, count::COMMANDS, debug::COMMANDS, merge::COMMANDS, selftest::COMMANDS];

const HYPERLOGLOG: Command = Command { since: "2.8.9", group: Group::HyperLogLog, ..Command::BLANK };
const CHANGES: Flags = Flags::WRITE.and(Flags::DENYOOM);

const INVALID: CommandError = CommandError::Line("WRONGTYPE Key is not a valid HyperLogLog string value.");
const CORRUPT: CommandError = CommandError::Line("INVALIDOBJ Corrupted HLL object detected");

/// The bytes of a HyperLogLog and their encoding.
fn bytes_of(entry: &Entry<Value>) -> Result<(&[u8], Encoding)> {
    let Str::Bytes(bytes) = Str::of(entry)? else { return Err(INVALID) };
    Ok((bytes, Encoding::of(bytes).ok_or(INVALID)?))
}

fn corrupt(_: Corrupt) -> CommandError {
    CORRUPT
}

/// Puts changed bytes under a key; its expire stays.
fn store(ctx: &mut Ctx<'_>, key: Key<'_>, bytes: &[u8]) {
    ctx.db().set_raw(key, bytes, Expire::Keep);
}

/// Makes a string that was only looked at `raw`, as if it had been changed.
fn mark_raw(ctx: &mut Ctx<'_>, key: Key<'_>) {
    ctx.db().grow_str(key, 0);
}

#[cfg(test)]
mod tests;
