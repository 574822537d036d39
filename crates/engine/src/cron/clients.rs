//! Clients are looked at in turns, a few in each call, so that each is looked at about once a second.

use super::Again;
use crate::client::{ClientSlot, Close};
use crate::client_limits::{idles, over_output_limit};
use crate::engine::Engine;
use crate::host::{Host, Level};
use crate::state::{Effect, ServerState};

/// Fewest and most clients in one call; with more of them than this times `hz`, calls come more often.
const SOME: usize = 5;
const MANY: usize = 200;
/// Most calls in a second.
const HZ_MAX: u32 = 500;

/// How many times a second clients are looked at: `hz`, doubled until [`MANY`] at a time suffice.
pub fn clients_hz(server: &ServerState) -> u32 {
    let mut hz = server.config.hz.clamp(1, HZ_MAX);
    while hz < HZ_MAX && server.clients.len() / hz as usize > MANY {
        hz = (hz * 2).min(HZ_MAX);
    }
    hz
}

pub(super) fn tend_some(engine: &mut Engine, host: &mut dyn Host, _: u64) -> Again {
    let server = &mut engine.server;
    let slots = server.clients.slots();
    let count = (server.clients.len() / clients_hz(server) as usize).clamp(SOME, MANY).min(slots);
    for _ in 0..count {
        let at = server.cron.next_client % slots;
        server.cron.next_client = at + 1;
        tend(server, host, ClientSlot(at as u32));
    }
    Again::Later
}

/// Looks at one client: its buffers are noted, and it is closed if it idles or does not read.
fn tend(server: &mut ServerState, host: &mut dyn Host, slot: ClientSlot) {
    server.reckon(slot);
    let Some(client) = server.clients.get_mut(slot) else { return };
    if client.close != Close::No {
        return;
    }
    server.recent_buffers.note(server.mono_us, client.query_capacity, client.out.memory());
    if client.query_capacity > 0 {
        server.effects.push(Effect::FitQueryBuffer(slot));
    }
    if idles(client, &server.config, server.mono_us) {
        host.log(Level::Verbose, "Closing idle client");
    } else if over_output_limit(client, &server.config, server.mono_us) {
        server.totals.output_limit_disconnections += 1;
        let address = &client.about.address;
        host.log(
            Level::Warning,
            &format!("Client {address} closed: its replies wait for too long (output buffer limit)."),
        );
    } else {
        return;
    }
    client.close(Close::Now);
    if !client.close_noted {
        client.close_noted = true;
        server.closing.push(slot);
    }
}
