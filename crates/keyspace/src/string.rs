//! Strings: integers and bytes in the entry of their key, long ones in an allocation of their own.

use structures::entry::{Entry, EntryBox, NewValue, ValueMut, ValueRef};
use structures::keytable::{KeySlot, Seed};
use structures::table::{Lookup, Vacant};

use crate::EMBED_MAX;
use crate::access::Access;
use crate::db::{Db, DbMut, Key};
use crate::env::Env;
use crate::value::{Type, Value, WrongType};
use crate::volatile::Volatile;

/// A string as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Str<'a> {
    Int(i64),
    Bytes(&'a [u8]),
}

impl<'a> Str<'a> {
    /// The string in an entry.
    #[inline]
    pub fn of(entry: &'a Entry<Value>) -> Result<Self, WrongType> {
        if entry.type_bits() != Type::String as u8 {
            return Err(WrongType);
        }
        Ok(match entry.value() {
            ValueRef::Int(int) => Str::Int(int),
            ValueRef::Bytes { bytes, .. } => Str::Bytes(bytes),
            ValueRef::Boxed(Value::Bytes(bytes)) => Str::Bytes(bytes),
            ValueRef::Packed { .. } | ValueRef::Boxed(_) => return Err(WrongType),
        })
    }

    /// Its bytes; `digits` is where an integer is printed.
    pub fn bytes<'b>(self, digits: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Str::Bytes(bytes) => bytes,
            Str::Int(int) => {
                digits.clear();
                stdx::num::write_i64(digits, int);
                digits
            }
        }
    }

    pub fn to_vec(self) -> Vec<u8> {
        let mut digits = Vec::new();
        match self {
            Str::Bytes(bytes) => bytes.to_vec(),
            Str::Int(_) => {
                self.bytes(&mut digits);
                digits
            }
        }
    }

    /// Length in bytes, printed if an integer.
    pub fn len(self) -> usize {
        match self {
            Str::Bytes(bytes) => bytes.len(),
            Str::Int(int) => stdx::num::digits10(int.unsigned_abs()) + usize::from(int < 0),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// What becomes of a key's time to live when its value is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expire {
    /// The key shall live for ever.
    Clear,
    /// As it was (KEEPTTL).
    Keep,
    /// Ends at this time, ms since 1970.
    At(i64),
}

/// The integer whose print these bytes are.
#[inline]
fn as_int(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 20 { None } else { stdx::num::parse_i64(bytes) }
}

impl<'k> DbMut<'k> {
    /// The string under a key, for reading.
    #[inline(always)]
    pub fn read_str(self, key: Key<'_>) -> Result<Option<Str<'k>>, WrongType> {
        self.read(key).map(Str::of).transpose()
    }

    /// Sets a key to a string, whatever it held. Integers are recognised.
    #[inline]
    pub fn set_str(&mut self, key: Key<'_>, bytes: &[u8], expire: Expire) {
        self.store(key, New::Bytes(bytes, Made::AnyWay), expire);
    }

    /// Sets a key to a string that stays as it is, as a value built up by appending (encoding `raw`).
    pub fn set_raw(&mut self, key: Key<'_>, bytes: &[u8], expire: Expire) {
        self.store(key, New::Bytes(bytes, Made::InSteps), expire);
    }

    /// Sets a key to a string that is not tried as an integer, but not `raw` either (INCRBYFLOAT).
    pub fn set_text(&mut self, key: Key<'_>, bytes: &[u8], expire: Expire) {
        self.store(key, New::Bytes(bytes, Made::Whole), expire);
    }

    pub fn set_int(&mut self, key: Key<'_>, int: i64, expire: Expire) {
        self.store(key, New::Int(int), expire);
    }

    /// One search; in place if the old entry has the shape of the new one.
    fn store(&mut self, key: Key<'_>, new: New<'_>, expire: Expire) {
        let new = new.tried();
        let DbMut { db: Db { keys, volatile, .. }, env, index } = self;
        match keys.lookup_key(key.bytes, key.hash) {
            Lookup::Found(mut slot) => {
                let entry = slot.get_mut();
                if env.access == Access::Lru {
                    entry.set_access(env.lru_now);
                }
                let expire = match expire {
                    Expire::Clear => None,
                    Expire::Keep => entry.expire(),
                    Expire::At(at) => Some(at),
                };
                if !new.overwrites(entry, expire) {
                    replace(slot, new, expire, volatile, env);
                }
            }
            Lookup::Absent(vacant) => {
                let expire = match expire {
                    Expire::At(at) => Some(at),
                    Expire::Clear | Expire::Keep => None,
                };
                volatile.keys += usize::from(expire.is_some());
                insert(vacant, key, new, expire).set_access(env.fresh_access());
                env.note_added(*index, key.bytes);
            }
        }
    }

    /// Makes the string under a key at least `len` bytes long (zeros are added) and lends its bytes for change; a
    /// missing key is made. It is `raw` from now on; its expire stays. The caller has checked type and limits.
    ///
    /// One search. Up to [`GROW_EMBEDDED`] bytes stay with the key; longer ones move to a vector, whose room doubles,
    /// so that appending costs `O(1)` per byte.
    #[inline]
    pub fn grow_str(self, key: Key<'_>, len: usize) -> &'k mut [u8] {
        let DbMut { db: Db { keys, .. }, env, index } = self;
        let mut slot = match keys.lookup_key(key.bytes, key.hash) {
            Lookup::Found(slot) => slot,
            Lookup::Absent(vacant) => {
                env.note_added(index, key.bytes);
                return made(vacant, key, len, env.fresh_access());
            }
        };
        let ready = match slot.get_mut().value_mut() {
            ValueMut::Bytes { bytes, raw } => raw && bytes.len() >= len,
            ValueMut::Boxed(Value::Bytes(bytes)) => {
                if bytes.len() < len {
                    bytes.resize(len, 0);
                }
                true
            }
            ValueMut::Int(_) | ValueMut::Packed { .. } | ValueMut::Boxed(_) => false,
        };
        if !ready {
            regrow(&mut slot, len);
        }
        lent(slot.into_mut())
    }
}

/// What a key shall hold.
#[derive(Clone, Copy)]
enum New<'v> {
    Int(i64),
    Bytes(&'v [u8], Made),
}

impl<'v> New<'v> {
    /// An integer if it may be one and looks like one.
    #[inline(always)]
    fn tried(self) -> Self {
        match self {
            New::Bytes(bytes, Made::AnyWay) => as_int(bytes).map_or(self, New::Int),
            _ => self,
        }
    }

    fn value(self) -> NewValue<'v, Value> {
        match self {
            New::Int(int) => NewValue::Int(int),
            New::Bytes(bytes, made) if bytes.len() <= EMBED_MAX => {
                NewValue::Bytes { bytes, raw: made == Made::InSteps }
            }
            New::Bytes(bytes, _) => boxed(bytes.to_vec()),
        }
    }

    /// Writes value and expire over the old ones if they fit there: the common case of a SET on a key of the same
    /// shape.
    #[inline(always)]
    fn overwrites(self, entry: &mut Entry<Value>, expire: Option<i64>) -> bool {
        if entry.has_expire() != expire.is_some() {
            return false;
        }
        let written = match self {
            New::Bytes(bytes, made) => {
                bytes.len() <= EMBED_MAX && entry.try_overwrite_bytes(bytes, made == Made::InSteps)
            }
            New::Int(int) if matches!(entry.value(), ValueRef::Int(_)) => {
                entry.set_int(int);
                true
            }
            New::Int(_) => false,
        };
        written && (expire.is_none() || entry.try_set_expire(expire))
    }
}

/// How a string came to be: what was changed in place is `raw` from then on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// At once; it is an integer if it looks like one.
    AnyWay,
    /// At once, as text.
    Whole,
    /// In place, step by step.
    InSteps,
}

/// Longest string that grows where its key is. Each step there copies it, at worst with the key.
const GROW_EMBEDDED: usize = 64;

fn boxed<'a>(bytes: Vec<u8>) -> NewValue<'a, Value> {
    NewValue::Boxed { type_bits: Type::String as u8, value: Box::new(Value::Bytes(bytes)) }
}

/// The bytes of a string that is not an integer.
#[inline(always)]
fn lent(entry: &mut Entry<Value>) -> &mut [u8] {
    match entry.value_mut() {
        ValueMut::Bytes { bytes, .. } => bytes,
        ValueMut::Boxed(Value::Bytes(bytes)) => bytes,
        ValueMut::Int(_) => unreachable!("integers are turned into bytes before they are lent"),
        ValueMut::Packed { .. } | ValueMut::Boxed(_) => unreachable!("the caller has checked the type"),
    }
}

/// A new string of zeros.
fn made<'k>(
    vacant: Vacant<'k, EntryBox<Value>, Seed>,
    key: Key<'_>,
    len: usize,
    access: u32,
) -> &'k mut [u8] {
    let zeros = [0; GROW_EMBEDDED];
    let value = match zeros.get(..len) {
        Some(bytes) => NewValue::Bytes { bytes, raw: true },
        None => boxed(vec![0; len]),
    };
    let entry = vacant.insert(EntryBox::new(key.bytes, value, None));
    entry.set_access(access);
    lent(entry)
}

