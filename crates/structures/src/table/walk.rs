//! Walking the table: scan, random, sample, iteration, drain, statistics, verification.
//!
//! **Homes.** While a rehash is under way, chains begin in the old buckets that are not moved and in those main
//! buckets that moved ones lead to; all other main buckets are empty (invariant 2 of the table). [`Homes`] numbers
//! them without gaps, so that a uniform home is one uniform number.
//!
//! **Scan.** The cursor counts in the bits of the hash from the highest bit of the mask down, as Redis's does. When
//! the mask grows or shrinks between two calls, buckets still to come cover exactly the hashes still to come
//! (and, after shrinking, some that were there already). During a rehash a call emits a bucket of the smaller
//! array and all buckets of the larger one with the same low bits.
//!
//! **Random.** A uniform home, a uniform position out of as many as the longest chain can have, and another try if
//! that position is empty: every item has the same chance, exactly.

use std::marker::PhantomData;
use std::ptr::NonNull;
use stdx::steps::step;

use super::bucket::{Bits, Bucket, SLOTS};
use super::{Hashed, Place, Slot, Table, Thin, prefetch, prefetch_item, tag, target};

/// After so many fruitless tries, random takes the next item of the table instead: it is nearly empty and may
/// not shrink (a fork is under way).
const TRIES: usize = 10_000;

/// The buckets in which chains begin, numbered.
#[derive(Clone, Copy)]
struct Homes {
    main: NonNull<Bucket>,
    old: NonNull<Bucket>,
    /// Old buckets emptied; 0 without an old array.
    moved: usize,
    /// Old buckets still to be moved. They come first.
    waiting: usize,
    /// Distance of main buckets that lead from the same old one.
    stride: usize,
    count: usize,
}

impl Homes {
    fn of<T: Thin, H: Hashed<T::Target>>(table: &Table<T, H>) -> Homes {
        let main = table.base;
        let Some(old) = &table.old else {
            let count = table.main_buckets();
            return Homes { main, old: main, moved: count, waiting: 0, stride: count, count };
        };
        let (moved, waiting, stride) = (old.moved, old.mask + 1 - old.moved, old.mask + 1);
        let reached = match (table.mask + 1) / stride {
            0 => moved.min(table.mask + 1),
            times => moved * times,
        };
        Homes { main, old: old.base, moved, waiting, stride, count: waiting + reached }
    }

    #[inline]
    fn get(&self, number: usize) -> NonNull<Bucket> {
        debug_assert!(number < self.count);
        if number < self.waiting {
            // SAFETY: not moved yet, within the old array.
            return unsafe { self.old.add(self.moved + number) };
        }
        let number = number - self.waiting;
        let index = if number < self.moved {
            number
        } else {
            number % self.moved + number / self.moved * self.stride
        };
        // SAFETY: `number < moved * (main buckets / stride)`, hence within the main array; when shrinking,
        // `number` is below the number of main buckets already.
        unsafe { self.main.add(index) }
    }

    /// The number of the home of a hash: `get` is its inverse.
    fn number_of<T: Thin, H: Hashed<T::Target>>(&self, table: &Table<T, H>, hash: u64) -> usize {
        if let Some(old) = &table.old {
            let index = hash as usize & old.mask;
            if index >= old.moved {
                return index - old.moved;
            }
        }
        let index = hash as usize & table.mask;
        // An index that moved ones lead to: the rest is below `moved`, unless the main array is the smaller one.
        match index < self.moved {
            true => self.waiting + index,
            false => self.waiting + index % self.stride + index / self.stride * self.moved,
        }
    }
}

