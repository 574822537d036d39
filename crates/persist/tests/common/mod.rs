//! Values of all types and encodings to be made, and what can be seen of them.
#![allow(dead_code)]

use keyspace::stream::{Group, StreamId};
use keyspace::{
    AddOptions, DbIndex, DbMut, End, Expire, FieldTtl, Hash, Key, Keyspace, List, Seed, Set, SortedSet, Str,
    Stream, Type, view_of,
};
use persist::file::{Item, Loader, Options};
use persist::{Modules, Settings, Version};

use proptest::prelude::*;

pub const NOW: i64 = 1_750_000_000_000;

pub fn keyspace() -> Keyspace {
    let mut keyspace = Keyspace::new(4, Seed { k0: 1, k1: 2 }, 3);
    keyspace.env.set_now(NOW);
    keyspace
}

/// A value to be made.
#[derive(Clone, Debug)]
pub enum Make {
    Str(Vec<u8>),
    List(Vec<Vec<u8>>),
    Set(Vec<Vec<u8>>),
    SortedSet(Vec<(f64, Vec<u8>)>),
    Hash(Vec<(Vec<u8>, Vec<u8>, bool)>),
    Stream(Vec<(u8, Vec<u8>)>, u8),
}

pub fn word() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|int| int.to_string().into_bytes()),
        (-200i64..200).prop_map(|int| int.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..20),
        prop::collection::vec(0u8..3, 0..300),
    ]
}

pub fn words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop_oneof![
        4 => prop::collection::vec(word(), 1..20),
        1 => prop::collection::vec(word(), 100..700),
        1 => prop::collection::vec((-9999i64..9999).prop_map(|int| int.to_string().into_bytes()), 1..600),
    ]
}

pub fn make() -> impl Strategy<Value = Make> {
    let score = prop_oneof![Just(f64::INFINITY), Just(-0.5), (-9i32..9).prop_map(f64::from), -1e18..1e18];
    prop_oneof![
        word().prop_map(Make::Str),
        prop::collection::vec(0u8..9, 0..9000).prop_map(Make::Str),
        words().prop_map(Make::List),
        words().prop_map(Make::Set),
        prop::collection::vec((score, word()), 1..200).prop_map(Make::SortedSet),
        prop::collection::vec((word(), word(), prop::bool::weighted(0.1)), 1..60).prop_map(Make::Hash),
        (prop::collection::vec((0u8..4, word()), 0..150), any::<u8>())
            .prop_map(|(entries, cut)| Make::Stream(entries, cut)),
    ]
}

pub fn build(mut db: DbMut<'_>, key: Key<'_>, make: &Make) {
    match make {
        Make::Str(bytes) => db.set_str(key, bytes, Expire::Clear),
        Make::List(words) => {
            let mut list = List::default();
            list.push(End::Tail, words.iter().map(Vec::as_slice), &db.env.limits);
            db.put_collection(key, list);
        }
        Make::Set(words) => {
            let mut set = Set::default();
            words.iter().for_each(|word| _ = set.add(word, db.env));
            db.put_collection(key, set);
        }
        Make::SortedSet(pairs) => {
            let mut set = SortedSet::default();
            for (score, member) in pairs {
                set.add(member, *score, AddOptions::default(), db.env);
            }
            db.put_collection(key, set);
        }
        Make::Hash(fields) => {
            let mut hash = Hash::default();
            for (field, value, volatile) in fields {
                let at = NOW + 1 + field.len() as i64 * 1000;
                let ttl = if *volatile { FieldTtl::Until(at) } else { FieldTtl::Clear };
                hash.set(field, value, ttl, db.env);
            }
            db.put_collection(key, hash);
        }
        Make::Stream(entries, cut) => db.add_stream(key, stream(entries, *cut, &keyspace().env.limits)),
    }
}

