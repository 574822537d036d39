//! One allocation per key: header, expire, key and value.
//!
//! ```text
//!   0      1        4       5       6          12        12 + klen
//!   | bits | access | klen  | vlen  | (expire) | key ... | value ...        short: both lengths below 256
//!
//!   0      1        4       8       12         18        18 + klen
//!   | bits | access | klen  | vlen  | (expire) | key ... | value ...        wide
//!            24 bit   u32     u32     48 bit
//!
//!   bits    0..3  type, a number of the caller's (0 for strings)
//!           3..5  kind of value: 0 integer (8 bytes), 1 bytes, 2 bytes of another sort (strings that were never tried
//!                 as a number, Redis's `raw`), 3 the address of a box (8 bytes)
//!           5     there is an expire: milliseconds since 1970
//!           6     wide
//! ```
//!
//! A key of 16 bytes with a value of 16 takes 38 bytes: the class of 40. The same key with an expire and a value
//! of 100 bytes takes exactly 128. There is no reference count and no NUL; all numbers are little endian, at any
//! address.
//!
//! [`EntryBox`] owns the allocation; `&Entry` and `&mut Entry` are what it, and a table of entries, lend: references
//! without a size, as `&str` is to `String`. What may need another allocation takes the `EntryBox` and returns it.
//!
//! The road not taken: a header struct with fields (five bytes of padding) and a second allocation for values (a
//! cache miss each).
//!
//! **Invariants** (asserted by [`Entry::verify`])
//! 1. The allocation has `alloc_count::class(size)` bytes aligned to 8, `size` following from the header alone; so
//!    a shape of the same class may take the place of another one, and is freed with the same layout.
//! 2. `wide` is set exactly if a length is above 255; integers and boxes have a `vlen` of 8.
//! 3. Kind 3 holds an owned `Box<V>`, given up once.
//! 4. The address of every entry is exposed, so that a reference without a size gives back the whole of it.
//! 5. References given out cover the key, the value bytes or the box, never the header: the access clock may be
//!    written through `&Entry`. `Entry` is not `Sync`, so one thread at a time does.
//!
//! *Not here*: what the types and the access clock mean (`keyspace`); when a string is embedded (the caller's
//! `MAX_EMBED`).

mod change;
pub(crate) mod copy;
mod make;

use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ptr::NonNull;

use copy::same;

const TYPE: u8 = 0b0000_0111;
const KIND: u8 = 0b0001_1000;
const INT: u8 = 0 << 3;
const BYTES: u8 = 1 << 3;
const RAW: u8 = 2 << 3;
const BOXED: u8 = 3 << 3;
const EXPIRE: u8 = 1 << 5;
const WIDE: u8 = 1 << 6;

/// The latest expire that can be stored: 2^48 - 1 ms, in the year 10889. Later ones are stored as this.
pub const MAX_EXPIRE_MS: i64 = (1 << 48) - 1;

/// A key and its value, borrowed. Has no size: the bytes are behind its address.
#[repr(C)]
pub struct Entry<V> {
    bytes: UnsafeCell<[u8; 0]>,
    values: PhantomData<Box<V>>,
}

/// A key and its value, owned.
#[repr(transparent)]
pub struct EntryBox<V> {
    base: NonNull<u8>,
    values: PhantomData<Box<V>>,
}

// SAFETY: an entry owns its bytes and its box, alone.
unsafe impl<V: Send> Send for EntryBox<V> {}

/// A value, looked at.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum ValueRef<'e, V> {
    Int(i64),
    Bytes {
        bytes: &'e [u8],
        raw: bool,
    },
    /// A small value of another type than 0; `raw` tells two sorts of them apart.
    Packed {
        bytes: &'e [u8],
        raw: bool,
    },
    Boxed(&'e V),
}

/// A value, to be changed in place.
#[derive(Debug, PartialEq, Eq)]
pub enum ValueMut<'e, V> {
    /// See [`Entry::set_int`].
    Int(i64),
    Bytes {
        bytes: &'e mut [u8],
        raw: bool,
    },
    Packed {
        bytes: &'e mut [u8],
        raw: bool,
    },
    Boxed(&'e mut V),
}

