//! A B+ tree that counts: an index of sorted sets.
//!
//! ```text
//!   inner   [ key, least, count, child | key, least, count, child | … up to FAN ]
//!                                 |                          |
//!   leaf    [ halves of keys ][ references ]      [ halves of keys ][ references ]
//! ```
//!
//! An edge has the least element of its child and that element's key, to find the way by, and the number of
//! elements below it, to count ranks by. Leaves are not linked: whoever walks comes down again from the root at the
//! end of a leaf, by rank, which costs two instructions per element and leaves nothing to keep in order.
//!
//! A full leaf first gives half of what a neighbour has room for to that neighbour, so leaves are filled to 83 %
//! on average where elements come in no order, and completely where they come in order: splits at an end of a leaf
//! move nothing. A leaf that is less than half full after a removal is joined with a neighbour if both fit
//! into three quarters of one. So few leaves are thin, however elements come and go.
//!
//! The road not taken: whole keys in the leaves (4 bytes per element more than the budget of 58 has); links between
//! leaves (`unsafe` for the whole tree; here it is only for looking at elements).
//!
//! **Invariants** (asserted by [`Tree::verify`])
//! 1. Elements are in order; all leaves have the same depth. Only the root may be an empty leaf; an inner root has
//!    two edges or more.
//! 2. `count` is the number of elements below an edge, never 0.
//! 3. `key` and `least` are those of the least element below an edge, but for the first edge of a node: there
//!    they may be of an element that is gone, and are never looked at.

use std::ops::Range;
use std::ptr::NonNull;

use super::leaf::Leaf;
use super::node::{Edge, Inner, Known, Node, Removed};
use super::seek::{ByElement, ByKey, ByMember, Seek};
use super::{Bound, OrderedIndex, Ref, Scored, key_of};

/// References in a leaf: it has 1024 bytes then.
const LEAF: usize = 102;
/// Edges of an inner node: it has 3072 bytes then, one edge more while it is split.
const FAN: usize = 63;

/// See the [module](self). Smaller nodes are for tests.
pub struct Tree<E, const L: usize = LEAF, const F: usize = FAN> {
    root: Node<E, L, F>,
    len: usize,
}

impl<E: Scored, const L: usize, const F: usize> Default for Tree<E, L, F> {
    fn default() -> Self {
        Tree { root: Node::Leaf(Leaf::new()), len: 0 }
    }
}

impl<E: Scored, const L: usize, const F: usize> Tree<E, L, F> {
    /// The leaf with the element of a rank below `len`, and the place in there.
    #[inline]
    fn leaf_of(&self, mut rank: usize) -> (&Leaf<E, L>, usize) {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(leaf) => return (leaf, rank),
                Node::Inner(inner) => {
                    let (way, below) = inner.way_to_rank(rank);
                    (node, rank) = (&inner.edges[way].child, below);
                }
            }
        }
    }

    #[inline]
    fn seek(&self, cut: &impl Seek<E>) -> usize {
        let (mut node, mut before) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(leaf) => return before + leaf.seek(cut),
                Node::Inner(inner) => {
                    let way = inner.way(cut);
                    before += inner.before(way);
                    node = &inner.edges[way].child;
                }
            }
        }
    }

    /// Whether an element was forgotten, rather than left where it is for another key; `None` if there is none.
    #[inline]
    fn forget(&mut self, element: &E, new: Option<u64>) -> Option<bool> {
        let known = Known { cut: ByElement::of(element), element: Ref::new(element) };
        match self.root.remove(&known, new) {
            Removed::Nothing => None,
            Removed::Stays => Some(false),
            Removed::One(_) => {
                self.len -= 1;
                self.lower();
                Some(true)
            }
        }
    }

    /// A root that has one child only gives way to it.
    fn lower(&mut self) {
        while let Node::Inner(inner) = &mut self.root
            && inner.edges.len() < 2
        {
            self.root = inner.edges.pop().map_or_else(|| Node::Leaf(Leaf::new()), |edge| edge.child);
        }
    }
}

impl<E: Scored, const L: usize, const F: usize> OrderedIndex<E> for Tree<E, L, F> {
    type Walk<'i> = Walk<'i, E, L, F>;

    fn len(&self) -> usize {
        self.len
    }

    unsafe fn insert(&mut self, element: &E) {
        let arrival = Known { cut: ByElement::of(element), element: Ref::new(element) };
        self.len += 1;
        let Some(right) = self.root.insert(&arrival) else { return };
        let (least, key) = (right.least, right.key);
        let old = std::mem::replace(&mut self.root, Node::Inner(Inner { edges: Vec::with_capacity(4) }));
        if let Node::Inner(root) = &mut self.root {
            // What the first edge says is never looked at (invariant 3).
            root.edges.push(Edge { key, least, count: self.len - right.count, child: old });
            root.edges.push(right);
        }
    }

    fn remove(&mut self, element: &E) -> bool {
        self.forget(element, None) == Some(true)
    }

    fn rescore(&mut self, element: &E, new: f64) -> bool {
        self.forget(element, Some(key_of(new))) == Some(false)
    }