impl<T: Thin, H: Hashed<T::Target>> Table<T, H> {
    /// Emits whole buckets, beginning at `cursor` (0 at first), and returns where to go on (0 at the end). What is
    /// in the table from the first call to the last is emitted at least once, even if the table grows and shrinks
    /// in between.
    pub fn scan<'t>(&'t self, cursor: u64, mut emit: impl FnMut(&'t T::Target)) -> u64 {
        if self.is_empty() {
            return 0;
        }
        let Some(old) = &self.old else {
            self.emit_chain(self.main_bucket(cursor), &mut emit);
            return next_cursor(cursor, self.mask as u64);
        };
        let old_is_smaller = old.mask < self.mask;
        let (small, large) = if old_is_smaller { (old.mask, self.mask) } else { (self.mask, old.mask) };
        let mut visit = |of_old: bool, cursor: u64| {
            if !of_old {
                self.emit_chain(self.main_bucket(cursor), &mut emit);
            } else if cursor as usize & old.mask >= old.moved {
                // SAFETY: within the old array and not moved.
                self.emit_chain(unsafe { old.base.add(cursor as usize & old.mask) }, &mut emit);
            }
        };
        let mut cursor = cursor;
        visit(old_is_smaller, cursor);
        loop {
            visit(!old_is_smaller, cursor);
            cursor = next_cursor(cursor, large as u64);
            if cursor & (small ^ large) as u64 == 0 {
                return cursor;
            }
        }
    }

    /// How many homes there are: places in which chains begin, of which each hash has one. They and their numbers stay
    /// as they are while [`Policy::Forbid`](super::Policy) holds.
    pub fn homes(&self) -> usize {
        Homes::of(self).count
    }

    /// The number of the home of a hash; 0 in a table without an array.
    pub fn home_number(&self, hash: u64) -> usize {
        if !self.is_allocated() {
            return 0;
        }
        Homes::of(self).number_of(self, hash)
    }

    /// Emits the items of a home; nothing if there is none of this number.
    pub fn emit_home<'t>(&'t self, number: usize, mut emit: impl FnMut(&'t T::Target)) {
        let homes = Homes::of(self);
        if number < homes.count {
            self.emit_chain(homes.get(number), &mut emit);
        }
    }

    /// Asks for the items of a home, in the first bucket of its chain, and for the line of the home after it.
    pub fn prefetch_home(&self, number: usize) {
        let homes = Homes::of(self);
        if number + 1 < homes.count {
            prefetch(homes.get(number + 1).as_ptr().cast_const().cast());
        }
        if number < homes.count {
            // SAFETY: a bucket of ours.
            let bucket = unsafe { homes.get(number).as_ref() };
            Bits(bucket.occupied()).for_each(|slot| prefetch_item(bucket.item(slot)));
        }
    }

    /// An item, each with the same chance; `next` gives uniform words.
    pub fn random(&self, next: &mut impl FnMut() -> u64) -> Option<&T::Target> {
        let place = self.random_place(next)?;
        // SAFETY: the place of an item of ours, and `self` is borrowed as long as the reference.
        unsafe { Some(target::<T>(place.bucket.as_ref().item(place.slot))) }
    }

