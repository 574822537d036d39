//! Bytes that come from outside.

use super::code::{Element, as_int, back_size, read, read_back};
use super::{END, HEADER, Listpack, UNCOUNTED};

/// These bytes are no listpack. Where, and what is wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    pub offset: usize,
    pub what: &'static str,
}

impl std::fmt::Display for Corrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "listpack: {} at offset {}", self.what, self.offset)
    }
}

impl std::error::Error for Corrupt {}

fn corrupt(offset: usize, what: &'static str) -> Corrupt {
    Corrupt { offset, what }
}

impl Listpack {
    /// Looks at every byte that tells a length; never reads outside. `O(n)`.
    pub fn check(bytes: Vec<u8>) -> Result<Listpack, Corrupt> {
        walk(&bytes, |_| {})?;
        Ok(Listpack { bytes })
    }

    /// As [`Listpack::check`]; and whether all that reads as an integer is one (invariant 3). `O(n)`.
    pub fn check_spelling(bytes: Vec<u8>) -> Result<(Listpack, bool), Corrupt> {
        let mut canonical = true;
        walk(&bytes, |string| canonical &= !is_int(string))?;
        Ok((Listpack { bytes }, canonical))
    }
}

/// Whether a string reads as an integer. Most are told apart by their ends.
#[inline(always)]
fn is_int(string: &[u8]) -> bool {
    string.last().is_some_and(u8::is_ascii_digit) && as_int(string).is_some()
}

/// Checks all; `string` is called with what is kept as a string.
#[inline(always)]
fn walk(bytes: &[u8], mut string: impl FnMut(&[u8])) -> Result<(), Corrupt> {
    if bytes.len() <= HEADER {
        return Err(corrupt(0, "too short"));
    }
    let total = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let count = u16::from_le_bytes([bytes[4], bytes[5]]);
    if total as usize != bytes.len() {
        return Err(corrupt(0, "wrong total"));
    }
    let end = bytes.len() - 1;
    if bytes[end] != END {
        return Err(corrupt(end, "no terminator"));
    }
    let (mut at, mut entries) = (HEADER, 0usize);
    while at < end {
        entries += 1;
        // The usual entry has one byte before and one behind it.
        let short = match bytes[at] {
            0..=0x7F => 0,
            first @ 0x80..=0xBF => usize::from(first & 0x3F),
            _ => usize::MAX,
        };
        if short < end - at - 1 && usize::from(bytes[at + 1 + short]) == short + 1 {
            if bytes[at] >= 0x80 {
                string(&bytes[at + 1..at + 1 + short]);
            }
            at += short + 2;
            continue;
        }
        let next = entry(bytes, at, end)?;
        if let Element::Str(found) = read(bytes, at) {
            string(found);
        }
        at = next;
    }
    if count != UNCOUNTED && usize::from(count) != entries {
        return Err(corrupt(4, "wrong count"));
    }
    Ok(())
}

/// Checks the entry at `at`, which must end at `end` at the latest; returns where the next one begins.
fn entry(bytes: &[u8], at: usize, end: usize) -> Result<usize, Corrupt> {
    let first = bytes[at];
    let head = match first {
        0xE0..=0xEF => 2,
        0xF0 => 5,
        0xF5..=0xFF => return Err(corrupt(at, "unknown encoding")),
        _ => 1,
    };
    if end - at < head {
        return Err(corrupt(at, "cut head"));
    }
    let (data, len) = super::head(bytes, at);
    if end - data < len {
        return Err(corrupt(at, "length beyond the end"));
    }
    let size = data + len - at;
    let back = back_size(size);
    let next = at + size + back;
    if next > end || read_back(&bytes[at..next], next - at - 1) != (size, back) {
        return Err(corrupt(data + len, "wrong back length"));
    }
    Ok(next)
}
