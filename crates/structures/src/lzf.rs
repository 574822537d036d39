//! LZF: a compression that is fast and weak, as Redis uses it for inner nodes of lists and for long strings in files.
//!
//! ```text
//!   000lllll  bytes            l + 1 bytes as they are (1 to 32)
//!   lllooooo  oooooooo         l + 2 bytes (3 to 8) from o + 1 bytes back (1 to 8192)
//!   111ooooo  llllllll  o...   l + 9 bytes (9 to 264) from o + 1 bytes back
//! ```
//!
//! A copy of three bytes saves one, and loses it again if bytes as they are come before and after it. Looking for four and
//! more costs 0 to 1 % in text and code, and makes packing a third faster and unpacking twice as fast.
//!
//! The format is Marc Lehmann's; what is written here is read by LibLZF and the other way round. Compressed bytes may
//! come from files and from clients (RESTORE): [`decompress`] checks each step.

use std::hint::select_unpredictable;
use std::ops::Range;

/// Longest run of bytes as they are.
const LITERALS: usize = 32;
/// Farthest and longest copy.
const REACH: usize = 1 << 13;
const LONGEST: usize = 264;
/// The most bytes that one byte of input can stand for: three tell of up to 264.
const MOST_PER_BYTE: usize = LONGEST / 3;

/// Slots of the table of places, as a power of two: for inputs of up to [`SHORT`] bytes, and for longer ones.
const SLOTS_LOG: u32 = 13;
const SLOTS_LOG_SHORT: u32 = 9;
const SHORT: usize = 512;
/// Bytes that may be written behind the last one that counts.
const ROOM: usize = LITERALS + 1;
/// After so many bytes without a copy, every second one is looked at, then every third ..., up to every [`STRIDE`]th: noise
/// is passed over fast, and what repeats after it is found still.
const PATIENCE: usize = 64;
const STRIDE: usize = 16;

/// Compresses into `out`, whatever is in it. True if the result has at most `most` bytes; what `out` holds
/// otherwise is of no use. `O(n)`. For many inputs a [`Compressor`] is faster.
pub fn compress(input: &[u8], most: usize, out: &mut Vec<u8>) -> bool {
    Compressor::new().compress(input, most, out)
}

/// What compresses many inputs: its table is cleared once and not for each of them.
///
/// **Invariant**: places of earlier inputs are below `base`, those of this one are not; so nothing need be forgotten.
pub struct Compressor {
    /// Where four bytes with this hash were seen last, plus `base`. Only a guess, checked where it is used.
    seen: [u32; 1 << SLOTS_LOG],
    base: u32,
}

impl Default for Compressor {
    fn default() -> Self {
        Compressor::new()
    }
}

impl Compressor {
    pub const fn new() -> Self {
        // Slots that were never written say 0, which is below.
        Compressor { seen: [0; 1 << SLOTS_LOG], base: 1 }
    }

    /// See [`compress`].
    pub fn compress(&mut self, input: &[u8], most: usize, out: &mut Vec<u8>) -> bool {
        let Some(end) = u32::try_from(input.len()).ok().filter(|len| *len < u32::MAX - 1) else {
            return false;
        };
        if self.base.checked_add(end).is_none() {
            *self = Compressor::new();
        }
        let shorter = match input.len() {
            ..=SHORT => self.run::<SLOTS_LOG_SHORT>(input, most, out),
            _ => self.run::<SLOTS_LOG>(input, most, out),
        };
        self.base += end;
        shorter
    }

    /// The table has `1 << LOG` slots in use.
    fn run<const LOG: u32>(&mut self, input: &[u8], most: usize, out: &mut Vec<u8>) -> bool {
        let Compressor { seen, base } = self;
        let most = most.min(longest(input.len()));
        out.resize(most + ROOM, 0);
        let (mut at, mut plain, mut to) = (0, 0, 0);
        while let Some(here) = four(input, at) {
            let place = *base + at as u32;
            let before = std::mem::replace(&mut seen[hash::<LOG>(here)], place);
            let back = (place - before) as usize;
            let matches = before >= *base && back <= REACH && four(input, at - back) == Some(here);
            if !matches {
                at += (1 + (at - plain) / PATIENCE).min(STRIDE);
                continue;
            }
            // A copy takes two bytes at least: from here on it cannot be few enough.
            if to + plain_size(at - plain) + 2 > most {
                return false;
            }
            to = literals(input, plain..at, out, to);
            let len = common(input, at - back, at);
            to = copy(back - 1, len, out, to);
            let end = at + len;
            // The last places of what was copied are worth remembering; all of them are not worth the time.
            for place in end - 2..end {
                let Some(here) = four(input, place) else { break };
                seen[hash::<LOG>(here)] = *base + place as u32;
            }
            (at, plain) = (end, end);
        }
        if to + plain_size(input.len() - plain) > most {
            return false;
        }
        to = literals(input, plain..input.len(), out, to);
        out.truncate(to);
        true
    }
}

