//! What time brings, seen from outside: a server without sockets, and a clock in the hand of the test.

use engine::Gate;
use engine::observe::Metric;
use engine::state::Pause;
use testkit::Harness;

#[test]
fn who_is_idle_for_too_long_is_closed() {
    let mut harness = Harness::new();
    harness.config("timeout", b"2").unwrap();
    harness.client(1).send("PING");
    harness.client(2).send("PING");
    harness.advance(1500);
    harness.client(2).send("PING");
    harness.advance(1800);
    assert_eq!(harness.engine.server.clients.len(), 1, "client 1 was silent for 3.3 s, client 2 for 1.8 s");
    assert_eq!(harness.exchange(1, &["PING"])[0].to_string(), "closed");
    assert_eq!(harness.client(2).send("PING").to_string(), "+PONG");
}

#[test]
fn what_a_pause_held_runs_when_it_ends() {
    let mut harness = Harness::new();
    harness.send("PING");
    let server = &mut harness.engine.server;
    server.pause = Some(Pause { until_ms: server.now_ms() + 250, all: true });
    server.gate.set(Gate::PAUSED, true);
    assert!(harness.exchange(1, &["SET", "k", "v"]).is_empty());
    harness.advance(200);
    assert!(harness.client(1).received().is_empty());
    harness.advance(100);
    assert_eq!(harness.client(1).received()[0].to_string(), "+OK");
}

#[test]
fn keys_expire_without_being_asked_for() {
    let mut harness = Harness::new();
    for n in 0..5000 {
        harness.send(&format!("SET key:{n} v"));
        harness.send(&format!("PEXPIRE key:{n} {}", 1000 + n % 500));
    }
    harness.send("SET kept v");
    harness.advance(1000 + 500 + 1000);
    assert_eq!(harness.engine.keyspace.look(0).len(), 1);
    assert_eq!(harness.engine.keyspace.env.stats.expired, 5000);
}

#[test]
fn the_stopped_cron_expires_nothing() {
    let mut harness = Harness::new();
    harness.send("SET key v");
    harness.send("PEXPIRE key 10");
    harness.engine.server.debug.cron_paused = true;
    harness.advance(1000);
    assert_eq!(harness.engine.keyspace.look(0).len(), 1);
}

#[test]
fn rates_are_those_of_the_last_seconds() {
    let mut harness = Harness::new();
    for _ in 0..20 {
        (0..10).for_each(|_| drop(harness.send("PING")));
        harness.advance(100);
    }
    let rate = harness.engine.server.samples.per_second(Metric::Commands);
    assert!((90..=110).contains(&rate), "{rate}");
    harness.advance(2000);
    assert_eq!(harness.engine.server.samples.per_second(Metric::Commands), 0);
}

#[test]
fn hz_says_how_often_it_is_called() {
    let mut harness = Harness::new();
    let mut calls_a_second = |hz: &str| {
        harness.config("hz", hz.as_bytes()).unwrap();
        harness.advance(1000);
        let until_us = harness.host.mono_us + 1_000_000;
        let mut calls = 0;
        while harness.host.mono_us < until_us {
            calls += 1;
            let due_us = harness.engine.cron(&mut harness.host);
            harness.host.pass(due_us.saturating_sub(harness.host.mono_us).max(1));
            harness.engine.set_time(harness.host.wall_us, harness.host.mono_us);
        }
        calls
    };
    let slow = calls_a_second("10");
    let fast = calls_a_second("100");
    assert!((10..=12).contains(&slow), "an idle server sleeps: {slow}");
    assert!((100..=112).contains(&fast), "{fast}");
}

#[test]
fn only_what_needs_memory_is_refused_when_nothing_can_be_evicted() {
    let mut harness = Harness::new();
    harness.send("MSET a 1 b 2 c 3");
    harness.config("maxmemory", b"500000").unwrap();
    assert!(harness.send("SET d 4").to_string().starts_with("-OOM command not allowed"));
    assert_eq!(harness.send("GET a").to_string(), r#""1""#);
    harness.config("maxmemory-policy", b"allkeys-lru").unwrap();
    // The host's figure does not move, so that everything goes, and in vain.
    assert!(harness.send("SET d 4").to_string().starts_with("-OOM"));
    assert_eq!(harness.engine.keyspace.env.stats.evicted, 3);
    harness.advance(500);
    let exceeded_us = harness.engine.server.eviction.exceeded_us(harness.host.mono_us);
    assert_eq!(exceeded_us, (500_000, 500_000));
    harness.host.used_memory = 400_000;
    assert_eq!(harness.send("SET d 4").to_string(), "+OK");
}

#[test]
fn certificates_are_read_again_at_their_interval() {
    let mut harness = Harness::new();
    harness.advance(5_000);
    assert_eq!(harness.host.encrypted, 0);
    harness.config("tls-auto-reload-interval", b"10").expect("a parameter");
    harness.advance(35_000);
    assert!((3..=4).contains(&harness.host.encrypted), "{}", harness.host.encrypted);
}

#[test]
fn parameters_of_tls_are_acted_on_even_if_they_stay_the_same() {
    let mut harness = Harness::new();
    for times in 1..3 {
        harness.send("CONFIG SET tls-cert-file a.pem");
        assert_eq!(harness.host.encrypted, times);
    }
    harness.send("CONFIG SET port 7000");
    assert_eq!(harness.host.encrypted, 2);
}

#[test]
fn names_of_evicted_keys_make_no_more_keys_go() {
    let mut harness = Harness::new();
    harness.send("HELLO 3");
    harness.send("CLIENT TRACKING ON BCAST");
    let name = |n: usize| format!("{n}{}", "x".repeat(1000));
    for n in 0..10 {
        harness.client(2).send(&format!("SET {} v", name(n)));
    }
    harness.config("maxmemory-policy", b"allkeys-random").expect("a policy");
    let limit = (harness.host.used_memory - 2500).to_string();
    harness.config("maxmemory", limit.as_bytes()).expect("a limit");
    assert_eq!(
        harness.client(2).send("DBSIZE").to_string(),
        ":7",
        "what they hold for a while is not counted"
    );
}

#[test]
fn buffers_that_nobody_uses_go_before_keys_do() {
    let mut harness = Harness::new();
    harness.send("SET k v");
    harness.config("maxmemory-policy", b"allkeys-random").expect("a policy");
    harness.engine.server.reply_pool = vec![Vec::with_capacity(1000); 60];
    let limit = (harness.host.used_memory - 1).to_string();
    harness.config("maxmemory", limit.as_bytes()).expect("a limit");
    harness.send("DBSIZE");
    assert!(harness.engine.server.reply_pool.len() < 10);
}
