//! LZF: a compression that is fast and weak, as Redis uses it for inner nodes of lists and for long strings in files.
//!
//! ```text
//!   000lllll  bytes            l + 1 bytes as they are (1 to 32)
//!   lllooooo  oooooooo         l + 2 bytes (3 to 8) from o + 1 bytes back (1 to 8192)
//!   111ooooo  llllllll  o...   l + 9 bytes (9 to 264) from o + 1 bytes back
//! ```
//!
//! The format is Marc Lehmann's; what is written here is read by LibLZF and the other way round. Compressed bytes may
//! come from files and from clients (RESTORE): [`decompress`] checks each step.

/// Longest run of bytes as they are.
const LITERALS: usize = 32;
/// Farthest and longest copy.
const REACH: usize = 1 << 13;
const LONGEST: usize = 264;
/// The most bytes that one byte of input can stand for: three tell of up to 264.
const MOST_PER_BYTE: usize = LONGEST / 3;

/// Slots of the table of places: one for each hash of three bytes.
const SLOTS_LOG: u32 = 13;

/// Compresses into `out`, which is emptied first. True if the result has at most `most` bytes; what `out` holds
/// otherwise is of no use. `O(n)`.
pub fn compress(input: &[u8], most: usize, out: &mut Vec<u8>) -> bool {
    out.clear();
    if u32::try_from(input.len()).is_err() {
        return false;
    }
    // Where three bytes with this hash were seen last. Only a guess, checked where it is used: 0 may mean never.
    let mut seen = [0u32; 1 << SLOTS_LOG];
    let (mut at, mut plain) = (0, 0);
    while at + 2 < input.len() {
        let slot = &mut seen[hash(&input[at..at + 3])];
        let before = std::mem::replace(slot, at as u32) as usize;
        let matches = before < at && at - before <= REACH && input[before..before + 3] == input[at..at + 3];
        if !matches {
            at += 1;
            continue;
        }
        literals(&input[plain..at], out);
        let len = common(input, before, at);
        copy(at - before - 1, len, out);
        if out.len() > most {
            return false;
        }
        let end = at + len;
        // The last places of what was copied are worth remembering; all of them are not worth the time.
        for place in end.saturating_sub(2)..end.min(input.len().saturating_sub(2)) {
            seen[hash(&input[place..place + 3])] = place as u32;
        }
        (at, plain) = (end, end);
    }
    literals(&input[plain..], out);
    out.len() <= most
}

#[inline]
fn hash(three: &[u8]) -> usize {
    let value = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
    (value.wrapping_mul(0x9E37_79B1) >> (32 - SLOTS_LOG)) as usize
}

/// How many bytes at two places are the same, as far as one copy reaches.
fn common(input: &[u8], before: usize, at: usize) -> usize {
    let most = LONGEST.min(input.len() - at);
    let pairs = input[before..before + most].iter().zip(&input[at..at + most]);
    pairs.take_while(|(old, new)| old == new).count()
}

fn literals(bytes: &[u8], out: &mut Vec<u8>) {
    for run in bytes.chunks(LITERALS) {
        out.push(run.len() as u8 - 1);
        out.extend_from_slice(run);
    }
}

fn copy(back: usize, len: usize, out: &mut Vec<u8>) {
    let (high, low) = ((back >> 8) as u8, back as u8);
    match len - 2 {
        short @ 1..7 => out.extend_from_slice(&[(short as u8) << 5 | high, low]),
        long => out.extend_from_slice(&[7 << 5 | high, (long - 7) as u8, low]),
    }
}

/// Appends what compressed bytes stand for to `out`. False, with any bytes appended, if that is not exactly `len` bytes
/// or the input is no LZF. `O(len)`; nothing is allocated before `len` is known to be possible.
pub fn decompress(input: &[u8], len: usize, out: &mut Vec<u8>) -> bool {
    if len > input.len().saturating_mul(MOST_PER_BYTE) {
        return false;
    }
    out.reserve_exact(len);
    let end = out.len() + len;
    step_through(input, out.len(), end, out).is_some() && out.len() == end
}

