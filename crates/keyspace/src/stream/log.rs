//! The entries of a stream, and what it remembers of those that were.
//!
//! **Invariants** (asserted by [`Log::verify`])
//! 1. Ids ascend over all nodes; none is above `last_id`.
//! 2. `length` is the number of live entries of all nodes, and every node has one.
//! 3. `first_id` is the id of the first live entry, 0-0 if there is none.

use structures::ordered::OrderedMap;

use super::id::StreamId;
use super::node::{Entry, Node};
use super::shape;
use crate::collection::Limits;

/// Bytes of names and values that an entry may have, as with Redis.
const MAX_ENTRY: usize = 1 << 30;

/// Why an entry was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The id is not above the last one.
    NotAbove,
    TooLarge,
}

#[derive(Clone, Debug, Default)]
pub struct Log {
    pub(super) nodes: OrderedMap<StreamId, Node>,
    pub(super) length: u64,
    pub(super) first_id: StreamId,
    /// The id of the last entry there was, deleted or not, or set by XSETID.
    pub last_id: StreamId,
    /// The greatest id that XDEL took.
    pub max_deleted: StreamId,
    /// How many entries there ever were.
    pub entries_added: u64,
}

impl Log {
    pub fn len(&self) -> u64 {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The id of the first entry, 0-0 if there is none.
    pub fn first_id(&self) -> StreamId {
        self.first_id
    }

    /// The nodes, as files hold them.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = (StreamId, &Node)> {
        self.nodes.iter()
    }

    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// How many nodes the peers' radix tree would have for these keys. `O(n)`, n = nodes of the stream.
    pub fn radix_nodes(&self) -> usize {
        shape::radix_nodes(self.nodes.iter().map(|(id, _)| id.to_bytes()))
    }

    /// Adds a node at the end (loading); false if its ids are not above those that are there.
    pub fn push_node(&mut self, id: StreamId, node: Node) -> bool {
        if let Some((last, before)) = self.nodes.last()
            && before.last_id(last) >= Some(id)
        {
            return false;
        }
        self.length += node.live();
        self.nodes.insert(id, node);
        if self.first_id.is_zero() {
            self.find_first();
        }
        true
    }

    /// Adds an entry. `words`: names and values in turn. `O(1)`.
    pub fn append<'w>(
        &mut self,
        id: StreamId,
        words: impl ExactSizeIterator<Item = &'w [u8]> + Clone,
        limits: &Limits,
    ) -> Result<(), AppendError> {
        if id <= self.last_id {
            return Err(AppendError::NotAbove);
        }
        let size = words.clone().fold(0usize, |sum, word| sum.saturating_add(word.len()));
        if size > MAX_ENTRY {
            return Err(AppendError::TooLarge);
        }
        if !self.push_to_last(id, words.clone(), size, limits) {
            // A node is likely to become as long as the one before it.
            let capacity = self.nodes.last_mut().map_or(0, |(_, node)| {
                node.finish();
                node.bytes().len()
            });
            self.nodes.insert(id, Node::new(words, size, capacity));
        }
        self.length += 1;
        self.entries_added = self.entries_added.saturating_add(1);
        self.last_id = id;
        if self.length == 1 {
            self.first_id = id;
        }
        Ok(())
    }

    /// Adds an entry to the last node, if it has room for it.
    #[inline]
    fn push_to_last<'w>(
        &mut self,
        id: StreamId,
        words: impl ExactSizeIterator<Item = &'w [u8]> + Clone,
        size: usize,
        limits: &Limits,
    ) -> bool {
        let Some((first, node)) = self.nodes.last_mut() else { return false };
        if !has_room(node, size, limits) {
            return false;
        }
        let delta = StreamId { ms: id.ms.wrapping_sub(first.ms), seq: id.seq.wrapping_sub(first.seq) };
        node.push(delta, words, size, limits.stream_node_max_entries as u64)
    }

    /// Deletes an entry; false if there is none of this id.
    pub fn delete(&mut self, id: StreamId) -> bool {
        let Some((key, _)) = self.nodes.at_or_before(id) else { return false };
        match self.nodes.get_mut(key).and_then(|node| node.delete(key, id)) {
            None => return false,
            Some(0) => drop(self.nodes.remove(key)),
            Some(_) => {}
        }
        self.length -= 1;
        self.max_deleted = self.max_deleted.max(id);
        if self.length == 0 || id == self.first_id {
            self.find_first();
        }
        true
    }

    pub(super) fn find_first(&mut self) {
        self.first_id =
            self.range(StreamId::MIN, StreamId::MAX).next().map_or(StreamId::MIN, |entry| entry.id);
    }

    /// The entry of an id.
    pub fn get(&self, id: StreamId) -> Option<Entry<'_>> {
        self.range(id, id).next()
    }

    pub fn contains(&self, id: StreamId) -> bool {
        self.get(id).is_some()
    }

    /// The id of the last entry that is there.
    pub fn last_live_id(&self) -> Option<StreamId> {
        self.range_back(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id)
    }

    /// The first id there is, of a deleted entry too: what trimming by id can be told again as.
    pub fn first_kept_id(&self) -> Option<StreamId> {
        self.nodes.first().and_then(|(id, node)| node.first_id(id))
    }

    /// Bytes it holds beside itself. `O(n)`, n = nodes.
    pub fn memory(&self) -> usize {
        let nodes: usize = self.nodes.iter().map(|(_, node)| node.memory()).sum();
        self.nodes.memory() + nodes
    }

    /// Roughly how many allocations it has.
    pub fn allocations(&self) -> usize {
        self.nodes.len() + self.nodes.allocations()
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        self.nodes.verify();
        self.nodes.iter().for_each(|(id, node)| node.verify(id));
        let mut last = None;
        for (id, node) in self.nodes.iter() {
            assert!(last < Some(id), "invariant 1");
            last = node.last_id(id);
        }
        assert!(last.is_none_or(|last| last <= self.last_id), "invariant 1");
        assert_eq!(self.length, self.nodes.iter().map(|(_, node)| node.live()).sum::<u64>(), "invariant 2");
        let first = self.range(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id);
        assert_eq!(first.unwrap_or_default(), self.first_id, "invariant 3");
    }
}

/// Whether a node may become longer by an entry of this many bytes.
#[inline]
fn has_room(node: &Node, size: usize, limits: &Limits) -> bool {
    let max = match limits.stream_node_max_bytes {
        0 => MAX_ENTRY,
        bytes => bytes.min(MAX_ENTRY),
    };
    node.bytes().len() + size < max && node.has_room(2 * size)
}
