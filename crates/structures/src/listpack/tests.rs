//! The listpack against a plain vector, and against bytes that lie.

use proptest::prelude::*;

use super::*;

fn strings(pack: Pack<'_>) -> Vec<Vec<u8>> {
    pack.iter().map(Element::to_vec).collect()
}

fn of(strings: &[&[u8]]) -> Listpack {
    strings.iter().map(|s| Element::of(s)).collect()
}

/// Bytes taken from a dump of the peer: RPUSH k 1 -1 4095 "abc" 70000 -5000000000 "".
#[test]
fn the_bytes_are_the_peers() {
    let pack = of(&[b"1", b"-1", b"4095", b"abc", b"70000", b"-5000000000", b""]);
    let expected: &[u8] = &[
        41, 0, 0, 0, 7, 0, // header
        1, 1, // 1
        0xDF, 0xFF, 2, // -1
        0xCF, 0xFF, 2, // 4095
        0x83, b'a', b'b', b'c', 4, // abc
        0xF2, 0x70, 0x11, 0x01, 4, // 70000
        0xF4, 0x00, 0x0E, 0xFA, 0xD5, 0xFE, 0xFF, 0xFF, 0xFF, 9, // -5000000000
        0x80, 1, // empty
    ];
    let mut expected = expected.to_vec();
    expected.push(0xFF);
    expected[0] = expected.len() as u8;
    assert_eq!(pack.bytes(), expected);
}

#[test]
fn integers_at_their_borders_come_back() {
    let mut all = vec![i64::MIN, i64::MAX, 0];
    for bits in [6, 7, 12, 13, 15, 16, 23, 24, 31, 32, 62] {
        for near in -2..=2 {
            all.extend([(1 << bits) + near, -(1 << bits) + near]);
        }
    }
    let pack: Listpack = all.iter().map(|&int| Element::Int(int)).collect();
    assert_eq!(
        pack.view().iter().collect::<Vec<_>>(),
        all.iter().map(|&i| Element::Int(i)).collect::<Vec<_>>()
    );
    pack.view().verify();
}

#[test]
fn what_only_looks_like_an_integer_is_a_string() {
    for text in [&b"-0"[..], b"01", b"+1", b" 1", b"1 ", b"-", b"9223372036854775808", b"1.0"] {
        assert_eq!(Element::of(text), Element::Str(text));
    }
}

#[test]
fn long_strings_have_long_backs() {
    for len in [63, 64, 126, 127, 4095, 4096, 16_377, 16_378, 16_379, 2_097_145, 2_097_146, 2_097_147] {
        let long = vec![b'x'; len];
        let pack = of(&[b"a", &long, b"b"]);
        pack.view().verify();
        assert_eq!(pack.view().iter().rev().map(Element::len).collect::<Vec<_>>(), [1, len, 1]);
    }
}

#[test]
fn more_than_65534_are_counted_by_walking() {
    let mut pack: Listpack = (0..65_600).map(|n| Element::Int(n % 7)).collect();
    assert_eq!(pack.len(), 65_600);
    assert_eq!(pack.view().seek(-1).map(|at| pack.view().get(at)), Some(Element::Int(65_599 % 7)));
    let first = pack.view().first().expect("not empty");
    pack.remove_many(first, 100);
    assert_eq!((pack.raw_count_for_test(), pack.len()), (65_500, 65_500));
    pack.view().verify();
}

impl Listpack {
    fn raw_count_for_test(&self) -> u16 {
        u16::from_le_bytes([self.bytes[4], self.bytes[5]])
    }
}

#[derive(Debug, Clone)]
enum Change {
    PushBack(Vec<u8>),
    PushFront(Vec<u8>),
    Before(usize, Vec<u8>),
    After(usize, Vec<u8>),
    Replace(usize, Vec<u8>),
    Remove(usize, usize),
    Retain(u64),
    SplitAndJoin(usize),
}