fn step_through(mut input: &[u8], begin: usize, end: usize, out: &mut Vec<u8>) -> Option<()> {
    while let Some((&control, rest)) = input.split_first() {
        let control = usize::from(control);
        if control < LITERALS {
            let (run, rest) = rest.split_at_checked(control + 1)?;
            if run.len() > end - out.len() {
                return None;
            }
            out.extend_from_slice(run);
            input = rest;
            continue;
        }
        let (len, rest) = match control >> 5 {
            7 => (9 + usize::from(*rest.first()?), &rest[1..]),
            short => (2 + short, rest),
        };
        let (&low, rest) = rest.split_first()?;
        let back = (control & 0x1F) << 8 | usize::from(low);
        let from = out.len().checked_sub(back + 1).filter(|from| *from >= begin)?;
        if len > end - out.len() {
            return None;
        }
        repeat(out, from, len);
        input = rest;
    }
    Some(())
}

/// Appends `len` bytes that begin at `from`; they may run into themselves.
fn repeat(out: &mut Vec<u8>, from: usize, len: usize) {
    let mut left = len;
    while left > 0 {
        let take = left.min(out.len() - from);
        out.extend_from_within(from..from + take);
        left -= take;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(input: &[u8], len: usize) -> Option<Vec<u8>> {
        let mut out = b"before".to_vec();
        decompress(input, len, &mut out).then(|| out.split_off(6))
    }

    #[track_caller]
    fn there_and_back(input: &[u8]) -> usize {
        let mut packed = Vec::new();
        assert!(compress(input, usize::MAX, &mut packed));
        assert_eq!(back(&packed, input.len()).as_deref(), Some(input));
        packed.len()
    }

    /// Bytes taken from a DUMP of the peer: a string of 100 times `a`, and "abc" 20 times.
    #[test]
    fn what_the_peer_compressed_is_read() {
        assert_eq!(back(b"\x01aa\xe0W\x00\x01aa", 100).as_deref(), Some(&[b'a'; 100][..]));
        assert_eq!(back(b"\x03abca\xe0-\x02\x01bc", 60).as_deref(), Some(&b"abc".repeat(20)[..]));
    }

    #[test]
    fn what_repeats_gets_short() {
        assert_eq!(there_and_back(b""), 0);
        assert_eq!(there_and_back(b"ab"), 3);
        assert!(there_and_back(&[b'x'; 10_000]) < 150);
        assert!(there_and_back("a long sentence, said often. ".repeat(40).as_bytes()) < 60);
        let far: Vec<u8> = (0..3000u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
        assert!(there_and_back(&far) <= far.len() + far.len() / 32 + 1);
    }

    #[test]
    fn too_long_is_said() {
        let (input, mut out) = ([b'x'; 100], Vec::new());
        assert!(!compress(&input, 3, &mut out));
        assert!(!compress(b"abc", 3, &mut out));
        assert!(compress(b"abc", 4, &mut out));
    }

    #[test]
    fn what_is_no_lzf_is_refused() {
        for (bytes, len) in [
            (&b"\x05abc"[..], 6),   // ends within a run
            (b"\x20", 3),           // ends within a copy
            (b"\xe0\x01", 9),       // the same, long
            (b"\x00a\x20\x01", 4),  // from before the beginning
            (b"\x00a\x20\x00", 3),  // more than announced
            (b"\x00a", 2),          // less than announced
            (b"\x00a", usize::MAX), // more than can be
            (b"", 1),
        ] {
            assert_eq!(back(bytes, len), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn everything_comes_back(input in prop::collection::vec(0u8..4, 0..2000), noise in any::<Vec<u8>>()) {
            there_and_back(&input);
            there_and_back(&[&input[..], &noise, &input].concat());
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes in any::<Vec<u8>>(), len in 0usize..5000) {
            if let Some(out) = back(&bytes, len) {
                prop_assert_eq!(out.len(), len);
            }
        }
    }
}
