//! What broke servers of this kind before, and is asked of this one with every run.
//!
//! A row is a known fault (its CVE, or the number of its report) and what it takes to trigger it. Whatever is answered,
//! the server must be there afterwards. Faults of scripts are in the crate `script` (`tests/hostile.rs`), those of
//! payloads and files in `persist`, those of the protocol in `resp`, those of time and memory in `sim`.

use testkit::{Harness, check};

fn all(rows: &[(&str, &str)]) {
    for (fault, transcript) in rows {
        // Shown if the row fails.
        println!("{fault}");
        check(transcript);
    }
}

#[test]
fn sizes_and_counts_do_not_overflow() {
    all(&[
        (
            "2021-32761: BITFIELD far beyond the string",
            "> BITFIELD k SET u8 4294967296 1\n-ERR bit offset*\n> BITFIELD k GET u8 #9223372036854775807\n-ERR bit offset*
            > BITFIELD k SET i64 #1152921504606846976 1\n-ERR bit offset*\n> SETBIT k 9223372036854775807 1\n-ERR bit offset*
            > EXISTS k\n:0",
        ),
        (
            "2022-35977: SETRANGE, SORT with LIMIT near 2^63",
            "> SETRANGE k 9223372036854775807 x\n-ERR string exceeds*\n> RPUSH l 2 1\n:2
            > SORT l LIMIT 9223372036854775807 9223372036854775807\n[]
            > SORT l LIMIT -9223372036854775808 9223372036854775807\n[\"1\" \"2\"]
            > SORT_RO l LIMIT 1 9223372036854775807\n[\"2\"]",
        ),
        (
            "2022-31144, 35951: XAUTOCLAIM with deleted entries, COUNT near 2^61",
            "> XADD x 1-1 a b\n\"1-1\"\n> XGROUP CREATE x g 0\n+OK\n> XREADGROUP GROUP g c STREAMS x >\n*
            > XDEL x 1-1\n:1\n> XAUTOCLAIM x g d 0 0 COUNT 2305843009213693951\n-ERR COUNT must be > 0
            > XAUTOCLAIM x g d 0 0 COUNT 576460752303423487\n*\n> XPENDING x g\n*",
        ),
        (
            "2023-22458, 25155: HRANDFIELD, ZRANDMEMBER, SRANDMEMBER with -2^63",
            "> HSET h a 1\n:1\n> HRANDFIELD h -9223372036854775808\n-ERR value is out of range*
            > HRANDFIELD h -4611686018427387905 WITHVALUES\n-ERR value is out of range*
            > ZADD z 1 a\n:1\n> ZRANDMEMBER z -9223372036854775808\n-ERR value is out of range*
            > ZRANDMEMBER z -4611686018427387905 WITHSCORES\n-ERR value is out of range*
            > SADD s a\n:1\n> SRANDMEMBER s -9223372036854775808\n-ERR value is out of range*",
        ),
        (
            "valkey 4312, Dragonfly 4466: HPEXPIREAT far away, SCAN beyond 2^63",
            "> HSET h a 1\n:1\n> HPEXPIREAT h 9223372036854775807 FIELDS 1 a\n*\n> HLEN h\n:1
            > HPEXPIRE h 9223372036854775807 FIELDS 1 a\n-ERR invalid expire time*
            > EXPIRE h 9223372036854775807\n-ERR invalid expire time*\n> SCAN 9223372036854775808\n*
            > SCAN 18446744073709551616\n-ERR invalid cursor\n> SCAN 0 COUNT 9223372036854775807\n[\"0\" [\"h\"]]",
        ),
        (
            "2021-29478: COPY of an intset larger than its limit",
            "> CONFIG SET set-max-intset-entries 0\n+OK\n> SADD s 1 2 3\n:3\n> COPY s t\n:1
            > CONFIG SET set-max-intset-entries 512\n+OK\n> COPY t u\n:1\n> SCARD u\n:3",
        ),
        (
            "2021-21309 and kin: counts of keys near 2^31, 2^32, 2^63",
            "> LMPOP 9223372036854775807 a LEFT\n-ERR*\n> ZMPOP 2147483648 a MIN\n-ERR*
            > SINTERCARD 4294967297 s\n-ERR*\n> EVAL \"return 1\" 4294967297 a\n-ERR Number of keys*
            > FCALL f 9223372036854775807 a\n-ERR Function not found\n> LRANGE l 9223372036854775807 -9223372036854775808\n[]
            > LPOS l 1 RANK -9223372036854775808\n*\n> ZRANGE z 9223372036854775807 9223372036854775807\n[]",
        ),
    ]);
}

/// 2021-29477, 32625: the table of LCS is the product of both lengths.
#[test]
fn what_is_compared_does_not_fill_the_memory() {
    let mut harness = Harness::new();
    for key in ["a", "b"] {
        harness.send(&format!("SETRANGE {key} 9999999 x"));
    }
    let told = harness.send("LCS a b").to_string();
    assert!(told.starts_with("-ERR Insufficient memory"), "{told}");
    assert_eq!(harness.send("PING").to_string(), "+PONG");
}

#[test]
fn assertions_are_not_reached() {
    all(&[
        ("2023-28425: MSETNX of a key twice", "> MSETNX k 1 k 2\n:1\n> GET k\n\"2\""),
        (
            "2023-28856: HINCRBYFLOAT nan",
            "> HSET h f 1\n:1\n> HINCRBYFLOAT h f nan\n-ERR value is not a valid float
            > HINCRBYFLOAT h f inf\n-ERR*\n> HGET h f\n\"1\"\n> INCRBYFLOAT n nan\n-ERR value is not a valid float",
        ),
        ("2018-12453: XGROUP of what is no stream", "> SET k v\n+OK\n> XGROUP CREATE k g 0\n-WRONGTYPE*"),
        (
            "valkey 4301: COPY with DB at its end",
            "> SET a 1\n+OK\n> COPY a b DB\n-ERR syntax error\n> COPY a b DB 99999999999999999999\n-ERR value is not an*",
        ),
        (
            "valkey 4302: wrong numbers of words among right ones",
            "> GET\n-ERR wrong number*\n> SET a 1\n+OK\n> SET\n-ERR wrong number*\n> GET a b\n-ERR wrong number*\n> GET a\n\"1\"",
        ),
        (
            "2019-10192, 10193, 2025-32023: HyperLogLogs that are none",
            "> PFADD p a\n:1\n> SETRANGE p 0 XXXX\n*\n> PFCOUNT p\n-WRONGTYPE*
            > SET q \"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff\\x7f\\xff\\x7f\\xff\\x7f\\xff\\x84\\x4b\"\n+OK
            > PFCOUNT q\n-INVALIDOBJ*\n> PFMERGE r q\n-INVALIDOBJ*\n> PFADD q b\n*
            > SET d \"HYLL\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\"\n+OK\n> PFCOUNT d\n-WRONGTYPE*\n> PFADD d a\n-WRONGTYPE*",
        ),
    ]);
}

#[test]
fn rules_hold_whatever_words_are_asked_for() {
    all(&[
        (
            "2024-31227, 51741: patterns and selectors that end too early",
            "> ACL SETUSER u %\n-ERR*\n> ACL SETUSER u %~\n-ERR*\n> ACL SETUSER u (%~)\n-ERR*\n> ACL SETUSER u (%\n-ERR*
            > ACL SETUSER u (\n-ERR*\n> ACL SETUSER u )\n-ERR*\n> ACL SETUSER u ~\n*\n> ACL SETUSER u &\n*
            > ACL SETUSER u +\n-ERR*\n> ACL SETUSER u +|\n-ERR*\n> ACL SETUSER u db=\n*\n> ACL DRYRUN u GET k\n*",
        ),
        (
            "2023-36824: keys of a request that has fewer than it says",
            "> COMMAND GETKEYS EVAL x 4294967297 a\n[]\n> COMMAND GETKEYS EVAL x 2147483647 a\n[]
            > COMMAND GETKEYS EVAL x -1 a\n[]\n> COMMAND GETKEYS ZUNION 9223372036854775807 a\n-ERR*
            > COMMAND GETKEYS XREAD STREAMS a\n-ERR*\n> ACL SETUSER u on nopass +@all ~a\n+OK\n2> AUTH u x\n+OK
            2> EVAL \"return 1\" 2147483647 a\n-*\n2> ZUNION 9223372036854775807 a\n-*\n2> XREAD STREAMS a\n-*",
        ),
        (
            "2023-41053: SORT_RO with BY and GET of keys that are not allowed",
            "> ACL SETUSER u on nopass +@all ~l\n+OK\n> RPUSH l 1\n:1\n2> AUTH u x\n+OK\n2> SORT_RO l BY w* GET s*\n-*
            2> SORT l GET s*\n-*\n2> SORT l BY nosort\n[\"1\"]",
        ),
        (
            "valkey 3971, 4576, 3801, 4155: the second STORE, HGETEX that writes, databases of COPY and MOVE",
            "> ACL SETUSER u on nopass +@all %R~* ~a ~c db=0\n+OK\n2> AUTH u x\n+OK
            2> GEORADIUS a 1 1 1 m STORE b STORE c\n-NOPERM*\n2> GEORADIUS a 1 1 1 m STORE c STORE b\n-NOPERM*
            2> HGETEX h EX 1 FIELDS 1 f\n-NOPERM*\n2> COPY a c DB 1\n-NOPERM*\n2> MOVE a 1\n-NOPERM*
            2> SELECT 1\n-NOPERM*\n2> SWAPDB 0 1\n-NOPERM*",
        ),
    ]);
}

#[test]
fn a_pattern_takes_no_time() {
    // 2022-36021, 2024-31228, valkey 4426: stars that are tried again and again, depth, classes that are read again.
    let patterns =
        [format!("{}b", "a*".repeat(60)), "*?".repeat(50_000), format!("*{}", "[a-z".repeat(20_000))];
    let mut harness = Harness::new();
    harness.send(&format!("SET {} v", "a".repeat(300)));
    for pattern in &patterns {
        for line in [
            format!("KEYS {pattern}"),
            format!("SCAN 0 MATCH {pattern}"),
            format!("PUBSUB CHANNELS {pattern}"),
        ] {
            harness.send(&line);
        }
        harness.client(2).send(&format!("PSUBSCRIBE {pattern}"));
        harness.send(&format!("PUBLISH {} m", "a".repeat(300)));
    }
    assert_eq!(harness.send("PING").to_string(), "+PONG");
}

#[test]
fn replies_hold_one_line_and_clients_end_once() {
    all(&[
        (
            "2025-67733: line ends in errors and states that scripts make",
            r#"> EVAL "return redis.error_reply('ERR a\\r\\nb')" 0
            -ERR a  b
            > EVAL "return redis.status_reply('a\\r\\n+b')" 0
            +a  +b
            > EVAL "return {err='ERR x\\r\\n+OK'}" 0
            -ERR x  +OK
            > EVAL "return {ok='x\\ny'}" 0
            +x y
            > EVAL "error({err='E a\\r\\nb'})" 0
            -E a  b*
            > PING
            +PONG"#,
        ),
        (
            "2026-23479, valkey 4212: clients that wait for one key and go while they are served",
            "2> BLPOP k 0\n3> BLPOP k 0\n4> BLMOVE k d LEFT LEFT 0\n> MULTI\n+OK\n> RPUSH k 1\n+QUEUED
            > CLIENT KILL SKIPME yes\n+QUEUED\n> EXEC\n[:1 :3]\n> LRANGE k 0 -1\n*\n> CLIENT LIST TYPE pubsub\n\"\"",
        ),
        (
            "2026-81934: who is killed twice, and kills itself",
            "2> PING\n+PONG\n> CLIENT KILL TYPE normal SKIPME yes\n:1\n> CLIENT KILL TYPE normal SKIPME no\n:1",
        ),
        (
            "valkey 4253: a message to oneself in the middle of a reply",
            "> HELLO 3\n*\n> SUBSCRIBE c\n*\n> MULTI\n+OK\n> PUBLISH c m\n+QUEUED\n> GET k\n+QUEUED\n> EXEC\n[:1 nil]
            >[\"message\" \"c\" \"m\"]",
        ),
    ]);
}
