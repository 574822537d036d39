//! A table of entries under their keys: what a database of the keyspace is made of.
//!
//! The hash of a key is computed once ([`KeyTable::hash`]) and handed along: to prefetch, to look up, to insert.
//! All of [`Table`] is at hand through `Deref`.
//!
//! *Not here*: expiry, eviction, statistics of hits (`keyspace`).

use std::ops::{Deref, DerefMut};

use crate::entry::{Entry, EntryBox};
use crate::table::{Hashed, Lookup, Slot, Table};

/// The secret that keeps others from choosing keys that collide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed {
    pub k0: u64,
    pub k1: u64,
}

/// SipHash-1-3 of a key: 64 bits, all of which are good.
#[inline]
pub fn hash_key(seed: Seed, key: &[u8]) -> u64 {
    stdx::sip::hash(seed.k0, seed.k1, key)
}

impl<V> Hashed<Entry<V>> for Seed {
    #[inline]
    fn hash(&self, entry: &Entry<V>) -> u64 {
        hash_key(*self, entry.key())
    }
}

/// An entry in its place.
pub type KeySlot<'t, V> = Slot<'t, EntryBox<V>, Seed>;

/// Entries under their keys.
pub struct KeyTable<V> {
    table: Table<EntryBox<V>, Seed>,
}

impl<V> KeyTable<V> {
    pub const fn new(seed: Seed) -> Self {
        KeyTable { table: Table::new(seed) }
    }

    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        hash_key(*self.table.hasher(), key)
    }

    #[inline(always)]
    pub fn get(&self, key: &[u8], hash: u64) -> Option<&Entry<V>> {
        self.table.find(hash, |entry| entry.key_is(key))
    }

    /// To change an entry in place. Moves no bucket.
    #[inline]
    pub fn get_mut(&mut self, key: &[u8], hash: u64) -> Option<&mut Entry<V>> {
        self.table.find_mut(hash, |entry| entry.key_is(key))
    }

    /// To replace or remove an entry. Moves a bucket if a rehash is under way.
    #[inline]
    pub fn slot(&mut self, key: &[u8], hash: u64) -> Option<KeySlot<'_, V>> {
        self.table.find_slot(hash, |entry| entry.key_is(key))
    }

    /// The slot of a key, or the right to insert it.
    #[inline]
    pub fn lookup_key(&mut self, key: &[u8], hash: u64) -> Lookup<'_, EntryBox<V>, Seed> {
        self.table.lookup(hash, |entry| entry.key_is(key))
    }

    /// Inserts an entry whose key the caller knows is absent.
    #[inline]
    pub fn insert_new(&mut self, hash: u64, entry: EntryBox<V>) -> &mut Entry<V> {
        debug_assert_eq!(hash, self.hash(entry.key()));
        self.table.insert_new(hash, entry)
    }

    #[inline]
    pub fn remove(&mut self, key: &[u8], hash: u64) -> Option<EntryBox<V>> {
        self.slot(key, hash).map(Slot::remove)
    }

    /// Asserts the invariants of the table and of each entry. `O(n)`.
    pub fn verify(&self) {
        self.table.verify();
        self.table.iter().for_each(Entry::verify);
    }
}

impl<V> Deref for KeyTable<V> {
    type Target = Table<EntryBox<V>, Seed>;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

impl<V> DerefMut for KeyTable<V> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.table
    }
}

#[cfg(test)]
mod tests;
