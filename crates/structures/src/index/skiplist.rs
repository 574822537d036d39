//! A skip list with spans, as Redis has it: what the [tree](super::tree) is compared with, and tested beside.
//!
//! Nodes and their towers live in two vectors, found by numbers of 32 bits, so that there is no `unsafe` but for
//! looking at elements; a node keeps its element's key, which spares the search a cache miss. That is as small as
//! such a list gets: 24 bytes for a node and 10.7 for its links on average.
//!
//! **Invariants** (asserted by [`SkipList::verify`])
//! 1. Node 0 is the head, without an element and with a tower of full height. Each other node of height `h` is on
//!    the lists of levels `0..h`, in order.
//! 2. A span is the number of steps on level 0 to the next node of this level, or to the end of the list.
//! 3. `prev` is the node before on level 0, or the head; `last` is the last node, or the head.
//! 4. `free[h]` has towers of height `h` that nobody uses.

use std::ops::Range;
use std::ptr::NonNull;

use super::seek::{ByElement, ByKey, ByMember, Seek};
use super::{Bound, OrderedIndex, Ref, Scored, key_of};

const HEIGHT: usize = 32;
const HEAD: u32 = 0;
const END: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Link {
    next: u32,
    span: u32,
}

struct Node<E> {
    key: u64,
    element: Ref<E>,
    height: u8,
    prev: u32,
    tower: u32,
}

/// See the [module](self).
pub struct SkipList<E> {
    nodes: Vec<Node<E>>,
    links: Vec<Link>,
    /// Nodes that nobody uses, with their towers, by height.
    free: [Vec<u32>; HEIGHT + 1],
    levels: usize,
    len: usize,
    last: u32,
    dice: u64,
}

/// The way to a place: on each level the last node before it, and that node's rank plus one.
struct Way {
    before: [u32; HEIGHT],
    rank: [u32; HEIGHT],
}

impl<E: Scored> SkipList<E> {
    fn link(&self, node: u32, level: usize) -> Link {
        self.links[self.nodes[node as usize].tower as usize + level]
    }

    fn link_mut(&mut self, node: u32, level: usize) -> &mut Link {
        &mut self.links[self.nodes[node as usize].tower as usize + level]
    }

    fn element(&self, node: u32) -> &E {
        // SAFETY: a node's element is in the index, which is borrowed.
        unsafe { self.nodes[node as usize].element.get() }
    }

    fn way(&self, before: impl Fn(u32, u32) -> bool) -> Way {
        let mut way = Way { before: [HEAD; HEIGHT], rank: [0; HEIGHT] };
        let (mut at, mut rank) = (HEAD, 0);
        for level in (0..self.levels).rev() {
            loop {
                let link = self.link(at, level);
                if link.next == END || !before(link.next, rank + link.span) {
                    break;
                }
                (at, rank) = (link.next, rank + link.span);
            }
            (way.before[level], way.rank[level]) = (at, rank);
        }
        way
    }

    fn way_to(&self, cut: &impl Seek<E>) -> Way {
        self.way(|node, _| cut.before_keyed(self.nodes[node as usize].key, || self.element(node)))
    }

    fn node_of(&self, rank: usize) -> u32 {
        let way = self.way(|_, below| (below as usize) <= rank);
        self.link(way.before[0], 0).next
    }

