//! The hash table of the keyspace, of sets, hashes and sorted sets.
//!
//! An array of cache lines ([`bucket`]), each with nine thin pointers and a byte of hash for each of them: a
//! search reads one line, and follows only pointers whose tag agrees (one in 255 by mistake). A bucket that
//! overflows gets a child. The array is filled to nine items per bucket on average before it doubles: 7.1 to
//! 14.2 bytes per item, plus children.
//!
//! Growing and shrinking are *incremental*: both arrays live, and each mutation moves one bucket ([`resize`]).
//! The old array is emptied from the front, and **an item whose old bucket is not yet moved lives in the old
//! array, even if it came after the rehash began**. So each hash has one place, and a search during a rehash costs
//! one comparison more, not a second probe.
//!
//! ```text
//!    hash  [ tag: top byte | ................. | home: low bits ]
//!
//!    old   [ moved, given back | still to move      ]      home(hash) = old[hash & old.mask]   if not moved
//!    main  [      array of twice (or a part of) the size ]            = main[hash & mask]      otherwise
//! ```
//!
//! Roads not taken: ordered segments that split (the least memory, a second design for scan and random; kept as
//! the way out if a pause above 500 us is seen); searching both arrays as Redis does (a second miss for half of the
//! searches while growing); keeping hash bits to move without reading items (no room in 48 bits).
//!
//! **Invariants** (asserted by [`Table::verify`])
//! 1. `base` is the shared empty bucket (`mask == 0`, never written) or an array of `mask + 1` buckets of
//!    [`pages`]; so is `old.base`, never the shared one. Both counts are powers of two.
//! 2. An item is in the chain of `home(hash)` and nowhere else, under `tag(hash)`; it is owned by the table.
//! 3. In a chain, all buckets but the last are full; a last bucket that is a child has two items or more.
//! 4. `len` counts items, `children` child buckets; `depth` is at least the buckets of the longest chain of the
//!    main array, `old.depth` of the old one.
//! 5. Buckets `0..old.moved` are never touched again; their pages may be gone.
//!
//! *Not here*: what an item is ([`crate::entry`]), how keys are hashed ([`crate::keytable`]).

mod bucket;
mod resize;
#[cfg(test)]
mod tests;
mod walk;

use std::marker::PhantomData;
use std::ptr::NonNull;
use stdx::steps::step;

use crate::pages;
use crate::tags::prefetch;
pub use bucket::SLOTS as ITEMS_PER_BUCKET;
use bucket::{Bits, Bucket, SLOTS};
use resize::Old;
pub use walk::{ArrayStats, Iter, Stats};

/// An owning pointer of one word, which the table packs into 48 bits.
///
/// # Safety
/// `from_raw(into_raw(x))` gives `x` back. Between the two, the pointer is below 2^47, its provenance is exposed,
/// and it may be turned into `&Target`, or into `&mut Target` while no other reference to it lives.
pub unsafe trait Thin: Sized {
    /// What is found at the other end.
    type Target;

    fn into_raw(self) -> NonNull<u8>;

    /// # Safety
    /// `raw` came from [`Thin::into_raw`], and is given back once.
    unsafe fn from_raw(raw: NonNull<u8>) -> Self;
}

// SAFETY: a box is one pointer to its target, and user space ends at 2^47 (the table asserts it).
unsafe impl<X> Thin for Box<X> {
    type Target = X;

    fn into_raw(self) -> NonNull<u8> {
        let raw = Box::into_raw(self);
        raw.expose_provenance();
        // SAFETY: a box is never null.
        unsafe { NonNull::new_unchecked(raw.cast()) }
    }

    unsafe fn from_raw(raw: NonNull<u8>) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Box::from_raw(raw.as_ptr().cast()) }
    }
}

/// How an item is hashed: needed when it moves. Must agree with the hash it was inserted under; should not panic
/// (an item whose hashing panics while it is moved stays owned, but may not be found again).
pub trait Hashed<I> {
    fn hash(&self, item: &I) -> u64;
}

/// How eagerly the table changes its size (a forked child makes every moved bucket cost a copied page).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    #[default]
    Allow,
    /// Only above 500 %, and no shrinking.
    Avoid,
    /// Not at all: chains grow instead.
    Forbid,
}

static NOTHING: Bucket = Bucket::EMPTY;

/// A set of items found by hash and comparison.
pub struct Table<T: Thin, H: Hashed<T::Target>> {
    base: NonNull<Bucket>,
    mask: usize,
    len: usize,
    old: Option<Box<Old>>,
    children: u32,
    depth: u16,
    policy: Policy,
    hasher: H,
    items: PhantomData<T>,
}

