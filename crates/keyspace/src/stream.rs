//! Streams: entries under ascending ids, in nodes that are listpacks with Redis's layout, and consumer groups.
//!
//! ```text
//!   Stream   log      nodes: id of its first entry -> Node, some hundred entries   stream/log.rs, node.rs
//!                     last_id, max_deleted, entries_added, length, first_id
//!            groups   sorted by name; who was given what                           stream/group.rs
//! ```
//!
//! Entries are added at the end only. Deleting marks an entry; a node goes when nothing in it is left, or when
//! trimming drops it whole. The two halves are public, so that one can be looked at while the other changes.
//!
//! *Not here*: how ids are read from requests, replies (`commands`).

mod access;
mod group;
mod id;
mod lag;
mod log;
mod node;
mod range;
mod refs;
mod shape;
mod trim;

pub use group::{Consumer, ConsumerIndex, Group, Groups, Pending};
pub use id::{Printed, StreamId};
pub use log::{AppendError, Log};
pub use node::{Entry, Fields, Node};
pub use range::{Range, RangeBack};
pub use refs::{Deletion, References};
pub use structures::listpack::Element;
pub use trim::{Trim, TrimTo};

#[derive(Clone, Debug, Default)]
pub struct Stream {
    pub log: Log,
    pub groups: Groups,
}

impl Stream {
    pub fn new() -> Stream {
        Stream::default()
    }

    /// Bytes it holds, itself included. `O(n)`, n = nodes and pending entries.
    pub fn memory(&self) -> usize {
        size_of::<Stream>() + self.log.memory() + self.groups.memory()
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        1 + self.log.allocations() + self.groups.allocations()
    }

    /// Asserts the invariants of its parts. `O(n)`.
    pub fn verify(&self) {
        self.log.verify();
        self.groups.verify();
    }
}

#[cfg(test)]
mod tests;
