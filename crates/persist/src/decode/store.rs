//! Putting a decoded value under a key.

use keyspace::{Collection, DbMut, EMBED_MAX, EntryBox, Key, PACKED_MAX, Type, Value};
use structures::NewValue;

use super::Loaded;

impl Loaded {
    /// Whether it is something that a key can hold.
    pub fn is_value(&self) -> bool {
        !matches!(self, Loaded::Empty | Loaded::OfModule)
    }

    /// Puts it under a key, whatever was there before; does nothing if it [is no value](Loaded::is_value).
    pub fn store(self, mut db: DbMut<'_>, key: Key<'_>, expire: Option<i64>) {
        self.kept(|value| db.put(key, value, expire));
    }

    /// An entry of it; `None` if it [is no value](Loaded::is_value).
    pub fn into_entry(self, key: &[u8], expire: Option<i64>) -> Option<EntryBox<Value>> {
        self.kept(|value| EntryBox::new(key, value, expire))
    }

    /// Hands it to `keep` in the form in which it is kept.
    fn kept<T>(self, keep: impl FnOnce(NewValue<'_, Value>) -> T) -> Option<T> {
        Some(match self {
            Loaded::Int(int) => keep(NewValue::Int(int)),
            Loaded::Bytes(bytes) if bytes.len() <= EMBED_MAX => {
                keep(NewValue::Bytes { bytes: &bytes, raw: false })
            }
            Loaded::Bytes(bytes) => keep(boxed(Type::String, Value::Bytes(bytes))),
            Loaded::List(list) => collection(list, keep),
            Loaded::Set(set) => collection(set, keep),
            Loaded::SortedSet(set) => collection(set, keep),
            Loaded::Hash(hash) => collection(hash, keep),
            Loaded::Stream(stream) => keep(boxed(Type::Stream, Value::Stream(stream))),
            Loaded::Empty | Loaded::OfModule => return None,
        })
    }
}

fn collection<C: Collection, T>(value: C, keep: impl FnOnce(NewValue<'_, Value>) -> T) -> T {
    match value.packed() {
        Some((bytes, raw)) if bytes.len() <= PACKED_MAX => {
            keep(NewValue::Packed { type_bits: C::TYPE as u8, bytes, raw })
        }
        _ => keep(boxed(C::TYPE, value.into_value())),
    }
}

fn boxed<'a>(of: Type, value: Value) -> NewValue<'a, Value> {
    NewValue::Boxed { type_bits: of as u8, value: Box::new(value) }
}
