//! Streams as bytes: nodes, counters, groups with what is pending.

use keyspace::Stream;
use keyspace::stream::{Consumer, Group, StreamId};

use crate::writer::Writer;

pub(super) fn write(writer: &mut Writer<'_>, stream: &Stream) {
    let log = &stream.log;
    writer.count(log.node_count());
    for (id, node) in log.nodes() {
        writer.string(&id.to_bytes());
        writer.string(node.bytes());
    }
    writer.length(log.len());
    number(writer, log.last_id);
    if writer.settings.version.has_listpacks() {
        number(writer, log.first_id());
        number(writer, log.max_deleted);
        writer.length(log.entries_added);
    }
    writer.count(stream.groups.len());
    stream.groups.iter().for_each(|one| group(writer, one));
}

/// An id as two lengths.
fn number(writer: &mut Writer<'_>, id: StreamId) {
    writer.length(id.ms);
    writer.length(id.seq);
}

fn group(writer: &mut Writer<'_>, group: &Group) {
    writer.string(group.name());
    number(writer, group.last_id);
    if writer.settings.version.has_listpacks() {
        writer.length(group.entries_read.unwrap_or(u64::MAX));
    }
    writer.count(group.pending().len());
    for (id, pending) in group.pending().iter() {
        writer.raw(&id.to_bytes());
        writer.milliseconds(pending.delivered_ms);
        writer.length(pending.deliveries);
    }
    writer.count(group.consumers().len());
    group.consumers().for_each(|one| consumer(writer, one));
}

/// Of what is pending only the ids: the rest is told by the group.
fn consumer(writer: &mut Writer<'_>, consumer: &Consumer) {
    writer.string(consumer.name());
    writer.milliseconds(consumer.seen_ms);
    if writer.settings.version.has_set_listpacks() {
        writer.milliseconds(consumer.active_ms.unwrap_or(-1));
    }
    writer.count(consumer.pending_len());
    for id in consumer.pending_from(StreamId::MIN) {
        writer.raw(&id.to_bytes());
    }
}
