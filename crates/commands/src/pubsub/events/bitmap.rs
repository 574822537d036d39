//! Events of the group bitmap.

use testkit::check;

#[test]
fn bits() {
    check(
        r#"
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > SETBIT a 1 1
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "a"]
            ["pmessage" "__keyevent*" "__keyevent@0__:setbit" "a"]
            > SETBIT a 1 1
            :1
            > GETBIT nope 1
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > BITCOUNT nope
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > BITPOS nope 1
            :-1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > BITFIELD nope GET u8 0
            [:0]
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > BITFIELD_RO nope GET u8 0
            [:0]
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > BITFIELD a GET u8 0
            [:64]
            > BITFIELD a SET u8 0 1 GET u8 0 INCRBY u8 0 1
            [:64 :1 :2]
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:setbit" "a"]
            > BITFIELD b SET u8 0 0
            [:0]
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "b"]
            ["pmessage" "__keyevent*" "__keyevent@0__:setbit" "b"]
        "#,
    );
}

#[test]
fn operations() {
    check(
        r#"
            > MSET a 1 b 2
            +OK
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > BITFIELD b OVERFLOW FAIL INCRBY u8 0 255 INCRBY u8 0 1
            [nil :51]
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:setbit" "b"]
            > BITFIELD b OVERFLOW FAIL INCRBY u8 0 250
            [nil]
            > BITOP AND c a b
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "c"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "c"]
            > BITOP OR c a b
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "c"]
            > BITOP NOT d nope
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > BITOP XOR c nope nope
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            ["pmessage" "__keyevent*" "__keyevent@0__:del" "c"]
            > BITOP XOR c nope nope
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
        "#,
    );
}
