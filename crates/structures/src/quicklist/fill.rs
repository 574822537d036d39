//! How much goes into one node.

/// The limit of a node: `list-max-listpack-size`. Positive: elements (and [`SAFE_BYTES`]); -1 to -5: 4, 8, 16, 32, 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill(i16);

/// What a node limited by the number of elements may weigh, in bytes.
const SAFE_BYTES: usize = 8192;
/// What an element is estimated to weigh beside its bytes.
const OVERHEAD: usize = 8;
/// Head and terminator, which two listpacks have twice and their sum once.
const SAVED_BY_MERGE: usize = 7;
/// No element of so many bytes is put into a listpack with others, whatever the threshold.
const ALWAYS_LARGE: usize = 1 << 29;

impl Fill {
    /// From the parameter; what is beyond the range counts as its end.
    pub fn new(limit: i32) -> Self {
        Fill(limit.clamp(-5, i32::from(i16::MAX)) as i16)
    }

    /// The number, as configured.
    pub fn number(self) -> i16 {
        self.0
    }

    /// Bytes of a node, if it is they that are limited.
    #[inline]
    fn bytes(self) -> Option<usize> {
        (self.0 < 0).then(|| 2048 << self.0.unsigned_abs())
    }

    /// Elements of a node otherwise.
    #[inline]
    fn elements(self) -> usize {
        usize::from(self.0.unsigned_abs()).max(1)
    }

    /// Whether a listpack of so many bytes and elements is too much.
    #[inline]
    pub fn is_exceeded(self, bytes: usize, elements: usize) -> bool {
        match self.bytes() {
            Some(most) => bytes > most,
            None => bytes > SAFE_BYTES || elements > self.elements(),
        }
    }

    /// Whether so much is at most half of what may be: then a list that has shrunk becomes a single listpack.
    pub fn is_half_empty(self, bytes: usize, elements: usize) -> bool {
        match self.bytes() {
            Some(most) => bytes <= most / 2,
            None => elements <= self.elements() / 2,
        }
    }

    /// Whether one more element of so many bytes fits.
    #[inline]
    pub(super) fn admits(self, bytes: usize, elements: usize, more: usize) -> bool {
        !self.is_exceeded(bytes + more + OVERHEAD, elements + 1)
    }

    /// Whether two nodes may become one.
    pub(super) fn admits_merge(self, bytes: usize, elements: usize) -> bool {
        !self.is_exceeded(bytes - SAVED_BY_MERGE, elements)
    }

    /// Whether an element of so many bytes gets a node of its own. `threshold`: from so many bytes on, 0: from more
    /// than a node may hold on.
    #[inline]
    pub(super) fn is_large(self, len: usize, threshold: usize) -> bool {
        match threshold {
            0 => len > self.bytes().unwrap_or(SAFE_BYTES),
            _ => len >= threshold.min(ALWAYS_LARGE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_the_peers() {
        for (limit, bytes) in [(-1, 4096), (-2, 8192), (-5, 65_536), (-100, 65_536)] {
            let fill = Fill::new(limit);
            assert_eq!((fill.is_exceeded(bytes, 70_000), fill.is_exceeded(bytes + 1, 1)), (false, true));
            assert_eq!(
                (fill.is_half_empty(bytes / 2, 1), fill.is_half_empty(bytes / 2 + 1, 1)),
                (true, false)
            );
            assert_eq!((fill.is_large(bytes, 0), fill.is_large(bytes + 1, 0)), (false, true));
        }
        let three = Fill::new(3);
        assert_eq!((three.is_exceeded(8192, 3), three.is_exceeded(10, 4), three.is_exceeded(8193, 1)), {
            (false, true, true)
        });
        assert_eq!((three.is_half_empty(9999, 1), three.is_half_empty(10, 2)), (true, false));
        assert_eq!((Fill::new(0).is_exceeded(9, 1), Fill::new(0).is_exceeded(9, 2)), (false, true));
        assert_eq!(Fill::new(i32::MAX).number(), i16::MAX);
        assert_eq!((three.is_large(4, 5), three.is_large(5, 5), three.is_large(1 << 29, usize::MAX)), {
            (false, true, true)
        });
    }
}