#[inline(never)]
fn regrow(slot: &mut KeySlot<'_, Value>, len: usize) {
    slot.replace_with(|entry| grown(entry, len));
}

/// The entry with its value, which is not boxed, as raw bytes, `len` of them at least.
fn grown(entry: EntryBox<Value>, len: usize) -> EntryBox<Value> {
    let (expire, mut short) = (entry.expire(), [0; GROW_EMBEDDED]);
    let mut digits = Vec::new();
    let bytes = match Str::of(&entry) {
        Ok(string) => string.bytes(&mut digits),
        Err(WrongType) => unreachable!("the caller has checked the type"),
    };
    let len = len.max(bytes.len());
    if len > GROW_EMBEDDED {
        let mut long = Vec::with_capacity(len);
        long.extend_from_slice(bytes);
        long.resize(len, 0);
        return entry.with_value(boxed(long), expire);
    }
    short[..bytes.len()].copy_from_slice(bytes);
    entry.with_bytes(&short[..len], true, expire)
}

/// Apart, so that the registers an allocation needs are not saved on the way of a value that stays in place.
#[inline(never)]
fn insert<'k>(
    vacant: Vacant<'k, EntryBox<Value>, Seed>,
    key: Key<'_>,
    new: New<'_>,
    expire: Option<i64>,
) -> &'k mut Entry<Value> {
    vacant.insert(EntryBox::new(key.bytes, new.value(), expire))
}