fn element() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        (-9000i64..9000).prop_map(|n| n.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..80),
        (100usize..5000).prop_map(|n| vec![b'z'; n]),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        element().prop_map(Change::PushBack),
        element().prop_map(Change::PushFront),
        (any::<usize>(), element()).prop_map(|(n, e)| Change::Before(n, e)),
        (any::<usize>(), element()).prop_map(|(n, e)| Change::After(n, e)),
        (any::<usize>(), element()).prop_map(|(n, e)| Change::Replace(n, e)),
        (any::<usize>(), 1usize..4).prop_map(|(n, c)| Change::Remove(n, c)),
        any::<usize>().prop_map(Change::SplitAndJoin),
        any::<u64>().prop_map(Change::Retain),
    ]
}

fn apply(pack: &mut Listpack, model: &mut Vec<Vec<u8>>, change: Change) {
    let index = |n: usize| (!model.is_empty()).then(|| n % model.len());
    let seek = |pack: &Listpack, n: usize| pack.view().seek(n as i64).expect("within");
    match change {
        Change::PushBack(e) => {
            pack.push_back(Element::of(&e));
            model.push(e);
        }
        Change::PushFront(e) => {
            pack.push_front(Element::of(&e));
            model.insert(0, e);
        }
        Change::Before(n, e) => {
            let Some(n) = index(n) else { return };
            pack.insert_before(seek(pack, n), Element::of(&e));
            model.insert(n, e);
        }
        Change::After(n, e) => {
            let Some(n) = index(n) else { return };
            let at = pack.insert_after(seek(pack, n), Element::of(&e));
            assert_eq!(pack.view().get(at).to_vec(), e);
            model.insert(n + 1, e);
        }
        Change::Replace(n, e) => {
            let Some(n) = index(n) else { return };
            pack.replace(seek(pack, n), Element::of(&e));
            model[n] = e;
        }
        Change::Remove(n, count) => {
            let Some(n) = index(n) else { return };
            let next = pack.remove_many(seek(pack, n), count);
            model.drain(n..(n + count).min(model.len()));
            assert_eq!(next.map(|at| pack.view().get(at).to_vec()).as_ref(), model.get(n));
        }
        Change::Retain(bits) => {
            let mut asked = 0..;
            let mut keep = || bits >> (asked.next().unwrap_or(0) % 64) & 1 == 1;
            let before = model.len();
            let removed = pack.retain(|_| keep());
            asked = 0..;
            let mut keep = || bits >> (asked.next().unwrap_or(0) % 64) & 1 == 1;
            model.retain(|_| keep());
            assert_eq!(removed, before - model.len());
        }
        Change::SplitAndJoin(n) => {
            let Some(n) = index(n) else { return };
            let rest = pack.split_off(seek(pack, n));
            assert_eq!((pack.len(), rest.len()), (n, model.len() - n));
            rest.view().verify();
            pack.append(rest.view());
        }
    }
}

proptest! {
    #[test]
    fn behaves_as_a_vector(changes in prop::collection::vec(change(), 0..60)) {
        let (mut pack, mut model) = (Listpack::new(), Vec::new());
        for change in changes {
            apply(&mut pack, &mut model, change);
            pack.view().verify();
            prop_assert_eq!(strings(pack.view()), model.clone());
        }
        let backwards: Vec<_> = pack.view().iter().rev().map(Element::to_vec).collect();
        prop_assert!(backwards.iter().rev().eq(model.iter()));
        let (mut one, mut other, mut passing) = (pack.view().iter(), pack.view().iter(), pack.view().iter());
        while let Some(element) = one.next() {
            let short = matches!(element, Element::Int(-4096..=4095)).then_some(element);
            prop_assert_eq!(other.next_short_int().map(Element::Int), short);
            prop_assert_eq!(short.or_else(|| other.next()), Some(element));
            prop_assert!(passing.pass());
            prop_assert_eq!(passing.clone().next(), one.clone().next());
        }
        prop_assert!(!passing.pass() && other.next_short_int().is_none());
        for (n, wanted) in model.iter().enumerate() {
            let first = pack.view().first().expect("not empty");
            let found = pack.view().find(first, wanted, 0).expect("it is there");
            prop_assert_eq!(&pack.view().get(found).to_vec(), wanted);
            let (forward, back) = (n as i64, n as i64 - model.len() as i64);
            prop_assert_eq!(pack.view().seek(forward), pack.view().seek(back));
        }
        prop_assert_eq!(pack.view().seek(model.len() as i64), None);
    }

    #[test]
    fn foreign_bytes_are_refused_or_readable(
        elements in prop::collection::vec(element(), 0..10),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let elements: Vec<&[u8]> = elements.iter().map(Vec::as_slice).collect();
        let mut bytes = of(&elements).into_bytes();
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        for bytes in [bytes[..cut.index(bytes.len())].to_vec(), bytes] {
            let spelled = Listpack::check_spelling(bytes.clone());
            prop_assert_eq!(spelled.clone().map(|(pack, _)| pack), Listpack::check(bytes));
            if let Ok((pack, canonical)) = spelled {
                let forward = strings(pack.view());
                let foreign = |element| matches!(element, Element::Str(text) if matches!(Element::of(text), Element::Int(_)));
                prop_assert_eq!(canonical, !pack.view().iter().any(foreign));
                let mut back: Vec<_> = pack.view().iter().rev().map(Element::to_vec).collect();
                back.reverse();
                prop_assert_eq!(forward, back);
            }
        }
    }
}