/// A value to be stored. Integers and `Bytes` are of type 0.
pub enum NewValue<'a, V> {
    Int(i64),
    Bytes {
        bytes: &'a [u8],
        raw: bool,
    },
    /// A small value of another type than 0.
    Packed {
        type_bits: u8,
        bytes: &'a [u8],
        raw: bool,
    },
    Boxed {
        type_bits: u8,
        value: Box<V>,
    },
}

/// All that decides where the parts of an entry are.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    klen: usize,
    vlen: usize,
    expire: bool,
}

impl Shape {
    fn wide(self) -> bool {
        self.klen > 255 || self.vlen > 255
    }

    fn key_at(self) -> usize {
        6 + 6 * usize::from(self.wide()) + 6 * usize::from(self.expire)
    }

    fn value_at(self) -> usize {
        self.key_at() + self.klen
    }

    fn class(self) -> usize {
        alloc_count::class(self.value_at() + self.vlen)
    }

    fn layout(self) -> Layout {
        Layout::from_size_align(self.class(), 8).expect("two lengths of 32 bits each")
    }

    fn header_bits(self) -> u8 {
        (u8::from(self.expire) * EXPIRE) | (u8::from(self.wide()) * WIDE)
    }
}

impl<V> NewValue<'_, V> {
    fn vlen(&self) -> usize {
        match self {
            NewValue::Bytes { bytes, .. } | NewValue::Packed { bytes, .. } => bytes.len(),
            NewValue::Int(_) | NewValue::Boxed { .. } => 8,
        }
    }

    /// Type and kind.
    fn bits(&self) -> u8 {
        match self {
            NewValue::Int(_) => INT,
            NewValue::Bytes { raw: false, .. } => BYTES,
            NewValue::Bytes { raw: true, .. } => RAW,
            NewValue::Packed { type_bits, raw, .. } => {
                assert!((1..=TYPE).contains(type_bits), "a type has three bits, and 0 is the strings'");
                type_bits | if *raw { RAW } else { BYTES }
            }
            NewValue::Boxed { type_bits, .. } => {
                assert!(*type_bits <= TYPE, "a type has three bits");
                BOXED | type_bits
            }
        }
    }
}

/// Where the key begins, from the first byte alone.
#[inline(always)]
fn key_at(bits: u8) -> usize {
    const AT: [u8; 4] = [6, 12, 12, 18];
    usize::from(AT[usize::from(bits >> 5 & 3)])
}

// Looking.
impl<V> Entry<V> {
    #[inline(always)]
    fn base(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut((self as *const Self).addr())
    }

    #[inline(always)]
    fn bits(&self) -> u8 {
        // SAFETY: every entry has a byte 0 (invariant 4).
        unsafe { *self.base() }
    }

    #[inline(always)]
    fn klen(&self) -> usize {
        // SAFETY: invariant 4, and the drawn layout.
        unsafe {
            if self.bits() & WIDE == 0 {
                usize::from(*self.base().add(4))
            } else {
                u32::from_le(self.base().add(4).cast::<u32>().read_unaligned()) as usize
            }
        }
    }

    #[inline(always)]
    fn vlen(&self) -> usize {
        // SAFETY: as in `klen`.
        unsafe {
            if self.bits() & WIDE == 0 {
                usize::from(*self.base().add(5))
            } else {
                u32::from_le(self.base().add(8).cast::<u32>().read_unaligned()) as usize
            }
        }
    }

    fn shape(&self) -> Shape {
        Shape { klen: self.klen(), vlen: self.vlen(), expire: self.has_expire() }
    }

    #[inline]
    pub fn key(&self) -> &[u8] {
        // SAFETY: the key is there (invariant 1) and no reference covers it for change.
        unsafe { std::slice::from_raw_parts(self.key_start(), self.klen()) }
    }

