//! Changes, and what they make of nodes.
//!
//! A `threshold` is from how many bytes on an element gets a node of its own; 0 leaves that to the [`Fill`](super::Fill).

use std::ops::Range;

use super::node::{Content, Node};
use super::{End, Place, Quicklist, Side};
use crate::listpack::{Element, Listpack};

/// The most room, in bytes, that a node at an end is made with.
const ROOM: usize = 2048;

impl Quicklist {
    /// Adds an element at an end. `O(1)` but for the bytes of a node.
    #[inline]
    pub fn push(&mut self, end: End, element: &[u8], threshold: usize) {
        self.count += 1;
        let (fill, large) = (self.fill, self.fill.is_large(element.len(), threshold));
        let node = match end {
            End::Head => self.nodes.front_mut(),
            End::Tail => self.nodes.back_mut(),
        };
        if let Some(node) = node
            && !large
            && !node.is_plain()
            && fill.admits(node.bytes(), node.len(), element.len())
        {
            add(node, end, element);
        } else {
            self.push_node(end, element, large);
        }
    }

    /// Kept apart: one push out of some hundred makes a node.
    #[inline(never)]
    fn push_node(&mut self, end: End, element: &[u8], large: bool) {
        let at = match end {
            End::Head => 0,
            End::Tail => self.nodes.len(),
        };
        // The one that was at the end will hardly grow any more.
        let neighbour = match end {
            End::Head => self.nodes.front_mut(),
            End::Tail => self.nodes.back_mut(),
        };
        let mut room = 0;
        if let Some(neighbour) = neighbour {
            neighbour.shrink();
            // The new one will grow like it.
            room = neighbour.bytes().min(ROOM);
        }
        self.insert_node(at, Node::with_room(element, large, room));
    }

    /// Removes the element at an end, after something was done with it. `O(1)` but for the bytes of a node.
    #[inline]
    pub fn pop<R>(&mut self, end: End, look: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        let at = match end {
            End::Head => 0,
            End::Tail => self.nodes.len().checked_sub(1)?,
        };
        let node = self.nodes.get_mut(at)?;
        let result = if node.is_plain() {
            let mut buffer = Vec::new();
            let result = match node.content(&mut buffer) {
                Content::Plain(bytes) => look(Element::Str(bytes)),
                Content::Packed(_) => unreachable!("a plain node"),
            };
            self.remove_nodes(at..at + 1);
            result
        } else {
            let result = node.change(|pack| pop_from(pack, end, look))??;
            if node.len() == 0 {
                self.remove_nodes(at..at + 1);
            }
            result
        };
        self.count -= 1;
        Some(result)
    }

    /// Puts an element beside another one. A full node is split, and its parts are merged with their neighbours.
    pub fn insert(&mut self, place: Place, side: Side, element: &[u8], threshold: usize) {
        let Place { node: at, offset } = place;
        let large = self.fill.is_large(element.len(), threshold);
        let at_edge = match side {
            Side::Before => offset == 0,
            Side::After => offset + 1 == self.nodes[at].len(),
        };
        let beside = match side {
            Side::Before => at.checked_sub(1),
            Side::After => Some(at + 1),
        };
        self.count += 1;
        if !large && self.admits(at, element.len()) {
            self.insert_within(place, side, element);
        } else if let (true, false, Some(beside)) = (at_edge, large, beside)
            && self.admits(beside, element.len())
        {
            let end = if side == Side::Before { End::Tail } else { End::Head };
            add(&mut self.nodes[beside], end, element);
            self.settle(beside..beside + 1);
        } else if at_edge {
            let at = if side == Side::Before { at } else { at + 1 };
            self.insert_node(at, Node::of(element, large));
        } else if large {
            let first = self.split(place, side);
            self.insert_node(first + 1, Node::of(element, true));
        } else {
            self.split_and_insert(place, side, element);
        }
    }

    /// Whether a node is there and takes one more element of so many bytes.
    fn admits(&self, at: usize, bytes: usize) -> bool {
        self.nodes
            .get(at)
            .is_some_and(|node| !node.is_plain() && self.fill.admits(node.bytes(), node.len(), bytes))
    }

