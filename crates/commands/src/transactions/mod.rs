//! The commands of the group `transactions`. What they do: `engine::transaction`, `engine::watch`.

mod multi;
mod watch;

use engine::{Command, Flags, Group};

pub(crate) static LISTS: &[&[Command]] = &[multi::COMMANDS, watch::COMMANDS];

/// What all of them have in common.
const TRANSACTION: Command = Command {
    group: Group::Transactions,
    flags: Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE),
    reply: "OK",
    ..Command::BLANK
};

/// Of those that are quick.
const AT_ONCE: Flags = TRANSACTION.flags.and(Flags::FAST).and(Flags::ALLOW_BUSY);
