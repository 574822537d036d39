//! Values of all types and encodings, written in every version and read again.

mod made;

use keyspace::encoding;
use made::any::make;
use made::*;
use persist::file::{Item, Loader, Options};
use persist::{Modules, dump, restore};
use proptest::prelude::*;

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
