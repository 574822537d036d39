//! `maxmemory-clients`: the largest are closed first, and only as many as it takes.

use config::Config;
use engine::{ClientSlot, Close, Engine};
use testkit::Harness;

const KB: usize = 1024;

/// Clients 1, 2, … that hold so many KB of unfinished requests each, as the socket side tells.
fn harness(limit: &[u8], kilobytes: &[usize]) -> Harness {
    let mut harness = Harness::with(Config::default());
    harness.config("maxmemory-clients", limit).expect("a limit");
    for (at, size) in kilobytes.iter().enumerate() {
        harness.client(at + 1).send("PING");
        hold(&mut harness, at, size * KB);
    }
    harness
}

fn hold(harness: &mut Harness, at: usize, bytes: usize) {
    let server = &mut harness.engine.server;
    server.clients.get_mut(ClientSlot(at as u32)).expect("a client").query_capacity = bytes;
    server.reckon(ClientSlot(at as u32));
}

fn evict(harness: &mut Harness) -> bool {
    let Harness { engine, host, .. } = harness;
    engine.evict_clients(host)
}

/// Which clients were asked to go.
fn closed(engine: &Engine) -> Vec<usize> {
    let all = engine.server.clients.iter().filter(|client| client.close == Close::Now);
    all.map(|client| client.slot.0 as usize + 1).collect()
}

#[test]
fn nobody_goes_below_the_limit() {
    let mut harness = harness(b"1mb", &[300, 300, 300]);
    assert!(!evict(&mut harness));
    assert_eq!(closed(&harness.engine), []);
}

#[test]
fn the_largest_go_and_no_more_than_it_takes() {
    let mut harness = harness(b"1mb", &[100, 600, 100, 300]);
    assert!(evict(&mut harness));
    assert_eq!(closed(&harness.engine), [2]);
    assert_eq!(harness.engine.server.totals.evicted_clients, 1);
    assert!(!evict(&mut harness), "what they held no longer counts");
}

#[test]
fn a_client_that_grew_or_shrank_counts_as_it_is() {
    let mut harness = harness(b"1mb", &[700, 200, 200]);
    hold(&mut harness, 0, 10 * KB);
    assert!(!evict(&mut harness));
    hold(&mut harness, 2, 900 * KB);
    assert!(evict(&mut harness));
    assert_eq!(closed(&harness.engine), [3]);
}

#[test]
fn who_asked_not_to_be_closed_counts_and_stays() {
    let mut harness = harness(b"1mb", &[900, 100, 100]);
    harness.client(1).send("CLIENT NO-EVICT ON");
    hold(&mut harness, 0, 2000 * KB);
    assert!(evict(&mut harness), "all the others");
    assert_eq!(closed(&harness.engine), [2, 3]);
    harness.client(1).send("CLIENT NO-EVICT OFF");
    hold(&mut harness, 0, 2000 * KB);
    assert!(evict(&mut harness));
    assert_eq!(closed(&harness.engine), [1]);
}

#[test]
fn a_limit_that_comes_later_counts_who_is_there() {
    let mut harness = harness(b"0", &[500, 500, 500]);
    assert!(!evict(&mut harness));
    harness.config("maxmemory", b"100mb").unwrap();
    assert!(!evict(&mut harness));
    harness.config("maxmemory-clients", b"1%").unwrap();
    assert!(evict(&mut harness));
    assert_eq!(closed(&harness.engine).len(), 1);
    harness.config("maxmemory-clients", b"0").unwrap();
    harness.config("maxmemory-clients", b"600kb").unwrap();
    assert!(evict(&mut harness), "counted anew");
}

#[test]
fn names_are_not_logged() {
    for (hide, shown) in [("yes", "name=*redacted*"), ("no", "name=bob")] {
        let mut harness = harness(b"1mb", &[100]);
        harness.config("hide-user-data-from-log", hide.as_bytes()).unwrap();
        harness.client(1).send("CLIENT SETNAME bob");
        hold(&mut harness, 0, 2000 * KB);
        assert!(evict(&mut harness));
        assert!(harness.host.log.iter().any(|line| line.contains(shown)), "{hide}");
    }
}

#[test]
fn who_left_counts_no_more() {
    let mut harness = harness(b"1mb", &[600, 300]);
    harness.hang_up(1);
    harness.client(3).send("PING");
    hold(&mut harness, 0, 500 * KB);
    assert!(!evict(&mut harness));
}

#[test]
fn who_is_told_something_counts_though_nothing_can_be_sent() {
    let mut harness = harness(b"1mb", &[1, 1]);
    harness.client(1).send("SUBSCRIBE c");
    // The socket is full: the loop waits for room and sends nothing.
    harness.engine.server.clients.get_mut(ClientSlot(0)).expect("a client").write_pending = true;
    let message = "m".repeat(400 * KB);
    for _ in 0..2 {
        harness.client(2).send(&format!("PUBLISH c {message}"));
        assert!(!evict(&mut harness));
    }
    harness.client(2).send(&format!("PUBLISH c {message}"));
    assert!(evict(&mut harness));
    assert_eq!(closed(&harness.engine), [1]);
}

#[test]
fn clients_go_before_keys_do() {
    let mut harness = harness(b"1mb", &[1, 1]);
    harness.host.used_memory = 2_000_000;
    harness.config("maxmemory", b"1999999").expect("a limit");
    hold(&mut harness, 0, 1100 * KB);
    assert_eq!(harness.client(2).send("PING").to_string(), "+PONG");
    assert_eq!(harness.engine.server.totals.evicted_clients, 1);
    assert_eq!(harness.exchange(1, &["PING"])[0].to_string(), "closed");
    // What somebody was answered in this turn counts as well.
    harness.client(2).send("PING");
    harness.engine.server.clients.get_mut(ClientSlot(1)).expect("a client").query_capacity = 1100 * KB;
    harness.engine.server.pending_writes.push(ClientSlot(1));
    harness.client(3).send("PING");
    assert_eq!(harness.engine.server.totals.evicted_clients, 2);
    harness.client(4).send("PING");
    // Who asks may be the one that is too large.
    let asking = harness.engine.server.clients.iter().last().expect("a client").slot;
    hold(&mut harness, asking.0 as usize, 1100 * KB);
    let who = if asking.0 == 2 { 3 } else { 4 };
    assert_eq!(harness.exchange(who, &["PING"])[0].to_string(), "closed");
    assert_eq!(harness.engine.server.totals.evicted_clients, 3);
}
