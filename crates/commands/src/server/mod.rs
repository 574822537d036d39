//! The commands of the group `server`.

mod commandlog;
mod dbsize;
mod flush;
mod info;
mod latency;
mod memory;
mod swapdb;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[
    commandlog::COMMANDS,
    dbsize::COMMANDS,
    flush::COMMANDS,
    info::COMMANDS,
    latency::COMMANDS,
    memory::COMMANDS,
    swapdb::COMMANDS,
];
