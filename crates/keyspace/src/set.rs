//! A set: members, each once.
//!
//! | encoding | kept as | while |
//! |---|---|---|
//! | `intset` | integers in ascending order | all members are integers, `set-max-intset-entries` at most |
//! | `listpack` | members in the order they came in | `set-max-listpack-entries` at most, each `-value` bytes at most |
//! | `hashtable` | an item per member, in a table | otherwise |
//!
//! A set goes down this table and never back up, but for the results of SINTERSTORE ([`Set::settle`]) and what SPOP
//! leaves over when it takes nearly all ([`Set::pop_many`]): there the peers begin a new set, and so do we.
//!
//! A member is handed around as an [`Element`]: what a table or a client has is a string, what an intset has is an
//! integer, and a listpack has both. Every function takes either, whatever the encoding.
//!
//! **Invariants** ([`Set::verify`])
//! 1. No member is there twice, be it as a string or as an integer.
//! 2. What is packed keeps the invariants of its structure; items of a table have no value and no word.

mod change;
mod look;
mod random;
#[cfg(test)]
mod tests;

use structures::intset::{Ints, Intset};
use structures::keytable::ItemTable;
use structures::listpack::{Listpack, Pack};

use crate::collection::Collection;
use crate::value::{Type, Value};

pub use look::{Members, Prober};
pub use random::Draw;
pub use structures::listpack::Element;

/// A set: members, each once.
pub enum Set {
    Ints(Intset),
    Packed(Listpack),
    Table(ItemTable),
}

/// The same, lent.
#[derive(Clone, Copy)]
pub enum SetView<'a> {
    Ints(Ints<'a>),
    Packed(Pack<'a>),
    Table(&'a ItemTable),
}

impl Default for Set {
    fn default() -> Self {
        Set::Ints(Intset::new())
    }
}

/// Members looked at to estimate the memory of a table.
const SAMPLES: usize = 16;

impl Set {
    /// Bytes that it holds beside the entry and the box of its value. `O(1)`: of a table some members are looked at.
    pub fn memory(&self) -> usize {
        match self {
            Set::Ints(ints) => ints.memory(),
            Set::Packed(pack) => pack.memory(),
            Set::Table(table) => {
                let sampled: usize = table.iter().take(SAMPLES).map(|item| item.memory()).sum();
                let members = sampled as f64 / table.len().clamp(1, SAMPLES) as f64 * table.len() as f64;
                table.memory() + members as usize
            }
        }
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        match self {
            Set::Ints(_) | Set::Packed(_) => 1,
            Set::Table(table) => table.len(),
        }
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        match self {
            Set::Ints(ints) => ints.view().verify(),
            Set::Packed(pack) => {
                pack.view().verify();
                let mut members: Vec<_> = pack.view().iter().map(Element::to_vec).collect();
                members.sort();
                members.dedup();
                assert_eq!(members.len(), pack.len(), "invariant 1");
            }
            Set::Table(table) => {
                table.verify();
                let bare = table.iter().all(|item| item.value().is_empty() && item.word().is_none());
                assert!(bare, "invariant 2");
            }
        }
    }

    fn len(&self) -> usize {
        self.view().len()
    }
}

impl Clone for Set {
    fn clone(&self) -> Self {
        match self {
            Set::Ints(ints) => Set::Ints(ints.clone()),
            Set::Packed(pack) => Set::Packed(pack.clone()),
            Set::Table(table) => {
                let mut copy = ItemTable::new(*table.hasher());
                copy.reserve(table.len());
                for item in table.iter() {
                    change::insert_new(&mut copy, item.key());
                }
                Set::Table(copy)
            }
        }
    }
}

impl std::fmt::Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.view().fmt(f)
    }
}

impl std::fmt::Debug for SetView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Collection for Set {
    const TYPE: Type = Type::Set;
    type View<'a> = SetView<'a>;

    #[inline]
    fn view_packed(bytes: &[u8], raw: bool) -> SetView<'_> {
        if raw { SetView::Ints(Ints::trusted(bytes)) } else { SetView::Packed(Pack::trusted(bytes)) }
    }

    #[inline]
    fn view(&self) -> SetView<'_> {
        match self {
            Set::Ints(ints) => SetView::Ints(ints.view()),
            Set::Packed(pack) => SetView::Packed(pack.view()),
            Set::Table(table) => SetView::Table(table),
        }
    }

    #[inline]
    fn unpack(bytes: Vec<u8>, raw: bool) -> Self {
        if raw { Set::Ints(Intset::trusted(bytes)) } else { Set::Packed(Listpack::trusted(bytes)) }
    }

    #[inline]
    fn packed(&self) -> Option<(&[u8], bool)> {
        match self {
            Set::Ints(ints) => Some((ints.bytes(), true)),
            Set::Packed(pack) => Some((pack.bytes(), false)),
            Set::Table(_) => None,
        }
    }

    #[inline]
    fn into_packed(self) -> Vec<u8> {
        match self {
            Set::Ints(ints) => ints.into_bytes(),
            Set::Packed(pack) => pack.into_bytes(),
            Set::Table(_) => Vec::new(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self {
            Set::Ints(ints) => ints.is_empty(),
            Set::Packed(pack) => pack.is_empty(),
            Set::Table(table) => table.is_empty(),
        }
    }

    fn into_value(self) -> Value {
        Value::Set(self)
    }

    #[inline]
    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Set(it) => Some(it),
            _ => None,
        }
    }

    #[inline]
    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::Set(it) => Some(it),
            _ => None,
        }
    }
}