    fn rank(&self, element: &E) -> Option<usize> {
        let (cut, wanted) = (ByElement::of(element), Ref::new(element));
        let (mut node, mut before) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(leaf) => return leaf.find(wanted, &cut).map(|at| before + at),
                Node::Inner(inner) => {
                    let way = inner.way(&ByElement { after: true, ..cut });
                    before += inner.before(way);
                    node = &inner.edges[way].child;
                }
            }
        }
    }

    fn position(&self, bound: Bound<'_>) -> usize {
        match bound {
            Bound::Score(score) => self.seek(&ByKey(key_of(score))),
            // Keys of scores end below the highest number.
            Bound::AfterScore(score) => self.seek(&ByKey(key_of(score) + 1)),
            Bound::Element(score, member) => {
                self.seek(&ByElement { key: key_of(score), member, after: false })
            }
            Bound::Member(member) => self.seek(&ByMember { member, after: false }),
            Bound::AfterMember(member) => self.seek(&ByMember { member, after: true }),
        }
    }

    fn nth(&self, rank: usize) -> Option<&E> {
        if rank >= self.len {
            return None;
        }
        let (leaf, at) = self.leaf_of(rank);
        Some(leaf.element(at))
    }

    fn range(&self, ranks: Range<usize>) -> Walk<'_, E, L, F> {
        let end = ranks.end.min(self.len);
        Walk { tree: self, ranks: ranks.start.min(end)..end, front: &[], back: &[] }
    }

    fn cut(&mut self, ranks: Range<usize>, mut tell: impl FnMut(NonNull<E>)) {
        let end = ranks.end.min(self.len);
        let mut left = end.saturating_sub(ranks.start);
        let mut gone = Vec::with_capacity(left.min(L));
        while left > 0 {
            left -= self.root.cut(ranks.start, left, &mut gone).count;
            self.len -= gone.len();
            self.lower();
            gone.drain(..).for_each(|element| tell(element.as_ptr()));
        }
    }

    fn memory(&self) -> usize {
        self.root.memory()
    }

    fn verify(&self) {
        assert_eq!(self.root.verify(true).1, self.len);
        let mut last: Option<&E> = None;
        for element in self.range(0..self.len) {
            let of = |element: &E| (key_of(element.score()), element.member().to_vec());
            assert!(last.is_none_or(|last| of(last) < of(element)), "invariant 1: order");
            last = Some(element);
        }
    }
}

/// See [`OrderedIndex::range`].
pub struct Walk<'t, E, const L: usize = LEAF, const F: usize = FAN> {
    tree: &'t Tree<E, L, F>,
    /// What is still to come.
    ranks: Range<usize>,
    /// References from `ranks.start` on, and up to `ranks.end`: the rest of a leaf each.
    front: &'t [Ref<E>],
    back: &'t [Ref<E>],
}

/// So far ahead an element is fetched.
const AHEAD: usize = 6;

impl<'t, E: Scored, const L: usize, const F: usize> Iterator for Walk<'t, E, L, F> {
    type Item = &'t E;

    #[inline]
    fn next(&mut self) -> Option<&'t E> {
        let rank = self.ranks.next()?;
        if self.front.is_empty() {
            let (leaf, at) = self.tree.leaf_of(rank);
            self.front = &leaf.refs()[at..];
            self.front.iter().take(AHEAD.min(self.ranks.len() + 1)).for_each(|element| element.prefetch());
        }
        let (first, rest) = self.front.split_first()?;
        self.front = rest;
        if let Some(later) = rest.get(AHEAD - 1)
            && self.ranks.len() >= AHEAD
        {
            later.prefetch();
        }
        // SAFETY: an element of the tree borrowed for `'t`.
        Some(unsafe { first.get() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ranks.size_hint()
    }

    /// A leaf's worth at a time: some 30 instructions for each, 93 for one asked for alone.
    #[inline]
    fn fold<B, G: FnMut(B, &'t E) -> B>(mut self, init: B, mut with: G) -> B {
        let mut sum = init;
        while !self.ranks.is_empty() {
            if self.front.is_empty() {
                let (leaf, at) = self.tree.leaf_of(self.ranks.start);
                self.front = &leaf.refs()[at..];
                self.front.iter().take(AHEAD.min(self.ranks.len())).for_each(|element| element.prefetch());
            }
            let (here, rest) = self.front.split_at(self.front.len().min(self.ranks.len()));
            self.front = rest;
            self.ranks.start += here.len();
            for (at, element) in here.iter().enumerate() {
                if let Some(later) = here.get(at + AHEAD) {
                    later.prefetch();
                }
                // SAFETY: an element of the tree borrowed for `'t`.
                sum = with(sum, unsafe { element.get() });
            }
        }
        sum
    }
}

impl<'t, E: Scored, const L: usize, const F: usize> DoubleEndedIterator for Walk<'t, E, L, F> {
    #[inline]
    fn next_back(&mut self) -> Option<&'t E> {
        let rank = self.ranks.next_back()?;
        if self.back.is_empty() {
            let (leaf, at) = self.tree.leaf_of(rank);
            self.back = &leaf.refs()[..=at];
            self.back
                .iter()
                .rev()
                .take(AHEAD.min(self.ranks.len() + 1))
                .for_each(|element| element.prefetch());
        }
        let (last, rest) = self.back.split_last()?;
        self.back = rest;
        if let Some(at) = rest.len().checked_sub(AHEAD)
            && self.ranks.len() >= AHEAD
        {
            rest[at].prefetch();
        }
        // SAFETY: an element of the tree borrowed for `'t`.
        Some(unsafe { last.get() })
    }
}
