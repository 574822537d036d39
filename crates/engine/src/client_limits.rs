//! What one client may cost, and who is turned away at the door.
//!
//! These are questions that the socket side asks; it is the one that acts on the answers.

use config::OutputBufferLimit;

use crate::client::{Class, Client, ClientSlot};
use crate::engine::Engine;
use crate::gate::Gate;
use crate::state::ServerState;

/// Sent to a connection beyond `maxclients`, which is closed then.
pub const TOO_MANY_CLIENTS: &str = "-ERR max number of clients reached\r\n";

/// Sent to a stranger in protected mode, whose connection is closed then. Clients know it by its first word.
pub const PROTECTED: &str = "-DENIED Running in protected mode: it is enabled and the default user has no password, so \
    only connections from this host (the loopback interface) are accepted. To let others in, do one of these: \
    1) set a password for the default user (requirepass); \
    2) send CONFIG SET protected-mode no from this host, and CONFIG REWRITE to keep it so; \
    3) put protected-mode no into the configuration file, or --protected-mode no on the command line, and restart. \
    Without a password make sure that nobody outside your network can reach the port.\r\n";

/// Bytes held for clients, by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientMemory {
    pub normal: usize,
    pub replicas: usize,
    pub pubsub: usize,
}

/// Sums up what clients cost; the one whose command runs is given apart. `O(clients)`.
pub fn memory(server: &ServerState, running: Option<&Client>) -> ClientMemory {
    let mut sum = ClientMemory::default();
    for client in server.clients.iter().chain(running) {
        let part = match client.class() {
            Class::Normal => &mut sum.normal,
            Class::Replica => &mut sum.replicas,
            Class::PubSub => &mut sum.pubsub,
        };
        *part += client.memory();
    }
    sum
}

impl Engine {
    /// Whether a connection from elsewhere must be turned away with [`PROTECTED`].
    pub fn refuses_strangers(&self) -> bool {
        self.server.config.protected_mode && !crate::auth::has_password(&self.server.config)
    }

    /// Whether there is room for one more client; if not, it is sent [`TOO_MANY_CLIENTS`]. Counts the refusal.
    pub fn admits(&mut self) -> bool {
        let room = (self.server.clients.len() as u64) < u64::from(self.server.config.maxclients);
        self.server.totals.rejected_connections += u64::from(!room);
        room
    }

    /// Whether a client has been idle for longer than `timeout`. Those who wait, listen or watch never are.
    pub fn idle_too_long(&self, slot: ClientSlot) -> bool {
        let Some(client) = self.server.clients.get(slot) else { return false };
        let waits = Gate::BLOCKED.and(Gate::WATCHER).and(Gate::SUBSCRIBED);
        let timeout = u64::from(self.server.config.timeout);
        let idle_s = self.server.mono_us.saturating_sub(client.last_active_us) / 1_000_000;
        timeout > 0
            && client.class() == Class::Normal
            && !client.held
            && !client.gate.meets(waits)
            && idle_s > timeout
    }

    /// Whether a client has let more replies pile up than `client-output-buffer-limit` allows: more than the hard
    /// limit, or more than the soft one for longer than the time that comes with it. Keeps that time, so it is to be
    /// asked whenever output was added, and now and then.
    pub fn over_output_limit(&mut self, slot: ClientSlot) -> bool {
        let now_us = self.server.mono_us;
        let limits = self.server.config.client_output_buffer_limit;
        let Some(client) = self.server.clients.get_mut(slot) else { return false };
        let limit = match client.class() {
            Class::Normal => limits.normal,
            Class::Replica => limits.replica,
            Class::PubSub => limits.pubsub,
        };
        let over = over(client, limit, now_us);
        self.server.totals.output_limit_disconnections += u64::from(over);
        over
    }
}

/// A limit of 0 is none. The first block of an outbox is free, as the peers' fixed reply buffer is.
fn over(client: &mut Client, limit: OutputBufferLimit, now_us: u64) -> bool {
    let used = client.out.queue_memory() as u64;
    let reaches = |limit: u64| limit > 0 && used >= limit;
    if !reaches(limit.soft) {
        client.over_soft_limit_since = None;
        return reaches(limit.hard);
    }
    let since = *client.over_soft_limit_since.get_or_insert(now_us);
    reaches(limit.hard) || now_us.saturating_sub(since) / 1_000_000 > limit.soft_seconds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::About;

    #[test]
    fn the_soft_limit_may_be_passed_for_a_while() {
        let mut client = Client::new(1, ClientSlot(0), About::default());
        let limit = OutputBufferLimit { hard: 1 << 20, soft: 1 << 16, soft_seconds: 10 };
        client.out.bulk(&[0; 70_000]);
        assert!(!over(&mut client, limit, 1_000_000));
        assert!(!over(&mut client, limit, 11_000_000));
        assert!(over(&mut client, limit, 12_000_000));
        client.out.clear();
        assert!(!over(&mut client, limit, 13_000_000));
        client.out.bulk(&[0; 70_000]);
        assert!(!over(&mut client, limit, 14_000_000));
        client.out.bulk(&[0; 1 << 20]);
        assert!(over(&mut client, limit, 14_000_000));
        assert!(!over(&mut client, OutputBufferLimit::default(), 99_000_000));
    }
}
