//! Values as bytes.
//!
//! What is packed in memory is written as it is, if the version has a code for it; otherwise element by element, in the
//! codes that every version has.

mod collections;
mod stream;

use keyspace::{Entry, Hash, HashView, List, ListView, Set, SetView, SortedSet, SortedSetView, Str, Stream};
use keyspace::{Type, Value, view_of};

use crate::code;
use crate::version::Version;
use crate::writer::Writer;

/// An entry's value, looked at.
pub(crate) enum View<'a> {
    String(Str<'a>),
    List(ListView<'a>),
    Set(SetView<'a>),
    SortedSet(SortedSetView<'a>),
    Hash(HashView<'a>),
    Stream(&'a Stream),
}

pub(crate) fn view(entry: &Entry<Value>) -> View<'_> {
    let view = match Type::of(entry) {
        Type::String => Str::of(entry).map(View::String),
        Type::List => view_of::<List>(entry).map(View::List),
        Type::Set => view_of::<Set>(entry).map(View::Set),
        Type::SortedSet => view_of::<SortedSet>(entry).map(View::SortedSet),
        Type::Hash => view_of::<Hash>(entry).map(View::Hash),
        Type::Stream => Stream::of(entry).map(View::Stream),
    };
    match view {
        Ok(view) => view,
        Err(_) => unreachable!("the type was asked for"),
    }
}

/// Whether fields of it have expires, for which only newer versions have a code.
pub(crate) fn has_field_expires(entry: &Entry<Value>) -> bool {
    matches!(view(entry), View::Hash(HashView::Table(fields)) if fields.is_volatile())
}

/// The code of a value of this kind.
fn code_of(view: &View<'_>, version: Version) -> u8 {
    match view {
        View::String(_) => code::STRING,
        View::List(_) if version.has_listpacks() => code::LIST_QUICKLIST_2,
        View::List(_) => code::LIST,
        View::Set(SetView::Ints(_)) => code::SET_INTSET,
        View::Set(SetView::Packed(_)) if version.has_set_listpacks() => code::SET_LISTPACK,
        View::Set(_) => code::SET,
        View::SortedSet(SortedSetView::Packed(_)) if version.has_listpacks() => code::SORTED_SET_LISTPACK,
        View::SortedSet(_) => code::SORTED_SET_2,
        View::Hash(HashView::Packed(_)) if version.has_listpacks() => code::HASH_LISTPACK,
        View::Hash(HashView::Table(fields)) if fields.is_volatile() => match version.is_redis_only() {
            true => code::HASH_EXPIRES_REDIS,
            false => code::HASH_EXPIRES,
        },
        View::Hash(_) => code::HASH,
        View::Stream(_) if version.has_set_listpacks() => code::STREAM_3,
        View::Stream(_) if version.has_listpacks() => code::STREAM_2,
        View::Stream(_) => code::STREAM,
    }
}

/// Writes the code of a value, then what `between` writes (the key), then the value. `O(n)`.
pub fn write_value(writer: &mut Writer<'_>, entry: &Entry<Value>, between: impl FnOnce(&mut Writer<'_>)) {
    let view = view(entry);
    let code = code_of(&view, writer.settings.version);
    writer.byte(code);
    between(writer);
    match view {
        View::String(Str::Int(int)) => writer.int(int),
        View::String(Str::Bytes(bytes)) => writer.string(bytes),
        View::List(list) => collections::list(writer, list),
        View::Set(set) => collections::set(writer, set),
        View::SortedSet(set) => collections::sorted_set(writer, set),
        View::Hash(hash) => collections::hash(writer, hash),
        View::Stream(stream) => stream::write(writer, stream),
    }
}
