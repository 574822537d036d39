//! What one client may cost, and who is turned away at the door.
//!
//! These are questions that the socket side asks; it is the one that acts on the answers.

use config::{Config, OutputBufferLimit};

use crate::client::{Class, Client, ClientSlot, Close};
use crate::ctx::Ctx;
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
    if server.clients.len() >= server.config.maxclients as usize {
        Some(TOO_MANY_CLIENTS)
    } else if loopback || !only_here(server) {
        None
    } else {
        Some(PROTECTED)
    }
}

/// Whether protected mode turns everybody away who comes from elsewhere.
pub fn only_here(server: &ServerState) -> bool {
    server.config.protected_mode && !server.access.asks_for_password()
}

/// Bytes of replies, beyond the first block, that may wait for a client that has not authenticated.
const STRANGER: usize = 1024;

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
    // A stranger has nothing to ask that takes long to tell.
    let stranger = client.gate.meets(Gate::NEEDS_AUTH) && client.out.queue_memory() > STRANGER;
    stranger || over(client, limit_of(client, config), now_us)
}

fn limit_of(client: &Client, config: &Config) -> OutputBufferLimit {
    let limits = &config.client_output_buffer_limit;
    match client.class() {
        Class::Normal => limits.normal,
        Class::Replica => limits.replica,
        Class::PubSub => limits.pubsub,
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
    reaches(limit.hard) || now_us.saturating_sub(since) > limit.soft_seconds.saturating_mul(1_000_000)
}

/// Looks at a client for which whole blocks wait: closes the client whose command just ran if more waits for it than its
/// class may hold; what it would have been sent is dropped at once, and no more of its requests run.
#[cold]
pub(crate) fn close_if_over(ctx: &mut Ctx<'_>) {
    if ctx.client.out.len() > FLOOD {
        ctx.client.gate.set(Gate::FLOODED, true);
    }
    if ctx.client.close == Close::No && over_output_limit(ctx.client, &ctx.server.config, ctx.server.mono_us)
    {
        ctx.hang_up();
    }
}

/// The shortest element of a reply: an empty string.
const LEAST: usize = b"$0\r\n\r\n".len();

impl Ctx<'_> {
    /// How many bytes may come to wait for the client while one request is answered whose reply does not follow from
    /// what is stored (HRANDFIELD with a negative count): what its class may hold, at most [`FLOOD`].
    pub fn reply_room(&self) -> usize {
        let hard = limit_of(self.client, &self.server.config).hard;
        if hard == 0 { FLOOD } else { usize::try_from(hard).map_or(FLOOD, |hard| hard.min(FLOOD)) }
    }

    /// Whether a reply of so many elements cannot have room, however short they are.
    pub fn is_too_much(&self, elements: usize) -> bool {
        elements > self.reply_room() / LEAST
    }

    /// Closes the client because more would wait for it than may; what it would have been sent is dropped.
    pub fn hang_up(&mut self) {
        self.server.totals.output_limit_disconnections += 1;
        let line = format!(
            "Client {} closed: more waits for it than client-output-buffer-limit allows.",
            self.client.about.address
        );
        self.host.log(crate::host::Level::Warning, &line);
        self.client.out.clear();
        self.client.close(Close::Now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::About;

    #[test]
    fn strangers_are_owed_little() {
        let mut client = Client::new(1, ClientSlot(0), About::default());
        let config = Config::default();
        client.out.bulk(&[0; 20_000]);
        assert!(!over_output_limit(&mut client, &config, 0));
        client.gate.set(Gate::NEEDS_AUTH, true);
        assert!(over_output_limit(&mut client, &config, 0));
        client.out.clear();
        client.out.bulk(&[0; 500]);
        assert!(!over_output_limit(&mut client, &config, 0));
    }

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
