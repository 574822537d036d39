//! `maxmemory`: making room, before a command runs and in the cron.
//!
//! What is compared with the limit is what the allocator handed out, less what is not counted (outboxes of replicas
//! and the feed's buffer: evicting would only fill them more). Ordinary clients'
//! buffers are counted, as with the peers.
//!
//! Eviction has a time limit (`maxmemory-eviction-tenacity`). If it is reached, the command runs all the same and the
//! cron goes on evicting; only if nothing can be evicted at all is a command that needs memory refused.

use config::Policy;
use keyspace::{EvictPolicy, Keyspace};

use crate::host::Host;
use crate::state::ServerState;

/// Keys evicted between two looks at the clock.
const KEYS: u32 = 16;
/// Longest wait, in microseconds, for values that are being freed by another thread.
const WAIT_MAX_US: u64 = 1000;

/// How it stands with the memory limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pressure {
    /// Eviction ran out of time: the cron is to go on.
    pub unfinished: bool,
    /// The kernel's score for us before `oom-score-adj` changed it; `None` while that is off.
    pub(crate) oom_base: Option<i32>,
    /// Since when the limit has been exceeded, monotonic microseconds.
    since_us: Option<u64>,
    /// How long it was exceeded before that.
    total_us: u64,
}

/// How far one go came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Less than the limit is in use.
    Enough,
    /// There was no time left; there is more to evict.
    Unfinished,
    /// Nothing can be evicted.
    None,
}

impl Pressure {
    /// Microseconds over the limit: in all, and this time.
    pub fn exceeded_us(&self, mono_us: u64) -> (u64, u64) {
        let current = self.since_us.map_or(0, |since| mono_us.saturating_sub(since));
        (self.total_us + current, current)
    }

    fn note(&mut self, room: Room, mono_us: u64) {
        self.unfinished = room == Room::Unfinished;
        match (room, self.since_us) {
            (Room::Enough, Some(since)) => {
                self.total_us += mono_us.saturating_sub(since);
                self.since_us = None;
            }
            (Room::Unfinished | Room::None, None) => self.since_us = Some(mono_us),
            _ => {}
        }
    }
}

/// Evicts keys, as the policy says, until no more than `maxmemory` is in use, or time is up. False if nothing can be
/// evicted and the limit is exceeded still.
pub(crate) fn make_room(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> bool {
    if is_met(server, host) && !server.eviction.unfinished {
        return true;
    }
    evict(keyspace, server, host) != Room::None
}

/// One go of eviction, timed and noted.
pub(crate) fn evict(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Room {
    if server.pause.is_some() || is_met(server, host) {
        // Replicas that take over while we are paused must not find keys gone that they have.
        server.eviction.note(Room::Enough, server.mono_us);
        return Room::Enough;
    }
    // Buffers that wait to be used again go before keys do: those that told of evicted keys would make more keys go.
    if !server.reply_pool.is_empty() {
        server.reply_pool.clear();
        return evict(keyspace, server, host);
    }
    let began_us = host.mono_us();
    let room = evict_until(keyspace, server, host, began_us.saturating_add(time_limit_us(server)));
    server.note_latency("eviction-cycle", host.mono_us().saturating_sub(began_us));
    server.eviction.note(room, server.mono_us);
    // The command that was waiting is not to be blamed for the time this took.
    server.last_tick = (server.ticks)();
    room
}

pub(crate) fn is_met(server: &ServerState, host: &dyn Host) -> bool {
    is_met_less(server, host, 0)
}

/// The same if so many bytes did not count.
fn is_met_less(server: &ServerState, host: &dyn Host, uncounted: u64) -> bool {
    let limit = server.config.maxmemory;
    // Nor does what waits for the disk or a replica: it is gone soon, and would only grow by evicting.
    let leaving = || server.feed.memory() as u64 + crate::snapshot::queued(server);
    limit == 0 || host.used_memory().saturating_sub(uncounted.saturating_add(leaving())) <= limit
}

fn evict_until(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    until_us: u64,
) -> Room {
    let policy = policy_of(server.config.maxmemory_policy);
    let mut evicted = 0;
    // Names of evicted keys are held until everybody has been told, those of candidates for longer. They do not count:
    // who evicts more because of them holds more of them.
    let candidates = keyspace.eviction_memory();
    let (mut names, mut seen) = (0, keyspace.env.gone.len());
    loop {
        let watched = server.config.latency_monitor_threshold > 0;
        let began_us = if watched { host.mono_us() } else { 0 };
        if keyspace.evict_one(policy).is_none() {
            return wait_for_drops(server, host);
        }
        if watched {
            server.note_latency("eviction-del", host.mono_us().saturating_sub(began_us));
        }
        drop_garbage(keyspace, server, host);
        let gone = &keyspace.env.gone;
        names += gone[seen.min(gone.len())..]
            .iter()
            .map(|gone| gone.key.capacity() + size_of_val(gone))
            .sum::<usize>();
        seen = gone.len();
        if is_met_less(server, host, (names + keyspace.eviction_memory().saturating_sub(candidates)) as u64) {
            return Room::Enough;
        }
        evicted += 1;
        if evicted % KEYS == 0 && host.mono_us() >= until_us {
            return Room::Unfinished;
        }
    }
}

/// No key may go. Perhaps some that went are being freed still.
fn wait_for_drops(server: &ServerState, host: &mut dyn Host) -> Room {
    if host.drops_pending() > 0 {
        host.sleep(std::time::Duration::from_micros(time_limit_us(server).min(WAIT_MAX_US)));
    }
    if is_met(server, host) { Room::Enough } else { Room::None }
}

/// Values that take long to free are freed elsewhere.
pub(crate) fn drop_garbage(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    for entry in keyspace.env.garbage.drain(..) {
        server.totals.lazy_freed += 1;
        host.drop_later(Box::new(entry));
    }
}

/// `maxmemory-eviction-tenacity`: up to 10 half a millisecond in ten steps, then 15 % more with each, and at 100 as
/// long as it takes.
fn time_limit_us(server: &ServerState) -> u64 {
    match server.config.maxmemory_eviction_tenacity {
        tenacity @ 0..=10 => 50 * u64::from(tenacity),
        tenacity @ 11..100 => (500.0 * 1.15f64.powi(tenacity as i32 - 10)) as u64,
        _ => u64::MAX,
    }
}

fn policy_of(policy: Policy) -> EvictPolicy {
    match policy {
        Policy::VolatileLru => EvictPolicy::VolatileLru,
        Policy::VolatileLfu => EvictPolicy::VolatileLfu,
        Policy::VolatileRandom => EvictPolicy::VolatileRandom,
        Policy::VolatileTtl => EvictPolicy::VolatileTtl,
        Policy::AllkeysLru => EvictPolicy::AllKeysLru,
        Policy::AllkeysLfu => EvictPolicy::AllKeysLfu,
        Policy::AllkeysRandom => EvictPolicy::AllKeysRandom,
        Policy::Noeviction => EvictPolicy::NoEviction,
    }
}
