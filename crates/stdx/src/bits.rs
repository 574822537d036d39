//! Counting and finding bits in byte strings: the kernels of BITCOUNT and BITPOS.
//!
//! Bits are numbered as Redis numbers them: bit 0 is the *most* significant bit of byte 0.
//!
//! Counting: one `count_ones` costs about a dozen instructions where the CPU's popcnt may not be assumed. A
//! carry-save adder merges eight words into one that counts for eight first, so most words cost five logic
//! operations, and the compiler turns those into vector ones.
//!
//! **Invariants.** (1) Every answer equals that of looking at the bits one by one.

/// How many bits of `bytes` are set. Linear, eight bytes and more at a time.
pub fn popcount(bytes: &[u8]) -> u64 {
    let (words, tail) = bytes.as_chunks::<8>();
    let (blocks, rest) = words.as_chunks::<8>();
    let rest: u32 = rest.iter().map(|word| u64::from_ne_bytes(*word).count_ones()).sum();
    let tail: u32 = tail.iter().map(|byte| byte.count_ones()).sum();
    popcount_blocks(blocks) + u64::from(rest + tail)
}

/// Sums 64-byte blocks: `ones`, `twos` and `fours` hold, bit by bit, the binary digits of what is pending.
fn popcount_blocks(blocks: &[[[u8; 8]; 8]]) -> u64 {
    let (mut ones, mut twos, mut fours) = (0, 0, 0);
    let mut eights = 0;
    for block in blocks {
        let word = block.map(u64::from_ne_bytes);
        let (a, twos_a) = add(ones, word[0], word[1]);
        let (b, twos_b) = add(a, word[2], word[3]);
        let (c, twos_c) = add(b, word[4], word[5]);
        let (d, twos_d) = add(c, word[6], word[7]);
        let (e, fours_a) = add(twos, twos_a, twos_b);
        let (f, fours_b) = add(e, twos_c, twos_d);
        let (g, carry) = add(fours, fours_a, fours_b);
        (ones, twos, fours) = (d, f, g);
        eights += u64::from(carry.count_ones());
    }
    let pending = ones.count_ones() + 2 * twos.count_ones() + 4 * fours.count_ones();
    8 * eights + u64::from(pending)
}

/// Adds three bits in each of 64 places: the sum's low digits, and its carries.
#[inline(always)]
fn add(a: u64, b: u64, c: u64) -> (u64, u64) {
    let half = a ^ b;
    (half ^ c, (a & b) | (half & c))
}

/// The position of the first bit that equals `value`, counted from the most significant bit of byte 0.
///
/// `None` if there is none. Linear up to the bit found, eight bytes at a time.
pub fn first_bit(bytes: &[u8], value: bool) -> Option<u64> {
    // Looking for a clear bit is looking for a set one in the complement.
    let flip = if value { 0 } else { u64::MAX };
    let (words, tail) = bytes.as_chunks::<8>();
    let found = words.iter().position(|word| u64::from_ne_bytes(*word) != flip);
    if let Some(index) = found {
        let word = u64::from_be_bytes(words[index]) ^ flip;
        return Some(index as u64 * 64 + u64::from(word.leading_zeros()));
    }
    let index = tail.iter().position(|&byte| byte != flip as u8)?;
    let bit = (tail[index] ^ flip as u8).leading_zeros();
    Some((words.len() as u64 * 8 + index as u64) * 8 + u64::from(bit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive_first_bit(bytes: &[u8], value: bool) -> Option<u64> {
        let bit = |at: u64| bytes[at as usize / 8] >> (7 - at % 8) & 1 == 1;
        (0..bytes.len() as u64 * 8).find(|&at| bit(at) == value)
    }

    #[test]
    fn bits_are_numbered_from_the_top() {
        assert_eq!(first_bit(b"\xff\xf0\x00", false), Some(12));
        assert_eq!(first_bit(b"\x00\xff\xf0", true), Some(8));
        assert_eq!(first_bit(b"\x01", true), Some(7));
        assert_eq!(first_bit(b"", true), None);
        assert_eq!(first_bit(&[0; 100], true), None);
        assert_eq!(first_bit(&[0xff; 100], false), None);
    }

    #[test]
    fn every_place_is_found() {
        for at in 0..200usize {
            let mut bytes = vec![0u8; 25];
            bytes[at / 8] = 0x80 >> (at % 8);
            assert_eq!(first_bit(&bytes, true), Some(at as u64));
            assert_eq!(popcount(&bytes), 1);
            bytes.iter_mut().for_each(|byte| *byte = !*byte);
            assert_eq!(first_bit(&bytes, false), Some(at as u64));
            assert_eq!(popcount(&bytes), 199);
        }
    }

    #[test]
    fn full_bytes_are_counted() {
        for len in 0..300 {
            assert_eq!(popcount(&vec![0xff; len]), len as u64 * 8);
        }
    }

    proptest! {
        #[test]
        fn agree_with_one_bit_at_a_time(mut bytes in prop::collection::vec(any::<u8>(), 0..700), blank in 0usize..700) {
            prop_assert_eq!(popcount(&bytes), bytes.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>());
            let blank = blank.min(bytes.len());
            for value in [true, false] {
                bytes[..blank].fill(if value { 0 } else { 0xff });
                prop_assert_eq!(first_bit(&bytes, value), naive_first_bit(&bytes, value));
            }
        }
    }
}
