//! Collections: how a list, set, hash or sorted set is kept with its key, looked at, and changed.
//!
//! ```text
//!   small   | header | key | packed bytes |                        one allocation, that of the entry
//!   large   | header | key | address | ---> Value ---> ...
//! ```
//!
//! A type is an enum of its encodings ([`Collection`]); it never sees an entry. What the compact encodings hold is
//! one run of bytes (a listpack, an intset). Up to [`PACKED_MAX`] of them live in the entry: they are copied out
//! into a buffer that the environment keeps, changed there, and copied back, which costs some tens of instructions and
//! saves two allocations per key and one cache line per visit. Anything larger is boxed and changed in place.
//!
//! **Invariants**
//! 1. No collection under a key is empty (streams apart, which are not handled here): who empties one removes the key.
//! 2. Packed bytes in an entry are of the entry's type and were written by that type.

use structures::entry::{Entry, EntryBox, NewValue, ValueMut, ValueRef};
use structures::keytable::KeySlot;

use crate::db::{Db, DbMut, Key};
use crate::env::{Env, Why};
use crate::value::{Type, Value, WrongType};
use crate::volatile::Volatile;

/// The longest packed bytes, in bytes, that are kept in the allocation of their key.
pub const PACKED_MAX: usize = 1024;

/// A type of value that holds several elements.
pub trait Collection: Sized + 'static {
    const TYPE: Type;
    /// What is lent to readers: cheap to copy, good for the small and the large.
    type View<'a>;

    /// The reader's view of packed bytes; `raw` as [`Collection::packed`] told.
    fn view_packed(bytes: &[u8], raw: bool) -> Self::View<'_>;
    fn view(&self) -> Self::View<'_>;
    /// The collection of packed bytes.
    fn unpack(bytes: Vec<u8>, raw: bool) -> Self;
    /// Its bytes if it is packed now, and one bit that tells two packed encodings of the type apart.
    fn packed(&self) -> Option<(&[u8], bool)>;
    /// Gives back the buffer of a packed one.
    fn into_packed(self) -> Vec<u8>;
    fn is_empty(&self) -> bool;
    /// The boxed form and back.
    fn into_value(self) -> Value;
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edited<R> {
    pub result: R,
    /// The collection is empty now, and its key gone.
    pub gone: bool,
}

/// The limits at which encodings change: the parameters of the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub hash_max_listpack_entries: usize,
    pub hash_max_listpack_value: usize,
    /// Positive: elements; negative: -1 .. -5 for 4, 8, 16, 32, 64 KiB.
    pub list_max_listpack_size: i32,
    pub list_compress_depth: u32,
    /// From how many bytes on an element of a long list gets a node of its own; 0: from more than fit into one on.
    pub list_packed_threshold: usize,
    pub set_max_intset_entries: usize,
    pub set_max_listpack_entries: usize,
    pub set_max_listpack_value: usize,
    pub zset_max_listpack_entries: usize,
    pub zset_max_listpack_value: usize,
    pub stream_node_max_bytes: usize,
    pub stream_node_max_entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            list_max_listpack_size: -2,
            list_compress_depth: 0,
            list_packed_threshold: 0,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            stream_node_max_bytes: 4096,
            stream_node_max_entries: 100,
        }
    }
}

/// The view of an entry; an error if it holds another type.
#[inline]
pub fn view_of<T: Collection>(entry: &Entry<Value>) -> Result<T::View<'_>, WrongType> {
    if entry.type_bits() != T::TYPE as u8 {
        return Err(WrongType);
    }
    match entry.value() {
        ValueRef::Packed { bytes, raw } => Ok(T::view_packed(bytes, raw)),
        ValueRef::Boxed(value) => T::of(value).map(T::view).ok_or(WrongType),
        ValueRef::Int(_) | ValueRef::Bytes { .. } => Err(WrongType),
    }
}