    fn insert_within(&mut self, Place { node, offset }: Place, side: Side, element: &[u8]) {
        self.nodes[node].change(|pack| {
            let at = pack.view().seek(offset as i64)?;
            match side {
                Side::Before => pack.insert_before(at, Element::of(element)),
                Side::After => _ = pack.insert_after(at, Element::of(element)),
            }
            Some(())
        });
        self.settle(node..node + 1);
    }

    /// Splits a node before or after one of its elements, which is not at that edge. Returns the index of the first
    /// part.
    fn split(&mut self, Place { node, offset }: Place, side: Side) -> usize {
        let first = if side == Side::Before { offset } else { offset + 1 };
        let rest = self.nodes[node].change(|pack| {
            let at = pack.view().seek(first as i64)?;
            let rest = pack.split_off(at);
            pack.shrink();
            Some(rest)
        });
        if let Some(Some(rest)) = rest {
            self.insert_node(node + 1, Node::of_pack(rest));
        }
        node
    }

    /// The new element goes to the part that the other one is not in; then the parts may fit to their neighbours.
    fn split_and_insert(&mut self, place: Place, side: Side, element: &[u8]) {
        let first = self.split(place, side);
        let (part, end, center) = match side {
            Side::Before => (first, End::Tail, first + 1),
            Side::After => (first + 1, End::Head, first),
        };
        add(&mut self.nodes[part], end, element);
        self.merge_around(center);
    }

    /// Merges nodes around one with each other, and with it, where both fit into one.
    fn merge_around(&mut self, center: usize) {
        let mut center = center;
        if center >= 2 && self.merge(center - 2) {
            center -= 1;
        }
        self.merge(center + 1);
        if center >= 1 && self.merge(center - 1) {
            center -= 1;
        }
        self.merge(center);
        self.settle(center.saturating_sub(2)..center + 3);
    }

    /// Merges a node with the next one, if there are both and they fit.
    fn merge(&mut self, at: usize) -> bool {
        let (Some(first), Some(second)) = (self.nodes.get(at), self.nodes.get(at + 1)) else { return false };
        if first.is_plain()
            || second.is_plain()
            || !self.fill.admits_merge(first.bytes() + second.bytes(), first.len() + second.len())
        {
            return false;
        }
        let Some(mut second) = self.nodes.remove(at + 1) else { return false };
        second.open();
        if let Some(pack) = second.into_pack() {
            self.nodes[at].change(|first| first.append(pack.view()));
        }
        true
    }

    /// Puts another element in the place of one. False if there is none at the index.
    pub fn replace(&mut self, index: usize, element: &[u8], threshold: usize) -> bool {
        let Some(place) = self.locate(index) else { return false };
        let Place { node: at, offset } = place;
        let large = self.fill.is_large(element.len(), threshold);
        match (self.nodes[at].is_plain(), large) {
            (false, false) => {
                self.nodes[at].change(|pack| {
                    let at = pack.view().seek(offset as i64)?;
                    pack.replace(at, Element::of(element));
                    Some(())
                });
            }
            (true, true) => self.nodes[at] = Node::of(element, true),
            _ => {
                // Beside the old one first, which then goes, with its node if that held nothing else.
                self.insert(place, Side::After, element, threshold);
                self.remove(index, 1);
                return true;
            }
        }
        self.settle(at..at + 1);
        true
    }

    /// Removes up to `count` elements from an index on. `O(nodes)`, and what is removed.
    pub fn remove(&mut self, index: usize, count: usize) {
        let mut left = count.min(self.count.saturating_sub(index));
        let Some(Place { node: first, mut offset }) = self.locate(index) else { return };
        self.count -= left;
        let (mut at, mut whole) = (first, 0..0);
        while left > 0 {
            let held = self.nodes[at].len();
            let here = left.min(held - offset);
            if here == held {
                whole = if whole.is_empty() { at..at + 1 } else { whole.start..at + 1 };
            } else {
                self.nodes[at].change(|pack| {
                    let from = pack.view().seek(offset as i64)?;
                    pack.remove_many(from, here);
                    shrink_if_roomy(pack);
                    Some(())
                });
            }
            left -= here;
            (at, offset) = (at + 1, 0);
        }
        let last = at - whole.len();
        self.remove_nodes(whole);
        self.settle(first..last);
    }

