//! The commands of the group `server`.

mod dbsize;
mod flush;
mod swapdb;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[dbsize::COMMANDS, flush::COMMANDS, swapdb::COMMANDS];
