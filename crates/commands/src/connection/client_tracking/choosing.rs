//! BCAST, OPTIN, OPTOUT, NOLOOP, and requests that make no sense.

use testkit::check;

#[test]
fn prefixes_are_told_of_by_the_turn() {
    check(
        r#"
            > HELLO 3
            *
            > CLIENT TRACKING ON BCAST PREFIX a PREFIX b
            +OK
            > CLIENT TRACKINGINFO
            {"flags" ~["on" "bcast"] "redirect" :0 "prefixes" ["a" "b"]}
            2> MSET a 1 b 2 c 3 ab 4
            +OK
            1>
            >["invalidate" ["a" "ab"]]
            >["invalidate" ["b"]]
            2> DEL a c
            :2
            1>
            >["invalidate" ["a"]]
            > SET a 5
            +OK
            >["invalidate" ["a"]]
            > SET a 5
            +OK
            >["invalidate" ["a"]]
            2> SET c 6
            +OK
            > MULTI
            +OK
            > SET a 1
            +QUEUED
            > SET b 2
            +QUEUED
            > EXEC
            [+OK +OK]
            >["invalidate" ["a"]]
            >["invalidate" ["b"]]
            > CLIENT TRACKING ON BCAST
            +OK
            > CLIENT TRACKINGINFO
            {"flags" ~["on" "bcast"] "redirect" :0 "prefixes" ["" "a" "b"]}
        "#,
    );
}

#[test]
fn prefixes_must_not_overlap() {
    check(
        r#"
            > HELLO 3
            *
            > CLIENT TRACKING ON BCAST PREFIX a PREFIX b
            +OK
            > CLIENT TRACKING ON BCAST PREFIX ax
            -ERR Prefix 'ax' overlaps with an existing prefix 'a'. Prefixes for a single client must not overlap.
            > CLIENT TRACKING ON BCAST PREFIX ""
            -ERR Prefix '' overlaps with an existing prefix 'a'. Prefixes for a single client must not overlap.
            > CLIENT TRACKING ON BCAST PREFIX x PREFIX x
            -ERR Prefix 'x' overlaps with another provided prefix 'x'. Prefixes for a single client must not overlap.
            > CLIENT TRACKING ON BCAST PREFIX c NOLOOP
            +OK
            > CLIENT TRACKINGINFO
            {"flags" ~["on" "bcast" "noloop"] "redirect" :0 "prefixes" ["a" "b" "c"]}
            > CLIENT TRACKINGINFO
            {"flags" ~["on" "bcast" "noloop"] "redirect" :0 "prefixes" ["a" "b" "c"]}
            2> SET zz 1
            +OK
            > CLIENT TRACKING OFF
            +OK
            > CLIENT TRACKINGINFO
            {"flags" ~["off"] "redirect" :-1 "prefixes" []}
            > CLIENT TRACKING OFF
            +OK
            > CLIENT TRACKING ON BCAST PREFIX a PREFIX bc PREFIX bcd
            -ERR Prefix 'bc' overlaps with another provided prefix 'bcd'. Prefixes for a single client must not overlap.
            > CLIENT TRACKINGINFO
            {"flags" ~["off"] "redirect" :-1 "prefixes" []}
        "#,
    );
}

#[test]
fn all_keys_may_be_told_of() {
    check(
        r#"
            > HELLO 3
            *
            > GET a
            nil
            2> SET a 6
            +OK
            2> MULTI
            +OK
            2> SET a 1
            +QUEUED
            2> SET d 2
            +QUEUED
            2> SET a 3
            +QUEUED
            2> EXEC
            [+OK +OK +OK]
            2> FLUSHALL
            +OK
            > CLIENT TRACKING ON BCAST PREFIX
            -ERR syntax error
            > CLIENT TRACKING ON
            +OK
            > CLIENT TRACKING ON BCAST OPTIN
            -ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.
            > CLIENT TRACKING ON OPTIN
            +OK
        "#,
    );
}

