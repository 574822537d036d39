//! The commands of the group `connection`.

mod ping;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[ping::COMMANDS];
