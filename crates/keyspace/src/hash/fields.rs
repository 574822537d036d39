//! The table of a large hash, and the order in which its volatile fields end.
//!
//! The order is a second structure, made with the first time to live and given up with the last: a hash without
//! them pays one null pointer. It holds pairs of a time and the hash of a field, 16 bytes, never the field again.
//!
//! **Invariants** ([`Fields::verify`])
//! 1. Every item has a value. An item has a word, its expire in ms, exactly if its pair is in the order.
//! 2. `bytes` is the sum of the items' memory.

use std::collections::BTreeSet;
use std::fmt;

use structures::item::{Item, ItemBox};
use structures::keytable::{ItemTable, Seed};
use structures::table::Lookup;

use super::{FieldTtl, Retime, Was};

/// Fields and values, one item each.
pub struct Fields {
    pub(super) items: ItemTable,
    /// Invariant 2.
    bytes: usize,
    times: Option<Box<Times>>,
}

#[derive(Default)]
struct Times {
    /// Expire and hash of each volatile field.
    order: BTreeSet<(i64, u64)>,
    /// The time under which the database knows this hash (see [`crate::volatile`]).
    registered: Option<i64>,
}

/// What a `BTreeSet` of pairs costs for each, its nodes being two thirds full.
const ORDER_BYTES: usize = 26;

impl Fields {
    pub(super) fn new(seed: Seed) -> Self {
        Fields { items: ItemTable::new(seed), bytes: 0, times: None }
    }

    pub(super) fn expect(&mut self, fields: usize) {
        self.items.reserve(fields);
    }

    /// Number of fields, hidden ones included.
    #[inline]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The table itself, to walk it.
    pub fn table(&self) -> &ItemTable {
        &self.items
    }

    pub fn table_mut(&mut self) -> &mut ItemTable {
        &mut self.items
    }

    pub(super) fn memory(&self) -> usize {
        let order =
            self.times.as_ref().map_or(0, |times| times.order.len() * ORDER_BYTES + size_of::<Times>());
        self.items.memory() + self.bytes + order
    }

    #[inline]
    pub(super) fn get(&self, field: &[u8], now_ms: i64) -> Option<&Item> {
        self.items.get(field, self.items.hash(field)).filter(|item| !is_due(item, now_ms))
    }

    /// Puts a field that is not there.
    pub(super) fn insert_new(&mut self, field: &[u8], value: &[u8]) {
        let item = ItemBox::new(field, Some(value), None);
        self.bytes += item.memory();
        self.items.insert_new(self.items.hash(field), item);
    }

    #[inline]
    pub(super) fn set(&mut self, field: &[u8], value: &[u8], ttl: FieldTtl, now_ms: i64) -> Was {
        let hash = self.items.hash(field);
        match self.items.lookup_key(field, hash) {
            Lookup::Found(mut slot) => {
                let before = expire_of(slot.get());
                if before.is_none() && !matches!(ttl, FieldTtl::Until(_)) {
                    if !slot.get_mut().try_set_value(value) {
                        let item = ItemBox::new(field, Some(value), None);
                        self.bytes += item.memory();
                        self.bytes -= slot.replace(item).memory();
                    }
                    return Was::There;
                }
                let was = if before.is_some_and(|at| at <= now_ms) { Was::Expired } else { Was::There };
                let after = match ttl {
                    FieldTtl::Until(at) => Some(at),
                    FieldTtl::Keep if was == Was::There => before,
                    FieldTtl::Keep | FieldTtl::Clear => None,
                };
                let item = ItemBox::new(field, Some(value), after.map(|at| at as u64));
                self.bytes += item.memory();
                self.bytes -= slot.replace(item).memory();
                self.move_in_order(hash, before, after);
                was
            }
            Lookup::Absent(vacant) => {
                let until = match ttl {
                    FieldTtl::Until(at) => Some(at),
                    FieldTtl::Keep | FieldTtl::Clear => None,
                };
                let item = ItemBox::new(field, Some(value), until.map(|at| at as u64));
                self.bytes += item.memory();
                vacant.insert(item);
                if until.is_some() {
                    self.move_in_order(hash, None, until);
                }
                Was::Absent
            }
        }
    }

    pub(super) fn remove(&mut self, field: &[u8], now_ms: i64) -> bool {
        let hash = self.items.hash(field);
        let Some(slot) = self.items.slot(field, hash) else { return false };
        if is_due(slot.get(), now_ms) {
            return false;
        }
        let item = slot.remove();
        self.bytes -= item.memory();
        if let Some(at) = expire_of(&item) {
            self.move_in_order(hash, Some(at), None);
        }
        true
    }

