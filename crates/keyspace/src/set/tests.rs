//! Sets against a `BTreeSet`, the points at which encodings change, and chance.

use std::collections::BTreeSet;

use super::*;
use crate::{DbMut, Edited, Keyspace, Limits, Seed};

fn keyspace(limits: Limits) -> Keyspace {
    let mut ks = Keyspace::new(1, Seed { k0: 1, k1: 2 }, 3);
    ks.env.limits = limits;
    ks
}

fn small() -> Limits {
    Limits {
        set_max_intset_entries: 8,
        set_max_listpack_entries: 6,
        set_max_listpack_value: 5,
        ..Limits::default()
    }
}

fn add(ks: &mut Keyspace, member: &[u8]) -> bool {
    let key = ks.key(b"s");
    let added = ks.db(0).edit_or_new(
        key,
        |env| Set::for_members(member, 1, env),
        |set, env| {
            let added = set.add(member, env);
            set.verify();
            added
        },
    );
    added.expect("a set").result
}

fn encoding(ks: &mut Keyspace) -> &'static str {
    let key = ks.key(b"s");
    ks.db(0).view::<Set>(key).expect("a set").map_or("none", SetView::encoding)
}

fn after(limits: Limits, members: &[&str]) -> &'static str {
    let mut ks = keyspace(limits);
    for member in members {
        add(&mut ks, member.as_bytes());
    }
    encoding(&mut ks)
}

#[test]
fn encodings_change_where_the_limits_say() {
    let ints = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    assert_eq!(after(small(), &ints[..8]), "intset");
    assert_eq!(after(small(), &ints), "hashtable");
    assert_eq!(after(small(), &["a"]), "listpack");
    assert_eq!(after(small(), &["1", "a"]), "listpack");
    assert_eq!(after(small(), &["01", "1"]), "listpack");
    assert_eq!(after(small(), &["a", "bbbbb"]), "listpack");
    assert_eq!(after(small(), &["a", "bbbbbb"]), "hashtable");
    assert_eq!(after(small(), &["1", "bbbbbb"]), "hashtable");
    assert_eq!(after(small(), &["123456", "a"]), "hashtable", "the integers are too long");
    assert_eq!(after(small(), &["-12345", "a"]), "listpack", "the sign is not counted");
    assert_eq!(after(small(), &["1", "2", "3", "4", "5", "a"]), "listpack");
    assert_eq!(after(small(), &["1", "2", "3", "4", "5", "6", "a"]), "hashtable");
    assert_eq!(after(small(), &["a", "b", "c", "d", "e", "f", "g"]), "hashtable");
}

#[test]
fn many_at_once_are_expected() {
    let ks = keyspace(small());
    let kind = |first: &[u8], count| Set::for_members(first, count, &ks.env).view().encoding();
    assert_eq!([kind(b"1", 8), kind(b"a", 6), kind(b"a", 7)], ["intset", "listpack", "hashtable"]);
    assert_eq!([kind(b"1", 9), kind(b"1", 6)], ["hashtable", "intset"]);
    let mut set: Set = Set::for_members(b"1", 1, &ks.env);
    set.add(b"1", &ks.env);
    set.expect_members(8, &ks.env);
    assert_eq!(set.view().encoding(), "intset");
    set.expect_members(9, &ks.env);
    assert_eq!((set.view().encoding(), set.len()), ("hashtable", 1));
}

/// A word of few, so that many are there already: integers, strings that look like some, and long ones.
fn word(dice: &mut fastrand::Rng, strings: bool) -> Vec<u8> {
    let n = dice.i64(-12..12);
    let text = match dice.u8(..if strings { 4 } else { 1 }) {
        0 => n.to_string(),
        1 => format!("w{n}"),
        2 => format!("0{n}"),
        _ => "x".repeat(n.unsigned_abs() as usize),
    };
    text.into_bytes()
}

#[test]
fn it_is_a_set_in_every_encoding() {
    for seed in 0..300 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let limits = if seed % 2 == 0 { small() } else { Limits::default() };
        let (mut ks, mut model) = (keyspace(limits), BTreeSet::new());
        let key = ks.key(b"s");
        for step in 0..80 {
            let word = word(&mut dice, step > 20 || seed % 3 == 0);
            if dice.u8(..4) == 0 {
                let removed = ks.db(0).edit(key, |set: &mut Set, _| set.remove(&word)).expect("a set");
                let expected = model.remove(&word);
                assert_eq!(removed.is_some_and(|edited: Edited<bool>| edited.result), expected);
                assert_eq!(removed.is_some_and(|edited| edited.gone), expected && model.is_empty());
            } else {
                assert_eq!(add(&mut ks, &word), model.insert(word.clone()));
            }
            let view = ks.look(0).peek::<Set>(key).expect("a set");
            assert_eq!(view.is_none(), model.is_empty());
            let Some(view) = view else { continue };
            assert_eq!(view.len(), model.len());
            let all: BTreeSet<Vec<u8>> = view.iter().map(Element::to_vec).collect();
            assert_eq!(all, model);
            assert!(model.iter().all(|member| view.has(member) && view.has_element(Element::of(member))));
            let other = self::word(&mut dice, true);
            assert_eq!(view.has(&other), model.contains(&other));
        }
        ks.verify();
    }
}