pub fn stream(entries: &[(u8, Vec<u8>)], cut: u8, limits: &keyspace::Limits) -> Stream {
    let (mut stream, mut ids) = (Stream::new(), Vec::new());
    let mut id = StreamId::new(5, 5);
    for (step, word) in entries {
        id = StreamId::new(id.ms + u64::from(*step), id.seq + 1);
        let words = [b"name".as_slice(), word, &word[..word.len().min(2)], b"x"];
        stream.log.append(id, words.into_iter(), limits).expect("ascending");
        ids.push(id);
    }
    ids.iter().filter(|id| id.seq % 7 == u64::from(cut % 7)).for_each(|id| _ = stream.log.delete(*id));
    for name in [&b"one"[..], b"two"].iter().take(usize::from(cut % 3)) {
        let mut group = Group::new(name, id, (cut > 9).then_some(3));
        let (bob, _) = group.ensure_consumer(b"bob", 77);
        let (zoe, _) = group.ensure_consumer(b"zoe", 78);
        group.consumer_mut(bob).active_ms = Some(99);
        for (n, id) in ids.iter().take(40).enumerate() {
            group.assign(*id, if n % 3 == 0 { bob } else { zoe }, n as i64, 1 + n as u64);
        }
        stream.groups.add(group);
    }
    stream
}

/// Everything that can be seen of a value, in an order of its own.
pub fn seen(keyspace: &Keyspace, db: DbIndex, key: &[u8]) -> Option<String> {
    let key = keyspace.key(key);
    let entry = keyspace.look(db).table().get(key.bytes, key.hash)?;
    let mut parts: Vec<String> = Vec::new();
    match Type::of(entry) {
        Type::String => parts.push(format!("{:?}", Str::of(entry).ok()?.to_vec())),
        Type::List => view_of::<List>(entry).ok()?.range(End::Head, 0, usize::MAX, |element| {
            parts.push(format!("{:?}", element.to_vec()));
        }),
        Type::Set => {
            parts.extend(view_of::<Set>(entry).ok()?.iter().map(|member| format!("{:?}", member.to_vec())));
            parts.sort();
        }
        Type::SortedSet => {
            let elements = view_of::<SortedSet>(entry).ok()?.iter();
            parts.extend(elements.map(|(member, score)| format!("{:?} {score}", member.to_vec())));
        }
        Type::Hash => {
            let hash = view_of::<Hash>(entry).ok()?;
            for (field, value) in hash.iter(0) {
                let field = field.to_vec();
                parts.push(format!("{field:?} {:?} {:?}", value.to_vec(), hash.expire(&field, 0)));
            }
            parts.sort();
        }
        Type::Stream => {
            let stream = Stream::of(entry).ok()?;
            parts.push(format!(
                "{:?} {:?}",
                stream.log,
                stream.groups.iter().map(Group::name).collect::<Vec<_>>()
            ));
            for group in stream.groups.iter() {
                parts.push(format!(
                    "{:?} {:?} {:?}",
                    group.last_id,
                    group.entries_read,
                    group.pending().len()
                ));
                for consumer in group.consumers() {
                    let ids: Vec<_> = consumer.pending_from(StreamId::MIN).collect();
                    let name = consumer.name();
                    parts.push(format!("{name:?} {} {:?} {ids:?}", consumer.seen_ms, consumer.active_ms));
                }
            }
        }
    }
    Some(format!("{} {:?} {}", Type::of(entry).name(), entry.expire(), parts.join("\n")))
}

pub fn settings(version: u16, compress: bool) -> Settings {
    Settings { version: Version(version), compress }
}

pub fn load(bytes: &[u8], keyspace: &mut Keyspace) -> Result<usize, persist::Error> {
    let options = Options {
        any_version: false,
        checksum: true,
        modules: Modules::Refuse,
        check_duplicates: true,
        databases: 4,
    };
    let mut loader = Loader::new(bytes, Some(bytes.len() as u64), options)?;
    let mut keys = 0;
    loop {
        match loader.next(&keyspace.env)? {
            Item::End => return Ok(keys),
            Item::Record(record) => {
                keys += 1;
                let key = keyspace.key(&record.key);
                record.value.store(keyspace.db(record.db), key, record.expire);
            }
            Item::Aux { .. } | Item::Sizes { .. } | Item::Function(_) => {}
        }
    }
}