#[test]
fn clients_choose_what_is_remembered() {
    check(
        r#"
            > CLIENT GETREDIR
            :-1
            > CLIENT TRACKINGINFO
            ["flags" ["off"] "redirect" :-1 "prefixes" []]
            > CLIENT CACHING YES
            -ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled
            > HELLO 3
            *
            > CLIENT TRACKING ON OPTIN
            +OK
            > GET a
            nil
            2> SET a 1
            +OK
            > CLIENT CACHING YES
            +OK
            > CLIENT TRACKINGINFO
            {"flags" ~["on" "optin" "caching-yes"] "redirect" :0 "prefixes" []}
            > GET a
            "1"
            > GET b
            nil
            2> MSET a 2 b 2
            +OK
            1>
            >["invalidate" ["a"]]
            > CLIENT CACHING YES
            +OK
            > MULTI
            +OK
            > GET a
            +QUEUED
            > GET b
            +QUEUED
            > EXEC
            ["2" "2"]
            > CLIENT TRACKINGINFO
            {"flags" ~["on" "optin"] "redirect" :0 "prefixes" []}
            2> MSET a 3 b 3
            +OK
            1>
            >["invalidate" ["a"]]
            >["invalidate" ["b"]]
            > CLIENT CACHING YES
            +OK
            > GET
            -ERR wrong number of arguments for 'get' command
            > GET a
            "3"
        "#,
    );
}

#[test]
fn clients_choose_what_is_not_remembered() {
    check(
        r#"
            > HELLO 3
            *
            > CLIENT TRACKING ON OPTIN
            +OK
            > CLIENT CACHING NO
            -ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.
            > CLIENT CACHING MAYBE
            -ERR syntax error
            > CLIENT CACHING
            -ERR wrong number of arguments for 'client|caching' command
            > CLIENT TRACKING ON OPTOUT
            -ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.
            > CLIENT TRACKING ON OPTIN OPTOUT
            -ERR You can't specify both OPTIN mode and OPTOUT mode
            > CLIENT TRACKING OFF
            +OK
            > CLIENT TRACKING ON OPTOUT
            +OK
            > CLIENT CACHING YES
            -ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.
            > GET a
            nil
            > CLIENT CACHING NO
            +OK
            > CLIENT TRACKINGINFO
            {"flags" ~["on" "optout" "caching-no"] "redirect" :0 "prefixes" []}
            > GET b
            nil
            > GET c
            nil
            2> MSET a 5 b 5 c 5
            +OK
            1>
            >["invalidate" ["a"]]
            >["invalidate" ["c"]]
            > CLIENT GETREDIR
            :0
            > CLIENT GETREDIR x
            -ERR wrong number of arguments for 'client|getredir' command
        "#,
    );
}

#[test]
fn requests_that_make_no_sense() {
    check(
        r#"
            > CLIENT GETREDIR
            :-1
            > CLIENT TRACKINGINFO
            ["flags" ["off"] "redirect" :-1 "prefixes" []]
            > CLIENT CACHING YES
            -ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled
            > CLIENT TRACKING MAYBE
            -ERR syntax error
            > CLIENT TRACKING
            -ERR wrong number of arguments for 'client|tracking' command
            > CLIENT TRACKING ON FOO
            -ERR syntax error
            > CLIENT TRACKING ON PREFIX a
            -ERR PREFIX option requires BCAST mode to be enabled
            > CLIENT TRACKING ON REDIRECT
            -ERR syntax error
            > CLIENT TRACKING ON REDIRECT x
            -ERR value is not an integer or out of range
            > CLIENT TRACKING ON REDIRECT 1000000
            -ERR The client ID you want redirect to does not exist
            > CLIENT TRACKING ON REDIRECT 0
            -ERR The client ID you want redirect to does not exist
            > CLIENT TRACKING ON REDIRECT -1
            -ERR The client ID you want redirect to does not exist
            > CLIENT TRACKING ON BCAST PREFIX a PREFIX bc PREFIX bcd
            -ERR Prefix 'bc' overlaps with another provided prefix 'bcd'. Prefixes for a single client must not overlap.
            > CLIENT TRACKING OFF PREFIX x
            +OK
            > CLIENT TRACKING ON BCAST PREFIX a PREFIX bc PREFIX bcd
            -ERR Prefix 'bc' overlaps with another provided prefix 'bcd'. Prefixes for a single client must not overlap.
            > CLIENT TRACKINGINFO
            ["flags" ["off"] "redirect" :-1 "prefixes" []]
            > CLIENT TRACKING ON BCAST OPTOUT
            -ERR OPTIN and OPTOUT are not compatible with BCAST
        "#,
    );
}
