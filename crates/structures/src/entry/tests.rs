//! Entries against a plain struct.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Int(i64),
    Bytes(Vec<u8>, bool),
    Boxed(u8, String),
}

#[derive(Debug, Clone)]
struct Model {
    key: Vec<u8>,
    value: Value,
    expire: Option<i64>,
    access: u32,
}

fn new_value(value: &Value) -> NewValue<'_, String> {
    match value {
        Value::Int(int) => NewValue::Int(*int),
        Value::Bytes(bytes, raw) => NewValue::Bytes { bytes, raw: *raw },
        Value::Boxed(type_bits, text) => {
            NewValue::Boxed { type_bits: *type_bits, value: Box::new(text.clone()) }
        }
    }
}

fn agree(entry: &Entry<String>, model: &Model) {
    entry.verify();
    assert_eq!(entry.key(), model.key);
    assert!(entry.key_is(&model.key) && !entry.key_is(b"another key, surely"));
    assert_eq!(entry.expire(), model.expire);
    assert_eq!(entry.has_expire(), model.expire.is_some());
    assert_eq!(entry.access(), model.access & 0xFF_FFFF);
    let (type_bits, vlen) = match (&model.value, entry.value()) {
        (Value::Int(a), ValueRef::Int(b)) if *a == b => (0, 8),
        (Value::Bytes(a, is_raw), ValueRef::Bytes { bytes, raw }) if a == bytes && *is_raw == raw => {
            (0, a.len())
        }
        (Value::Boxed(bits, a), ValueRef::Boxed(b)) if a == b => (*bits, 8),
        (a, b) => panic!("{a:?} is stored as {b:?}"),
    };
    assert_eq!(entry.type_bits(), type_bits);
    let header = if model.key.len() > 255 || vlen > 255 { 12 } else { 6 };
    let expire = if model.expire.is_some() { 6 } else { 0 };
    assert_eq!(entry.memory(), alloc_count::class(header + expire + model.key.len() + vlen));
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let of = |len: std::ops::Range<usize>| proptest::collection::vec(any::<u8>(), len);
    prop_oneof![4 => of(0..40), 2 => of(200..300), 1 => of(1_000..5_000), 1 => of(65_000..67_000)]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (bytes(), any::<bool>()).prop_map(|(b, raw)| Value::Bytes(b, raw)),
        (0..8u8, ".{0,20}").prop_map(|(bits, text)| Value::Boxed(bits, text)),
    ]
}

fn expire() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(prop_oneof![0..=MAX_EXPIRE_MS, Just(0), Just(MAX_EXPIRE_MS)])
}

#[derive(Debug, Clone)]
enum Op {
    With(Value, Option<i64>),
    Overwrite(Vec<u8>, bool),
    Expire(Option<i64>),
    Rekey(Vec<u8>),
    Access(u32),
    SetInt(i64),
    Take,
    ChangeInPlace(u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (value(), expire()).prop_map(|(v, e)| Op::With(v, e)),
        3 => (bytes(), any::<bool>()).prop_map(|(b, raw)| Op::Overwrite(b, raw)),
        3 => expire().prop_map(Op::Expire),
        2 => bytes().prop_map(Op::Rekey),
        1 => any::<u32>().prop_map(Op::Access),
        1 => any::<i64>().prop_map(Op::SetInt),
        1 => Just(Op::Take),
        1 => any::<u8>().prop_map(Op::ChangeInPlace),
    ]
}

