//! What holds for all of the group: strings that are none, and strings that contradict themselves.

use keyspace::{Type, Value};
use structures::entry::NewValue;
use testkit::{Harness, check};

#[test]
fn what_is_no_hyperloglog_is_refused() {
    check(
        r#"
        > SET text bar
        +OK
        > SET number 5
        +OK
        > SET short "HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
        +OK
        > SET encoding "HYLL\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
        +OK
        > PFADD text 1
        -WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFADD number
        -WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFADD short 1
        -WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFADD encoding 1
        -WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFCOUNT text
        -WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFCOUNT nope number
        -WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFMERGE nope text
        -WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFMERGE text nope
        -WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFMERGE number
        -WRONGTYPE Key is not a valid HyperLogLog string value.
        > EXISTS nope
        :0
        "#,
    );
}

#[test]
fn what_contradicts_itself_is_told() {
    check(
        r#"
        > PFADD h a b c
        :1
        > APPEND h hello
        :32
        > PFCOUNT h
        -INVALIDOBJ Corrupted HLL object detected
        > PFCOUNT nope h
        -INVALIDOBJ Corrupted HLL object detected
        > PFMERGE h
        -INVALIDOBJ Corrupted HLL object detected
        > PFMERGE nope h
        -INVALIDOBJ Corrupted HLL object detected
        > PFDEBUG TODENSE h
        -INVALIDOBJ Corrupted HLL object detected
        > PFDEBUG GETREG h
        -INVALIDOBJ Corrupted HLL object detected
        > PFADD h d
        :1
        > PFADD h d
        :0
        > SET h "HYLL\x01\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x3f"
        +OK
        > PFCOUNT h
        :5
        > PFADD h
        :0
        > PFADD h a
        -INVALIDOBJ Corrupted HLL object detected
        > PFDEBUG DECODE h
        "z:64"
        > EXISTS nope
        :0
        "#,
    );
}

/// Another type is put there by hand, to need no other group's commands.
#[test]
fn other_types_are_refused_and_left_alone() {
    let mut harness = Harness::new();
    let keyspace = &mut harness.engine.keyspace;
    let key = keyspace.key(b"l");
    let value = Box::new(Value::Bytes(vec![1]));
    keyspace.db(0).put(key, NewValue::Boxed { type_bits: Type::List as u8, value }, None);
    for request in
        ["PFADD l", "PFADD l a", "PFCOUNT l", "PFCOUNT l l", "PFMERGE l", "PFMERGE d l", "PFDEBUG GETREG l"]
    {
        let reply = harness.send(request).to_string();
        assert_eq!(reply, "-WRONGTYPE Operation against a key holding the wrong kind of value", "{request}");
    }
    assert_eq!(harness.send("DBSIZE").to_string(), ":1");
}