// SAFETY: the table owns its arrays and its items, as a vector would.
unsafe impl<T: Thin + Send, H: Hashed<T::Target> + Send> Send for Table<T, H> {}
// SAFETY: a shared table gives out shared references to targets and the hasher, nothing else.
unsafe impl<T: Thin + Sync, H: Hashed<T::Target> + Sync> Sync for Table<T, H> where T::Target: Sync {}

/// Where an item is. Good until the table is changed.
#[derive(Clone, Copy)]
struct Place {
    home: NonNull<Bucket>,
    bucket: NonNull<Bucket>,
    slot: usize,
}

/// The tag of a hash: its top byte, where 0 counts as 1.
#[inline(always)]
fn tag(hash: u64) -> u8 {
    ((hash >> 56) as u8).max(1)
}

/// The target of an item of the table.
///
/// # Safety
/// `raw` is an item of the table that `'a` borrows.
#[inline(always)]
unsafe fn target<'a, T: Thin>(raw: NonNull<u8>) -> &'a T::Target {
    // SAFETY: `Thin` allows it while the table owns the item.
    unsafe { raw.cast().as_ref() }
}

impl<T: Thin, H: Hashed<T::Target>> Table<T, H> {
    /// An empty table; allocates nothing.
    pub const fn new(hasher: H) -> Self {
        Table {
            base: NonNull::from_ref(&NOTHING),
            mask: 0,
            len: 0,
            old: None,
            children: 0,
            depth: 1,
            policy: Policy::Allow,
            hasher,
            items: PhantomData,
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub fn hasher(&self) -> &H {
        &self.hasher
    }

    /// Buckets of both arrays, children not counted.
    pub fn buckets(&self) -> usize {
        self.main_buckets() + self.old.as_ref().map_or(0, |old| old.mask + 1)
    }

    /// Bytes of the arrays (without what went back to the kernel) and of the children.
    pub fn memory(&self) -> usize {
        let old = self.old.as_ref().map_or(0, |old| old.memory() + size_of::<Old>());
        (self.main_buckets() + self.children as usize) * size_of::<Bucket>() + old
    }

    /// The item of this hash for which `eq` holds. `O(1)`; reads one cache line and the items whose tag agrees.
    #[inline(always)]
    pub fn find(&self, hash: u64, eq: impl FnMut(&T::Target) -> bool) -> Option<&T::Target> {
        let (bucket, slot) = self.search(self.home(hash), tag(hash), eq)?;
        // SAFETY: `search` found an item there (invariant 2); `self` is borrowed as long as the reference.
        unsafe { Some(target::<T>(bucket.as_ref().item(slot))) }
    }

    /// As [`Table::find`], to change the item in place. Moves no bucket.
    #[inline]
    pub fn find_mut(&mut self, hash: u64, eq: impl FnMut(&T::Target) -> bool) -> Option<&mut T::Target> {
        let (bucket, slot) = self.search(self.home(hash), tag(hash), eq)?;
        // SAFETY: as in `find`; `self` is borrowed for change as long as the reference.
        unsafe { Some(bucket.as_ref().item(slot).cast().as_mut()) }
    }

    /// The slot of an item, to replace or to remove it. Moves a bucket if a rehash is under way.
    #[inline(always)]
    pub fn find_slot(&mut self, hash: u64, eq: impl FnMut(&T::Target) -> bool) -> Option<Slot<'_, T, H>> {
        self.step();
        let home = self.home(hash);
        let (bucket, slot) = self.search(home, tag(hash), eq)?;
        Some(Slot { table: self, place: Place { home, bucket, slot } })
    }

    /// The slot of an item, or the right to insert it. Moves a bucket if a rehash is under way.
    #[inline(always)]
    pub fn lookup(&mut self, hash: u64, eq: impl FnMut(&T::Target) -> bool) -> Lookup<'_, T, H> {
        self.step();
        let home = self.home(hash);
        match self.search(home, tag(hash), eq) {
            Some((bucket, slot)) => Lookup::Found(Slot { table: self, place: Place { home, bucket, slot } }),
            None => Lookup::Absent(Vacant { table: self, hash }),
        }
    }

    /// Inserts an item the caller knows is absent. Side effects: moves a bucket if a rehash is under way, begins
    /// one if the table is full.
    #[inline]
    pub fn insert_new(&mut self, hash: u64, item: T) -> &mut T::Target {
        self.make_room();
        let raw = item.into_raw();
        self.push(self.home(hash), tag(hash), raw);
        self.len += 1;
        // SAFETY: the item is ours and nobody else has a reference to it.
        unsafe { raw.cast().as_mut() }
    }

    /// Asks for the bucket of a hash.
    #[inline]
    pub fn prefetch_bucket(&self, hash: u64) {
        prefetch(self.home(hash).as_ptr().cast_const().cast());
    }

