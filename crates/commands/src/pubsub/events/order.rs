//! Events by their classes and places, and in their order.

use testkit::check;

#[test]
fn classes_are_chosen() {
    check(
        r#"
            ! config notify-keyspace-events KEA
            2> PSUBSCRIBE __key*
            ["psubscribe" "__key*" :1]
            > SET a 1
            +OK
            2>
            ["pmessage" "__key*" "__keyspace@0__:a" "set"]
            ["pmessage" "__key*" "__keyevent@0__:set" "a"]
            > SET b 1 EX 100
            +OK
            2>
            ["pmessage" "__key*" "__keyspace@0__:b" "set"]
            ["pmessage" "__key*" "__keyevent@0__:set" "b"]
            ["pmessage" "__key*" "__keyspace@0__:b" "expire"]
            ["pmessage" "__key*" "__keyevent@0__:expire" "b"]
            > DEL a b
            :2
            2>
            ["pmessage" "__key*" "__keyspace@0__:a" "del"]
            ["pmessage" "__key*" "__keyevent@0__:del" "a"]
            ["pmessage" "__key*" "__keyspace@0__:b" "del"]
            ["pmessage" "__key*" "__keyevent@0__:del" "b"]
            ! config notify-keyspace-events K$
            > SET a 1
            +OK
            2>
            ["pmessage" "__key*" "__keyspace@0__:a" "set"]
            > EXPIRE a 100
            :1
            > DEL a
            :1
            ! config notify-keyspace-events Eg
            > SET a 1
            +OK
            > EXPIRE a 100
            :1
            2>
            ["pmessage" "__key*" "__keyevent@0__:expire" "a"]
            > DEL a
            :1
            2>
            ["pmessage" "__key*" "__keyevent@0__:del" "a"]
            ! config notify-keyspace-events A
            > SET a 1
            +OK
            ! config notify-keyspace-events KE
            > SET a 1
            +OK
        "#,
    );
}

#[test]
fn databases_have_channels_of_their_own() {
    check(
        r#"
            ! config notify-keyspace-events KEA
            2> PSUBSCRIBE __key*
            ["psubscribe" "__key*" :1]
            > SELECT 3
            +OK
            > SET a 1
            +OK
            2>
            ["pmessage" "__key*" "__keyspace@3__:a" "set"]
            ["pmessage" "__key*" "__keyevent@3__:set" "a"]
            2> RESET
            +RESET
            > SET a 1
            +OK
            > SELECT 0
            +OK
            3> HELLO 3
            *
            3> SUBSCRIBE __keyspace@3__:a __keyevent@3__:del
            >["subscribe" "__keyspace@3__:a" :1]
            >["subscribe" "__keyevent@3__:del" :2]
            3> SET a 2
            +OK
            3> SELECT 3
            +OK
            3> DEL a nope
            :1
            >["message" "__keyspace@3__:a" "del"]
            >["message" "__keyevent@3__:del" "a"]
            3> MULTI
            +OK
            3> SET a 1
            +QUEUED
            3> DEL a
            +QUEUED
            3> GET a
            +QUEUED
            3> EXEC
            [+OK :1 nil]
            >["message" "__keyspace@3__:a" "set"]
            >["message" "__keyspace@3__:a" "del"]
            >["message" "__keyevent@3__:del" "a"]
            3> CLIENT REPLY SKIP
            3> SET a 1
            >["message" "__keyspace@3__:a" "set"]
            3> GET a
            "1"
        "#,
    );
}
