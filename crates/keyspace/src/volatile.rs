//! What of a database ends by itself: how many keys, and which hashes have fields that do.
//!
//! Keys carry their expire, and the active cycle finds them by walking. Fields are rarer and lie deeper, so hashes that
//! have volatile ones stand here in the order of their first expire: the cycle takes them from the front, and a
//! database without such hashes pays one comparison per removed key.
//!
//! A hash is known by the hash of its key, as all fields of a table know it: renaming and moving are removing and adding.
//!
//! **Invariants** ([`Db::verify`](crate::Db::verify))
//! 1. `keys` is the number of entries that have an expire.
//! 2. For every hash with volatile fields there is one pair in `hashes`: the time under which the hash itself says
//!    it is registered, and the hash of its key; that time is not after the first expire of its fields.

use std::collections::BTreeSet;

use structures::entry::{Entry, ValueMut, ValueRef};
use structures::keytable::{Seed, hash_key};

use crate::hash::{Fields, Hash};
use crate::value::{Type, Value};

pub(crate) struct Volatile {
    /// Invariant 1.
    pub keys: usize,
    /// Invariant 2.
    hashes: BTreeSet<(i64, u64)>,
    seed: Seed,
}

impl Volatile {
    pub fn new(seed: Seed) -> Self {
        Volatile { keys: 0, hashes: BTreeSet::new(), seed }
    }

    /// Hashes with volatile fields.
    pub fn hashes(&self) -> usize {
        self.hashes.len()
    }

    /// The hash of the key whose fields are due first, if one is.
    pub fn due(&self, now_ms: i64) -> Option<(i64, u64)> {
        self.hashes.first().copied().filter(|(at, _)| *at <= now_ms)
    }

    /// An entry is about to leave the table, or to get another value.
    #[inline]
    pub fn leaves(&mut self, entry: &Entry<Value>) {
        self.keys -= usize::from(entry.has_expire());
        if !self.hashes.is_empty() {
            self.fields_leave(entry);
        }
    }

    #[cold]
    fn fields_leave(&mut self, entry: &Entry<Value>) {
        if let Some(at) = fields(entry).and_then(Fields::registered) {
            self.hashes.remove(&(at, hash_key(self.seed, entry.key())));
        }
    }

    /// An entry came into the table.
    #[inline]
    pub fn comes(&mut self, entry: &mut Entry<Value>) {
        self.keys += usize::from(entry.has_expire());
        if entry.type_bits() == Type::Hash as u8 {
            if let Some(fields) = fields_mut(entry) {
                fields.register(None);
            }
            self.fields_changed(entry);
        }
    }

    /// The fields of a hash were changed, or their times.
    #[inline]
    pub fn fields_changed(&mut self, entry: &mut Entry<Value>) {
        let Some(fields) = fields_mut(entry) else { return };
        if !fields.is_volatile() && fields.registered().is_none() {
            return;
        }
        let (before, first) = (fields.registered(), fields.first_expire());
        let wanted = match (before, first) {
            // Too early does no harm: the cycle will see, and come back.
            (Some(before), Some(first)) if before <= first => return,
            (_, first) => first,
        };
        fields.register(wanted);
        let hash = hash_key(self.seed, entry.key());
        self.reregister(hash, before, wanted);
    }

    #[cold]
    fn reregister(&mut self, hash: u64, before: Option<i64>, now: Option<i64>) {
        if let Some(before) = before {
            self.hashes.remove(&(before, hash));
        }
        if let Some(now) = now {
            self.hashes.insert((now, hash));
        }
    }

    /// A registered time has passed: the hash moves to its first expire, or leaves.
    pub fn settle(&mut self, was: (i64, u64), entry: Option<&mut Entry<Value>>) {
        self.hashes.remove(&was);
        if let Some(fields) = entry.and_then(fields_mut) {
            let first = fields.first_expire();
            fields.register(first);
            self.reregister(was.1, None, first);
        }
    }

    /// Asserts invariant 2, given all entries.
    pub fn verify<'e>(&self, entries: impl Iterator<Item = &'e Entry<Value>>) {
        let volatile = entries.filter_map(|entry| Some((entry.key(), fields(entry)?)));
        let volatile = volatile.filter(|(_, fields)| fields.is_volatile() || fields.registered().is_some());
        let mut seen = 0;
        for (key, fields) in volatile {
            let (at, first) = (fields.registered(), fields.first_expire());
            assert!(at.is_some() && at <= first, "invariant 2: {at:?} {first:?}");
            let pair = (at.unwrap_or(0), hash_key(self.seed, key));
            assert!(self.hashes.contains(&pair), "invariant 2: {pair:?}");
            seen += 1;
        }
        assert_eq!(seen, self.hashes.len(), "invariant 2");
    }
}

/// Whether these are the entry's registered fields.
pub(crate) fn is_registered(entry: &Entry<Value>, at: i64) -> bool {
    fields(entry).is_some_and(|fields| fields.registered() == Some(at))
}

fn fields(entry: &Entry<Value>) -> Option<&Fields> {
    match entry.value() {
        ValueRef::Boxed(Value::Hash(Hash::Table(fields))) => Some(fields),
        _ => None,
    }
}

pub(crate) fn fields_mut(entry: &mut Entry<Value>) -> Option<&mut Fields> {
    match entry.value_mut() {
        ValueMut::Boxed(Value::Hash(Hash::Table(fields))) => Some(fields),
        _ => None,
    }
}
