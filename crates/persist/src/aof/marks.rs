//! Checksums within the file, invisible to the peers.
//!
//! ```text
//!   file start                 mark A                               mark B
//!   | request request request  #CRC:310:0f3c…\r\n  request request  #CRC:402:77ab…\r\n  request …
//!   `------- sum in A -------´                     `--sum in B --´                      `- not covered yet
//! ```
//!
//! A mark is the line `#CRC:` offset `:` sum `:` synced `\r\n`. The offset is where its `#` stands in the file, in decimal,
//! counted from the file's first byte (a preamble counts). Synced says how much of the file was known to be durable when the
//! mark was written. The sum, 16 lower-case hexadecimal digits, is the CRC-64 of the bytes from the end of the mark before it
//! (or from the start of the file, or from the end of the preamble) to its `#`, and of the digits of `synced`. A mark without
//! `:synced` is of an older form, and says nothing about that.
//!
//! **Invariants.** (1) There is one spelling of a mark for a place, a sum and what is synced; every other spelling is damage.
//! (2) `at - from` bytes went into `crc`. (3) `zeros` is true if one of them is in a whole block of zeros ([`BLOCK`]).

use stdx::crc::crc64;
use stdx::num::{Decimal, write_u64};

pub(super) const TAG: &[u8] = b"#CRC:";
/// Digits of a sum.
const SUM: usize = 16;
/// Bytes of the longest mark: tag, offset, colon, sum, colon, synced, line end.
pub(super) const LONGEST: usize = TAG.len() + 20 + 1 + SUM + 1 + 20 + 2;
/// What a disk writes whole or not at all: a loss of power leaves blocks of so many zeros, or of several times as many.
pub(super) const BLOCK: usize = 512;

/// The sum of a file since its last mark: what a writer keeps, and what a reader compares with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    crc: u64,
    /// Where the bytes begin that are summed.
    from: u64,
    /// Where they end, and the next ones belong.
    at: u64,
    zeros: bool,
}

impl Default for Marks {
    /// Those of an empty file.
    fn default() -> Self {
        Marks::new(0)
    }
}

impl Marks {
    /// `at`: where the part begins that has marks: 0, or the end of the preamble.
    pub fn new(at: u64) -> Self {
        Marks { crc: 0, from: at, at, zeros: false }
    }

    /// Bytes that were, or will be, appended to the file. `O(bytes)`, some 3 GB/s.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) {
        self.zeros |= bytes.len() >= BLOCK && zero_block(self.at, bytes).is_some();
        self.crc = crc64(self.crc, bytes);
        self.at = self.at.saturating_add(bytes.len() as u64);
    }

    /// Appends the mark of what was added since the last one to `to`, and begins anew behind it. What is in `to` before it
    /// must have been added, and the mark itself must not be. It says nothing about what is durable.
    pub fn mark(&mut self, to: &mut Vec<u8>) {
        self.mark_as(to, None);
    }

    /// As [`Marks::mark`]; the mark says that the first `synced` bytes of the file are durable.
    ///
    /// A mark that says so of all before it closes the file: what comes behind it may be of another server.
    pub fn mark_synced(&mut self, to: &mut Vec<u8>, synced: u64) {
        self.mark_as(to, Some(synced.min(self.at)));
    }

    fn mark_as(&mut self, to: &mut Vec<u8>, synced: Option<u64>) {
        let before = to.len();
        self.spell(to, synced);
        *self = Marks::new(self.at.saturating_add((to.len() - before) as u64));
    }

    /// The mark that would be right here.
    pub(super) fn spell(&self, to: &mut Vec<u8>, synced: Option<u64>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let (mut digits, mut crc) = (Decimal::new(), self.crc);
        let digits = synced.map(|synced| digits.of(i64::try_from(synced).unwrap_or(i64::MAX)));
        to.extend_from_slice(TAG);
        write_u64(to, self.at);
        to.push(b':');
        if let Some(digits) = digits {
            crc = crc64(crc, digits);
        }
        to.extend((0..SUM).rev().map(|n| HEX[(crc >> (4 * n)) as usize & 15]));
        if let Some(digits) = digits {
            to.push(b':');
            to.extend_from_slice(digits);
        }
        to.extend_from_slice(b"\r\n");
    }

    /// The offset in the file behind everything that was added.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Bytes that no mark covers yet.
    pub fn uncovered(&self) -> u64 {
        self.at - self.from
    }

    /// Whether what no mark covers yet has a block in it that is as a loss of power leaves them, so that a mark must
    /// follow at once: one that no mark covers is taken for lost.
    pub fn looks_lost(&self) -> bool {
        self.zeros
    }

    pub(super) fn from(&self) -> u64 {
        self.from
    }
}

/// Whether a line that has not the tag of a mark ends as one does: then its tag was damaged.
pub(super) fn ends_as_mark(line: &[u8]) -> bool {
    let Some(body) = line.strip_suffix(b"\r\n") else { return false };
    let digits = body.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = &body[..body.len() - digits];
    ends_as_sum(body) || (digits > 0 && before.strip_suffix(b":").is_some_and(ends_as_sum))
}

