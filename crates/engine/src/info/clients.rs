//! `# Clients`: who is connected, and what they wait for.

use super::{Facts, Section, Shown, Text};
use crate::client::Client;

pub(super) const SECTION: Section =
    Section { title: "Clients", names: &["clients"], shown: Shown::ByDefault, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    let server = facts.server;
    let (input, output) = server.recent_buffers.peaks(server.mono_us);
    let mine: &Client = facts.asking;
    text.field("connected_clients", server.clients.len());
    text.field("cluster_connections", 0);
    text.field("maxclients", server.config.maxclients);
    text.field("client_recent_max_input_buffer", input.max(mine.query_capacity));
    text.field("client_recent_max_output_buffer", output);
    // Those whom a pause holds are counted, as with the peers.
    text.field("blocked_clients", server.blocked.clients() + server.held.len() + server.aof.waits.len());
    text.field("tracking_clients", server.tracking.clients());
    text.field("pubsub_clients", server.pubsub.clients());
    let (watches, blocked) = (&server.watches, &server.blocked);
    text.field("watching_clients", watches.clients());
    text.field("clients_in_timeout_table", blocked.with_deadline());
    text.field("total_watched_keys", watches.keys());
    text.field("total_blocking_keys", blocked.keys());
    text.field("total_blocking_keys_on_nokey", blocked.keys_if_gone());
    paused(facts, text);
}

fn paused(facts: &Facts<'_>, text: &mut Text) {
    let (reason, actions, left_ms) = match facts.server.pause {
        Some(pause) => {
            let actions = if pause.all { "all" } else { "write" };
            ("client_pause", actions, pause.until_ms.saturating_sub(facts.server.now_ms()).max(0))
        }
        None => ("none", "none", 0),
    };
    text.field("paused_reason", reason);
    text.field("paused_actions", actions);
    text.field("paused_timeout_milliseconds", left_ms);
}