/// Foreign listpacks may keep an integer as a string, and a short string under a long head.
#[test]
fn spelling_is_told() {
    let of = |entries: &[&[u8]]| {
        let body = entries.concat();
        let total = (body.len() + 7) as u32;
        [&total.to_le_bytes()[..], &(entries.len() as u16).to_le_bytes(), &body, b"\xff"].concat()
    };
    for (entries, canonical) in [
        (&[&b"\x8212\x03"[..]][..], false),
        (&[b"\x82-1\x03", b"\x81x\x02"], false),
        (&[b"\xE0\x0212\x04"], false),
        (&[b"\xF0\x02\0\0\x0012\x07"], false),
        (&[b"\x05\x01", b"\x8201\x03", b"\x821x\x03", b"\x80\x01", b"\xE0\x02x1\x04"], true),
    ] {
        let (pack, told) = Listpack::check_spelling(of(entries)).expect("a listpack");
        assert_eq!((told, pack.len()), (canonical, entries.len()), "{pack:?}");
    }
}

#[test]
fn several_at_once_are_as_one_by_one() {
    let long = [b'x'; 5000];
    let elements = [
        Element::Int(0),
        Element::Int(127),
        Element::Int(-1),
        Element::Int(i64::MIN),
        Element::Str(b""),
        Element::Str(&long[..63]),
        Element::Str(&long[..64]),
        Element::Str(&long[..125]),
        Element::Str(&long[..126]),
        Element::Str(&long),
    ];
    let one_by_one: Listpack = elements.into_iter().collect();
    for room in [0, 10_000] {
        let mut all = Listpack::new();
        all.push_all(room, |writer| elements[..3].iter().for_each(|element| writer.push(*element)));
        all.push_all(room, |writer| elements[3..].iter().for_each(|element| writer.push(*element)));
        assert_eq!(all, one_by_one);
        all.view().verify();
    }
}

#[test]
fn names_are_found_where_values_are_passed_over() {
    let words = ["a", "x", "12", "a", "bx", "12", "x", "cx"];
    let pack: Listpack = words.iter().map(|word| Element::of(word.as_bytes())).collect();
    let first = pack.view().first().expect("not empty");
    let index = |wanted: &[u8], skip| {
        let at = pack.view().find(first, wanted, skip)?;
        (0..8).find(|n| pack.view().seek(*n) == Some(at))
    };
    let names = [index(b"a", 1), index(b"12", 1), index(b"bx", 1), index(b"x", 1)];
    assert_eq!(names, [Some(0), Some(2), Some(4), Some(6)]);
    assert_eq!([index(b"cx", 1), index(b"x", 0), index(b"a", 0)], [None, Some(1), Some(0)]);
    assert_eq!([index(b"", 0), index(b"012", 0), index(b"13", 0), index(b"12", 2)], [None, None, None, None]);
}
