//! What one client may cost, and who is turned away at the door.
//!
//! These are questions that the socket side asks; it is the one that acts on the answers.

use config::{Config, OutputBufferLimit};

use crate::client::{Class, Client, ClientSlot, Close};
use crate::engine::Engine;
use crate::gate::Gate;
use crate::state::ServerState;

/// Sent to a connection beyond `maxclients`, which is closed then.
const TOO_MANY_CLIENTS: &str = "-ERR max number of clients reached\r\n";

/// Sent to a stranger in protected mode, whose connection is closed then. Clients know it by its first word.
const PROTECTED: &str = "-DENIED Running in protected mode: it is enabled and the default user has no password, so \
    only connections from this host (the loopback interface) are accepted. To let others in, do one of these: \
    1) set a password for the default user (requirepass); \
    2) send CONFIG SET protected-mode no from this host, and CONFIG REWRITE to keep it so; \
    3) put protected-mode no into the configuration file, or --protected-mode no on the command line, and restart. \
    Without a password make sure that nobody outside your network can reach the port.\r\n";

/// What a new connection is sent before it is closed, if it must not stay.
pub fn refusal(server: &ServerState, loopback: bool) -> Option<&'static str> {
    let open = !server.config.protected_mode || server.access.asks_for_password();
    if server.clients.len() >= server.config.maxclients as usize {
        Some(TOO_MANY_CLIENTS)
    } else if loopback || open {
        None
    } else {
        Some(PROTECTED)
    }
}

/// Bytes of replies that may wait for one client before its next requests have to. The peers have no such bound for
/// normal clients; a client that sends and never reads would take all memory there.
pub const FLOOD: usize = 1 << 30;

impl Engine {
    /// Lets the requests of a client run again that had too much waiting for it and has read half of that.
    #[inline]
    pub fn ebb(&mut self, slot: ClientSlot) {
        if let Some(client) = self.server.clients.get_mut(slot)
            && client.gate.meets(Gate::FLOODED)
            && client.out.len() < FLOOD / 2
        {
            client.gate.set(Gate::FLOODED, false);
            self.server.resumed.push(slot);
        }
    }

    /// [`over_output_limit`] for a client by its slot.
    pub fn over_output_limit(&mut self, slot: ClientSlot) -> bool {
        let ServerState { clients, config, mono_us, .. } = &mut self.server;
        clients.get_mut(slot).is_some_and(|client| over_output_limit(client, config, *mono_us))
    }
}

/// Whether a client has been idle for longer than `timeout`. Those who wait, listen or watch never are.
pub fn idles(client: &Client, config: &Config, now_us: u64) -> bool {
    let may =
        client.monitor || client.held || client.gate.meets(Gate::BLOCKED) || client.class() != Class::Normal;
    let idle_us = now_us.saturating_sub(client.last_active_us);
    config.timeout > 0 && !may && idle_us > u64::from(config.timeout) * 1_000_000
}

/// Whether a client has let more replies pile up than `client-output-buffer-limit` allows: more than the hard limit, or
/// more than the soft one for longer than the time that comes with it. Keeps that time, so it is to be asked whenever a
/// client does not take what it is sent, and now and then.
pub fn over_output_limit(client: &mut Client, config: &Config, now_us: u64) -> bool {
    let limits = &config.client_output_buffer_limit;
    let limit = match client.class() {
        Class::Normal => limits.normal,
        Class::Replica => limits.replica,
        Class::PubSub => limits.pubsub,
    };
    over(client, limit, now_us)
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
    reaches(limit.hard) || now_us.saturating_sub(since) > limit.soft_seconds.saturating_mul(1_000_000)
}

/// Looks at a client for which whole blocks wait: closes the client whose command just ran if more waits for it than its class may hold; what it would have been sent
/// is dropped at once, and no more of its requests run.
#[cold]
pub(crate) fn close_if_over(ctx: &mut crate::ctx::Ctx<'_>) {
    if ctx.client.out.len() > FLOOD {
        ctx.client.gate.set(Gate::FLOODED, true);
    }
    if ctx.client.close == Close::No && over_output_limit(ctx.client, &ctx.server.config, ctx.server.mono_us)
    {
        ctx.server.totals.output_limit_disconnections += 1;
        let line = format!(
            "Client {} closed: more waits for it than client-output-buffer-limit allows.",
            ctx.client.about.address
        );
        ctx.host.log(crate::host::Level::Warning, &line);
        ctx.client.out.clear();
        ctx.client.close(Close::Now);
    }
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
        assert!(over(&mut client, limit, 11_000_001));
        client.out.clear();
        assert!(!over(&mut client, limit, 13_000_000));
        client.out.bulk(&[0; 70_000]);
        assert!(!over(&mut client, limit, 14_000_000));
        client.out.bulk(&[0; 1 << 20]);
        assert!(over(&mut client, limit, 14_000_000));
        assert!(!over(&mut client, OutputBufferLimit::default(), 99_000_000));
    }
}
