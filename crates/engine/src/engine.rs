//! The engine as a whole, and its two doors: `look_ahead` and `execute`.

use std::rc::Rc;

use config::Config;
use keyspace::{Keyspace, Seed};
use resp::{Argv, Limits};

use crate::client::{About, ClientSlot, Clients, Close, ReplyMode};
use crate::gate::Gate;
use crate::host::Host;
use crate::path;
use crate::registry::{self, Found, Registry};
use crate::state::{CommandStats, DebugSwitches, Listeners, ServerState, Totals};

pub struct Engine {
    pub keyspace: Keyspace,
    pub server: ServerState,
    pub registry: Rc<Registry>,
}

/// What was found out about a request before its turn came. Finding it has no side effect.
#[derive(Clone, Copy, Debug)]
pub struct Ahead {
    /// Index in the registry, or `registry::NONE`.
    pub command: u16,
    /// Index of the word whose hash is known; 0 = none.
    pub hashed: u8,
    /// It may take so long that others are served meanwhile (`registry::Entry::may_take_long`).
    pub long: bool,
    /// No less than the bytes of the request on the wire, 32 bits of them.
    pub size: u32,
    pub hash: u64,
}

impl Ahead {
    /// Which command a request asks for, and the hash of its first key. `size`: see the field.
    #[inline]
    pub(crate) fn of(registry: &Registry, keyspace: &Keyspace, argv: Argv<'_>, size: u32) -> Ahead {
        let Found { id: command, first_key, long } = registry.found(argv);
        match argv.get(usize::from(first_key)) {
            Some(key) if first_key > 0 => {
                Ahead { command, hashed: first_key, long, size, hash: keyspace.hash(key) }
            }
            _ => Ahead { command, hashed: 0, long, size, hash: 0 },
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was executed, queued or refused: go on with the next one.
    Done,
    /// It must wait (paused, blocked): keep it, and offer it again when the client is in `resumed`.
    Hold,
    /// The client is gone or being closed: drop this and all that follows.
    Gone,
}

/// What an engine is made from.
pub struct Setup {
    pub config: Config,
    pub config_file: Option<String>,
    pub registry: Registry,
    /// Keys the hash of the keyspace.
    pub seed: Seed,
    /// Seeds everything random.
    pub dice: u64,
    pub ticks: fn() -> u64,
    pub ticks_per_us: u64,
    pub wall_us: i64,
    pub mono_us: u64,
}

impl Engine {
    pub fn new(setup: Setup) -> Self {
        let Setup { config, config_file, registry, seed, dice, ticks, wall_us, mono_us, .. } = setup;
        let ticks_per_us = setup.ticks_per_us.max(1);
        let (mut keyspace, registry) = (Keyspace::new(config.databases, seed, dice), Rc::new(registry));
        let server = ServerState {
            access: crate::acl::Access::new(&registry),
            config,
            config_file,
            gate: Gate::ALWAYS,
            clients: Clients::default(),
            client_memory: Default::default(),
            pending_writes: Vec::new(),
            closing: Vec::new(),
            resumed: Vec::new(),
            effects: Vec::new(),
            reply_pool: Vec::new(),
            listeners: Listeners::default(),
            monitors: Vec::new(),
            pause: None,
            held: Vec::new(),
            blocked: Default::default(),
            watches: Default::default(),
            pubsub: crate::pubsub::PubSub::new(seed),
            tracking: crate::tracking::Tracking::new(seed),
            late: Vec::new(),
            feed: Default::default(),
            depth: 0,
            debug: DebugSwitches::default(),
            ending: None,
            fast_expire_due_us: 0,
            wall_us,
            mono_us,
            started_mono_us: mono_us,
            ticks,
            ticks_per_us,
            ns_per_tick_20: (1000 << 20) / ticks_per_us,
            last_tick: ticks(),
            thresholds: crate::state::Thresholds::NEVER,
            commands: registry.iter().map(|_| CommandStats::default()).collect(),
            errors: Default::default(),
            totals: Totals::default(),
            dirty: 0,
            run_id: hex_id(&mut keyspace.env.rng),
            replication_id: hex_id(&mut keyspace.env.rng),
            startup_memory: 0,
            cron: Default::default(),
            eviction: Default::default(),
            recent_buffers: Default::default(),
            commandlog: Default::default(),
            latency: Default::default(),
            samples: Default::default(),
            snapshot: crate::snapshot::SnapshotState::at(wall_us),
            aof: Default::default(),
            scripting: crate::scripting::Scripting::new(&registry),
        };
        Engine { keyspace, server, registry }.begun()
    }

    /// With its time set and its configuration in force.
    fn begun(mut self) -> Self {
        self.set_time(self.server.wall_us, self.server.mono_us);
        crate::reconfigure::apply_all(&mut self.keyspace, &mut self.server);
        self
    }

    /// Sets the time that all commands see until the next call: once per turn.
    #[inline]
    pub fn set_time(&mut self, wall_us: i64, mono_us: u64) {
        self.server.wall_us = wall_us;
        self.server.mono_us = mono_us;
        self.keyspace.env.set_now(wall_us / 1000);
        self.server.last_tick = (self.server.ticks)();
    }

    /// A new session.
    pub fn connect(&mut self, about: About) -> ClientSlot {
        let slot = self.server.clients.add(about);
        self.server.totals.connections += 1;
        if let Some(client) = self.server.clients.get_mut(slot) {
            crate::auth::reset(&self.server.access, client);
            if self.server.config.client_default_resp == 3 {
                client.out.protocol = resp::Protocol::Resp3;
            }
        }
        slot
    }

    /// Lets a client in as the first user of these names, each of which it has proven to be its own.
    pub fn sign_in(&mut self, slot: ClientSlot, names: &[Vec<u8>]) {
        let ServerState { clients, access, .. } = &mut self.server;
        let enabled = |id: &acl::UserId| access.users.get(*id).is_some_and(|user| user.enabled);
        let id = names.iter().find_map(|name| access.users.find(name).filter(enabled));
        if let (Some(client), Some(id)) = (clients.get_mut(slot), id) {
            crate::auth::sign_in(access, client, id);
        }
    }

    /// The end of a session.
    pub fn disconnect(&mut self, slot: ClientSlot) {
        if let Some(mut client) = self.server.clients.remove(slot) {
            self.server.client_memory.forget(&mut self.server.clients, &mut client);
            crate::blocked::forget(&mut self.keyspace, &mut self.server, &mut client);
            crate::transaction::end(&mut self.keyspace, &mut self.server, &mut client);
            crate::pubsub::forget(&mut self.keyspace, &mut self.server, &mut client);
            crate::tracking::forget(&mut self.keyspace, &mut self.server, &mut client);
            if client.monitor {
                crate::monitor::forget(&mut self.server, slot);
            }
            crate::acl::throttle::forget(&mut self.server, &client);
            if client.held {
                self.server.held.retain(|other| *other != slot);
            }
        }
    }

    /// Tells clients of changed keys with their prefixes (CLIENT TRACKING BCAST): before each wait.
    #[inline]
    pub fn broadcast(&mut self) {
        crate::tracking::broadcast(&mut self.server);
    }

    /// What this client may send, and the database it works in, to prefetch from.
    #[inline]
    pub fn before_parsing(&self, slot: ClientSlot) -> (Limits, u32) {
        let client = self.server.clients.get(slot);
        let authenticated = client.is_some_and(|client| !client.gate.meets(Gate::NEEDS_AUTH));
        let max_bulk = self.server.config.proto_max_bulk_len;
        (Limits { max_bulk, authenticated }, client.map_or(0, |client| client.db))
    }

    /// Which command a request is, and the hash of its first key.
    #[inline]
    pub fn look_ahead(&self, argv: Argv<'_>, size: u32) -> Ahead {
        Ahead::of(&self.registry, &self.keyspace, argv, size)
    }

    /// Runs one request. `argv` must not be empty. In the loop it is a part of that; others take [`Engine::execute_apart`].
    #[inline(always)]
    pub fn execute(
        &mut self,
        host: &mut dyn Host,
        slot: ClientSlot,
        argv: Argv<'_>,
        ahead: Ahead,
    ) -> Verdict {
        let Some(mut client) = self.server.clients.take(slot) else { return Verdict::Gone };
        client.out.lend(&mut self.server.reply_pool);
        let verdict = path::execute(self, host, &mut client, argv, ahead);
        self.server.put_back(client);
        verdict
    }

    /// The same as a function of its own, for where it is not asked for so often.
    #[inline(never)]
    pub fn execute_apart(
        &mut self,
        host: &mut dyn Host,
        slot: ClientSlot,
        argv: Argv<'_>,
        ahead: Ahead,
    ) -> Verdict {
        self.execute(host, slot, argv, ahead)
    }

    /// Answers with a protocol error, and closes.
    pub fn refuse(&mut self, slot: ClientSlot, error: resp::ProtocolError) {
        let Some(mut client) = self.server.clients.take(slot) else { return };
        client.out.lend(&mut self.server.reply_pool);
        let line = error.to_line();
        if client.reply_mode == ReplyMode::On {
            client.out.error(&line);
        }
        self.server.count_error(&line);
        client.close(Close::AfterReply);
        self.server.put_back(client);
    }
}

/// No command was found.
pub const UNKNOWN: u16 = registry::NONE;

/// Forty hex digits at random.
fn hex_id(rng: &mut fastrand::Rng) -> String {
    (0..40).map(|_| char::from(b"0123456789abcdef"[rng.usize(..16)])).collect()
}
