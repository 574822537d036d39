//! The interpreter's memory: counted, and limited while scripts run.

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::ffi::c_void;

use super::Shared;

/// What the C library assumes of `malloc`.
const ALIGN: usize = 16;

/// Lua's allocator: frees (`wanted` is 0), makes, or resizes. Null: there is no memory.
///
/// A script that wants more than it may have is told so. The host is not, since it cannot be told by a jump: it is
/// noted that it is over the limit. A block that shrinks always may.
pub(super) unsafe extern "C-unwind" fn grow(
    data: *mut c_void,
    block: *mut c_void,
    had: usize,
    wanted: usize,
) -> *mut c_void {
    // SAFETY: Lua gives back the data it was made with, and with each block the size it asked for; `Layout` is valid
    // since such sizes have been allocated, or are checked here. Nothing is owned that an unwinding could leak.
    unsafe {
        let shared = &*data.cast::<Shared>();
        let had = if block.is_null() { 0 } else { had };
        if wanted == 0 {
            if !block.is_null() && had > 0 {
                dealloc(block.cast(), Layout::from_size_align_unchecked(had, ALIGN));
                shared.resized(had, 0);
            }
            return std::ptr::null_mut();
        }
        if wanted > had && !shared.admits(wanted - had) {
            return std::ptr::null_mut();
        }
        let Ok(layout) = Layout::from_size_align(wanted, ALIGN) else { return std::ptr::null_mut() };
        let new = if had == 0 {
            alloc(layout)
        } else {
            realloc(block.cast(), Layout::from_size_align_unchecked(had, ALIGN), wanted)
        };
        if new.is_null() {
            if shared.in_host() {
                std::alloc::handle_alloc_error(layout);
            }
            return std::ptr::null_mut();
        }
        shared.resized(had, wanted);
        new.cast()
    }
}
