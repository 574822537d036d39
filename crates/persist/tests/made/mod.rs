//! Values to be made, looked at, written and read: what the tests of this folder share.
#![allow(dead_code)]

pub mod any;

use keyspace::stream::{Group, StreamId};
use keyspace::{
    AddOptions, DbIndex, DbMut, End, Expire, FieldTtl, Hash, Key, Keyspace, List, Seed, Set, SortedSet, Str,
    Stream, Type, ValueRef, view_of,
};
use structures::listpack::{Element, Listpack};

use persist::file::{About, AccessInfo, Item, Loader, Options, save};
use persist::{Modules, Settings, Trust, Version};

pub const NOW: i64 = 1_750_000_000_000;
pub const WARY: Trust = Trust { any_version: false, checksum: true, check_duplicates: true };

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
pub fn seen(keyspace: &Keyspace, key: &[u8]) -> Option<String> {
    seen_in(keyspace, 0, key)
}

/// The same, of another database.
pub fn seen_in(keyspace: &Keyspace, db: DbIndex, key: &[u8]) -> Option<String> {
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

pub fn file(keyspace: &Keyspace, settings: Settings) -> Vec<u8> {
    let mut bytes = Vec::new();
    let about = About {
        settings,
        checksum: true,
        access: AccessInfo::Kept,
        aux: &[("redis-ver", "7.2.0".to_owned()), ("ctime", "1750000000".to_owned())],
        functions: &[b"#!lua name=x".to_vec()],
        after_key: &mut |_| true,
    };
    let saved = save(keyspace, &mut bytes, about).expect("memory takes all");
    assert_eq!(saved.bytes, bytes.len() as u64);
    bytes
}

pub fn load(bytes: &[u8], keyspace: &mut Keyspace) -> Result<usize, persist::Error> {
    load_with(bytes, Some(bytes.len() as u64), true, keyspace)
}

pub fn load_with(
    bytes: &[u8],
    len: Option<u64>,
    checksum: bool,
    keyspace: &mut Keyspace,
) -> Result<usize, persist::Error> {
    let options = Options {
        any_version: false,
        checksum,
        modules: Modules::Refuse,
        check_duplicates: true,
        databases: 4,
    };
    let mut loader = Loader::new(bytes, len, options)?;
    let mut keys = 0;
    loop {
        match loader.next(&keyspace.env)? {
            Item::End => return Ok(keys),
            Item::Record(record) => {
                keys += 1;
                let hash = keyspace.hash(record.entry.key());
                // Of a damaged file a key may be there twice; its checksum will tell.
                drop(keyspace.db(record.db).insert(hash, record.entry));
            }
            Item::Aux { .. } | Item::Sizes { .. } | Item::Function(_) => {}
            Item::Empty { .. } | Item::OfModule => {}
        }
    }
}

/// Asserts what every value must keep.
pub fn verify(keyspace: &Keyspace) {
    keyspace.verify();
    for (_, db) in keyspace.all() {
        for entry in db.table().iter() {
            if let ValueRef::Boxed(value) = entry.value() {
                value.verify();
            }
        }
    }
}

/// A small file of a version that is written, with every code that it has.
pub fn written(version: u16) -> Vec<u8> {
    let mut keyspace = keyspace();
    let usual = keyspace.env.limits;
    let text = |text: &str| text.as_bytes().to_vec();
    let ttl = version >= 12;
    let makes = [
        Make::Str(text("hello")),
        Make::Str(text("-300")),
        Make::Str(vec![b'a'; 100]),
        Make::List(vec![text("a"), text("1"), vec![b'z'; 30]]),
        Make::Set(vec![text("1"), text("-2000")]),
        Make::Set(vec![text("x"), vec![b'y'; 30], text("7")]),
        Make::SortedSet(vec![(1.5, text("a")), (2.0, text("b")), (f64::INFINITY, text("3"))]),
        Make::Hash(vec![(text("f"), text("v"), false), (text("g"), text("12"), false)]),
        Make::Hash(vec![(text("f"), text("v"), false), (text("g"), text("w"), ttl)]),
        Make::Stream(vec![(1, text("a")), (2, text("b")), (0, text("c"))], 11),
    ];
    for (n, make) in makes.iter().enumerate() {
        // All of them once as the limits are, and once large.
        for (name, large) in [(format!("s{n}"), false), (format!("l{n}"), true)] {
            keyspace.env.limits = usual;
            if large {
                let limits = &mut keyspace.env.limits;
                limits.list_max_listpack_size = 1;
                limits.list_packed_threshold = 20;
                limits.hash_max_listpack_entries = 1;
                limits.set_max_intset_entries = 1;
                limits.set_max_listpack_entries = 1;
                limits.zset_max_listpack_entries = 1;
                limits.stream_node_max_entries = 1;
            }
            let key = keyspace.key(name.as_bytes());
            build(keyspace.db(n as u32 % 2), key, make);
            keyspace.db(n as u32 % 2).set_expire(key, (n % 3 == 0).then_some(NOW + 5000));
        }
    }
    keyspace.env.limits = usual;
    file(&keyspace, settings(version, true))
}

/// A small file with the codes that nobody writes any more.
pub fn ancient() -> Vec<u8> {
    let mut bytes = b"REDIS0009\xfe\x00".to_vec();
    let pairs = [&b"a"[..], b"1", b"bb", b"2"];
    let packed = ziplist(&pairs);
    let mut value = |code: u8, key: u8, body: &[u8]| {
        bytes.extend_from_slice(&[code, 1, key]);
        bytes.extend_from_slice(body);
    };
    value(1, b'a', b"\x02\x01x\xc0\x05");
    value(2, b'b', b"\x02\x01x\x01y");
    value(3, b'c', b"\x02\x01x\x031.5\x01y\xfe");
    value(4, b'd', b"\x01\x01f\x01v");
    value(9, b'e', b"\x0b\x01\x01f\x03\x02one..\xff");
    value(10, b'f', &packed);
    value(12, b'g', &packed);
    value(13, b'h', &packed);
    value(14, b'i', &[&[2], &packed[..], &packed].concat());
    value(11, b'j', b"\x0c\x02\0\0\0\x02\0\0\0\x05\0\x06\0");
    bytes.push(255);
    let sum = stdx::crc::crc64(0, &bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// What Redis 7.4 and later write for small hashes with expires, and we do not.
pub fn of_redis() -> Vec<u8> {
    let words = [&b"f"[..], b"v", b"0", b"g", b"w", b"1750000009000"];
    let pack = Listpack::from_iter(words.map(Element::of));
    let mut bytes = b"REDIS0012\xfe\x00\x19\x01k".to_vec();
    bytes.extend_from_slice(&1_750_000_009_000i64.to_le_bytes());
    bytes.push(pack.bytes().len() as u8);
    bytes.extend_from_slice(pack.bytes());
    bytes.push(255);
    let sum = stdx::crc::crc64(0, &bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// A ziplist of short strings, as a string.
fn ziplist(elements: &[&[u8]]) -> Vec<u8> {
    let (mut entries, mut before) = (Vec::new(), 0);
    let mut tail = 0;
    for element in elements {
        tail = entries.len();
        entries.extend_from_slice(&[before, element.len() as u8]);
        entries.extend_from_slice(element);
        before = element.len() as u8 + 2;
    }
    let total = 10 + entries.len() + 1;
    let mut bytes = vec![total as u8];
    bytes.extend_from_slice(&(total as u32).to_le_bytes());
    bytes.extend_from_slice(&(10 + tail as u32).to_le_bytes());
    bytes.extend_from_slice(&(elements.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&entries);
    bytes.push(255);
    bytes
}

/// One small file of each kind, with the number of its keys: together they have every code there is.
pub fn samples() -> Vec<(Vec<u8>, usize)> {
    let mut samples: Vec<_> = [9, 10, 11, 12, 80].map(|version| (written(version), 20)).into();
    samples.extend([(ancient(), 10), (of_redis(), 1)]);
    samples
}

/// The values of the samples, each with its type before it: payloads without their ends.
pub fn bodies() -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for (version, (sample, _)) in [9, 10, 11, 12, 80, 11, 12].into_iter().zip(samples()) {
        let mut keyspace = keyspace();
        if load(&sample, &mut keyspace).is_ok() {
            let entries = keyspace.all().flat_map(|(_, db)| db.table().iter());
            let payloads = entries.map(|entry| persist::dump(entry, settings(version, true)));
            bodies.extend(payloads.map(|mut payload| {
                payload.truncate(payload.len() - 10);
                payload
            }));
        }
    }
    bodies
}
