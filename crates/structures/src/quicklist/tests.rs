//! The quicklist against a plain deque, with tiny nodes, with compression, with huge elements.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::listpack::Element;

type Model = VecDeque<Vec<u8>>;

fn all(list: &Quicklist, from: End) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let start = if from == End::Head { 0 } else { list.len().saturating_sub(1) };
    let _ = list.each(from, start, |element: Element<'_>| {
        found.push(element.to_vec());
        ControlFlow::<()>::Continue(())
    });
    found
}

fn shape(list: &Quicklist) -> Vec<usize> {
    list.nodes.iter().map(Node::len).collect()
}

fn numbers(count: usize, fill: i32, depth: u32) -> Quicklist {
    let mut list = Quicklist::new(Fill::new(fill), depth);
    for n in 0..count {
        list.push(End::Tail, format!("number {n}").as_bytes(), 0);
    }
    list
}

#[test]
fn a_node_is_full_where_the_peers_is() {
    assert_eq!(shape(&numbers(7, 3, 0)), [3, 3, 1]);
    let mut list = Quicklist::new(Fill::new(-2), 0);
    for _ in 0..1000 {
        list.push(End::Tail, &[b'x'; 32], 0);
    }
    // Asked of Valkey 9.1.2: DEBUG OBJECT says ql_nodes:5.
    assert_eq!(shape(&list), [240, 240, 240, 240, 40]);
    list.push(End::Head, &[b'x'; 8193], 0);
    list.push(End::Head, &[b'x'; 8192], 0);
    list.push(End::Head, b"x", 0);
    assert_eq!(shape(&list)[..4], [1, 1, 1, 240]);
    assert!(!list.nodes[1].is_plain() && list.nodes[2].is_plain());
    list.verify();
}

#[test]
fn an_insert_splits_and_merges() {
    let mut list = numbers(12, 4, 0);
    let middle = list.locate(5).expect("there are 12");
    list.insert(middle, Side::After, b"new", 0);
    assert_eq!(shape(&list), [4, 2, 3, 4]);
    let middle = list.locate(6).expect("there are 13");
    list.insert(middle, Side::Before, b"newer", 0);
    assert_eq!(shape(&list), [4, 2, 4, 4]);
    list.verify();
    let texts: Vec<String> =
        all(&list, End::Head).iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    assert_eq!(texts[5..9], ["number 5", "newer", "new", "number 6"]);
    // A huge one stands alone, whatever is around it.
    let middle = list.locate(1).expect("there are 14");
    list.insert(middle, Side::After, &[b'x'; 100], 50);
    assert_eq!(shape(&list), [2, 1, 2, 2, 4, 4]);
    assert!(list.replace(2, b"small", 50));
    assert_eq!(shape(&list), [2, 3, 2, 4, 4]);
    assert!(list.replace(3, &[b'y'; 100], 50));
    assert_eq!(shape(&list), [2, 1, 1, 1, 2, 4, 4]);
    list.verify();
}

#[test]
fn inner_nodes_are_compressed() {
    let mut list = Quicklist::new(Fill::new(-1), 1);
    for n in 0..2000 {
        list.push(End::Tail, format!("much the same text as before, number {n}").as_bytes(), 0);
    }
    list.verify();
    let open = list.nodes.iter().filter(|node| !node.is_compressed()).count();
    assert_eq!(open, 2);
    let raw: usize = list.nodes.iter().map(Node::bytes).sum();
    assert!(list.memory() < raw / 2, "{} of {raw}", list.memory());
    assert_eq!(list.with(1000, |element| element.to_vec()).as_deref(), {
        Some(&b"much the same text as before, number 1000"[..])
    });
    assert_eq!(all(&list, End::Tail).len(), 2000);
    // What cannot be compressed is tried once.
    let mut dice = 1u64;
    let mut noise = || {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as u8
    };
    let mut list = Quicklist::new(Fill::new(-1), 1);
    for _ in 0..50 {
        let element: Vec<u8> = (0..1000).map(|_| noise()).collect();
        list.push(End::Head, &element, 0);
    }
    list.verify();
    assert!(list.nodes.iter().all(|node| !node.is_compressed()));
}

#[test]
fn a_full_node_keeps_no_spare_memory() {
    let list = numbers(5000, -2, 0);
    let inner = list.nodes.iter().take(list.nodes.len() - 1);
    assert!(inner.clone().all(|node| node.memory() <= node.bytes() + node.bytes() / 4));
}

