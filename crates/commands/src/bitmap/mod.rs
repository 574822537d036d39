//! The commands of the group `bitmap`.

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[];
