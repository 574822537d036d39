//! aarch64: NEON is part of the baseline. It has no movemask; a bit per lane, added up by halves, stands in.

use std::arch::aarch64::{vaddv_u8, vandq_u8, vceqq_u8, vdupq_n_u8, vget_high_u8, vget_low_u8, vld1q_u8};

use super::{ALL, FIRST, Tail};

const LANES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

#[inline(always)]
pub fn equal(tail: &Tail, tag: u8) -> u32 {
    // SAFETY: NEON is always there on aarch64; both arrays have sixteen bytes.
    let mask = unsafe {
        let same = vceqq_u8(vld1q_u8(tail.0.as_ptr()), vdupq_n_u8(tag));
        let bits = vandq_u8(same, vld1q_u8(LANES.as_ptr()));
        u32::from(vaddv_u8(vget_low_u8(bits))) | u32::from(vaddv_u8(vget_high_u8(bits))) << 8
    };
    (mask >> FIRST) & ALL
}
