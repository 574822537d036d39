//! Strings: integers and bytes in the entry of their key, long ones in an allocation of their own.

use structures::entry::{Entry, NewValue, ValueMut, ValueRef};
use structures::table::Lookup;

use crate::EMBED_MAX;
use crate::access::Access;
use crate::db::{DbMut, Key};
use crate::value::{Type, Value, WrongType};

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

/// The value that stands for these bytes: an integer if they are exactly how one is printed.
fn new_value(bytes: &[u8], raw: bool) -> NewValue<'_, Value> {
    if !raw
        && bytes.len() <= 20
        && let Some(int) = stdx::num::parse_i64(bytes)
    {
        return NewValue::Int(int);
    }
    if bytes.len() > EMBED_MAX {
        return NewValue::Boxed {
            type_bits: Type::String as u8,
            value: Box::new(Value::Bytes(bytes.to_vec())),
        };
    }
    NewValue::Bytes { bytes, raw }
}

impl<'k> DbMut<'k> {
    /// The string under a key, for reading.
    #[inline]
    pub fn read_str(self, key: Key<'_>) -> Result<Option<Str<'k>>, WrongType> {
        self.read(key).map(Str::of).transpose()
    }

    /// Sets a key to a string, whatever it held. Integers are recognised.
    pub fn set_str(&mut self, key: Key<'_>, bytes: &[u8], expire: Expire) {
        self.set_value(key, new_value(bytes, false), expire);
    }

    /// Sets a key to a string that stays as it is, as a value built up by appending (encoding `raw`).
    pub fn set_raw(&mut self, key: Key<'_>, bytes: &[u8], expire: Expire) {
        self.set_value(key, new_value(bytes, true), expire);
    }

    pub fn set_int(&mut self, key: Key<'_>, int: i64, expire: Expire) {
        self.set_value(key, NewValue::Int(int), expire);
    }

    #[inline]
    fn set_value(&mut self, key: Key<'_>, value: NewValue<'_, Value>, expire: Expire) {
        let fresh = self.env.fresh_access();
        match self.db.keys.lookup_key(key.bytes, key.hash) {
            Lookup::Found(mut slot) => {
                let had = slot.get().expire();
                let expire = match expire {
                    Expire::Clear => None,
                    Expire::Keep => had,
                    Expire::At(at) => Some(at),
                };
                self.db.volatile =
                    self.db.volatile - usize::from(had.is_some()) + usize::from(expire.is_some());
                let access = match self.env.access {
                    Access::Lru => fresh,
                    Access::Lfu => slot.get().access(),
                };
                if !overwritten(slot.get_mut(), &value, had.is_some() || expire.is_some()) {
                    slot.replace_with(|entry| entry.with_value(value, expire));
                }
                slot.get().set_access(access);
            }
            Lookup::Absent(vacant) => {
                let expire = match expire {
                    Expire::At(at) => Some(at),
                    Expire::Clear | Expire::Keep => None,
                };
                self.db.volatile += usize::from(expire.is_some());
                vacant.insert(structures::entry::EntryBox::new(key.bytes, value, expire)).set_access(fresh);
            }
        }
    }

    /// Makes the string under a key at least `len` bytes long (zeros are added) and lends its bytes for change; a
    /// missing key is made. Its expire stays. The caller has checked type and limits.
    pub fn grow_str(self, key: Key<'_>, len: usize) -> &'k mut [u8] {
        let DbMut { db, env, index } = self;
        let grown = match db.keys.get(key.bytes, key.hash).map(Entry::value) {
            Some(ValueRef::Bytes { bytes, .. }) if bytes.len() >= len => None,
            Some(ValueRef::Boxed(Value::Bytes(_))) => None,
            Some(ValueRef::Bytes { bytes, .. }) => Some(padded(bytes, len)),
            Some(ValueRef::Int(int)) => Some(padded(&Str::Int(int).to_vec(), len)),
            None => Some(vec![0; len]),
        };
        if let Some(bytes) = grown {
            // Strings that grow get an allocation that can: a realloc of the entry would copy the key as well.
            let mut again = DbMut { db, env, index };
            let value = if bytes.len() <= 64 {
                NewValue::Bytes { bytes: &bytes, raw: true }
            } else {
                NewValue::Boxed { type_bits: Type::String as u8, value: Box::new(Value::Bytes(bytes)) }
            };
            again.set_value(key, value, Expire::Keep);
        }
        let entry = db.keys.get_mut(key.bytes, key.hash).expect("it was there or has just been made");
        match entry.value_mut() {
            ValueMut::Bytes { bytes, .. } => bytes,
            ValueMut::Boxed(Value::Bytes(bytes)) => {
                if bytes.len() < len {
                    bytes.resize(len, 0);
                }
                bytes
            }
            ValueMut::Int(_) => unreachable!("integers were turned into bytes above"),
        }
    }
}

fn padded(bytes: &[u8], len: usize) -> Vec<u8> {
    let mut grown = Vec::with_capacity(len.max(bytes.len()));
    grown.extend_from_slice(bytes);
    grown.resize(len.max(bytes.len()), 0);
    grown
}

/// Tries to write a value over the old one in place: the common case of a SET on a key of the same shape.
#[inline]
fn overwritten(entry: &mut Entry<Value>, value: &NewValue<'_, Value>, expires: bool) -> bool {
    if expires || entry.type_bits() != Type::String as u8 {
        return false;
    }
    match value {
        NewValue::Bytes { bytes, raw } => entry.try_overwrite_bytes(bytes, *raw),
        NewValue::Int(int) if matches!(entry.value(), ValueRef::Int(_)) => {
            entry.set_int(*int);
            true
        }
        _ => false,
    }
}
