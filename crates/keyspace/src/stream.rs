//! A stream: entries under ids that only grow.

/// A stream.
#[derive(Clone, Debug, Default)]
pub struct Stream {}

impl Stream {
    /// Bytes that it holds beside the entry and the box of its value.
    pub fn memory(&self) -> usize {
        0
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        1
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {}
}
