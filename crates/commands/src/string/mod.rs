//! The commands of the group `string`.

mod get;
mod set;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[get::COMMANDS, set::COMMANDS];