    /// The slot of an item, each with the same chance. Moves a bucket if a rehash is under way.
    pub fn random_slot(&mut self, next: &mut impl FnMut() -> u64) -> Option<Slot<'_, T, H>> {
        self.step();
        let place = self.random_place(next)?;
        Some(Slot { table: self, place })
    }

    /// Emits the items of neighbouring buckets from a random one on, until `n` are emitted (whole chains, so it
    /// may be a few more; fewer if the neighbourhood is thin). For eviction and expiry: cheap, not independent.
    pub fn sample(&self, next: &mut impl FnMut() -> u64, n: usize, mut emit: impl FnMut(&T::Target)) {
        let homes = Homes::of(self);
        if self.is_empty() || n == 0 {
            return;
        }
        let first = below(next, homes.count);
        let mut emitted = 0;
        for step in 0..homes.count.min(16 + 4 * n) {
            let number = (first + step) % homes.count;
            emitted += self.emit_chain(homes.get(number), &mut emit);
            if emitted >= n {
                return;
            }
        }
    }

    /// All items, in no order.
    pub fn iter(&self) -> Iter<'_, T> {
        let homes = Homes::of(self);
        Iter { homes, number: 0, at: None, slots: Bits(0), left: self.len, items: PhantomData }
    }

    /// All items, to change them in place.
    pub fn for_each_mut(&mut self, mut change: impl FnMut(&mut T::Target)) {
        let homes = Homes::of(self);
        for number in 0..homes.count {
            for_chain(homes.get(number), |bucket, slot| {
                // SAFETY: an item of ours, each visited once, and `self` is borrowed for change.
                change(unsafe { bucket.item(slot).cast().as_mut() });
            });
        }
    }

    /// Drops the items for which `keep` says no.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut T::Target) -> bool) {
        let homes = Homes::of(self);
        let (mut kept, mut dropped) = (Vec::new(), Vec::new());
        for number in 0..homes.count {
            let mut home = homes.get(number);
            for_chain(home, |bucket, slot| {
                let (tag, item) = (bucket.tag(slot), bucket.item(slot));
                // SAFETY: as in `for_each_mut`.
                let list = if keep(unsafe { item.cast().as_mut() }) { &mut kept } else { &mut dropped };
                list.push((tag, item));
            });
            if !dropped.is_empty() {
                // SAFETY: ours, and no other reference to it lives. Its items are in the two lists now.
                self.children -= unsafe { home.as_mut() }.disown();
                // SAFETY: as above.
                unsafe { home.as_mut() }.clear_all();
                for &(tag, item) in &kept {
                    self.push(home, tag, item);
                }
                self.len -= dropped.len();
            }
            kept.clear();
            for (_, item) in dropped.drain(..) {
                // SAFETY: an item the table gave up.
                drop(unsafe { T::from_raw(item) });
            }
        }
        self.after_removal();
    }

    /// Takes all items out. The table is empty then and holds no memory.
    pub fn drain(&mut self, mut emit: impl FnMut(T)) {
        if self.len > 0 {
            let (homes, mut items) = (Homes::of(self), Vec::new());
            for number in 0..homes.count {
                if number + 1 < homes.count {
                    // SAFETY: a bucket of ours.
                    let ahead = unsafe { homes.get(number + 1).as_ref() };
                    Bits(ahead.occupied()).for_each(|slot| prefetch_item(ahead.item(slot)));
                }
                self.drain_chain(homes.get(number), &mut items, &mut emit);
            }
        }
        self.drop_old();
        self.drop_main();
    }

    /// `items` is an empty list, handed in to be allocated once.
    fn drain_chain(
        &mut self,
        mut home: NonNull<Bucket>,
        items: &mut Vec<NonNull<u8>>,
        emit: &mut impl FnMut(T),
    ) {
        for_chain(home, |bucket, slot| items.push(bucket.item(slot)));
        // SAFETY: ours, and no other reference lives; its items are in the list now.
        let bucket = unsafe { home.as_mut() };
        self.children -= bucket.disown();
        bucket.clear_all();
        self.len -= items.len();
        for item in items.drain(..) {
            // SAFETY: an item the table gave up.
            emit(unsafe { T::from_raw(item) });
        }
    }

    /// Drops all items and frees the arrays. `O(n)`: hand big tables to another thread.
    pub fn clear(&mut self) {
        self.drain(drop);
    }

    /// What DEBUG HTSTATS shows.
    pub fn stats(&self) -> Stats {
        let main = (self.base, 0, self.main_buckets());
        let old = self.old.as_ref().map(|old| (old.base, old.moved, old.mask + 1));
        let count = |(base, from, buckets): (NonNull<Bucket>, usize, usize)| {
            let mut stats = ArrayStats { buckets, used: 0, items: 0, chains: Vec::new() };
            for index in from..buckets {
                let mut items = 0;
                // SAFETY: within the array, and not moved.
                for_chain(unsafe { base.add(index) }, |_, _| items += 1);
                stats.used += usize::from(items > 0);
                stats.items += items;
                if stats.chains.len() <= items {
                    stats.chains.resize(items + 1, 0);
                }
                stats.chains[items] += 1;
            }
            stats
        };
        Stats { main: count(main), old: old.map(count), children: self.children as usize }
    }

    /// Asserts the invariants of the table. `O(n)`.
    pub fn verify(&self) {
        assert!((self.mask + 1).is_power_of_two());
        if !self.is_allocated() {
            assert!(self.mask == 0 && self.len == 0 && self.old.is_none() && self.children == 0);
        }
        let (mut items, mut children) = (0, 0);
        let mut check = |base: NonNull<Bucket>, from: usize, mask: usize, depth: u16| {
            for index in from..=mask {
                // SAFETY: within the array, and not moved.
                let home = unsafe { base.add(index) };
                let buckets = self.verify_chain(home, &mut items);
                assert!(buckets <= usize::from(depth), "invariant 4: depth");
                children += buckets - 1;
            }
        };
        if self.is_allocated() {
            check(self.base, 0, self.mask, self.depth);
        }
        if let Some(old) = &self.old {
            assert!((old.mask + 1).is_power_of_two() && !old.is_emptied());
            check(old.base, old.moved, old.mask, old.depth);
        }
        assert_eq!(items, self.len, "invariant 4: len");
        assert_eq!(children, self.children as usize, "invariant 4: children");
        assert_eq!(self.iter().count(), self.len, "homes name every chain");
    }

    /// Invariants 2 and 3 for one chain; returns its buckets.
    fn verify_chain(&self, home: NonNull<Bucket>, items: &mut usize) -> usize {
        for_chain(home, |bucket, slot| {
            // SAFETY: an item of ours.
            let hash = self.hasher.hash(unsafe { target::<T>(bucket.item(slot)) });
            assert_eq!(self.home(hash), home, "invariant 2: home");
            assert_eq!(tag(hash), bucket.tag(slot), "invariant 2: tag");
            *items += 1;
        });
        let (mut at, mut buckets) = (home, 1);
        loop {
            // SAFETY: a bucket of ours.
            let bucket = unsafe { at.as_ref() };
            let Some(child) = bucket.child() else {
                assert!(buckets == 1 || bucket.occupied().count_ones() >= 2, "invariant 3: last");
                return buckets;
            };
            assert!(bucket.vacancy().is_none() && bucket.tag(SLOTS - 1) == 0, "invariant 3: full");
            (at, buckets) = (child, buckets + 1);
        }
    }

    #[inline]
    fn main_bucket(&self, hash: u64) -> NonNull<Bucket> {
        // SAFETY: within the main array.
        unsafe { self.base.add(hash as usize & self.mask) }
    }

    fn emit_chain<'t>(&'t self, home: NonNull<Bucket>, emit: &mut impl FnMut(&'t T::Target)) -> usize {
        let mut emitted = 0;
        step();
        for_chain(home, |bucket, slot| prefetch_item(bucket.item(slot)));
        for_chain(home, |bucket, slot| {
            emitted += 1;
            // SAFETY: an item of ours, and `self` is borrowed for `'t`.
            emit(unsafe { target::<T>(bucket.item(slot)) });
        });
        emitted
    }

    fn random_place(&self, next: &mut impl FnMut() -> u64) -> Option<Place> {
        if self.is_empty() {
            return None;
        }
        let homes = Homes::of(self);
        let depth = usize::from(self.old.as_ref().map_or(1, |old| old.depth).max(self.depth));
        let positions = (depth - 1) * (SLOTS - 1) + SLOTS;
        for _ in 0..TRIES {
            let home = homes.get(below(next, homes.count));
            step();
            let place = place_at(home, below(next, positions));
            if place.is_some() {
                return place;
            }
        }
        let first = below(next, homes.count);
        (0..homes.count).find_map(|further| {
            step();
            let home = homes.get((first + further) % homes.count);
            (0..SLOTS).find_map(|position| place_at(home, position))
        })
    }
}

