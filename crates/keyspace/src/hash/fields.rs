//! The table of a large hash, and the order in which its volatile fields end.
//!
//! The order is a second structure, given up with the last time to live: a hash without them pays one null pointer.
//! It holds pairs of a time and the hash of a field, 16 bytes, never the field again. Up to [`FEW`] fields are
//! looked through instead: most volatile hashes are small, and there are many of them.
//!
//! **Invariants** ([`Fields::verify`])
//! 1. Every item has a value; its word, if there is one, is its expire in ms. `volatile` counts those.
//! 2. `bytes` is the sum of the items' memory.
//! 3. An order holds the pairs of all volatile fields. There is one if any are and the table has more than [`FEW`]
//!    fields.

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

#[derive(Clone, Default)]
struct Times {
    /// Invariant 1.
    volatile: usize,
    /// Expire and hash of each volatile field (invariant 3).
    order: Option<BTreeSet<(i64, u64)>>,
    /// The time under which the database knows this hash (see [`crate::volatile`]).
    registered: Option<i64>,
}

/// So many fields are looked through for the first that ends.
const FEW: usize = 16;

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
        let pairs = |times: &Times| times.order.as_ref().map_or(0, BTreeSet::len);
        let times = self.times.as_ref().map_or(0, |times| pairs(times) * ORDER_BYTES + size_of::<Times>());
        self.items.memory() + self.bytes + times
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
                if until.is_some() || self.times.is_some() {
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

    /// A field was changed, which had one time and has another now. The table is as it shall be.
    fn move_in_order(&mut self, hash: u64, before: Option<i64>, after: Option<i64>) {
        if before.or(after).is_none() && self.times.is_none() {
            return;
        }
        let many = self.items.len() > FEW;
        let times = self.times.get_or_insert_default();
        times.volatile = times.volatile + usize::from(after.is_some()) - usize::from(before.is_some());
        match &mut times.order {
            Some(order) => {
                if let Some(at) = before {
                    order.remove(&(at, hash));
                }
                order.extend(after.map(|at| (at, hash)));
            }
            None if many => times.order = Some(order_of(&self.items)),
            None => {}
        }
        self.forget_times();
    }

    fn forget_times(&mut self) {
        if self.times.as_ref().is_some_and(|times| times.volatile == 0 && times.registered.is_none()) {
            self.times = None;
        }
    }

    /// Whether any field has a time to live.
    #[inline]
    pub fn is_volatile(&self) -> bool {
        self.times.as_ref().is_some_and(|times| times.volatile > 0)
    }

    /// When the first volatile field ends.
    pub fn first_expire(&self) -> Option<i64> {
        match &self.times.as_ref()?.order {
            Some(order) => order.first().map(|(at, _)| *at),
            None => self.items.iter().filter_map(expire_of).min(),
        }
    }

    /// How many fields are hidden: their time is up. `O(1)` if none is, else linear in their number.
    pub(super) fn hidden(&self, now_ms: i64) -> usize {
        let Some(times) = &self.times else { return 0 };
        match &times.order {
            Some(order) => order.range(..=(now_ms, u64::MAX)).count(),
            None => self.items.iter().filter(|item| is_due(item, now_ms)).count(),
        }
    }

    pub(crate) fn registered(&self) -> Option<i64> {
        self.times.as_ref()?.registered
    }

    pub(crate) fn register(&mut self, at: Option<i64>) {
        if let Some(times) = &mut self.times {
            times.registered = at;
            self.forget_times();
        }
    }

    /// Removes up to `most` fields (up to [`FEW`] where there is no order) whose time is up, those first that ended
    /// first. `O(1)` each, and a logarithm. Returns how many.
    pub(crate) fn remove_due(&mut self, now_ms: i64, most: usize, mut emit: impl FnMut(&[u8])) -> usize {
        let Some(times) = &mut self.times else { return 0 };
        let (items, bytes, mut removed) = (&mut self.items, &mut self.bytes, 0);
        let Some(order) = &mut times.order else {
            items.retain(|item| {
                let due = is_due(item, now_ms);
                if due {
                    *bytes -= item.memory();
                    removed += 1;
                    emit(item.key());
                }
                !due
            });
            times.volatile -= removed;
            return removed;
        };
        while removed < most {
            let Some(&(at, hash)) = order.first().filter(|(at, _)| *at <= now_ms) else { break };
            order.pop_first();
            if let Some(slot) = items.find_slot(hash, |item| expire_of(item) == Some(at)) {
                let item = slot.remove();
                *bytes -= item.memory();
                emit(item.key());
            }
            removed += 1;
        }
        times.volatile -= removed;
        removed
    }

    pub(super) fn verify(&self) {
        self.items.verify();
        assert_eq!(self.bytes, self.items.iter().map(Item::memory).sum::<usize>(), "invariant 2");
        let volatile = self.items.iter().filter(|item| item.word().is_some()).count();
        assert_eq!(volatile, self.times.as_ref().map_or(0, |times| times.volatile), "invariant 1");
        let order = self.times.as_ref().and_then(|times| times.order.as_ref());
        assert!(order.is_none_or(|order| *order == order_of(&self.items)), "invariant 3");
        assert!(volatile == 0 || self.items.len() <= FEW || order.is_some(), "invariant 3");
    }
}

#[cold]
fn order_of(items: &ItemTable) -> BTreeSet<(i64, u64)> {
    items.iter().filter_map(|item| Some((expire_of(item)?, items.hash(item.key())))).collect()
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
        let times = self.times.as_ref().filter(|times| times.volatile > 0);
        let times = times.map(|times| Box::new(Times { registered: None, ..(**times).clone() }));
        Fields { items, bytes: self.bytes, times }
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items.iter()).finish()
    }
}
