//! SipHash-1-3 in one call: the keyed hash of the keyspace and of every hash, set and sorted set.
//!
//! Keyed, because clients choose the keys: without a secret they could choose ones that collide. One round per
//! word and three at the end is what the peers and std settled on for tables.
//!
//! The road not taken: `siphasher`'s streaming hasher keeps a tail between calls, which costs more than the
//! hash itself for keys of sixteen bytes. Here the whole key is known, so the tail is one unaligned load that
//! overlaps the last whole word, and there is no loop over bytes anywhere.
//!
//! **Invariants.** (1) `hash` equals SipHash-1-3 of the reference, for every key and length. (2) `hash_nocase(x)`
//! equals `hash(lowercase(x))`.

/// SipHash-1-3 of `bytes` under the 128-bit key `k0, k1` (its two little-endian halves). Linear.
#[inline]
pub fn hash(k0: u64, k1: u64, bytes: &[u8]) -> u64 {
    hash_mapped(k0, k1, bytes, |word| word)
}

/// [`hash`] of `bytes` with ASCII letters in lower case: names that differ only in case collide. Linear.
#[inline]
pub fn hash_nocase(k0: u64, k1: u64, bytes: &[u8]) -> u64 {
    hash_mapped(k0, k1, bytes, lowercase)
}

#[inline(always)]
fn hash_mapped(k0: u64, k1: u64, bytes: &[u8], map: impl Fn(u64) -> u64) -> u64 {
    let mut state = State::new(k0, k1);
    let (words, _) = bytes.as_chunks::<8>();
    for word in words {
        state.absorb(map(u64::from_le_bytes(*word)));
    }
    // The top byte of the last word is the length modulo 256; the tail never reaches it.
    state.absorb(map(tail(bytes)) | (bytes.len() as u64) << 56);
    state.finish()
}

/// The last `len % 8` bytes, little-endian, zeros above.
#[inline(always)]
fn tail(bytes: &[u8]) -> u64 {
    let rest = bytes.len() % 8;
    if rest == 0 {
        return 0;
    }
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last) >> (64 - 8 * rest);
    }
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let high = u64::from(u32::from_le_bytes(*last)) << (8 * (rest - 4));
            u64::from(u32::from_le_bytes(*first)) | high
        }
        // One to three bytes: first, middle and last name them all, some of them twice.
        _ => {
            let middle = rest / 2;
            let last = rest - 1;
            u64::from(bytes[0])
                | u64::from(bytes[middle]) << (8 * middle)
                | u64::from(bytes[last]) << (8 * last)
        }
    }
}

/// Eight bytes at once: adds 0x20 to each that is an upper-case ASCII letter.
#[inline(always)]
fn lowercase(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low7 = word & (0x7f * EACH);
    // Bit 7 of each byte: at least 'A', and above 'Z'. Seven bits plus these never carry into the next byte.
    let from_a = low7 + (0x80 - b'A' as u64) * EACH;
    let above_z = low7 + (0x7f - b'Z' as u64) * EACH;
    let upper = from_a & !above_z & !word & (0x80 * EACH);
    word | upper >> 2
}

struct State {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl State {
    #[inline(always)]
    fn new(k0: u64, k1: u64) -> Self {
        // The algorithm's constants: "somepseudorandomlygeneratedbytes".
        State {
            v0: k0 ^ 0x736f_6d65_7073_6575,
            v1: k1 ^ 0x646f_7261_6e64_6f6d,
            v2: k0 ^ 0x6c79_6765_6e65_7261,
            v3: k1 ^ 0x7465_6462_7974_6573,
        }
    }

    #[inline(always)]
    fn absorb(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.v0 ^= word;
    }

    #[inline(always)]
    fn finish(mut self) -> u64 {
        self.v2 ^= 0xff;
        self.round();
        self.round();
        self.round();
        self.v0 ^ self.v1 ^ self.v2 ^ self.v3
    }

    #[inline(always)]
    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use siphasher::sip::SipHasher13;

    #[test]
    fn every_length_agrees_with_the_library() {
        let bytes: Vec<u8> = (0..=255).cycle().map(|b: u8| b.wrapping_mul(37) ^ 0xa5).take(600).collect();
        let library = SipHasher13::new_with_keys(1, 2);
        for len in 0..bytes.len() {
            assert_eq!(hash(1, 2, &bytes[..len]), library.hash(&bytes[..len]), "length {len}");
        }
    }

    #[test]
    fn every_byte_is_lowered_as_std_does() {
        for byte in 0..=255u8 {
            let mixed = [byte, b'Z', byte, b'@', byte, b'[', byte, b'a'];
            let lowered = mixed.map(|b| b.to_ascii_lowercase());
            assert_eq!(lowercase(u64::from_le_bytes(mixed)).to_le_bytes(), lowered);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_library(k0: u64, k1: u64, bytes: Vec<u8>) {
            let library = SipHasher13::new_with_keys(k0, k1);
            prop_assert_eq!(hash(k0, k1, &bytes), library.hash(&bytes));
            prop_assert_eq!(hash_nocase(k0, k1, &bytes), library.hash(&bytes.to_ascii_lowercase()));
        }
    }
}
