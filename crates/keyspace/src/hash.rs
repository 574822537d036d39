//! A hash: fields and their values.

use structures::listpack::{Listpack, Pack};

use crate::collection::Collection;
use crate::value::{Type, Value};

/// A hash: fields and their values.
#[derive(Clone, Debug)]
pub enum Hash {
    Packed(Listpack),
}

/// The same, lent.
#[derive(Clone, Copy, Debug)]
pub enum HashView<'a> {
    Packed(Pack<'a>),
}

impl Default for Hash {
    fn default() -> Self {
        Hash::Packed(Listpack::new())
    }
}

impl Hash {
    /// Bytes that it holds beside the entry and the box of its value.
    pub fn memory(&self) -> usize {
        match self {
            Hash::Packed(pack) => pack.memory(),
        }
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        1
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        match self {
            Hash::Packed(pack) => pack.view().verify(),
        }
    }
}

impl HashView<'_> {
    /// Number of elements.
    pub fn len(self) -> usize {
        match self {
            HashView::Packed(pack) => pack.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(self) -> &'static str {
        match self {
            HashView::Packed(_) => "listpack",
        }
    }
}

impl Collection for Hash {
    const TYPE: Type = Type::Hash;
    type View<'a> = HashView<'a>;

    #[inline]
    fn view_packed(bytes: &[u8], _raw: bool) -> HashView<'_> {
        HashView::Packed(Pack::trusted(bytes))
    }

    #[inline]
    fn view(&self) -> HashView<'_> {
        match self {
            Hash::Packed(pack) => HashView::Packed(pack.view()),
        }
    }

    #[inline]
    fn unpack(bytes: Vec<u8>, _raw: bool) -> Self {
        Hash::Packed(Listpack::trusted(bytes))
    }

    #[inline]
    fn packed(&self) -> Option<(&[u8], bool)> {
        match self {
            Hash::Packed(pack) => Some((pack.bytes(), false)),
        }
    }

    #[inline]
    fn into_packed(self) -> Vec<u8> {
        match self {
            Hash::Packed(pack) => pack.into_bytes(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self {
            Hash::Packed(pack) => pack.is_empty(),
        }
    }

    fn into_value(self) -> Value {
        Value::Hash(self)
    }

    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Hash(it) => Some(it),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::Hash(it) => Some(it),
            _ => None,
        }
    }

    fn out_of(value: Value) -> Option<Self> {
        match value {
            Value::Hash(it) => Some(it),
            _ => None,
        }
    }
}
