//! Types, and the values that do not fit into the allocation of their key.

use structures::entry::{Entry, EntryBox, NewValue, ValueRef};

use crate::collection::view_of;
use crate::hash::Hash;
use crate::list::List;
use crate::set::Set;
use crate::sorted_set::SortedSet;
use crate::stream::Stream;

/// The type of a value, as TYPE prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Type {
    String = 0,
    List = 1,
    Set = 2,
    SortedSet = 3,
    Hash = 4,
    Stream = 5,
}

impl Type {
    pub const ALL: [Type; 6] =
        [Type::String, Type::List, Type::Set, Type::SortedSet, Type::Hash, Type::Stream];

    pub fn of(entry: &Entry<Value>) -> Type {
        Type::of_bits(entry.type_bits())
    }

    /// The type that an entry's bits name.
    pub fn of_bits(bits: u8) -> Type {
        Type::ALL[usize::from(bits).min(Type::ALL.len() - 1)]
    }

    pub fn name(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::List => "list",
            Type::Set => "set",
            Type::SortedSet => "zset",
            Type::Hash => "hash",
            Type::Stream => "stream",
        }
    }

    /// Whether clients may wait for a key of this type (BLPOP, BZPOPMIN, XREAD).
    #[inline]
    pub fn is_waited_for(self) -> bool {
        matches!(self, Type::List | Type::SortedSet | Type::Stream)
    }

    pub fn named(name: &[u8]) -> Option<Type> {
        Type::ALL.into_iter().find(|t| t.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// A value with an allocation of its own.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string longer than [`crate::EMBED_MAX`], or one that grew step by step.
    Bytes(Vec<u8>),
    List(List),
    Set(Set),
    SortedSet(SortedSet),
    Hash(Hash),
    Stream(Box<Stream>),
}

/// Freeing so many bytes of one allocation counts as one step more: page tables are taken down page by page.
const BYTES_PER_STEP: usize = 64 << 10;

impl Value {
    /// Bytes that it holds beside the entry.
    pub fn memory(&self) -> usize {
        size_of::<Value>()
            + match self {
                Value::Bytes(bytes) => bytes.capacity(),
                Value::List(list) => list.memory(),
                Value::Set(set) => set.memory(),
                Value::SortedSet(set) => set.memory(),
                Value::Hash(hash) => hash.memory(),
                Value::Stream(stream) => stream.memory(),
            }
    }

    /// A deep copy without fields whose time is up.
    fn living(&self, now_ms: i64) -> Value {
        match self {
            Value::Hash(hash) => Value::Hash(hash.living(now_ms)),
            value => value.clone(),
        }
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        match self {
            Value::Bytes(bytes) => 1 + bytes.capacity() / BYTES_PER_STEP,
            Value::List(list) => list.free_effort(),
            Value::Set(set) => set.free_effort(),
            Value::SortedSet(set) => set.free_effort(),
            Value::Hash(hash) => hash.free_effort(),
            Value::Stream(stream) => stream.free_effort(),
        }
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        match self {
            Value::Bytes(_) => {}
            Value::List(list) => list.verify(),
            Value::Set(set) => set.verify(),
            Value::SortedSet(set) => set.verify(),
            Value::Hash(hash) => hash.verify(),
            Value::Stream(stream) => stream.verify(),
        }
    }
}

/// The same value and expire under another key: a deep copy. Fields of a hash whose time is up are left behind.
pub fn duplicate(entry: &Entry<Value>, key: &[u8], now_ms: i64) -> EntryBox<Value> {
    let type_bits = entry.type_bits();
    let value = match entry.value() {
        ValueRef::Int(int) => NewValue::Int(int),
        ValueRef::Bytes { bytes, raw } => NewValue::Bytes { bytes, raw },
        ValueRef::Packed { bytes, raw } => NewValue::Packed { type_bits, bytes, raw },
        ValueRef::Boxed(value) => NewValue::Boxed { type_bits, value: Box::new(value.living(now_ms)) },
    };
    EntryBox::new(key, value, entry.expire())
}

/// The key holds another type than the command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// What OBJECT ENCODING says.
pub fn encoding(entry: &Entry<Value>) -> &'static str {
    const NONE: &str = "unknown";
    match Type::of(entry) {
        Type::String => string_encoding(entry),
        Type::List => view_of::<List>(entry).map_or(NONE, |list| list.encoding()),
        Type::Set => view_of::<Set>(entry).map_or(NONE, |set| set.encoding()),
        Type::SortedSet => view_of::<SortedSet>(entry).map_or(NONE, |set| set.encoding()),
        Type::Hash => view_of::<Hash>(entry).map_or(NONE, |hash| hash.encoding()),
        Type::Stream => "stream",
    }
}

/// What Valkey 9.1.2 says of a string with the same past, found by experiment.
///
/// Valkey keeps a string in the allocation of its key (`embstr`) if both fit into 128 bytes: 8 of header, 8 for the
/// expire if there is one, the key with 3 bytes around it (5 from 32 bytes on, 7 from 256 on), the value with 4. So
/// a key of 5 bytes goes with a value of up to 108, or 100 with an expire. What was changed in place (APPEND to a
/// key that was there, SETRANGE, SETBIT, PFADD, BITOP) is `raw` at any length, and so is its copy.
///
/// Where we cannot match: PERSIST, and a SET over a key with an expire, leave Valkey's room for the expire, so it
/// goes on to count 8 bytes less.
fn string_encoding(entry: &Entry<Value>) -> &'static str {
    match entry.value() {
        ValueRef::Int(_) => "int",
        ValueRef::Bytes { bytes, raw: false } if fits_peer(entry, bytes.len()) => "embstr",
        _ => "raw",
    }
}

/// Whether Valkey would keep a value of this length in the allocation of its key.
fn fits_peer(entry: &Entry<Value>, vlen: usize) -> bool {
    let klen = entry.key().len();
    let key = match klen {
        0..32 => klen + 3,
        32..256 => klen + 5,
        _ => klen + 7,
    };
    // Odd, but seen: where key and expire alone fill the 128 bytes (keys of 108 to 110), the expire does not count.
    let expire = if entry.has_expire() && 16 + key <= 128 { 8 } else { 0 };
    8 + expire + key + vlen + 4 <= 128
}

#[cfg(test)]
mod tests {
    use structures::entry::EntryBox;

    use super::*;

    /// The longest value that is `embstr`, as Valkey 9.1.2 has it.
    #[test]
    fn encodings_are_the_peers() {
        let table = [(1, 112, 104), (5, 108, 100), (31, 82, 74), (32, 79, 71), (64, 47, 39), (100, 11, 3)];
        for (klen, plain, volatile) in table {
            for (expire, longest) in [(None, plain), (Some(1), volatile)] {
                let of = |vlen| {
                    encoding(&EntryBox::new_bytes(&vec![b'k'; klen], &vec![b'v'; vlen], false, expire))
                };
                assert_eq!((of(longest), of(longest + 1)), ("embstr", "raw"), "{klen} {expire:?}");
            }
        }
        let odd = |klen| encoding(&EntryBox::new_bytes(&vec![b'k'; klen], b"v", false, Some(1)));
        assert_eq!([107, 108, 110, 111].map(odd), ["raw", "embstr", "embstr", "raw"]);
        assert_eq!(encoding(&EntryBox::new_bytes(b"k", b"v", true, None)), "raw");
        assert_eq!(encoding(&EntryBox::new_bytes(&[b'k'; 111], b"v", false, None)), "raw");
        assert_eq!(encoding(&EntryBox::new_int(&[b'k'; 300], 5, None)), "int");
    }
}
