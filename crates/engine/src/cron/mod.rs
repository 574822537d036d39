//! What time brings: **one table of steps**, each with its period and what it may cost.
//!
//! The peers do all of this in one go ten times a second, and every client waits for the sum. Here a call runs the
//! light steps that are due and *one* heavy step, which stops when its budget is spent and says when it wants to go
//! on; so no turn of the loop is longer than that budget by more than a few keys. A heavy step that found next to
//! nothing to do makes room for the next one: an idle server wakes `hz` times a second and not more.
//!
//! **Invariants**
//! 1. In a call, a heavy step begins only while less than [`TRIFLE_US`] was spent on others, and each at most once.
//! 2. Time comes from `ServerState::mono_us`, frozen for the turn; only [`Budget`] asks the host for more, and rarely.
//! 3. A step that is not due now is due at `CronState::due_us` of its index.
//!
//! *Not here*: what is done before each wait (`server::before_sleep`).

mod clients;
mod expire;
pub(crate) mod title;

pub use clients::clients_hz;

use crate::engine::Engine;
use crate::host::{Host, Level};
use crate::observe::Metric;
use crate::state::ServerState;

/// How often a step runs.
#[derive(Clone, Copy)]
enum Period {
    /// Whenever the cron is called; does not call for it.
    EachCall,
    Micros(u64),
    /// `hz` times a second.
    Hz,
    /// [`clients_hz`] times a second.
    ClientsHz,
    /// At once, as long as this holds.
    While(fn(&ServerState) -> bool),
}

/// What a step may cost in one call.
#[derive(Clone, Copy)]
enum Cost {
    /// A few microseconds.
    Light,
    /// Up to so many microseconds.
    Heavy(u64),
}

/// When a step wants to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// After its period.
    Later,
    /// After so many microseconds: there is more to do.
    After(u64),
}

struct Step {
    name: &'static str,
    period: Period,
    cost: Cost,
    run: fn(&mut Engine, &mut dyn Host, budget_us: u64) -> Again,
}

static STEPS: [Step; STEP_COUNT] = [
    Step { name: "end of a pause", period: Period::EachCall, cost: Cost::Light, run: end_pause },
    Step { name: "early passwords", period: Period::EachCall, cost: Cost::Light, run: throttle },
    Step { name: "rates", period: Period::Micros(100_000), cost: Cost::Light, run: sample_rates },
    Step { name: "peak memory", period: Period::Micros(100_000), cost: Cost::Light, run: peak_memory },
    Step { name: "give memory back", period: Period::Micros(1_000_000), cost: Cost::Light, run: give_back },
    Step { name: "clients", period: Period::ClientsHz, cost: Cost::Light, run: clients::tend_some },
    Step { name: "process title", period: Period::Micros(1_000_000), cost: Cost::Light, run: title::refresh },
    Step { name: "snapshots", period: Period::Micros(100_000), cost: Cost::Light, run: snapshots },
    Step {
        name: "tracked keys",
        period: Period::While(crate::tracking::is_too_large),
        cost: Cost::Light,
        run: shrink_tracking,
    },
    Step {
        name: "certificates",
        period: Period::Micros(1_000_000),
        cost: Cost::Light,
        run: reload_certificates,
    },
    Step {
        name: "eviction",
        period: Period::While(|server| server.eviction.unfinished),
        cost: Cost::Heavy(500),
        run: evict,
    },
    Step { name: "expiry", period: Period::Hz, cost: Cost::Heavy(1000), run: expire::sweep },
    // The loop writes more, when replies have left.
    Step {
        name: "written snapshot",
        period: Period::Micros(100_000),
        cost: Cost::Heavy(500),
        run: write_snapshot,
    },
    Step { name: "rehash", period: Period::Micros(100_000), cost: Cost::Heavy(1000), run: rehash },
];
const STEP_COUNT: usize = 14;
/// The index of the step of this name.
const TITLE: usize = 6;

/// After a slice of rehashing that was not the last, the others have this long.
const REHASH_PAUSE_US: u64 = 10_000;
/// A heavy step that took less did not do much.
const TRIFLE_US: u64 = 50;
/// A step that took so many times its budget is logged.
const OVERRUN: u64 = 10;
/// Less than this is not worth giving back.
const GIVE_BACK_BYTES: u64 = 64 * 1024 * 1024;
/// While DEBUG has stopped the cron.
const STOPPED_US: u64 = 100_000;

/// What is kept from one call to the next.
#[derive(Debug, Default)]
pub struct CronState {
    /// When each step runs next, monotonic microseconds (invariant 3).
    due_us: [u64; STEP_COUNT],
    /// The slot of the client that is looked at next.
    next_client: usize,
    /// Most memory in use since freed memory was last given back to the kernel.
    held_bytes: u64,
    /// When certificates were read again, or it was looked whether they should be.
    certificates_us: u64,
    /// The title given to the process.
    title: String,
    started: bool,
}

/// How long a step may go on.
pub(crate) struct Budget<'h> {
    host: &'h dyn Host,
    until_us: u64,
    asked: u32,
}