/// The item at a position of a chain: eight in each bucket with a child, nine in the last.
fn place_at(home: NonNull<Bucket>, position: usize) -> Option<Place> {
    let (mut at, mut slot) = (home, position);
    loop {
        // SAFETY: a bucket of the table the caller borrows.
        let bucket = unsafe { at.as_ref() };
        match bucket.child() {
            Some(child) if slot >= SLOTS - 1 => (at, slot) = (child, slot - (SLOTS - 1)),
            _ => break,
        }
    }
    // SAFETY: as above.
    let occupied = slot < SLOTS && unsafe { at.as_ref() }.tag(slot) != 0;
    occupied.then_some(Place { home, bucket: at, slot })
}

/// Visits the items of a chain. `visit` changes no bucket.
#[inline]
fn for_chain(home: NonNull<Bucket>, mut visit: impl FnMut(&Bucket, usize)) {
    let mut at = Some(home);
    while let Some(bucket) = at {
        // SAFETY: a bucket of the table the caller borrows, or a child of one.
        let bucket = unsafe { bucket.as_ref() };
        for slot in Bits(bucket.occupied()) {
            visit(bucket, slot);
        }
        at = bucket.child();
    }
}

/// Adds one to the bits of the mask, the highest being the lowest.
#[inline]
fn next_cursor(cursor: u64, mask: u64) -> u64 {
    (cursor | !mask).reverse_bits().wrapping_add(1).reverse_bits()
}

