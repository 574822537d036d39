use keyspace::{Hash, Limits, List, Set, ValueRef};
use structures::{Element, Listpack};
use testkit::{Harness, check};

/// Collections are put there by hand, to need no other group's commands.
fn harness() -> Harness {
    let mut harness = Harness::new();
    let keyspace = &mut harness.engine.keyspace;
    let pack = |words: &[&str]| {
        let mut pack = Listpack::new();
        words.iter().for_each(|word| pack.push_back(Element::of(word.as_bytes())));
        pack
    };
    let list = |words: &[&'static str]| {
        List::of_elements(words.iter().map(|word| word.as_bytes()), &Limits::default())
    };
    for (key, words) in [
        ("l", &["3", "1", "2", "10"][..]),
        ("words", &["b", "a", "c"]),
        ("floats", &["1.1", "5.10", "-inf", "7.44", "+2"]),
        ("bad", &["1", "x"]),
        ("zero", &["2\0x", "1\0"]),
    ] {
        let key = keyspace.key(key.as_bytes());
        keyspace.db(0).put_collection(key, list(words));
    }
    let key = keyspace.key(b"set");
    keyspace.db(0).put_collection(key, Set::Packed(pack(&["c", "a", "b"])));
    let key = keyspace.key(b"o_a");
    keyspace.db(0).put_collection(key, Hash::Packed(pack(&["w", "3", "name", "Anna"])));
    for request in
        ["SET w_a 2", "SET w_b 1", "SET w_c 3", "SET n_a zoe", "SET n_c adam", "GEOADD z 3 3 b 1 1 a"]
    {
        harness.send(request);
    }
    harness
}

#[track_caller]
fn answers(harness: &mut Harness, table: &[(&str, &str)]) {
    for (request, reply) in table {
        assert_eq!(harness.send(request).to_string(), *reply, "{request}");
    }
}