impl<'h> Budget<'h> {
    /// A look at the clock costs as much as a few keys: only every fourth question is passed on.
    const SPARSE: u32 = 4;

    pub fn new(host: &'h dyn Host, us: u64) -> Self {
        Budget { host, until_us: host.mono_us().saturating_add(us), asked: 0 }
    }

    pub fn is_left(&mut self) -> bool {
        self.asked += 1;
        !self.asked.is_multiple_of(Self::SPARSE) || self.host.mono_us() < self.until_us
    }
}

impl Engine {
    /// Runs what is due and says when it wants to be called again (monotonic microseconds).
    pub fn cron(&mut self, host: &mut dyn Host) -> u64 {
        let now_us = self.server.mono_us;
        if !self.server.cron.started {
            self.server.cron.started = true;
            self.server.startup_memory = host.used_memory();
        }
        // DEBUG does not stop this: it is not tidying, somebody waits.
        crate::blocked::time_out(&mut self.keyspace, &mut self.server);
        crate::blocked::retry_due(&mut self.keyspace, &mut self.server);
        if self.server.debug.cron_paused {
            return (now_us + STOPPED_US).min(self.server.blocked.first_deadline_us().unwrap_or(u64::MAX));
        }
        let began_us = host.mono_us();
        for (index, step) in STEPS.iter().enumerate() {
            let due = step.due_us(&self.server, index).is_some_and(|due_us| due_us <= now_us);
            if due && matches!(step.cost, Cost::Light) {
                self.run_step(host, index);
            }
        }
        self.run_heavy_steps(host);
        self.follow_up(host);
        crate::evict::drop_garbage(&mut self.keyspace, &mut self.server, host);
        self.server.totals.cron_us += host.mono_us().saturating_sub(began_us);
        self.next_due()
    }

    /// Keeps invariant 1.
    fn run_heavy_steps(&mut self, host: &mut dyn Host) {
        let began_us = host.mono_us();
        let mut ran = [false; STEP_COUNT];
        while let Some(index) = most_overdue(&self.server, &ran) {
            ran[index] = true;
            self.run_step(host, index);
            if host.mono_us().saturating_sub(began_us) >= TRIFLE_US {
                break;
            }
        }
    }

    fn run_step(&mut self, host: &mut dyn Host, index: usize) {
        let step = &STEPS[index];
        let again = match step.cost {
            Cost::Light => (step.run)(self, host, 0),
            Cost::Heavy(budget_us) => self.run_heavy(host, step, budget_us),
        };
        let now_us = self.server.mono_us;
        self.server.cron.due_us[index] = match again {
            Again::Later => step.period.next(&self.server, now_us),
            Again::After(us) => now_us + us,
        };
    }

    fn run_heavy(&mut self, host: &mut dyn Host, step: &Step, budget_us: u64) -> Again {
        let began_us = host.mono_us();
        let again = (step.run)(self, host, budget_us);
        let spent_us = host.mono_us().saturating_sub(began_us);
        if spent_us > OVERRUN * budget_us {
            host.log(Level::Verbose, &format!("Cron: {} took {spent_us} us of {budget_us} us.", step.name));
        }
        again
    }

    fn next_due(&self) -> u64 {
        let server = &self.server;
        let calling = STEPS.iter().enumerate().filter(|(_, step)| !matches!(step.period, Period::EachCall));
        let step = calling.filter_map(|(index, step)| step.due_us(server, index)).min().unwrap_or(u64::MAX);
        let pause = server.pause.map_or(u64::MAX, |pause| {
            let left_ms = pause.until_ms.saturating_sub(server.now_ms()).max(0) as u64;
            server.mono_us.saturating_add(left_ms.saturating_mul(1000))
        });
        step.min(pause).min(server.blocked.first_deadline_us().unwrap_or(u64::MAX))
    }
}

impl CronState {
    /// The process gets its title in the next call.
    pub(crate) fn refresh_title(&mut self) {
        self.due_us[TITLE] = 0;
    }
}

/// The heavy step that has waited longest. Eviction comes first while it is needed: every command waits for it.
fn most_overdue(server: &ServerState, ran: &[bool; STEP_COUNT]) -> Option<usize> {
    let heavy = STEPS.iter().enumerate().filter(|(_, step)| matches!(step.cost, Cost::Heavy(_)));
    let heavy = heavy.filter(|(index, _)| !ran[*index]);
    let due = heavy.filter_map(|(index, step)| Some((step.due_us(server, index)?, index)));
    due.filter(|(due_us, _)| *due_us <= server.mono_us).min().map(|(_, index)| index)
}

impl Step {
    /// When it is to run; `None` if there is nothing to do for it.
    fn due_us(&self, server: &ServerState, index: usize) -> Option<u64> {
        match self.period {
            Period::EachCall => Some(0),
            Period::While(holds) => holds(server).then_some(0),
            _ => Some(server.cron.due_us[index]),
        }
    }
}

