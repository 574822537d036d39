//! An engine with all commands, clients that talk to it, and a clock in the hand of the test.

use std::collections::{BTreeMap, VecDeque};

use ::resp::request::OwnedArgv;
use engine::client::About;
use engine::engine::Setup;
use engine::{ClientSlot, Close, Engine, Seed, Verdict};

use crate::host::{self, FakeHost};
use crate::{Value, resp};

/// A server without sockets. The same calls give the same replies, every time.
pub struct Harness {
    pub engine: Engine,
    pub host: FakeHost,
    sessions: BTreeMap<usize, Session>,
}

/// The end of a client: which session it is, what it has been sent, what it has asked and not been answered.
struct Session {
    /// `None` once the server has closed the connection.
    slot: Option<ClientSlot>,
    received: Vec<u8>,
    waiting: VecDeque<OwnedArgv>,
}

/// One client of a [`Harness`].
pub struct Client<'a> {
    harness: &'a mut Harness,
    number: usize,
}

impl Client<'_> {
    /// Sends a line of words and answers the first reply.
    pub fn send(&mut self, line: &str) -> Value {
        self.harness.send_from(self.number, line)
    }

    /// What it has been sent meanwhile.
    pub fn received(&mut self) -> Vec<Value> {
        self.harness.received(self.number)
    }
}

impl Default for Harness {
    fn default() -> Self {
        Harness::new()
    }
}

impl Harness {
    /// The default configuration, with DEBUG allowed.
    pub fn new() -> Self {
        let config =
            config::Config { enable_debug_command: config::choices::Allowed::Yes, ..Default::default() };
        Harness::with(config)
    }

    pub fn with(config: config::Config) -> Self {
        Harness::build(config, commands::registry())
    }

    /// A server that has commands of the test's own beside the others.
    pub fn with_commands(more: &[&'static [engine::Command]]) -> Self {
        let lists = [commands::lists(), more.to_vec()].concat();
        Harness::build(config::Config::default(), engine::Registry::new(&lists))
    }

    fn build(config: config::Config, registry: engine::Registry) -> Self {
        let host = FakeHost::default();
        host.sync();
        let engine = Engine::new(Setup {
            config,
            config_file: None,
            registry,
            seed: Seed { k0: 1, k1: 2 },
            dice: 3,
            ticks: host::ticks,
            ticks_per_us: 1,
            wall_us: host.wall_us,
            mono_us: host.mono_us,
        });
        Harness { engine, host, sessions: BTreeMap::new() }
    }

    /// A server that starts with these files and loads what they say. The error is why it does not start.
    pub fn start(config: config::Config, files: BTreeMap<String, Vec<u8>>) -> Result<Self, String> {
        let mut harness = Harness::with(config);
        harness.host.files = files;
        let Engine { keyspace, server, .. } = &mut harness.engine;
        engine::aof::begin(keyspace, server, &mut harness.host)?;
        harness.load_at_start()?;
        Ok(harness)
    }

    fn load_at_start(&mut self) -> Result<(), String> {
        let Engine { keyspace, server, registry } = &mut self.engine;
        let host = &mut self.host;
        while engine::aof::go_on(server) {
            engine::aof::load_step(keyspace, server, registry, host, u64::MAX)?;
        }
        while engine::snapshot::go_on(server) {
            engine::snapshot::load_step(keyspace, server, host, u64::MAX)?;
        }
        engine::aof::opened(keyspace, server, host)
    }

    /// A client by its number; it connects when it is first spoken of.
    pub fn client(&mut self, number: usize) -> Client<'_> {
        self.connect(number);
        Client { harness: self, number }
    }

    /// Sends a line from client 1 and answers the first reply; panics if there is none.
    pub fn send(&mut self, line: &str) -> Value {
        self.send_from(1, line)
    }

    fn send_from(&mut self, number: usize, line: &str) -> Value {
        let words =
            stdx::words::split(line.as_bytes()).unwrap_or_else(|| panic!("unbalanced quotes: {line}"));
        let mut replies = self.exchange(number, &words);
        if replies.is_empty() {
            panic!("no reply to {line}");
        }
        replies.remove(0)
    }

    /// Sends words (none: nothing) and answers all that the client has been sent since it last looked.
    pub fn exchange<W: AsRef<[u8]>>(&mut self, number: usize, words: &[W]) -> Vec<Value> {
        self.connect(number);
        if !words.is_empty() && self.session(number).slot.is_some() {
            self.session(number).waiting.push_back(OwnedArgv::of(words));
            self.run_waiting(number);
        }
        let mut replies = self.received(number);
        if replies.is_empty() && self.session(number).slot.is_none() {
            replies.push(Value::Closed);
        }
        replies
    }

    /// All that a client has been sent since it last looked.
    pub fn received(&mut self, number: usize) -> Vec<Value> {
        self.connect(number);
        match resp::take_all(&mut self.session(number).received) {
            Ok(values) => values,
            Err(why) => panic!("client {number} was sent what is no reply: {why}"),
        }
    }