    /// Asks for the items whose tag agrees, in the first bucket of the chain.
    #[inline]
    pub fn prefetch_items(&self, hash: u64) {
        // SAFETY: `home` is a bucket of ours (invariants 1 and 5).
        let bucket = unsafe { self.home(hash).as_ref() };
        for slot in Bits(bucket.matches(tag(hash))) {
            prefetch_item(bucket.item(slot));
        }
    }

    #[inline]
    fn main_buckets(&self) -> usize {
        if self.is_allocated() { self.mask + 1 } else { 0 }
    }

    #[inline]
    fn is_allocated(&self) -> bool {
        !std::ptr::eq(self.base.as_ptr(), &NOTHING)
    }

    /// The first bucket of the only chain an item of this hash can be in (invariant 2).
    #[inline(always)]
    fn home(&self, hash: u64) -> NonNull<Bucket> {
        if let Some(old) = &self.old {
            let index = hash as usize & old.mask;
            if index >= old.moved {
                // SAFETY: within the old array (invariant 1), not moved yet (invariant 5).
                return unsafe { old.base.add(index) };
            }
        }
        // SAFETY: within the main array (invariant 1).
        unsafe { self.base.add(hash as usize & self.mask) }
    }

    #[inline(always)]
    fn search(
        &self,
        home: NonNull<Bucket>,
        tag: u8,
        mut eq: impl FnMut(&T::Target) -> bool,
    ) -> Option<(NonNull<Bucket>, usize)> {
        let mut at = home;
        loop {
            step();
            // SAFETY: `at` is a live bucket of ours: `home`, or the child of one.
            let bucket = unsafe { at.as_ref() };
            for slot in Bits(bucket.matches(tag)) {
                // SAFETY: its tag is not 0, so there is an item of ours.
                if eq(unsafe { target::<T>(bucket.item(slot)) }) {
                    return Some((at, slot));
                }
            }
            at = bucket.child()?;
        }
    }

    /// Puts an item of ours into the chain of `home`, which is a bucket of ours, not the shared empty one.
    #[inline]
    fn push(&mut self, mut home: NonNull<Bucket>, tag: u8, item: NonNull<u8>) {
        // SAFETY: a bucket of ours, not the shared one (the caller's part), and no other reference to it lives.
        let bucket = unsafe { home.as_mut() };
        match bucket.vacancy() {
            Some(slot) => bucket.put(slot, tag, item),
            None => self.push_below(home, tag, item),
        }
    }

    #[cold]
    fn push_below(&mut self, home: NonNull<Bucket>, tag: u8, item: NonNull<u8>) {
        let (mut at, mut depth) = (home, 1u16);
        loop {
            // SAFETY: as in `push`; children are ours alone.
            let bucket = unsafe { at.as_mut() };
            if let Some(slot) = bucket.vacancy() {
                return bucket.put(slot, tag, item);
            }
            depth = depth.saturating_add(1);
            at = match bucket.child() {
                Some(child) => child,
                None => {
                    self.children += 1;
                    self.depth = depth.max(self.depth);
                    if let Some(old) = &mut self.old {
                        old.depth = depth.max(old.depth);
                    }
                    bucket.adopt()
                }
            };
        }
    }

    /// Takes an item out of its chain: the last item of the chain fills the hole (invariant 3).
    #[inline]
    fn take(&mut self, place: Place) -> NonNull<u8> {
        let Place { home, mut bucket, slot } = place;
        // SAFETY: a place found under the same borrow of the table names an item of ours.
        let item = unsafe { bucket.as_ref().item(slot) };
        // SAFETY: `home` is a bucket of ours.
        if unsafe { home.as_ref() }.has_child() {
            self.fill_hole(place);
        } else {
            // SAFETY: ours, and no other reference to it lives.
            unsafe { bucket.as_mut() }.clear(slot);
        }
        self.len -= 1;
        item
    }

    #[cold]
    fn fill_hole(&mut self, Place { home, mut bucket, slot }: Place) {
        let (mut parent, mut last) = (home, home);
        // Of `bucket`, `last` and `parent` no two are known to differ: references are made one at a time.
        // SAFETY: buckets of one chain of ours.
        while let Some(child) = unsafe { last.as_ref() }.child() {
            (parent, last) = (last, child);
        }
        // SAFETY: as above.
        let occupied = unsafe { last.as_ref() }.occupied();
        let top = (u32::BITS - 1 - occupied.leading_zeros()) as usize;
        // SAFETY: as above; `top` is occupied, as `last` has two items or more (invariant 3).
        let (tag, item) = unsafe { (last.as_ref().tag(top), last.as_ref().item(top)) };
        // SAFETY: as above.
        unsafe { bucket.as_mut() }.put(slot, tag, item);
        // SAFETY: as above.
        unsafe { last.as_mut() }.clear(top);
        let rest = occupied & !(1 << top);
        if rest.count_ones() == 1 {
            let only = rest.trailing_zeros() as usize;
            // SAFETY: as above; `last` is a child, so `parent` is another bucket.
            let (tag, item) = unsafe { (last.as_ref().tag(only), last.as_ref().item(only)) };
            // SAFETY: as above; `last` is not used after it is freed.
            let parent = unsafe { parent.as_mut() };
            self.children -= parent.disown();
            parent.put(SLOTS - 1, tag, item);
            if self.children == 0 {
                self.depth = 1;
            }
        }
    }
}

