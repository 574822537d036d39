//! When a list changes its encoding, and that it stays the same list.

use super::*;

fn limits(size: i32) -> Limits {
    Limits { list_max_listpack_size: size, ..Limits::default() }
}

fn of(elements: &[&[u8]], limits: &Limits) -> List {
    let mut list = List::default();
    list.push(End::Tail, elements.iter().copied(), limits);
    list
}

fn texts(list: &List) -> Vec<String> {
    let mut found = Vec::new();
    list.view().range(End::Head, 0, usize::MAX, |element| {
        found.push(String::from_utf8_lossy(&element.to_vec()).into_owned());
    });
    found
}

fn encoding(list: &List) -> &'static str {
    list.verify();
    list.view().encoding()
}

#[test]
fn it_grows_into_a_quicklist_and_shrinks_out_of_it() {
    let limits = limits(4);
    let mut list = of(&[b"a", b"b", b"c", b"d"], &limits);
    assert_eq!(encoding(&list), "listpack");
    list.push(End::Head, [&b"e"[..]].into_iter(), &limits);
    assert_eq!(encoding(&list), "quicklist");
    list.pop(End::Head, &limits, |element| assert_eq!(element, Element::Str(b"e")));
    assert_eq!(encoding(&list), "quicklist");
    list.keep(1, 2, &limits);
    assert_eq!((encoding(&list), texts(&list)), ("listpack", vec!["b".to_owned(), "c".to_owned()]));
}

#[test]
fn what_might_be_too_much_is_a_quicklist_at_once() {
    let limits = limits(-1);
    let mut list = of(&[&[b'x'; 4089]], &limits);
    assert_eq!(encoding(&list), "listpack");
    assert!(!list.insert(Side::After, b"nope", b"y", &limits));
    assert_eq!(encoding(&list), "quicklist");
    assert!(!list.replace(1, b"y", &limits));
    assert_eq!(encoding(&list), "quicklist");
    assert!(list.replace(0, b"12", &limits));
    assert_eq!((encoding(&list), texts(&list)), ("listpack", vec!["12".to_owned()]));
    assert!(!of(&[b"1"], &limits).is_empty() && of(&[], &limits).is_empty());
}

#[test]
fn what_is_stored_as_a_whole_is_measured_as_it_is() {
    let whole = |elements: &[&[u8]], limits| List::of_elements(elements.iter().copied(), limits);
    let limits = limits(-1);
    // 15 digits take 10 bytes: too much if pushed, since only their number is looked at before, but not if stored.
    let numbers = vec![&b"123456789012345"[..]; 300];
    assert_eq!(encoding(&of(&numbers, &limits)), "quicklist");
    assert_eq!(encoding(&whole(&numbers, &limits)), "listpack");
    assert_eq!(encoding(&whole(&[&[b'x'; 4000], &[b'y'; 100]], &limits)), "quicklist");
    let long = [b'x'; 100_000];
    let list = whole(&[b"a", &long, b"b"], &limits);
    assert_eq!((encoding(&list), list.len()), ("quicklist", 3));
}

#[test]
fn both_encodings_answer_the_same() {
    for limits in [limits(2), limits(-2)] {
        let mut list = of(&[b"1", b"a", b"1", b"b", b"1", b"c"], &limits);
        assert_eq!(list.view().position(b"b"), Some(3));
        assert_eq!(list.view().position(b"x"), None);
        assert_eq!(list.view().with(4, |element| element == Element::Int(1)), Some(true));
        assert_eq!(list.view().with(6, |_| ()), None);
        let mut back = Vec::new();
        list.view().range(End::Tail, 4, 2, |element| back.push(element.to_vec()));
        assert_eq!(back, [b"1".to_vec(), b"b".to_vec()]);
        assert!(list.insert(Side::Before, b"b", b"x", &limits));
        assert_eq!(list.remove_equal(b"1", End::Tail, 2, &limits), 2);
        assert_eq!(texts(&list), ["1", "a", "x", "b", "c"]);
        list.remove(1, 3, &limits);
        assert_eq!(texts(&list), ["1", "c"]);
        assert_eq!(texts(&list.clone()), ["1", "c"]);
        list.keep(5, 5, &limits);
        assert!(list.is_empty());
    }
}
