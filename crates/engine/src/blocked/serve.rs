//! Serving those who wait, and letting them go.
//!
//! While CLIENT PAUSE is in force nobody is served: what is ready stays so until the end of the pause. (Time runs on
//! for those who wait, as with the peers.)

use keyspace::{DbIndex, Keyspace};

use super::{State, Waiting};
use crate::client::{Client, ClientSlot, ReplyMode};
use crate::engine::Engine;
use crate::error::CommandError;
use crate::gate::Gate;
use crate::host::Host;
use crate::path;
use crate::registry::Registry;
use crate::state::ServerState;

/// Serves whom it may, until nothing is ready. Does nothing inside of EXEC, or of itself: the outermost does it.
pub(crate) fn serve(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
) {
    if server.depth > 0 || server.blocked.serving {
        return;
    }
    if server.pause.is_some() {
        // Its end raises it again.
        keyspace.env.news = keyspace.env.has_gone();
        return;
    }
    server.blocked.serving = true;
    let mut late = false;
    loop {
        for made in std::mem::take(&mut keyspace.env.made) {
            server.blocked.note_ready(made.db, &made.key);
        }
        let ready = std::mem::take(&mut server.blocked.ready);
        if ready.is_empty() {
            break;
        }
        if !late {
            late = true;
            set_time(keyspace, server, host);
        }
        for (db, key) in ready {
            serve_key(keyspace, server, registry, host, (db, &key));
        }
    }
    server.blocked.serving = false;
    // A key that was found to be due on the way is told with the next command.
    keyspace.env.news = keyspace.env.has_gone();
}

/// Those who are served see the time of now: what made the key ready may have taken long, and the key's own time may be
/// up since.
fn set_time(keyspace: &mut Keyspace, server: &mut ServerState, host: &dyn Host) {
    server.wall_us = host.wall_us();
    server.mono_us = host.mono_us().max(server.mono_us);
    keyspace.env.set_now(server.wall_us / 1000);
}

/// Tries those who waited for a key when this began, in their order, until it is gone.
fn serve_key(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    (db, key): (DbIndex, &[u8]),
) {
    let last = server.blocked.queue(db, key).and_then(|queue| queue.waiters.last_key_value());
    let Some(last) = last.map(|(ticket, _)| *ticket) else { return };
    let mut from = 0;
    while let Some(queue) = server.blocked.queue(db, key) {
        let hashed = keyspace.key(key);
        let kind = keyspace.db(db).type_of(hashed);
        if kind.is_none() && queue.if_gone == 0 {
            return;
        }
        let next = queue.waiters.range(from..).next().filter(|(ticket, _)| **ticket <= last);
        let Some((&ticket, &slot)) = next else { return };
        from = ticket + 1;
        let Some(client) = server.clients.get(slot) else { continue };
        let may = |waiting: &Waiting| waiting.if_gone || kind == Some(waiting.wants);
        if !client.gate.meets(Gate::CLOSING) && client.waiting.as_deref().is_some_and(may) {
            retry(keyspace, server, registry, host, slot);
        }
    }
}

/// Runs the request of a waiting client again.
fn retry(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    slot: ClientSlot,
) {
    let Some(mut client) = server.clients.take(slot) else { return };
    let Some(waiting) = &mut client.waiting else { return server.put_back(client) };
    waiting.state = State::Tried;
    let (request, ahead) = (std::mem::take(&mut waiting.request), waiting.ahead);
    client.gate.set(Gate::BLOCKED, false);
    client.out.lend(&mut server.reply_pool);
    let mark = client.out.mark();
    path::run_again(keyspace, server, registry, host, &mut client, request.view(), ahead);
    let Some(waiting) = &mut client.waiting else { return server.put_back(client) };
    waiting.request = request;
    client.gate.set(Gate::BLOCKED, true);
    if waiting.state == State::Again {
        waiting.state = State::Asleep;
    } else {
        let_go(keyspace, server, &mut client, mark);
    }
    server.put_back(client);
}

/// The client was answered: its next requests may run.
fn let_go(keyspace: &mut Keyspace, server: &mut ServerState, client: &mut Client, mark: crate::outbox::Mark) {
    super::forget(keyspace, server, client);
    if client.reply_mode != ReplyMode::On {
        path::unmute(client, mark);
    }
    server.resumed.push(client.slot);
}

/// How a client is told that it waits no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// As if its time were up.
    TimeUp,
    /// With an error.
    Error,
}

/// Ends the waiting of a client (CLIENT UNBLOCK). False if it does not wait.
pub fn release(keyspace: &mut Keyspace, server: &mut ServerState, slot: ClientSlot, how: Release) -> bool {
    let Some(mut client) = server.clients.take(slot) else { return false };
    let Some(waiting) = &client.waiting else {
        server.put_back(client);
        return crate::aof::wait::release(server, slot, how);
    };
    let (command, spent) = (usize::from(waiting.ahead.command), waiting.spent);
    client.out.lend(&mut server.reply_pool);
    let mark = client.out.mark();
    server.commands[command].calls += 1;
    server.commands[command].ticks += spent;
    client.total_commands += 1;
    match how {
        Release::TimeUp => client.out.null_array(),
        Release::Error => {
            let line = CommandError::Line("UNBLOCKED client unblocked via CLIENT UNBLOCK").to_line();
            client.out.error(&line);
            server.count_error(&line);
            server.commands[command].failed += 1;
        }
    }
    let_go(keyspace, server, &mut client, mark);
    server.put_back(client);
    true
}

/// Answers those whose time is up.
pub(crate) fn time_out(keyspace: &mut Keyspace, server: &mut ServerState) {
    while let Some((at_us, slot)) = server.blocked.deadlines.first().copied() {
        if at_us > server.mono_us {
            break;
        }
        if !release(keyspace, server, slot, Release::TimeUp) {
            // Only a bug leaves a deadline behind; the cron must not spin because of it.
            server.blocked.deadlines.remove(&(at_us, slot));
        }
    }
}

/// Has those looked at again whom time alone may serve now; [`Engine::follow_up`] serves them.
pub(crate) fn retry_due(keyspace: &mut Keyspace, server: &mut ServerState) {
    while let Some((at_us, slot)) = server.blocked.retries.first().copied() {
        if at_us > server.mono_us {
            break;
        }
        server.blocked.retries.pop_first();
        let Some(waiting) = server.clients.get_mut(slot).and_then(|client| client.waiting.as_mut()) else {
            continue;
        };
        waiting.retry_us = None;
        for at in waiting.keys.clone() {
            server.blocked.note_ready(waiting.db, &waiting.request.view()[at]);
        }
        keyspace.env.news = true;
    }
}

impl Engine {
    /// What follows from what happened without a command: keys that went, the end of a pause.
    pub(crate) fn follow_up(&mut self, host: &mut dyn Host) {
        let Engine { keyspace, server, registry } = self;
        if keyspace.env.news {
            path::follow_gone(keyspace, server, None);
            serve(keyspace, server, registry, host);
        }
    }
}
