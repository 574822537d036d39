//! HyperLogLog: how many different elements a set has, estimated from 12 KB at most, with a standard error of 0.81 %.
//!
//! It lives in a string, in the bytes of Redis and Valkey, so that the same elements give the same bytes:
//!
//! ```text
//!   0     4    5      8              16
//!   HYLL  enc  0 0 0  cardinality    registers
//! ```
//!
//! `enc` is 0 for [`dense`] registers (six bits each, 12288 bytes) and 1 for [`sparse`] ones (runs). The cardinality
//! is little-endian and was computed when it was last asked for; its top bit says that registers changed since.
//!
//! An element's hash names a register (14 bits) and a rank (how many of the other 50 bits are zero before the first
//! one, plus one); the register keeps the greatest rank it has met. The union of two is the greater of each register.
//!
//! The bytes may come from anywhere (SET, SETRANGE, RESTORE): everything here takes any bytes behind a header that
//! [`Encoding::of`] has accepted, and answers [`Corrupt`] where they contradict themselves.
//!
//! **Invariant.** A function that answers [`Corrupt`] has changed nothing.

pub mod dense;
mod estimate;
mod hash;
pub mod sparse;

pub use sparse::Op;

/// How many registers there are.
pub const REGISTERS: usize = 1 << INDEX_BITS;
/// Bytes before the registers.
pub const HEADER: usize = 16;
/// Length of a dense one, header and all.
pub const DENSE_LEN: usize = HEADER + dense::LEN;

const INDEX_BITS: u32 = 14;
/// Bits of a hash that a rank is counted in.
const RANK_BITS: u32 = 64 - INDEX_BITS;

const MAGIC: &[u8; 4] = b"HYLL";
/// Where the encoding is.
const ENCODING: usize = 4;
/// Where the cardinality is.
const CARDINALITY: std::ops::Range<usize> = 8..16;
/// Of the last byte of the cardinality: it is out of date.
const STALE: u8 = 1 << 7;

/// The bytes contradict themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Dense,
    Sparse,
}

impl Encoding {
    /// The encoding that a header names; `None` if these bytes are no HyperLogLog, or a dense one of a wrong length.
    #[inline]
    pub fn of(bytes: &[u8]) -> Option<Encoding> {
        if bytes.len() < HEADER || !bytes.starts_with(MAGIC) {
            return None;
        }
        match bytes[ENCODING] {
            0 if bytes.len() == DENSE_LEN => Some(Encoding::Dense),
            1 => Some(Encoding::Sparse),
            _ => None,
        }
    }
}

/// A HyperLogLog of no elements: sparse, one run of zeros.
pub fn empty() -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[..MAGIC.len()].copy_from_slice(MAGIC);
    bytes[ENCODING] = 1;
    sparse::push_zeros(&mut bytes, REGISTERS);
    bytes
}

/// The cardinality computed last, if it is up to date.
pub fn cached(bytes: &[u8]) -> Option<u64> {
    let cardinality = bytes.get(CARDINALITY)?.try_into().ok()?;
    Some(u64::from_le_bytes(cardinality)).filter(|_| bytes[CARDINALITY.end - 1] & STALE == 0)
}

/// Writes a cardinality down. Panics if there is no header.
pub fn set_cached(bytes: &mut [u8], cardinality: u64) {
    bytes[CARDINALITY].copy_from_slice(&cardinality.to_le_bytes());
}

/// Says that the cardinality must be computed anew. Panics if there is no header.
pub fn invalidate(bytes: &mut [u8]) {
    bytes[CARDINALITY.end - 1] |= STALE;
}

/// What an element says of which register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Below [`REGISTERS`].
    pub index: usize,
    /// 1 to 51; 63 is what a register may hold at most.
    pub rank: u8,
}

impl Vote {
    #[inline]
    pub fn of(element: &[u8]) -> Vote {
        let hash = hash::murmur64a(element);
        let index = hash as usize & (REGISTERS - 1);
        let rest = (hash >> INDEX_BITS) | (1 << RANK_BITS);
        Vote { index, rank: rest.trailing_zeros() as u8 + 1 }
    }
}

/// Whether a vote would change anything. `O(1)` if dense, else `O(bytes)`.
pub fn needs(bytes: &[u8], vote: Vote) -> Result<bool, Corrupt> {
    match Encoding::of(bytes).ok_or(Corrupt)? {
        Encoding::Dense => Ok(dense::get(&bytes[HEADER..], vote.index) < vote.rank),
        Encoding::Sparse => Ok(sparse::rank_at(bytes, vote.index)? < vote.rank),
    }
}

