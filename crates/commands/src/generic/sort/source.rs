//! What SORT reads and writes, apart from how: the elements of any collection, the value of another key. Whoever changes how collections are kept changes this file.

use keyspace::{End, Entry, Hash, List, Set, SortedSet, Str, Type, Value, WrongType, view_of};
use structures::Element;

/// The elements of a list, a set or a sorted set, in the order they have there.
pub fn elements(entry: &Entry<Value>, mut emit: impl FnMut(Element<'_>)) -> Result<(), WrongType> {
    match Type::of(entry) {
        Type::List => view_of::<List>(entry)?.range(End::Head, 0, usize::MAX, emit),
        Type::Set => view_of::<Set>(entry)?.iter().for_each(emit),
        Type::SortedSet => view_of::<SortedSet>(entry)?.iter().for_each(|(member, _)| emit(member)),
        Type::String | Type::Hash | Type::Stream => return Err(WrongType),
    }
    Ok(())
}

/// Appends the string under a key, or of a field of the hash there. False if there is none.
pub fn append_value(entry: &Entry<Value>, field: Option<&[u8]>, now_ms: i64, out: &mut Vec<u8>) -> bool {
    let mut digits = Vec::new();
    match field {
        None => match Str::of(entry) {
            Ok(string) => out.extend_from_slice(string.bytes(&mut digits)),
            Err(WrongType) => return false,
        },
        Some(field) => {
            let value = view_of::<Hash>(entry).ok().and_then(|hash| hash.get(field, now_ms));
            let Some(value) = value else { return false };
            out.extend_from_slice(value.bytes(&mut digits));
        }
    }
    true
}