/// Bytes that so many take as they are.
#[inline(always)]
fn plain_size(len: usize) -> usize {
    len + len.div_ceil(LITERALS)
}

/// No result is longer: a run and the copy after it take no more than the bytes they stand for, but for runs in a row.
fn longest(len: usize) -> usize {
    plain_size(len) + 1
}

/// Four bytes at a place, as a number.
#[inline(always)]
fn four(input: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*input.get(at..)?.first_chunk()?))
}

#[inline(always)]
fn hash<const LOG: u32>(four: u32) -> usize {
    (four.wrapping_mul(0x9E37_79B1) >> (32 - LOG)) as usize
}

/// How many bytes at two places are the same, as far as one copy reaches.
#[inline(always)]
fn common(input: &[u8], before: usize, at: usize) -> usize {
    if let (Some(old), Some(new)) = (eight(input, before), eight(input, at))
        && old != new
    {
        return (old ^ new).trailing_zeros() as usize / 8;
    }
    common_far(input, before, at)
}

#[inline(always)]
fn eight(input: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*input.get(at..)?.first_chunk::<8>()?))
}

fn common_far(input: &[u8], before: usize, at: usize) -> usize {
    let most = LONGEST.min(input.len() - at);
    let (old, new) = (&input[before..before + most], &input[at..at + most]);
    let mut len = 0;
    let (old_words, new_words) = (old.as_chunks::<8>().0, new.as_chunks::<8>().0);
    for (old, new) in old_words.iter().zip(new_words) {
        let differ = u64::from_le_bytes(*old) ^ u64::from_le_bytes(*new);
        if differ != 0 {
            return len + differ.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    len + old[len..].iter().zip(&new[len..]).take_while(|(old, new)| old == new).count()
}

/// Writes bytes as they are to `to`, for which there is room; returns what comes after them.
#[inline(always)]
fn literals(input: &[u8], which: Range<usize>, out: &mut [u8], to: usize) -> usize {
    let len = which.len();
    // As a rule they are few: so many are moved as may be, and what is too much is overwritten.
    if (1..=LITERALS).contains(&len)
        && let Some(from) = input[which.start..].first_chunk::<LITERALS>()
        && let Some(into) = out[to + 1..].first_chunk_mut::<LITERALS>()
    {
        *into = *from;
        out[to] = len as u8 - 1;
        return to + 1 + len;
    }
    many_literals(&input[which], out, to)
}

fn many_literals(bytes: &[u8], out: &mut [u8], mut to: usize) -> usize {
    for run in bytes.chunks(LITERALS) {
        out[to] = run.len() as u8 - 1;
        out[to + 1..to + 1 + run.len()].copy_from_slice(run);
        to += 1 + run.len();
    }
    to
}

#[inline(always)]
fn copy(back: usize, len: usize, out: &mut [u8], to: usize) -> usize {
    let (high, low) = ((back >> 8) as u8, back as u8);
    match len - 2 {
        short @ 1..7 => {
            out[to..to + 2].copy_from_slice(&[(short as u8) << 5 | high, low]);
            to + 2
        }
        long => {
            out[to..to + 3].copy_from_slice(&[7 << 5 | high, (long - 7) as u8, low]);
            to + 3
        }
    }
}

/// Appends what compressed bytes stand for to `out`. False, with any bytes appended, if that is not exactly `len` bytes
/// or the input is no LZF. `O(len)`; nothing is allocated before `len` is known to be possible.
pub fn decompress(input: &[u8], len: usize, out: &mut Vec<u8>) -> bool {
    if len > input.len().saturating_mul(MOST_PER_BYTE) {
        return false;
    }
    let begin = out.len();
    out.reserve_exact(len);
    out.resize(begin + len, 0);
    unpack(input, &mut out[begin..]).is_some()
}

/// Short runs and copies are moved as so many bytes at once, however short they are: what is too much is overwritten by
/// what follows.
const WIDE: usize = 16;

fn unpack(mut input: &[u8], out: &mut [u8]) -> Option<()> {
    let mut at = 0;
    loop {
        (input, at) = unpack_usual(input, out, at);
        let Some((&control, rest)) = input.split_first() else { break };
        let control = usize::from(control);
        if control < LITERALS {
            let len = control + 1;
            if len > rest.len() || len > out.len() - at {
                return None;
            }
            match (rest.first_chunk::<WIDE>(), out[at..].first_chunk_mut::<WIDE>()) {
                (Some(from), Some(to)) if len <= WIDE => *to = *from,
                _ => out[at..at + len].copy_from_slice(&rest[..len]),
            }
            (at, input) = (at + len, &rest[len..]);
            continue;
        }
        let (len, rest) = match control >> 5 {
            7 => (9 + usize::from(*rest.first()?), &rest[1..]),
            short => (2 + short, rest),
        };
        let (&low, rest) = rest.split_first()?;
        let back = ((control & 0x1F) << 8 | usize::from(low)) + 1;
        let from = at.checked_sub(back)?;
        if len > out.len() - at {
            return None;
        }
        repeat(out, from, at, len);
        (at, input) = (at + len, rest);
    }
    (at == out.len()).then_some(())
}

/// Bytes of the longest run, and of a short copy after it.
const USUAL: usize = 1 + LITERALS + 2;
/// The longest copy of two bytes.
const SHORT_COPY: usize = 8;

/// Unpacks pairs of a run, or none, and a short copy, up to where something else comes or the end is near; where that is.
///
/// Whether there is a run nobody can foresee, so that is no jump: the bytes of the longest one are moved in any case, and
/// what is too much is overwritten by what follows. Where the next pair begins is known before this one is unpacked.
#[inline(always)]
fn unpack_usual<'i>(mut input: &'i [u8], out: &mut [u8], mut at: usize) -> (&'i [u8], usize) {
    while let Some(pair) = input.first_chunk::<USUAL>()
        && let Some(room) = out.get_mut(at..at + LITERALS + SHORT_COPY)
    {
        let first = usize::from(pair[0]);
        let run = select_unpredictable(first < LITERALS, first + 1, 0);
        let copy = select_unpredictable(first < LITERALS, first + 2, 0);
        let (control, low) = (usize::from(pair[copy]), usize::from(pair[copy + 1]));
        let (to, back) = (at + run, ((control & 0x1F) << 8 | low) + 1);
        if !(LITERALS..7 << 5).contains(&control) || back < SHORT_COPY || back > to {
            break;
        }
        room[..LITERALS].copy_from_slice(&pair[1..=LITERALS]);
        out.copy_within(to - back..to - back + SHORT_COPY, to);
        at = to + (control >> 5) + 2;
        input = &input[copy + 2..];
    }
    (input, at)
}

/// Copies `len` bytes that begin at `from` to `at`, after it; they may run into themselves.
#[inline]
fn repeat(out: &mut [u8], from: usize, at: usize, len: usize) {
    let back = at - from;
    if len <= WIDE && back >= WIDE && at + WIDE <= out.len() {
        let (before, after) = out.split_at_mut(at);
        if let (Some(from), Some(to)) =
            (before[from..].first_chunk::<WIDE>(), after.first_chunk_mut::<WIDE>())
        {
            *to = *from;
        }
        return;
    }
    // Each time twice as much is there to be copied.
    let mut done = 0;
    while done < len {
        let take = (len - done).min(back + done);
        out.copy_within(from..from + take, at + done);
        done += take;
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

    /// Bytes that nothing can be made of.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn noise_stays_and_does_not_hide_what_comes_after_it() {
        let (mut input, mut out) = (noise(20_000), Vec::new());
        assert!(!compress(&input, input.len() - 4, &mut out));
        input.extend("a long sentence, said often. ".repeat(40).bytes());
        assert!(there_and_back(&input) < 20_000 + 20_000 / 32 + 700);
        input.extend(&noise(20_000)[15_000..]);
        assert!(!compress(&input, 15_000, &mut out));
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

    /// The table is not cleared between two inputs: what one has seen is no business of the next.
    #[test]
    fn one_compressor_for_many_inputs_gives_what_one_each_gives() {
        let (mut one, mut out, mut alone) = (Compressor::new(), Vec::new(), Vec::new());
        for n in 0..300usize {
            let input: Vec<u8> = (0..n * 7).map(|i| (i % (1 + n % 23)) as u8).collect();
            assert_eq!(one.compress(&input, n * 6, &mut out), compress(&input, n * 6, &mut alone), "{n}");
            assert_eq!(out, alone);
        }
        one.base = u32::MAX - 5;
        assert!(one.compress(&[b'x'; 100], 50, &mut out), "the numbers of places begin anew");
        assert_eq!((back(&out, 100), one.base), (Some(vec![b'x'; 100]), 101));
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
