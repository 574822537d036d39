//! Serving others while one client's script runs for long.
//!
//! A request that may take long is executed with its connection taken out of the list, so that everything else can be
//! lent to the host ([`Rest`]). When the engine finds the script slow it hands itself to the host, and a turn without
//! waiting is made with it: new clients are accepted, requests are read and, but for few, refused; replies leave. There
//! is no cron, and no expiry: the keyspace is the script's.
//!
//! **Invariant** 1. When others were served, nothing of the batch is executed any more: its requests may be done, and its
//! connections gone. What is left of them is parsed again.

use std::time::Duration;

use engine::{ClientSlot, Engine};
use world::{ConnId, World};

use crate::batch::{Batch, Kind, Request};
use crate::connection::Connection;
use crate::crash;
use crate::host::WorldHost;
use crate::listeners::Listeners;
use crate::turn::{Running, Server, heed};

/// All of a server but its engine, its listeners and the connection whose request runs.
pub struct Rest<'a> {
    conns: &'a mut Vec<Option<Box<Connection>>>,
    by_slot: &'a mut Vec<ConnId>,
    buffers: &'a mut Vec<Vec<u8>>,
    unfinished: &'a mut Vec<u32>,
    running: &'a mut Running,
    accept_quiet_until: &'a mut u64,
    cron_due_us: &'a mut u64,
    /// Connections whose requests are in the batch.
    waiting: &'a [u32],
    /// Others have been served.
    served: &'a mut bool,
}

impl Rest<'_> {
    /// A turn that does not wait.
    pub fn serve(&mut self, engine: Engine, world: &mut dyn World, listeners: &mut Listeners) -> Engine {
        let mut server = Server::new(engine);
        server.running = *self.running;
        self.trade(&mut server, listeners);
        if !std::mem::replace(self.served, true) {
            server.parse_again(self.waiting);
        }
        server.turn_at_once(world);
        self.trade(&mut server, listeners);
        *self.running = server.running;
        if let Some(script) = &mut server.engine.server.scripting.running {
            script.aborted |= server.running == Running::Stopping;
        }
        server.engine
    }

    /// Exchanges what the two hold.
    fn trade(&mut self, server: &mut Server, listeners: &mut Listeners) {
        std::mem::swap(self.conns, &mut server.conns);
        std::mem::swap(self.by_slot, &mut server.by_slot);
        std::mem::swap(self.buffers, &mut server.buffers);
        std::mem::swap(self.unfinished, &mut server.unfinished);
        std::mem::swap(self.accept_quiet_until, &mut server.accept_quiet_until);
        std::mem::swap(self.cron_due_us, &mut server.cron_due_us);
        std::mem::swap(listeners, &mut server.listeners);
    }
}

impl Server {
    /// The server in parts: those that are lent while the engine works, the engine, the listeners.
    pub(crate) fn apart<'a>(
        &'a mut self,
        waiting: &'a [u32],
        served: &'a mut bool,
    ) -> (Rest<'a>, &'a mut Engine, &'a mut Listeners) {
        let rest = Rest {
            conns: &mut self.conns,
            by_slot: &mut self.by_slot,
            buffers: &mut self.buffers,
            unfinished: &mut self.unfinished,
            running: &mut self.running,
            accept_quiet_until: &mut self.accept_quiet_until,
            cron_due_us: &mut self.cron_due_us,
            waiting,
            served,
        };
        (rest, &mut self.engine, &mut self.listeners)
    }

    /// Executes a request while others may be served; whether they were.
    pub(crate) fn execute_long(&mut self, world: &mut dyn World, batch: &Batch, request: &Request) -> bool {
        let Some(mut connection) = self.conns[request.conn as usize].take() else { return false };
        let mut served = false;
        if !connection.held && !connection.refused && !matches!(request.kind, Kind::Error(_)) {
            let (rest, engine, listeners) = self.apart(&batch.conns, &mut served);
            let mut host = WorldHost { world, listeners, rest: Some(rest) };
            let argv = batch.argv(request, &connection.input);
            crash::note(connection.slot.0, request.ahead.command);
            let verdict = engine.execute_apart(&mut host, connection.slot, argv, request.ahead);
            heed(&mut connection, request, verdict);
        }
        self.conns[request.conn as usize] = Some(connection);
        served
    }

    /// Has what these connections have sent, and was not executed, parsed anew.
    pub(crate) fn parse_again(&mut self, indices: &[u32]) {
        for &index in indices {
            if let Some(connection) = self.conns.get_mut(index as usize).and_then(Option::as_deref_mut) {
                connection.progress = None;
                connection.missing = 0;
                self.mark_unfinished(index);
            }
        }
    }

    /// Receives, executes and sends what can be at once.
    fn turn_at_once(&mut self, world: &mut dyn World) {
        self.resume();
        let mut events = Vec::new();
        // What cannot be waited for now is waited for later.
        if world.wait(Some(Duration::ZERO), &mut events).is_err() {
            return;
        }
        let now = world.now();
        self.engine.set_time(now.wall_us, now.mono_us);
        self.go_on(world);
        for event in events {
            self.handle(world, event);
        }
        self.execute(world);
        self.effects(world);
        if self.running == Running::Stopping {
            // Nobody is let in who would only be turned away when the script has ended.
            self.listeners.close(world);
        }
        // The client whose script runs is not among the others; what it has coming waits.
        let server = &mut self.engine.server;
        let absent = |slot: &ClientSlot| server.clients.get(*slot).is_none();
        let (later, now) = std::mem::take(&mut server.pending_writes).into_iter().partition(absent);
        let absent = |slot: &ClientSlot| server.clients.get(*slot).is_none();
        let (later_closed, now_closed) = std::mem::take(&mut server.closing).into_iter().partition(absent);
        (server.pending_writes, server.closing) = (now, now_closed);
        self.log(world);
        self.flush(world);
        self.close_ended(world);
        let kept: (Vec<ClientSlot>, Vec<ClientSlot>) = (later, later_closed);
        self.engine.server.pending_writes.extend(kept.0);
        self.engine.server.closing.extend(kept.1);
    }
}
