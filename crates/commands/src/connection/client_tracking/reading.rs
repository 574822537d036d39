//! What was read and has changed: who is told, and when.

use testkit::check;

#[test]
fn readers_are_told_once_that_a_key_changed() {
    check(
        r#"
            > HELLO 3
            *
            > CLIENT TRACKING ON
            +OK
            > GET a
            nil
            > SET a 1
            +OK
            >["invalidate" ["a"]]
            > MULTI
            +OK
            > GET a
            +QUEUED
            > SET a 2
            +QUEUED
            > SET a 3
            +QUEUED
            > EXEC
            ["1" +OK +OK]
            >["invalidate" ["a"]]
            > MGET a b
            ["3" nil]
            2> FLUSHALL
            +OK
            1>
            >["invalidate" nil]
            > GET a
            nil
            > FLUSHDB
            +OK
            >["invalidate" nil]
            > GET a
            nil
            > CLIENT REPLY OFF
            > SET a 1
            >["invalidate" ["a"]]
            > CLIENT REPLY ON
            +OK
        "#,
    );
}

#[test]
fn whoever_changed_it() {
    check(
        r#"
            > HELLO 3
            *
            > CLIENT TRACKING ON
            +OK
            > CLIENT TRACKING ON NOLOOP
            +OK
            > SET a 5
            +OK
            2> SET a 6
            +OK
            > GET a
            "6"
            > SET a 5
            +OK
            2> SET a 6
            +OK
            > GET a
            "6"
            2> SET a 7
            +OK
            1>
            >["invalidate" ["a"]]
            2> SET a 8
            +OK
            > GET a
            "8"
            2> DEL a
            :1
            1>
            >["invalidate" ["a"]]
            > CLIENT TRACKING ON
            +OK
            > GET a
            nil
            2> SET a 1
            +OK
            1>
            >["invalidate" ["a"]]
            > CLIENT TRACKING OFF
            +OK
            > GET a
            "1"
            2> SET a 1
            +OK
        "#,
    );
}

#[test]
fn whatever_command_has_read_it() {
    check(
        r#"
            > HELLO 3
            *
            > CLIENT TRACKING ON
            +OK
            > TTL b
            :-2
            > EXISTS c
            :0
            > TYPE d
            +none
            > STRLEN e
            :0
            2> MSET b 1 c 1 d 1 e 1
            +OK
            1>
            >["invalidate" ["b"]]
            >["invalidate" ["c"]]
            >["invalidate" ["d"]]
            >["invalidate" ["e"]]
            > GET b
            "1"
            > GET c
            "1"
            2> RENAME b c
            +OK
            1>
            >["invalidate" ["b"]]
            >["invalidate" ["c"]]
            > GET c
            "1"
            2> SELECT 3
            +OK
            2> SET c 1
            +OK
            1>
            >["invalidate" ["c"]]
            > LCS x y
            ""
            2> MSETNX x 1 y 2
            :1
            1>
            >["invalidate" ["x"]]
            >["invalidate" ["y"]]
            > GET x
            nil
            > APPEND x 1
            :1
            >["invalidate" ["x"]]
            2> SELECT 0
            +OK
            2> APPEND x 1
            :2
        "#,
    );
}

#[test]
fn only_what_was_read() {
    check(
        r#"
            > HELLO 3
            *
            > CLIENT TRACKING ON
            +OK
            > SCAN 0
            *
            > KEYS *
            *
            > SET x 1
            +OK
            > OBJECT ENCODING c
            nil
            2> SET c 5
            +OK
            1>
            >["invalidate" ["c"]]
            > BITFIELD x GET u8 0
            [:49]
            2> SETBIT x 1 1
            :0
            > BITFIELD_RO x GET u8 0
            [:113]
            > BITCOUNT x
            :4
            2> SETBIT x 1 1
            :1
            > BITOP NOT z x
            :1
            2> SETBIT x 1 0
            :1
            1>
            >["invalidate" ["x"]]
            > GET x
            "1"
            2> SWAPDB 0 1
            +OK
            2> SWAPDB 0 1
            +OK
            2> SET x 5
            +OK
            1>
            >["invalidate" ["x"]]
        "#,
    );
}

#[test]
fn keys_that_end_by_themselves() {
    check(
        r#"
            2> SET a 1 PX 400
            +OK
            > HELLO 3
            *
            > CLIENT TRACKING ON
            +OK
            > GET a
            "1"
            ! wait 700
            > PING
            >["invalidate" ["a"]]
            +PONG
        "#,
    );
}

#[test]
fn a_session_that_is_reset_tracks_no_more() {
    check(
        r#"
            > HELLO 3
            *
            > CLIENT TRACKING ON
            +OK
            > GET x
            nil
            > RESET
            +RESET
            2> SET x 3
            +OK
            > CLIENT TRACKING ON
            +OK
            > GET x
            "3"
            2> SET x 4
            +OK
            > HELLO 3
            *
            > GET x
            "4"
            2> SET x 4
            +OK
            1>
            >["invalidate" ["x"]]
        "#,
    );
}

#[test]
fn messages_come_before_what_is_not_valid_and_both_after_the_reply() {
    check(
        r#"
            ! config notify-keyspace-events KEA
            > HELLO 3
            *
            > CLIENT TRACKING ON
            +OK
            > PSUBSCRIBE __keyevent*
            >["psubscribe" "__keyevent*" :1]
            > GET a
            nil
            > SET a 1
            +OK
            >["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            >["invalidate" ["a"]]
            > MULTI
            +OK
            > GET a
            +QUEUED
            > SET a 1
            +QUEUED
            > SET b 1
            +QUEUED
            > GET b
            +QUEUED
            > SET b 2
            +QUEUED
            > EXEC
            ["1" +OK +OK "1" +OK]
            >["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            >["pmessage" "__keyevent*" "__keyevent@0__:set" "b"]
            >["pmessage" "__keyevent*" "__keyevent@0__:set" "b"]
            >["invalidate" ["a"]]
            >["invalidate" ["b"]]
            > GET a
            "1"
            2> SET a 6
            +OK
            1>
            >["invalidate" ["a"]]
            >["pmessage" "__keyevent*" "__keyevent@0__:set" "a"]
            > CLIENT TRACKING OFF
            +OK
            > CLIENT TRACKING ON BCAST
            +OK
            > SET x 1
            +OK
            >["pmessage" "__keyevent*" "__keyevent@0__:set" "x"]
            >["invalidate" ["x"]]
            2> MSET x 1 y 2
            +OK
            1>
            >["pmessage" "__keyevent*" "__keyevent@0__:set" "x"]
            >["pmessage" "__keyevent*" "__keyevent@0__:set" "y"]
            >["invalidate" ["x" "y"]]
        "#,
    );
}
