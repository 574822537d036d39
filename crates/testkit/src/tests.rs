use super::*;

#[test]
fn every_reply_reads_back_as_it_is_shown() {
    let text = r#"["a\n\"" :-1 nil nil* +OK +"a b" -"ERR x" {"k" ,3.14} ~[#t #f] >["m" (123] txt"t" * |{"a" :1} [] {} "p"*]"#;
    let values = text::values(text).unwrap();
    assert_eq!(values.len(), 1);
    assert_eq!(values[0].to_string(), text);
    assert_eq!(text::values("+a b\n-ERR c\n:1 :2\n").unwrap().len(), 4);
    assert!(text::values("hello").is_err());
    assert!(text::values("[:1").is_err());
    assert!(text::values("\"a").is_err());
}

#[test]
fn what_is_left_open_matches() {
    for (expected, got, met) in [
        ("-ERR un*", "-ERR unknown", true),
        ("-ERR un*", "-ERR other", false),
        ("[* \"a\"*]", "[:1 \"abc\"]", true),
        ("[* \"a\"*]", "[:1 \"bc\"]", false),
        ("*", "[:1 \"bc\"]", true),
        ("~[:1 :2]", "~[:2 :1]", true),
        ("~[:1 :1]", "~[:2 :1]", false),
        ("nil", "nil*", false),
    ] {
        let (expected, got) = (text::values(expected).unwrap(), text::values(got).unwrap());
        assert_eq!(expected[0].admits(&got[0]), met, "{} {}", expected[0], got[0]);
    }
}

#[test]
fn replies_are_read_from_bytes_however_they_are_cut() {
    let bytes = b"*3\r\n$1\r\na\r\n:5\r\n%1\r\n+k\r\n_\r\n=6\r\ntxt:hi\r\n>1\r\n#t\r\n$-1\r\n*-1\r\n,1.5\r\n-ERR x\r\n";
    let all = resp::take_all(&mut bytes.to_vec()).unwrap();
    let shown: Vec<String> = all.iter().map(Value::to_string).collect();
    assert_eq!(shown, [r#"["a" :5 {+k nil}]"#, "txt\"hi\"", ">[#t]", "nil", "nil*", ",1.5", "-ERR x"]);
    for cut in 0..bytes.len() {
        let mut head = bytes[..cut].to_vec();
        let before = resp::take_all(&mut head).unwrap();
        head.extend_from_slice(&bytes[cut..]);
        assert_eq!([before, resp::take_all(&mut head).unwrap()].concat(), all);
    }
}

#[test]
fn a_transcript_is_played() {
    check(
        r#"
        # Two clients and a clock.
        > SET k "a b"
        +OK
        2> GET k
        "a b"
        ! wait 1500
        > GET missing
        nil
        > NONSENSE
        -ERR unknown command*
        2>
        > PING x
        *
        "#,
    );
}

#[test]
#[should_panic(expected = "line 2: > PING\n  expected: +PANG\n       got: +PONG")]
fn a_difference_is_shown() {
    check("\n> PING\n+PANG\n");
}

#[test]
fn a_harness_can_be_scripted() {
    let mut harness = Harness::new();
    assert_eq!(harness.send("SET a 1"), Value::Simple(b"OK".to_vec()));
    assert_eq!(harness.client(2).send("GET a"), Value::Bulk(b"1".to_vec()));
    harness.advance(10);
    assert!(harness.client(2).received().is_empty());
    harness.hang_up(2);
}

#[test]
fn transcripts_are_found_in_sources() {
    let text = "use testkit::check;\ncheck(\n    r#\"\n    > PING\n    \"#,\n);\ncheck(r\"> A\"); check(x); check(\nr##\"\"#\"##);\ncheck(r\"\n# only here: no peer has it\n> PING\");";
    let found = peer::in_text("a.rs", text);
    let found: Vec<(usize, &str)> = found.iter().map(|s| (s.line, s.transcript.as_str())).collect();
    assert_eq!(found, [(3, "\n    > PING\n    "), (7, "> A"), (8, "\"#")]);
}
