//! Small and large sorted sets against a sorted vector, and where one becomes the other.

use super::*;
use crate::{Keyspace, Seed};

fn env() -> Env {
    Keyspace::new(1, Seed { k0: 1, k1: 2 }, 3).env
}

fn name(n: u64) -> Vec<u8> {
    if n.is_multiple_of(3) { format!("{n}") } else { format!("member:{n}") }.into_bytes()
}

fn listed(set: &SortedSet) -> Vec<(f64, Vec<u8>)> {
    set.view().iter().map(|(member, score)| (score, member.to_vec())).collect()
}

fn dice(state: &mut u64, n: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % n
}

/// Both encodings must say the same at every step.
#[test]
fn both_encodings_agree_with_a_sorted_vector() {
    let env = env();
    let mut small = SortedSet::default();
    let mut large = SortedSet::default();
    large.unpack_now(&env);
    let (mut model, mut state) = (Vec::<(f64, Vec<u8>)>::new(), 7);
    for step in 0..4000 {
        let (member, score) = (name(dice(&mut state, 90)), dice(&mut state, 24) as f64 / 4.0 - 2.0);
        let old = model.iter().position(|(_, m)| *m == member).map(|at| model.remove(at));
        if dice(&mut state, 4) == 0 {
            let removed = old.map(|(score, _)| score);
            assert_eq!((small.remove(&member), large.remove(&member)), (removed, removed));
        } else {
            let options = AddOptions { increment: dice(&mut state, 3) == 0, ..AddOptions::default() };
            let before = old.map(|(score, _)| score);
            let now = if options.increment { before.unwrap_or(0.0) + score } else { score };
            let told = match before {
                None => Added::New(now),
                Some(before) if before == now => Added::Same(now),
                Some(_) => Added::Changed(now),
            };
            assert_eq!(small.add(&member, score, options, &env), told);
            assert_eq!(large.add(&member, score, options, &env), told);
            let at = model.partition_point(|pair| *pair < (now, member.clone()));
            model.insert(at, (now, member.clone()));
        }
        if step % 50 == 0 {
            small.verify();
            large.verify();
            assert_eq!((listed(&small), listed(&large)), (model.clone(), model.clone()));
        }
        let score = dice(&mut state, 24) as f64 / 4.0 - 2.0;
        for bound in [Bound::Score(score), Bound::AfterScore(score), Bound::Element(score, &member)] {
            assert_eq!(small.view().position(bound), large.view().position(bound), "{bound:?}");
        }
        assert_eq!(small.view().rank(&member), large.view().rank(&member));
        assert_eq!(small.view().score(&member), large.view().score(&member));
        let from = dice(&mut state, 40) as usize;
        let (a, b) = (small.view().range(from..from + 9).rev(), large.view().range(from..from + 9).rev());
        assert!(a.map(|(m, s)| (m.to_vec(), s)).eq(b.map(|(m, s)| (m.to_vec(), s))));
    }
    assert_eq!((small.view().encoding(), large.view().encoding()), ("listpack", "skiplist"));
    let copy = large.clone();
    for set in [&mut small, &mut large] {
        let mut gone = Vec::new();
        set.cut(3..8, |member, score| gone.push((score, member.to_vec())));
        assert_eq!(gone, model[3..8]);
        set.cut(10..usize::MAX, |_, _| {});
        assert_eq!(listed(set), [&model[..3], &model[8..15]].concat());
        set.cut(40..50, |_, _| panic!("nothing there"));
        set.verify();
    }
    assert_eq!(listed(&copy), model);
    copy.verify();
    large.pack_if_fits(&env);
    assert_eq!((listed(&large), large.view().encoding()), (listed(&small), "listpack"));
}

