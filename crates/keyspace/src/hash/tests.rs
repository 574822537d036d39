use std::collections::BTreeMap;

use super::*;
use crate::{Keyspace, Seed};

fn keyspace() -> Keyspace {
    Keyspace::new(1, Seed { k0: 1, k1: 2 }, 3)
}

fn content(hash: &Hash, now_ms: i64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    hash.view().iter(now_ms).map(|(field, value)| (field.to_vec(), value.to_vec())).collect()
}

#[test]
fn conversions_come_at_the_peers_points() {
    let mut ks = keyspace();
    ks.env.limits.hash_max_listpack_entries = 3;
    ks.env.limits.hash_max_listpack_value = 4;
    let encoding = |steps: &[(&str, &str, FieldTtl)]| {
        let mut hash = Hash::default();
        for (field, value, ttl) in steps {
            hash.set(field.as_bytes(), value.as_bytes(), *ttl, &ks.env);
        }
        hash.verify();
        hash.view().encoding()
    };
    let plain = |field, value| (field, value, FieldTtl::Clear);
    assert_eq!(encoding(&[plain("a", "1"), plain("b", "1"), plain("c", "1234")]), "listpack");
    assert_eq!(encoding(&[plain("a", "1"), plain("b", "1"), plain("c", "1"), plain("d", "1")]), "hashtable");
    assert_eq!(encoding(&[plain("a", "1"), plain("a", "12345")]), "hashtable");
    assert_eq!(encoding(&[plain("abcde", "1")]), "hashtable");
    assert_eq!(encoding(&[("a", "1", FieldTtl::Keep)]), "listpack");
    assert_eq!(encoding(&[("a", "1", FieldTtl::Until(9))]), "hashtable");
    let mut hash = Hash::default();
    hash.expect(3, &ks.env);
    assert_eq!(hash.view().encoding(), "listpack");
    hash.expect(4, &ks.env);
    assert_eq!(hash.view().encoding(), "hashtable");
}

#[test]
fn both_encodings_do_what_a_plain_map_does() {
    for entries in [0, 20, 512] {
        let mut ks = keyspace();
        ks.env.limits.hash_max_listpack_entries = entries;
        let (mut hash, mut model) = (Hash::default(), BTreeMap::new());
        for step in 0..4000 {
            let field = format!("{}", ks.env.rng.u32(..60)).into_bytes();
            if ks.env.rng.u32(..3) == 0 {
                assert_eq!(hash.remove(&field, &ks.env), model.remove(&field).is_some());
            } else {
                let value = vec![b'0' + (step % 10) as u8; ks.env.rng.usize(..30)];
                let was = hash.set(&field, &value, FieldTtl::Clear, &ks.env);
                assert_eq!(was == Was::There, model.insert(field, value).is_some());
            }
            assert_eq!((hash.view().len(), hash.is_empty()), (model.len(), model.is_empty()));
        }
        hash.verify();
        assert_eq!(content(&hash, 0), model);
        assert_eq!(content(&hash.clone(), 0), model);
    }
}

/// Expires go with their fields whatever is done; a plain map says what is to be seen.
#[test]
fn times_to_live_do_what_a_plain_map_does() {
    for fields in [3, 14, 24, 60] {
        times_to_live(fields);
    }
}

fn times_to_live(fields: u32) {
    let mut ks = keyspace();
    let (mut hash, mut model) = (Hash::default(), BTreeMap::<Vec<u8>, Option<i64>>::new());
    for now_ms in 0..4000 {
        ks.env.now_ms = now_ms;
        let dead = |at: &Option<i64>| at.is_some_and(|at| at <= now_ms);
        let field = format!("{}", ks.env.rng.u32(..fields)).into_bytes();
        let at = now_ms + ks.env.rng.i64(1..200);
        let live = model.get(&field).filter(|at| !dead(at)).copied();
        match ks.env.rng.u32(..8) {
            0 => {
                hash.set(&field, b"v", FieldTtl::Clear, &ks.env);
                model.insert(field, None);
            }
            1 => {
                hash.set(&field, b"v", FieldTtl::Keep, &ks.env);
                model.insert(field, live.flatten());
            }
            2 => {
                hash.set(&field, b"v", FieldTtl::Until(at), &ks.env);
                model.insert(field, Some(at));
            }
            3 => {
                assert_eq!(hash.remove(&field, &ks.env), live.is_some());
                live.and_then(|_| model.remove(&field));
            }
            4 => {
                let told = hash.retime(&field, &ks.env, |before| {
                    assert_eq!(Some(before), live);
                    Retime::Set(Some(at))
                });
                assert_eq!(told.is_some(), live.is_some());
                live.and_then(|_| model.insert(field, Some(at)));
            }
            5 => {
                hash.retime(&field, &ks.env, |_| Retime::Set(None));
                live.and_then(|_| model.insert(field, None));
            }
            6 => assert_eq!(hash.view().expire(&field, now_ms), live),
            _ => {
                if let Hash::Table(fields) = &mut hash {
                    fields.remove_due(now_ms, 3, |field| {
                        assert!(model.remove(field).is_some_and(|at| dead(&at)));
                    });
                }
            }
        }
        if now_ms % 16 == 0 {
            hash.verify();
        }
        assert_eq!(hash.view().len(), model.len());
        assert_eq!(hash.view().live_len(now_ms), model.values().filter(|at| !dead(at)).count());
    }
    hash.verify();
    assert_eq!(content(&hash, 4000).len(), hash.view().live_len(4000));
}

#[test]
fn random_fields_are_uniform_and_never_hidden() {
    for ttl in [FieldTtl::Clear, FieldTtl::Until(1000)] {
        let mut ks = keyspace();
        let mut hash = Hash::default();
        for n in 0..10 {
            hash.set(format!("{n}").as_bytes(), b"v", ttl, &ks.env);
        }
        if ttl != FieldTtl::Clear {
            hash.set(b"hidden", b"v", FieldTtl::Until(0), &ks.env);
        }
        let mut seen = BTreeMap::new();
        for _ in 0..10_000 {
            let (field, _) = hash.view().random(0, &mut ks.env.rng).expect("there are some");
            *seen.entry(field.to_vec()).or_insert(0) += 1;
        }
        assert!(seen.len() == 10 && seen.values().all(|count| (850..1150).contains(count)), "{seen:?}");
        assert!(ttl == FieldTtl::Clear || hash.view().random(1000, &mut ks.env.rng).is_none());
    }
}

#[test]
fn a_scan_meets_all_that_stay() {
    let ks = keyspace();
    let mut hash = Hash::default();
    for n in 0..3000 {
        hash.set(format!("{n}").as_bytes(), b"v", FieldTtl::Clear, &ks.env);
    }
    let (mut met, mut cursor, mut steps) = (std::collections::BTreeSet::new(), 0, 0);
    loop {
        cursor = hash.view().scan(cursor, 20, 0, &mut |field, _| {
            met.insert(field.to_vec());
        });
        for n in 2 * steps..2 * steps + 2 {
            hash.remove(format!("{}", 1000 + n).as_bytes(), &ks.env);
        }
        steps += 1;
        if cursor == 0 {
            break;
        }
    }
    assert!((0..1000).all(|n: u32| met.contains(n.to_string().as_bytes())));
}
