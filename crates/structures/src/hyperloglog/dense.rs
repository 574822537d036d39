//! Registers of six bits, one after the other from the lowest bit of the first byte on:
//!
//! ```text
//!   byte 0     byte 1     byte 2     byte 3
//!   11000000   22221111   33333322   ...
//! ```
//!
//! Four registers are three bytes. In bulk they are spread to a byte each eight at a time, within a word: that takes
//! no table, no branch and no unsafe code, and leaves what follows (the greater of two, byte by byte) to vectors.

use super::REGISTERS;

/// Bytes of all registers.
pub const LEN: usize = REGISTERS / 8 * 6;
const MASK: u8 = 0x3f;

/// One register. Panics if `index` is not below [`REGISTERS`], or `packed` shorter than [`LEN`].
#[inline]
pub fn get(packed: &[u8], index: usize) -> u8 {
    (pair(packed, index) >> shift(index)) as u8 & MASK
}

/// Raises a register to a rank, if it is lower. True if it was.
#[inline]
pub fn raise(packed: &mut [u8], index: usize, rank: u8) -> bool {
    let (pair, shift) = (pair(packed, index), shift(index));
    if (pair >> shift) as u8 & MASK >= rank {
        return false;
    }
    let [low, high] = (pair & !(u16::from(MASK) << shift) | u16::from(rank & MASK) << shift).to_le_bytes();
    packed[index * 6 / 8] = low;
    if let Some(byte) = packed.get_mut(index * 6 / 8 + 1) {
        *byte = high;
    }
    true
}

/// The byte a register begins in and the one after it, which the last register has no need of.
#[inline]
fn pair(packed: &[u8], index: usize) -> u16 {
    let at = index * 6 / 8;
    u16::from_le_bytes([packed[at], packed.get(at + 1).copied().unwrap_or(0)])
}

#[inline]
fn shift(index: usize) -> usize {
    index * 6 % 8
}

/// Six bytes as eight, one register in each.
#[inline(always)]
fn spread(packed: &[u8; 6]) -> [u8; 8] {
    let [a, b, c, d, e, f] = *packed;
    let word = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
    // Halves apart, then quarters, then registers.
    let word = (word & 0x00ff_ffff) | (word & 0xffff_ff00_0000) << 8;
    let word = (word & 0x0000_0fff_0000_0fff) | (word & 0x00ff_f000_00ff_f000) << 4;
    let word = (word & 0x003f_003f_003f_003f) | (word & 0x0fc0_0fc0_0fc0_0fc0) << 2;
    word.to_le_bytes()
}

/// The inverse of [`spread`]; of each byte the lower six bits count.
#[inline(always)]
fn squeeze(spread: [u8; 8]) -> [u8; 6] {
    let word = u64::from_le_bytes(spread);
    let word = (word & 0x003f_003f_003f_003f) | (word & 0x3f00_3f00_3f00_3f00) >> 2;
    let word = (word & 0x0000_0fff_0000_0fff) | (word & 0x0fff_0000_0fff_0000) >> 4;
    let word = (word & 0x00ff_ffff) | (word & 0x00ff_ffff_0000_0000) >> 8;
    let [a, b, c, d, e, f, _, _] = word.to_le_bytes();
    [a, b, c, d, e, f]
}

/// Raises each register to the one here, if it is lower.
pub(super) fn merge(packed: &[u8], registers: &mut [u8; REGISTERS]) {
    let mut block = [0; 64];
    for (packed, registers) in packed.chunks_exact(48).zip(registers.as_chunks_mut::<64>().0) {
        for (six, eight) in packed.as_chunks::<6>().0.iter().zip(block.as_chunks_mut::<8>().0) {
            *eight = spread(six);
        }
        for (register, new) in registers.iter_mut().zip(&block) {
            *register = (*register).max(*new);
        }
    }
}

pub(super) fn pack(registers: &[u8; REGISTERS], packed: &mut [u8]) {
    for (eight, six) in registers.as_chunks::<8>().0.iter().zip(packed.as_chunks_mut::<6>().0) {
        *six = squeeze(*eight);
    }
}

/// How many registers have which rank.
pub(super) fn histogram(packed: &[u8], histogram: &mut [u32; 64]) {
    let mut registers = [0; 512];
    for packed in packed.chunks_exact(384) {
        for (six, eight) in packed.as_chunks::<6>().0.iter().zip(registers.as_chunks_mut::<8>().0) {
            *eight = spread(six);
        }
        count_bytes(&registers, histogram);
    }
}

/// The same of registers of a byte each; a multiple of four. Four histograms, since neighbours are often of the same
/// rank, and a counter that was just written is slow to read.
pub(super) fn count_bytes(registers: &[u8], histogram: &mut [u32; 64]) {
    let mut apart = [[0u32; 64]; 4];
    for four in registers.as_chunks::<4>().0 {
        for (counts, register) in apart.iter_mut().zip(four) {
            counts[usize::from(register & MASK)] += 1;
        }
    }
    for counts in &apart {
        for (sum, count) in histogram.iter_mut().zip(counts) {
            *sum += count;
        }
    }
}
