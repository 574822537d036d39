//! Elements in the order of their scores, found by rank: what a sorted set has beside its hash table.
//!
//! The order is score first (as doubles, -0 and 0 being the same), then member (as bytes). The elements belong to
//! somebody else, a hash table; an index holds six bytes of address for each, so that members are stored once.
//!
//! Two implementations of one interface ([`OrderedIndex`]), under the same tests: [`tree`], a counted B+ tree, and
//! `skiplist`, as Redis has it, which is built for tests and for comparison only. Decision 10 says why.
//!
//! A position is a rank, a number: bounds are turned into ranks ([`OrderedIndex::position`]), and ranges of ranks
//! are walked ([`OrderedIndex::range`]) or removed ([`OrderedIndex::cut`]). That spares the interface cursors that
//! could outlive a change.
//!
//! *Not here*: the hash table and the pairing of both ([`crate::ranked`]), commands' ideas of ranges (`keyspace`).

mod leaf;
mod node;
mod seek;
#[cfg(any(test, feature = "skiplist"))]
pub mod skiplist;
#[cfg(test)]
mod tests;
pub mod tree;

use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;

pub use tree::Tree;

/// What an index must know of an element.
pub trait Scored: 'static {
    /// Any double but NaN.
    fn score(&self) -> f64;
    fn member(&self) -> &[u8];
}

/// A place between elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound<'a> {
    /// Before all elements of this score.
    Score(f64),
    /// After all elements of this score.
    AfterScore(f64),
    /// Before the element of this score and member, be it there or not.
    Element(f64, &'a [u8]),
    /// Before this member, where all scores are the same.
    Member(&'a [u8]),
    /// After this member, where all scores are the same.
    AfterMember(&'a [u8]),
}

/// Elements by score, member and rank. `n` below is the number of elements.
pub trait OrderedIndex<E: Scored>: Default {
    /// See [`OrderedIndex::range`].
    type Walk<'i>: DoubleEndedIterator<Item = &'i E>
    where
        Self: 'i;

    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an element. `O(log n)`.
    ///
    /// # Safety
    /// The element stays at its address, which is below 2^47 and whose provenance is exposed, and may be borrowed
    /// whenever the index is (on the thread that uses the index), until it is forgotten: until [`OrderedIndex::remove`]
    /// returned true for it, [`OrderedIndex::rescore`] false, or [`OrderedIndex::cut`] gave it back. No element of the same score and member is in the index.
    unsafe fn insert(&mut self, element: &E);

    /// Forgets an element; false if it is not here. `O(log n)`.
    fn remove(&mut self, element: &E) -> bool;

    /// Prepares for another score of an element. True if that leaves its place as it is: the caller must give the
    /// element that score before anything else. False if it was forgotten (or is not here): the caller gives it that
    /// score and inserts it. `O(log n)`.
    fn rescore(&mut self, element: &E, new: f64) -> bool;

    /// The rank of an element, 0 being the lowest; `None` if it is not here. `O(log n)`.
    fn rank(&self, element: &E) -> Option<usize>;

    /// How many elements come before a bound. `O(log n)`.
    fn position(&self, bound: Bound<'_>) -> usize;

    /// The element of a rank, 0 being the lowest. `O(log n)`.
    fn nth(&self, rank: usize) -> Option<&E>;

    /// The elements of these ranks, as far as there are any; to be walked from both ends. `O(log n)` to begin.
    fn range(&self, ranks: Range<usize>) -> Self::Walk<'_>;

    /// Forgets the elements of these ranks, as far as there are any, and tells each after it was forgotten; it may
    /// be freed then. `O(log n + ranks)`.
    fn cut(&mut self, ranks: Range<usize>, tell: impl FnMut(NonNull<E>));

    /// Bytes, without the elements and the index's own fields.
    fn memory(&self) -> usize;

    /// Asserts the invariants. `O(n)`.
    fn verify(&self);
}

/// A score as a number in the same order: the sign turned around, and negative ones downside up. -0 counts as 0.
#[inline(always)]
pub(crate) fn key_of(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The address of an element, in six bytes.
struct Ref<E> {
    bytes: [u8; 6],
    elements: PhantomData<fn() -> E>,
}

impl<E> Clone for Ref<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Ref<E> {}

impl<E> PartialEq for Ref<E> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl<E> Ref<E> {
    const NOTHING: Ref<E> = Ref { bytes: [0; 6], elements: PhantomData };

    #[inline(always)]
    fn new(element: &E) -> Self {
        let address = std::ptr::from_ref(element).addr();
        debug_assert!(address != 0 && address < 1 << 47);
        let [a, b, c, d, e, f, ..] = (address as u64).to_le_bytes();
        Ref { bytes: [a, b, c, d, e, f], elements: PhantomData }
    }

    #[inline(always)]
    fn address(self) -> usize {
        let [a, b, c, d, e, f] = self.bytes;
        u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) as usize
    }

    /// # Safety
    /// The element is in an index that is borrowed for `'a`: the promise of [`OrderedIndex::insert`] holds.
    #[inline(always)]
    unsafe fn get<'a>(self) -> &'a E {
        let element = std::ptr::with_exposed_provenance::<E>(self.address());
        // SAFETY: the caller's part; the promise of `insert` covers address, provenance and life.
        unsafe { &*element }
    }

    #[inline]
    fn as_ptr(self) -> NonNull<E> {
        let element = std::ptr::with_exposed_provenance_mut::<E>(self.address());
        NonNull::new(element).expect("references have an address")
    }

    #[inline(always)]
    fn prefetch(self) {
        crate::tags::prefetch(std::ptr::without_provenance(self.address()));
    }
}
