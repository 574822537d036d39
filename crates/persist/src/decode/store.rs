//! Putting a decoded value under a key.

use keyspace::{Collection, DbMut, EMBED_MAX, Key, PACKED_MAX, Type, Value};
use structures::NewValue;

use super::Loaded;

impl Loaded {
    /// Whether it is something that a key can hold.
    pub fn is_value(&self) -> bool {
        !matches!(self, Loaded::Empty | Loaded::OfModule)
    }

    /// Puts it under a key, whatever was there before; does nothing if it [is no value](Loaded::is_value).
    pub fn store(self, mut db: DbMut<'_>, key: Key<'_>, expire: Option<i64>) {
        match self {
            Loaded::Int(int) => db.put(key, NewValue::Int(int), expire),
            Loaded::Bytes(bytes) if bytes.len() <= EMBED_MAX => {
                db.put(key, NewValue::Bytes { bytes: &bytes, raw: false }, expire);
            }
            Loaded::Bytes(bytes) => boxed(&mut db, key, Type::String, Value::Bytes(bytes), expire),
            Loaded::List(list) => collection(&mut db, key, list, expire),
            Loaded::Set(set) => collection(&mut db, key, set, expire),
            Loaded::SortedSet(set) => collection(&mut db, key, set, expire),
            Loaded::Hash(hash) => collection(&mut db, key, hash, expire),
            Loaded::Stream(stream) => boxed(&mut db, key, Type::Stream, Value::Stream(stream), expire),
            Loaded::Empty | Loaded::OfModule => {}
        }
    }
}

fn collection<T: Collection>(db: &mut DbMut<'_>, key: Key<'_>, value: T, expire: Option<i64>) {
    match value.packed() {
        Some((bytes, raw)) if bytes.len() <= PACKED_MAX => {
            db.put(key, NewValue::Packed { type_bits: T::TYPE as u8, bytes, raw }, expire);
        }
        _ => boxed(db, key, T::TYPE, value.into_value(), expire),
    }
}

fn boxed(db: &mut DbMut<'_>, key: Key<'_>, of: Type, value: Value, expire: Option<i64>) {
    db.put(key, NewValue::Boxed { type_bits: of as u8, value: Box::new(value) }, expire);
}
