//! A hash: fields and their values.
//!
//! ```text
//!   Packed    field, value, field, value, ...        few and short ones, without times to live
//!   Table     one item per field                     all others; a time to live is the word of its item
//! ```
//!
//! Conversion goes one way, at the points of Valkey 9.1: more than `hash_max_listpack_entries` fields, a field or
//! value longer than `hash_max_listpack_value`, or the first time to live.
//!
//! A field whose time is up is *hidden* from all readers, but counted by [`HashView::len`], until something is put
//! in its place or the active cycle takes it: so do the peers.
//!
//! **Invariants** ([`Hash::verify`])
//! 1. A packed hash has an even number of elements, and no field twice.
//! 2. Those of [`Fields`].

mod fields;
mod view;

use structures::listpack::{At, Element, Listpack, Pack};

pub use fields::Fields;
pub use view::{HashIter, HashView};

use crate::collection::Collection;
use crate::env::Env;
use crate::value::{Type, Value};

/// A hash: fields and their values.
#[derive(Clone, Debug)]
pub enum Hash {
    Packed(Listpack),
    Table(Fields),
}

/// What becomes of the time to live of a field that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldTtl {
    /// It lives for ever.
    Clear,
    /// It lives as long as it would have; a new one for ever.
    Keep,
    /// Milliseconds since 1970.
    Until(i64),
}

/// What was under a field before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was {
    Absent,
    There,
    /// One whose time was up, so that readers saw none.
    Expired,
}

/// What is to be done with the time to live of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retime {
    Leave,
    /// `None` = for ever, else milliseconds since 1970.
    Set(Option<i64>),
    /// The field goes.
    Remove,
}

impl Default for Hash {
    fn default() -> Self {
        Hash::Packed(Listpack::new())
    }
}

impl Hash {
    /// Prepares for so many fields: as with the peers, a request that may add more than a packed hash can have
    /// converts it first, even if they turn out to be there already.
    #[inline]
    pub fn expect(&mut self, fields: usize, env: &Env) {
        if fields > env.limits.hash_max_listpack_entries {
            self.convert(env);
        }
    }

    /// Makes room for so many fields, if it is large.
    pub fn reserve(&mut self, fields: usize) {
        if let Hash::Table(table) = self {
            table.expect(fields);
        }
    }

    /// Puts a value under a field. `O(1)`, in a packed hash `O(n)`.
    #[inline]
    pub fn set(&mut self, field: &[u8], value: &[u8], ttl: FieldTtl, env: &Env) -> Was {
        if let Hash::Packed(pack) = self {
            let longest = env.limits.hash_max_listpack_value;
            let short = field.len() <= longest && value.len() <= longest;
            if short && !matches!(ttl, FieldTtl::Until(_)) && pack.has_room(field.len() + value.len() + 32) {
                let was = set_packed(pack, field, value);
                if was == Was::Absent && pack.len() / 2 > env.limits.hash_max_listpack_entries {
                    self.convert(env);
                }
                return was;
            }
            self.convert(env);
        }
        match self {
            Hash::Table(fields) => fields.set(field, value, ttl, env.now_ms),
            Hash::Packed(_) => unreachable!("converted above"),
        }
    }

    /// Removes a field that is there and whose time is not up (one whose time is up stays). True if it was.
    pub fn remove(&mut self, field: &[u8], env: &Env) -> bool {
        match self {
            Hash::Packed(pack) => remove_packed(pack, field),
            Hash::Table(fields) => fields.remove(field, env.now_ms),
        }
    }

    /// Asks what to do with the time to live of a field, given the one it has, and does it. `None` if there is no such
    /// field, or its time is up.
    pub fn retime(
        &mut self,
        field: &[u8],
        env: &Env,
        decide: impl FnOnce(Option<i64>) -> Retime,
    ) -> Option<Retime> {
        if let Hash::Packed(pack) = self {
            find_packed(pack.view(), field)?;
            let decision = decide(None);
            match decision {
                Retime::Leave | Retime::Set(None) => return Some(decision),
                Retime::Remove => {
                    self.remove(field, env);
                    return Some(decision);
                }
                Retime::Set(Some(_)) => self.convert(env),
            }
            return self.as_fields()?.retime(field, env.now_ms, |_| decision);
        }
        self.as_fields()?.retime(field, env.now_ms, decide)
    }

    fn as_fields(&mut self) -> Option<&mut Fields> {
        match self {
            Hash::Table(fields) => Some(fields),
            Hash::Packed(_) => None,
        }
    }

    #[cold]
    fn convert(&mut self, env: &Env) {
        let Hash::Packed(pack) = self else { return };
        let mut fields = Fields::new(env.seed);
        fields.expect(pack.len() / 2);
        let (mut elements, mut field_text, mut value_text) = (pack.view().iter(), Vec::new(), Vec::new());
        while let (Some(field), Some(value)) = (elements.next(), elements.next()) {
            fields.insert_new(field.bytes(&mut field_text), value.bytes(&mut value_text));
        }
        *self = Hash::Table(fields);
    }

    /// A copy without the fields whose time is up; with them if there are no others, as no key holds nothing: then
    /// the active cycle takes the copy, too.
    pub(crate) fn living(&self, now_ms: i64) -> Hash {
        let mut copy = self.clone();
        if let Hash::Table(fields) = &mut copy
            && fields.hidden(now_ms) < fields.len()
        {
            fields.remove_due(now_ms, usize::MAX, |_| {});
        }
        copy
    }

    /// Bytes that it holds beside the entry and the box of its value.
    pub fn memory(&self) -> usize {
        match self {
            Hash::Packed(pack) => pack.memory(),
            Hash::Table(fields) => fields.memory(),
        }
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        match self {
            Hash::Packed(_) => 1,
            Hash::Table(fields) => fields.len(),
        }
    }

    /// Asserts the invariants. `O(n)`, packed `O(n^2)`.
    pub fn verify(&self) {
        match self {
            Hash::Packed(pack) => verify_packed(pack.view()),
            Hash::Table(fields) => fields.verify(),
        }
    }
}

/// The position of the value of a field.
#[inline]
fn find_packed(pack: Pack<'_>, field: &[u8]) -> Option<At> {
    let at = pack.find(pack.first()?, field, 1)?;
    pack.next(at)
}

fn set_packed(pack: &mut Listpack, field: &[u8], value: &[u8]) -> Was {
    match find_packed(pack.view(), field) {
        Some(at) => {
            pack.replace(at, Element::of(value));
            Was::There
        }
        None => {
            pack.push_back(Element::of(field));
            pack.push_back(Element::of(value));
            Was::Absent
        }
    }
}

fn remove_packed(pack: &mut Listpack, field: &[u8]) -> bool {
    let view = pack.view();
    let found = view.first().and_then(|first| view.find(first, field, 1));
    if let Some(at) = found {
        pack.remove_many(at, 2);
    }
    found.is_some()
}

fn verify_packed(pack: Pack<'_>) {
    pack.verify();
    assert_eq!(pack.len() % 2, 0, "invariant 1");
    let mut names: Vec<Vec<u8>> = pack.iter().step_by(2).map(Element::to_vec).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "invariant 1");
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
            Hash::Table(fields) => HashView::Table(fields),
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
            Hash::Table(_) => None,
        }
    }

    #[inline]
    fn into_packed(self) -> Vec<u8> {
        match self {
            Hash::Packed(pack) => pack.into_bytes(),
            Hash::Table(_) => Vec::new(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self {
            Hash::Packed(pack) => pack.is_empty(),
            Hash::Table(fields) => fields.is_empty(),
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
}

#[cfg(test)]
mod tests;
