//! Looking at elements: by index, and one after the other in both directions.

use std::ops::ControlFlow;

use super::node::{Content, Node};
use super::{End, Quicklist};
use crate::listpack::{self, Element};

/// Elements that lie together, towards the tail.
pub enum Run<'a> {
    Pack(listpack::Iter<'a>),
    Plain(&'a [u8]),
}

/// Where an element is: in which node, and which of its elements. Good until the next change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) node: usize,
    pub(super) offset: usize,
}

impl Quicklist {
    /// Where the element at an index is. `O(nodes)`, from the nearer end.
    pub fn locate(&self, index: usize) -> Option<Place> {
        if index >= self.count {
            return None;
        }
        if index <= self.count / 2 {
            let mut left = index;
            for (node, held) in self.nodes.iter().map(Node::len).enumerate() {
                if left < held {
                    return Some(Place { node, offset: left });
                }
                left -= held;
            }
        } else {
            let mut left = self.count - 1 - index;
            for (node, held) in self.nodes.iter().map(Node::len).enumerate().rev() {
                if left < held {
                    return Some(Place { node, offset: held - 1 - left });
                }
                left -= held;
            }
        }
        None
    }

    /// Does something with the element at an index.
    pub fn with<R>(&self, index: usize, look: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        let Place { node, offset } = self.locate(index)?;
        let mut buffer = Vec::new();
        let element = match self.nodes[node].content(&mut buffer) {
            Content::Packed(pack) => pack.get(pack.seek(offset as i64)?),
            Content::Plain(bytes) => Element::Str(bytes),
        };
        Some(look(element))
    }

    /// Calls `look` with the elements from an index on, towards the tail (`from` the head) or towards the head, until
    /// it breaks. `O(nodes)` to find the first, `O(1)` for each.
    pub fn each<B>(
        &self,
        from: End,
        index: usize,
        mut look: impl FnMut(Element<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        match from {
            End::Head => {
                return self.runs(index, |run| match run {
                    Run::Pack(mut elements) => elements.try_for_each(&mut look),
                    Run::Plain(bytes) => look(Element::Str(bytes)),
                });
            }
            End::Tail => {
                let Some(Place { node, offset }) = self.locate(index) else {
                    return ControlFlow::Continue(());
                };
                let mut buffer = Vec::new();
                let mut skipped = self.nodes[node].len() - 1 - offset;
                for node in self.nodes.range(..=node).rev() {
                    backward(node.content(&mut buffer), skipped, &mut look)?;
                    skipped = 0;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Calls `look` with the elements from an index on, node by node, until it breaks: for who wants a tight loop.
    pub fn runs<B>(&self, index: usize, mut look: impl FnMut(Run<'_>) -> ControlFlow<B>) -> ControlFlow<B> {
        let Some(Place { node, mut offset }) = self.locate(index) else { return ControlFlow::Continue(()) };
        let mut buffer = Vec::new();
        for node in self.nodes.range(node..) {
            match node.content(&mut buffer) {
                Content::Packed(pack) => {
                    if let Some(at) = pack.seek(offset as i64) {
                        look(Run::Pack(pack.iter_from(at)))?;
                    }
                }
                Content::Plain(bytes) => look(Run::Plain(bytes))?,
            }
            offset = 0;
        }
        ControlFlow::Continue(())
    }
}

#[inline]
fn backward<B>(
    content: Content<'_>,
    skipped: usize,
    look: &mut impl FnMut(Element<'_>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    match content {
        Content::Packed(pack) => pack.iter().rev().skip(skipped).try_for_each(look),
        Content::Plain(bytes) => look(Element::Str(bytes)),
    }
}
