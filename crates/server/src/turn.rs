//! One turn of the loop.

use std::time::Duration;

use engine::snapshot::{self, EndOptions};
use engine::{ClientSlot, Engine, Verdict};
use resp::{Limits, Parsed};
use world::{ConnId, Event, Recv, Signal, World};

use crate::batch::{Batch, Kind, Request};
use crate::connection::{Connection, Lately};
use crate::crash;
use crate::host::WorldHost;
use crate::listeners::Listeners;

/// Requests are looked ahead at, and their memory fetched, in groups of this many.
const GROUP: usize = 32;
/// Keys below which a database is taken to lie in the processor's caches, where fetching ahead is only work.
const PREFETCH_FROM: usize = 16 * 1024;
/// A batch is executed when it has grown to this, whatever else is ready.
const BATCH: usize = 64;
/// Requests that one connection may have executed in one turn.
const FAIR: usize = 1024;
/// A query buffer loses what it does not use when its client has been idle for longer than this.
const QUERY_IDLE_S: u64 = 2;

/// A turn loads for about so long.
const LOAD_US: u64 = 20_000;

const NOTHING_AHEAD: engine::Ahead =
    engine::Ahead { command: engine::registry::NONE, hashed: 0, long: false, size: 0, hash: 0 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    Yes,
    Stopping,
}

pub struct Server {
    pub engine: Engine,
    pub(crate) conns: Vec<Option<Box<Connection>>>,
    /// The connection of each client.
    pub(crate) by_slot: Vec<ConnId>,
    pub(crate) listeners: Listeners,
    pub(crate) running: Running,
    pub(crate) accept_quiet_until: u64,
    pub(crate) batch: Batch,
    pub(crate) events: Vec<Event>,
    pub(crate) buffers: Vec<Vec<u8>>,
    /// Connections with bytes that may hold a whole request.
    pub(crate) unfinished: Vec<u32>,
    /// When the engine's cron wants to run next, monotonic microseconds.
    pub(crate) cron_due_us: u64,
    /// When the append-only file is to be looked at again, monotonic microseconds.
    pub(crate) log_due_us: u64,
    /// When the last wait ended.
    pub(crate) awake_us: u64,
    /// Requests executed in this turn.
    pub(crate) executed: u64,
    /// Time spent on executing requests.
    pub(crate) command_ticks: u64,
}

impl Server {
    pub fn new(engine: Engine) -> Self {
        Server {
            engine,
            conns: Vec::new(),
            by_slot: Vec::new(),
            listeners: Listeners::default(),
            running: Running::Yes,
            accept_quiet_until: 0,
            batch: Batch::default(),
            events: Vec::new(),
            buffers: Vec::new(),
            unfinished: Vec::new(),
            cron_due_us: 0,
            log_due_us: u64::MAX,
            awake_us: 0,
            executed: 0,
            command_ticks: 0,
        }
    }

    /// Opens the listening sockets of the configuration; the error is one line for a person.
    pub fn listen(&mut self, world: &mut dyn World) -> Result<(), String> {
        self.listeners.open(world, &self.engine.server.config)
    }

    /// Tells the kernel how dear we are to it (`oom-score-adj`).
    pub fn adjust_oom_score(&mut self, world: &mut dyn World) {
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        engine::oom::start(&mut self.engine.server, &mut host);
    }

    /// Takes the users of the configuration, or of the ACL file; the error says why the server must not start.
    pub fn load_users(&mut self, world: &mut dyn World, lines: &[Vec<Vec<u8>>]) -> Result<(), String> {
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        engine::acl::load_at_start(&mut self.engine.server, &mut host, lines)
    }

