//! A long list: a row of nodes, each a listpack of some kilobytes, or one huge element.
//!
//! ```text
//!   head                                                          tail
//!   | Packed | Packed | Lzf | Lzf | Lzf | Plain | Lzf | Packed | Packed |       nodes, 32 bytes each, in a ring
//!       |                 |                 |
//!    listpack      compressed listpack   one element
//! ```
//!
//! Pushes and pops work at the two ends of the ring; what is in the middle is found by adding up the counts of the
//! nodes, which lie side by side, from the nearer end. With a `depth`, all nodes but so many at each end are kept
//! compressed: they are opened to be changed, and read through a buffer.
//!
//! When nodes are made, split and merged follows Redis's quicklist to the byte, since `OBJECT ENCODING` and the nodes
//! in its files tell of it. So sizes are estimated as it does ([`Fill`]).
//!
//! **Invariants** ([`Quicklist::verify`])
//! 1. `count` is the number of elements of all nodes; each node's count is that of its elements, and not 0.
//! 2. No node less than `depth` away from an end is compressed.
//! 3. Of the others each is compressed, or too small for it, or known not to get smaller.
//!
//! *Not here*: when a list is a single listpack instead (`keyspace::list`).

pub mod edit;
mod fill;
mod load;
mod node;
mod read;

use std::collections::VecDeque;

use crate::listpack::Listpack;

pub use fill::Fill;
use node::Node;
pub use node::NodeView;
pub use read::{Place, Run};

/// One of the ends of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Head,
    Tail,
}

/// Which side of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// A long list.
#[derive(Clone, Debug)]
pub struct Quicklist {
    nodes: VecDeque<Node>,
    count: usize,
    fill: Fill,
    /// How many nodes at each end are never compressed; 0: no node is.
    depth: u16,
}

impl Quicklist {
    pub fn new(fill: Fill, depth: u32) -> Self {
        let depth = u16::try_from(depth).unwrap_or(u16::MAX);
        Quicklist { nodes: VecDeque::new(), count: 0, fill, depth }
    }

    /// One of the elements of a listpack, which becomes its first node as it is.
    pub fn of_pack(pack: Listpack, fill: Fill, depth: u32) -> Self {
        let mut list = Quicklist::new(fill, depth);
        if !pack.is_empty() {
            list.count = pack.len();
            list.nodes.push_back(Node::of_pack(pack));
        }
        list
    }

    /// The only node if it is a listpack.
    pub fn single_pack(&self) -> Option<&Listpack> {
        match self.nodes.len() {
            1 => self.nodes[0].pack(),
            _ => None,
        }
    }

    /// Takes the listpack out, if there is nothing else; else the list is unchanged.
    pub fn take_single_pack(&mut self) -> Option<Listpack> {
        self.single_pack()?;
        self.count = 0;
        self.nodes.pop_front()?.into_pack()
    }

    /// Number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.count
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn fill(&self) -> Fill {
        self.fill
    }

    pub fn depth(&self) -> u16 {
        self.depth
    }

    /// What the nodes hold, from head to tail, compressed ones as they are.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeView<'_>> {
        self.nodes.iter().map(Node::view)
    }

    /// Bytes of all allocations. `O(nodes)`.
    pub fn memory(&self) -> usize {
        let ring = self.nodes.capacity() * size_of::<Node>();
        ring + self.nodes.iter().map(Node::memory).sum::<usize>()
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        let (len, depth) = (self.nodes.len(), usize::from(self.depth));
        assert_eq!(self.count, self.nodes.iter().map(Node::len).sum::<usize>(), "invariant 1");
        for (at, node) in self.nodes.iter().enumerate() {
            node.verify();
            let inner = depth > 0 && (depth..len.saturating_sub(depth)).contains(&at);
            if inner {
                assert!(node.is_settled(), "invariant 3: node {at} of {len}");
            } else {
                assert!(!node.is_compressed(), "invariant 2: node {at} of {len}");
            }
        }
    }
}

#[cfg(test)]
mod tests;
