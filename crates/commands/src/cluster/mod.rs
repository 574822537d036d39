//! The commands of the group `cluster`.

mod readonly;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[readonly::COMMANDS];
