//! A client that sends and never reads: its requests wait, and run when it has read.

use engine::client_limits::FLOOD;
use engine::{ClientSlot, Gate};
use testkit::Harness;

fn flooded(harness: &Harness) -> bool {
    harness.engine.server.clients.get(ClientSlot(0)).is_some_and(|client| client.gate.meets(Gate::FLOODED))
}

#[test]
fn requests_of_a_client_that_does_not_read_wait_until_it_has() {
    let mut harness = Harness::new();
    harness.send("SET k v");
    harness.engine.server.clients.get_mut(ClientSlot(0)).unwrap().gate.set(Gate::FLOODED, true);
    assert!(harness.exchange(1, &["GET", "k"]).is_empty(), "held, not refused");
    assert_eq!(harness.client(2).send("GET k").to_string(), "\"v\"", "others are served");

    assert!(harness.engine.server.clients.get(ClientSlot(0)).unwrap().out.len() < FLOOD / 2);
    harness.engine.ebb(ClientSlot(0));
    assert!(!flooded(&harness));
    assert_eq!(harness.engine.server.resumed, [ClientSlot(0)]);
    harness.advance(1);
    assert_eq!(harness.client(1).received()[0].to_string(), "\"v\"");
}