    /// Removes elements equal to `wanted`, at most `most`, those nearest to an end first. Returns how many. `O(n)`.
    pub fn remove_equal(&mut self, wanted: &[u8], from: End, most: usize) -> usize {
        let int = int_of(wanted);
        let (mut removed, mut buffer) = (0, Vec::new());
        let mut at = if from == End::Head { 0 } else { self.nodes.len() };
        while removed < most {
            if from == End::Tail {
                let Some(before) = at.checked_sub(1) else { break };
                at = before;
            }
            let Some(node) = self.nodes.get_mut(at) else { break };
            let found = match node.content(&mut buffer) {
                Content::Packed(pack) => pack.iter().filter(|element| element.is(wanted, int)).count(),
                Content::Plain(bytes) => usize::from(bytes == wanted),
            };
            let here = found.min(most - removed);
            removed += here;
            if here == node.len() {
                self.remove_nodes(at..at + 1);
                continue;
            }
            if here > 0 {
                node.change(|pack| remove_equal_in(pack, wanted, from, here, found));
                self.settle(at..at + 1);
            }
            at += usize::from(from == End::Head);
        }
        self.count -= removed;
        removed
    }

    pub(super) fn insert_node(&mut self, at: usize, node: Node) {
        self.nodes.insert(at, node);
        self.settle(at.saturating_sub(1)..at + 2);
    }

    fn remove_nodes(&mut self, nodes: Range<usize>) {
        if nodes.is_empty() {
            return;
        }
        if nodes.start == 0 && nodes.len() == 1 {
            self.nodes.pop_front();
        } else {
            self.nodes.drain(nodes);
        }
        self.settle(0..0);
    }

    /// Restores invariants 2 and 3 after these nodes were changed or made, or any were removed.
    #[inline]
    fn settle(&mut self, touched: Range<usize>) {
        if self.depth > 0 {
            self.recompress(touched);
        }
    }

    #[cold]
    fn recompress(&mut self, touched: Range<usize>) {
        let (len, depth) = (self.nodes.len(), usize::from(self.depth));
        for at in 0..depth.min(len) {
            self.nodes[at].open();
            self.nodes[len - 1 - at].open();
        }
        let inner = depth..len.saturating_sub(depth);
        if inner.is_empty() {
            return;
        }
        // The first and the last inner ones may have come out of reach of the ends.
        self.nodes[inner.start].close();
        self.nodes[inner.end - 1].close();
        for at in touched.start.max(inner.start)..touched.end.min(inner.end) {
            self.nodes[at].close();
        }
    }
}

/// Adds an element at an end of a listpack node.
#[inline]
fn add(node: &mut Node, end: End, element: &[u8]) {
    node.change(|pack| match end {
        End::Head => pack.push_front(Element::of(element)),
        End::Tail => pack.push_back(Element::of(element)),
    });
}

/// Removes the element at an end of a listpack, after something was done with it.
#[inline]
pub fn pop_from<R>(pack: &mut Listpack, end: End, look: impl FnOnce(Element<'_>) -> R) -> Option<R> {
    let view = pack.view();
    let at = match end {
        End::Head => view.first(),
        End::Tail => view.last(),
    }?;
    let result = look(view.get(at));
    pack.remove(at);
    Some(result)
}

/// Of the `found` elements that are equal to `wanted`, removes `most`, those nearest to an end.
pub fn remove_equal_in(pack: &mut Listpack, wanted: &[u8], from: End, most: usize, found: usize) {
    let int = int_of(wanted);
    let spared = if from == End::Tail { found - most } else { 0 };
    let mut seen = 0;
    pack.retain(|element| {
        if !element.is(wanted, int) {
            return true;
        }
        seen += 1;
        seen <= spared || seen > spared + most
    });
    shrink_if_roomy(pack);
}

/// What a listpack has much more memory than it needs of goes back.
pub fn shrink_if_roomy(pack: &mut Listpack) {
    if pack.memory() > 2 * pack.bytes().len() {
        pack.shrink();
    }
}

/// The integer that an element equal to these bytes may be kept as.
pub fn int_of(wanted: &[u8]) -> Option<i64> {
    match Element::of(wanted) {
        Element::Int(int) => Some(int),
        Element::Str(_) => None,
    }
}