    /// The kinds of listeners that are open (`tcp`, `unix`).
    pub fn listening(&self) -> Vec<&'static str> {
        self.listeners.kinds()
    }

    /// Turns until somebody asks the server to stop.
    pub fn run(&mut self, world: &mut dyn World) -> std::io::Result<()> {
        while self.turn(world)? == Running::Yes {}
        Ok(())
    }

    /// One turn: send, wait, receive, execute, and what time has brought.
    pub fn turn(&mut self, world: &mut dyn World) -> std::io::Result<Running> {
        self.before_sleep(world);
        if self.running == Running::Stopping {
            self.stop(world);
            return Ok(Running::Stopping);
        }
        self.write_snapshot(world);
        let asleep_us = world.now().mono_us;
        self.count_turn(asleep_us);
        let mut events = std::mem::take(&mut self.events);
        world.wait(Some(self.timeout(asleep_us)), &mut events)?;
        let now = world.now();
        self.awake_us = now.mono_us;
        self.engine.set_time(now.wall_us, now.mono_us);
        self.go_on(world);
        for event in &events {
            self.handle(world, *event);
        }
        self.execute(world);
        self.events = events;
        self.load(world)?;
        if now.mono_us >= self.cron_due_us {
            self.cron(world);
        }
        Ok(self.running)
    }

    fn timeout(&self, now_us: u64) -> Duration {
        let busy = self.is_loading();
        if busy || !self.unfinished.is_empty() || !self.engine.server.resumed.is_empty() {
            return Duration::ZERO;
        }
        let cron_us = self.cron_due_us.min(self.log_due_us).saturating_sub(now_us);
        let walk_us = snapshot::walk_due_us(&self.engine.server, now_us).unwrap_or(u64::MAX);
        Duration::from_micros(cron_us.min(walk_us))
    }

    /// Goes on with a snapshot that is written without a child, when the replies of this turn have left.
    fn write_snapshot(&mut self, world: &mut dyn World) {
        if self.engine.server.snapshot.walk.is_none() {
            return;
        }
        let busy_us = world.now().mono_us.saturating_sub(self.awake_us);
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        let Engine { keyspace, server, .. } = &mut self.engine;
        snapshot::walk(keyspace, server, &mut host, snapshot::slice_us(busy_us));
    }

    /// A turn ends where the next wait begins; before the first wait there was none.
    fn count_turn(&mut self, now_us: u64) {
        if self.awake_us == 0 {
            return;
        }
        let spent_us = now_us.saturating_sub(self.awake_us);
        let server = &mut self.engine.server;
        server.totals.turns += 1;
        server.totals.turn_us += spent_us;
        server.totals.turn_max_us = server.totals.turn_max_us.max(spent_us);
        server.totals.commands_per_turn_max = server.totals.commands_per_turn_max.max(self.executed);
        server.totals.command_us = self.command_ticks / server.ticks_per_us;
        self.executed = 0;
    }

    /// Has the cron run in this turn.
    pub(crate) fn cron_now(&mut self) {
        self.cron_due_us = 0;
    }

    /// Has the cron run at this time at the latest.
    pub(crate) fn cron_by(&mut self, at_us: u64) {
        self.cron_due_us = self.cron_due_us.min(at_us);
    }

    fn cron(&mut self, world: &mut dyn World) {
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        self.cron_due_us = self.engine.cron(&mut host);
        self.end_if_asked(world);
    }

    pub(crate) fn handle(&mut self, world: &mut dyn World, event: Event) {
        match event {
            Event::Arrived(conn) => self.receive(world, conn),
            Event::Room(conn) => {
                if let Some(connection) = self.conns.get(conn.0 as usize).and_then(Option::as_deref) {
                    let slot = connection.slot;
                    self.send(world, slot);
                }
            }
            Event::Incoming(listener) => self.accept(world, listener),
            Event::Signal(signal) => self.signalled(world, signal),
            // What clients wait for is looked at before each sleep: being awake is all there is to it.
            Event::Journal => {}
        }
    }

    fn signalled(&mut self, world: &mut dyn World, signal: Signal) {
        let name = match signal {
            Signal::Terminate => "SIGTERM",
            Signal::Interrupt => "SIGINT",
        };
        world.log(world::Level::Notice, &format!("Received {name} scheduling shutdown..."));
        let config = &self.engine.server.config;
        let wish = match signal {
            Signal::Terminate => config.shutdown_on_sigterm,
            Signal::Interrupt => config.shutdown_on_sigint,
        };
        let options = EndOptions { save: wish.save, nosave: wish.nosave, force: wish.force };
        self.engine.server.ending = Some(options);
        self.end_if_asked(world);
    }

    /// Ends if a signal asked for it, unless DEBUG has paused what is done now and then: SHUTDOWN ABORT has its chance
    /// then.
    fn end_if_asked(&mut self, world: &mut dyn World) {
        if self.engine.server.debug.cron_paused {
            return;
        }
        let Some(options) = self.engine.server.ending.take() else { return };
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        let Engine { keyspace, server, .. } = &mut self.engine;
        if snapshot::prepare_end(keyspace, server, &mut host, options) {
            self.running = Running::Stopping;
        } else {
            world.forget_signals();
        }
    }

    /// Loads some of what there is to load. What is no good is the end: nobody shall take half a dataset for the whole.
    fn load(&mut self, world: &mut dyn World) -> std::io::Result<()> {
        if !self.is_loading() {
            return Ok(());
        }
        let log = self.engine.server.aof.loading.is_some();
        self.load_some(world, LOAD_US).map_err(|why| {
            let what = if log {
                "Fatal error loading the DB."
            } else {
                "Terminating server after rdb file reading failure."
            };
            std::io::Error::other(format!("{what} {why}"))
        })
    }

    /// Reads what has arrived and parses it into the batch.
    fn receive(&mut self, world: &mut dyn World, conn: ConnId) {
        let Some(connection) = self.conns.get_mut(conn.0 as usize).and_then(Option::as_deref_mut) else {
            return;
        };
        connection.lend(&mut self.buffers);
        let room = connection.room();
        let received = world.recv(conn, &mut connection.input, room);
        let slot = connection.slot;
        match received {
            Recv::Bytes { count, .. } => {
                self.engine.server.totals.reads += 1;
                self.engine.server.totals.net_in += count as u64;
                if let Some(client) = self.engine.server.clients.get_mut(slot) {
                    client.net_in += count as u64;
                    client.last_active_us = self.engine.server.mono_us;
                }
                if connection.input.len() as u64 > self.engine.server.config.client_query_buffer_limit {
                    return self.over_query_limit(conn.0);
                }
                self.parse(conn.0);
                if self.batch.requests.len() >= BATCH {
                    self.execute(world);
                }
            }
            Recv::Nothing => connection.tidy(&mut self.buffers),
            Recv::Closed | Recv::Failed(_) => {
                // What it sent before is executed still, as with the peers; the answers go nowhere.
                self.close_now(slot);
            }
        }
    }

    /// Appends the whole requests in a connection's input to the batch.
    fn parse(&mut self, index: u32) {
        let Some(connection) = self.conns[index as usize].as_deref_mut() else { return };
        if connection.held || connection.refused {
            return;
        }
        let (limits, db) = self.engine.before_parsing(connection.slot);
        let mut at = connection.done;
        let mut found = 0;
        let before = self.batch.requests.len();
        while at < connection.input.len() {
            // What a client may send changes when it has authenticated: no looking ahead before.
            if found == FAIR || (found == 1 && !limits.authenticated) {
                if !connection.unfinished {
                    connection.unfinished = true;
                    self.unfinished.push(index);
                }
                break;
            }
            let Some(mut request) = next_request(&mut self.batch, connection, at, limits) else { break };
            at = request.to as usize;
            if !matches!(request.kind, Kind::Error(_)) {
                let argv = self.batch.argv(&request, &connection.input);
                if argv.is_empty() {
                    // An empty line: done with as soon as what is before it.
                    if self.batch.requests.len() == before {
                        connection.done = at;
                    }
                    continue;
                }
                request.ahead = self.engine.look_ahead(argv, request.wire_size(argv.len()));
            }
            (request.conn, request.db) = (index, db);
            found += 1;
            self.batch.requests.push(request);
        }
        if found == 0 {
            if let Some(connection) = self.conns[index as usize].as_deref_mut() {
                connection.tidy(&mut self.buffers);
                self.note_query(index);
            }
        } else {
            self.batch.conns.push(index);
        }
    }

    /// Closes a client that has sent more than it may have waiting (`client-query-buffer-limit`).
    #[cold]
    fn over_query_limit(&mut self, index: u32) {
        let Some(connection) = self.conns[index as usize].as_deref_mut() else { return };
        connection.refused = true;
        let slot = connection.slot;
        self.engine.server.totals.query_limit_disconnections += 1;
        self.close_now(slot);
    }

    /// Tells the session what its socket side holds.
    fn note_query(&mut self, index: u32) {
        let Some(connection) = self.conns[index as usize].as_deref_mut() else { return };
        connection.noted = connection.input.capacity() > 0;
        if let Some(client) = self.engine.server.clients.get_mut(connection.slot) {
            // Words that are whole are no longer query, as with the peers.
            let read = connection.progress.as_ref().map_or(0, |progress| progress.read());
            client.query_used = connection.input.len().saturating_sub(read);
            client.query_capacity = connection.input.capacity();
            client.argv_memory = connection.progress.as_ref().map_or(0, |progress| progress.memory());
            self.engine.server.reckon(connection.slot);
        }
    }

    /// Executes the batch, in order, its memory fetched a group ahead.
    pub(crate) fn execute(&mut self, world: &mut dyn World) {
        if self.batch.requests.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        let began = (self.engine.server.ticks)();
        self.engine.server.last_tick = began;
        'all: for group in batch.requests.chunks(GROUP) {
            if group.len() > 1 {
                prefetch(&self.engine, group);
            }
            let mut group = group.iter();
            while let Some(long) = self.execute_some(world, &batch, &mut group) {
                if self.execute_long(world, &batch, long) {
                    // Others were served meanwhile: what is left of the batch is parsed again.
                    self.parse_again(&batch.conns);
                    break 'all;
                }
            }
        }
        crash::nothing_runs();
        self.command_ticks += self.engine.server.last_tick.wrapping_sub(began);
        self.executed += batch.requests.len() as u64;
        self.batch = batch;
        self.after_batch();
    }

    /// Executes requests up to the first that may take long, which is left to the caller.
    #[inline(always)]
    fn execute_some<'b>(
        &mut self,
        world: &mut dyn World,
        batch: &Batch,
        requests: &mut std::slice::Iter<'b, Request>,
    ) -> Option<&'b Request> {
        let mut host = WorldHost { world, listeners: &mut self.listeners, rest: None };
        for request in requests {
            if request.ahead.long {
                return Some(request);
            }
            execute_one(&mut self.engine, &mut self.conns, &mut host, batch, request);
        }
        None
    }

    fn after_batch(&mut self) {
        let counted = self.engine.server.counts_client_memory();
        for at in 0..self.batch.conns.len() {
            let index = self.batch.conns[at];
            let Some(connection) = self.conns[index as usize].as_deref_mut() else { continue };
            connection.tidy(&mut self.buffers);
            if counted || connection.input.capacity() > 0 || connection.noted {
                self.note_query(index);
            }
        }
        self.batch.clear();
    }

    /// Takes from a client's query buffer what it does not use.
    pub(crate) fn fit_query_buffer(&mut self, slot: ClientSlot) {
        let Some(client) = self.engine.server.clients.get(slot) else { return };
        let idle = engine::client_list::idle_s(client, self.engine.server.mono_us) > QUERY_IDLE_S;
        let index = self.by_slot[slot.0 as usize].0;
        if let Some(connection) = self.conns.get_mut(index as usize).and_then(Option::as_deref_mut)
            && connection.slot == slot
        {
            connection.fit(if idle { Lately::Idle } else { Lately::Busy }, &mut self.buffers);
            self.note_query(index);
        }
    }

    pub(crate) fn mark_unfinished(&mut self, index: u32) {
        if let Some(connection) = self.conns[index as usize].as_deref_mut()
            && !connection.unfinished
        {
            connection.unfinished = true;
            self.unfinished.push(index);
        }
    }

    /// Parses again what was left in the last turn.
    pub(crate) fn go_on(&mut self, world: &mut dyn World) {
        for index in std::mem::take(&mut self.unfinished) {
            let Some(connection) = self.conns.get_mut(index as usize).and_then(Option::as_deref_mut) else {
                continue;
            };
            connection.unfinished = false;
            self.parse(index);
        }
        self.execute(world);
    }

    /// Ends everything: listeners first, so that nobody new comes; then what was answered is sent as far as it goes.
    fn stop(&mut self, world: &mut dyn World) {
        self.listeners.close(world);
        self.end_log(world);
        let slots: Vec<ClientSlot> = self.engine.server.clients.iter().map(|client| client.slot).collect();
        for slot in slots {
            self.send(world, slot);
        }
    }
}

