//! How ids and entries are answered.

use engine::Outbox;
use keyspace::Str;
use keyspace::stream::{Element, Entry, StreamId};

pub(super) fn id(out: &mut Outbox, id: StreamId) {
    out.bulk(id.print().bytes());
}

fn element(out: &mut Outbox, element: Element<'_>) {
    match element {
        Element::Str(bytes) => out.bulk(bytes),
        Element::Int(int) => out.string(Str::Int(int)),
    }
}

/// Id, and names and values in one array.
pub(super) fn entry(out: &mut Outbox, entry: Entry<'_>) {
    entry_and(out, entry, 0);
}

/// The same; the caller adds so many elements more.
pub(super) fn entry_and(out: &mut Outbox, entry: Entry<'_>, more: usize) {
    out.array(2 + more);
    id(out, entry.id);
    out.array(2 * entry.fields.len());
    for (name, value) in entry.fields {
        element(out, name);
        element(out, value);
    }
}

/// An array of entries, counted before: that costs less than moving what was written.
pub(super) fn entries<'s>(out: &mut Outbox, entries: impl Iterator<Item = Entry<'s>> + Clone) {
    out.array(entries.clone().count());
    entries.for_each(|one| entry(out, one));
}
