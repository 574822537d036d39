//! What users may not touch stays untouched and unseen, whatever they ask; and passwords cannot be guessed quickly.

use testkit::random::grammar::Grammar;
use testkit::{Harness, Value};

/// In the values of keys that are forbidden, and nowhere else.
const SECRET: &str = "s3cr3t";

fn seed(harness: &mut Harness) {
    for line in [
        "SET string1 s3cr3t",
        "SET string3 s3cr3t",
        "RPUSH list1 s3cr3t s3cr3t1",
        "RPUSH list3 s3cr3t",
        "SADD set1 s3cr3t s3cr3t2",
        "SADD set3 s3cr3t",
        "HSET hash1 s3cr3t s3cr3t",
        "HSET hash3 a s3cr3t b s3cr3t",
        "GEOADD sorted-set1 13.361389 38.115556 s3cr3t",
        "ZADD sorted-set3 1 s3cr3t 2 s3cr3t2",
        "XADD stream1 1-1 s3cr3t s3cr3t",
        "XADD stream3 1-1 a s3cr3t",
        "XGROUP CREATE stream1 g1 0",
        "XGROUP CREATE stream3 g2 0",
        "XGROUP CREATE stream3 STREAMS 0",
    ] {
        assert!(!matches!(harness.send(line), Value::Error(_)), "{line}");
    }
}

/// What is there under forbidden keys: those whose number is odd.
fn forbidden(harness: &mut Harness) -> String {
    let keys = ["string", "list", "set", "hash", "sorted-set", "stream", "lexical"];
    let odd = keys.iter().flat_map(|kind| [format!("{kind}1"), format!("{kind}3")]);
    let line = odd.fold("DEBUG DIGEST-VALUE".to_owned(), |line, key| line + " " + &key);
    harness.send(&line).to_string()
}

fn bob(harness: &mut Harness) {
    assert_eq!(harness.client(2).send("AUTH bob x").to_string(), "+OK");
}

fn shown(request: &[Vec<u8>]) -> String {
    testkit::random::shown(request)
}

#[test]
fn what_is_forbidden_is_neither_seen_nor_changed() {
    let registry = commands::registry();
    let known: Vec<String> = registry.commands().map(|(_, entry)| entry.full_name.clone()).collect();
    for round in 0..4 {
        let mut harness = Harness::new();
        seed(&mut harness);
        harness.send("ACL SETUSER bob on nopass +@all -@admin -flushall -flushdb -swapdb ~*0 ~*2 ~*[^0-9]");
        bob(&mut harness);
        let before = forbidden(&mut harness);
        let mut grammar = Grammar::new(&registry, &[], &known, round);
        let mut dice = fastrand::Rng::with_seed(round);
        for _ in 0..4000 {
            let mut request = grammar.request();
            // The same option twice, another key behind it.
            if dice.u8(..) < 40 {
                let words: [&[u8]; 6] =
                    [b"STORE", b"STOREDIST", b"STREAMS", b"KEYS", b"list1", b"sorted-set1"];
                let at = dice.usize(1..=request.len());
                let word = dice.usize(..4);
                request.insert(at, words[word].to_vec());
                request.insert(at + 1, words[4 + dice.usize(..2)].to_vec());
            }
            let replies = harness.exchange(2, &request);
            let text: String = replies.iter().map(Value::to_string).collect();
            assert!(!text.contains(SECRET) || text.starts_with('-'), "{} tells {text}", shown(&request));
            if replies.is_empty() || replies[0] == Value::Closed {
                harness.hang_up(2);
                bob(&mut harness);
            }
            if !text.starts_with('-') {
                assert_eq!(forbidden(&mut harness), before, "{} changes what is forbidden", shown(&request));
            }
        }
    }
}

#[test]
fn an_option_given_twice_hides_nothing() {
    let mut harness = Harness::new();
    seed(&mut harness);
    harness.send("GEOADD a 13.361389 38.115556 x");
    harness.send("XGROUP CREATE a0 STREAMS 0 MKSTREAM");
    harness.send("ACL SETUSER bob on nopass +@all ~a ~a0 ~b ~STREAMS");
    bob(&mut harness);
    for line in [
        "GEORADIUS a 13 38 200 km STORE b STORE sorted-set1",
        "GEORADIUSBYMEMBER a x 200 km STORE b STOREDIST sorted-set1",
        "SORT a BY nosort STORE b STORE list1",
        "XREADGROUP COUNT 1 GROUP STREAMS STREAMS STREAMS stream3 >",
        "XREAD COUNT 1 STREAMS stream3 0",
        "COPY a list1",
        "BITOP OR string1 b",
        "ZUNIONSTORE b 2 a sorted-set1",
    ] {
        assert_eq!(
            harness.client(2).send(line).to_string(),
            "-NOPERM No permissions to access a key",
            "{line}"
        );
    }
}

#[test]
fn guessing_is_slow() {
    let mut harness = Harness::new();
    harness.send("ACL SETUSER bob on >right +ping");
    let wrong = "-WRONGPASS invalid username-password pair or user is disabled.";
    for _ in 0..10 {
        assert_eq!(harness.client(2).send("AUTH bob wrong").to_string(), wrong);
    }
    // Held, and what follows with it; others go on.
    assert_eq!(harness.exchange(2, &["AUTH", "bob", "wrong"]), []);
    assert_eq!(harness.exchange(2, &["PING"]), []);
    assert_eq!(harness.exchange(3, &["HELLO", "3", "AUTH", "bob", "wrong"]), []);
    assert_eq!(harness.client(4).send("PING").to_string(), "+PONG");
    harness.advance(250);
    assert_eq!(harness.received(2)[0].to_string(), wrong);
    harness.advance(250);
    assert_eq!(harness.received(3)[0].to_string(), wrong);
    // The right one waits too, but begins no new pause.
    assert_eq!(harness.client(7).send("AUTH bob wrong").to_string(), wrong);
    assert_eq!(harness.exchange(4, &["AUTH", "bob", "right"]), []);
    assert_eq!(harness.exchange(5, &["AUTH", "bob", "right"]), []);
    harness.advance(250);
    assert_eq!(harness.received(4)[0].to_string(), "+OK");
    assert_eq!(harness.received(5)[0].to_string(), "+OK");
    // In a transaction nothing can be held: no password is right.
    harness.client(6).send("MULTI");
    // (The first of them is looked at, since it comes in time.)
    harness.client(6).send("AUTH bob wrong");
    harness.client(6).send("AUTH bob right");
    let wrong = "WRONGPASS invalid username-password pair or user is disabled.";
    assert_eq!(harness.client(6).send("EXEC").to_string(), format!("[-\"{wrong}\" -\"{wrong}\"]"));
    // After a minute all is forgotten.
    harness.advance(61_000);
    for _ in 0..2 {
        assert!(matches!(harness.client(2).send("AUTH bob wrong"), Value::Error(_)));
    }
}