#[test]
fn a_set_grows_out_of_its_listpack() {
    let mut env = env();
    env.limits.zset_max_listpack_entries = 3;
    env.limits.zset_max_listpack_value = 5;
    let mut set = SortedSet::default();
    for n in 0..3 {
        set.add(&name(n), 1.5, AddOptions::default(), &env);
    }
    // A longer member that is refused changes nothing.
    let present = AddOptions { if_present: true, ..AddOptions::default() };
    assert_eq!(set.add(b"longer than that", 1.0, present, &env), Added::Refused);
    assert_eq!(set.view().encoding(), "skiplist");
    let mut set = SortedSet::default();
    for n in [0, 3, 6] {
        set.add(&name(n), 1.5, AddOptions::default(), &env);
    }
    assert_eq!(set.add(b"longer than that", 1.0, present, &env), Added::Refused);
    assert_eq!(set.view().encoding(), "listpack");
    assert_eq!(set.add(b"9", 1.0, AddOptions::default(), &env), Added::New(1.0));
    assert_eq!(set.view().encoding(), "skiplist");
    assert_eq!(SortedSet::for_size(4, 1, &env).view().encoding(), "skiplist");
    assert_eq!(SortedSet::for_size(3, 5, &env).view().encoding(), "listpack");
    assert_eq!(SortedSet::for_size(3, 6, &env).view().encoding(), "skiplist");
}

#[test]
fn options_are_kept_to() {
    let env = env();
    let of = |if_absent, if_present, if_greater, if_less, increment| AddOptions {
        if_absent,
        if_present,
        if_greater,
        if_less,
        increment,
    };
    for large in [false, true] {
        let mut set = SortedSet::default();
        if large {
            set.unpack_now(&env);
        }
        let mut add = |member: &[u8], score, options| set.add(member, score, options, &env);
        assert_eq!(add(b"a", 1.0, of(false, true, false, false, false)), Added::Refused);
        assert_eq!(add(b"a", 1.0, of(true, false, false, false, false)), Added::New(1.0));
        assert_eq!(add(b"a", 2.0, of(true, false, false, false, false)), Added::Refused);
        assert_eq!(add(b"a", 1.0, of(false, false, true, false, false)), Added::Refused);
        assert_eq!(add(b"a", 2.0, of(false, false, true, false, false)), Added::Changed(2.0));
        assert_eq!(add(b"a", 2.0, of(false, false, false, true, false)), Added::Refused);
        assert_eq!(add(b"a", -2.0, of(false, false, false, true, true)), Added::Changed(0.0));
        assert_eq!(add(b"a", 0.0, of(false, false, false, false, true)), Added::Same(0.0));
        assert_eq!(add(b"b", 5.0, of(false, false, true, false, true)), Added::New(5.0));
        assert_eq!(add(b"b", f64::NAN, AddOptions::default()), Added::NotANumber);
        assert_eq!(add(b"b", f64::INFINITY, AddOptions::default()), Added::Changed(f64::INFINITY));
        assert_eq!(add(b"b", f64::NEG_INFINITY, of(false, false, false, false, true)), Added::NotANumber);
        assert_eq!(listed(&set), [(0.0, b"a".to_vec()), (f64::INFINITY, b"b".to_vec())]);
    }
}

#[test]
fn the_bytes_of_small_ones_are_redis() {
    let env = env();
    let mut set = SortedSet::default();
    for (member, score) in [("x", 0.5), ("7", 3.0), ("y", -1e300), ("z", f64::INFINITY)] {
        set.add(member.as_bytes(), score, AddOptions::default(), &env);
    }
    let SortedSet::Packed(pack) = &set else { panic!("small") };
    let elements: Vec<Element<'_>> = pack.view().iter().collect();
    let str = |text: &'static str| Element::Str(text.as_bytes());
    let expected = [
        str("y"),
        str("-1e+300"),
        str("x"),
        str("0.5"),
        Element::Int(7),
        Element::Int(3),
        str("z"),
        str("inf"),
    ];
    assert_eq!(elements, expected);
}

#[test]
fn every_element_is_scanned_and_drawn() {
    let env = env();
    for count in [40u64, 3000] {
        let mut set = SortedSet::default();
        for n in 0..count {
            set.add(&name(n), n as f64, AddOptions::default(), &env);
        }
        let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), 0);
        loop {
            cursor = set.view().scan(cursor, |member, score| {
                assert_eq!(name(score as u64), member.to_vec());
                seen.insert(score as u64);
            });
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(seen.len() as u64, count);
        let (mut rng, mut drawn) = (fastrand::Rng::with_seed(1), std::collections::BTreeSet::new());
        for _ in 0..20 * count {
            let (member, score) = set.view().random(&mut rng).expect("not empty");
            assert_eq!(name(score as u64), member.to_vec());
            drawn.insert(score as u64);
        }
        assert_eq!(drawn.len() as u64, count);
    }
    assert!(SortedSet::default().view().random(&mut fastrand::Rng::with_seed(1)).is_none());
}
