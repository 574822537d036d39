//! Values of all types and encodings, written in every version, read again, damaged and cut.

use keyspace::stream::{Group, StreamId};
use keyspace::{
    AddOptions, DbMut, End, Expire, FieldTtl, Hash, Key, Keyspace, List, Seed, Set, SortedSet, Str, Stream,
    Type, encoding, view_of,
};
use persist::file::{About, AccessInfo, Item, Loader, Options, save};
use persist::{Modules, Settings, Trust, Version, dump, restore};

use proptest::prelude::*;

const NOW: i64 = 1_750_000_000_000;
const WARY: Trust = Trust { any_version: false, checksum: true, check_duplicates: true };

fn keyspace() -> Keyspace {
    let mut keyspace = Keyspace::new(4, Seed { k0: 1, k1: 2 }, 3);
    keyspace.env.set_now(NOW);
    keyspace
}

/// A value to be made.
#[derive(Clone, Debug)]
enum Make {
    Str(Vec<u8>),
    List(Vec<Vec<u8>>),
    Set(Vec<Vec<u8>>),
    SortedSet(Vec<(f64, Vec<u8>)>),
    Hash(Vec<(Vec<u8>, Vec<u8>, bool)>),
    Stream(Vec<(u8, Vec<u8>)>, u8),
}

fn word() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|int| int.to_string().into_bytes()),
        (-200i64..200).prop_map(|int| int.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..20),
        prop::collection::vec(0u8..3, 0..300),
    ]
}

fn words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop_oneof![
        4 => prop::collection::vec(word(), 1..20),
        1 => prop::collection::vec(word(), 100..700),
        1 => prop::collection::vec((-9999i64..9999).prop_map(|int| int.to_string().into_bytes()), 1..600),
    ]
}