#[test]
fn the_only_listpack_can_be_taken() {
    let mut list = numbers(3, 10, 0);
    assert_eq!(list.take_single_pack().map(|pack| pack.len()), Some(3));
    assert!(list.is_empty());
    let mut list = numbers(30, 10, 0);
    assert!(list.take_single_pack().is_none());
    assert_eq!(list.len(), 30);
    let mut list = Quicklist::new(Fill::new(-2), 0);
    list.push(End::Head, b"huge", 1);
    assert!(list.take_single_pack().is_none());
    let list =
        Quicklist::of_pack([Element::Int(1), Element::Str(b"a")].into_iter().collect(), Fill::new(1), 0);
    assert_eq!(shape(&list), [2]);
}

#[derive(Debug, Clone)]
enum Change {
    Push(bool, Vec<u8>),
    Pop(bool),
    Insert(prop::sample::Index, bool, Vec<u8>),
    Replace(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    RemoveEqual(Vec<u8>, bool, usize),
}

fn element() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0i64..20).prop_map(|n| n.to_string().into_bytes()),
        2 => any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        4 => (0usize..70).prop_map(|n| vec![b'a'; n]),
        2 => prop::collection::vec(any::<u8>(), 0..90),
        1 => (1000usize..9000).prop_map(|n| vec![b'z'; n]),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => (any::<bool>(), element()).prop_map(|(tail, e)| Change::Push(tail, e)),
        2 => any::<bool>().prop_map(Change::Pop),
        4 => (index(), any::<bool>(), element()).prop_map(|(n, after, e)| Change::Insert(n, after, e)),
        2 => (index(), element()).prop_map(|(n, e)| Change::Replace(n, e)),
        1 => (index(), 1usize..12).prop_map(|(n, count)| Change::Remove(n, count)),
        1 => (element(), any::<bool>(), 1usize..4).prop_map(|(e, tail, most)| Change::RemoveEqual(e, tail, most)),
    ]
}

fn end(tail: bool) -> End {
    if tail { End::Tail } else { End::Head }
}

fn apply(list: &mut Quicklist, model: &mut Model, change: Change, threshold: usize) {
    match change {
        Change::Push(tail, e) => {
            list.push(end(tail), &e, threshold);
            if tail { model.push_back(e) } else { model.push_front(e) }
        }
        Change::Pop(tail) => {
            let wanted = if tail { model.pop_back() } else { model.pop_front() };
            assert_eq!(list.pop(end(tail), |element| element.to_vec()), wanted);
        }
        Change::RemoveEqual(e, tail, most) => remove_equal(list, model, &e, tail, most),
        Change::Insert(n, after, e) if !model.is_empty() => {
            let n = n.index(model.len());
            let place = list.locate(n).expect("within");
            list.insert(place, if after { Side::After } else { Side::Before }, &e, threshold);
            model.insert(n + usize::from(after), e);
        }
        Change::Replace(n, e) if !model.is_empty() => {
            let n = n.index(model.len());
            assert!(list.replace(n, &e, threshold));
            model[n] = e;
        }
        Change::Remove(n, count) if !model.is_empty() => {
            let n = n.index(model.len());
            list.remove(n, count);
            model.drain(n..(n + count).min(model.len()));
        }
        _ => {}
    }
}

fn remove_equal(list: &mut Quicklist, model: &mut Model, e: &[u8], tail: bool, most: usize) {
    let mut gone: Vec<usize> = (0..model.len()).filter(|n| model[*n] == e).collect();
    if tail {
        gone.reverse();
    }
    gone.truncate(most);
    assert_eq!(list.remove_equal(e, end(tail), most), gone.len());
    gone.sort_unstable();
    gone.into_iter().rev().for_each(|n| drop(model.remove(n)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn behaves_as_a_deque(
        fill in prop_oneof![Just(-1), Just(-2), 0i32..5, Just(100)],
        depth in 0u32..4,
        threshold in prop_oneof![3 => Just(0usize), 1 => 1usize..100],
        changes in prop::collection::vec(change(), 0..80),
    ) {
        let (mut list, mut model) = (Quicklist::new(Fill::new(fill), depth), Model::new());
        for change in changes {
            apply(&mut list, &mut model, change, threshold);
            list.verify();
            prop_assert_eq!(list.len(), model.len());
        }
        prop_assert!(all(&list, End::Head).iter().eq(model.iter()));
        prop_assert!(all(&list, End::Tail).iter().eq(model.iter().rev()));
        prop_assert!(all(&list.clone(), End::Head).iter().eq(model.iter()));
        for (n, wanted) in model.iter().enumerate() {
            prop_assert!(list.with(n, |element| element.to_vec() == *wanted) == Some(true));
        }
        prop_assert_eq!(list.locate(model.len()), None);
    }
}
