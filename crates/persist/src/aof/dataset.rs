//! A dataset as requests that make it: a base for servers that are to read text (`aof-use-rdb-preamble no`).
//!
//! ```text
//!   functions, then for each database: SELECT n, then for each key:
//!   SET k v | RPUSH k v… | SADD k m… | ZADD k score m… | HMSET k f v… | stream requests
//!   PEXPIREAT k ms, HPEXPIREAT k ms FIELDS 1 f           where there is a time
//! ```
//!
//! Large collections are made by many requests of [`BATCH`] elements. What the requests of clients cannot say is lost, as
//! with the peers: when consumers of a stream's group were last seen, and pending entries that were deleted.

use std::io::{self, Write};

use keyspace::stream::{Consumer, Element, Group, StreamId};
use keyspace::{End, Entry, HashView, Keyspace, ListView, SetView, SortedSetView, Str, Stream, Value};
use stdx::num::{Decimal, write_f64_17g, write_i64};

use super::encode;
use crate::encode::{View, view};
use crate::file::Saved;

/// Elements of one request, at most.
const BATCH: usize = 64;
/// Bytes that are collected before they are written.
const PIECE: usize = 64 * 1024;

/// What is written beside the keys.
pub struct About<'a> {
    /// The code of each library of functions.
    pub functions: &'a [Vec<u8>],
    /// A first line that says when it was: seconds since 1970.
    pub timestamp: Option<i64>,
    /// Called after each key; false stops.
    pub after_key: &'a mut dyn FnMut(&Entry<Value>, u64) -> bool,
}

/// Writes all databases. `O(n)`.
pub fn save(keyspace: &Keyspace, sink: &mut dyn Write, about: About<'_>) -> io::Result<Saved> {
    let mut to = Vec::with_capacity(2 * PIECE);
    let (mut keys, mut bytes) = (0, 0);
    if let Some(seconds) = about.timestamp {
        encode::timestamp(&mut to, seconds);
    }
    for code in about.functions {
        encode::request(&mut to, [&b"FUNCTION"[..], b"LOAD", code]);
    }
    for (number, db) in keyspace.all().filter(|(_, db)| !db.is_empty()) {
        encode::select(&mut to, number);
        for entry in db.table().iter() {
            key(&mut to, entry);
            keys += 1;
            if !(about.after_key)(entry, keys) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if to.len() >= PIECE {
                bytes += to.len() as u64;
                sink.write_all(&to)?;
                to.clear();
                to.shrink_to(2 * PIECE);
            }
        }
    }
    bytes += to.len() as u64;
    sink.write_all(&to)?;
    Ok(Saved { keys, bytes })
}

fn key(to: &mut Vec<u8>, entry: &Entry<Value>) {
    let name = entry.key();
    match view(entry) {
        View::String(Str::Int(int)) => {
            encode::request(to, [&b"SET"[..], name, Decimal::new().of(int)]);
        }
        View::String(Str::Bytes(bytes)) => encode::request(to, [&b"SET"[..], name, bytes]),
        View::List(list) => self::list(to, name, list),
        View::Set(set) => self::set(to, name, set),
        View::SortedSet(set) => sorted_set(to, name, set),
        View::Hash(hash) => self::hash(to, name, hash),
        View::Stream(stream) => self::stream(to, name, stream),
    }
    if let Some(at) = entry.expire() {
        encode::request(to, [&b"PEXPIREAT"[..], name, Decimal::new().of(at)]);
    }
}

fn element(to: &mut Vec<u8>, element: Element<'_>) {
    match element {
        Element::Int(int) => encode::word(to, Decimal::new().of(int)),
        Element::Str(bytes) => encode::word(to, bytes),
    }
}

/// Requests of a verb, a key and elements, [`BATCH`] of them in each; an element is `words` words.
struct Batches<'a> {
    verb: &'a [u8],
    key: &'a [u8],
    words: usize,
    left: usize,
    /// Elements that the request at hand still lacks.
    open: usize,
}

impl<'a> Batches<'a> {
    fn new(verb: &'a [u8], key: &'a [u8], words: usize, elements: usize) -> Self {
        Batches { verb, key, words, left: elements, open: 0 }
    }

    /// To be called before each element; never more often than was announced.
    fn next(&mut self, to: &mut Vec<u8>) {
        if self.open == 0 {
            self.open = self.left.min(BATCH);
            encode::begin(to, 2 + self.words * self.open);
            encode::word(to, self.verb);
            encode::word(to, self.key);
        }
        self.open = self.open.saturating_sub(1);
        self.left = self.left.saturating_sub(1);
    }
}

