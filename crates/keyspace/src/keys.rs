//! The table of a database behind one door: whatever changes an entry, or where entries are, comes through here.
//!
//! While a snapshot walks the table ([`crate::walk`]) what is about to change is written first. So that nobody can forget
//! it, the table is lent for change by nothing but the methods below, which name the hash of what they may change;
//! everybody may look. Without a snapshot the door costs one comparison.
//!
//! **Invariants**
//! 1. While there is a walk, the table has [`Policy::Forbid`]: homes keep their numbers.
//! 2. While there is a walk, an entry is lent for change, comes or leaves only after its home was written.

use std::ops::Deref;

use structures::entry::{Entry, EntryBox};
use structures::keytable::{KeySlot, KeyTable, Seed};
use structures::table::{Lookup, Policy};

use crate::value::Value;
use crate::walk::{Recorder, Walk, Walked};

type Found<'t> = Lookup<'t, EntryBox<Value>, Seed>;

/// What [`Keys::find_live`] found.
pub(crate) enum Live<'t> {
    /// Not due; to look at.
    Yes(&'t Entry<Value>),
    /// Due; to be removed.
    Due(KeySlot<'t, Value>),
}

pub(crate) struct Keys {
    table: KeyTable<Value>,
    /// The policy when no walk is on.
    policy: Policy,
    walk: Option<Box<Walk>>,
}

/// To look.
impl Deref for Keys {
    type Target = KeyTable<Value>;

    #[inline(always)]
    fn deref(&self) -> &KeyTable<Value> {
        &self.table
    }
}

impl Keys {
    pub fn new(seed: Seed) -> Self {
        Keys { table: KeyTable::new(seed), policy: Policy::Allow, walk: None }
    }

    /// The door (invariant 2).
    #[inline(always)]
    fn to_change(&mut self, hash: u64) -> &mut KeyTable<Value> {
        if self.walk.is_some() {
            self.write_first(hash);
        }
        &mut self.table
    }

    #[cold]
    #[inline(never)]
    fn write_first(&mut self, hash: u64) {
        if let Some(walk) = &mut self.walk {
            walk.write_first(&self.table, hash);
        }
    }

    #[inline(always)]
    pub fn get_mut(&mut self, key: &[u8], hash: u64) -> Option<&mut Entry<Value>> {
        self.to_change(hash).get_mut(key, hash)
    }

    #[inline(always)]
    pub fn slot(&mut self, key: &[u8], hash: u64) -> Option<KeySlot<'_, Value>> {
        self.to_change(hash).slot(key, hash)
    }

    #[inline(always)]
    pub fn find_slot(
        &mut self,
        hash: u64,
        eq: impl FnMut(&Entry<Value>) -> bool,
    ) -> Option<KeySlot<'_, Value>> {
        self.to_change(hash).find_slot(hash, eq)
    }

    #[inline(always)]
    pub fn lookup_key(&mut self, key: &[u8], hash: u64) -> Found<'_> {
        self.to_change(hash).lookup_key(key, hash)
    }

    #[inline(always)]
    pub fn insert_new(&mut self, hash: u64, entry: EntryBox<Value>) -> &mut Entry<Value> {
        self.to_change(hash).insert_new(hash, entry)
    }

    #[inline(always)]
    pub fn remove(&mut self, key: &[u8], hash: u64) -> Option<EntryBox<Value>> {
        self.to_change(hash).remove(key, hash)
    }

    /// An entry to look at, or to be removed if it is due. One search; only what is due is written first.
    #[inline(always)]
    pub fn find_live(
        &mut self,
        key: &[u8],
        hash: u64,
        is_due: impl Fn(&Entry<Value>) -> bool,
    ) -> Option<Live<'_>> {
        if self.walk.is_some() && self.table.get(key, hash).is_some_and(&is_due) {
            self.write_first(hash);
        }
        let slot = self.table.slot(key, hash)?;
        Some(if is_due(slot.get()) { Live::Due(slot) } else { Live::Yes(slot.into_ref()) })
    }

    /// See [`structures::table::Table::rehash_step`].
    pub fn rehash_step(&mut self, buckets: usize) -> bool {
        self.walk.is_none() && self.table.rehash_step(buckets)
    }

    /// Makes room for so many entries in all; not while there is a walk.
    pub fn reserve(&mut self, items: usize) {
        if self.walk.is_none() {
            self.table.reserve(items);
        }
    }

    /// In force at once, or when the walk is over (invariant 1).
    pub fn set_resize(&mut self, policy: Policy) {
        self.policy = policy;
        if self.walk.is_none() {
            self.table.set_resize(policy);
        }
    }

    /// What it is without a walk.
    pub fn resize_policy(&self) -> Policy {
        self.policy
    }

    /// Takes all entries out. No walk is on.
    pub fn drain(&mut self, emit: impl FnMut(EntryBox<Value>)) {
        assert!(self.walk.is_none(), "a table that is being written is not emptied");
        self.table.drain(emit);
    }

    /// From now on every entry, as it is now, goes to the recorder: step by step, or before it changes.
    pub fn begin_walk(&mut self, recorder: Box<dyn Recorder>) {
        self.table.set_resize(Policy::Forbid);
        self.walk = Some(Box::new(Walk::new(self.table.homes(), recorder)));
    }

    pub fn is_walked(&self) -> bool {
        self.walk.is_some()
    }

    /// Writes homes until all are written or time is up; the sum of the walk if that was all.
    pub fn walk_step(&mut self, time_left: &mut dyn FnMut() -> bool) -> Option<Walked> {
        let done = self.walk.as_mut()?.step(&self.table, time_left);
        if !done {
            return None;
        }
        let walk = self.end_walk()?;
        Some(walk.finish())
    }

    /// Ends the walk, whole or not.
    pub fn end_walk(&mut self) -> Option<Box<Walk>> {
        let walk = self.walk.take();
        self.table.set_resize(self.policy);
        walk
    }

    /// What the walk has done so far.
    pub fn walked(&self) -> Walked {
        self.walk.as_ref().map(|walk| walk.walked()).unwrap_or_default()
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        self.table.verify();
        let policy = if self.walk.is_some() { Policy::Forbid } else { self.policy };
        assert_eq!(self.table.resize_policy(), policy, "invariant 1");
        if let Some(walk) = &self.walk {
            walk.verify(&self.table);
        }
    }
}
