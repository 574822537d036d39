//! A list: elements in the order they were pushed.

use structures::listpack::{Listpack, Pack};

use crate::collection::Collection;
use crate::value::{Type, Value};

/// A list: elements in the order they were pushed.
#[derive(Clone, Debug)]
pub enum List {
    Packed(Listpack),
}

/// The same, lent.
#[derive(Clone, Copy, Debug)]
pub enum ListView<'a> {
    Packed(Pack<'a>),
}

impl Default for List {
    fn default() -> Self {
        List::Packed(Listpack::new())
    }
}

impl List {
    /// Bytes that it holds beside the entry and the box of its value.
    pub fn memory(&self) -> usize {
        match self {
            List::Packed(pack) => pack.memory(),
        }
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        1
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        match self {
            List::Packed(pack) => pack.view().verify(),
        }
    }
}

impl ListView<'_> {
    /// Number of elements.
    pub fn len(self) -> usize {
        match self {
            ListView::Packed(pack) => pack.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(self) -> &'static str {
        match self {
            ListView::Packed(_) => "listpack",
        }
    }
}

impl Collection for List {
    const TYPE: Type = Type::List;
    type View<'a> = ListView<'a>;

    #[inline]
    fn view_packed(bytes: &[u8], _raw: bool) -> ListView<'_> {
        ListView::Packed(Pack::trusted(bytes))
    }

    #[inline]
    fn view(&self) -> ListView<'_> {
        match self {
            List::Packed(pack) => ListView::Packed(pack.view()),
        }
    }

    #[inline]
    fn unpack(bytes: Vec<u8>, _raw: bool) -> Self {
        List::Packed(Listpack::trusted(bytes))
    }

    #[inline]
    fn packed(&self) -> Option<(&[u8], bool)> {
        match self {
            List::Packed(pack) => Some((pack.bytes(), false)),
        }
    }

    #[inline]
    fn into_packed(self) -> Vec<u8> {
        match self {
            List::Packed(pack) => pack.into_bytes(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self {
            List::Packed(pack) => pack.is_empty(),
        }
    }

    fn into_value(self) -> Value {
        Value::List(self)
    }

    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::List(it) => Some(it),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::List(it) => Some(it),
            _ => None,
        }
    }

    fn out_of(value: Value) -> Option<Self> {
        match value {
            Value::List(it) => Some(it),
            _ => None,
        }
    }
}
