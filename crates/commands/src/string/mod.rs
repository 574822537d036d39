//! The commands of the group `string`.

mod append;
mod expiration;
mod get;
mod getex;
mod incr;
mod lcs;
mod mset;
mod set;

use engine::{Command, CommandError, Ctx, Result};

pub(crate) static LISTS: &[&[Command]] = &[
    append::COMMANDS,
    get::COMMANDS,
    getex::COMMANDS,
    incr::COMMANDS,
    lcs::COMMANDS,
    mset::COMMANDS,
    set::COMMANDS,
];

/// Refuses a string longer than `proto-max-bulk-len`, before anything is allocated for it.
fn check_length(ctx: &Ctx<'_>, len: u64) -> Result {
    if len > ctx.server.config.proto_max_bulk_len { Err(CommandError::StringTooLong) } else { Ok(()) }
}