    /// Lets time pass, with everything that time brings.
    pub fn advance(&mut self, ms: u64) {
        let until = self.host.mono_us + ms * 1000;
        while self.host.mono_us < until {
            self.set_time();
            let due = self.engine.cron(&mut self.host);
            let next = due.clamp(self.host.mono_us + 1000, until.max(self.host.mono_us + 1000)).min(until);
            self.host.pass(next - self.host.mono_us);
            self.settle();
        }
        self.set_time();
    }

    /// Sets a parameter, whoever may.
    pub fn config(&mut self, name: &str, value: &[u8]) -> Result<(), String> {
        let set = self.engine.server.config.set_many(&[(name.as_bytes(), value)], true);
        set.map_err(|error| format!("{error:?}"))?;
        engine::reconfigure::apply_all(&mut self.engine.keyspace, &mut self.engine.server);
        Ok(())
    }

    /// Ends a client's connection, from its side.
    pub fn hang_up(&mut self, number: usize) {
        if let Some(session) = self.sessions.remove(&number)
            && let Some(slot) = session.slot
        {
            self.engine.disconnect(slot);
        }
        self.settle();
    }

    fn connect(&mut self, number: usize) {
        if self.sessions.contains_key(&number) {
            return;
        }
        self.set_time();
        let about = About {
            address: format!("127.0.0.1:{}", 50_000 + number),
            local_address: "127.0.0.1:6379".to_owned(),
            fd: i32::try_from(number).unwrap_or(i32::MAX),
            created_us: self.host.mono_us,
            created_wall_ms: self.host.wall_us / 1000,
            ..About::default()
        };
        let slot = Some(self.engine.connect(about));
        self.sessions.insert(number, Session { slot, received: Vec::new(), waiting: VecDeque::new() });
    }

    fn session(&mut self, number: usize) -> &mut Session {
        self.sessions.get_mut(&number).expect("connected before")
    }

    fn set_time(&mut self) {
        self.host.sync();
        self.engine.set_time(self.host.wall_us, self.host.mono_us);
    }

    /// Runs what a client has asked, until something of it must wait.
    fn run_waiting(&mut self, number: usize) {
        self.set_time();
        while let Some(request) = self.session(number).waiting.front().cloned() {
            let Some(slot) = self.session(number).slot else { return };
            let ahead = self.engine.look_ahead(request.view(), request.view().wire_size() as u32);
            match self.engine.execute(&mut self.host, slot, request.view(), ahead) {
                Verdict::Done => self.session(number).waiting.pop_front(),
                Verdict::Hold => break,
                Verdict::Gone => {
                    self.session(number).waiting.clear();
                    break;
                }
            };
        }
        self.settle();
    }

    /// What a loop does between turns: effects, resumed clients, replies, closed connections.
    fn settle(&mut self) {
        for effect in std::mem::take(&mut self.engine.server.effects) {
            if effect == engine::Effect::Save {
                let Engine { keyspace, server, .. } = &mut self.engine;
                let _ = engine::snapshot::save(keyspace, server, &mut self.host);
            }
        }
        self.engine.broadcast();
        self.load();
        self.log();
        self.deliver();
        // Once more for the sync that the first time began.
        self.log();
        self.deliver();
        for slot in std::mem::take(&mut self.engine.server.resumed) {
            if let Some(number) = self.number_of(slot) {
                self.run_waiting(number);
            }
        }
        self.close_ended();
    }

    fn log(&mut self) {
        if self.engine.server.aof.is_busy() {
            engine::aof::log::before_replies(&mut self.engine.server, &mut self.host);
        }
    }

    /// Loads what there is to load.
    fn load(&mut self) {
        let Engine { keyspace, server, registry } = &mut self.engine;
        while engine::aof::go_on(server) {
            let step = engine::aof::load_step(keyspace, server, registry, &mut self.host, u64::MAX);
            if step != Ok(engine::snapshot::Progress::More) {
                let ended = engine::aof::reloaded(keyspace, server, &mut self.host, step.map(drop));
                ended.expect("DEBUG LOADAOF began it");
            }
        }
    }

    fn number_of(&self, slot: ClientSlot) -> Option<usize> {
        self.sessions.iter().find(|(_, session)| session.slot == Some(slot)).map(|(number, _)| *number)
    }

    /// Moves everything from the outboxes to the clients.
    fn deliver(&mut self) {
        for slot in std::mem::take(&mut self.engine.server.pending_writes) {
            let number = self.number_of(slot);
            let Some(client) = self.engine.server.clients.get_mut(slot) else { continue };
            if client.gate.meets(engine::Gate::UNSYNCED) {
                continue;
            }
            client.write_pending = false;
            if client.close == Close::Now {
                continue;
            }
            let mut slices = Vec::new();
            client.out.slices(&mut slices);
            let bytes = slices.concat();
            client.out.advance(bytes.len(), &mut self.engine.server.reply_pool);
            if let Some(number) = number {
                self.session(number).received.extend_from_slice(&bytes);
            }
        }
    }

    fn close_ended(&mut self) {
        for slot in std::mem::take(&mut self.engine.server.closing) {
            if let Some(number) = self.number_of(slot) {
                self.session(number).slot = None;
            }
            self.engine.disconnect(slot);
        }
    }
}
