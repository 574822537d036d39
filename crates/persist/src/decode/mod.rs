//! Values from bytes.
//!
//! **Invariants**
//! 1. What is returned is whole, keeps the invariants of its type, and is in the encoding that the limits ask for.
//! 2. The keyspace is not touched.

mod collections;
mod duplicates;
mod hash;
mod list;
mod module;
mod packed;
mod store;
mod stream;
mod ziplist;
mod zipmap;

use std::io::Read;

use keyspace::{EMBED_MAX, EntryBox, Env, Hash, List, Set, SortedSet, Stream, Value};
use structures::NewValue;

use crate::code;
use crate::error::{Kind, Result};
use crate::reader::{Reader, Text};
use crate::version::Version;

pub use module::Modules;
pub(crate) use module::{refused as module_refused, skip as skip_module};

/// A value that is in no database yet.
#[derive(Clone, Debug)]
pub enum Loaded {
    Int(i64),
    Bytes(Vec<u8>),
    List(List),
    Set(Set),
    SortedSet(SortedSet),
    Hash(Hash),
    Stream(Box<Stream>),
    /// A collection without elements, as some servers have written: there is no such thing.
    Empty,
    /// Of a module, passed over.
    OfModule,
}

/// How values are decoded.
#[derive(Clone, Copy)]
pub struct Decode<'e> {
    pub env: &'e Env,
    /// Of the input.
    pub version: Version,
    pub modules: Modules,
    /// Packed collections are searched for elements that are there twice. (All else is always looked at.)
    pub check_duplicates: bool,
}

impl Decode<'_> {
    /// Reads a value of a code. `O(n)`; after an error the reader is of no use.
    pub fn value<R: Read>(&self, reader: &mut Reader<R>, code: u8) -> Result<Loaded> {
        match code {
            code::STRING => string(reader),
            code::LIST => self.list(reader),
            code::SET => self.set(reader),
            code::SORTED_SET => self.sorted_set(reader, 2, Reader::double_text),
            code::SORTED_SET_2 => self.sorted_set(reader, 9, Reader::double),
            code::HASH => self.hash(reader),
            code::MODULE_EARLY | code::MODULE => self.module(reader, code),
            code::LIST_QUICKLIST | code::LIST_QUICKLIST_2 => self.nodes(reader, code),
            code::STREAM | code::STREAM_2 | code::STREAM_3 => self.stream(reader, code),
            code::HASH_EXPIRES if !self.version.is_redis_only() => self.hash_with_expires(reader),
            code::HASH_EXPIRES_REDIS if self.version.is_redis_only() => self.hash_of_redis(reader),
            code::HASH_LISTPACK_EXPIRES_REDIS if self.version.is_redis_only() => self.triples(reader),
            _ => self.packed(reader, code),
        }
    }

    /// A value that is one run of bytes.
    fn packed<R: Read>(&self, reader: &mut Reader<R>, code: u8) -> Result<Loaded> {
        match code {
            code::SET_INTSET => self.ints(reader),
            code::SET_LISTPACK => self.set_of_listpack(reader),
            code::SORTED_SET_LISTPACK | code::SORTED_SET_ZIPLIST => self.sorted_set_of_pack(reader, code),
            code::HASH_LISTPACK | code::HASH_ZIPLIST | code::HASH_ZIPMAP => self.hash_of_pack(reader, code),
            code::LIST_ZIPLIST => self.list_of_ziplist(reader),
            _ => Err(reader
                .error(Kind::Unsupported, format!("type {code} of version {} is not known", self.version.0))),
        }
    }
}

/// Longer strings are not those of integers.
const MAX_DIGITS: usize = 20;

fn int_of(text: &[u8]) -> Option<i64> {
    if text.len() > MAX_DIGITS { None } else { stdx::num::parse_i64(text) }
}

/// Integers are kept as such, in whatever code they come.
fn string<R: Read>(reader: &mut Reader<R>) -> Result<Loaded> {
    let mut short = Vec::new();
    Ok(match reader.text(usize::MAX, &mut short)? {
        Text::Int(int) => Loaded::Int(int),
        Text::Short => string_of(short),
        Text::Long(long) => string_of(long),
    })
}

fn string_of(text: Vec<u8>) -> Loaded {
    match int_of(&text) {
        Some(int) => Loaded::Int(int),
        None => Loaded::Bytes(text),
    }
}

/// A string with its key: no memory is asked for but that of the entry, as a rule. `scratch` is anything.
pub(crate) fn string_entry<R: Read>(
    reader: &mut Reader<R>,
    key: &[u8],
    expire: Option<i64>,
    scratch: &mut Vec<u8>,
) -> Result<EntryBox<Value>> {
    let long = match reader.text(EMBED_MAX, scratch)? {
        Text::Int(int) => return Ok(EntryBox::new(key, NewValue::Int(int), expire)),
        Text::Long(long) => string_of(long),
        Text::Short => {
            let value = match int_of(scratch) {
                Some(int) => NewValue::Int(int),
                None => NewValue::Bytes { bytes: scratch, raw: false },
            };
            return Ok(EntryBox::new(key, value, expire));
        }
    };
    long.into_entry(key, expire).ok_or_else(|| reader.corrupt("a string that is none"))
}
