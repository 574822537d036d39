//! A set of integers in one run of bytes, in ascending order.
//!
//! ```text
//!   | width u32 | count u32 | int | int | ...        little endian; each int signed, of `width` bytes: 2, 4 or 8
//! ```
//!
//! The width is that of the widest integer the set has ever had: a wider one makes all others wider, and nothing makes
//! them narrower again. These are the bytes Redis keeps and writes into its files, so they come from outside too:
//! [`Intset::check`] looks at every one of them before anything else may.
//!
//! [`Intset`] owns its bytes; [`Ints`] is what it lends, and what an entry of the keyspace lends.
//!
//! **Invariants** ([`Ints::verify`])
//! 1. `width` is 2, 4 or 8, and the length is 8 + `width` * `count`.
//! 2. Each integer is larger than the one before it.

mod edit;
#[cfg(test)]
mod tests;

const HEADER: usize = 8;

/// A set of integers, owned.
#[derive(Clone, PartialEq, Eq)]
pub struct Intset {
    bytes: Vec<u8>,
}

/// A set of integers, lent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ints<'a> {
    bytes: &'a [u8],
}

/// These bytes are no set of integers, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt(pub &'static str);

impl std::fmt::Display for Corrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "intset: {}", self.0)
    }
}

impl std::error::Error for Corrupt {}

/// Bytes of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Two = 2,
    Four = 4,
    Eight = 8,
}

impl Width {
    /// The narrowest that holds an integer.
    #[inline]
    fn of(int: i64) -> Width {
        if i64::from(int as i16) == int {
            Width::Two
        } else if i64::from(int as i32) == int {
            Width::Four
        } else {
            Width::Eight
        }
    }

    #[inline]
    fn bytes(self) -> usize {
        self as usize
    }
}

/// An integer of `W` bytes, sign extended.
#[inline(always)]
fn read<const W: usize>(int: &[u8; W]) -> i64 {
    let mut wide = [0; 8];
    wide[8 - W..].copy_from_slice(int);
    i64::from_le_bytes(wide) >> (64 - 8 * W)
}

impl<'a> Ints<'a> {
    /// Bytes that an [`Intset`] wrote or has checked.
    #[inline]
    pub fn trusted(bytes: &'a [u8]) -> Self {
        debug_assert!(bytes.len() >= HEADER);
        Ints { bytes }
    }

    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    #[inline]
    fn width(self) -> Width {
        match self.bytes[0] {
            2 => Width::Two,
            4 => Width::Four,
            _ => Width::Eight,
        }
    }

    /// Number of integers. `O(1)`
    #[inline]
    pub fn len(self) -> usize {
        (self.bytes.len() - HEADER) / self.width().bytes()
    }

    #[inline]
    pub fn is_empty(self) -> bool {
        self.bytes.len() == HEADER
    }

    /// The integers as arrays of their width.
    #[inline(always)]
    fn array<const W: usize>(self) -> &'a [[u8; W]] {
        self.bytes[HEADER..].as_chunks().0
    }

    /// The integer at an index, in ascending order. `O(1)`
    #[inline]
    pub fn get(self, index: usize) -> Option<i64> {
        match self.width() {
            Width::Two => self.array::<2>().get(index).map(read),
            Width::Four => self.array::<4>().get(index).map(read),
            Width::Eight => self.array::<8>().get(index).map(read),
        }
    }

    pub fn min(self) -> Option<i64> {
        self.get(0)
    }

    pub fn max(self) -> Option<i64> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The index of an integer, or that which it would have. `O(log n)`
    #[inline]
    pub fn search(self, int: i64) -> Result<usize, usize> {
        self.search_from(0, int)
    }

    /// The same, known not to be before an index (which is at most the length).
    #[inline]
    fn search_from(self, from: usize, int: i64) -> Result<usize, usize> {
        let found = match self.width() {
            Width::Two => self.array::<2>()[from..].binary_search_by_key(&int, read),
            Width::Four => self.array::<4>()[from..].binary_search_by_key(&int, read),
            Width::Eight => self.array::<8>()[from..].binary_search_by_key(&int, read),
        };
        found.map(|at| at + from).map_err(|at| at + from)
    }

    #[inline]
    pub fn contains(self, int: i64) -> bool {
        self.search(int).is_ok()
    }

    /// All, ascending.
    #[inline]
    pub fn iter(self) -> Iter<'a> {
        Iter { ints: self, front: 0, back: self.len() }
    }

    /// A reader that is asked for ascending integers, and gallops from each answer to the next: `O(1)` where
    /// neighbours are asked for, `O(log gap)` at most.
    pub fn ascending(self) -> Ascending<'a> {
        Ascending { ints: self, at: 0 }
    }

    /// Asserts the invariants.
    pub fn verify(self) {
        Intset::check(self.bytes.to_vec()).expect("invariants 1 and 2");
    }
}

/// See [`Ints::ascending`].
#[derive(Clone, Copy, Debug)]
pub struct Ascending<'a> {
    ints: Ints<'a>,
    /// All before it are smaller than what was asked for last.
    at: usize,
}

impl Ascending<'_> {
    /// Whether the set has an integer that is not smaller than the one asked for before.
    pub fn has(&mut self, int: i64) -> bool {
        let (mut step, mut from, len) = (1, self.at, self.ints.len());
        let mut to = from;
        while to < len && self.ints.get(to).is_some_and(|here| here < int) {
            from = to + 1;
            to += step;
            step *= 2;
        }
        let found = self.ints.up_to((to + 1).min(len)).search_from(from, int);
        self.at = found.unwrap_or_else(|at| at);
        found.is_ok()
    }
}

impl<'a> Ints<'a> {
    /// The first `len` of them; for searching only.
    #[inline]
    fn up_to(self, len: usize) -> Ints<'a> {
        Ints { bytes: &self.bytes[..HEADER + len * self.width().bytes()] }
    }
}

/// Integers in ascending order, from both ends.
#[derive(Clone)]
pub struct Iter<'a> {
    ints: Ints<'a>,
    front: usize,
    back: usize,
}

impl Iterator for Iter<'_> {
    type Item = i64;

    #[inline]
    fn next(&mut self) -> Option<i64> {
        if self.front == self.back {
            return None;
        }
        let int = self.ints.get(self.front);
        self.front += 1;
        int
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.back - self.front, Some(self.back - self.front))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<i64> {
        if self.front == self.back {
            return None;
        }
        self.back -= 1;
        self.ints.get(self.back)
    }
}

impl<'a> IntoIterator for Ints<'a> {
    type Item = i64;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl std::fmt::Debug for Ints<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl std::fmt::Debug for Intset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.view().fmt(f)
    }
}
