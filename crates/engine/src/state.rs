//! What the server knows that is neither a key nor a socket: settings, clients, statistics, what is to be done.

use config::Config;
use stdx::histogram::Histogram;

use crate::client::{ClientSlot, Clients, Close};
use crate::gate::Gate;

/// Something the world around the engine is to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave the loop and end the process.
    Shutdown,
    /// Write a snapshot before anybody is answered.
    Save,
    /// It is time to see whether a client's query buffer is larger than it need be.
    FitQueryBuffer(ClientSlot),
    /// The cron is to run at this time, monotonic microseconds, or before.
    WakeAt(u64),
    /// The process title's parts changed.
    Title,
}

/// Counters of one command.
#[derive(Default)]
pub struct CommandStats {
    pub calls: u64,
    pub ticks: u64,
    pub rejected: u64,
    pub failed: u64,
    /// Made with the first call while `latency-tracking` is on.
    pub latency: Option<Box<Histogram>>,
}

/// Counters of the whole server since the start (or CONFIG RESETSTAT).
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub connections: u64,
    pub rejected_connections: u64,
    pub net_in: u64,
    pub net_out: u64,
    pub error_replies: u64,
    pub unexpected_errors: u64,
    pub reads: u64,
    pub writes: u64,
    pub turns: u64,
    pub turn_us: u64,
    pub turn_max_us: u64,
    pub command_us: u64,
    pub cron_us: u64,
    pub commands_per_turn_max: u64,
    pub output_limit_disconnections: u64,
    pub query_limit_disconnections: u64,
    pub lazy_freed: u64,
    pub evicted_clients: u64,
    pub evicted_scripts: u64,
    pub client_prefetches: u64,
    pub peak_memory: u64,
    pub peak_memory_wall_s: i64,
}

/// Which kinds of listeners exist, so that bodies need not collect for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Listeners {
    /// Somebody wants to know which keys changed.
    pub changes: bool,
    /// Changes of these classes are published, of whatever key (`notify-keyspace-events`).
    pub published: config::KeyspaceEvents,
    /// Somebody wants to know of changes of whole databases.
    pub wholes: bool,
    /// Somebody is fed with the commands themselves (append-only file, replicas).
    pub feed: bool,
}

/// CLIENT PAUSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub until_ms: i64,
    /// All commands, or those that write only.
    pub all: bool,
}

/// Switches that DEBUG turns.
#[derive(Clone, Copy, Debug)]
pub struct DebugSwitches {
    pub active_expire: bool,
    pub cron_paused: bool,
    pub reply_buffer_resizing: bool,
    pub reply_buffer_peak_reset_ms: i64,
    pub dict_resizing: bool,
    /// Checksums of snapshots and payloads are not compared.
    pub skip_checksums: bool,
    /// Scripts may call commands that are not meant for them.
    pub all_in_scripts: bool,
}

impl Default for DebugSwitches {
    fn default() -> Self {
        DebugSwitches {
            active_expire: true,
            cron_paused: false,
            reply_buffer_resizing: true,
            reply_buffer_peak_reset_ms: 5000,
            dict_resizing: true,
            skip_checksums: false,
            all_in_scripts: false,
        }
    }
}

/// Error codes that are counted apart, those of the server itself not included.
const CODES_MAX: usize = 128;

/// From which values on a command is written down ([`crate::observe`]); `u64::MAX` = never.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// `commandlog-execution-slower-than`, in ticks.
    pub slow_ticks: u64,
    /// `latency-monitor-threshold`, in ticks.
    pub latency_ticks: u64,
    /// Bytes of the request, and of the reply.
    pub large_request: u64,
    pub large_reply: u64,
}

impl Thresholds {
    pub const NEVER: Thresholds = Thresholds {
        slow_ticks: u64::MAX,
        latency_ticks: u64::MAX,
        large_request: u64::MAX,
        large_reply: u64::MAX,
    };
}

