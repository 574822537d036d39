//! Bytes that come from outside.

use super::code::{back_size, read_back};
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
            at = entry(&bytes, at, end)?;
            entries += 1;
        }
        if count != UNCOUNTED && usize::from(count) != entries {
            return Err(corrupt(4, "wrong count"));
        }
        Ok(Listpack { bytes })
    }
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
