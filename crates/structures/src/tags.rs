//! Nine tag bytes compared with one at once.
//!
//! The contract, one thin file per instruction set: given the last sixteen bytes of a bucket,
//!
//! ```text
//!   byte   0..6        6..15            15
//!          (pointers)  nine tags        meta
//! ```
//!
//! `equal(tail, tag)` has bit `n` set exactly if tag `n` equals `tag`, for `n` in `0..9`, and no other bit.
//! [`swar`] is the reference, compiled everywhere and tested against the native one.

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod sse2;
pub mod swar;

#[cfg(target_arch = "aarch64")]
pub use neon::equal;
#[cfg(target_arch = "x86_64")]
pub use sse2::equal;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub use swar::equal;

/// Where the first tag is.
pub const FIRST: u32 = 6;
/// One bit per tag.
pub const ALL: u32 = 0x1FF;

/// The sixteen bytes, aligned as they are in a bucket.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct Tail(pub [u8; 16]);

/// Asks for the cache line `address` is in; never faults, whatever the address.
#[inline(always)]
pub fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; the instruction cannot fault.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a hint; the instruction cannot fault.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, readonly, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn obvious(tail: &Tail, tag: u8) -> u32 {
        (0..9).filter(|&n| tail.0[FIRST as usize + n] == tag).map(|n| 1 << n).sum()
    }

    proptest! {
        #[test]
        fn every_way_of_comparing_agrees(bytes: [u8; 16], few in proptest::array::uniform16(0u8..3), tag: u8) {
            for (tail, tag) in [(Tail(bytes), tag), (Tail(few), tag % 3), (Tail(bytes), bytes[9])] {
                prop_assert_eq!(equal(&tail, tag), obvious(&tail, tag));
                prop_assert_eq!(swar::equal(&tail, tag), obvious(&tail, tag));
            }
        }
    }
}
