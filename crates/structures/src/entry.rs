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

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::table::Thin;

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

// Changing in place.
impl<V> Entry<V> {
    #[inline]
    pub fn value_mut(&mut self) -> ValueMut<'_, V> {
        match self.bits() & KIND {
            INT => ValueMut::Int(self.int()),
            // SAFETY: invariant 3; borrowed for change as long as the entry.
            BOXED => ValueMut::Boxed(unsafe { &mut *self.boxed() }),
            kind => {
                // SAFETY: as in `value`, borrowed for change.
                let bytes = unsafe { std::slice::from_raw_parts_mut(self.value_at(), self.vlen()) };
                match self.type_bits() {
                    0 => ValueMut::Bytes { bytes, raw: kind == RAW },
                    _ => ValueMut::Packed { bytes, raw: kind == RAW },
                }
            }
        }
    }

    /// Sets the integer of an entry whose value is one.
    #[inline]
    pub fn set_int(&mut self, int: i64) {
        assert!(self.bits() & KIND == INT, "the value is an integer");
        // SAFETY: integers have eight bytes (invariant 2).
        unsafe { self.value_at().cast::<i64>().write_unaligned(int.to_le()) }
    }

    /// Stores other bytes in the same allocation, if they need one of the same class and the same header. Of a
    /// string only; the expire stays.
    #[inline]
    pub fn try_overwrite_bytes(&mut self, bytes: &[u8], raw: bool) -> bool {
        let (bits, klen, vlen) = (self.bits(), self.klen(), self.vlen());
        if bits & KIND == BOXED {
            return false;
        }
        if bytes.len() == vlen && bits & WIDE == 0 {
            // SAFETY: the value has `vlen` bytes, and `bytes` cannot be inside of what is borrowed for change.
            unsafe {
                *self.base() = bits & !(TYPE | KIND) | if raw { RAW } else { BYTES };
                copy(bytes.as_ptr(), self.key_start().add(klen), vlen);
            }
            return true;
        }
        if bytes.len() != vlen {
            let before = Shape { klen, vlen, expire: bits & EXPIRE != 0 };
            let after = Shape { vlen: bytes.len(), ..before };
            if before.wide() != after.wide() || before.class() != after.class() {
                return false;
            }
        }
        // SAFETY: the allocation has room for this shape (invariant 1), and `bytes` cannot be inside of what is
        // borrowed for change.
        unsafe { self.write_value(NewValue::Bytes { bytes, raw }) };
        true
    }

    /// As [`Entry::try_overwrite_bytes`], for a small value of another type; the type stays.
    #[inline]
    pub fn try_overwrite_packed(&mut self, bytes: &[u8], raw: bool) -> bool {
        let (before, type_bits) = (self.shape(), self.type_bits());
        let after = Shape { vlen: bytes.len(), ..before };
        let boxed = self.bits() & KIND == BOXED;
        if boxed || type_bits == 0 || before.wide() != after.wide() || before.class() != after.class() {
            return false;
        }
        // SAFETY: as above.
        unsafe { self.write_value(NewValue::Packed { type_bits, bytes, raw }) };
        true
    }

    /// Changes an expire that is there, or leaves none where none is; `false` if that would change the header.
    #[inline]
    pub fn try_set_expire(&mut self, expire: Option<i64>) -> bool {
        if self.has_expire() != expire.is_some() {
            return false;
        }
        if let Some(at) = expire {
            // SAFETY: there are six bytes for it before the key.
            unsafe { self.write_expire(at) };
        }
        true
    }

    /// # Safety
    /// The header says there is an expire.
    #[inline]
    unsafe fn write_expire(&mut self, at: i64) {
        let bytes = at.clamp(0, MAX_EXPIRE_MS).to_le_bytes();
        // SAFETY: the six bytes before the key.
        unsafe {
            let to = self.base().add(key_at(self.bits()) - 6);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, 6);
        }
    }

    /// Writes type, kind, length and bytes of a value over what is there (without dropping a box).
    ///
    /// # Safety
    /// Header bits, `klen` and class fit the new shape already.
    #[inline]
    unsafe fn write_value(&mut self, value: NewValue<'_, V>) {
        let (base, vlen) = (self.base(), value.vlen());
        // SAFETY: the caller's promise: the drawn layout holds for this shape.
        unsafe {
            *base = self.bits() & !(TYPE | KIND) | value.bits();
            if self.bits() & WIDE == 0 {
                *base.add(5) = vlen as u8;
            } else {
                base.add(8).cast::<u32>().write_unaligned((vlen as u32).to_le());
            }
            let to = self.value_at();
            match value {
                NewValue::Int(int) => to.cast::<i64>().write_unaligned(int.to_le()),
                NewValue::Bytes { bytes, .. } | NewValue::Packed { bytes, .. } => {
                    copy(bytes.as_ptr(), to, vlen);
                }
                NewValue::Boxed { value, .. } => {
                    to.cast::<u64>().write_unaligned(Box::into_raw(value).expose_provenance() as u64);
                }
            }
        }
    }
}

