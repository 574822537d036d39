//! Everywhere else: eight bytes of a word at once, with ordinary arithmetic.
//!
//! A byte of `x` is zero exactly if bit 7 of `((x & 0x7F) + 0x7F) | x` is not set. No carry leaves a byte, so the
//! answer is exact for each of them. The multiplication then collects the eight bits 7 into the top byte.

use super::{ALL, FIRST, Tail};

const LOW_SEVEN: u64 = 0x7F7F_7F7F_7F7F_7F7F;
const EACH: u64 = 0x0101_0101_0101_0101;
const COLLECT: u64 = 0x0102_0408_1020_4080;

#[inline]
pub fn equal(tail: &Tail, tag: u8) -> u32 {
    let all = u128::from_le_bytes(tail.0);
    let tags = EACH * u64::from(tag);
    let mask = zero_bytes(all as u64 ^ tags) | (zero_bytes((all >> 64) as u64 ^ tags) << 8);
    (mask >> FIRST) & ALL
}

#[inline]
fn zero_bytes(x: u64) -> u32 {
    let zero = !(((x & LOW_SEVEN) + LOW_SEVEN) | x | LOW_SEVEN);
    ((zero >> 7).wrapping_mul(COLLECT) >> 56) as u32
}
