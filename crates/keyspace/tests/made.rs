//! Keys that somebody may be waiting for are told, if anybody waits.

use keyspace::{Expire, Key, Keyspace, Made, Seed, Type, Value};
use structures::entry::{EntryBox, NewValue};

fn value<'v>(kind: Type) -> NewValue<'v, Value> {
    NewValue::Boxed { type_bits: kind as u8, value: Box::new(Value::Bytes(vec![1])) }
}

#[test]
fn lists_sorted_sets_and_streams_are_told() {
    let mut ks = Keyspace::new(2, Seed { k0: 1, k1: 2 }, 3);
    let named = |ks: &Keyspace, name: &'static str| ks.key(name.as_bytes());
    let put = |ks: &mut Keyspace, kind: Type| {
        let key = named(ks, kind.name());
        ks.db(1).put(key, value(kind), None);
    };
    Type::ALL.into_iter().for_each(|kind| put(&mut ks, kind));
    assert!(ks.env.made.is_empty() && !ks.env.news, "nobody waits");

    ks.env.tell_made = true;
    Type::ALL.into_iter().for_each(|kind| put(&mut ks, kind));
    let text = named(&ks, "text");
    ks.db(0).set_str(text, b"v", Expire::Clear);
    let adopted: Key<'_> = named(&ks, "adopted");
    ks.db(0).adopt(adopted, EntryBox::new(adopted.bytes, value(Type::Stream), Some(5)));
    let made = [(1, "list"), (1, "zset"), (1, "stream"), (0, "adopted")];
    assert_eq!(ks.env.made, made.map(|(db, key)| Made { db, key: key.as_bytes().to_vec() }));
    assert!(ks.env.news);

    assert_eq!(ks.db(0).type_of(adopted), Some(Type::Stream));
    assert!(!ks.db(0).is_expired(adopted));
    ks.env.set_now(5);
    assert_eq!(ks.db(0).type_of(adopted), None);
    assert!(ks.db(0).is_expired(adopted));
    assert_eq!(ks.look(0).len(), 2, "looking removes nothing");
}
