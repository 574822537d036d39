//! Events of the group string.

use testkit::check;

#[test]
fn set_and_its_options() {
    check(
        r#"
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > SET a 1
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "a"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            > SET a 3 GET
            "1"
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            > SET a 4 EX 100
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            ["pmessage" "__keyevent*" "__keyevent@0__:expire" "a"]
            > SET a 5 KEEPTTL
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            > SET a 6 NX
            nil
            > SET nope 6 XX
            nil
            > SET nope 6 XX GET
            nil
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > SET a 7 IFEQ 6
            nil
            > SET a 7 IFEQ 5
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            > SET a 8 PXAT 1
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:expired" "a"]
            > SET nope 8 EXAT 1
            +OK
        "#,
    );
}

#[test]
fn other_ways_to_set() {
    check(
        r#"
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > SETEX a 100 1
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "a"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            ["pmessage" "__keyevent*" "__keyevent@0__:expire" "a"]
            > PSETEX a 100000 1
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            ["pmessage" "__keyevent*" "__keyevent@0__:expire" "a"]
            > SETNX a 1
            :0
            > SETNX c 1
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "c"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "c"]
            > GETSET c 2
            "1"
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "c"]
            > GETSET d 2
            nil
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "d"]
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "d"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "d"]
            > SETRANGE s 0 ""
            :0
            > SETRANGE s 5 x
            :6
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "s"]
            ["pmessage" "__keyevent*" "__keyevent@0__:setrange" "s"]
            > SETRANGE s 1 ""
            :6
            > APPEND t ""
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "t"]
            ["pmessage" "__keyevent*" "__keyevent@0__:append" "t"]
            > APPEND t x
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:append" "t"]
        "#,
    );
}

#[test]
fn several_at_once() {
    check(
        r#"
            > SET n 0
            +OK
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > MSET n 1 n 2 m 3
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "n"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "n"]
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "m"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "m"]
            > MSETNX n 1 z 2
            :0
            > MSETNX y 1 z 2
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "y"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "y"]
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "z"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "z"]
            > MSETEX 2 v 1 w 2 EX 100
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "v"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "v"]
            ["pmessage" "__keyevent*" "__keyevent@0__:expire" "v"]
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "w"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "w"]
            ["pmessage" "__keyevent*" "__keyevent@0__:expire" "w"]
            > MSETEX 2 v 1 z 2 NX
            :0
            > MSETEX 1 v 1
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "v"]
            > MSETEX 1 v 1 KEEPTTL
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "v"]
        "#,
    );
}

#[test]
fn reading() {
    check(
        r#"
            > SET a 1
            +OK
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > GET nope
            nil
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > GET a
            "1"
            > MGET nope a nope
            [nil "1" nil]
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > STRLEN nope
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > GETRANGE nope 0 1
            ""
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > SUBSTR nope 0 1
            ""
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > LCS nope a
            ""
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
        "#,
    );
}

#[test]
fn reading_and_changing() {
    check(
        r#"
            > MSET a 1 c 2 d 3
            +OK
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > GETDEL nope
            nil
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > GETDEL d
            "3"
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:del" "d"]
            > GETEX nope
            nil
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > GETEX a
            "1"
            > GETEX a EX 100
            "1"
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:expire" "a"]
            > GETEX a PERSIST
            "1"
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:persist" "a"]
            > GETEX a PERSIST
            "1"
            > GETEX a EXAT 1
            "1"
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:expired" "a"]
            > DELIFEQ nope 1
            :0
            > DELIFEQ c 1
            :0
            > DELIFEQ c 2
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:del" "c"]
        "#,
    );
}

#[test]
fn counting() {
    check(
        r#"
            > SET s text
            +OK
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > INCR n
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "n"]
            ["pmessage" "__keyevent*" "__keyevent@0__:incrby" "n"]
            > DECR n
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:incrby" "n"]
            > INCRBY n 0
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:incrby" "n"]
            > DECRBY n 5
            :-5
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:incrby" "n"]
            > INCRBYFLOAT n 1.5
            "-3.5"
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:incrbyfloat" "n"]
            > INCRBYFLOAT f 1.5
            "1.5"
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "f"]
            ["pmessage" "__keyevent*" "__keyevent@0__:incrbyfloat" "f"]
            > INCR s
            -ERR value is not an integer or out of range
        "#,
    );
}