// Making and remaking.
impl<V> EntryBox<V> {
    pub fn new(key: &[u8], value: NewValue<'_, V>, expire: Option<i64>) -> Self {
        let shape = Shape { klen: key.len(), vlen: value.vlen(), expire: expire.is_some() };
        let mut entry = Self::allocate(shape, value.bits(), 0);
        // SAFETY: allocated for this shape.
        unsafe {
            entry.write_key(key);
            entry.write_value(value);
            if let Some(at) = expire {
                entry.write_expire(at);
            }
        }
        entry
    }

    pub fn new_int(key: &[u8], int: i64, expire: Option<i64>) -> Self {
        Self::new(key, NewValue::Int(int), expire)
    }

    pub fn new_bytes(key: &[u8], bytes: &[u8], raw: bool, expire: Option<i64>) -> Self {
        Self::new(key, NewValue::Bytes { bytes, raw }, expire)
    }

    pub fn new_boxed(type_bits: u8, key: &[u8], value: Box<V>, expire: Option<i64>) -> Self {
        Self::new(key, NewValue::Boxed { type_bits, value }, expire)
    }

    /// The entry with another value and another expire; key and access clock stay. In place where the class is
    /// the same.
    pub fn with_value(mut self, value: NewValue<'_, V>, expire: Option<i64>) -> Self {
        drop(self.take_boxed());
        let shape = Shape { klen: self.klen(), vlen: value.vlen(), expire: expire.is_some() };
        let mut entry = self.reshaped(shape);
        // SAFETY: reshaped for it.
        unsafe {
            entry.write_value(value);
            if let Some(at) = expire {
                entry.write_expire(at);
            }
        }
        entry
    }

    pub fn with_int(self, int: i64, expire: Option<i64>) -> Self {
        self.with_value(NewValue::Int(int), expire)
    }

    pub fn with_bytes(self, bytes: &[u8], raw: bool, expire: Option<i64>) -> Self {
        self.with_value(NewValue::Bytes { bytes, raw }, expire)
    }

    pub fn with_boxed(self, type_bits: u8, value: Box<V>, expire: Option<i64>) -> Self {
        self.with_value(NewValue::Boxed { type_bits, value }, expire)
    }

    /// The entry with another expire, or none. In place where the class is the same.
    pub fn set_expire(mut self, expire: Option<i64>) -> Self {
        if self.try_set_expire(expire) {
            return self;
        }
        let shape = Shape { expire: expire.is_some(), ..self.shape() };
        let mut entry = self.reshaped(shape);
        if let Some(at) = expire {
            // SAFETY: reshaped for it.
            unsafe { entry.write_expire(at) };
        }
        entry
    }

