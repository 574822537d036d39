//! One allocation per member of a set, field of a hash, or element of a sorted set.
//!
//! ```text
//!   | bits | klen | (vlen) | (word) | key ... | (value ...)
//!             1      1        8                              short: both lengths below 256
//!             4      4        8                              wide
//!
//!   bits    0  wide       1  there is a value       2  there is a word
//! ```
//!
//! A member of a set is a key; a field of a hash has a value, and a word if it has a time to live; an element of a
//! sorted set has its score in the word. A member of 16 bytes takes 18 (the class of 24), an element with a score
//! of 22 bytes exactly 32. Numbers are little endian, at any address.
//!
//! [`ItemBox`] owns the allocation; `&Item` is what it, and a table of items, lend: a reference without a size.
//!
//! **Invariants** ([`Item::verify`])
//! 1. The allocation has `alloc_count::class(size)` bytes aligned to 8, `size` following from the header alone.
//! 2. `wide` is set exactly if a length is above 255.
//! 3. The address of every item is exposed, so that a reference without a size gives back the whole of it.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::entry::copy::same;
use crate::table::Thin;

const WIDE: u8 = 1;
const VALUE: u8 = 1 << 1;
const WORD: u8 = 1 << 2;

/// A key and what belongs to it, borrowed. Has no size: the bytes are behind its address.
#[repr(C)]
pub struct Item {
    bytes: UnsafeCell<[u8; 0]>,
}

/// A key and what belongs to it, owned.
#[repr(transparent)]
pub struct ItemBox {
    base: NonNull<u8>,
}

// SAFETY: an item owns its bytes, alone.
unsafe impl Send for ItemBox {}

/// All that decides where the parts are.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    klen: usize,
    vlen: Option<usize>,
    word: bool,
}

impl Shape {
    fn wide(self) -> bool {
        self.klen > 255 || self.vlen.unwrap_or(0) > 255
    }

    fn bits(self) -> u8 {
        u8::from(self.wide()) | (u8::from(self.vlen.is_some()) * VALUE) | (u8::from(self.word) * WORD)
    }

    fn class(self) -> usize {
        alloc_count::class(key_at(self.bits()) + self.klen + self.vlen.unwrap_or(0))
    }

    fn layout(self) -> Layout {
        Layout::from_size_align(self.class(), 8).expect("two lengths of 32 bits each")
    }
}

/// Where the word, or the key, begins.
#[inline(always)]
fn word_at(bits: u8) -> usize {
    const AT: [u8; 4] = [2, 5, 3, 9];
    usize::from(AT[usize::from(bits & (WIDE | VALUE))])
}

#[inline(always)]
fn key_at(bits: u8) -> usize {
    word_at(bits) + if bits & WORD != 0 { 8 } else { 0 }
}

impl Item {
    #[inline(always)]
    fn base(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut((self as *const Self).addr())
    }

    #[inline(always)]
    fn bits(&self) -> u8 {
        // SAFETY: every item has a byte 0 (invariant 3).
        unsafe { *self.base() }
    }

    /// One of the two lengths.
    #[inline(always)]
    fn length(&self, nth: usize) -> usize {
        // SAFETY: invariant 3 and the drawn layout; the second length is asked for only where there is a value.
        unsafe {
            if self.bits() & WIDE == 0 {
                usize::from(*self.base().add(1 + nth))
            } else {
                u32::from_le(self.base().add(1 + 4 * nth).cast::<u32>().read_unaligned()) as usize
            }
        }
    }

    fn shape(&self) -> Shape {
        let bits = self.bits();
        let vlen = (bits & VALUE != 0).then(|| self.length(1));
        Shape { klen: self.length(0), vlen, word: bits & WORD != 0 }
    }

    #[inline]
    pub fn key(&self) -> &[u8] {
        // SAFETY: the key is there (invariant 1).
        unsafe { std::slice::from_raw_parts(self.base().add(key_at(self.bits())), self.length(0)) }
    }

    #[inline]
    pub fn key_is(&self, key: &[u8]) -> bool {
        let own = self.key();
        // SAFETY: both have that many bytes.
        own.len() == key.len() && unsafe { same(own.as_ptr(), key.as_ptr(), key.len()) }
    }

    /// The value, empty if there is none.
    #[inline]
    pub fn value(&self) -> &[u8] {
        let bits = self.bits();
        if bits & VALUE == 0 {
            return &[];
        }
        // SAFETY: the value follows the key (invariant 1).
        unsafe {
            let at = self.base().add(key_at(bits) + self.length(0));
            std::slice::from_raw_parts(at, self.length(1))
        }
    }

    #[inline]
    pub fn word(&self) -> Option<u64> {
        let bits = self.bits();
        if bits & WORD == 0 {
            return None;
        }
        // SAFETY: the bits say that it is there.
        Some(u64::from_le(unsafe { self.base().add(word_at(bits)).cast::<u64>().read_unaligned() }))
    }

    /// Changes a word that is there; `false` if none is.
    #[inline]
    pub fn try_set_word(&mut self, word: u64) -> bool {
        let bits = self.bits();
        if bits & WORD != 0 {
            // SAFETY: as in `word`, borrowed for change.
            unsafe { self.base().add(word_at(bits)).cast::<u64>().write_unaligned(word.to_le()) };
        }
        bits & WORD != 0
    }

