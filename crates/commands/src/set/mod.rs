//! The commands of the group `set`.
//!
//! Replies that have no order in theory have one here: that of an intset, of a listpack, or in which members were met.

mod add;
mod algebra;
mod cardinality;
mod difference;
mod intersect;
mod members;
mod met;
mod pop;
mod random;
mod relocate;
mod remove;
mod scan;
mod union;

use engine::outbox::Outbox;
use engine::{Arg, Command, Flags, Group, KeySpec};
use keyspace::Str;
use keyspace::set::Element;

pub(crate) use met::Met;

pub(crate) static LISTS: &[&[Command]] = &[
    add::COMMANDS,
    cardinality::COMMANDS,
    difference::COMMANDS,
    intersect::COMMANDS,
    members::COMMANDS,
    pop::COMMANDS,
    random::COMMANDS,
    relocate::COMMANDS,
    remove::COMMANDS,
    scan::COMMANDS,
    union::COMMANDS,
];

/// A command that reads one set.
const READS: Command = Command {
    group: Group::Set,
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key")],
    ..Command::BLANK
};

/// A member as a reply.
#[inline]
fn put(out: &mut Outbox, member: Element<'_>) {
    out.string(match member {
        Element::Int(int) => Str::Int(int),
        Element::Str(bytes) => Str::Bytes(bytes),
    });
}
