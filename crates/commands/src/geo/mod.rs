//! The commands of the group `geo`: places as members of sorted sets.
//!
//! A member's score is the number of its place ([`hash`]). What is near is found in few ranges of scores ([`shape`]).

mod hash;
mod shape;
mod text;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[];
