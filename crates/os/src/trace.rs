//! Where a thread is, told from inside a signal: a list of return addresses, each with its file and offset.
//!
//! ```text
//! /usr/bin/redstart-server(+0x1c2f40) [0x55d0a51c2f40]      for: addr2line -Cfe <file> <offset>
//! ```
//!
//! std's backtrace gives names, but it allocates and locks, and the signal may have come in the middle of the
//! allocator. The walk itself does neither (the unwinder reads tables that are mapped already), so a process
//! may be asked where it is and go on living.
//!
//! **Invariants**
//! 1. Nothing here allocates.

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;

/// More frames than this are a recursion, of which one learns nothing new.
const FRAMES: usize = 100;

unsafe extern "C" {
    // Of the unwinder that every Rust program with panics carries.
    fn _Unwind_Backtrace(visit: Visit, argument: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

type Visit = extern "C" fn(context: *mut c_void, argument: *mut c_void) -> c_int;

const GO_ON: c_int = 0;
/// Any other code ends the walk; this is `_URC_END_OF_STACK`.
const ENOUGH: c_int = 5;

/// The return addresses of the calling thread, innermost first.
pub(crate) struct Frames {
    addresses: [usize; FRAMES],
    count: usize,
}

impl Frames {
    pub fn here() -> Frames {
        let mut frames = Frames { addresses: [0; FRAMES], count: 0 };
        let argument: *mut Frames = &mut frames;
        // SAFETY: `visit` gets back the pointer to `frames`, which outlives the walk and is used by it alone.
        unsafe { _Unwind_Backtrace(visit, argument.cast()) };
        frames
    }

    pub fn addresses(&self) -> &[usize] {
        &self.addresses[..self.count]
    }
}

extern "C" fn visit(context: *mut c_void, argument: *mut c_void) -> c_int {
    // SAFETY: `argument` is the `Frames` that `here` gave; `context` is the unwinder's, valid during this call.
    let (frames, address) = unsafe { (&mut *argument.cast::<Frames>(), _Unwind_GetIP(context)) };
    if frames.count == FRAMES || address == 0 {
        return ENOUGH;
    }
    frames.addresses[frames.count] = address;
    frames.count += 1;
    GO_ON
}

/// The file an address belongs to and its offset there.
pub(crate) fn place(address: usize) -> Option<(&'static CStr, usize)> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `dladdr` only reads the list of loaded files; all-zero bytes are a valid `Dl_info`. The name
    // belongs to a file that is never unloaded, since we load none.
    unsafe {
        if libc::dladdr(address as *const c_void, found.as_mut_ptr()) == 0 {
            return None;
        }
        let found = found.assume_init();
        if found.dli_fname.is_null() {
            return None;
        }
        Some((CStr::from_ptr(found.dli_fname), address - found.dli_fbase as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn deep(levels: usize) -> Frames {
        if levels == 0 { Frames::here() } else { std::hint::black_box(deep(levels - 1)) }
    }

    #[test]
    fn frames_are_walked_and_placed_in_this_program() {
        let (shallow, deeper, endless) = (deep(0), deep(10), deep(300));
        assert!(deeper.addresses().len() >= shallow.addresses().len() + 10 || deeper.count == FRAMES);
        assert_eq!(endless.addresses().len(), FRAMES);
        let (file, offset) = place(endless.addresses()[1]).unwrap();
        assert!(file.to_string_lossy().contains("os-"), "{file:?}");
        assert!(offset > 0);
        assert!(place(8).is_none());
    }
}