/// The request that begins at a place of the connection's input, if it is there whole (or no request at all). Its
/// connection, database and command are for the caller to fill in.
#[inline(always)]
fn next_request(
    batch: &mut Batch,
    connection: &mut Connection,
    at: usize,
    limits: Limits,
) -> Option<Request> {
    let first = batch.spans.len();
    let bytes = &connection.input[at..];
    let (used, kind) = match resp::request::parse(bytes, limits, &mut batch.spans, &mut connection.progress) {
        Parsed::Complete { used } => (used, Kind::Plain),
        Parsed::Unpacked { used, text } => {
            batch.texts.push(text);
            (used, Kind::Text(batch.texts.len() as u32 - 1))
        }
        Parsed::Incomplete { missing } => {
            connection.missing = missing;
            return None;
        }
        Parsed::Invalid(error) => (bytes.len(), Kind::Error(error)),
    };
    Some(Request {
        conn: 0,
        from: at as u32,
        to: (at + used) as u32,
        words_from: first as u32,
        words_to: batch.spans.len() as u32,
        db: 0,
        ahead: NOTHING_AHEAD,
        kind,
    })
}

/// Fetches the buckets, then the entries, that a group of requests will look at.
#[inline]
fn prefetch(engine: &Engine, group: &[Request]) {
    if engine.keyspace.look(group[0].db).len() < PREFETCH_FROM {
        return;
    }
    for request in group.iter().filter(|request| request.ahead.hashed > 0) {
        engine.keyspace.look(request.db).prefetch_bucket(request.ahead.hash);
    }
    for request in group.iter().filter(|request| request.ahead.hashed > 0) {
        engine.keyspace.look(request.db).prefetch_entries(request.ahead.hash);
    }
}

#[inline]
fn execute_one(
    engine: &mut Engine,
    conns: &mut [Option<Box<Connection>>],
    host: &mut WorldHost<'_>,
    batch: &Batch,
    request: &Request,
) {
    let Some(connection) = conns[request.conn as usize].as_deref_mut() else { return };
    if connection.held || connection.refused {
        return;
    }
    if let Kind::Error(error) = request.kind {
        connection.refused = true;
        connection.done = connection.input.len();
        engine.refuse(connection.slot, error);
        return;
    }
    let argv = batch.argv(request, &connection.input);
    crash::note(connection.slot.0, request.ahead.command);
    let verdict = engine.execute(host, connection.slot, argv, request.ahead);
    heed(connection, request, verdict);
}

/// What a verdict means for the connection.
#[inline(always)]
pub(crate) fn heed(connection: &mut Connection, request: &Request, verdict: Verdict) {
    match verdict {
        Verdict::Done => connection.done = request.to as usize,
        Verdict::Hold => connection.held = true,
        Verdict::Gone => {
            connection.refused = true;
            connection.done = connection.input.len();
        }
    }
}