pub struct ServerState {
    pub config: Config,
    /// Users, and what was refused to them.
    pub access: crate::acl::Access,
    /// Where the configuration was read from; `None` without a file.
    pub config_file: Option<String>,
    pub gate: Gate,
    pub clients: Clients,
    /// What clients hold together, if that is limited.
    pub client_memory: crate::client_memory::ClientMemory,
    /// Clients with something to send that are not being written to yet.
    pub pending_writes: Vec<ClientSlot>,
    /// Clients that are to be closed.
    pub closing: Vec<ClientSlot>,
    /// Clients whose held requests may run now (unpaused, unblocked).
    pub resumed: Vec<ClientSlot>,
    pub effects: Vec<Effect>,
    /// Emptied reply buffers, to be used again.
    pub reply_pool: Vec<Vec<u8>>,
    pub listeners: Listeners,
    pub monitors: Vec<ClientSlot>,
    pub pause: Option<Pause>,
    /// Clients whose requests wait for the end of the pause.
    pub held: Vec<ClientSlot>,
    /// Clients that wait for keys.
    pub blocked: crate::blocked::Blocked,
    /// Clients that watch keys.
    pub watches: crate::watch::Watches,
    /// Channels and patterns.
    pub pubsub: crate::pubsub::PubSub,
    /// What clients have read.
    pub tracking: crate::tracking::Tracking,
    /// What clients are to be sent that are not among `clients` just now.
    pub(crate) late: Vec<crate::post::Late>,
    /// What is to be told to whoever follows the dataset.
    pub feed: crate::feed::Feed,
    /// Commands that run commands (EXEC) and run now: what follows from a command waits for the end of the outermost.
    pub depth: u32,
    pub debug: DebugSwitches,
    /// A signal has asked for the end, and the cron has not seen to it yet.
    pub ending: Option<crate::snapshot::EndOptions>,
    /// When the fast expire cycle may run again, monotonic microseconds.
    pub fast_expire_due_us: u64,
    /// Wall clock in microseconds, frozen for the turn.
    pub wall_us: i64,
    /// Monotonic clock in microseconds, frozen for the turn.
    pub mono_us: u64,
    /// Monotonic clock when the server started.
    pub started_mono_us: u64,
    /// The cheap counter that commands are timed with.
    pub ticks: fn() -> u64,
    pub ticks_per_us: u64,
    /// Nanoseconds to a tick, times 2^20.
    pub ns_per_tick_20: u64,
    /// Its value when the last command ended.
    pub last_tick: u64,
    /// What is unusual enough to be written down.
    pub thresholds: Thresholds,
    pub commands: Vec<CommandStats>,
    /// Error lines by their code.
    pub errors: std::collections::BTreeMap<String, u64>,
    pub totals: Totals,
    /// Changes since the last save.
    pub dirty: u64,
    pub run_id: String,
    /// Names this dataset's history for replicas; 40 hex digits.
    pub replication_id: String,
    /// Memory in use before the first command; what INFO calls startup memory.
    pub startup_memory: u64,
    pub cron: crate::cron::CronState,
    pub eviction: crate::evict::Pressure,
    pub recent_buffers: crate::observe::RecentBuffers,
    pub commandlog: crate::observe::CommandLogs,
    pub latency: crate::observe::LatencyMonitor,
    pub samples: crate::observe::Samples,
    pub snapshot: crate::snapshot::SnapshotState,
    pub aof: crate::aof::Aof,
    pub scripting: crate::scripting::Scripting,
}

impl ServerState {
    pub fn now_ms(&self) -> i64 {
        self.wall_us / 1000
    }

    /// Commands executed since the start.
    pub fn commands_processed(&self) -> u64 {
        self.commands.iter().map(|c| c.calls).sum()
    }

    /// Ticks of the cheap counter as nanoseconds.
    #[inline]
    pub fn nanoseconds(&self, ticks: u64) -> u64 {
        // A multiplication and a shift: exact to 2^-20, and ticks of more than an hour are cut.
        (ticks.min(1 << 44) * self.ns_per_tick_20) >> 20
    }

    pub fn uptime_s(&self) -> u64 {
        (self.mono_us - self.started_mono_us) / 1_000_000
    }

    /// Counts an error reply of the server's own: their codes are few. (Those of scripts, which may be anything, will have
    /// to be bounded.)
    #[cold]
    pub fn count_error(&mut self, line: &str) {
        self.totals.error_replies += 1;
        let code = crate::error::CommandError::code(line);
        match self.errors.get_mut(code) {
            Some(count) => *count += 1,
            None => drop(self.errors.insert(code.to_owned(), 1)),
        }
    }

    /// The same for an error that a script made up: once there are many codes, new ones are counted together.
    pub fn count_custom_error(&mut self, line: &str) {
        const OVERFLOW: &str = "ERRORSTATS_OVERFLOW";
        let known = self.errors.contains_key(crate::error::CommandError::code(line));
        let full = !known && self.errors.len() >= CODES_MAX;
        self.count_error(if full { OVERFLOW } else { line });
    }

    /// Asks for another client's connection to be closed. (For the client whose command runs, `Client::close` does.)
    pub fn close(&mut self, slot: ClientSlot, when: Close) {
        let Some(client) = self.clients.get_mut(slot) else { return };
        let sooner = client.close != when && when == Close::Now;
        client.close(when);
        if !client.close_noted || sooner {
            client.close_noted = true;
            self.closing.push(slot);
        }
    }

    /// Puts a client back among the others after something of it has run: what it was told is to be sent, and if it is to
    /// be closed that is noted.
    #[inline]
    pub(crate) fn put_back(&mut self, mut client: Box<crate::client::Client>) {
        if !self.late.is_empty() {
            match self.deliver_late(client) {
                Some(same) => client = same,
                None => return,
            }
        }
        self.note_write(&mut client);
        if client.close != Close::No && !client.close_noted {
            client.close_noted = true;
            self.closing.push(client.slot);
        }
        self.clients.put(client);
    }

    /// Marks a client as having something to send.
    #[inline]
    pub fn note_write(&mut self, client: &mut crate::client::Client) {
        if !client.write_pending && !client.out.is_empty() {
            client.write_pending = true;
            self.pending_writes.push(client.slot);
        }
    }
}