/// Puts another value under a key by remaking its entry.
#[inline(never)]
fn replace(
    mut slot: KeySlot<'_, Value>,
    new: New<'_>,
    expire: Option<i64>,
    volatile: &mut Volatile,
    env: &mut Env,
) {
    volatile.leaves(slot.get());
    volatile.keys += usize::from(expire.is_some());
    if env.drops_later(slot.get()) {
        let fresh = EntryBox::new(slot.get().key(), new.value(), expire);
        fresh.set_access(slot.get().access());
        return env.throw(slot.replace(fresh));
    }
    slot.replace_with(|entry| entry.with_value(new.value(), expire));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keyspace, encoding};

    fn keyspace() -> Keyspace {
        Keyspace::new(1, Seed { k0: 1, k1: 2 }, 3)
    }

    #[test]
    fn what_grows_is_raw_keeps_its_bytes_and_its_expire() {
        for first in [&b"abc"[..], b"123", b"", &[b'x'; 70], &[b'x'; 3000]] {
            for len in [0, 1, 5, 64, 65, 200, 5000] {
                let mut ks = keyspace();
                let key = ks.key(b"key");
                ks.db(0).set_str(key, first, Expire::At(99));
                let grown = ks.db(0).grow_str(key, len).to_vec();
                assert_eq!(grown.len(), len.max(first.len()));
                assert!(grown.starts_with(first) && grown[first.len()..].iter().all(|&b| b == 0));
                let entry = ks.db(0).read(key).expect("it is there");
                assert_eq!((entry.expire(), encoding(entry)), (Some(99), "raw"));
                ks.verify();
            }
        }
    }

    #[test]
    fn appending_byte_by_byte_moves_a_long_string_seldom() {
        let mut ks = keyspace();
        let key = ks.key(b"key");
        let (mut moves, mut before) = (0, std::ptr::null());
        for len in 1..=100_000 {
            let bytes = ks.db(0).grow_str(key, len);
            bytes[len - 1] = len as u8;
            moves += u32::from(before != bytes.as_ptr());
            before = bytes.as_ptr();
        }
        assert!(moves < 64 + 20, "{moves}");
        let value = ks.db(0).read_str(key).expect("a string").expect("there").to_vec();
        assert!(value.iter().enumerate().all(|(n, &byte)| byte == (n + 1) as u8));
    }

    #[test]
    fn expires_are_kept_set_and_cleared() {
        let mut ks = keyspace();
        let key = ks.key(b"key");
        for (value, expire, then) in [
            (&b"abc"[..], Expire::At(50), Some(50)),
            (b"abd", Expire::Keep, Some(50)),
            (b"7", Expire::At(60), Some(60)),
            (b"8", Expire::At(70), Some(70)),
            (&[b'y'; 9000], Expire::Keep, Some(70)),
            (b"abc", Expire::Clear, None),
            (b"abcdefgh", Expire::Keep, None),
        ] {
            ks.db(0).set_str(key, value, expire);
            assert_eq!(ks.db(0).read(key).expect("there").expire(), then);
            assert_eq!(ks.db(0).read_str(key).expect("a string").expect("there").to_vec(), value);
            ks.verify();
        }
    }
}
