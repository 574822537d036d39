//! Growing and shrinking, one bucket at a time.
//!
//! A rehash begins when an insert finds nine items per bucket (500 % under [`Policy::Avoid`]) or a removal leaves
//! less than an eighth of that. From then on each mutation moves one old bucket; there are as many of them as a
//! ninth of the items, so the rehash is over long before the next one is due.
//!
//! Moving a bucket needs the hashes of its items, hence the items: nine cache misses. They are asked for one
//! bucket ahead, at the end of the step before, and so overlap with whatever the server does in between.

use std::ptr::NonNull;
use stdx::steps::step;

use super::bucket::{Bits, Bucket, SLOTS};
use super::{Hashed, Policy, Table, Thin, pages, prefetch, prefetch_item, tag, target};

/// The array that is being emptied.
pub(super) struct Old {
    pub base: NonNull<Bucket>,
    pub mask: usize,
    /// Buckets emptied, from the front (invariant 5).
    pub moved: usize,
    /// Bytes given back, from the front.
    released: usize,
    pub depth: u16,
}

/// Fill, in items per bucket, at which the table doubles while a child of a fork shares its pages.
const AVOID_FILL: usize = 5 * SLOTS;
/// Below one part in so many, the table shrinks.
const SHRINK_BELOW: usize = 8;
/// Arrays up to this size are freed at once when the last item goes.
const FREE_AT_ONCE: usize = 64 << 10;

impl Old {
    pub fn memory(&self) -> usize {
        self.bytes() - self.released
    }

    fn bytes(&self) -> usize {
        (self.mask + 1) * size_of::<Bucket>()
    }

    pub fn is_emptied(&self) -> bool {
        self.moved > self.mask
    }
}

impl<T: Thin, H: Hashed<T::Target>> Table<T, H> {
    #[inline]
    pub fn is_rehashing(&self) -> bool {
        self.old.is_some()
    }

    pub fn set_resize(&mut self, policy: Policy) {
        self.policy = policy;
    }

    pub fn resize_policy(&self) -> Policy {
        self.policy
    }

    /// Moves up to `buckets` buckets (empty ones count a tenth); begins a rehash if one is due. Says whether there
    /// is more to do.
    pub fn rehash_step(&mut self, buckets: usize) -> bool {
        let mut budget = buckets.saturating_mul(10);
        while budget > 0 && self.is_resize_due() && self.may_move() {
            budget = budget.saturating_sub(self.move_bucket());
        }
        self.is_resize_due() && self.may_move()
    }

    /// Whether a rehash is under way, begun here if need be.
    fn is_resize_due(&mut self) -> bool {
        self.old.is_some() || self.grow_if_due(0) || self.shrink_if_due()
    }

    /// Makes room for `items` in all, so that inserting them will not begin a rehash. At once if the table is
    /// empty, else by a rehash; nothing if one is under way. (Idle [`Table::rehash_step`]s and removals take unused room
    /// away again.)
    pub fn reserve(&mut self, items: usize) {
        let buckets = items.div_ceil(SLOTS).next_power_of_two();
        if self.old.is_none() && buckets > self.main_buckets() {
            self.resize_to(buckets);
        }
    }

    #[inline(always)]
    pub(super) fn step(&mut self) {
        if self.old.is_some() {
            self.step_now();
        }
    }

    #[inline(never)]
    fn step_now(&mut self) {
        if self.may_move() {
            self.move_bucket();
        }
    }

    /// Before an insert: a step, or the beginning of a rehash; and there is an array afterwards.
    #[inline(always)]
    pub(super) fn make_room(&mut self) {
        if self.old.is_some() || self.len >= self.mask.wrapping_add(1) * SLOTS || self.len == 0 {
            self.make_room_now();
        }
    }

    #[inline(never)]
    fn make_room_now(&mut self) {
        if self.old.is_some() {
            self.step_now();
        } else if !self.is_allocated() {
            assert!(self.resize_to(1), "no memory for a bucket");
        } else {
            self.grow_if_due(1);
        }
    }

    /// After a removal.
    #[inline(always)]
    pub(super) fn after_removal(&mut self) {
        if self.len < (self.mask + 1) * SLOTS / SHRINK_BELOW {
            self.shrink_now();
        }
    }

    #[inline(never)]
    fn shrink_now(&mut self) {
        if self.len == 0
            && self.policy != Policy::Forbid
            && self.buckets() * size_of::<Bucket>() <= FREE_AT_ONCE
        {
            self.clear();
        } else if self.old.is_none() {
            self.shrink_if_due();
        }
    }

    /// Begins a rehash to more buckets if so many more items and the policy ask for one; says whether it did.
    fn grow_if_due(&mut self, more: usize) -> bool {
        let full = match self.policy {
            Policy::Allow => SLOTS,
            Policy::Avoid => AVOID_FILL,
            Policy::Forbid => return false,
        };
        self.is_allocated()
            && self.len + more > (self.mask + 1) * full
            && self.resize_to((self.len + 1).div_ceil(SLOTS).next_power_of_two())
    }

    /// Begins a rehash to fewer buckets, to be half full then.
    fn shrink_if_due(&mut self) -> bool {
        self.policy == Policy::Allow
            && self.mask > 0
            && self.len < (self.mask + 1) * SLOTS / SHRINK_BELOW
            && self.resize_to((self.len * 2 / SLOTS + 1).next_power_of_two())
    }