#[test]
fn numbers_and_texts_are_sorted() {
    answers(
        &mut harness(),
        &[
            ("SORT l", r#"["1" "2" "3" "10"]"#),
            ("SORT l DESC", r#"["10" "3" "2" "1"]"#),
            ("SORT l DESC ASC ALPHA", r#"["1" "10" "2" "3"]"#),
            ("SORT floats", r#"["-inf" "1.1" "+2" "5.10" "7.44"]"#),
            ("SORT set ALPHA DESC", r#"["c" "b" "a"]"#),
            ("SORT_RO z ALPHA", r#"["a" "b"]"#),
            ("SORT zero", r#"["1\x00" "2\x00x"]"#),
            ("SORT nope", "[]"),
            ("SORT bad", "-ERR One or more scores can't be converted into double"),
            ("SORT bad STORE d", "-ERR One or more scores can't be converted into double"),
            ("SORT w_a", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("SORT o_a", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ],
    );
}

#[test]
fn limits_are_kept_within_what_is_there() {
    answers(
        &mut harness(),
        &[
            ("SORT l LIMIT 1 2", r#"["2" "3"]"#),
            ("SORT l LIMIT -1 2", r#"["1" "2"]"#),
            ("SORT l LIMIT 1 -5", r#"["2" "3" "10"]"#),
            ("SORT l LIMIT 3 9223372036854775807", r#"["10"]"#),
            ("SORT l LIMIT 4 1", "[]"),
            ("SORT l LIMIT 9223372036854775807 1", "[]"),
            ("SORT l LIMIT 0 0", "[]"),
            ("SORT l BY nosort LIMIT 1 2", r#"["1" "2"]"#),
            ("SORT l BY nosort DESC LIMIT 1 2", r#"["2" "1"]"#),
        ],
    );
}

#[test]
fn weights_may_be_other_keys() {
    answers(
        &mut harness(),
        &[
            ("SORT words BY w_*", r#"["b" "a" "c"]"#),
            ("SORT words BY w_* DESC LIMIT 0 2", r#"["c" "a"]"#),
            ("SORT words BY nope_*", r#"["a" "b" "c"]"#),
            ("SORT words BY nope_* DESC", r#"["c" "b" "a"]"#),
            ("SORT words BY n_* ALPHA", r#"["b" "c" "a"]"#),
            ("SORT words BY n_* ALPHA DESC", r#"["a" "c" "b"]"#),
            ("SORT words BY o_*->w", r#"["b" "c" "a"]"#),
            ("SORT words BY l*", r#"["a" "b" "c"]"#),
            ("SORT words BY n_*", "-ERR One or more scores can't be converted into double"),
            ("SORT words BY nosort", r#"["b" "a" "c"]"#),
            ("SORT words BY # DESC", r#"["c" "a" "b"]"#),
            ("SORT words BY x BY w_*", r#"["b" "a" "c"]"#),
            ("SORT z BY nosort", r#"["a" "b"]"#),
            ("SORT z BY nosort DESC LIMIT 0 1", r#"["b"]"#),
        ],
    );
}

#[test]
fn what_is_told_may_be_other_keys() {
    answers(
        &mut harness(),
        &[
            ("SORT words ALPHA GET #", r#"["a" "b" "c"]"#),
            (
                "SORT words ALPHA LIMIT 0 2 GET # GET n_* GET o_*->name GET o_*->x",
                r#"["a" "zoe" "Anna" nil "b" nil nil nil]"#,
            ),
            ("SORT words ALPHA GET constant", "[nil nil nil]"),
            ("SORT words ALPHA GET w_*->", "[nil nil nil]"),
            ("SORT l GET l*", "[nil nil nil nil]"),
        ],
    );
}

#[test]
fn results_can_be_stored() {
    let mut harness = harness();
    answers(
        &mut harness,
        &[
            ("SORT words BY w_* GET # GET n_* STORE d", ":6"),
            ("TYPE d", "+list"),
            ("SORT d BY nosort", r#"["b" "" "a" "zoe" "c" "adam"]"#),
            ("OBJECT ENCODING d", r#""listpack""#),
            ("SORT set BY nosort STORE d", ":3"),
            ("SORT d BY nosort", r#"["a" "b" "c"]"#),
            ("SORT l LIMIT 4 1 STORE d", ":0"),
            ("EXISTS d", ":0"),
            ("SORT l STORE l", ":4"),
            ("SORT l BY nosort", r#"["1" "2" "3" "10"]"#),
            ("SORT nope STORE w_a", ":0"),
            ("EXISTS w_a", ":0"),
        ],
    );
    let keyspace = &mut harness.engine.keyspace;
    let key = keyspace.key(b"l");
    assert!(matches!(keyspace.db(0).read(key).map(|entry| entry.value()), Some(ValueRef::Packed { .. })));
    keyspace.verify();
}

#[test]
fn what_is_wrong_is_told() {
    check(
        r#"
        > SORT l LIMIT a b
        -ERR value is not an integer or out of range
        > SORT l LIMIT 9223372036854775808 1
        -ERR value is not an integer or out of range
        > SORT l LIMIT 1
        -ERR syntax error
        > SORT l BY
        -ERR syntax error
        > SORT l GET
        -ERR syntax error
        > SORT l STORE
        -ERR syntax error
        > SORT l FOO
        -ERR syntax error
        > SORT_RO l STORE d
        -ERR syntax error
        > SORT
        -ERR wrong number of arguments for 'sort' command
        > SORT nope
        []
        > SORT nope STORE d
        :0
        > SET s x
        +OK
        > SORT s
        -WRONGTYPE Operation against a key holding the wrong kind of value
        > SORT s LIMIT a b
        -ERR value is not an integer or out of range
        > COMMAND GETKEYS SORT abc STORE invalid STORE stillbad STORE def
        ["abc" "def"]
        > COMMAND GETKEYS SORT_RO abc
        ["abc"]
        "#,
    );
}

/// The only collections whose commands are there in any case.
#[test]
fn places_are_sorted() {
    check(
        r#"
        > GEOADD z 3 3 b 1 1 a 2 2 c
        :3
        > SORT z
        -ERR One or more scores can't be converted into double
        > SORT z ALPHA DESC
        ["c" "b" "a"]
        > SORT z BY nosort
        ["a" "c" "b"]
        > SORT z BY nosort DESC LIMIT 1 5
        ["c" "a"]
        > SORT z BY nosort DESC LIMIT 0 2 GET # GET w_* STORE d
        :4
        > SORT d BY nosort
        ["b" "" "c" ""]
        > SORT z BY w_*
        ["a" "b" "c"]
        > SET w_b -1
        +OK
        > SORT z BY w_* LIMIT 0 1 GET w_*
        ["-1"]
        > SORT z BY w_* ALPHA
        ["a" "c" "b"]
        "#,
    );
}
