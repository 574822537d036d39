//! CLIENT PAUSE: requests are held until a time, or until CLIENT UNPAUSE.
//!
//! A held request stays where it is, in its connection; the client is listed in `ServerState::held`. When the pause
//! ends all of them go to `ServerState::resumed`, and the loop offers their requests again, in the order in which
//! they were held. While a pause lasts nothing changes the dataset: keys do not expire (they are hidden), and none is
//! evicted.
//!
//! **Invariants**
//! 1. `pause` is set exactly if the gate PAUSED is up, and then `env.hold_expiry` is set (see `import`).
//! 2. A client is in `held` exactly if its `held` is set; `held` is empty without a pause.

use keyspace::Keyspace;

use crate::client::Client;
use crate::engine::Engine;
use crate::gate::Gate;
use crate::state::{Pause, ServerState};

/// Begins a pause. If there is one already the longer time and the stricter kind hold.
pub fn begin(keyspace: &mut Keyspace, server: &mut ServerState, wanted: Pause) {
    let pause = match server.pause {
        Some(now) => Pause { until_ms: now.until_ms.max(wanted.until_ms), all: now.all || wanted.all },
        None => wanted,
    };
    server.pause = Some(pause);
    server.gate.set(Gate::PAUSED, true);
    keyspace.env.hold_expiry = true;
}

/// Ends the pause, if there is one.
pub fn end(keyspace: &mut Keyspace, server: &mut ServerState) {
    if server.pause.take().is_none() {
        return;
    }
    server.gate.set(Gate::PAUSED, false);
    // Those who wait for keys are served again.
    keyspace.env.news = true;
    crate::import::leave(keyspace, server);
    for slot in std::mem::take(&mut server.held) {
        if let Some(client) = server.clients.get_mut(slot) {
            client.held = false;
            server.resumed.push(slot);
        }
    }
}

/// Ends the pause if its time has come.
pub fn step(keyspace: &mut Keyspace, server: &mut ServerState, now_ms: i64) {
    if server.pause.is_some_and(|pause| pause.until_ms <= now_ms) {
        end(keyspace, server);
    }
}

/// Notes that the request of the client at hand waits for the end of the pause.
pub(crate) fn hold(server: &mut ServerState, client: &mut Client) {
    if !client.held {
        client.held = true;
        server.held.push(client.slot);
    }
}

impl Engine {
    /// Ends the pause if its time has come; for cron.
    pub fn pause_step(&mut self, now_ms: i64) {
        step(&mut self.keyspace, &mut self.server, now_ms);
    }
}