fn apply(mut entry: EntryBox<String>, model: &mut Model, op: Op) -> EntryBox<String> {
    match op {
        Op::With(value, expire) => {
            entry = entry.with_value(new_value(&value), expire);
            (model.value, model.expire) = (value, expire);
        }
        Op::Overwrite(bytes, raw) => {
            let (before, class) = (entry.base, entry.memory());
            if entry.try_overwrite_bytes(&bytes, raw) {
                assert!(!matches!(model.value, Value::Boxed(..)));
                assert_eq!((entry.base, entry.memory()), (before, class));
                model.value = Value::Bytes(bytes, raw);
            } else if let Value::Bytes(stored, _) = &model.value {
                assert_ne!(stored.len(), bytes.len());
            }
        }
        Op::Expire(expire) => {
            entry = entry.set_expire(expire);
            model.expire = expire;
        }
        Op::Rekey(key) => {
            entry = entry.rekey(&key);
            model.key = key;
        }
        Op::Access(access) => {
            entry.set_access(access);
            model.access = access;
        }
        Op::SetInt(int) => {
            if let Value::Int(stored) = &mut model.value {
                entry.set_int(int);
                *stored = int;
            }
        }
        Op::Take => {
            let taken = entry.take_boxed();
            if let Value::Boxed(_, text) = &model.value {
                assert_eq!(taken.as_deref(), Some(text));
                model.value = Value::Int(0);
            } else {
                assert_eq!(taken, None);
            }
        }
        Op::ChangeInPlace(n) => match (entry.value_mut(), &mut model.value) {
            (ValueMut::Int(a), Value::Int(b)) => assert_eq!(a, *b),
            (ValueMut::Bytes { bytes, .. }, Value::Bytes(stored, _)) => {
                bytes.fill(n);
                stored.fill(n);
            }
            (ValueMut::Boxed(text), Value::Boxed(_, stored)) => {
                text.push('x');
                stored.push('x');
            }
            (a, b) => panic!("{b:?} is stored as {a:?}"),
        },
    }
    entry
}

proptest! {
    #[test]
    fn an_entry_keeps_what_it_was_given(
        key in bytes(),
        value in value(),
        expire in expire(),
        ops in proptest::collection::vec(op(), 0..30),
    ) {
        let mut entry = EntryBox::new(&key, new_value(&value), expire);
        let mut model = Model { key, value, expire, access: 0 };
        agree(&entry, &model);
        for op in ops {
            entry = apply(entry, &mut model, op);
            agree(&entry, &model);
        }
    }

    #[test]
    fn keys_are_compared_to_the_last_byte(key in proptest::collection::vec(any::<u8>(), 0..70), at: usize) {
        let entry = EntryBox::<()>::new_int(&key, 1, None);
        prop_assert!(entry.key_is(&key));
        let mut other = key.clone();
        if let Some(byte) = other.get_mut(at % key.len().max(1)) {
            *byte ^= 1;
            prop_assert!(!entry.key_is(&other));
        }
        other.push(0);
        prop_assert!(!entry.key_is(&other));
    }
}

#[test]
fn entries_cost_what_the_drawing_says() {
    let small = EntryBox::<()>::new_bytes(&[b'k'; 16], &[b'v'; 16], false, None);
    assert_eq!(small.memory(), 40);
    let exact = EntryBox::<()>::new_bytes(&[b'k'; 16], &[b'v'; 100], false, Some(1));
    assert_eq!(exact.memory(), 128);
}

#[test]
fn every_header_shape_at_its_borders() {
    for klen in [0, 1, 254, 255, 256, 70_000] {
        for vlen in [0, 1, 254, 255, 256, 70_000] {
            for expire in [None, Some(0), Some(MAX_EXPIRE_MS)] {
                let (key, value) = (vec![b'k'; klen], Value::Bytes(vec![b'v'; vlen], true));
                let entry = EntryBox::new(&key, new_value(&value), expire);
                agree(&entry, &Model { key, value, expire, access: 0 });
            }
        }
    }
}

#[test]
fn expires_out_of_range_are_the_nearest_that_can_be_stored() {
    let entry = EntryBox::<()>::new_int(b"k", 1, Some(i64::MAX));
    assert_eq!(entry.expire(), Some(MAX_EXPIRE_MS));
    assert_eq!(entry.set_expire(Some(-5)).expire(), Some(0));
}

#[test]
fn boxes_are_dropped_once() {
    use std::rc::Rc;
    let value = Rc::new(());
    let entry = EntryBox::new_boxed(3, b"k", Box::new(value.clone()), None);
    let entry = entry.set_expire(Some(5)).rekey(b"another");
    assert_eq!(Rc::strong_count(&value), 2);
    let entry = entry.with_boxed(4, Box::new(value.clone()), None);
    assert_eq!(Rc::strong_count(&value), 2);
    let mut entry = entry.with_boxed(4, Box::new(value.clone()), Some(1));
    let taken = entry.take_boxed();
    assert_eq!((Rc::strong_count(&value), taken.is_some()), (2, true));
    drop((taken, entry));
    let entry = EntryBox::new_boxed(3, b"k", Box::new(value.clone()), None);
    drop(entry.with_int(5, None));
    assert_eq!(Rc::strong_count(&value), 1);
}
