//! The commands of the group `server`.

mod commandlog;
mod info;
mod latency;
mod memory;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] =
    &[commandlog::COMMANDS, info::COMMANDS, latency::COMMANDS, memory::COMMANDS];
