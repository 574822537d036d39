//! Properties, against a model of plain registers, and what is known of the peers' bytes.

use proptest::prelude::*;

use super::*;

const LIMIT: u64 = 3000;

fn of<'a>(elements: impl IntoIterator<Item = &'a [u8]>, limit: u64) -> Vec<u8> {
    let mut bytes = empty();
    for element in elements {
        set(&mut bytes, Vote::of(element), limit).expect("valid");
    }
    bytes
}

fn registers(bytes: &[u8]) -> Vec<u8> {
    let mut registers = Registers::new();
    registers.merge(bytes).expect("valid");
    registers.iter().collect()
}

/// Read from Valkey 9.1.2: PFADD of these, then GET.
#[test]
fn bytes_are_the_peers() {
    let three = of([&b"a"[..], b"b", b"c"], LIMIT);
    assert_eq!(&three[..8], b"HYLL\x01\0\0\0");
    assert_eq!(&three[HEADER..], b"\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a");
    assert_eq!(of([&b"a"[..]], LIMIT)[HEADER..], *b"\x71\xa6\x84\x4e\x57");
    assert_eq!(&empty()[HEADER..], b"\x7f\xff");
    assert_eq!(count(&three), Ok(3));
}

#[test]
fn the_cached_cardinality_is_stale_after_a_change_only() {
    let mut bytes = of([&b"a"[..]], LIMIT);
    assert_eq!(cached(&bytes), None);
    set_cached(&mut bytes, 0x0102_0304);
    assert_eq!(bytes[8..16], [4, 3, 2, 1, 0, 0, 0, 0]);
    assert_eq!(set(&mut bytes, Vote::of(b"a"), LIMIT), Ok(false));
    assert_eq!(cached(&bytes), Some(0x0102_0304));
    assert_eq!(set(&mut bytes, Vote::of(b"b"), LIMIT), Ok(true));
    assert_eq!(cached(&bytes), None);
}

#[test]
fn estimates_are_close() {
    let mut bytes = empty();
    let mut checkpoint = 1;
    for n in 1..=1_000_000u64 {
        set(&mut bytes, Vote::of(&n.to_le_bytes()), LIMIT).expect("valid");
        if n == checkpoint {
            let error = count(&bytes).expect("valid").abs_diff(n);
            assert!(error as f64 <= n as f64 * 0.03, "{n}: {error}");
            checkpoint *= 10;
        }
    }
}

#[test]
fn what_contradicts_itself_is_corrupt() {
    let with = |runs: &[u8]| [&empty()[..HEADER], runs].concat();
    for runs in [&b""[..], b"\x3f", b"\x7f", b"\x7f\xff\x00", b"\x7f\xfe\x85", b"\x7f\xfe\x01", b"\x80\x7f"] {
        let bytes = with(runs);
        assert_eq!(count(&bytes), Err(Corrupt), "{runs:?}");
        assert_eq!(to_dense(&bytes), Err(Corrupt));
        assert_eq!(Registers::new().merge(&bytes), Err(Corrupt));
        agree(&bytes);
    }
    let wrapping = with(&b"\x7f\xff".repeat((1 << 18) + 1));
    assert_eq!(count(&wrapping), Err(Corrupt));
    assert_eq!(needs(&with(b"\x3f"), Vote { index: 64, rank: 1 }), Err(Corrupt));
    for bytes in [&b""[..], b"HYLL", &with(b"")[..15], b"hyll\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff"] {
        assert_eq!(Encoding::of(bytes), None);
        assert_eq!(count(bytes), Err(Corrupt));
    }
}

/// Estimates of registers that no hash leads to, as Valkey 9.1.2 prints them (as a signed number).
#[test]
fn impossible_registers_are_counted_as_the_peer_counts_them() {
    let mut bytes = to_dense(&empty()).expect("valid");
    bytes[HEADER..].fill(0xff);
    assert_eq!(count(&bytes), Ok(1 << 63));
}

