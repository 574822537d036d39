//! A list of short strings and integers in one run of bytes, walked both ways.
//!
//! ```text
//!   | total u32 | count u16 | entry | entry | ... | 0xFF |         little endian; count 65535 = count them
//!
//!   entry   | head | data | back |
//!     head + data    0xxxxxxx                   0 ..= 127
//!                    110xxxxx  1 byte           13 bits, signed, the upper five here
//!                    11110001  2 bytes          16 bits        11110010  3 bytes    24 bits
//!                    11110011  4 bytes          32 bits        11110100  8 bytes    64 bits
//!                    10xxxxxx  bytes            a string of up to 63 bytes
//!                    1110xxxx  1 byte, bytes    a string of up to 4095
//!                    11110000  u32, bytes       a longer one
//!     back           length of head + data, 7 bits a byte, read from its end; all bytes but the first have bit 7
//! ```
//!
//! These are the bytes Redis keeps and writes into its files (`listpack.md` of its author, 2017), so they come from
//! outside too: [`Listpack::check`] looks at every one of them before anything else may.
//!
//! [`Listpack`] owns its bytes; [`Pack`] is what it lends, and what an entry of the keyspace lends. A position
//! ([`At`]) is good until the next change.
//!
//! **Invariants** ([`Pack::verify`])
//! 1. `total` is the number of bytes, terminator included; `count` is right, or 65535.
//! 2. Entries fill the space between head and terminator exactly; each `back` agrees with its entry.
//! 3. What reads as a canonical integer is an integer (of those written here; foreign ones may hold longer forms).

mod check;
mod code;
mod edit;

pub use check::Corrupt;
pub use code::Element;
pub use edit::Writer;

use code::{back_size, head};
use stdx::steps::step;

const HEADER: usize = 6;
const END: u8 = 0xFF;
/// The count of those that have more.
const UNCOUNTED: u16 = u16::MAX;

/// A position: the offset of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(usize);

/// A listpack, owned.
#[derive(Clone, PartialEq, Eq)]
pub struct Listpack {
    bytes: Vec<u8>,
}

/// A listpack, lent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pack<'a> {
    bytes: &'a [u8],
}

impl<'a> Pack<'a> {
    /// Bytes that a [`Listpack`] wrote or has checked.
    #[inline]
    pub fn trusted(bytes: &'a [u8]) -> Self {
        debug_assert!(bytes.len() > HEADER && bytes[bytes.len() - 1] == END);
        Pack { bytes }
    }

    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Number of elements. `O(n)` from 65535 on, else `O(1)`.
    #[inline]
    pub fn len(self) -> usize {
        match u16::from_le_bytes([self.bytes[4], self.bytes[5]]) {
            UNCOUNTED => self.iter().count(),
            count => usize::from(count),
        }
    }

    #[inline]
    pub fn is_empty(self) -> bool {
        self.bytes[HEADER] == END
    }

    #[inline]
    pub fn first(self) -> Option<At> {
        self.at(HEADER)
    }

    #[inline]
    pub fn last(self) -> Option<At> {
        self.before(self.bytes.len() - 1)
    }

    #[inline]
    pub fn next(self, at: At) -> Option<At> {
        self.at(self.end_of(at))
    }

    #[inline]
    pub fn prev(self, at: At) -> Option<At> {
        self.before(at.0)
    }

    #[inline]
    fn at(self, offset: usize) -> Option<At> {
        (self.bytes[offset] != END).then_some(At(offset))
    }

    /// The entry that ends where another one, or the terminator, begins.
    #[inline]
    fn before(self, offset: usize) -> Option<At> {
        if offset <= HEADER {
            return None;
        }
        step();
        let (size, back) = code::read_back(self.bytes, offset - 1);
        Some(At(offset - back - size))
    }

    /// Where the entry after this one, or the terminator, begins.
    #[inline]
    fn end_of(self, at: At) -> usize {
        let (data, len) = head(self.bytes, at.0);
        let size = data + len - at.0;
        at.0 + size + back_size(size)
    }

