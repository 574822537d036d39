//! Comparing and copying short runs of bytes without a call.

/// Whether `len` bytes here and there are the same. Keys are mostly of 8 to 32 bytes: two overlapping loads from
/// each, where `memcmp` costs a call.
///
/// # Safety
/// Both are readable for `len` bytes.
#[inline(always)]
pub(crate) unsafe fn same(a: *const u8, b: *const u8, len: usize) -> bool {
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
            4..=7 => {
                let end = len - 4;
                (half(a) ^ half(b)) | (half(a.add(end)) ^ half(b.add(end))) == 0
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
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
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
/// Four bytes are readable.
#[inline(always)]
unsafe fn half(at: *const u8) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { at.cast::<u32>().read_unaligned() }
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
