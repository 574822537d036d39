//! Lists, sets, sorted sets and hashes as bytes.

use keyspace::set::Element;
use keyspace::{End, Fields, HashView, ListView, SetView, SortedSetView};
use structures::quicklist::NodeView;
use structures::{Item, Quicklist};

use crate::code::{NODE_PACKED, NODE_PLAIN};
use crate::writer::Writer;

/// The time that stands for none.
const FOREVER: i64 = -1;

#[inline]
fn element(writer: &mut Writer<'_>, element: Element<'_>) {
    match element {
        Element::Int(int) => writer.int(int),
        Element::Str(bytes) => writer.string(bytes),
    }
}

pub(super) fn list(writer: &mut Writer<'_>, list: ListView<'_>) {
    if !writer.settings.version.has_listpacks() {
        writer.count(list.len());
        list.range(End::Head, 0, usize::MAX, |one| element(writer, one));
        return;
    }
    match list {
        ListView::Packed(pack) => {
            writer.count(1);
            writer.length(NODE_PACKED);
            writer.string(pack.bytes());
        }
        ListView::Quick(quick) => nodes(writer, quick),
    }
}

fn nodes(writer: &mut Writer<'_>, quick: &Quicklist) {
    writer.count(quick.nodes().len());
    for node in quick.nodes() {
        match node {
            NodeView::Packed(pack) => {
                writer.length(NODE_PACKED);
                writer.string(pack.bytes());
            }
            NodeView::Plain(bytes) => {
                writer.length(NODE_PLAIN);
                writer.string(bytes);
            }
            NodeView::Lzf { bytes, raw, plain, .. } => {
                writer.length(if plain { NODE_PLAIN } else { NODE_PACKED });
                writer.lzf(bytes, raw);
            }
        }
    }
}

pub(super) fn set(writer: &mut Writer<'_>, set: SetView<'_>) {
    match set {
        SetView::Ints(ints) => writer.string(ints.bytes()),
        SetView::Packed(pack) if writer.settings.version.has_set_listpacks() => writer.string(pack.bytes()),
        _ => {
            writer.count(set.len());
            set.iter().for_each(|member| element(writer, member));
        }
    }
}

/// Full ones are written from the greatest element down, as the peers do.
pub(super) fn sorted_set(writer: &mut Writer<'_>, set: SortedSetView<'_>) {
    match set {
        SortedSetView::Packed(pack) if writer.settings.version.has_listpacks() => writer.string(pack.bytes()),
        _ => {
            writer.count(set.len());
            for (member, score) in set.iter().rev() {
                element(writer, member);
                writer.double(score);
            }
        }
    }
}

pub(super) fn hash(writer: &mut Writer<'_>, hash: HashView<'_>) {
    match hash {
        HashView::Packed(pack) if writer.settings.version.has_listpacks() => writer.string(pack.bytes()),
        HashView::Packed(pack) => {
            writer.count(pack.len() / 2);
            pack.iter().for_each(|one| element(writer, one));
        }
        HashView::Table(fields) if !fields.is_volatile() => {
            writer.count(fields.len());
            for item in fields.table().iter() {
                field(writer, item);
            }
        }
        HashView::Table(fields) if writer.settings.version.is_redis_only() => {
            expires_of_redis(writer, fields)
        }
        HashView::Table(fields) => {
            writer.count(fields.len());
            for item in fields.table().iter() {
                field(writer, item);
                writer.milliseconds(expire_of(item).unwrap_or(FOREVER));
            }
        }
    }
}

/// The first expire, then each one as what it is later, and one more; 0 for none.
fn expires_of_redis(writer: &mut Writer<'_>, fields: &Fields) {
    let first = fields.first_expire().unwrap_or(0);
    writer.milliseconds(first);
    writer.count(fields.len());
    for item in fields.table().iter() {
        let later = expire_of(item).map_or(0, |at| at.wrapping_sub(first).wrapping_add(1) as u64);
        writer.length(later);
        field(writer, item);
    }
}

fn expire_of(item: &Item) -> Option<i64> {
    item.word().map(|word| word as i64)
}

fn field(writer: &mut Writer<'_>, item: &Item) {
    writer.string(item.key());
    writer.string(item.value());
}
