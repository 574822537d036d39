//! The global allocator: mimalloc, counted.
//!
//! `used_memory` must be true to a few per cent and cost nothing. Rust tells the size of an allocation when it is
//! made *and* when it is freed, so the counter adds and subtracts the size class mimalloc picks for it, without
//! asking the allocator. The thread that runs commands counts with plain loads and stores into its own cell; all
//! other threads share an atomic one. The sum of both is the truth.
//!
//! **Invariants**
//! 1. `class(size)` is what `mi_good_size(size)` says (tested).
//! 2. What `alloc` adds for a layout, `dealloc` subtracts for the same layout: classes depend on the layout alone.
//!
//! *Not here*: what memory is used for (`engine::observe::memory`).

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use libmimalloc_sys as mi;

/// The allocator of every program of this house.
pub struct Counted;

/// Bytes held by the thread that called [`own_this_thread`]; written by that thread only.
static OWNER: AtomicI64 = AtomicI64::new(0);
/// Bytes held by everybody else.
static OTHERS: AtomicI64 = AtomicI64::new(0);

thread_local! {
    static IS_OWNER: Cell<bool> = const { Cell::new(false) };
}

/// Declares the calling thread the one that runs commands: it counts without atomic read-modify-write.
/// Call once, from one thread.
pub fn own_this_thread() {
    IS_OWNER.with(|flag| flag.set(true));
}

/// Bytes handed out and not yet given back.
#[inline]
pub fn used() -> u64 {
    (OWNER.load(Relaxed) + OTHERS.load(Relaxed)).max(0) as u64
}

/// Counts memory that came from the kernel directly (negative when it goes back).
#[inline]
pub fn count(bytes: i64) {
    if IS_OWNER.with(Cell::get) {
        OWNER.store(OWNER.load(Relaxed) + bytes, Relaxed);
    } else {
        OTHERS.fetch_add(bytes, Relaxed);
    }
}

/// The bytes an allocation of `size` really takes (invariant 1).
#[inline]
pub fn class(size: usize) -> usize {
    if size <= 64 {
        return (size.max(1) + 7) & !7;
    }
    if size > MEDIUM {
        return (size + 4095) & !4095;
    }
    // Four classes between one power of two and the next.
    let step = 1usize << ((usize::BITS - 1 - (size - 1).leading_zeros()) - 2);
    (size + step - 1) & !(step - 1)
}

/// Above this mimalloc maps whole pages of the kernel.
const MEDIUM: usize = 64 * 1024;

/// Version of the allocator, as INFO prints it.
pub fn name() -> String {
    // SAFETY: no arguments, returns a number.
    let v = unsafe { mi::mi_version() };
    format!("mimalloc-{}.{}.{}", v / 10_000, v / 100 % 100, v % 100)
}

/// Gives unused memory back to the kernel.
pub fn purge() {
    // SAFETY: may be called from any thread at any time.
    unsafe { mi::mi_collect(true) }
}

/// The alignment mimalloc gives without being asked (see .cargo/config.toml).
const NATURAL: usize = 8;

// SAFETY: every call is passed on to mimalloc with the layout it was made with; counting does not allocate.
unsafe impl GlobalAlloc for Counted {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(class(layout.size()) as i64);
        // SAFETY: mimalloc takes any size and any power of two as alignment.
        unsafe {
            if layout.align() <= NATURAL {
                mi::mi_malloc(layout.size()).cast()
            } else {
                mi::mi_malloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(class(layout.size()) as i64));
        // SAFETY: `ptr` came from `alloc` or `realloc` above.
        unsafe { mi::mi_free(ptr.cast()) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(class(layout.size()) as i64);
        // SAFETY: as in `alloc`.
        unsafe {
            if layout.align() <= NATURAL {
                mi::mi_zalloc(layout.size()).cast()
            } else {
                mi::mi_zalloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(class(size) as i64 - class(layout.size()) as i64);
        // SAFETY: `ptr` came from here with this layout.
        unsafe {
            if layout.align() <= NATURAL {
                mi::mi_realloc(ptr.cast(), size).cast()
            } else {
                mi::mi_realloc_aligned(ptr.cast(), size, layout.align()).cast()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: Counted = Counted;

    #[test]
    fn classes_are_the_allocators_own() {
        for size in 1..=128 * 1024 {
            // SAFETY: a pure function of its argument.
            let good = unsafe { mi::mi_good_size(size) };
            assert_eq!(class(size), good, "size {size}");
        }
    }

    #[test]
    fn what_is_freed_is_not_counted_any_more() {
        let before = used() as i64;
        let held: Vec<Vec<u8>> = (0..10_000).map(|n| vec![1; n % 300 + 1]).collect();
        let during = used() as i64;
        assert!(during - before > 10_000 * 150);
        drop(held);
        assert!((used() as i64 - before).abs() < 100_000);
    }
}