#[test]
fn a_copy_is_a_set_of_its_own() {
    for count in [5, 20, 500] {
        let ks = keyspace(small());
        let mut set = Set::default();
        for n in 0..count {
            set.add(n.to_string().as_bytes(), &ks.env);
        }
        let mut copy = set.clone();
        copy.verify();
        assert_eq!(copy.view().encoding(), set.view().encoding());
        assert!(copy.remove(b"3") && set.view().has(b"3") && copy.len() + 1 == set.len());
        let per_member = set.memory() as f64 / f64::from(count);
        assert!(count < 500 || (14.0..60.0).contains(&per_member), "{per_member}");
    }
}

fn of(ks: &Keyspace, words: impl Iterator<Item = String>) -> Set {
    let mut set = Set::default();
    for word in words {
        set.add(word.as_bytes(), &ks.env);
    }
    set
}

/// One set of 40 members per encoding.
fn one_of_each(ks: &mut Keyspace) -> [Set; 3] {
    let sets = [of(ks, (0..40).map(|n| n.to_string())), of(ks, (0..40).map(|n| format!("w{n}")))];
    let mut table = of(ks, (0..40).map(|n| n.to_string()));
    table.make_table(&ks.env);
    let [ints, pack] = sets;
    [ints, pack, table]
}

/// The sum of squared deviations over the expectation; 39 degrees of freedom exceed 73 once in a thousand times.
fn chi_square(counts: &[u32], expected: f64) -> f64 {
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

fn number(member: Element<'_>) -> usize {
    let text = String::from_utf8(member.to_vec()).expect("digits");
    text.trim_start_matches('w').parse().expect("digits")
}

#[test]
fn every_member_has_the_same_chance() {
    let mut ks = keyspace(Limits::default());
    for set in one_of_each(&mut ks) {
        let mut counts = [0; 40];
        for _ in 0..8000 {
            counts[number(set.view().random(&mut ks.env.rng).expect("not empty"))] += 1;
        }
        assert!(chi_square(&counts, 200.0) < 73.0, "{counts:?}");
        let mut popped = [0; 40];
        for _ in 0..4000 {
            let mut copy = set.clone();
            popped[copy.pop(&mut ks.env.rng, number).expect("not empty")] += 1;
            assert_eq!(copy.len(), 39);
        }
        assert!(chi_square(&popped, 100.0) < 73.0, "{popped:?}");
    }
}

#[test]
fn samples_have_no_member_twice_and_no_favourites() {
    let mut ks = keyspace(Limits::default());
    for set in one_of_each(&mut ks) {
        // Drawn without putting back, so the deviations are smaller than those of independent draws.
        for want in [1, 5, 13, 14, 39] {
            let mut counts = [0; 40];
            for _ in 0..2000 {
                let mut met = BTreeSet::new();
                set.view().sample(want, &mut ks.env.rng, |member| assert!(met.insert(number(member))));
                assert_eq!(met.len(), want);
                met.into_iter().for_each(|n| counts[n] += 1);
            }
            assert!(chi_square(&counts, 50.0 * want as f64) < 73.0, "{want}: {counts:?}");
        }
    }
}

#[test]
fn many_are_popped_alike() {
    let mut ks = keyspace(Limits::default());
    for set in one_of_each(&mut ks) {
        for want in [1, 5, 33, 34, 39] {
            let mut counts = [0; 40];
            for _ in 0..1000 {
                let mut copy = set.clone();
                let mut met = BTreeSet::new();
                copy.pop_many(want, &mut ks.env, |member| assert!(met.insert(number(member))));
                copy.verify();
                assert_eq!((met.len(), copy.len()), (want, 40 - want));
                assert!(copy.view().iter().all(|member| !met.contains(&number(member))));
                met.into_iter().for_each(|n| counts[n] += 1);
            }
            assert!(chi_square(&counts, 25.0 * want as f64) < 73.0, "{want}: {counts:?}");
        }
    }
}

#[test]
fn what_little_is_left_of_a_table_is_packed() {
    let mut ks = keyspace(Limits::default());
    let [_, _, table] = one_of_each(&mut ks);
    for (want, encoding) in [(33, "hashtable"), (34, "listpack")] {
        let mut copy = table.clone();
        copy.pop_many(want, &mut ks.env, |_| {});
        assert_eq!(copy.view().encoding(), encoding);
    }
}

#[test]
fn scanning_meets_all() {
    let ks = keyspace(Limits::default());
    for count in [100, 5000] {
        let set = of(&ks, (0..count).map(|n| format!("member:{n}")));
        let (mut met, mut cursor, mut steps) = (BTreeSet::new(), 0, 0);
        loop {
            cursor = set.view().scan(cursor, 10, |member| {
                met.insert(member.to_vec());
            });
            steps += 1;
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(met.len(), count);
        assert!(if count == 100 { steps == 1 } else { steps > 200 }, "{steps}");
    }
}

#[test]
fn a_large_intset_and_a_table_are_boxed() {
    let mut ks = keyspace(Limits::default());
    for n in 0..513 {
        add(&mut ks, n.to_string().as_bytes());
        let key = ks.key(b"s");
        let DbMut { db, .. } = ks.db(0);
        let view = db.peek::<Set>(key).expect("a set").expect("there");
        assert_eq!(view.encoding(), if n < 512 { "intset" } else { "hashtable" });
        assert_eq!(view.len(), n + 1);
    }
    ks.verify();
}
