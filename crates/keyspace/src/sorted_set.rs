//! A sorted set: members with a score each, in the order of scores.

use structures::listpack::{Listpack, Pack};

use crate::collection::Collection;
use crate::value::{Type, Value};

/// A sorted set: members with a score each, in the order of scores.
#[derive(Clone, Debug)]
pub enum SortedSet {
    Packed(Listpack),
}

/// The same, lent.
#[derive(Clone, Copy, Debug)]
pub enum SortedSetView<'a> {
    Packed(Pack<'a>),
}

impl Default for SortedSet {
    fn default() -> Self {
        SortedSet::Packed(Listpack::new())
    }
}

impl SortedSet {
    /// Bytes that it holds beside the entry and the box of its value.
    pub fn memory(&self) -> usize {
        match self {
            SortedSet::Packed(pack) => pack.memory(),
        }
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        1
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        match self {
            SortedSet::Packed(pack) => pack.view().verify(),
        }
    }
}

impl SortedSetView<'_> {
    /// Number of elements.
    pub fn len(self) -> usize {
        match self {
            SortedSetView::Packed(pack) => pack.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(self) -> &'static str {
        match self {
            SortedSetView::Packed(_) => "listpack",
        }
    }
}

impl Collection for SortedSet {
    const TYPE: Type = Type::SortedSet;
    type View<'a> = SortedSetView<'a>;

    #[inline]
    fn view_packed(bytes: &[u8], _raw: bool) -> SortedSetView<'_> {
        SortedSetView::Packed(Pack::trusted(bytes))
    }

    #[inline]
    fn view(&self) -> SortedSetView<'_> {
        match self {
            SortedSet::Packed(pack) => SortedSetView::Packed(pack.view()),
        }
    }

    #[inline]
    fn unpack(bytes: Vec<u8>, _raw: bool) -> Self {
        SortedSet::Packed(Listpack::trusted(bytes))
    }

    #[inline]
    fn packed(&self) -> Option<(&[u8], bool)> {
        match self {
            SortedSet::Packed(pack) => Some((pack.bytes(), false)),
        }
    }

    #[inline]
    fn into_packed(self) -> Vec<u8> {
        match self {
            SortedSet::Packed(pack) => pack.into_bytes(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self {
            SortedSet::Packed(pack) => pack.is_empty(),
        }
    }

    fn into_value(self) -> Value {
        Value::SortedSet(self)
    }

    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::SortedSet(it) => Some(it),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::SortedSet(it) => Some(it),
            _ => None,
        }
    }

    fn out_of(value: Value) -> Option<Self> {
        match value {
            Value::SortedSet(it) => Some(it),
            _ => None,
        }
    }
}