fn ends_as_sum(body: &[u8]) -> bool {
    let Some(at) = body.len().checked_sub(SUM + 1) else { return false };
    body[at] == b':' && body[at + 1..].iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What a mark says is durable, if one that belongs to this offset stands at the head of `bytes`, whatever its sum is.
pub(super) fn told_at(offset: u64, bytes: &[u8]) -> Option<Option<u64>> {
    let mut digits = Vec::with_capacity(LONGEST);
    write_u64(&mut digits, offset);
    let rest = bytes.strip_prefix(TAG)?.strip_prefix(&digits[..])?;
    if !ends_as_sum(rest.get(..SUM + 1)?) {
        return None;
    }
    let rest = &rest[SUM + 1..];
    if rest.starts_with(b"\r\n") {
        return Some(None);
    }
    let rest = rest.strip_prefix(b":")?;
    let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let synced = stdx::num::parse_i64(&rest[..len]).and_then(|synced| u64::try_from(synced).ok())?;
    rest[len..].starts_with(b"\r\n").then_some(Some(synced))
}

/// Whether a whole mark that belongs to this offset stands at the head of `bytes`, whatever its sum is.
pub(super) fn is_mark_of(offset: u64, bytes: &[u8]) -> bool {
    told_at(offset, bytes).is_some()
}

/// Where the first whole block of zeros begins in bytes that stand at `offset` of the file. Looks at eight bytes of each
/// block, as a rule.
pub(super) fn zero_block(offset: u64, bytes: &[u8]) -> Option<u64> {
    let ahead = (offset.wrapping_neg() % BLOCK as u64) as usize;
    let blocks = bytes.get(ahead..)?.as_chunks::<BLOCK>().0;
    let lost = |block: &[u8; BLOCK]| block[..8] == [0; 8] && block.iter().all(|byte| *byte == 0);
    Some(offset + (ahead + BLOCK * blocks.iter().position(lost)?) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_covers_what_came_since_the_last() {
        let (mut marks, mut file) = (Marks::new(0), Vec::new());
        for text in [&b"123456789"[..], b"", b"123456789"] {
            file.extend_from_slice(text);
            marks.add(text);
            assert_eq!(marks.uncovered(), text.len() as u64);
            marks.mark(&mut file);
            assert_eq!((marks.at(), marks.uncovered()), (file.len() as u64, 0));
        }
        let expected = b"123456789#CRC:9:e9c6d914c4b8d9ca\r\n#CRC:34:0000000000000000\r\n\
            123456789#CRC:69:e9c6d914c4b8d9ca\r\n";
        assert_eq!(file.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    #[test]
    fn a_mark_says_what_is_durable_and_its_sum_covers_that() {
        let (mut marks, mut file) = (Marks::new(0), b"123456789".to_vec());
        marks.add(b"123456789");
        marks.mark_synced(&mut file, 5);
        assert_eq!(told_at(9, &file[9..]), Some(Some(5)));
        assert_eq!((told_at(8, &file[9..]), told_at(9, &file[9..file.len() - 1])), (None, None));
        assert_eq!(told_at(9, b"#CRC:9:e9c6d914c4b8d9ca\r\n"), Some(None));
        let mut other = Vec::new();
        let mut marks = Marks::new(0);
        marks.add(b"123456789");
        marks.mark_synced(&mut other, 4);
        assert_ne!(file[9 + 7..9 + 23], other[7..23], "the sums");
        assert!(ends_as_mark(&file[9..]) && ends_as_mark(b":e9c6d914c4b8d9ca:1\r\n"));
    }

    #[test]
    fn blocks_of_zeros_are_found_where_blocks_begin() {
        let zeros = [0; 3 * BLOCK];
        for (offset, len, found) in [
            (0, 511, None),
            (0, 512, Some(0)),
            (1, 1022, None),
            (1, 1023, Some(512)),
            (1024, 512, Some(1024)),
        ] {
            assert_eq!(zero_block(offset, &zeros[..len]), found, "{offset}, {len}");
        }
        let mut bytes = [0; 4 * BLOCK];
        (bytes[511], bytes[512], bytes[2000]) = (1, 1, 1);
        assert_eq!(zero_block(0, &bytes), Some(1024));
        let mut marks = Marks::new(0);
        marks.add(&bytes[..1500]);
        assert!(!marks.looks_lost());
        marks.add(&zeros);
        assert!(marks.looks_lost());
    }

    #[test]
    fn marks_are_known_by_their_end_and_place() {
        assert!(ends_as_mark(b"#CRB:9:e9c6d914c4b8d9ca\r\n") && ends_as_mark(b":e9c6d914c4b8d9ca\r\n"));
        assert!(!ends_as_mark(b"#CRC:9:E9c6d914c4b8d9ca\r\n") && !ends_as_mark(b"#TS:12\r\n"));
        assert!(!ends_as_mark(b"") && !ends_as_mark(b"\r\n") && !ends_as_mark(b":0123456789abcdef\n"));
        assert!(is_mark_of(9, b"#CRC:9:e9c6d914c4b8d9ca\r\nand more"));
        assert!(
            !is_mark_of(8, b"#CRC:9:e9c6d914c4b8d9ca\r\n") && !is_mark_of(9, b"#CRC:9:e9c6d914c4b8d9ca\r")
        );
        assert!(!is_mark_of(9, b"#CRC:99:e9c6d914c4b8d9ca\r\n"));
    }
}