    #[inline]
    pub fn get(self, at: At) -> Element<'a> {
        code::read(self.bytes, at.0)
    }

    /// The element and the position of the next one.
    #[inline]
    pub fn step(self, at: At) -> (Element<'a>, Option<At>) {
        (self.get(at), self.next(at))
    }

    /// The element at an index; a negative one counts from the end. `O(n)`, from the nearer end.
    pub fn seek(self, index: i64) -> Option<At> {
        let known = match u16::from_le_bytes([self.bytes[4], self.bytes[5]]) {
            UNCOUNTED => None,
            count => Some(i64::from(count)),
        };
        let index = match known {
            Some(count) if index >= count || index < -count => return None,
            Some(count) if index >= 0 && index > count / 2 => index - count,
            Some(count) if index < -(count / 2) => index + count,
            _ => index,
        };
        if index >= 0 {
            let mut at = self.first()?;
            for _ in 0..index {
                at = self.next(at)?;
            }
            return Some(at);
        }
        let mut at = self.last()?;
        for _ in 0..index.unsigned_abs() - 1 {
            at = self.prev(at)?;
        }
        Some(at)
    }

    #[inline]
    pub fn iter(self) -> Iter<'a> {
        self.iter_from(At(HEADER))
    }

    /// Elements from a position on.
    #[inline]
    pub fn iter_from(self, at: At) -> Iter<'a> {
        Iter { bytes: &self.bytes[at.0..self.bytes.len() - 1] }
    }

    /// The first element equal to `wanted` among those at `from` and every `skip + 1`th after it. A map of names and
    /// values is searched for a name with `skip` 1. `O(n)`.
    pub fn find(self, from: At, wanted: &[u8], skip: usize) -> Option<At> {
        let (int, bytes) = (code::as_int(wanted), self.bytes);
        let (mut at, mut passed) = (from.0, skip);
        while bytes[at] != END {
            let (data, len) = head(bytes, at);
            // What needs no decoding is told apart first: strings of other lengths, strings where an integer is.
            if passed < skip {
                passed += 1;
            } else {
                passed = 0;
                let is = match code::is_string(bytes[at]) {
                    true => {
                        // The last byte is where names that were counted up differ.
                        let (found, last) = (&bytes[data..data + len], wanted.last());
                        len == wanted.len() && found.last() == last && found == wanted
                    }
                    false => int.is_some_and(|int| code::read_at(bytes, at, data, len) == Element::Int(int)),
                };
                if is {
                    return Some(At(at));
                }
            }
            let size = data + len - at;
            at += size + back_size(size);
        }
        None
    }

    /// Asserts the invariants.
    pub fn verify(self) {
        Listpack::check(self.bytes.to_vec()).expect("invariants 1 and 2");
    }
}

impl<'a> IntoIterator for Pack<'a> {
    type Item = Element<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Elements, from both ends.
#[derive(Clone)]
pub struct Iter<'a> {
    /// The entries that are still to come.
    bytes: &'a [u8],
}

impl Iter<'_> {
    /// The next element, if it is an integer of one or two bytes; else nothing is passed over.
    #[inline(always)]
    pub fn next_short_int(&mut self) -> Option<i64> {
        let (int, rest) = match *self.bytes {
            [int @ 0..=0x7F, _, ref rest @ ..] => (i64::from(int), rest),
            [upper @ 0xC0..=0xDF, lower, _, ref rest @ ..] => (code::int_of_13_bits(upper, lower), rest),
            _ => return None,
        };
        self.bytes = rest;
        Some(int)
    }

    /// Passes over the next element; false if there is none.
    #[inline]
    pub fn pass(&mut self) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        let (data, len) = head(self.bytes, 0);
        let size = data + len;
        self.bytes = &self.bytes[size + back_size(size)..];
        true
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Element<'a>> {
        let (&first, rest) = self.bytes.split_first()?;
        // The usual element, a short string, has one byte before and one behind it.
        if let 0x80..=0xBF = first {
            let (string, rest) = rest.split_at(usize::from(first & 0x3F));
            self.bytes = &rest[1..];
            return Some(Element::Str(string));
        }
        let (element, rest) = other(self.bytes);
        self.bytes = rest;
        Some(element)
    }
}

/// An element that is no short string, and what follows it. By value, so that an iterator stays in registers.
#[inline(never)]
fn other(bytes: &[u8]) -> (Element<'_>, &[u8]) {
    let (data, len) = head(bytes, 0);
    let size = data + len;
    (code::read_at(bytes, 0, data, len), &bytes[size + back_size(size)..])
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let bytes = self.bytes;
        let (size, back) = code::read_back(bytes, bytes.len().checked_sub(1)?);
        let at = bytes.len() - back - size;
        self.bytes = &bytes[..at];
        Some(code::read(bytes, at))
    }
}

impl std::fmt::Debug for Pack<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl std::fmt::Debug for Listpack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.view().fmt(f)
    }
}

#[cfg(test)]
mod tests;
