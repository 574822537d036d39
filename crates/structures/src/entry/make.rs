//! Making entries, and remaking them where the old allocation does not do.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::copy::copy;
use super::{BOXED, Entry, EntryBox, KIND, NewValue, Shape, TYPE, key_at};
use crate::table::Thin;

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