impl Period {
    /// The end of the period that `now_us` lies in: steps of one period fall together, and wake the server once.
    fn next(self, server: &ServerState, now_us: u64) -> u64 {
        match self.us(server) {
            0 => now_us,
            us => now_us - now_us % us + us,
        }
    }

    fn us(self, server: &ServerState) -> u64 {
        match self {
            Period::EachCall | Period::While(_) => 0,
            Period::Micros(us) => us,
            Period::Hz => 1_000_000 / u64::from(server.config.hz.max(1)),
            Period::ClientsHz => 1_000_000 / u64::from(clients_hz(server)),
        }
    }
}

/// CLIENT PAUSE is over: what was held may run.
fn end_pause(engine: &mut Engine, _: &mut dyn Host, _: u64) -> Again {
    engine.pause_step(engine.server.now_ms());
    Again::Later
}

fn throttle(engine: &mut Engine, _: &mut dyn Host, _: u64) -> Again {
    crate::acl::throttle::step(&mut engine.server);
    Again::Later
}

fn sample_rates(engine: &mut Engine, _: &mut dyn Host, _: u64) -> Again {
    let server = &mut engine.server;
    let readings = [
        (Metric::Commands, server.commands_processed()),
        (Metric::NetIn, server.totals.net_in),
        (Metric::NetOut, server.totals.net_out),
        (Metric::Turns, server.totals.turns),
        (Metric::TurnUs, server.totals.turn_us),
    ];
    for (metric, value) in readings {
        server.samples.take(metric, value, server.mono_us);
    }
    Again::Later
}

/// Freed memory goes back to the kernel when much of it has come together: the allocator keeps it otherwise until it is
/// asked for more.
fn give_back(engine: &mut Engine, host: &mut dyn Host, _: u64) -> Again {
    let (used, held) = (host.used_memory(), &mut engine.server.cron.held_bytes);
    *held = used.max(*held);
    let freed = *held - used;
    if freed >= GIVE_BACK_BYTES && freed >= *held / 4 {
        *held = used;
        host.purge();
    }
    Again::Later
}

/// Hears of the child that saves, and begins what `save` asks for.
fn snapshots(engine: &mut Engine, host: &mut dyn Host, _: u64) -> Again {
    let Engine { keyspace, server, .. } = engine;
    crate::snapshot::poll(keyspace, server, host);
    // As with the peers, a rewrite that was asked for comes before a snapshot that a rule asks for.
    crate::aof::step(keyspace, server, host);
    crate::snapshot::step(keyspace, server, host);
    Again::Later
}

/// Goes on forgetting keys that clients have read, if the limit was lowered.
fn shrink_tracking(engine: &mut Engine, _: &mut dyn Host, _: u64) -> Again {
    crate::tracking::shrink(&mut engine.server, &mut engine.keyspace.env.rng);
    Again::Later
}

/// `tls-auto-reload-interval`: certificates are renewed by others, who replace their files.
fn reload_certificates(engine: &mut Engine, host: &mut dyn Host, _: u64) -> Again {
    let server = &mut engine.server;
    let interval_us = u64::from(server.config.tls_auto_reload_interval) * 1_000_000;
    if interval_us > 0 && server.mono_us.saturating_sub(server.cron.certificates_us) >= interval_us {
        server.cron.certificates_us = server.mono_us;
        if let Err(why) = host.encrypt(&server.config) {
            host.log(Level::Warning, &format!("Certificates are not read again: {why}"));
        }
    }
    Again::Later
}

fn peak_memory(engine: &mut Engine, host: &mut dyn Host, _: u64) -> Again {
    let (totals, used) = (&mut engine.server.totals, host.used_memory());
    if used > totals.peak_memory {
        totals.peak_memory = used;
        totals.peak_memory_wall_s = engine.server.wall_us / 1_000_000;
    }
    Again::Later
}

/// Goes on where a command's time for eviction was up.
fn evict(engine: &mut Engine, host: &mut dyn Host, _: u64) -> Again {
    crate::evict::evict(&mut engine.keyspace, &mut engine.server, host);
    Again::Later
}

fn write_snapshot(engine: &mut Engine, host: &mut dyn Host, budget_us: u64) -> Again {
    crate::snapshot::walk(&mut engine.keyspace, &mut engine.server, host, budget_us);
    Again::Later
}

fn rehash(engine: &mut Engine, host: &mut dyn Host, budget_us: u64) -> Again {
    let child = engine.server.snapshot.saving.is_some_and(|saving| saving.has_child());
    if !engine.server.config.activerehashing || !engine.server.debug.dict_resizing || child {
        return Again::Later;
    }
    let mut budget = Budget::new(host, budget_us);
    let more = engine.keyspace.rehash_step(&mut || budget.is_left());
    if more { Again::After(REHASH_PAUSE_US) } else { Again::Later }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own_and_small_budgets() {
        let mut names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEP_COUNT);
        assert_eq!(STEPS[TITLE].name, "process title");
        for step in &STEPS {
            assert!(
                !matches!(step.cost, Cost::Heavy(us) if us > 1000),
                "{} may hold up everybody",
                step.name
            );
        }
    }
}