    /// A height of `h` with a chance of 3/4 · 4^(1-h).
    fn height(&mut self) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        let twos = (self.dice.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 1).leading_zeros() as usize - 1;
        (1 + twos / 2).min(HEIGHT)
    }

    fn take_node(&mut self, element: &E, height: usize) -> u32 {
        if let Some(node) = self.free[height].pop() {
            self.nodes[node as usize].key = key_of(element.score());
            self.nodes[node as usize].element = Ref::new(element);
            return node;
        }
        let (node, tower) = (self.nodes.len() as u32, self.links.len() as u32);
        assert!(node < END && tower < END, "a list of four thousand million elements");
        let (key, element, height8) = (key_of(element.score()), Ref::new(element), height as u8);
        self.nodes.push(Node { key, element, height: height8, prev: HEAD, tower });
        self.links.extend(std::iter::repeat_n(Link { next: END, span: 0 }, height));
        node
    }

    fn unlink(&mut self, node: u32, way: &Way) {
        for level in 0..self.levels {
            let own = (level < usize::from(self.nodes[node as usize].height)).then(|| self.link(node, level));
            let before = self.link_mut(way.before[level], level);
            match own {
                Some(own) => *before = Link { next: own.next, span: before.span + own.span - 1 },
                None => before.span -= 1,
            }
        }
        let (prev, next) = (self.nodes[node as usize].prev, self.link(way.before[0], 0).next);
        if next == END {
            self.last = prev;
        } else {
            self.nodes[next as usize].prev = prev;
        }
        while self.levels > 1 && self.link(HEAD, self.levels - 1).next == END {
            self.levels -= 1;
        }
        self.len -= 1;
        self.free[usize::from(self.nodes[node as usize].height)].push(node);
    }

    fn seek(&self, cut: &impl Seek<E>) -> usize {
        self.way_to(cut).rank[0] as usize
    }

    fn find(&self, element: &E) -> Option<(u32, Way)> {
        let way = self.way_to(&ByElement::of(element));
        let node = self.link(way.before[0], 0).next;
        let found = node != END && self.nodes[node as usize].element == Ref::new(element);
        found.then_some((node, way))
    }
}

impl<E: Scored> Default for SkipList<E> {
    fn default() -> Self {
        let head = Node { key: 0, element: Ref::NOTHING, height: HEIGHT as u8, prev: HEAD, tower: 0 };
        SkipList {
            nodes: vec![head],
            links: vec![Link { next: END, span: 0 }; HEIGHT],
            free: [const { Vec::new() }; HEIGHT + 1],
            levels: 1,
            len: 0,
            last: HEAD,
            dice: 0x9E37_79B9_7F4A_7C15,
        }
    }
}

impl<E: Scored> OrderedIndex<E> for SkipList<E> {
    type Walk<'i> = Walk<'i, E>;

    fn len(&self) -> usize {
        self.len
    }

    unsafe fn insert(&mut self, element: &E) {
        let way = self.way_to(&ByElement::of(element));
        let height = self.height();
        for level in self.levels..height {
            *self.link_mut(HEAD, level) = Link { next: END, span: self.len as u32 };
        }
        self.levels = self.levels.max(height);
        let node = self.take_node(element, height);
        for level in 0..self.levels {
            let (before, steps) = (way.before[level], way.rank[0] - way.rank[level]);
            let old = self.link(before, level);
            if level < height {
                *self.link_mut(node, level) = Link { next: old.next, span: old.span - steps };
                *self.link_mut(before, level) = Link { next: node, span: steps + 1 };
            } else {
                self.link_mut(before, level).span += 1;
            }
        }
        self.nodes[node as usize].prev = way.before[0];
        match self.link(node, 0).next {
            END => self.last = node,
            next => self.nodes[next as usize].prev = node,
        }
        self.len += 1;
    }

    fn remove(&mut self, element: &E) -> bool {
        let Some((node, way)) = self.find(element) else { return false };
        self.unlink(node, &way);
        true
    }

    fn rank(&self, element: &E) -> Option<usize> {
        self.find(element).map(|(_, way)| way.rank[0] as usize)
    }

    fn rescore(&mut self, element: &E, new: f64) -> bool {
        let Some((node, way)) = self.find(element) else { return false };
        let cut = ByElement { key: key_of(new), member: element.member(), after: false };
        let (prev, next) = (self.nodes[node as usize].prev, self.link(node, 0).next);
        let stays = (prev == HEAD || cut.before(self.element(prev)))
            && (next == END || !cut.before(self.element(next)));
        if stays {
            self.nodes[node as usize].key = cut.key;
        } else {
            self.unlink(node, &way);
        }
        stays
    }

