//! x86-64: SSE2 is part of the baseline.

use std::arch::x86_64::{__m128i, _mm_cmpeq_epi8, _mm_load_si128, _mm_movemask_epi8, _mm_set1_epi8};

use super::{ALL, FIRST, Tail};

#[inline(always)]
pub fn equal(tail: &Tail, tag: u8) -> u32 {
    // SAFETY: SSE2 is always there on x86-64; `Tail` has sixteen bytes and their alignment.
    let mask = unsafe {
        let bytes = _mm_load_si128((tail as *const Tail).cast::<__m128i>());
        _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(tag as i8)))
    };
    (mask as u32 >> FIRST) & ALL
}
