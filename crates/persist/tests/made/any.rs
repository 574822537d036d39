//! Any value at all.

use proptest::prelude::*;

use super::Make;

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
