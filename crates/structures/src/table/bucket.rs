//! One bucket: a cache line with nine pointers and their tags.
//!
//! ```text
//!   0        6       12             48       54                63
//!   | ptr 0  | ptr 1  |    ...      | ptr 8  | tag 0 ... tag 8 | meta |
//!     48 bits, little endian                   0 = empty         bit 0: pointer 8 leads to a child bucket
//! ```
//!
//! **Invariants**
//! 1. Tag `n` is 0 exactly if slot `n` holds no item; pointer `n` is then without meaning.
//! 2. With [`CHILD`] set, pointer 8 is an owned child bucket (from the global allocator, aligned to 64) and tag 8
//!    is 0, so that no search finds it.
//! 3. Pointers are below 2^47 and exposed, so 48 bits give them back.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use crate::tags::{self, Tail};

/// Pointers in one bucket.
pub const SLOTS: usize = 9;
const CHILD: u8 = 1;
const TAGS: usize = 54;
const META: usize = 63;
const POINTER: u64 = (1 << 48) - 1;

#[repr(C, align(64))]
pub struct Bucket {
    bytes: [u8; 64],
}

const _: () = assert!(size_of::<Bucket>() == 64 && align_of::<Bucket>() == 64);
const _: () = assert!(TAGS == 48 + tags::FIRST as usize && META == TAGS + SLOTS);

impl Bucket {
    pub const EMPTY: Bucket = Bucket { bytes: [0; 64] };

    #[inline(always)]
    fn tail(&self) -> &Tail {
        // SAFETY: bytes 48..64 of a bucket aligned to 64 are sixteen bytes aligned to sixteen.
        unsafe { &*self.bytes.as_ptr().add(48).cast::<Tail>() }
    }

    /// A bit per slot whose tag is `tag` (which is not 0).
    #[inline(always)]
    pub fn matches(&self, tag: u8) -> u32 {
        debug_assert_ne!(tag, 0);
        tags::equal(self.tail(), tag)
    }

    /// A bit per slot with an item.
    #[inline(always)]
    pub fn occupied(&self) -> u32 {
        !tags::equal(self.tail(), 0) & tags::ALL
    }

    /// The lowest slot that can take an item.
    #[inline(always)]
    pub fn vacancy(&self) -> Option<usize> {
        let slots = if self.has_child() { tags::ALL >> 1 } else { tags::ALL };
        let empty = tags::equal(self.tail(), 0) & slots;
        (empty != 0).then(|| empty.trailing_zeros() as usize)
    }

    #[inline(always)]
    pub fn tag(&self, slot: usize) -> u8 {
        self.bytes[TAGS + slot]
    }

    /// Whatever pointer `slot` holds.
    #[inline(always)]
    fn pointer(&self, slot: usize) -> *mut u8 {
        debug_assert!(slot < SLOTS);
        // SAFETY: `slot < SLOTS`, so that the eight bytes end at 56 at the latest.
        let word = unsafe { self.bytes.as_ptr().add(slot * 6).cast::<u64>().read_unaligned() };
        std::ptr::with_exposed_provenance_mut((u64::from_le(word) & POINTER) as usize)
    }

    /// The item of an occupied slot.
    #[inline(always)]
    pub fn item(&self, slot: usize) -> NonNull<u8> {
        debug_assert!(self.tag(slot) != 0);
        // SAFETY: what `put` stored was not null, and invariant 3 gives it back whole.
        unsafe { NonNull::new_unchecked(self.pointer(slot)) }
    }

    #[inline(always)]
    fn set_pointer(&mut self, slot: usize, pointer: *mut u8) {
        let address = pointer.expose_provenance() as u64;
        assert!(address < 1 << 47, "an address of more than 47 bits");
        self.bytes[slot * 6..slot * 6 + 6].copy_from_slice(&address.to_le_bytes()[..6]);
    }

    #[inline(always)]
    pub fn put(&mut self, slot: usize, tag: u8, item: NonNull<u8>) {
        debug_assert_ne!(tag, 0);
        self.set_pointer(slot, item.as_ptr());
        self.bytes[TAGS + slot] = tag;
    }

    #[inline(always)]
    pub fn clear(&mut self, slot: usize) {
        self.bytes[TAGS + slot] = 0;
    }

    /// Forgets all items, but not the child.
    #[inline(always)]
    pub fn clear_all(&mut self) {
        self.bytes[TAGS..META].fill(0);
    }

    #[inline(always)]
    pub fn has_child(&self) -> bool {
        self.bytes[META] & CHILD != 0
    }

    /// The child. Read volatile: else the compiler takes these bytes from the register with the tags, through the
    /// stack, and every search pays for the few that go on.
    #[inline(always)]
    pub fn child(&self) -> Option<NonNull<Bucket>> {
        let base = self.bytes.as_ptr();
        // SAFETY: byte 63 and bytes 48..56 of our 64.
        unsafe {
            if base.add(META).read_volatile() & CHILD == 0 {
                return None;
            }
            let word = u64::from_le(base.add((SLOTS - 1) * 6).cast::<u64>().read_volatile());
            let child = std::ptr::with_exposed_provenance_mut((word & POINTER) as usize);
            // By invariant 2; `adopt` stored it from a `NonNull`.
            Some(NonNull::new_unchecked(child))
        }
    }

    /// Makes pointer 8 a child, in which its item now lives in slot 0. The bucket is full and has none yet.
    #[cold]
    pub fn adopt(&mut self) -> NonNull<Bucket> {
        debug_assert!(!self.has_child() && self.vacancy().is_none());
        let layout = Layout::new::<Bucket>();
        // SAFETY: the layout is not of size zero.
        let Some(mut child) = NonNull::new(unsafe { alloc_zeroed(layout) }.cast::<Bucket>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: fresh, zeroed (all zeroes is an empty bucket), ours alone.
        unsafe { child.as_mut() }.put(0, self.tag(SLOTS - 1), self.item(SLOTS - 1));
        self.clear(SLOTS - 1);
        self.set_pointer(SLOTS - 1, child.as_ptr().cast());
        self.bytes[META] |= CHILD;
        child
    }

    /// Frees the children, which hold no items any more, and counts them; slot 8 is empty then.
    #[cold]
    pub fn disown(&mut self) -> u32 {
        let (mut next, mut freed) = (self.child(), 0);
        self.bytes[META] &= !CHILD;
        while let Some(child) = next {
            // SAFETY: by invariant 2 it is owned by its parent, of which we have the only reference, and came from
            // `alloc_zeroed` with this layout; nothing points to it now that the flag is cleared.
            unsafe {
                next = child.as_ref().child();
                dealloc(child.as_ptr().cast(), Layout::new::<Bucket>());
            }
            freed += 1;
        }
        freed
    }
}

/// Slots named by a mask, lowest first.
#[derive(Clone, Copy)]
pub struct Bits(pub u32);

impl Iterator for Bits {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let slot = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(slot)
    }
}