    pub(super) fn retime(
        &mut self,
        field: &[u8],
        now_ms: i64,
        decide: impl FnOnce(Option<i64>) -> Retime,
    ) -> Option<Retime> {
        let hash = self.items.hash(field);
        let mut slot = self.items.slot(field, hash)?;
        if is_due(slot.get(), now_ms) {
            return None;
        }
        let before = expire_of(slot.get());
        let decision = decide(before);
        let after = match decision {
            Retime::Leave => return Some(decision),
            Retime::Remove => {
                self.bytes -= slot.remove().memory();
                None
            }
            Retime::Set(after) => {
                self.bytes -= slot.get().memory();
                slot.replace_with(|item| item.with_word(after.map(|at| at as u64)));
                self.bytes += slot.get().memory();
                after
            }
        };
        self.move_in_order(hash, before, after);
        Some(decision)
    }

    fn move_in_order(&mut self, hash: u64, before: Option<i64>, after: Option<i64>) {
        if before == after {
            return;
        }
        let times = self.times.get_or_insert_default();
        if let Some(at) = before {
            times.order.remove(&(at, hash));
        }
        if let Some(at) = after {
            times.order.insert((at, hash));
        }
        if times.order.is_empty() && times.registered.is_none() {
            self.times = None;
        }
    }

    /// Whether any field has a time to live.
    #[inline]
    pub fn is_volatile(&self) -> bool {
        self.times.as_ref().is_some_and(|times| !times.order.is_empty())
    }

    /// When the first volatile field ends.
    pub fn first_expire(&self) -> Option<i64> {
        self.times.as_ref()?.order.first().map(|(at, _)| *at)
    }

    /// How many fields are hidden: their time is up. `O(1)` if none is, else linear in their number.
    pub(super) fn hidden(&self, now_ms: i64) -> usize {
        self.times.as_ref().map_or(0, |times| times.order.range(..=(now_ms, u64::MAX)).count())
    }

    pub(crate) fn registered(&self) -> Option<i64> {
        self.times.as_ref()?.registered
    }

    pub(crate) fn register(&mut self, at: Option<i64>) {
        if let Some(times) = &mut self.times {
            times.registered = at;
            if at.is_none() && times.order.is_empty() {
                self.times = None;
            }
        }
    }

    /// Removes up to `most` fields whose time is up, those first that ended first. `O(1)` each, and a logarithm.
    pub(crate) fn remove_due(&mut self, now_ms: i64, most: usize, mut emit: impl FnMut(&[u8])) -> usize {
        let mut removed = 0;
        while removed < most {
            let Some(times) = &mut self.times else { break };
            let Some(&(at, hash)) = times.order.first().filter(|(at, _)| *at <= now_ms) else { break };
            times.order.pop_first();
            if let Some(slot) = self.items.find_slot(hash, |item| expire_of(item) == Some(at)) {
                let item = slot.remove();
                self.bytes -= item.memory();
                emit(item.key());
            }
            removed += 1;
        }
        removed
    }

    pub(super) fn verify(&self) {
        self.items.verify();
        assert_eq!(self.bytes, self.items.iter().map(Item::memory).sum::<usize>(), "invariant 2");
        let mut volatile = 0;
        for item in self.items.iter() {
            if let Some(at) = expire_of(item) {
                let pair = (at, self.items.hash(item.key()));
                assert!(self.times.as_ref().is_some_and(|t| t.order.contains(&pair)), "invariant 1");
                volatile += 1;
            }
        }
        assert_eq!(volatile, self.times.as_ref().map_or(0, |times| times.order.len()), "invariant 1");
    }
}

/// The expire of a field, milliseconds since 1970.
#[inline]
pub(super) fn expire_of(item: &Item) -> Option<i64> {
    item.word().map(|word| word as i64)
}

#[inline]
pub(super) fn is_due(item: &Item, now_ms: i64) -> bool {
    expire_of(item).is_some_and(|at| at <= now_ms)
}

impl Clone for Fields {
    /// All of it, but not the registration: that is the entry's.
    fn clone(&self) -> Self {
        let mut items = ItemTable::new(*self.items.hasher());
        items.reserve(self.items.len());
        for item in self.items.iter() {
            let hash = items.hash(item.key());
            items.insert_new(hash, ItemBox::new(item.key(), Some(item.value()), item.word()));
        }
        let times = self.times.as_ref().filter(|times| !times.order.is_empty());
        let times = times.map(|times| Box::new(Times { order: times.order.clone(), registered: None }));
        Fields { items, bytes: self.bytes, times }
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items.iter()).finish()
    }
}
