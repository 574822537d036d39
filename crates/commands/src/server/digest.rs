//! DEBUG DIGEST: 40 hex digits that stand for the whole dataset, whatever the order and the encoding.
//!
//! The same digits as the peers', so that two servers of different make can be compared. They are built of two steps, on
//! 20 bytes that begin as zeros: *fold in* (xor with the SHA-1 of some bytes: order does not matter) and *chain in*
//! (the same, then SHA-1 of the result: order matters). A string chains its type and its bytes, a list its type and its
//! elements, a stream its ids, names and values; members and fields are folded in, each with what belongs to it. A key with
//! a time to live folds in a mark, but not the time. Fields whose time is up do not count.

use keyspace::stream::{Stream, StreamId};
use keyspace::{
    End, Entry, Hash, HashView, Keyspace, List, Set, SortedSet, SortedSetView, Str, Type, Value, view_of,
};
use sha1::{Digest as _, Sha1};

#[derive(Clone, Copy, Default)]
pub(super) struct Digest([u8; 20]);

impl Digest {
    fn fold(&mut self, bytes: &[u8]) {
        let hash: [u8; 20] = Sha1::digest(bytes).into();
        for (mine, other) in self.0.iter_mut().zip(hash) {
            *mine ^= other;
        }
    }

    fn chain(&mut self, bytes: &[u8]) {
        self.fold(bytes);
        self.0 = Sha1::digest(self.0).into();
    }

    pub(super) fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

pub(super) fn of_dataset(keyspace: &Keyspace) -> Digest {
    let mut all = Digest::default();
    for (number, db) in keyspace.all().filter(|(_, db)| !db.is_empty()) {
        all.chain(&number.to_be_bytes());
        for entry in db.table().iter() {
            let mut one = Digest::default();
            one.chain(entry.key());
            add_value(&mut one, entry, keyspace.env.now_ms);
            all.fold(&one.0);
        }
    }
    all
}

/// Of a value alone, without its key.
pub(super) fn of_value(entry: &Entry<Value>, now_ms: i64) -> Digest {
    let mut digest = Digest::default();
    add_value(&mut digest, entry, now_ms);
    digest
}

/// Each element is folded in: its member, then its score in the shortest form.
fn add_sorted_set(digest: &mut Digest, set: SortedSetView<'_>) {
    let (mut digits, mut score_text) = (Vec::new(), Vec::new());
    for (member, score) in set.iter() {
        score_text.clear();
        stdx::num::write_f64_short(&mut score_text, score);
        let mut one = Digest::default();
        one.chain(member.bytes(&mut digits));
        one.chain(&score_text);
        digest.fold(&one.0);
    }
}

/// Each field is folded in with its value.
fn add_hash(digest: &mut Digest, hash: HashView<'_>, now_ms: i64) {
    let mut digits = Vec::new();
    for (field, value) in hash.iter(now_ms) {
        let mut one = Digest::default();
        one.chain(field.bytes(&mut digits));
        one.chain(value.bytes(&mut digits));
        digest.fold(&one.0);
    }
}

/// The id with a point in it, then names and values. What groups were given does not count.
fn add_stream(digest: &mut Digest, stream: &Stream) {
    let mut digits = Vec::new();
    for entry in stream.log.range(StreamId::MIN, StreamId::MAX) {
        digest.chain(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
        for (field, value) in entry.fields {
            digest.chain(field.bytes(&mut digits));
            digest.chain(value.bytes(&mut digits));
        }
    }
}

fn add_value(digest: &mut Digest, entry: &Entry<Value>, now_ms: i64) {
    digest.chain(&type_number(Type::of(entry)).to_be_bytes());
    if let Ok(string) = Str::of(entry) {
        digest.chain(string.bytes(&mut Vec::new()));
    }
    if let Ok(set) = view_of::<Set>(entry) {
        let mut digits = Vec::new();
        set.iter().for_each(|member| digest.fold(member.bytes(&mut digits)));
    }
    if let Ok(set) = view_of::<SortedSet>(entry) {
        add_sorted_set(digest, set);
    }
    if let Ok(hash) = view_of::<Hash>(entry) {
        add_hash(digest, hash, now_ms);
    }
    if let Ok(stream) = Stream::of(entry) {
        add_stream(digest, stream);
    }
    if let Ok(list) = view_of::<List>(entry) {
        let mut digits = Vec::new();
        list.range(End::Head, 0, usize::MAX, |element| digest.chain(element.bytes(&mut digits)));
    }
    if entry.has_expire() {
        digest.fold(b"!!expire!!");
    }
}

/// As the peers number them.
fn type_number(kind: Type) -> u32 {
    match kind {
        Type::String => 0,
        Type::List => 1,
        Type::Set => 2,
        Type::SortedSet => 3,
        Type::Hash => 4,
        Type::Stream => 6,
    }
}
