//! The commands of the group `generic`.

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[];
