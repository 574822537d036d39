//! The leaves of the [tree](super::tree): up to `LEAF` references with the upper half of each element's key.
//!
//! A search compares halves, which lie side by side, and looks at elements only where the halves are the same:
//! whole numbers below 2^21 are told apart by them, times in milliseconds that are more than a quarter of an hour
//! apart as well. With 102 references a leaf has 1024 bytes, a size class of the allocator.
//!
//! **Invariants**
//! 1. The first `len` references are of elements of the tree, in order; `halves` has the upper half of each key.

use super::seek::{ByElement, Seek};
use super::{Ref, Scored, key_of};

pub(super) struct Leaf<E, const LEAF: usize> {
    halves: [u32; LEAF],
    refs: [Ref<E>; LEAF],
    len: u16,
}

/// Up to so many elements with the same half are counted one by one.
const FEW: usize = 4;

/// The upper half of a key.
#[inline(always)]
fn half(key: u64) -> u32 {
    (key >> 32) as u32
}

impl<E: Scored, const LEAF: usize> Leaf<E, LEAF> {
    pub fn new() -> Box<Self> {
        Box::new(Leaf { halves: [0; LEAF], refs: [Ref::NOTHING; LEAF], len: 0 })
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    #[inline(always)]
    pub fn room(&self) -> usize {
        LEAF - self.len()
    }

    #[inline(always)]
    pub fn refs(&self) -> &[Ref<E>] {
        &self.refs[..self.len()]
    }

    #[inline(always)]
    pub fn element(&self, at: usize) -> &E {
        // SAFETY: an element of the tree (invariant 1), whose leaf is borrowed.
        unsafe { self.refs()[at].get() }
    }

    /// The key of an element, as the element knows it.
    #[inline]
    pub fn key(&self, at: usize) -> u64 {
        key_of(self.element(at).score())
    }

    /// How many elements are before a cut.
    #[inline(always)]
    pub fn seek(&self, cut: &impl Seek<E>) -> usize {
        let Some(key) = cut.key() else { return self.ties(0, self.len(), cut) };
        let (halves, half) = (&self.halves[..self.len()], half(key));
        let low = halves.partition_point(|&h| h < half);
        if low == halves.len() || halves[low] != half || !cut.upper_half_ties() {
            return low;
        }
        // Seldom more than a few: each is looked at, before the rest is searched for its end.
        let mut high = low + 1;
        while high < halves.len() && halves[high] == half {
            high += 1;
            if high - low == FEW {
                high += halves[high..].partition_point(|&h| h == half);
                break;
            }
        }
        self.ties(low, high, cut)
    }

    #[inline]
    fn ties(&self, low: usize, high: usize, cut: &impl Seek<E>) -> usize {
        // SAFETY: elements of the tree (invariant 1), whose leaf is borrowed.
        low + self.refs[low..high].partition_point(|element| cut.before(unsafe { element.get() }))
    }

    /// The place of an element of this leaf; `None` if it is not here. Other elements are looked at only where
    /// more than a few have the same half.
    #[inline]
    pub fn find(&self, wanted: Ref<E>, cut: &ByElement<'_>) -> Option<usize> {
        let (halves, half) = (&self.halves[..self.len()], half(cut.key));
        let low = halves.partition_point(|&h| h < half);
        let few = self.refs[low..self.len().min(low + FEW)].iter().position(|element| *element == wanted);
        if let Some(few) = few {
            return Some(low + few);
        }
        let high = low + halves[low..].partition_point(|&h| h == half);
        let at = self.ties(low, high, cut);
        (at < self.len() && self.refs[at] == wanted).then_some(at)
    }

    /// Whether an element may stay in its place with another key. The first of a leaf may be what an edge speaks of,
    /// and the last may pass into the next leaf: those may not.
    #[inline]
    pub fn stays(&self, at: usize, new: &ByElement<'_>) -> bool {
        if at == 0 || at + 1 >= self.len() {
            return false;
        }
        let (before, own, after) = (self.halves[at - 1], half(new.key), self.halves[at + 1]);
        (before < own || (before == own && new.before(self.element(at - 1))))
            && (own < after || (own == after && !new.before(self.element(at + 1))))
    }

    /// Puts an element into a place. There must be room.
    #[inline]
    pub fn insert(&mut self, at: usize, key: u64, element: Ref<E>) {
        let len = self.len();
        self.halves.copy_within(at..len, at + 1);
        self.refs.copy_within(at..len, at + 1);
        self.halves[at] = half(key);
        self.refs[at] = element;
        self.len += 1;
    }

    #[inline]
    pub fn remove(&mut self, at: usize, count: usize) {
        let len = self.len();
        self.halves.copy_within(at + count..len, at);
        self.refs.copy_within(at + count..len, at);
        self.len -= count as u16;
    }

    #[inline]
    pub fn set_key(&mut self, at: usize, key: u64) {
        self.halves[at] = half(key);
    }

    /// Moves the first `count` elements to the end of the leaf to the left. There must be room.
    pub fn move_left(&mut self, left: &mut Self, count: usize) {
        let end = left.len();
        left.halves[end..end + count].copy_from_slice(&self.halves[..count]);
        left.refs[end..end + count].copy_from_slice(&self.refs[..count]);
        left.len += count as u16;
        self.remove(0, count);
    }

    /// Moves the last `count` elements to the front of the leaf to the right. There must be room.
    pub fn move_right(&mut self, right: &mut Self, count: usize) {
        let (from, end) = (self.len() - count, right.len());
        right.halves.copy_within(..end, count);
        right.refs.copy_within(..end, count);
        right.halves[..count].copy_from_slice(&self.halves[from..from + count]);
        right.refs[..count].copy_from_slice(&self.refs[from..from + count]);
        right.len += count as u16;
        self.len -= count as u16;
    }

    /// Asserts invariant 1.
    pub fn verify(&self) {
        for at in 0..self.len() {
            let key = self.key(at);
            assert_eq!(self.halves[at], half(key), "invariant 1: halves");
            if at > 0 {
                let (before, member) = (self.element(at - 1), self.element(at).member());
                assert!((key_of(before.score()), before.member()) < (key, member), "invariant 1: order");
            }
        }
    }
}
