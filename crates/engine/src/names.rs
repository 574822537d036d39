//! Tables by names that clients choose: channels, tracked keys.
//!
//! A standard table, but hashed as the keyspace is: keyed, so that nobody can choose names that collide, and with the
//! key of the engine, so that the same inputs give the same order.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use keyspace::Seed;

/// A name. Those who hold it share it.
pub(crate) type Name = Arc<[u8]>;

pub(crate) type NameTable<V> = HashMap<Name, V, Keyed>;

/// Bytes that a table, or a tree, holds for an entry beside the name's own, roughly.
pub(crate) const ENTRY: usize = 48;

/// Makes hashers with a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed(pub Seed);

impl BuildHasher for Keyed {
    type Hasher = NameHasher;

    fn build_hasher(&self) -> NameHasher {
        NameHasher { seed: self.0, hash: 0 }
    }
}

/// Hashes one byte string; what std adds to tell strings apart within larger values (their length) is left out.
pub(crate) struct NameHasher {
    seed: Seed,
    hash: u64,
}

impl Hasher for NameHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.hash ^= stdx::sip::hash(self.seed.k0, self.seed.k1, bytes);
    }

    #[inline]
    fn write_usize(&mut self, _: usize) {}

    #[inline]
    fn finish(&self) -> u64 {
        self.hash
    }
}
