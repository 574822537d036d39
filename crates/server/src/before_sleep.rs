//! What is done before each wait, in this order.
//!
//! 1. `effects`: what commands asked of the world (shutdown, new socket settings), and who may come from where.
//! 2. `fast_expire`: keys whose time is up, if the cron's cycle was behind.
//! 3. `resume`: requests that were held are offered again.
//! 4. `log`: the append-only file is written; whose writes are not as safe as was promised is held, before …
//! 5. `flush`: … replies leave: nobody hears of a write that is not as safe as it was promised to be.
//! 6. `close`: connections that ended, after their last reply has left.
//! 7. `evict_clients`: the largest are closed if all together hold more than `maxmemory-clients` still.

use engine::{ClientSlot, Close, Effect, Engine, Gate};
use world::{Level, Send, World};

use crate::host::WorldHost;
use crate::turn::{Running, Server};

/// Most that one connection is sent before the others have their turn.
const SEND_MAX: usize = 1024 * 1024;

impl Server {
    pub(crate) fn before_sleep(&mut self, world: &mut dyn World) {
        self.effects(world);
        self.narrow_or_widen(world);
        self.fast_expire(world);
        self.resume();
        self.engine.broadcast();
        self.log(world);
        self.flush(world);
        self.close_ended(world);
        self.evict_clients(world);
    }

    /// A password has come or gone, or protected mode.
    fn narrow_or_widen(&mut self, world: &mut dyn World) {
        let server = &self.engine.server;
        if self.listeners.only_here != engine::client_limits::only_here(server)
            && self.running == Running::Yes
            && let Err(line) = self.listen(world)
        {
            world.log(Level::Warning, &format!("Failed listening on port: {line}"));
        }
    }

    fn evict_clients(&mut self, world: &mut dyn World) {
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        if self.engine.evict_clients(&mut host) {
            self.close_ended(world);
        }
    }

    /// Expiry that could not keep up goes on here, shortly.
    fn fast_expire(&mut self, world: &mut dyn World) {
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        self.engine.fast_expire(&mut host);
    }

    pub(crate) fn effects(&mut self, world: &mut dyn World) {
        for effect in std::mem::take(&mut self.engine.server.effects) {
            match effect {
                Effect::Shutdown => self.running = Running::Stopping,
                Effect::Save => {
                    let mut host =
                        WorldHost { world: &mut *world, listeners: &mut self.listeners, rest: None };
                    let Engine { keyspace, server, .. } = &mut self.engine;
                    // That it failed is in the log; the next rule tries again.
                    let _ = engine::snapshot::save(keyspace, server, &mut host);
                }
                Effect::FitQueryBuffer(slot) => self.fit_query_buffer(slot),
                Effect::WakeAt(at_us) => self.cron_by(at_us),
                // The cron looks at the title's parts.
                Effect::Title => self.cron_now(),
            }
        }
    }

    pub(crate) fn resume(&mut self) {
        for slot in std::mem::take(&mut self.engine.server.resumed) {
            let Some(index) = self.by_slot.get(slot.0 as usize).map(|conn| conn.0) else { continue };
            if let Some(connection) = self.conns.get_mut(index as usize).and_then(Option::as_deref_mut)
                && connection.slot == slot
                && connection.held
            {
                connection.held = false;
                self.mark_unfinished(index);
            }
        }
    }

    pub(crate) fn flush(&mut self, world: &mut dyn World) {
        let mut pending = std::mem::take(&mut self.engine.server.pending_writes);
        for slot in pending.drain(..) {
            self.send(world, slot);
        }
        // The list is used again; what was added meanwhile (closing lines) waits for the next turn.
        if self.engine.server.pending_writes.is_empty() {
            self.engine.server.pending_writes = pending;
        }
    }

    /// Sends what a client is to be sent, as far as there is room.
    pub(crate) fn send(&mut self, world: &mut dyn World, slot: ClientSlot) {
        let server = &mut self.engine.server;
        let Some(client) = server.clients.get_mut(slot) else { return };
        if client.close == Close::Now || client.out.is_empty() {
            client.write_pending = false;
            return;
        }
        // It is sent when what it did is safe; that there is room is of no interest before.
        if client.gate.meets(Gate::UNSYNCED) {
            if std::mem::take(&mut client.wants_room) {
                world.want_room(self.by_slot[slot.0 as usize], false);
            }
            return;
        }
        let conn = self.by_slot[slot.0 as usize];
        let result = match client.out.single() {
            Some(bytes) => world.send(conn, &[bytes]),
            None => {
                let mut slices = Vec::new();
                client.out.slices(&mut slices);
                let mut total = 0;
                let within = slices.iter().take_while(|s| (total < SEND_MAX, total += s.len()).0).count();
                world.send(conn, &slices[..within.min(64)])
            }
        };
        server.totals.writes += 1;
        match result {
            Send::Bytes(count) => {
                client.out.advance(count, &mut server.reply_pool);
                client.net_out += count as u64;
                server.totals.net_out += count as u64;
            }
            Send::Failed(_) => client.close(Close::Now),
        }
        let usual = client.out.is_empty() && client.close == Close::No;
        if usual && !client.wants_room && !client.gate.meets(Gate::FLOODED) {
            client.write_pending = false;
            return server.reckon(slot);
        }
        self.after_send(world, slot);
    }

    /// Not everything has left, or all has after a wait, or it is the end.
    #[inline(never)]
    fn after_send(&mut self, world: &mut dyn World, slot: ClientSlot) {
        let server = &mut self.engine.server;
        let Some(client) = server.clients.get_mut(slot) else { return };
        client.out.settle();
        let (empty, close) = (client.out.is_empty(), client.close);
        let on = !empty && close != Close::Now;
        client.write_pending = on;
        if close != Close::No && (empty || close == Close::Now) && !client.close_noted {
            client.close_noted = true;
            server.closing.push(slot);
        }
        if client.wants_room != on {
            client.wants_room = on;
            world.want_room(self.by_slot[slot.0 as usize], on);
        }
        self.engine.ebb(slot);
        self.engine.server.reckon(slot);
        if on {
            self.check_output_limit(world, slot);
        }
    }

    /// Closes a client that lets too much pile up.
    fn check_output_limit(&mut self, world: &mut dyn World, slot: ClientSlot) {
        if self.engine.over_output_limit(slot) {
            self.engine.server.totals.output_limit_disconnections += 1;
            let about =
                self.engine.server.clients.get(slot).map(|c| c.about.address.clone()).unwrap_or_default();
            let line = format!("Client {about} closed: it does not read its replies (output buffer limit).");
            world.log(world::Level::Warning, &line);
            self.close_now(slot);
        }
    }

    pub(crate) fn close_now(&mut self, slot: ClientSlot) {
        let server = &mut self.engine.server;
        let Some(client) = server.clients.get_mut(slot) else { return };
        client.close(Close::Now);
        if !client.close_noted {
            client.close_noted = true;
            server.closing.push(slot);
        }
    }

    pub(crate) fn close_ended(&mut self, world: &mut dyn World) {
        for slot in std::mem::take(&mut self.engine.server.closing) {
            let Some(client) = self.engine.server.clients.get_mut(slot) else { continue };
            if client.close == Close::AfterReply && !client.out.is_empty() {
                // `send` notes it again when the last byte has left.
                client.close_noted = false;
                continue;
            }
            let conn = self.by_slot[slot.0 as usize];
            if let Some(connection) = self.conns[conn.0 as usize].take() {
                world.close(connection.conn);
            }
            self.engine.disconnect(slot);
        }
    }
}
