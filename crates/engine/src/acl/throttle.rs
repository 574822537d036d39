//! Guessing passwords is slow: after [`FREE`] wrong ones, an address may try one every [`PAUSE_US`].
//!
//! What comes too early is held, as in a pause, and offered again when its time has come; answers are the same, only
//! later. Who gives the right password is not held up longer for it, since only failures begin a new pause. Passwords
//! inside of a transaction cannot be held: there they are wrong without being looked at.
//!
//! **Invariants**
//! 1. The gate THROTTLED of the server is up exactly if some address has failed [`FREE`] times.
//! 2. A client is in `held` exactly if its `throttled` is set.
//! 3. No more than [`ADDRESSES_MAX`] addresses are remembered, none longer than [`FORGET_US`] after its last failure.

use std::collections::BTreeMap;

use crate::client::{Client, ClientSlot};
use crate::gate::Gate;
use crate::state::{Effect, ServerState};

/// Wrong passwords that cost nothing.
const FREE: u32 = 10;
const PAUSE_US: u64 = 100_000;
const FORGET_US: u64 = 60_000_000;
const ADDRESSES_MAX: usize = 1024;

#[derive(Debug, Default)]
pub struct Throttle {
    addresses: BTreeMap<String, Failures>,
    held: Vec<ClientSlot>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    /// Monotonic microseconds.
    last_us: u64,
}

impl Failures {
    fn is_early(self, now_us: u64) -> bool {
        self.count >= FREE && now_us < self.last_us.saturating_add(PAUSE_US)
    }
}

/// An address without its port; for unix sockets, the path.
fn host(client: &Client) -> &str {
    let address = &client.about.address;
    address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host)
}

/// Whether a client must wait before a password of it is looked at.
pub(super) fn is_early(server: &ServerState, client: &Client) -> bool {
    let known = server.access.throttle.addresses.get(host(client));
    known.is_some_and(|failures| failures.is_early(server.mono_us))
}

/// A password was wrong.
pub(super) fn failed(server: &mut ServerState, client: &Client) {
    let (now_us, addresses) = (server.mono_us, &mut server.access.throttle.addresses);
    if addresses.len() >= ADDRESSES_MAX && !addresses.contains_key(host(client)) {
        let oldest =
            addresses.iter().min_by_key(|(_, failures)| failures.last_us).map(|(host, _)| host.clone());
        oldest.map(|host| addresses.remove(&host));
    }
    let failures = addresses.entry(host(client).to_owned()).or_insert(Failures { count: 0, last_us: now_us });
    failures.count = failures.count.saturating_add(1);
    failures.last_us = now_us;
    if failures.count >= FREE {
        server.gate.set(Gate::THROTTLED, true);
    }
}

/// Notes that the request of the client at hand has come too early.
pub(crate) fn hold(server: &mut ServerState, client: &mut Client) {
    if !client.throttled {
        client.throttled = true;
        server.access.throttle.held.push(client.slot);
    }
    server.effects.push(Effect::WakeAt(server.mono_us + PAUSE_US));
}

/// A client is gone.
pub(crate) fn forget(server: &mut ServerState, client: &Client) {
    if client.throttled {
        server.access.throttle.held.retain(|slot| *slot != client.slot);
    }
}

/// Offers requests again whose time has come, and forgets old failures: for cron.
pub(crate) fn step(server: &mut ServerState) {
    if !server.gate.meets(Gate::THROTTLED) && server.access.throttle.addresses.is_empty() {
        return;
    }
    for slot in std::mem::take(&mut server.access.throttle.held) {
        let Some(client) = server.clients.get(slot) else { continue };
        if is_early(server, client) {
            server.access.throttle.held.push(slot);
        } else if let Some(client) = server.clients.get_mut(slot) {
            client.throttled = false;
            server.resumed.push(slot);
        }
    }
    let (now_us, throttle) = (server.mono_us, &mut server.access.throttle);
    throttle.addresses.retain(|_, failures| now_us < failures.last_us.saturating_add(FORGET_US));
    let any = throttle.addresses.values().any(|failures| failures.count >= FREE);
    server.gate.set(Gate::THROTTLED, any);
}
