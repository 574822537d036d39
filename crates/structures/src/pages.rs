//! Zeroed memory for arrays of buckets, given back piece by piece.
//!
//! A table of fifty million keys has an array of half a gibibyte. Two moments could stop the server: zeroing the
//! new array and freeing the old one. Big arrays therefore come from the kernel, which zeroes a page when it is
//! first touched, and go back to it from the front while they are emptied ([`release`]), so that what [`free`]
//! finds in the end is next to nothing.
//!
//! ```text
//!   base            base + released                     base + bytes
//!    |  given back      |  still held                        |
//! ```
//!
//! The road not taken: `madvise(MADV_DONTNEED)` on the emptied part. It keeps the mapping readable, which nobody
//! needs here, and leaves the page tables of the whole array to the last `munmap`; unmapping the front frees both
//! as it goes.
//!
//! **Invariants**
//! 1. An array of less than [`MAPPED_MIN`] bytes is the global allocator's, any other one is a mapping of its own;
//!    which of the two follows from `bytes` alone.
//! 2. Mappings are counted with `alloc_count` when made and uncounted as they are released (the global allocator
//!    counts for itself).
//! 3. Both kinds are aligned to [`ALIGN`] and zeroed.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

/// Arrays of this size and more are mapped (invariant 1): zeroing half a mebibyte at once took 410 us on a guest.
pub const MAPPED_MIN: usize = 256 << 10;
/// A cache line.
pub const ALIGN: usize = 64;
/// What is given back at once: sixteen pages, some ten microseconds of kernel time (64 took up to 92 on a guest).
pub const RELEASE_STEP: usize = 64 << 10;

/// Zeroed memory, or `None` when there is none. `bytes` is a power of two and at least [`ALIGN`].
pub fn zeroed(bytes: usize) -> Option<NonNull<u8>> {
    assert!(bytes.is_power_of_two() && bytes >= ALIGN);
    if bytes >= MAPPED_MIN {
        return map(bytes);
    }
    // SAFETY: the layout is not of size zero (asserted above).
    NonNull::new(unsafe { alloc_zeroed(layout(bytes)?) })
}

fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes, ALIGN).ok()
}

fn map(bytes: usize) -> Option<NonNull<u8>> {
    // SAFETY: a fresh anonymous mapping touches no memory that exists.
    let base = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if base == libc::MAP_FAILED {
        return None;
    }
    alloc_count::count(bytes as i64);
    NonNull::new(base.cast())
}

/// Gives back what lies between `released` and `emptied` bytes from the front, in steps of [`RELEASE_STEP`], and
/// says how many bytes are released now. Arrays of the global allocator stay whole.
///
/// # Safety
/// `base` is an array of [`zeroed`]`(bytes)` that is not freed yet, `released` is what the last call for it
/// returned (0 at first), and nobody touches its first `emptied <= bytes` bytes any more.
#[inline]
pub unsafe fn release(base: NonNull<u8>, bytes: usize, released: usize, emptied: usize) -> usize {
    let due = (emptied - released) / RELEASE_STEP * RELEASE_STEP;
    if due == 0 || bytes < MAPPED_MIN {
        return released;
    }
    // SAFETY: by invariant 1 this is a mapping; the range is inside, page aligned, mapped and unused.
    unsafe { unmap(base, released, due) };
    released + due
}

/// Frees an array, of which `released` bytes went back already.
///
/// # Safety
/// As for [`release`], and nobody touches any of it any more.
pub unsafe fn free(base: NonNull<u8>, bytes: usize, released: usize) {
    if bytes >= MAPPED_MIN {
        // SAFETY: by invariant 1 this is a mapping; what is left of it is unused (the caller's promise).
        unsafe { unmap(base, released, bytes - released) };
    } else {
        let layout = layout(bytes).expect("the layout it was allocated with");
        // SAFETY: by invariant 1 it came from `alloc_zeroed` with this layout.
        unsafe { dealloc(base.as_ptr(), layout) };
    }
}

/// # Safety
/// `from..from + bytes` is a mapped, unused, page-aligned part of a mapping at `base`.
unsafe fn unmap(base: NonNull<u8>, from: usize, bytes: usize) {
    if bytes == 0 {
        return;
    }
    // SAFETY: the caller's promise.
    let rc = unsafe { libc::munmap(base.as_ptr().add(from).cast(), bytes) };
    assert_eq!(rc, 0, "unmapping a part of an own mapping");
    alloc_count::count(-(bytes as i64));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_zeroed_aligned_and_go_back_in_steps() {
        for bytes in [64, 4096, MAPPED_MIN / 2, MAPPED_MIN, 4 * MAPPED_MIN] {
            let base = zeroed(bytes).unwrap();
            assert_eq!(base.as_ptr() as usize % ALIGN, 0);
            // SAFETY: the array has `bytes` bytes, and each is touched before it is released.
            unsafe {
                for at in (0..bytes).step_by(61) {
                    assert_eq!(base.add(at).read(), 0);
                    base.add(at).write(7);
                }
                let mut released = 0;
                for emptied in (0..=bytes).step_by(64) {
                    released = release(base, bytes, released, emptied);
                    assert!(released <= emptied);
                    if emptied < bytes {
                        base.add(emptied).write(9);
                    }
                }
                assert_eq!(released, if bytes < MAPPED_MIN { 0 } else { bytes });
                free(base, bytes, released);
            }
        }
    }
}
