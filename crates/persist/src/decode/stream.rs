//! Streams of all three codes: nodes, counters, groups with what is pending.
//!
//! ```text
//!   nodes:  n, (id as a string of 16 bytes, listpack)*
//!   length, last id                                      ids here are two lengths
//!   first id, greatest deleted id, entries ever          from the second code on
//!   groups: n, (name, last id, entries read (2), pending: n, (id of 16 bytes, ms, deliveries)*,
//!           consumers: n, (name, seen ms, active ms (3), pending: n, (id of 16 bytes)*)*)*
//! ```

use std::io::Read;

use keyspace::Stream;
use keyspace::stream::{Group, Log, Node, StreamId};
use structures::Listpack;

use super::packed::broken;
use super::{Decode, Loaded};
use crate::code::{STREAM, STREAM_3};
use crate::error::Result;
use crate::reader::Reader;

/// The count that stands for none.
const UNKNOWN: u64 = u64::MAX;

impl Decode<'_> {
    pub(super) fn stream<R: Read>(&self, reader: &mut Reader<R>, code: u8) -> Result<Loaded> {
        let mut stream = Stream::new();
        for _ in 0..reader.count(2)? {
            add_node(reader, &mut stream.log)?;
        }
        counters(reader, &mut stream.log, code)?;
        for _ in 0..reader.count(5)? {
            let group = group(reader, &stream.log, code)?;
            if !stream.groups.add(group) {
                return Err(reader.corrupt("a stream has two groups of one name"));
            }
        }
        Ok(Loaded::Stream(Box::new(stream)))
    }
}

fn add_node<R: Read>(reader: &mut Reader<R>, log: &mut Log) -> Result<()> {
    let name = reader.blob()?;
    let id = name.as_slice().try_into().map(StreamId::from_bytes);
    let id = id.map_err(|_| reader.corrupt("a node of a stream has no id of 16 bytes"))?;
    let bytes = reader.blob()?;
    let pack = Listpack::check(bytes).map_err(|error| broken(reader, "Stream listpack", error))?;
    let node = Node::check(pack, id).map_err(|what| broken(reader, "Stream listpack", what))?;
    if !log.push_node(id, node) {
        return Err(reader.corrupt("the nodes of a stream are not in order"));
    }
    Ok(())
}

fn id<R: Read>(reader: &mut Reader<R>) -> Result<StreamId> {
    Ok(StreamId::new(reader.length()?, reader.length()?))
}

fn counters<R: Read>(reader: &mut Reader<R>, log: &mut Log, code: u8) -> Result<()> {
    let length = reader.length()?;
    if length != log.len() {
        return Err(reader.corrupt("a stream has another length than its nodes"));
    }
    log.last_id = id(reader)?;
    let last_there = log.nodes().next_back().and_then(|(id, node)| node.last_id(id));
    if last_there.is_some_and(|last| last > log.last_id) {
        return Err(reader.corrupt("a stream has an entry after its last one"));
    }
    if code == STREAM {
        log.entries_added = length;
        return Ok(());
    }
    // The first id follows from the nodes.
    id(reader)?;
    log.max_deleted = id(reader)?;
    log.entries_added = reader.length()?;
    Ok(())
}

fn group<R: Read>(reader: &mut Reader<R>, log: &Log, code: u8) -> Result<Group> {
    let name = reader.blob()?;
    let last_id = id(reader)?;
    let entries_read = match code {
        STREAM => log.entries_up_to(last_id),
        _ => Some(reader.length()?).filter(|read| *read != UNKNOWN),
    };
    let mut group = Group::new(&name, last_id, entries_read);
    let pending = pending(reader)?;
    for _ in 0..reader.count(10)? {
        consumer(reader, &mut group, &pending, code)?;
    }
    if group.pending().len() != pending.len() {
        return Err(reader.corrupt("a group has a pending entry that no consumer has"));
    }
    Ok(group)
}

/// An entry that is pending, before it is known with whom.
struct Pending {
    id: StreamId,
    delivered_ms: i64,
    deliveries: u64,
}

/// What a group has pending, in the order of ids.
fn pending<R: Read>(reader: &mut Reader<R>) -> Result<Vec<Pending>> {
    let count = reader.count(25)?;
    let mut pending: Vec<Pending> = Vec::with_capacity(reader.expectable(count).min(1 << 20));
    for _ in 0..count {
        let id = StreamId::from_bytes(reader.bytes()?);
        let (delivered_ms, deliveries) = (reader.milliseconds()?, reader.length()?);
        pending.push(Pending { id, delivered_ms, deliveries });
    }
    // The peers write them in order; who does not is not wrong.
    pending.sort_by_key(|one| one.id);
    if pending.windows(2).any(|pair| pair[0].id == pair[1].id) {
        return Err(reader.corrupt("a group has an entry pending twice"));
    }
    Ok(pending)
}

fn consumer<R: Read>(reader: &mut Reader<R>, group: &mut Group, pending: &[Pending], code: u8) -> Result<()> {
    let name = reader.blob()?;
    let seen_ms = reader.milliseconds()?;
    let (index, made) = group.ensure_consumer(&name, seen_ms);
    if !made {
        return Err(reader.corrupt("Duplicate stream consumer detected"));
    }
    let active_ms = if code == STREAM_3 { reader.milliseconds()? } else { seen_ms };
    group.consumer_mut(index).active_ms = (active_ms != -1).then_some(active_ms);
    for _ in 0..reader.count(16)? {
        let id = StreamId::from_bytes(reader.bytes()?);
        let Ok(at) = pending.binary_search_by_key(&id, |one| one.id) else {
            return Err(reader.corrupt("a consumer has an entry pending that its group has not"));
        };
        if group.find_pending(id).is_some() {
            return Err(reader.corrupt("two consumers have one entry pending"));
        }
        let Pending { delivered_ms, deliveries, .. } = pending[at];
        group.assign(id, index, delivered_ms, deliveries);
    }
    Ok(())
}