    /// Stores another value in the same allocation, if there was one and the new one needs a shape of the same
    /// class and header.
    #[inline]
    pub fn try_set_value(&mut self, value: &[u8]) -> bool {
        let before = self.shape();
        let after = Shape { vlen: Some(value.len()), ..before };
        if before.bits() != after.bits() || before.class() != after.class() {
            return false;
        }
        // SAFETY: the allocation has room for this shape.
        unsafe { self.write_value(value) };
        true
    }

    /// Bytes of the allocation.
    #[inline]
    pub fn memory(&self) -> usize {
        self.shape().class()
    }

    /// # Safety
    /// Header bits, key length and class fit a value of this length, and the item has one.
    #[inline]
    unsafe fn write_value(&mut self, value: &[u8]) {
        let (bits, klen) = (self.bits(), self.length(0));
        // SAFETY: the caller's promise.
        unsafe {
            self.write_length(1, value.len());
            let to = self.base().add(key_at(bits) + klen);
            std::ptr::copy_nonoverlapping(value.as_ptr(), to, value.len());
        }
    }

    /// # Safety
    /// The header bits are written and say that there is this length.
    #[inline]
    unsafe fn write_length(&mut self, nth: usize, len: usize) {
        // SAFETY: the caller's promise and the drawn layout.
        unsafe {
            if self.bits() & WIDE == 0 {
                *self.base().add(1 + nth) = len as u8;
            } else {
                self.base().add(1 + 4 * nth).cast::<u32>().write_unaligned((len as u32).to_le());
            }
        }
    }

    /// Asserts the invariants.
    pub fn verify(&self) {
        assert_eq!(self.bits(), self.shape().bits(), "invariant 2");
        assert_eq!(self.base().addr() % 8, 0, "invariant 1");
    }
}

impl ItemBox {
    /// Panics if a length is above 32 bits.
    pub fn new(key: &[u8], value: Option<&[u8]>, word: Option<u64>) -> Self {
        let shape = Shape { klen: key.len(), vlen: value.map(<[u8]>::len), word: word.is_some() };
        assert!(key.len().max(shape.vlen.unwrap_or(0)) <= u32::MAX as usize, "lengths have 32 bits");
        let layout = shape.layout();
        // SAFETY: the layout has a size, that of the header at least.
        let base = unsafe { alloc(layout) };
        let Some(base) = NonNull::new(base) else { handle_alloc_error(layout) };
        let _ = base.as_ptr().expose_provenance();
        let mut item = ItemBox { base };
        // SAFETY: allocated for this shape; the bits come first, as all others read them.
        unsafe {
            base.write(shape.bits());
            item.write_length(0, key.len());
            let to = base.as_ptr().add(key_at(shape.bits()));
            std::ptr::copy_nonoverlapping(key.as_ptr(), to, key.len());
            if let Some(value) = value {
                item.write_value(value);
            }
        }
        if let Some(word) = word {
            item.try_set_word(word);
        }
        item
    }

    /// The item with another value. In place where that fits.
    pub fn with_value(mut self, value: &[u8]) -> Self {
        if self.try_set_value(value) {
            return self;
        }
        ItemBox::new(self.key(), Some(value), self.word())
    }

    /// The item with another word, or without one.
    pub fn with_word(mut self, word: Option<u64>) -> Self {
        match word {
            Some(word) if self.try_set_word(word) => self,
            None if self.word().is_none() => self,
            _ => ItemBox::new(self.key(), self.shape().vlen.map(|_| self.value()), word),
        }
    }
}

impl Clone for ItemBox {
    fn clone(&self) -> Self {
        ItemBox::new(self.key(), self.shape().vlen.map(|_| self.value()), self.word())
    }
}

impl Deref for ItemBox {
    type Target = Item;

    #[inline(always)]
    fn deref(&self) -> &Item {
        // SAFETY: `Item` has no size; its address is that of the bytes (invariant 3).
        unsafe { self.base.cast().as_ref() }
    }
}

impl DerefMut for ItemBox {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Item {
        // SAFETY: as above, and we own it alone.
        unsafe { self.base.cast().as_mut() }
    }
}

impl Drop for ItemBox {
    #[inline]
    fn drop(&mut self) {
        let layout = self.shape().layout();
        // SAFETY: by invariant 1 the layout it was allocated with; it is not used again.
        unsafe { dealloc(self.base.as_ptr(), layout) };
    }
}

// SAFETY: one pointer to an allocation of the heap, exposed when made (invariant 3), whose address is that of its
// `Item`; user space ends at 2^47 (the table asserts it).
unsafe impl Thin for ItemBox {
    type Target = Item;

    #[inline(always)]
    fn into_raw(self) -> NonNull<u8> {
        std::mem::ManuallyDrop::new(self).base
    }

    #[inline(always)]
    unsafe fn from_raw(base: NonNull<u8>) -> Self {
        ItemBox { base }
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let mut item = f.debug_struct("Item");
        item.field("key", &text(self.key())).field("value", &text(self.value())).field("word", &self.word());
        item.finish()
    }
}

impl fmt::Debug for ItemBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests;
