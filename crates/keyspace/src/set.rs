//! A set: members, each once.

use structures::listpack::{Listpack, Pack};

use crate::collection::Collection;
use crate::value::{Type, Value};

/// A set: members, each once.
#[derive(Clone, Debug)]
pub enum Set {
    Packed(Listpack),
}

/// The same, lent.
#[derive(Clone, Copy, Debug)]
pub enum SetView<'a> {
    Packed(Pack<'a>),
}

impl Default for Set {
    fn default() -> Self {
        Set::Packed(Listpack::new())
    }
}

impl Set {
    /// Bytes that it holds beside the entry and the box of its value.
    pub fn memory(&self) -> usize {
        match self {
            Set::Packed(pack) => pack.memory(),
        }
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        1
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        match self {
            Set::Packed(pack) => pack.view().verify(),
        }
    }
}

impl SetView<'_> {
    /// Number of elements.
    pub fn len(self) -> usize {
        match self {
            SetView::Packed(pack) => pack.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(self) -> &'static str {
        match self {
            SetView::Packed(_) => "listpack",
        }
    }
}

impl Collection for Set {
    const TYPE: Type = Type::Set;
    type View<'a> = SetView<'a>;

    #[inline]
    fn view_packed(bytes: &[u8], _raw: bool) -> SetView<'_> {
        SetView::Packed(Pack::trusted(bytes))
    }

    #[inline]
    fn view(&self) -> SetView<'_> {
        match self {
            Set::Packed(pack) => SetView::Packed(pack.view()),
        }
    }

    #[inline]
    fn unpack(bytes: Vec<u8>, _raw: bool) -> Self {
        Set::Packed(Listpack::trusted(bytes))
    }

    #[inline]
    fn packed(&self) -> Option<(&[u8], bool)> {
        match self {
            Set::Packed(pack) => Some((pack.bytes(), false)),
        }
    }

    #[inline]
    fn into_packed(self) -> Vec<u8> {
        match self {
            Set::Packed(pack) => pack.into_bytes(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self {
            Set::Packed(pack) => pack.is_empty(),
        }
    }

    fn into_value(self) -> Value {
        Value::Set(self)
    }

    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Set(it) => Some(it),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::Set(it) => Some(it),
            _ => None,
        }
    }

    fn out_of(value: Value) -> Option<Self> {
        match value {
            Value::Set(it) => Some(it),
            _ => None,
        }
    }
}
