//! Making, checking and changing a set of integers.

use super::{Corrupt, HEADER, Ints, Intset, Width};

/// The most integers that a set takes: what Redis takes too.
const MAX_COUNT: usize = 1 << 30;

impl Default for Intset {
    fn default() -> Self {
        Intset::new()
    }
}

impl Intset {
    pub fn new() -> Self {
        Intset::reuse(Vec::new())
    }

    /// An empty one in memory that is at hand.
    pub fn reuse(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        bytes.extend_from_slice(&[2, 0, 0, 0, 0, 0, 0, 0]);
        Intset { bytes }
    }

    /// Bytes that an intset wrote, or that were checked.
    #[inline]
    pub fn trusted(bytes: Vec<u8>) -> Self {
        debug_assert!(bytes.len() >= HEADER);
        Intset { bytes }
    }

    /// Looks at every byte. `O(n)`
    pub fn check(bytes: Vec<u8>) -> Result<Intset, Corrupt> {
        let Some((header, _)) = bytes.split_first_chunk::<HEADER>() else { return Err(Corrupt("too short")) };
        let [a, b, c, d, e, f, g, h] = *header;
        let (width, count) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        if !matches!(width, 2 | 4 | 8) {
            return Err(Corrupt("unknown width"));
        }
        if (bytes.len() - HEADER) as u64 != u64::from(width) * u64::from(count) {
            return Err(Corrupt("wrong length"));
        }
        let set = Intset { bytes };
        if !set.view().iter().is_sorted_by(|a, b| a < b) {
            return Err(Corrupt("not ascending"));
        }
        Ok(set)
    }

    #[inline]
    pub fn view(&self) -> Ints<'_> {
        Ints { bytes: &self.bytes }
    }

    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.view().len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.view().is_empty()
    }

    /// Bytes of the allocation.
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// Adds an integer; `false` if it is there. `O(log n)`, and the bytes behind it are moved; `O(n)` where it is
    /// wider than all before it. Panics at 2^30 integers: callers have lower bounds.
    #[inline]
    pub fn insert(&mut self, int: i64) -> bool {
        if Width::of(int) > self.view().width() {
            self.widen(int);
            return true;
        }
        let Err(at) = self.view().search(int) else { return false };
        let width = self.view().width().bytes();
        let (at, end) = (HEADER + at * width, self.bytes.len());
        self.reserve(width);
        self.bytes.resize(end + width, 0);
        self.bytes.copy_within(at..end, at + width);
        self.bytes[at..at + width].copy_from_slice(&int.to_le_bytes()[..width]);
        self.write_count();
        true
    }

    /// Removes an integer; `false` if it is not there.
    #[inline]
    pub fn remove(&mut self, int: i64) -> bool {
        let Ok(at) = self.view().search(int) else { return false };
        let width = self.view().width().bytes();
        let at = HEADER + at * width;
        self.bytes.drain(at..at + width);
        self.write_count();
        true
    }

    /// Makes all integers wide enough for one that is wider, which is therefore the first or the last, and adds it.
    #[cold]
    fn widen(&mut self, int: i64) {
        let wide = Width::of(int);
        let width = wide.bytes();
        let mut bytes = Vec::with_capacity(alloc_count::class(HEADER + (self.len() + 1) * width));
        bytes.extend_from_slice(&(width as u32).to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        let (before, after) = if int < 0 { (Some(int), None) } else { (None, Some(int)) };
        for int in before.into_iter().chain(self.view()).chain(after) {
            bytes.extend_from_slice(&int.to_le_bytes()[..width]);
        }
        self.bytes = bytes;
        self.write_count();
    }

    fn write_count(&mut self) {
        let count = self.len();
        assert!(count <= MAX_COUNT, "the caller's bound is lower");
        self.bytes[4..HEADER].copy_from_slice(&(count as u32).to_le_bytes());
    }

    /// Room for `more` bytes: an eighth in reserve, rounded up to what the allocator hands out anyway.
    #[inline]
    fn reserve(&mut self, more: usize) {
        let wanted = self.bytes.len() + more;
        if wanted > self.bytes.capacity() {
            let size = alloc_count::class(wanted + wanted / 8);
            self.bytes.reserve_exact(size - self.bytes.len());
        }
    }
}

impl Extend<i64> for Intset {
    fn extend<I: IntoIterator<Item = i64>>(&mut self, ints: I) {
        for int in ints {
            self.insert(int);
        }
    }
}

impl FromIterator<i64> for Intset {
    fn from_iter<I: IntoIterator<Item = i64>>(ints: I) -> Self {
        let mut set = Intset::new();
        set.extend(ints);
        set
    }
}
