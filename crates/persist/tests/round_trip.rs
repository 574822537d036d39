//! Values of all types and encodings, written in every version, read again, damaged and cut.

mod common;

use common::{Make, NOW, build, keyspace, load, make, seen, settings};
use keyspace::{Keyspace, encoding};
use persist::file::{About, AccessInfo, Item, Loader, Options, save};
use persist::{Modules, Settings, Trust, dump, restore};

use proptest::prelude::*;

const WARY: Trust = Trust { any_version: false, checksum: true, check_duplicates: true };

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
        prop_assert_eq!(seen(&keyspace, 0, b"from"), seen(&keyspace, 0, b"to"));
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
            prop_assert!(seen(&keyspace, 0, b"to").is_some());
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
        let mut copy = common::keyspace();
        let keys = load(&bytes, &mut copy).expect("good");
        copy.verify();
        prop_assert_eq!(keys, keyspace.all().map(|(_, db)| db.len()).sum::<usize>());
        keyspace.swap(0, 1);
        copy.swap(0, 1);
        for (n, (make, ..)) in makes.iter().enumerate() {
            let name = format!("key{n}");
            // Old versions forget some of what a stream knows.
            if version >= 11 || !matches!(make, Make::Stream(..)) {
                prop_assert_eq!(seen(&keyspace, 0, name.as_bytes()), seen(&copy, 0, name.as_bytes()));
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

/// Small, but with every type in it.
fn sample() -> Vec<u8> {
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
    file(&keyspace, settings(11, true))
}

#[test]
fn every_truncation_and_every_flipped_bit_is_an_error_with_an_offset() {
    let good = sample();
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
    let error = refusing.next(&env).expect_err("refused");
    assert!(error.to_string().contains("'test1234a'"), "{error}");
    let mut skipping = Loader::new(&bytes[..], None, options(Modules::Skip)).expect("a magic");
    let Ok(Item::Record(first)) = skipping.next(&env) else { panic!("the module's key") };
    assert!(!first.value.is_value());
    let Ok(Item::Record(second)) = skipping.next(&env) else { panic!("the other key") };
    assert_eq!(second.key, b"k");
    assert!(matches!(skipping.next(&env), Ok(Item::End)));
}