    /// The entry under another key.
    pub fn rekey(self, key: &[u8]) -> Self {
        let before = self.shape();
        let mut entry = Self::allocate(Shape { klen: key.len(), ..before }, self.bits(), self.access());
        // SAFETY: allocated for a value of this length; kind and type are the same, and of the box, if there is
        // one, the old entry is made to forget below.
        unsafe {
            entry.write_key(key);
            std::ptr::copy_nonoverlapping(self.value_at(), entry.value_at(), before.vlen);
            if let Some(at) = self.expire() {
                entry.write_expire(at);
            }
        }
        self.free_shell();
        entry
    }

    /// Takes the box out; the entry is the integer 0 then.
    pub fn take_boxed(&mut self) -> Option<Box<V>> {
        if self.bits() & KIND != BOXED {
            return None;
        }
        // SAFETY: invariant 3: given up once, as the kind changes in the next line.
        let value = unsafe { Box::from_raw(self.boxed()) };
        // SAFETY: boxes and integers have the same shape (invariant 2).
        unsafe { self.write_value(NewValue::Int(0)) };
        Some(value)
    }

    /// Memory with a header of this shape, type and kind; key, value and expire are not written yet.
    fn allocate(shape: Shape, bits: u8, access: u32) -> Self {
        assert!(shape.klen <= u32::MAX as usize && shape.vlen <= u32::MAX as usize, "a length of 32 bits");
        let layout = shape.layout();
        // SAFETY: six bytes at least.
        let Some(base) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        base.as_ptr().expose_provenance();
        let mut entry = EntryBox { base, values: PhantomData };
        // SAFETY: allocated for this shape.
        unsafe { entry.write_header(shape, bits & (TYPE | KIND)) };
        entry.set_access(access);
        entry
    }

    /// # Safety
    /// The allocation is of the class of `shape`.
    unsafe fn write_header(&mut self, shape: Shape, type_and_kind: u8) {
        let base = self.base.as_ptr();
        // SAFETY: the caller's promise.
        unsafe {
            *base = type_and_kind | shape.header_bits();
            if shape.wide() {
                base.add(4).cast::<u32>().write_unaligned((shape.klen as u32).to_le());
                base.add(8).cast::<u32>().write_unaligned((shape.vlen as u32).to_le());
            } else {
                *base.add(4) = shape.klen as u8;
                *base.add(5) = shape.vlen as u8;
            }
        }
    }

    /// # Safety
    /// The header says the length of `key`.
    unsafe fn write_key(&mut self, key: &[u8]) {
        debug_assert_eq!(self.klen(), key.len());
        // SAFETY: the caller's promise; the allocation has room for it (invariant 1).
        unsafe {
            let to = self.base.as_ptr().add(key_at(self.bits()));
            copy(key.as_ptr(), to, key.len());
        }
    }

    /// The same entry in another shape: header and key are right, of the value as much is kept as fits, the
    /// expire is not written. Bytes only, no box, or `shape.vlen` stays.
    fn reshaped(mut self, shape: Shape) -> Self {
        let before = self.shape();
        if shape == before {
            return self;
        }
        assert!(shape.vlen <= u32::MAX as usize, "a length of 32 bits");
        let kept = shape.klen + shape.vlen.min(before.vlen);
        let type_and_kind = self.bits() & (TYPE | KIND);
        if shape.class() == before.class() {
            let base = self.base.as_ptr();
            // SAFETY: both shapes fit the allocation (invariant 1). The key moves before the header, which may
            // lie over its old place, is written.
            unsafe {
                std::ptr::copy(base.add(before.key_at()), base.add(shape.key_at()), kept);
                self.write_header(shape, type_and_kind);
            }
            return self;
        }
        let entry = Self::allocate(shape, type_and_kind, self.access());
        // SAFETY: two allocations, both of at least that length from there on.
        unsafe {
            let from = self.base.as_ptr().add(before.key_at());
            std::ptr::copy_nonoverlapping(from, entry.base.as_ptr().add(shape.key_at()), kept);
        }
        self.free_shell();
        entry
    }

    /// Frees the allocation, but not what a box holds.
    fn free_shell(self) {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: by invariant 1 the layout it was allocated with; `this` is not used again nor dropped.
        unsafe { dealloc(this.base.as_ptr(), this.shape().layout()) };
    }
}

