//! Events of the group generic.

use testkit::check;

#[test]
fn asking() {
    check(
        r#"
            > SET a 1
            +OK
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > EXISTS nope a nope
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > TOUCH nope a
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > TYPE nope
            +none
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > TTL nope
            :-2
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > PTTL nope
            :-2
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > EXPIRETIME nope
            :-2
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > PEXPIRETIME nope
            :-2
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > OBJECT ENCODING nope
            nil
            > MEMORY USAGE nope
            *
            > KEYS nope
            []
            > SCAN 0 MATCH nope
            ["0" []]
            > RANDOMKEY
            "a"
        "#,
    );
}

#[test]
fn removing_and_renaming() {
    check(
        r#"
            > MSET a 1 b 2 c 3
            +OK
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > DEL nope a a
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:del" "a"]
            > UNLINK nope b
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:del" "b"]
            > RENAME nope a
            -ERR no such key
            > RENAME c c
            +OK
            > RENAME c a
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "a"]
            ["pmessage" "__keyevent*" "__keyevent@0__:rename_from" "c"]
            ["pmessage" "__keyevent*" "__keyevent@0__:rename_to" "a"]
            > SET b 1
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "b"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "b"]
            > RENAME a b
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "b"]
            ["pmessage" "__keyevent*" "__keyevent@0__:rename_from" "a"]
            ["pmessage" "__keyevent*" "__keyevent@0__:rename_to" "b"]
            > RENAMENX b b
            :0
            > SET a 1
            +OK
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "a"]
            ["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            > RENAMENX a b
            :0
            > RENAMENX b d
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "d"]
            ["pmessage" "__keyevent*" "__keyevent@0__:rename_from" "b"]
            ["pmessage" "__keyevent*" "__keyevent@0__:rename_to" "d"]
        "#,
    );
}

#[test]
fn copying_and_moving() {
    check(
        r#"
            > SET d 1
            +OK
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > COPY nope b
            :0
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:keymiss" "nope"]
            > COPY d d
            -ERR source and destination objects are the same
            > COPY d b
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "b"]
            ["pmessage" "__keyevent*" "__keyevent@0__:copy_to" "b"]
            > COPY d b
            :0
            > COPY d b REPLACE
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:new" "b"]
            ["pmessage" "__keyevent*" "__keyevent@0__:copy_to" "b"]
            > COPY d b DB 2
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@2__:new" "b"]
            ["pmessage" "__keyevent*" "__keyevent@2__:copy_to" "b"]
            > MOVE nope 1
            :0
            > MOVE d 1
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@1__:new" "d"]
            ["pmessage" "__keyevent*" "__keyevent@0__:move_from" "d"]
            ["pmessage" "__keyevent*" "__keyevent@1__:move_to" "d"]
            > MOVE b 2
            :0
        "#,
    );
}

#[test]
fn times() {
    check(
        r#"
            > MSET a 1 b 2
            +OK
            ! config notify-keyspace-events KEAnm
            2> PSUBSCRIBE __keyevent*
            ["psubscribe" "__keyevent*" :1]
            > EXPIRE nope 100
            :0
            > EXPIRE b 100
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:expire" "b"]
            > EXPIRE b 100 NX
            :0
            > PEXPIREAT b 33177117420000 XX
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:expire" "b"]
            > PERSIST b
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:persist" "b"]
            > PERSIST b
            :0
            > PERSIST nope
            :0
            > EXPIRE b -1
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:expired" "b"]
            > PEXPIREAT a 1
            :1
            2>
            ["pmessage" "__keyevent*" "__keyevent@0__:expired" "a"]
            > FLUSHDB
            +OK
            > SWAPDB 0 1
            +OK
        "#,
    );
}
