//! Checksums within the file, invisible to the peers.
//!
//! ```text
//!   file start                 mark A                               mark B
//!   | request request request  #CRC:310:0f3c…\r\n  request request  #CRC:402:77ab…\r\n  request …
//!   `------- sum in A -------´                     `--sum in B --´                      `- not covered yet
//! ```
//!
//! A mark is the line `#CRC:` offset `:` sum `\r\n`. The offset is where its `#` stands in the file, in decimal, counted
//! from the file's first byte (a preamble counts); the sum, 16 lower-case hexadecimal digits, is the CRC-64 of the bytes from
//! the end of the mark before it (or from the start of the file, or from the end of the preamble) to its `#`.
//!
//! **Invariants.** (1) There is one spelling of a mark for a place and a sum; every other spelling is damage. (2) `at - from`
//! bytes went into `crc`.

use stdx::crc::crc64;
use stdx::num::write_u64;

pub(super) const TAG: &[u8] = b"#CRC:";
/// Digits of a sum.
const SUM: usize = 16;
/// Bytes of the longest mark: tag, offset, colon, sum, line end.
pub(super) const LONGEST: usize = TAG.len() + 20 + 1 + SUM + 2;

/// The sum of a file since its last mark: what a writer keeps, and what a reader compares with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    crc: u64,
    /// Where the bytes begin that are summed.
    from: u64,
    /// Where they end, and the next ones belong.
    at: u64,
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
        Marks { crc: 0, from: at, at }
    }

    /// Bytes that were, or will be, appended to the file. `O(bytes)`, some 3 GB/s.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) {
        self.crc = crc64(self.crc, bytes);
        self.at = self.at.saturating_add(bytes.len() as u64);
    }

    /// Appends the mark of what was added since the last one to `to`, and begins anew behind it. What is in `to` before it
    /// must have been added, and the mark itself must not be.
    pub fn mark(&mut self, to: &mut Vec<u8>) {
        let before = to.len();
        self.spell(to);
        *self = Marks::new(self.at.saturating_add((to.len() - before) as u64));
    }

    /// The mark that would be right here.
    pub(super) fn spell(&self, to: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        to.extend_from_slice(TAG);
        write_u64(to, self.at);
        to.push(b':');
        to.extend((0..SUM).rev().map(|n| HEX[(self.crc >> (4 * n)) as usize & 15]));
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

    pub(super) fn from(&self) -> u64 {
        self.from
    }
}

/// Whether a line that has not the tag of a mark ends as one does: then its tag was damaged.
pub(super) fn ends_as_mark(line: &[u8]) -> bool {
    let Some(body) = line.strip_suffix(b"\r\n") else { return false };
    let Some(at) = body.len().checked_sub(SUM + 1) else { return false };
    body[at] == b':' && body[at + 1..].iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a whole mark that belongs to this offset stands at the head of `bytes`, whatever its sum is.
pub(super) fn is_mark_of(offset: u64, bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(TAG) else { return false };
    let mut digits = Vec::with_capacity(LONGEST);
    write_u64(&mut digits, offset);
    let Some(rest) = rest.strip_prefix(&digits[..]) else { return false };
    rest.get(..SUM + 3).is_some_and(ends_as_mark)
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