/// A uniform number below `n`, without bias: the words that would bring one are thrown away.
#[inline]
fn below(next: &mut impl FnMut() -> u64, n: usize) -> usize {
    let n = n as u64;
    loop {
        let product = u128::from(next()) * u128::from(n);
        if product as u64 >= n || product as u64 >= n.wrapping_neg() % n {
            return (product >> 64) as usize;
        }
    }
}

/// See [`Table::iter`].
pub struct Iter<'t, T: Thin> {
    homes: Homes,
    number: usize,
    at: Option<NonNull<Bucket>>,
    slots: Bits,
    left: usize,
    items: PhantomData<&'t T>,
}

impl<T: Thin> Iter<'_, T> {
    /// Asks for the items of the next home, while those of this one are used.
    #[inline]
    fn prefetch_ahead(&self) {
        if self.number < self.homes.count {
            // SAFETY: a bucket of the table that is borrowed.
            let next = unsafe { self.homes.get(self.number).as_ref() };
            Bits(next.occupied()).for_each(|slot| prefetch_item(next.item(slot)));
        }
    }
}

impl<'t, T: Thin> Iterator for Iter<'t, T> {
    type Item = &'t T::Target;

    fn next(&mut self) -> Option<&'t T::Target> {
        loop {
            if let (Some(at), Some(slot)) = (self.at, self.slots.next()) {
                self.left = self.left.saturating_sub(1);
                // SAFETY: an occupied slot of the table borrowed for `'t`.
                return Some(unsafe { target::<T>(at.as_ref().item(slot)) });
            }
            step();
            // SAFETY: a bucket of the table borrowed for `'t`.
            let child = self.at.and_then(|at| unsafe { at.as_ref() }.child());
            let at = match child {
                Some(child) => child,
                None if self.number == self.homes.count => return None,
                None => {
                    self.number += 1;
                    self.homes.get(self.number - 1)
                }
            };
            // SAFETY: as above.
            let bucket = unsafe { at.as_ref() };
            self.slots = Bits(bucket.occupied());
            self.at = Some(at);
            self.prefetch_ahead();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Thin> ExactSizeIterator for Iter<'_, T> {}

/// One array of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayStats {
    pub buckets: usize,
    /// Buckets with an item.
    pub used: usize,
    pub items: usize,
    /// How many chains have 0, 1, 2 ... items.
    pub chains: Vec<usize>,
}

/// See [`Table::stats`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    pub main: ArrayStats,
    /// The array that is being emptied, if a rehash is under way.
    pub old: Option<ArrayStats>,
    pub children: usize,
}