    /// Begins a rehash to an array of `buckets`; `false`, and chains instead, if there is no memory for it. None is
    /// under way.
    fn resize_to(&mut self, buckets: usize) -> bool {
        debug_assert!(self.old.is_none());
        let Some(bytes) = buckets.checked_mul(size_of::<Bucket>()) else { return false };
        let Some(base) = pages::zeroed(bytes) else { return false };
        if self.len == 0 && self.main_buckets() * size_of::<Bucket>() <= FREE_AT_ONCE {
            self.drop_main();
        } else {
            let Table { base, mask, depth, .. } = *self;
            self.old = Some(Box::new(Old { base, mask, moved: 0, released: 0, depth }));
        }
        self.base = base.cast();
        self.mask = buckets - 1;
        self.depth = 1;
        true
    }

    /// Whether the policy lets buckets move: under `Avoid` only when the sizes are so far apart that waiting
    /// would cost more.
    fn may_move(&self) -> bool {
        let Some(old) = &self.old else { return false };
        let (less, more) = (old.mask.min(self.mask) + 1, old.mask.max(self.mask) + 1);
        match self.policy {
            Policy::Allow => true,
            Policy::Avoid => more / less >= AVOID_FILL / SLOTS,
            Policy::Forbid => false,
        }
    }

    /// Moves the next old bucket with its children; says what it cost, in tenths of a full bucket.
    fn move_bucket(&mut self) -> usize {
        let Some(old) = &mut self.old else { return 0 };
        step();
        let index = old.moved;
        // SAFETY: `index` is within the old array and not moved yet: a finished one is dropped below.
        let (home, rest) = unsafe { (old.base.add(index), old.mask - index) };
        // From here on the home of its items is the main array.
        old.moved += 1;
        // SAFETY: a bucket of ours.
        let occupied = unsafe { home.as_ref() }.occupied();
        if occupied != 0 {
            self.move_chain(home);
        }
        if rest > 0 {
            // SAFETY: one before the end of the old array at most.
            unsafe { self.prefetch_ahead(home.add(1)) };
        }
        self.release_old();
        if occupied == 0 { 1 } else { 10 }
    }

    fn move_chain(&mut self, mut home: NonNull<Bucket>) {
        let mut at = home;
        loop {
            // SAFETY: a bucket of the chain of `home`, which is ours.
            let bucket = unsafe { at.as_ref() };
            let (occupied, child) = (bucket.occupied(), bucket.child());
            for slot in Bits(occupied) {
                prefetch_item(bucket.item(slot));
            }
            let mut hashes = [0; SLOTS];
            for slot in Bits(occupied) {
                // SAFETY: an occupied slot holds an item of ours.
                hashes[slot] = self.hasher.hash(unsafe { target::<T>(bucket.item(slot)) });
            }
            for slot in Bits(occupied) {
                // SAFETY: as above. It goes to another bucket: the main array shares none with the old one.
                let item = unsafe { at.as_ref() }.item(slot);
                self.push(self.home(hashes[slot]), tag(hashes[slot]), item);
            }
            // SAFETY: ours, no other reference to it lives; its items live elsewhere now (invariant 2).
            unsafe { at.as_mut() }.clear_all();
            match child {
                Some(next) => at = next,
                None => break,
            }
        }
        // SAFETY: ours, no other reference lives; all items of the chain are gone.
        self.children -= unsafe { home.as_mut() }.disown();
    }

    /// Asks for the items of the next bucket, and for the line of the one after.
    ///
    /// # Safety
    /// `next` is a bucket of the old array that is not moved.
    unsafe fn prefetch_ahead(&self, next: NonNull<Bucket>) {
        // SAFETY: the caller's promise.
        let bucket = unsafe { next.as_ref() };
        for slot in Bits(bucket.occupied()) {
            prefetch_item(bucket.item(slot));
        }
        prefetch(next.as_ptr().cast_const().wrapping_add(1).cast());
    }

    /// Gives emptied pages back, and the whole array when the last bucket is moved.
    fn release_old(&mut self) {
        let Some(old) = &mut self.old else { return };
        let emptied = old.moved * size_of::<Bucket>();
        // SAFETY: the old array is of `pages` (invariant 1) and its emptied part is not touched (invariant 5).
        old.released = unsafe { pages::release(old.base.cast(), old.bytes(), old.released, emptied) };
        if old.is_emptied() {
            self.drop_old();
            if self.len == 0 && self.mask == 0 {
                self.drop_main();
            }
        }
    }

    /// Frees the old array, which holds no items.
    pub(super) fn drop_old(&mut self) {
        if let Some(old) = self.old.take() {
            // SAFETY: of `pages`, not freed yet, and nothing points to it any more.
            unsafe { pages::free(old.base.cast(), old.bytes(), old.released) };
        }
    }

    /// Frees the main array, which holds no items.
    pub(super) fn drop_main(&mut self) {
        if self.is_allocated() {
            let bytes = (self.mask + 1) * size_of::<Bucket>();
            // SAFETY: by invariant 1 it is of `pages` with this size; nothing points to it after the next lines.
            unsafe { pages::free(self.base.cast(), bytes, 0) };
        }
        self.base = NonNull::from_ref(&super::NOTHING);
        self.mask = 0;
        self.depth = 1;
    }
}