/// Asks for both lines a short item may lie in.
#[inline(always)]
fn prefetch_item(item: NonNull<u8>) {
    prefetch(item.as_ptr());
    prefetch(item.as_ptr().wrapping_add(24));
}

/// An item in its place.
pub struct Slot<'t, T: Thin, H: Hashed<T::Target>> {
    table: &'t mut Table<T, H>,
    place: Place,
}

impl<'t, T: Thin, H: Hashed<T::Target>> Slot<'t, T, H> {
    #[inline]
    fn raw(&self) -> NonNull<u8> {
        // SAFETY: the table is borrowed since the place was found, so the item is still there.
        unsafe { self.place.bucket.as_ref().item(self.place.slot) }
    }

    #[inline]
    pub fn get(&self) -> &T::Target {
        // SAFETY: an item of the table, which `self` borrows.
        unsafe { target::<T>(self.raw()) }
    }

    #[inline]
    pub fn get_mut(&mut self) -> &mut T::Target {
        // SAFETY: an item of the table, which `self` borrows for change.
        unsafe { self.raw().cast().as_mut() }
    }

    #[inline]
    pub fn into_ref(self) -> &'t T::Target {
        // SAFETY: an item of the table, borrowed for `'t`.
        unsafe { target::<T>(self.raw()) }
    }

    #[inline]
    pub fn into_mut(self) -> &'t mut T::Target {
        // SAFETY: an item of the table, borrowed for change for `'t`.
        unsafe { self.raw().cast().as_mut() }
    }

    /// Puts another item of the same hash in its place.
    #[inline]
    pub fn replace(&mut self, item: T) -> T {
        let before = self.raw();
        self.set(item.into_raw());
        // SAFETY: the table gave it up in the line above.
        unsafe { T::from_raw(before) }
    }

    /// Replaces the item by what `make` makes of it (of the same hash). If `make` panics, the item is removed.
    #[inline]
    pub fn replace_with(&mut self, make: impl FnOnce(T) -> T) {
        /// Clears the slot when `make` unwinds.
        struct Hole<'a, T: Thin, H: Hashed<T::Target>>(&'a mut Table<T, H>, Place);
        impl<T: Thin, H: Hashed<T::Target>> Drop for Hole<'_, T, H> {
            fn drop(&mut self) {
                self.0.take(self.1);
            }
        }
        // SAFETY: until the slot is written or cleared below, nobody can reach it: the table is borrowed here.
        let item = unsafe { T::from_raw(self.raw()) };
        let hole = Hole(self.table, self.place);
        let item = make(item);
        std::mem::forget(hole);
        self.set(item.into_raw());
    }

    /// Takes the item out. Shrinks the table when it is nearly empty.
    #[inline]
    pub fn remove(self) -> T {
        let item = self.table.take(self.place);
        self.table.after_removal();
        // SAFETY: the table gave it up above.
        unsafe { T::from_raw(item) }
    }

    #[inline]
    fn set(&mut self, item: NonNull<u8>) {
        // SAFETY: a bucket of the table (see `raw`), to which no other reference lives.
        let bucket = unsafe { self.place.bucket.as_mut() };
        let tag = bucket.tag(self.place.slot);
        bucket.put(self.place.slot, tag, item);
        // SAFETY: an item of the table.
        debug_assert_eq!(tag, self::tag(self.table.hasher.hash(unsafe { target::<T>(item) })));
    }
}

/// The right to insert what was not found.
pub struct Vacant<'t, T: Thin, H: Hashed<T::Target>> {
    table: &'t mut Table<T, H>,
    hash: u64,
}

impl<'t, T: Thin, H: Hashed<T::Target>> Vacant<'t, T, H> {
    /// See [`Table::insert_new`].
    #[inline]
    pub fn insert(self, item: T) -> &'t mut T::Target {
        self.table.insert_new(self.hash, item)
    }
}

/// What [`Table::lookup`] found.
pub enum Lookup<'t, T: Thin, H: Hashed<T::Target>> {
    Found(Slot<'t, T, H>),
    Absent(Vacant<'t, T, H>),
}

impl<T: Thin, H: Hashed<T::Target>> Drop for Table<T, H> {
    fn drop(&mut self) {
        self.clear();
    }
}