fn list(to: &mut Vec<u8>, key: &[u8], list: ListView<'_>) {
    let mut batches = Batches::new(b"RPUSH", key, 1, list.len());
    list.range(End::Head, 0, usize::MAX, |one| {
        batches.next(to);
        element(to, one);
    });
}

fn set(to: &mut Vec<u8>, key: &[u8], set: SetView<'_>) {
    let mut batches = Batches::new(b"SADD", key, 1, set.len());
    for member in set.iter() {
        batches.next(to);
        element(to, member);
    }
}

fn sorted_set(to: &mut Vec<u8>, key: &[u8], set: SortedSetView<'_>) {
    let mut batches = Batches::new(b"ZADD", key, 2, set.len());
    let mut digits = Vec::new();
    for (member, score) in set.iter() {
        batches.next(to);
        digits.clear();
        if score.is_infinite() {
            digits.extend_from_slice(if score > 0.0 { b"inf" } else { b"-inf" });
        } else {
            write_f64_17g(&mut digits, score);
        }
        encode::word(to, &digits);
        element(to, member);
    }
}

fn hash(to: &mut Vec<u8>, key: &[u8], hash: HashView<'_>) {
    match hash {
        HashView::Packed(pack) => {
            let mut batches = Batches::new(b"HMSET", key, 2, pack.len() / 2);
            for (at, one) in pack.iter().enumerate() {
                if at % 2 == 0 {
                    batches.next(to);
                }
                element(to, one);
            }
        }
        HashView::Table(fields) => {
            let mut batches = Batches::new(b"HMSET", key, 2, fields.len());
            for item in fields.table().iter() {
                batches.next(to);
                encode::word(to, item.key());
                encode::word(to, item.value());
            }
            let timed = fields.table().iter().filter_map(|item| Some((item.key(), item.word()? as i64)));
            for (field, at) in timed {
                let at = Decimal::new().of(at).to_vec();
                encode::request(to, [&b"HPEXPIREAT"[..], key, &at, b"FIELDS", b"1", field]);
            }
        }
    }
}

fn stream(to: &mut Vec<u8>, key: &[u8], stream: &Stream) {
    let log = &stream.log;
    if log.is_empty() {
        // There is no other way to make one without entries.
        encode::request(to, [&b"XADD"[..], key, b"MAXLEN", b"0", b"0-1", b"x", b"y"]);
    }
    for entry in log.range(StreamId::MIN, StreamId::MAX) {
        encode::begin(to, 3 + 2 * entry.fields.len());
        encode::word(to, b"XADD");
        encode::word(to, key);
        encode::word(to, entry.id.print().bytes());
        for (name, value) in entry.fields {
            element(to, name);
            element(to, value);
        }
    }
    let (last, deleted) = (log.last_id.print(), log.max_deleted.print());
    let mut added = Vec::new();
    stdx::num::write_u64(&mut added, log.entries_added);
    let words = [b"XSETID", key, last.bytes(), b"ENTRIESADDED", &added, b"MAXDELETEDID", deleted.bytes()];
    encode::request(to, words);
    for one in stream.groups.iter() {
        group(to, key, one);
    }
}

fn group(to: &mut Vec<u8>, key: &[u8], group: &Group) {
    let mut read = Vec::new();
    let known = group.entries_read.and_then(|read| i64::try_from(read).ok());
    write_i64(&mut read, known.unwrap_or(-1));
    let last = group.last_id.print();
    encode::request(to, [&b"XGROUP"[..], b"CREATE", key, group.name(), last.bytes(), b"ENTRIESREAD", &read]);
    for consumer in group.consumers() {
        if consumer.pending_len() == 0 {
            encode::request(to, [&b"XGROUP"[..], b"CREATECONSUMER", key, group.name(), consumer.name()]);
        } else {
            pending(to, key, group, consumer);
        }
    }
}

fn pending(to: &mut Vec<u8>, key: &[u8], group: &Group, consumer: &Consumer) {
    for id in consumer.pending_from(StreamId::MIN) {
        let Some(pending) = group.find_pending(id) else { continue };
        let (mut time, mut count) = (Vec::new(), Vec::new());
        write_i64(&mut time, pending.delivered_ms);
        stdx::num::write_u64(&mut count, pending.deliveries);
        encode::request(
            to,
            [
                &b"XCLAIM"[..],
                key,
                group.name(),
                consumer.name(),
                b"0",
                id.print().bytes(),
                b"TIME",
                &time,
                b"RETRYCOUNT",
                &count,
                b"JUSTID",
                b"FORCE",
            ],
        );
    }
}