    fn position(&self, bound: Bound<'_>) -> usize {
        match bound {
            Bound::Score(score) => self.seek(&ByKey(key_of(score))),
            Bound::AfterScore(score) => self.seek(&ByKey(key_of(score) + 1)),
            Bound::Element(score, member) => {
                self.seek(&ByElement { key: key_of(score), member, after: false })
            }
            Bound::Member(member) => self.seek(&ByMember { member, after: false }),
            Bound::AfterMember(member) => self.seek(&ByMember { member, after: true }),
        }
    }

    fn nth(&self, rank: usize) -> Option<&E> {
        (rank < self.len).then(|| self.element(self.node_of(rank)))
    }

    fn range(&self, ranks: Range<usize>) -> Walk<'_, E> {
        let end = ranks.end.min(self.len);
        let ranks = ranks.start.min(end)..end;
        let ends = if ranks.is_empty() {
            (END, END)
        } else {
            (self.node_of(ranks.start), if end == self.len { self.last } else { self.node_of(end - 1) })
        };
        Walk { list: self, left: ranks.len(), front: ends.0, back: ends.1 }
    }

    fn cut(&mut self, ranks: Range<usize>, mut tell: impl FnMut(NonNull<E>)) {
        let end = ranks.end.min(self.len);
        if ranks.start >= end {
            return;
        }
        let way = self.way(|_, below| (below as usize) <= ranks.start);
        for _ in ranks.start..end {
            let node = self.link(way.before[0], 0).next;
            self.unlink(node, &way);
            tell(self.nodes[node as usize].element.as_ptr());
        }
    }

    fn memory(&self) -> usize {
        self.nodes.capacity() * size_of::<Node<E>>()
            + self.links.capacity() * size_of::<Link>()
            + self.free.iter().map(|list| list.capacity() * 4).sum::<usize>()
    }

    fn verify(&self) {
        let mut nodes = Vec::new();
        let mut at = HEAD;
        while self.link(at, 0).next != END {
            let next = self.link(at, 0).next;
            assert_eq!(self.nodes[next as usize].prev, at, "invariant 3");
            assert_eq!(self.nodes[next as usize].key, key_of(self.element(next).score()));
            nodes.push(next);
            at = next;
        }
        assert_eq!((nodes.len(), self.last), (self.len, at), "invariant 3");
        for pair in nodes.windows(2) {
            let of = |n: u32| (self.nodes[n as usize].key, self.element(n).member());
            assert!(of(pair[0]) < of(pair[1]), "invariant 1: order");
        }
        for level in 0..self.levels {
            let (mut at, mut rank) = (HEAD, 0);
            while self.link(at, level).next != END {
                let link = self.link(at, level);
                rank += link.span as usize;
                assert_eq!(nodes[rank - 1], link.next, "invariant 2");
                at = link.next;
            }
            assert_eq!(rank + self.link(at, level).span as usize, self.len, "invariant 2: end");
        }
    }
}

/// See [`OrderedIndex::range`].
pub struct Walk<'l, E> {
    list: &'l SkipList<E>,
    left: usize,
    front: u32,
    back: u32,
}

impl<'l, E: Scored> Iterator for Walk<'l, E> {
    type Item = &'l E;

    fn next(&mut self) -> Option<&'l E> {
        self.left = self.left.checked_sub(1)?;
        let element = self.list.element(self.front);
        self.front = self.list.link(self.front, 0).next;
        Some(element)
    }
}

impl<'l, E: Scored> DoubleEndedIterator for Walk<'l, E> {
    fn next_back(&mut self) -> Option<&'l E> {
        self.left = self.left.checked_sub(1)?;
        let element = self.list.element(self.back);
        self.back = self.list.nodes[self.back as usize].prev;
        Some(element)
    }
}
