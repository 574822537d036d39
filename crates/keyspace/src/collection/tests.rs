//! How collections move between entry and box, with lists of one encoding.

use structures::listpack::Element;

use super::*;
use crate::list::{List, ListView};
use crate::{Keyspace, Seed};

fn keyspace() -> Keyspace {
    Keyspace::new(1, Seed { k0: 1, k1: 2 }, 3)
}

fn push(ks: &mut Keyspace, name: &[u8], element: &[u8]) -> Edited<()> {
    let key = ks.key(name);
    let pushed = ks.db(0).edit_or_new(
        key,
        |_| List::default(),
        |list, _| match list {
            List::Packed(pack) => pack.push_back(Element::of(element)),
            #[allow(unreachable_patterns)]
            _ => unreachable!("small enough"),
        },
    );
    pushed.expect("a list")
}

fn len(ks: &mut Keyspace, name: &[u8]) -> Option<usize> {
    let key = ks.key(name);
    ks.db(0).view::<List>(key).expect("a list").map(ListView::len)
}

#[test]
fn small_ones_live_in_their_entry_and_large_ones_in_a_box() {
    let mut ks = keyspace();
    for n in 1..=200 {
        push(&mut ks, b"l", b"0123456789");
        assert_eq!(len(&mut ks, b"l"), Some(n));
        let key = ks.key(b"l");
        let entry = ks.look(0).table().get(key.bytes, key.hash).expect("there");
        let bytes = n * 12 + 7;
        assert_eq!(matches!(entry.value(), ValueRef::Boxed(_)), bytes > PACKED_MAX, "{n}");
        ks.verify();
    }
}

#[test]
fn who_empties_one_removes_its_key() {
    let mut ks = keyspace();
    let key = ks.key(b"l");
    for elements in [1, 150] {
        for _ in 0..elements {
            push(&mut ks, b"l", b"0123456789");
        }
        ks.db(0).set_expire(key, Some(1000));
        let edited = ks.db(0).edit(key, |list: &mut List, _| *list = List::default()).expect("a list");
        assert_eq!(edited, Some(Edited { result: (), gone: true }));
        assert_eq!((len(&mut ks, b"l"), ks.look(0).len(), ks.look(0).volatile()), (None, 0, 0));
        ks.verify();
    }
}

#[test]
fn other_types_are_refused_and_left_alone() {
    let mut ks = keyspace();
    push(&mut ks, b"l", b"x");
    let key = ks.key(b"l");
    assert!(ks.db(0).view::<crate::Set>(key).is_err());
    assert!(ks.db(0).edit(key, |_: &mut crate::Hash, _| ()).is_err());
    assert!(ks.db(0).read_str(key).is_err());
    assert_eq!(len(&mut ks, b"l"), Some(1));
}

#[test]
fn an_expired_one_is_not_added_to() {
    let mut ks = keyspace();
    for hold in [false, true] {
        push(&mut ks, b"l", b"x");
        let key = ks.key(b"l");
        ks.db(0).set_expire(key, Some(10));
        ks.env.set_now(20);
        ks.env.hold_expiry = hold;
        push(&mut ks, b"l", b"y");
        assert_eq!((len(&mut ks, b"l"), ks.look(0).volatile()), (Some(1), 0));
        ks.db(0).remove(key);
        ks.verify();
    }
}