/// Raises a register to a rank, if it is lower. A sparse one becomes dense if it would get longer than `limit`
/// bytes, or if the rank is more than runs can say. True if it changed; the cached cardinality is then stale.
pub fn set(bytes: &mut Vec<u8>, vote: Vote, limit: u64) -> Result<bool, Corrupt> {
    match Encoding::of(bytes).ok_or(Corrupt)? {
        Encoding::Dense => Ok(raise_dense(bytes, vote)),
        Encoding::Sparse => sparse::set(bytes, vote, limit, &mut sparse::Resume::default()),
    }
}

/// [`set`] where the bytes are dense (of [`DENSE_LEN`]; else it panics).
#[inline]
pub fn raise_dense(bytes: &mut [u8], vote: Vote) -> bool {
    let raised = dense::raise(&mut bytes[HEADER..], vote.index, vote.rank);
    if raised {
        invalidate(bytes);
    }
    raised
}

/// The dense form of a sparse one, header kept.
pub fn to_dense(bytes: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let mut registers = Registers::new();
    registers.merge(bytes)?;
    Ok(registers.dense(bytes))
}

/// The number of different elements, estimated.
///
/// From registers that no hash can lead to, the peers compute an infinity, and of that the number
/// 9223372036854775808; so do we.
pub fn count(bytes: &[u8]) -> Result<u64, Corrupt> {
    let mut histogram = [0; 64];
    match Encoding::of(bytes).ok_or(Corrupt)? {
        Encoding::Dense => dense::histogram(&bytes[HEADER..], &mut histogram),
        Encoding::Sparse => sparse::histogram(bytes, &mut histogram)?,
    }
    Ok(estimate::cardinality(&histogram))
}

/// Registers of a byte each, which unions are made in. 16 KB.
pub struct Registers([u8; REGISTERS]);

impl Default for Registers {
    fn default() -> Self {
        Registers::new()
    }
}

impl Registers {
    /// All zero.
    pub fn new() -> Registers {
        Registers([0; REGISTERS])
    }

    /// The union with another one. If that is corrupt, nothing is changed.
    pub fn merge(&mut self, bytes: &[u8]) -> Result<(), Corrupt> {
        match Encoding::of(bytes).ok_or(Corrupt)? {
            Encoding::Dense => dense::merge(&bytes[HEADER..], &mut self.0),
            Encoding::Sparse => sparse::merge(bytes, &mut self.0)?,
        }
        Ok(())
    }

    /// The number of different elements, estimated.
    pub fn count(&self) -> u64 {
        let mut histogram = [0; 64];
        dense::count_bytes(&self.0[..], &mut histogram);
        estimate::cardinality(&histogram)
    }

    /// A dense HyperLogLog of these registers, with the rest of a header that is given.
    pub fn dense(&self, header: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; DENSE_LEN];
        bytes[..HEADER].copy_from_slice(&header[..HEADER]);
        bytes[ENCODING] = 0;
        dense::pack(&self.0, &mut bytes[HEADER..]);
        bytes
    }

    /// Raises the registers of `bytes`, which is part of this union, to these ones. It stays sparse if it is, and if
    /// it can within `limit` bytes. Its cached cardinality is stale then.
    pub fn write_to(&self, bytes: &mut Vec<u8>, limit: u64) -> Result<(), Corrupt> {
        let mut resume = sparse::Resume::default();
        for (index, &rank) in self.0.iter().enumerate().filter(|(_, rank)| **rank > 0) {
            if Encoding::of(bytes) != Some(Encoding::Sparse) {
                break;
            }
            sparse::set(bytes, Vote { index, rank }, limit, &mut resume)?;
        }
        if Encoding::of(bytes) == Some(Encoding::Dense) {
            dense::pack(&self.0, &mut bytes[HEADER..]);
        }
        invalidate(bytes);
        Ok(())
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = u8> {
        self.0.iter().copied()
    }
}

/// For fuzzing: whatever the bytes, nothing panics, and every way of reading them agrees.
pub fn agree(bytes: &[u8]) {
    let mut registers = Registers::new();
    let merged = registers.merge(bytes);
    let (counted, dense) = (count(bytes), to_dense(bytes));
    assert_eq!(counted, merged.map(|()| registers.count()));
    assert_eq!(dense.is_ok(), merged.is_ok());
    for element in bytes.chunks(3).take(8) {
        let vote = Vote::of(element);
        let (needed, mut changed) = (needs(bytes, vote), bytes.to_vec());
        let set = set(&mut changed, vote, 3000);
        if set.is_err() {
            assert_eq!(changed, bytes);
        }
        let (Ok(dense), Ok(set)) = (&dense, set) else { continue };
        let mut raised = dense.clone();
        assert_eq!((needed, raise_dense(&mut raised, vote)), (Ok(set), set));
        assert_eq!(count(&changed), count(&raised));
    }
}

#[cfg(test)]
mod tests;
