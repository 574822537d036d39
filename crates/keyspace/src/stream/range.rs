//! Walks over the live entries between two ids, forwards or backwards.

use structures::ordered;

use super::id::StreamId;
use super::log::Log;
use super::node::{Entries, Entry, Node};

/// Live entries in ascending order.
#[derive(Clone)]
pub struct Range<'s> {
    nodes: ordered::Iter<'s, StreamId, Node>,
    node: Option<Entries<'s>>,
    first: StreamId,
    last: StreamId,
}

/// Live entries in descending order.
#[derive(Clone)]
pub struct RangeBack<'s>(Range<'s>);

impl Log {
    /// Live entries with ids from `first` to `last`, both included. `O(log n)` to begin with.
    pub fn range(&self, first: StreamId, last: StreamId) -> Range<'_> {
        // The node that `first` may be in begins at or before it.
        let from = self.nodes.at_or_before(first).map_or(first, |(id, _)| id);
        Range { nodes: self.nodes.range(from, last), node: None, first, last }
    }

    /// The same from `last` down to `first`.
    pub fn range_back(&self, first: StreamId, last: StreamId) -> RangeBack<'_> {
        RangeBack(self.range(first, last))
    }
}

impl<'s> Iterator for Range<'s> {
    type Item = Entry<'s>;

    fn next(&mut self) -> Option<Entry<'s>> {
        loop {
            let Some(node) = &mut self.node else {
                let (id, node) = self.nodes.next()?;
                self.node = Some(node.entries(id));
                continue;
            };
            match node.next_live() {
                Some(entry) if entry.id < self.first => {}
                Some(entry) if entry.id > self.last => return None,
                Some(entry) => return Some(entry),
                None => self.node = None,
            }
        }
    }
}

impl<'s> Iterator for RangeBack<'s> {
    type Item = Entry<'s>;

    fn next(&mut self) -> Option<Entry<'s>> {
        let range = &mut self.0;
        loop {
            let Some(node) = &mut range.node else {
                let (id, node) = range.nodes.next_back()?;
                range.node = Some(node.entries(id));
                continue;
            };
            match node.next_live_back() {
                Some(entry) if entry.id > range.last => {}
                Some(entry) if entry.id < range.first => return None,
                Some(entry) => return Some(entry),
                None => range.node = None,
            }
        }
    }
}
