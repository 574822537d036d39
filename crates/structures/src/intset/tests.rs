//! A set of integers against a `BTreeSet`, its bytes against those of Redis, and bytes from outside.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn the_bytes_are_those_of_redis() {
    let set: Intset = [5, -1, 300].into_iter().collect();
    assert_eq!(set.bytes(), b"\x02\0\0\0\x03\0\0\0\xff\xff\x05\0\x2c\x01");
    let wider: Intset = [5, -70_000].into_iter().collect();
    assert_eq!(wider.bytes(), b"\x04\0\0\0\x02\0\0\0\x90\xee\xfe\xff\x05\0\0\0");
    let widest: Intset = [1, i64::MAX].into_iter().collect();
    assert_eq!(&widest.bytes()[..8], b"\x08\0\0\0\x02\0\0\0");
    assert_eq!(Intset::new().bytes(), b"\x02\0\0\0\0\0\0\0");
}

#[test]
fn it_never_gets_narrower() {
    let mut set: Intset = [1, i64::MIN].into_iter().collect();
    assert!(set.remove(i64::MIN) && !set.remove(i64::MIN));
    assert_eq!((set.bytes()[0], set.len()), (8, 1));
}

#[test]
fn bounds_of_each_width() {
    let edges = [0, i64::from(i16::MAX), i64::from(i16::MIN), i64::from(i32::MAX), i64::from(i32::MIN)];
    for edge in edges {
        for int in [edge - 1, edge, edge + 1] {
            let mut set: Intset = [0, 7].into_iter().collect();
            set.insert(int);
            set.view().verify();
            assert!(set.view().contains(int), "{int}");
        }
    }
}

#[test]
fn what_is_no_intset_is_refused() {
    let good: Intset = [1, 2, 3].into_iter().collect();
    let bytes = good.bytes().to_vec();
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        Intset::check(bytes).map(|_| ()).map_err(|corrupt| corrupt.0)
    };
    assert_eq!(Intset::check(bytes.clone()), Ok(good));
    assert_eq!(with(0, 3), Err("unknown width"));
    assert_eq!(with(1, 1), Err("unknown width"));
    assert_eq!(with(0, 4), Err("wrong length"));
    assert_eq!(with(4, 2), Err("wrong length"));
    assert_eq!(with(7, 0x80), Err("wrong length"));
    assert_eq!(with(8, 2), Err("not ascending"), "twice the same");
    assert_eq!(with(8, 9), Err("not ascending"));
    for len in 0..bytes.len() {
        assert!(Intset::check(bytes[..len].to_vec()).is_err(), "{len}");
    }
}

fn int() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -40..40i64, 2 => -40_000..40_000i64, 1 => any::<i32>().prop_map(i64::from), 1 => any::<i64>()]
}

proptest! {
    #[test]
    fn it_is_a_set(ops in proptest::collection::vec((any::<bool>(), int()), 0..300)) {
        let (mut set, mut model) = (Intset::new(), BTreeSet::new());
        for (add, int) in ops {
            if add {
                prop_assert_eq!(set.insert(int), model.insert(int));
            } else {
                prop_assert_eq!(set.remove(int), model.remove(&int));
            }
            prop_assert_eq!(set.len(), model.len());
        }
        set.view().verify();
        let view = set.view();
        prop_assert!(view.iter().eq(model.iter().copied()));
        prop_assert!(view.iter().rev().eq(model.iter().rev().copied()));
        prop_assert_eq!((view.min(), view.max()), (model.first().copied(), model.last().copied()));
        for (index, int) in model.iter().enumerate() {
            prop_assert_eq!(view.get(index), Some(*int));
            prop_assert_eq!(view.search(*int), Ok(index));
        }
        prop_assert_eq!(view.get(model.len()), None);
    }

    #[test]
    fn galloping_finds_what_searching_finds(
        has in proptest::collection::btree_set(-500..500i64, 0..200),
        asked in proptest::collection::btree_set(-500..500i64, 0..200),
    ) {
        let set: Intset = has.iter().copied().collect();
        let mut ascending = set.view().ascending();
        for int in asked {
            // Twice: to be asked for the same again is allowed.
            prop_assert_eq!(ascending.has(int), has.contains(&int));
            prop_assert_eq!(ascending.has(int), has.contains(&int));
        }
    }

    #[test]
    fn foreign_bytes_are_refused_or_right(mut bytes in proptest::collection::vec(any::<u8>(), 0..60), sane in any::<bool>()) {
        if sane && bytes.len() >= HEADER {
            let width = [2u32, 4, 8][usize::from(bytes[0] % 3)];
            let count = (bytes.len() - HEADER) as u32 / width;
            bytes[..4].copy_from_slice(&width.to_le_bytes());
            bytes[4..8].copy_from_slice(&count.to_le_bytes());
            bytes.truncate(HEADER + (width * count) as usize);
        }
        if let Ok(set) = Intset::check(bytes) {
            let ints: Vec<i64> = set.view().iter().collect();
            prop_assert!(ints.is_sorted_by(|a, b| a < b));
        }
    }
}