    #[inline(always)]
    fn key_start(&self) -> *mut u8 {
        // SAFETY: inside the allocation (invariant 1).
        unsafe { self.base().add(key_at(self.bits())) }
    }

    /// Whether `key` is the key: the length first, then the bytes.
    #[inline]
    pub fn key_is(&self, key: &[u8]) -> bool {
        // SAFETY: both keys have that many bytes.
        self.klen() == key.len() && unsafe { same(self.key_start(), key.as_ptr(), key.len()) }
    }

    #[inline]
    pub fn has_expire(&self) -> bool {
        self.bits() & EXPIRE != 0
    }

    /// Milliseconds since 1970.
    #[inline]
    pub fn expire(&self) -> Option<i64> {
        if !self.has_expire() {
            return None;
        }
        // SAFETY: the six bytes before the key are the expire, and the two before those, read along and shifted
        // out, are of the header.
        let word = unsafe { self.base().add(key_at(self.bits()) - 8).cast::<u64>().read_unaligned() };
        Some((u64::from_le(word) >> 16) as i64)
    }

    /// The access clock: 24 bits of the caller's.
    #[inline]
    pub fn access(&self) -> u32 {
        // SAFETY: bytes 0..4 are always there (invariant 4).
        u32::from_le(unsafe { self.base().cast::<u32>().read_unaligned() }) >> 8
    }

    /// Sets the access clock; the upper byte is dropped.
    #[inline]
    pub fn set_access(&self, access: u32) {
        let [low, middle, high, _] = access.to_le_bytes();
        // SAFETY: invariant 5: no reference covers the header, and one thread at a time is here.
        unsafe { self.base().add(1).cast::<[u8; 3]>().write([low, middle, high]) }
    }

    #[inline]
    pub fn type_bits(&self) -> u8 {
        self.bits() & TYPE
    }

    #[inline(always)]
    fn value_at(&self) -> *mut u8 {
        // SAFETY: the value follows the key inside the allocation (invariant 1).
        unsafe { self.key_start().add(self.klen()) }
    }

    #[inline]
    fn int(&self) -> i64 {
        // SAFETY: integers have eight bytes (invariant 2).
        i64::from_le(unsafe { self.value_at().cast::<i64>().read_unaligned() })
    }

    #[inline]
    fn boxed(&self) -> *mut V {
        // SAFETY: boxes have eight bytes (invariant 2).
        let address = unsafe { self.value_at().cast::<u64>().read_unaligned() };
        std::ptr::with_exposed_provenance_mut(address as usize)
    }

    #[inline]
    pub fn value(&self) -> ValueRef<'_, V> {
        match self.bits() & KIND {
            INT => ValueRef::Int(self.int()),
            // SAFETY: invariant 3; borrowed as long as the entry.
            BOXED => ValueRef::Boxed(unsafe { &*self.boxed() }),
            kind => {
                // SAFETY: the value has `vlen` bytes (invariant 1).
                let bytes = unsafe { std::slice::from_raw_parts(self.value_at(), self.vlen()) };
                match self.type_bits() {
                    0 => ValueRef::Bytes { bytes, raw: kind == RAW },
                    _ => ValueRef::Packed { bytes, raw: kind == RAW },
                }
            }
        }
    }

    /// Bytes of the allocation, without what a box holds.
    #[inline]
    pub fn memory(&self) -> usize {
        self.shape().class()
    }

    /// Asserts the invariants.
    pub fn verify(&self) {
        let shape = self.shape();
        assert_eq!(self.bits() & WIDE != 0, shape.wide(), "invariant 2: wide");
        assert_eq!(key_at(self.bits()), shape.key_at());
        assert_eq!(self.base().addr() % 8, 0, "invariant 1: alignment");
        assert_eq!(self.bits() >> 7, 0, "no such bit");
        if matches!(self.bits() & KIND, INT | BOXED) {
            assert_eq!(self.vlen(), 8, "invariant 2: vlen");
        }
        if self.bits() & KIND == INT {
            assert_eq!(self.type_bits(), 0, "integers are strings");
        }
    }
}

#[cfg(test)]
mod tests;
