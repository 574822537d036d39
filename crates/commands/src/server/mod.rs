//! The commands of the group `server`.

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[];
