//! A table of things under their keys: what a database of the keyspace, a set, and a hash are made of.
//!
//! The hash of a key is computed once ([`KeyedTable::hash`]) and handed along: to prefetch, to look up, to insert.
//! All of [`Table`] is at hand through `Deref`.
//!
//! *Not here*: expiry, eviction, statistics of hits (`keyspace`).

use std::ops::{Deref, DerefMut};

use crate::entry::{Entry, EntryBox};
use crate::item::{Item, ItemBox};
use crate::table::{Hashed, Lookup, Slot, Table, Thin};

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

/// What has a key.
pub trait Keyed {
    fn key(&self) -> &[u8];
    fn key_is(&self, key: &[u8]) -> bool;
    /// Asserts its invariants.
    fn verify(&self);
}

impl<V> Keyed for Entry<V> {
    #[inline(always)]
    fn key(&self) -> &[u8] {
        Entry::key(self)
    }
    #[inline(always)]
    fn key_is(&self, key: &[u8]) -> bool {
        Entry::key_is(self, key)
    }
    fn verify(&self) {
        Entry::verify(self);
    }
}

impl Keyed for Item {
    #[inline(always)]
    fn key(&self) -> &[u8] {
        Item::key(self)
    }
    #[inline(always)]
    fn key_is(&self, key: &[u8]) -> bool {
        Item::key_is(self, key)
    }
    fn verify(&self) {
        Item::verify(self);
    }
}

impl<K: Keyed> Hashed<K> for Seed {
    #[inline]
    fn hash(&self, item: &K) -> u64 {
        hash_key(*self, item.key())
    }
}

/// Entries under their keys.
pub type KeyTable<V> = KeyedTable<EntryBox<V>>;
/// An entry in its place.
pub type KeySlot<'t, V> = Slot<'t, EntryBox<V>, Seed>;
/// Items under their keys.
pub type ItemTable = KeyedTable<ItemBox>;

/// Things under their keys.
pub struct KeyedTable<T: Thin>
where
    T::Target: Keyed,
{
    table: Table<T, Seed>,
}

impl<T: Thin> KeyedTable<T>
where
    T::Target: Keyed,
{
    pub const fn new(seed: Seed) -> Self {
        KeyedTable { table: Table::new(seed) }
    }

    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        hash_key(*self.table.hasher(), key)
    }

    #[inline(always)]
    pub fn get(&self, key: &[u8], hash: u64) -> Option<&T::Target> {
        self.table.find(hash, |entry| entry.key_is(key))
    }

    /// To change an entry in place. Moves no bucket.
    #[inline]
    pub fn get_mut(&mut self, key: &[u8], hash: u64) -> Option<&mut T::Target> {
        self.table.find_mut(hash, |entry| entry.key_is(key))
    }

    /// To replace or remove an entry. Moves a bucket if a rehash is under way.
    #[inline]
    pub fn slot(&mut self, key: &[u8], hash: u64) -> Option<Slot<'_, T, Seed>> {
        self.table.find_slot(hash, |entry| entry.key_is(key))
    }

    /// The slot of a key, or the right to insert it.
    #[inline]
    pub fn lookup_key(&mut self, key: &[u8], hash: u64) -> Lookup<'_, T, Seed> {
        self.table.lookup(hash, |entry| entry.key_is(key))
    }

    /// Inserts an entry whose key the caller knows is absent.
    #[inline]
    pub fn insert_new(&mut self, hash: u64, entry: T) -> &mut T::Target {
        let seed = *self.table.hasher();
        let entry = self.table.insert_new(hash, entry);
        debug_assert_eq!(hash, hash_key(seed, entry.key()));
        entry
    }

    #[inline]
    pub fn remove(&mut self, key: &[u8], hash: u64) -> Option<T> {
        self.slot(key, hash).map(Slot::remove)
    }

    /// Asserts the invariants of the table and of each entry. `O(n)`.
    pub fn verify(&self) {
        self.table.verify();
        self.table.iter().for_each(Keyed::verify);
    }
}

impl<T: Thin> Deref for KeyedTable<T>
where
    T::Target: Keyed,
{
    type Target = Table<T, Seed>;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

impl<T: Thin> DerefMut for KeyedTable<T>
where
    T::Target: Keyed,
{
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.table
    }
}

#[cfg(test)]
mod tests;
