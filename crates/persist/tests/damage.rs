//! Files and payloads that are cut, damaged, or lie: an error with its place, or a value that keeps every invariant; and
//! never more memory than the input justifies.

mod made;

use made::*;
use persist::{Refused, Trust, dump, restore};
use structures::listpack::{Element, Listpack};

#[test]
fn samples_are_good_and_have_every_code() {
    for (good, keys) in samples() {
        let mut keyspace = keyspace();
        assert_eq!(load(&good, &mut keyspace), Ok(keys));
        verify(&keyspace);
    }
}

#[test]
fn every_prefix_is_an_error_with_an_offset() {
    for (good, _) in samples() {
        for cut in 0..good.len() {
            for len in [Some(cut as u64), None] {
                let error = load_with(&good[..cut], len, true, &mut keyspace()).expect_err("cut");
                assert!(error.offset <= cut as u64, "{error}");
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_an_error_with_an_offset() {
    for_each_flip(|bad, len| {
        // A checksum of zeros would count as none; a flipped bit cannot make one.
        let error = load_with(bad, len, true, &mut keyspace()).expect_err("damaged");
        assert!(error.offset <= bad.len() as u64, "{error}");
    });
}

#[test]
fn every_flipped_bit_that_nobody_sums_is_an_error_or_gives_sound_values() {
    for_each_flip(|bad, len| {
        let mut keyspace = keyspace();
        match load_with(bad, len, false, &mut keyspace) {
            Err(error) => assert!(error.offset <= bad.len() as u64, "{error}"),
            Ok(_) => verify(&keyspace),
        }
    });
}

fn for_each_flip(mut check: impl FnMut(&[u8], Option<u64>)) {
    for (good, _) in samples() {
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                check(&bad, Some(bad.len() as u64));
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_a_payload_is_refused_or_gives_a_sound_value() {
    for version in [9, 10, 11, 12, 80] {
        let mut keyspace = keyspace();
        load(&written(version), &mut keyspace).expect("good");
        let entries = keyspace.all().flat_map(|(_, db)| db.table().iter());
        for payload in entries.map(|entry| dump(entry, settings(version, true))) {
            for at in 0..payload.len() {
                for bit in 0..8 {
                    let mut bad = payload.clone();
                    bad[at] ^= 1 << bit;
                    let refused = restore(&bad, &keyspace.env, WARY).err();
                    assert_eq!(refused, Some(Refused::Footer), "the checksum tells");
                    sum_again(&mut bad);
                    try_restore(&bad);
                }
            }
        }
    }
}

fn sum_again(payload: &mut [u8]) {
    if let Some((body, sum)) = payload.split_last_chunk_mut::<8>() {
        *sum = stdx::crc::crc64(0, body).to_le_bytes();
    }
}

fn try_restore(payload: &[u8]) {
    let mut keyspace = keyspace();
    let Ok(value) = restore(payload, &keyspace.env, WARY) else { return };
    let key = keyspace.key(b"k");
    value.store(keyspace.db(0), key, None);
    verify(&keyspace);
    assert!(seen(&keyspace, b"k").is_some());
}

/// Small collections are only searched for what is there twice if that is asked for; but tables believe what they get.
#[test]
fn what_is_there_twice_does_not_get_into_a_table() {
    let words = ["a", "1", "a", "2"].map(|word| Element::of(word.as_bytes()));
    let pack = Listpack::from_iter(words);
    for code in [16, 17, 20] {
        let mut payload = vec![code, pack.bytes().len() as u8];
        payload.extend_from_slice(pack.bytes());
        payload.extend_from_slice(&[11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut keyspace = keyspace();
        for (most, refused) in [(1, true), (100, false)] {
            let limits = &mut keyspace.env.limits;
            limits.hash_max_listpack_entries = most;
            limits.set_max_listpack_entries = most;
            limits.zset_max_listpack_entries = most;
            let trust = Trust { checksum: false, check_duplicates: false, ..WARY };
            let result = restore(&payload, &keyspace.env, trust);
            assert_eq!(result.is_err(), refused, "type {code}, limit {most}");
            assert!(restore(&payload, &keyspace.env, Trust { checksum: false, ..WARY }).is_err());
        }
    }
}
