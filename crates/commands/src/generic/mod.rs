//! The commands of the group `generic`: what can be done with any key, whatever it holds.

mod batch;
mod copy;
mod del;
mod dump;
mod exists;
mod expire;
mod keys;
mod object;
mod rename;
mod scan;
mod sort;
mod ttl;
mod waitaof;

use engine::Command;

pub(crate) use expire::expire_at_once;
pub(crate) use keys::Found;
pub(crate) use scan::cursor;

pub(crate) static LISTS: &[&[Command]] = &[
    copy::COMMANDS,
    del::COMMANDS,
    dump::COMMANDS,
    exists::COMMANDS,
    expire::COMMANDS,
    keys::COMMANDS,
    object::COMMANDS,
    rename::COMMANDS,
    scan::COMMANDS,
    sort::COMMANDS,
    ttl::COMMANDS,
    waitaof::COMMANDS,
];