impl<V> Deref for EntryBox<V> {
    type Target = Entry<V>;

    #[inline(always)]
    fn deref(&self) -> &Entry<V> {
        // SAFETY: `Entry` has no size; its address is that of the bytes (invariant 4).
        unsafe { self.base.cast().as_ref() }
    }
}

impl<V> DerefMut for EntryBox<V> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Entry<V> {
        // SAFETY: as above, and we own it alone.
        unsafe { self.base.cast().as_mut() }
    }
}

impl<V> Drop for EntryBox<V> {
    #[inline]
    fn drop(&mut self) {
        /// Frees the allocation even if dropping the value unwinds.
        struct Shell(NonNull<u8>, Layout);
        impl Drop for Shell {
            fn drop(&mut self) {
                // SAFETY: by invariant 1 the layout it was allocated with; the entry is going.
                unsafe { dealloc(self.0.as_ptr(), self.1) };
            }
        }
        let _shell = Shell(self.base, self.shape().layout());
        drop(self.take_boxed());
    }
}

// SAFETY: one pointer to an allocation of the heap, exposed when made (invariant 4), whose address is that of its
// `Entry`; user space ends at 2^47 (the table asserts it).
unsafe impl<V> Thin for EntryBox<V> {
    type Target = Entry<V>;

    #[inline(always)]
    fn into_raw(self) -> NonNull<u8> {
        std::mem::ManuallyDrop::new(self).base
    }

    #[inline(always)]
    unsafe fn from_raw(base: NonNull<u8>) -> Self {
        EntryBox { base, values: PhantomData }
    }
}

impl<V: fmt::Debug> fmt::Debug for Entry<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entry = f.debug_struct("Entry");
        entry.field("key", &self.key().escape_ascii().to_string()).field("value", &self.value());
        entry.field("expire", &self.expire()).field("access", &self.access()).finish()
    }
}

impl<V: fmt::Debug> fmt::Debug for EntryBox<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Whether `len` bytes here and there are the same. Keys are mostly of 8 to 32 bytes: two overlapping loads from
/// each, where `memcmp` costs a call.
///
/// # Safety
/// Both are readable for `len` bytes.
#[inline(always)]
unsafe fn same(a: *const u8, b: *const u8, len: usize) -> bool {
    // SAFETY: each load ends at `len` at the latest.
    unsafe {
        match len {
            8..=16 => {
                let end = len - 8;
                (word(a) ^ word(b)) | (word(a.add(end)) ^ word(b.add(end))) == 0
            }
            17..=32 => {
                let end = len - 16;
                (wide(a) ^ wide(b)) | (wide(a.add(end)) ^ wide(b.add(end))) == 0
            }
            _ => std::slice::from_raw_parts(a, len) == std::slice::from_raw_parts(b, len),
        }
    }
}

/// Copies `len` bytes; short ones as [`same`] compares them.
///
/// # Safety
/// As for `copy_nonoverlapping`.
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: each load and store ends at `len` at the latest.
    unsafe {
        match len {
            8..=16 => {
                let (first, last) = (word(from), word(from.add(len - 8)));
                to.cast::<u64>().write_unaligned(first);
                to.add(len - 8).cast::<u64>().write_unaligned(last);
            }
            17..=32 => {
                let (first, last) = (wide(from), wide(from.add(len - 16)));
                to.cast::<u128>().write_unaligned(first);
                to.add(len - 16).cast::<u128>().write_unaligned(last);
            }
            _ => std::ptr::copy_nonoverlapping(from, to, len),
        }
    }
}

/// # Safety
/// Eight bytes are readable.
#[inline(always)]
unsafe fn word(at: *const u8) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { at.cast::<u64>().read_unaligned() }
}

/// # Safety
/// Sixteen bytes are readable.
#[inline(always)]
unsafe fn wide(at: *const u8) -> u128 {
    // SAFETY: the caller's promise.
    unsafe { at.cast::<u128>().read_unaligned() }
}

#[cfg(test)]
mod tests;
