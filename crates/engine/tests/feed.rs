//! What replicas and the append-only file are told of keys and fields that go by themselves.
#![forbid(unsafe_code)]

use testkit::Harness;

fn expired(h: &mut Harness, keys: &str) {
    h.send("DEBUG SET-ACTIVE-EXPIRE 0");
    for key in keys.split(' ') {
        h.send(&format!("SET {key} v PX 5"));
    }
    h.advance(10);
    h.told();
}

#[test]
fn a_key_goes_before_what_found_that_it_is_due() {
    let mut h = Harness::fed();
    expired(&mut h, "a b c d");
    h.send("INCR a");
    h.send("GET b");
    h.send("CONFIG SET lazyfree-lazy-expire no");
    h.send("MULTI");
    h.send("GET c");
    h.send("SET d 1");
    h.send("EXEC");
    assert_eq!(h.told(), ["UNLINK a; INCR a", "UNLINK b", "DEL c; DEL d; SET d 1"]);
}

#[test]
fn who_looks_around_makes_no_transaction() {
    let mut h = Harness::fed();
    expired(&mut h, "a b");
    h.send("SCAN 0");
    let mut units = h.told();
    units.sort();
    assert_eq!(units, ["UNLINK a", "UNLINK b"]);
}

#[test]
fn the_cron_tells_of_keys_and_of_fields() {
    let mut h = Harness::fed();
    h.send("SET a v PX 5");
    h.send("HSET h f 1 g 2 k 3");
    h.send("HPEXPIRE h 5 FIELDS 1 f");
    h.send("HPEXPIRE h 400 FIELDS 2 g k");
    h.told();
    h.advance(300);
    let mut units = h.told();
    units.sort();
    assert_eq!(units, ["HDEL h f", "UNLINK a"]);
    h.advance(400);
    assert!(matches!(h.told().as_slice(), [one] if one == "HDEL h g k" || one == "HDEL h k g"));
    assert_eq!(h.send("EXISTS h").integer(), Some(0));
}

#[test]
fn evicted_keys_are_told_before_the_command_that_needed_room() {
    let mut h = Harness::fed();
    h.send("CONFIG SET maxmemory-policy allkeys-random lazyfree-lazy-eviction no");
    h.send("CONFIG SET maxmemory 100mb");
    h.send("SET a 1");
    h.told();
    h.host.used_memory = 1 << 30;
    h.send("SET b 1");
    h.send("PING");
    assert_eq!(h.told(), ["DEL a"], "it helped nothing: SET did not run");
}

#[test]
fn nobody_is_told_when_nobody_asks() {
    let mut h = Harness::fed();
    h.engine.set_feed(false);
    expired(&mut h, "a");
    h.send("INCR a");
    assert!(h.told().is_empty());
    assert!(h.engine.keyspace.env.gone.is_empty());
}

#[test]
fn what_is_done_together_stands_between_multi_and_exec() {
    let mut h = Harness::fed();
    let bytes = |h: &mut Harness| {
        let bytes = h.engine.server.feed.units().to_vec();
        h.engine.server.feed.taken();
        bytes.escape_ascii().to_string().replace("\\r\\n", " ")
    };
    h.send("SET a 1");
    assert_eq!(bytes(&mut h), "*2 $6 SELECT $1 0 *3 $3 SET $1 a $1 1 ");
    for line in ["MULTI", "GET a", "SET b 2", "EXEC"] {
        h.send(line);
    }
    assert_eq!(bytes(&mut h), "*3 $3 SET $1 b $1 2 ", "one that writes needs no transaction");
    for line in ["MULTI", "SELECT 3", "INCR a", "GET a", "INCR b", "EXEC"] {
        h.send(line);
    }
    let told = "*1 $5 MULTI *2 $6 SELECT $1 3 *2 $4 INCR $1 a *2 $4 INCR $1 b *1 $4 EXEC ";
    assert_eq!(bytes(&mut h), told);
    h.send("EVAL \"redis.call('SET', 'x', '1'); return redis.call('DEL', 'x', 'y')\" 0");
    assert_eq!(bytes(&mut h), "*1 $5 MULTI *3 $3 SET $1 x $1 1 *3 $3 DEL $1 x $1 y *1 $4 EXEC ");
    h.engine.server.feed.reselect();
    h.send("DEL a");
    assert_eq!(bytes(&mut h), "*2 $6 SELECT $1 3 *2 $3 DEL $1 a ");
}

#[test]
fn reading_and_waiting_tell_nothing_and_served_clients_tell_what_they_did() {
    let mut h = Harness::fed();
    h.send("SET a 1");
    h.told();
    h.send("GET a");
    assert!(!h.engine.keyspace.env.news, "who reads is not looked at");
    h.exchange(2, &["BLPOP", "l", "0"]);
    assert!(h.told().is_empty());
    h.send("RPUSH l x");
    assert_eq!(h.told(), ["RPUSH l x", "LPOP l"]);
    assert!(!h.engine.keyspace.env.news);
}

/// A key whose time is up while somebody waits for it goes before anything else is done with it.
#[test]
fn what_goes_while_others_are_served_is_told_before_what_follows() {
    let mut h = Harness::fed();
    h.send("DEBUG SET-ACTIVE-EXPIRE 0");
    h.exchange(2, &["BLPOP", "l", "0"]);
    for line in ["MULTI", "RPUSH l x", "PEXPIRE l 1", "DEBUG SLEEP 0.01", "EXEC"] {
        h.send(line);
    }
    h.send("RPUSH l y");
    assert_eq!(h.told()[1..], ["UNLINK l; RPUSH l y", "LPOP l"]);
}

/// The feed is the append-only file's: replicas alone are not it.
#[test]
fn a_script_says_who_is_told() {
    let mut h = Harness::fed();
    for (to, told) in [
        ("REPL_ALL", "SET a 1; SET k 2"),
        ("REPL_AOF", "SET a 1; SET k 2"),
        ("REPL_REPLICA", "SET a 1"),
        ("REPL_SLAVE", "SET a 1"),
        ("REPL_NONE", "SET a 1"),
    ] {
        h.told();
        h.send(&format!(
            "EVAL \"redis.call('SET','a','1') redis.set_repl(redis.{to}) redis.call('SET','k','2')\" 0"
        ));
        assert_eq!(h.told(), [told], "{to}");
    }
    // The next script begins anew.
    h.send("EVAL \"redis.call('SET','k','3')\" 0");
    assert_eq!(h.told(), ["SET k 3"]);
}
