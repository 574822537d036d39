//! What replicas and the append-only file are told of keys and fields that go by themselves.
#![forbid(unsafe_code)]

use testkit::Harness;

fn fed() -> Harness {
    let mut h = Harness::new();
    h.engine.set_feed(true);
    h
}

/// The units since the last call, each as its requests with `; ` between them.
fn told(h: &mut Harness) -> Vec<String> {
    let request = |fed: &engine::feed::Fed| fed.words.join(&b' ').escape_ascii().to_string();
    let units = h.engine.server.feed.take();
    units.iter().map(|unit| unit.iter().map(request).collect::<Vec<_>>().join("; ")).collect()
}

fn expired(h: &mut Harness, keys: &str) {
    h.send("DEBUG SET-ACTIVE-EXPIRE 0");
    for key in keys.split(' ') {
        h.send(&format!("SET {key} v PX 5"));
    }
    h.advance(10);
    told(h);
}

#[test]
fn a_key_goes_before_what_found_that_it_is_due() {
    let mut h = fed();
    expired(&mut h, "a b c d");
    h.send("INCR a");
    h.send("GET b");
    h.send("CONFIG SET lazyfree-lazy-expire no");
    h.send("MULTI");
    h.send("GET c");
    h.send("SET d 1");
    h.send("EXEC");
    assert_eq!(told(&mut h), ["UNLINK a; INCR a", "UNLINK b", "DEL c; DEL d; SET d 1"]);
}

#[test]
fn who_looks_around_makes_no_transaction() {
    let mut h = fed();
    expired(&mut h, "a b");
    h.send("SCAN 0");
    let mut units = told(&mut h);
    units.sort();
    assert_eq!(units, ["UNLINK a", "UNLINK b"]);
}

#[test]
fn the_cron_tells_of_keys_and_of_fields() {
    let mut h = fed();
    h.send("SET a v PX 5");
    h.send("HSET h f 1 g 2 k 3");
    h.send("HPEXPIRE h 5 FIELDS 1 f");
    h.send("HPEXPIRE h 400 FIELDS 2 g k");
    told(&mut h);
    h.advance(300);
    let mut units = told(&mut h);
    units.sort();
    assert_eq!(units, ["HDEL h f", "UNLINK a"]);
    h.advance(400);
    assert!(matches!(told(&mut h).as_slice(), [one] if one == "HDEL h g k" || one == "HDEL h k g"));
    assert_eq!(h.send("EXISTS h").integer(), Some(0));
}

#[test]
fn evicted_keys_are_told_before_the_command_that_needed_room() {
    let mut h = fed();
    h.send("CONFIG SET maxmemory-policy allkeys-random lazyfree-lazy-eviction no");
    h.send("CONFIG SET maxmemory 100mb");
    h.send("SET a 1");
    told(&mut h);
    h.host.used_memory = 1 << 30;
    h.send("SET b 1");
    h.send("PING");
    assert_eq!(told(&mut h), ["DEL a"], "it helped nothing: SET did not run");
}

#[test]
fn nobody_is_told_when_nobody_asks() {
    let mut h = fed();
    h.engine.set_feed(false);
    expired(&mut h, "a");
    h.send("INCR a");
    assert!(told(&mut h).is_empty());
    assert!(h.engine.keyspace.env.gone.is_empty());
}