impl Db {
    /// A collection looked at without any side effect, an expired one included: for commands of several keys, once
    /// [`DbMut::view`] has been called for each of them.
    pub fn peek<T: Collection>(&self, key: Key<'_>) -> Result<Option<T::View<'_>>, WrongType> {
        self.keys.get(key.bytes, key.hash).map(view_of::<T>).transpose()
    }
}

impl<'k> DbMut<'k> {
    /// A collection for reading: expires, counts a hit or a miss, touches.
    #[inline]
    pub fn view<T: Collection>(self, key: Key<'_>) -> Result<Option<T::View<'k>>, WrongType> {
        self.read(key).map(view_of::<T>).transpose()
    }

    /// Changes a collection that is there; `None` if it is not. Removes the key when nothing is left.
    #[inline]
    pub fn edit<T: Collection, R>(
        self,
        key: Key<'_>,
        change: impl FnOnce(&mut T, &mut Env) -> R,
    ) -> Result<Option<Edited<R>>, WrongType> {
        let DbMut { db: Db { keys, volatile, .. }, env, index } = self;
        let Some(slot) = keys.slot(key.bytes, key.hash) else { return Ok(None) };
        if env.is_due(slot.get()) {
            env.expire(slot, volatile, index);
            return Ok(None);
        }
        edit_slot(slot, env, volatile, change).map(Some)
    }

    /// Changes a collection, one made by `fresh` if there is none. Nothing is stored if nothing is put into it.
    #[inline]
    pub fn edit_or_new<T: Collection, R>(
        self,
        key: Key<'_>,
        fresh: impl FnOnce(&mut Env) -> T,
        change: impl FnOnce(&mut T, &mut Env) -> R,
    ) -> Result<Edited<R>, WrongType> {
        let DbMut { db, env, index } = self;
        let Db { keys, volatile, .. } = &mut *db;
        if let Some(slot) = keys.slot(key.bytes, key.hash) {
            if !env.is_due(slot.get()) {
                return edit_slot(slot, env, volatile, change);
            }
            // An expired one that must be kept is not to be seen: a new one takes its place all the same.
            volatile.leaves(slot.get());
            let expired = slot.remove();
            env.discard(index, expired, Why::Expired);
        }
        DbMut { db, env, index }.insert_new_collection(key, fresh, change)
    }

    #[inline(never)]
    fn insert_new_collection<T: Collection, R>(
        mut self,
        key: Key<'_>,
        fresh: impl FnOnce(&mut Env) -> T,
        change: impl FnOnce(&mut T, &mut Env) -> R,
    ) -> Result<Edited<R>, WrongType> {
        let mut value = fresh(self.env);
        let result = change(&mut value, self.env);
        let gone = value.is_empty();
        if !gone {
            let access = self.env.fresh_access();
            let entry = with_new_value(self.env, value, |value| EntryBox::new(key.bytes, value, None));
            entry.set_access(access);
            self.adopt(key, entry);
        }
        Ok(Edited { result, gone })
    }

    /// Puts a whole collection under a key, whatever was there before (and removes the key if it is empty): for the
    /// STORE forms. The expire is gone afterwards.
    pub fn put_collection<T: Collection>(&mut self, key: Key<'_>, value: T) {
        let before = self.remove(key);
        let replaced = before.is_some();
        if let Some(before) = before {
            self.env.throw(before);
        }
        if value.is_empty() {
            return;
        }
        if !replaced {
            self.env.note_added(self.index, key.bytes);
        }
        let access = self.env.fresh_access();
        let entry = with_new_value(self.env, value, |value| EntryBox::new(key.bytes, value, None));
        entry.set_access(access);
        self.place(key, entry);
    }
}

/// Hands a collection to whoever stores it, as packed bytes or boxed.
fn with_new_value<T: Collection, R>(
    env: &mut Env,
    value: T,
    store: impl FnOnce(NewValue<'_, Value>) -> R,
) -> R {
    let type_bits = T::TYPE as u8;
    match value.packed() {
        Some((bytes, raw)) if bytes.len() <= PACKED_MAX => {
            let stored = store(NewValue::Packed { type_bits, bytes, raw });
            env.scratch = value.into_packed();
            stored
        }
        _ => store(NewValue::Boxed { type_bits, value: Box::new(value.into_value()) }),
    }
}

/// Changes the collection in a slot, and removes the key if nothing is left.
#[inline]
fn edit_slot<T: Collection, R>(
    mut slot: KeySlot<'_, Value>,
    env: &mut Env,
    volatile: &mut Volatile,
    change: impl FnOnce(&mut T, &mut Env) -> R,
) -> Result<Edited<R>, WrongType> {
    let (result, gone) = change_in(&mut slot, env, change)?;
    env.touch(slot.get());
    if matches!(T::TYPE, Type::Hash) {
        volatile.fields_changed(slot.get_mut());
    }
    if gone {
        volatile.leaves(slot.get());
        slot.remove();
    }
    Ok(Edited { result, gone })
}

/// Changes the collection in a slot, and tells whether nothing is left of it (of a packed one no bytes are).
#[inline]
fn change_in<T: Collection, R>(
    slot: &mut KeySlot<'_, Value>,
    env: &mut Env,
    change: impl FnOnce(&mut T, &mut Env) -> R,
) -> Result<(R, bool), WrongType> {
    if slot.get().type_bits() != T::TYPE as u8 {
        return Err(WrongType);
    }
    match slot.get_mut().value_mut() {
        ValueMut::Packed { bytes, raw } => {
            let mut buffer = std::mem::take(&mut env.scratch);
            buffer.clear();
            buffer.extend_from_slice(bytes);
            let mut value = T::unpack(buffer, raw);
            let result = change(&mut value, env);
            let gone = value.is_empty();
            store_packed(slot, env, value, gone);
            Ok((result, gone))
        }
        ValueMut::Boxed(value) => match T::of_mut(value) {
            Some(value) => {
                let result = change(value, env);
                Ok((result, value.is_empty()))
            }
            None => Err(WrongType),
        },
        ValueMut::Int(_) | ValueMut::Bytes { .. } => Err(WrongType),
    }
}

/// Puts a collection that was packed in its entry back into it.
#[inline]
fn store_packed<T: Collection>(slot: &mut KeySlot<'_, Value>, env: &mut Env, value: T, gone: bool) {
    match value.packed() {
        Some((bytes, raw)) if bytes.len() <= PACKED_MAX => {
            let bytes = if gone { &[] } else { bytes };
            if !slot.get_mut().try_overwrite_packed(bytes, raw) {
                slot.replace_with(|entry| {
                    let expire = entry.expire();
                    entry.with_value(NewValue::Packed { type_bits: T::TYPE as u8, bytes, raw }, expire)
                });
            }
            env.scratch = value.into_packed();
        }
        _ => {
            let boxed = Box::new(value.into_value());
            slot.replace_with(|entry| {
                let expire = entry.expire();
                entry.with_value(NewValue::Boxed { type_bits: T::TYPE as u8, value: boxed }, expire)
            });
        }
    }
}

#[cfg(test)]
mod tests;
