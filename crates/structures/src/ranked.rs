//! Items under their keys *and* in the order of their scores: a sorted set that is not small.
//!
//! A hash table owns the items, whose words are the scores; an [index](crate::index) has them in order. Pairing
//! them here keeps the promise that the index asks for, so that whoever uses a [`Ranked`] needs no `unsafe`.
//!
//! ```text
//!   table  [ tags, pointers ]  ──►  item [ bits | klen | score | member ]  ◄──  index [ halves | references ]
//! ```
//!
//! **Invariants** (asserted by [`Ranked::verify`])
//! 1. Table and index have the same items; an item leaves the index before it is freed.
//! 2. The score of an item changes only while the index does not have it, or has prepared for it.
//! 3. No score is NaN.
//! 4. `item_bytes` is the sum of the items' allocations.
//!
//! *Not here*: small sorted sets, which are listpacks, and the choice between the two (`keyspace`).

use std::ops::Range;

use crate::index::{Bound, OrderedIndex, Scored, Tree};
use crate::item::{Item, ItemBox};
use crate::keytable::{ItemTable, Seed};
use crate::table::{Lookup, Policy};

impl Scored for Item {
    #[inline(always)]
    fn score(&self) -> f64 {
        f64::from_bits(self.word().unwrap_or(0))
    }
    #[inline(always)]
    fn member(&self) -> &[u8] {
        self.key()
    }
}

/// See the [module](self). `I` is the index.
pub struct Ranked<I: OrderedIndex<Item> = Tree<Item>> {
    items: ItemTable,
    index: I,
    item_bytes: usize,
}

impl<I: OrderedIndex<Item>> Ranked<I> {
    pub fn new(seed: Seed) -> Self {
        Ranked { items: ItemTable::new(seed), index: I::default(), item_bytes: 0 }
    }

    /// Makes room for so many members in all, as far as the table is concerned.
    pub fn reserve(&mut self, members: usize) {
        self.items.reserve(members);
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The score of a member. `O(1)`.
    #[inline]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        Some(self.items.get(member, self.items.hash(member))?.score())
    }

    /// Adds a member or changes its score: `decide` is told the score it has, if it is there, and says which one
    /// it shall have; `None`, the same one, and NaN change nothing. One search of the table; `O(log n)`.
    #[inline]
    pub fn update(&mut self, member: &[u8], decide: impl FnOnce(Option<f64>) -> Option<f64>) {
        let hash = self.items.hash(member);
        match self.items.lookup_key(member, hash) {
            Lookup::Found(mut slot) => {
                let old = slot.get().score();
                if let Some(new) = decide(Some(old)).filter(|new| *new != old && !new.is_nan()) {
                    rescore(&mut self.index, slot.get_mut(), new);
                }
            }
            Lookup::Absent(vacant) => {
                let Some(score) = decide(None).filter(|score| !score.is_nan()) else { return };
                let item = ItemBox::new(member, None, Some(score.to_bits()));
                self.item_bytes += item.memory();
                let item = vacant.insert(item);
                // SAFETY: the table keeps the item where it is until it is removed, which is done only after the
                // index has forgotten it (invariant 1); its pointers are thin (`Thin`), and there was none of this
                // member. References to items are made from ours: not while another one changes an item.
                unsafe { self.index.insert(item) };
            }
        }
    }

    /// Removes a member and tells its score. `O(log n)`.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let hash = self.items.hash(member);
        let slot = self.items.slot(member, hash)?;
        let score = slot.get().score();
        assert!(self.index.remove(slot.get()), "invariant 1");
        self.item_bytes -= slot.remove().memory();
        Some(score)
    }

    /// Removes the elements of these ranks, as far as there are any, and tells each. `O(log n + ranks)`.
    pub fn cut(&mut self, ranks: Range<usize>, mut tell: impl FnMut(&[u8], f64)) {
        let (items, item_bytes) = (&mut self.items, &mut self.item_bytes);
        self.index.cut(ranks, |element| {
            let hash = {
                // SAFETY: the index has just given it up, and the table still owns it (invariant 1).
                let item = unsafe { element.as_ref() };
                tell(item.key(), item.score());
                items.hash(item.key())
            };
            let slot = items.find_slot(hash, |item| std::ptr::eq(item, element.as_ptr()));
            *item_bytes -= slot.expect("invariant 1").remove().memory();
        });
    }

    /// Rank and score of a member. `O(log n)`.
    #[inline]
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let item = self.items.get(member, self.items.hash(member))?;
        Some((self.index.rank(item)?, item.score()))
    }

    /// How many elements come before a bound. `O(log n)`.
    #[inline]
    pub fn position(&self, bound: Bound<'_>) -> usize {
        self.index.position(bound)
    }

    /// The element of a rank, 0 being the lowest. `O(log n)`.
    #[inline]
    pub fn nth(&self, rank: usize) -> Option<&Item> {
        self.index.nth(rank)
    }

    /// The elements of these ranks, as far as there are any.
    #[inline]
    pub fn range(&self, ranks: Range<usize>) -> I::Walk<'_> {
        self.index.range(ranks)
    }

    /// All elements, in no order: cheaper than in order.
    pub fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    /// An element, each with the same chance; `next` gives uniform words.
    pub fn random(&self, next: &mut impl FnMut() -> u64) -> Option<&Item> {
        self.items.random(next)
    }

    /// As [`crate::table::Table::scan`].
    pub fn scan(&self, cursor: u64, emit: impl FnMut(&Item)) -> u64 {
        self.items.scan(cursor, emit)
    }

    /// See [`crate::table::Table::set_resize`].
    pub fn set_resize(&mut self, policy: Policy) {
        self.items.set_resize(policy);
    }

    /// Bytes of items, table and index, without the fields of this structure.
    pub fn memory(&self) -> usize {
        self.item_bytes + self.items.memory() + self.index.memory()
    }

    /// The table, to look at.
    pub fn items(&self) -> &ItemTable {
        &self.items
    }

    /// Asserts the invariants, those of table and index too. `O(n log n)`.
    pub fn verify(&self) {
        self.items.verify();
        self.index.verify();
        assert_eq!(self.items.len(), self.index.len(), "invariant 1");
        let mut bytes = 0;
        for (rank, item) in self.index.range(0..self.index.len()).enumerate() {
            let found = self.items.get(item.key(), self.items.hash(item.key()));
            assert!(found.is_some_and(|found| std::ptr::eq(found, item)), "invariant 1");
            assert_eq!(self.rank(item.key()), Some((rank, item.score())), "invariant 2");
            assert!(!item.score().is_nan(), "invariant 3");
            bytes += item.memory();
        }
        assert_eq!(bytes, self.item_bytes, "invariant 4");
    }
}

/// Gives an item of the index another score.
fn rescore(index: &mut impl OrderedIndex<Item>, item: &mut Item, new: f64) {
    let stays = index.rescore(item, new);
    item.try_set_word(new.to_bits());
    if stays {
        return;
    }
    // SAFETY: as when it was inserted first; the index has forgotten it above.
    unsafe { index.insert(item) };
}

impl<I: OrderedIndex<Item>> Clone for Ranked<I> {
    fn clone(&self) -> Self {
        let mut copy = Ranked::new(*self.items.hasher());
        for item in self.range(0..self.len()) {
            copy.update(item.key(), |_| Some(item.score()));
        }
        copy
    }
}

impl<I: OrderedIndex<Item>> std::fmt::Debug for Ranked<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.range(0..self.len())).finish()
    }
}
