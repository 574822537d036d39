//! Changing an entry where it is.

use super::copy::copy;
use super::{
    BOXED, BYTES, EXPIRE, Entry, INT, KIND, MAX_EXPIRE_MS, NewValue, RAW, Shape, TYPE, ValueMut, WIDE, key_at,
};

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
    pub(super) unsafe fn write_expire(&mut self, at: i64) {
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
    pub(super) unsafe fn write_value(&mut self, value: NewValue<'_, V>) {
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