#[test]
fn a_great_rank_needs_dense_registers() {
    let mut bytes = of([&b"a"[..]], LIMIT);
    assert_eq!(set(&mut bytes, Vote { index: 16383, rank: 33 }, LIMIT), Ok(true));
    assert_eq!(Encoding::of(&bytes), Some(Encoding::Dense));
    assert_eq!(registers(&bytes)[16383], 33);
    assert_eq!(needs(&bytes, Vote { index: 16383, rank: 33 }), Ok(false));
    assert_eq!(needs(&bytes, Vote { index: 16383, rank: 34 }), Ok(true));
}

fn votes(count: usize, span: usize) -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((0..span, 1u8..=51), 0..count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn dense_registers_keep_what_is_set(votes in votes(300, REGISTERS)) {
        let (mut packed, mut model) = (vec![0; dense::LEN], [0; REGISTERS]);
        for (index, rank) in votes {
            prop_assert_eq!(dense::raise(&mut packed, index, rank), model[index] < rank);
            model[index] = model[index].max(rank);
            prop_assert_eq!(dense::get(&packed, index), model[index]);
        }
        let mut unpacked = [0; REGISTERS];
        dense::merge(&packed, &mut unpacked);
        prop_assert!(unpacked == model);
        let mut again = vec![0; dense::LEN];
        dense::pack(&model, &mut again);
        prop_assert!(again == packed);
    }

    /// Few ranks close to each other, so that runs are split and joined much.
    #[test]
    fn sparse_registers_keep_what_is_set(
        votes in prop::collection::vec((0..200usize, 1u8..=3), 0..300), limit in prop::sample::select(vec![40, 100, 3000])
    ) {
        let (mut bytes, mut model) = (empty(), vec![0; REGISTERS]);
        for (index, rank) in votes {
            let index = index * 7 % 200;
            prop_assert_eq!(needs(&bytes, Vote { index, rank }), Ok(model[index] < rank));
            prop_assert_eq!(set(&mut bytes, Vote { index, rank }, limit), Ok(model[index] < rank));
            model[index] = model[index].max(rank);
            prop_assert!(Encoding::of(&bytes) == Some(Encoding::Dense) || bytes.len() as u64 <= limit);
        }
        prop_assert_eq!(registers(&bytes), model);
        prop_assert_eq!(count(&bytes), count(&to_dense(&bytes).unwrap_or(bytes)));
    }

    /// To go on from the last change, and to begin anew each time, gives the same bytes.
    #[test]
    fn unions_are_written_as_if_set_one_by_one(
        old in votes(200, 400), new in prop::collection::vec((0..400usize, 1u8..=3), 0..300), limit in 40u64..1200
    ) {
        let mut bytes = empty();
        for (index, rank) in old {
            set(&mut bytes, Vote { index, rank: rank % 3 + 1 }, LIMIT).expect("valid");
        }
        let mut union = Registers::new();
        union.merge(&bytes).expect("valid");
        new.iter().for_each(|&(index, rank)| union.0[index] = union.0[index].max(rank));
        let mut one_by_one = bytes.clone();
        for (index, rank) in union.iter().enumerate().filter(|(_, rank)| *rank > 0) {
            set(&mut one_by_one, Vote { index, rank }, limit).expect("valid");
        }
        invalidate(&mut one_by_one);
        prop_assert_eq!(union.write_to(&mut bytes, limit), Ok(()));
        prop_assert_eq!(bytes, one_by_one);
    }

    #[test]
    fn any_bytes_are_read_without_harm(runs in prop::collection::vec(any::<u8>(), 0..2000), fill: bool) {
        let mut bytes = [&empty()[..HEADER], &runs].concat();
        if fill {
            // As valid as it can be made: zeros up to the last register.
            let there: usize = sparse::ops(&bytes).flatten().map(|op| match op {
                Op::Zeros { run } | Op::ManyZeros { run } | Op::Ranks { run, .. } => run,
            }).sum();
            if there < REGISTERS {
                sparse::push_zeros(&mut bytes, REGISTERS - there);
            }
        }
        agree(&bytes);
    }
}