fn make() -> impl Strategy<Value = Make> {
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

fn build(mut db: DbMut<'_>, key: Key<'_>, make: &Make) {
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

fn stream(entries: &[(u8, Vec<u8>)], cut: u8, limits: &keyspace::Limits) -> Stream {
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
fn seen(keyspace: &Keyspace, key: &[u8]) -> Option<String> {
    let key = keyspace.key(key);
    let entry = keyspace.look(0).table().get(key.bytes, key.hash)?;
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

fn settings(version: u16, compress: bool) -> Settings {
    Settings { version: Version(version), compress }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn payloads_there_and_back(make in make(), compress: bool, version in prop::sample::select(vec![11u16, 12, 80])) {
        let mut keyspace = keyspace();
        let (from, to) = (keyspace.key(b"from"), keyspace.key(b"to"));
        build(keyspace.db(0), from, &make);
        let entry = keyspace.look(0).table().get(b"from", from.hash);
        let Some(entry) = entry else { return Ok(()) };
        let payload = dump(entry, settings(version, compress));
        let before = encoding(entry);
        let value = restore(&payload, &keyspace.env, WARY).expect("good");
        value.store(keyspace.db(0), to, None);
        keyspace.verify();
        prop_assert_eq!(seen(&keyspace, b"from"), seen(&keyspace, b"to"));
        let entry = keyspace.look(0).table().get(b"to", to.hash).expect("stored");
        let after = encoding(entry);
        // What had grown and shrunk again may come back in its small form.
        prop_assert!(before == after || after == "listpack" || before == "raw" || before == "embstr");
        if before == after && !["hashtable", "skiplist"].contains(&after) {
            prop_assert_eq!(dump(entry, settings(version, compress)), payload);
        }
    }

    #[test]
    fn damage_is_refused_or_gives_a_sound_value(make in make(), at: prop::sample::Index, bit in 0..8u8, cut: bool) {
        let mut keyspace = keyspace();
        let from = keyspace.key(b"from");
        build(keyspace.db(0), from, &make);
        let Some(entry) = keyspace.look(0).table().get(b"from", from.hash) else { return Ok(()) };
        let mut body = dump(entry, settings(12, false));
        body.truncate(body.len() - 10);
        let at = at.index(body.len());
        if cut { body.truncate(at) } else { body[at] ^= 1 << bit }
        body.extend_from_slice(&12u16.to_le_bytes());
        let sum = stdx::crc::crc64(0, &body);
        body.extend_from_slice(&sum.to_le_bytes());
        if let Ok(value) = restore(&body, &keyspace.env, WARY) {
            prop_assert!(!cut || at > 0);
            let to = keyspace.key(b"to");
            value.store(keyspace.db(0), to, None);
            keyspace.verify();
            if let Some(entry) = keyspace.look(0).table().get(b"to", to.hash)
                && let keyspace::ValueRef::Boxed(value) = entry.value() {
                value.verify();
            }
            prop_assert!(seen(&keyspace, b"to").is_some());
        }
    }

    #[test]
    fn files_in_every_version(
        makes in prop::collection::vec((make(), 0u32..4, prop::option::of(0i64..9999)), 0..12),
        version in prop::sample::select(vec![9u16, 10, 11, 12, 80]),
        compress: bool,
    ) {
        let mut keyspace = keyspace();
        for (n, (make, db, ttl)) in makes.iter().enumerate() {
            let name = format!("key{n}");
            let key = keyspace.key(name.as_bytes());
            build(keyspace.db(*db), key, make);
            keyspace.db(*db).set_expire(key, ttl.map(|ttl| NOW + ttl));
        }
        let bytes = file(&keyspace, settings(version, compress));
        let mut copy = self::keyspace();
        let keys = load(&bytes, &mut copy).expect("good");
        copy.verify();
        prop_assert_eq!(keys, keyspace.all().map(|(_, db)| db.len()).sum::<usize>());
        keyspace.swap(0, 1);
        copy.swap(0, 1);
        for (n, (make, ..)) in makes.iter().enumerate() {
            let name = format!("key{n}");
            // Old versions forget some of what a stream knows.
            if version >= 11 || !matches!(make, Make::Stream(..)) {
                prop_assert_eq!(seen(&keyspace, name.as_bytes()), seen(&copy, name.as_bytes()));
            }
        }
    }
}

fn file(keyspace: &Keyspace, settings: Settings) -> Vec<u8> {
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

fn load(bytes: &[u8], keyspace: &mut Keyspace) -> Result<usize, persist::Error> {
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
                let hash = keyspace.hash(record.entry.key());
                // Of a damaged file a key may be there twice; its checksum will tell.
                drop(keyspace.db(record.db).insert(hash, record.entry));
            }
            Item::Aux { .. } | Item::Sizes { .. } | Item::Function(_) => {}
            Item::Empty { .. } | Item::OfModule => {}
        }
    }
}

/// Small, but with every type in it.
fn sample(version: u16) -> Vec<u8> {
    let mut keyspace = keyspace();
    let text = |text: &str| text.as_bytes().to_vec();
    let makes = [
        Make::Str(text("hello")),
        Make::Str(vec![b'a'; 100]),
        Make::List(vec![text("a"), text("1")]),
        Make::Set(vec![text("1"), text("2")]),
        Make::Set(vec![text("x"), vec![b'y'; 70]]),
        Make::SortedSet(vec![(1.5, text("a")), (2.0, text("b"))]),
        Make::Hash(vec![(text("f"), text("v"), false), (text("g"), text("w"), true)]),
        Make::Stream(vec![(1, text("a")), (2, text("b")), (0, text("c"))], 11),
    ];
    for (n, make) in makes.iter().enumerate() {
        let name = format!("k{n}");
        let key = keyspace.key(name.as_bytes());
        build(keyspace.db(n as u32 % 2), key, make);
    }
    file(&keyspace, settings(version, true))
}

#[test]
fn every_truncation_and_every_flipped_bit_is_an_error_with_an_offset() {
    for version in [9, 10, 11, 12, 80] {
        let good = sample(version);
        assert_eq!(load(&good, &mut keyspace()), Ok(8));
        for cut in 0..good.len() {
            let error = load(&good[..cut], &mut keyspace()).expect_err("cut");
            assert!(error.offset <= cut as u64, "{error}");
        }
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                // A checksum of zeros would count as none; a flipped bit cannot make one.
                let error = load(&bad, &mut keyspace()).expect_err("damaged");
                assert!(error.offset <= good.len() as u64, "{error}");
            }
        }
    }
}

#[test]
fn data_of_modules_is_refused_by_name_or_skipped() {
    let mut bytes = b"REDIS0009".to_vec();
    let id = b"test1234a".iter().fold(0u64, |id, byte| {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        id << 6 | letters.iter().position(|letter| letter == byte).unwrap_or(0) as u64
    }) << 10;
    for mark in [&b"\xf7"[..], b"\x07\x03key"] {
        bytes.extend_from_slice(mark);
        bytes.push(0x81);
        bytes.extend_from_slice(&id.to_be_bytes());
        bytes.extend_from_slice(b"\x02\x02\x05\x03abc\x00");
    }
    bytes.extend_from_slice(b"\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0");
    let options = |modules| Options {
        any_version: false,
        checksum: true,
        modules,
        check_duplicates: true,
        databases: 1,
    };
    let env = keyspace().env;
    let mut refusing = Loader::new(&bytes[..], None, options(Modules::Refuse)).expect("a magic");
    let Err(error) = refusing.next(&env) else { panic!("it was taken") };
    assert!(error.to_string().contains("'test1234a'"), "{error}");
    let mut skipping = Loader::new(&bytes[..], None, options(Modules::Skip)).expect("a magic");
    assert!(matches!(skipping.next(&env), Ok(Item::OfModule)));
    let Ok(Item::Record(second)) = skipping.next(&env) else { panic!("the other key") };
    assert_eq!(second.entry.key(), b"k");
    assert!(matches!(skipping.next(&env), Ok(Item::End)));
}
