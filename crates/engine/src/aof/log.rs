//! What the feed has is written before replies leave, and made as durable as `appendfsync` promises.
//!
//! ```text
//!   turn      commands run ──> feed ──> journal_append ──> written? synced? ──┬─ yes: replies leave
//!                                       (one piece, marked)                   └─ no:  their clients are held
//!   Event::Journal ──> turn ──> who was held for what is safe now is answered, and goes on
//! ```
//!
//! With `always` many clients share a sync. While one runs the loop reads on, and whoever writes meanwhile is held. A sync that
//! begins the moment the last one ends would take only those who were quick, and the next one the others: two half-full groups
//! take turns for ever. So after a sync the next one waits for as many as there are likely to be: those whom the last
//! one released, who will soon ask again, and those who were held when it ended. It waits no longer than a quarter of a
//! sync (at least 100 us), and for nobody if there is but one.
//!
//! A held client's gate UNSYNCED is up: what else it has sent stays in its query buffer. Those who only read are held
//! with the others, as what they read may be what is not safe yet; but not while the disk fails: then nobody writes, and
//! what there is to read was answered before.
//!
//! **Invariants**
//! 1. `held` is in the order of `offset`. Each client stands there once, and then its gate UNSYNCED is up.
//! 2. Nobody who is held is sent anything (`server` asks the gate).

use std::collections::VecDeque;

use config::choices::Appendfsync;
use persist::aof::encode;

use super::Mode;
use crate::client::{ClientSlot, Close};
use crate::gate::Gate;
use crate::host::{Host, JournalFailureKind, JournalState, Level};
use crate::state::ServerState;

/// A mark is written when so many bytes have none, and at the end of a file that is not gone on with.
const MARKED: u64 = 4096;
/// With `everysec` a sync begins so long after the first byte that has none.
const EVERYSEC_US: u64 = 500_000;
/// The next sync of a group waits no less than this.
const GATHER_US: u64 = 100;
/// Who is held, and cannot be told that all is well, is let go without an answer after so long.
const PATIENCE_US: u64 = 10_000_000;

/// A client that waits for what it did to be safe.
#[derive(Clone, Copy, Debug)]
struct Held {
    slot: ClientSlot,
    id: u64,
    offset: u64,
    since_us: u64,
}

#[derive(Debug, Default)]
pub struct Log {
    held: VecDeque<Held>,
    /// As far as the journal was when it was looked at last.
    handed: u64,
    written: u64,
    synced: u64,
    syncing: bool,
    /// `synced` counts for nothing beyond this until a rewrite is done: a sync has failed.
    pub(super) doubt_from: Option<u64>,
    /// When the first byte that no sync covers was handed over.
    unsynced_since_us: Option<u64>,
    sync_ended_us: u64,
    last_sync_us: u64,
    /// Clients that the last sync released, and that were held when it ended.
    expected: usize,
    /// When something is to be done at the latest, monotonic microseconds.
    pub due_us: Option<u64>,
    /// Turns whose replies waited for a write, and were not promised more.
    pub delayed: u64,
}

impl Log {
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Clients that are held now.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// What was handed over.
    pub(super) fn handed(&self) -> u64 {
        self.handed
    }

    /// What is on the disk, for all that is known.
    pub(super) fn durable(&self) -> u64 {
        self.doubt_from.map_or(self.synced, |from| from.min(self.synced))
    }

    /// Syncs that are going on.
    pub fn syncs_pending(&self) -> usize {
        usize::from(self.syncing)
    }
}

/// What is done before replies leave.
pub fn before_replies(server: &mut ServerState, host: &mut dyn Host) {
    hand_over(server, host);
    let state = host.journal();
    super::health::note(server, host, &state);
    let was = server.aof.log.durable();
    let ended = server.aof.log.syncing && !state.syncing;
    note(&mut server.aof.log, &state, server.mono_us);
    if ended && server.config.appendfsync == Appendfsync::Always {
        server.note_latency("aof-fsync-always", state.last_sync_us);
    }
    hold(server);
    release(server);
    if server.aof.log.durable() > was {
        server.aof.log.expected += server.aof.log.held.len();
    }
    sync_if_due(server, host, &state);
    super::wait::step(server);
    lose_patience(server, host);
}

/// Hands what the feed has over to the journal.
pub(super) fn hand_over(server: &mut ServerState, host: &mut dyn Host) {
    // What is done while a rewrite makes up for a failed sync comes after it: nothing may stand behind a hole.
    if server.feed.units().is_empty() || !server.aof.open || server.aof.health.makes_up() {
        return;
    }
    if server.aof.flush_sleep_us > 0 {
        host.sleep(std::time::Duration::from_micros(server.aof.flush_sleep_us));
    }
    let began_us = (server.config.latency_monitor_threshold > 0).then(|| host.mono_us());
    stamp(server, host);
    let now_us = server.mono_us;
    let ServerState { aof, feed, .. } = &mut *server;
    aof.marks.add(feed.units());
    if aof.marks.uncovered() >= MARKED {
        feed.annotate(|to| aof.marks.mark(to));
    }
    host.journal_append(feed.units());
    aof.size += feed.units().len() as u64;
    feed.taken();
    aof.log.unsynced_since_us.get_or_insert(now_us);
    if let Some(began_us) = began_us {
        note_latency(server, host.mono_us().saturating_sub(began_us));
    }
}

/// `aof-timestamp-enabled`: each second that something is written in begins with a line.
fn stamp(server: &mut ServerState, host: &mut dyn Host) {
    let now_s = server.wall_us / 1_000_000;
    if !server.config.aof_timestamp_enabled || server.aof.stamped_s == now_s {
        return;
    }
    server.aof.stamped_s = now_s;
    let mut line = Vec::new();
    encode::timestamp(&mut line, now_s);
    server.aof.marks.add(&line);
    server.aof.size += line.len() as u64;
    host.journal_append(&line);
}

fn note_latency(server: &mut ServerState, us: u64) {
    let event = match (server.aof.log.syncing, server.snapshot.saving.is_some()) {
        (true, _) => "aof-write-pending-fsync",
        (_, true) => "aof-write-active-child",
        _ => "aof-write-alone",
    };
    server.note_latency(event, us);
    server.note_latency("aof-write", us);
}

fn note(log: &mut Log, state: &JournalState, now_us: u64) {
    if log.syncing && !state.syncing {
        log.sync_ended_us = now_us;
        log.last_sync_us = state.last_sync_us;
    }
    (log.handed, log.written, log.synced) = (state.handed, state.written, state.synced);
    log.syncing = state.syncing;
    if log.synced == log.handed {
        log.unsynced_since_us = None;
    }
}

/// How far things are as safe as was promised.
fn reached(server: &ServerState) -> u64 {
    let log = &server.aof.log;
    let promised = server.config.appendfsync == Appendfsync::Always && !is_sync_put_off(server);
    if promised && server.aof.open { log.durable() } else { log.written }
}

/// `no-appendfsync-on-rewrite`, while something else writes to the disk.
fn is_sync_put_off(server: &ServerState) -> bool {
    server.config.no_appendfsync_on_rewrite && server.snapshot.saving.is_some()
}

/// Lets those go whose writes are safe; they are answered with the others, and what else they have sent runs.
fn release(server: &mut ServerState) {
    let reached = reached(server);
    let mut released = 0;
    while let Some(held) = server.aof.log.held.front().copied().filter(|held| held.offset <= reached) {
        server.aof.log.held.pop_front();
        released += usize::from(let_go(server, held));
    }
    if released > 0 {
        server.aof.log.expected = released;
    }
}

fn let_go(server: &mut ServerState, held: Held) -> bool {
    let Some(client) = server.clients.get_mut(held.slot).filter(|client| client.id == held.id) else {
        return false;
    };
    client.gate.set(Gate::UNSYNCED, false);
    if !client.out.is_empty() || client.close != Close::No {
        client.write_pending = true;
        server.pending_writes.push(held.slot);
    }
    server.resumed.push(held.slot);
    true
}

/// The end: all that was done is made durable, and then nobody is held any more. Who was promised what cannot be kept is told
/// nothing.
pub fn end(server: &mut ServerState, host: &mut dyn Host) {
    if server.aof.mode != Mode::On || finish(server, host).is_ok() {
        release_all(server);
    }
}

/// Lets everybody go, however it stands: there is nothing to wait for any more.
pub(super) fn release_all(server: &mut ServerState) {
    for held in std::mem::take(&mut server.aof.log.held) {
        let_go(server, held);
    }
}

/// Holds those who were answered, if something is not as safe as was promised.
fn hold(server: &mut ServerState) {
    let offset = server.aof.log.handed;
    if reached(server) >= offset || server.aof.health.is_refusing_since_before() {
        return;
    }
    let since_us = server.mono_us;
    server.aof.log.delayed += u64::from(server.config.appendfsync != Appendfsync::Always);
    let mut pending = std::mem::take(&mut server.pending_writes);
    for slot in pending.drain(..) {
        let Some(client) = server.clients.get_mut(slot) else { continue };
        client.gate.set(Gate::UNSYNCED, true);
        server.aof.log.held.push_back(Held { slot, id: client.id, offset, since_us });
    }
    server.pending_writes = pending;
}

fn sync_if_due(server: &mut ServerState, host: &mut dyn Host, state: &JournalState) {
    server.aof.log.due_us = None;
    let failed = matches!(&state.failure, Some(failure) if failure.kind == JournalFailureKind::Sync);
    let nothing = state.synced >= state.handed || state.syncing || failed;
    if nothing || !server.aof.open || server.aof.health.makes_up() || is_sync_put_off(server) {
        return;
    }
    let at_us = match server.config.appendfsync {
        Appendfsync::No => return,
        Appendfsync::Everysec => server.aof.log.unsynced_since_us.unwrap_or(0).saturating_add(EVERYSEC_US),
        Appendfsync::Always => group_at_us(&server.aof.log),
    };
    if at_us <= server.mono_us {
        host.journal_sync();
        server.aof.log.syncing = true;
        server.aof.log.unsynced_since_us = None;
    } else {
        server.aof.log.due_us = Some(at_us);
    }
}

/// When the next sync of a group begins: 0 = now.
fn group_at_us(log: &Log) -> u64 {
    if log.expected <= 1 || log.held.len() >= log.expected {
        return 0;
    }
    log.sync_ended_us.saturating_add(GATHER_US.max(log.last_sync_us / 4))
}

/// Those whose writes cannot be made safe are let go without an answer: they must not take them for safe.
fn lose_patience(server: &mut ServerState, host: &mut dyn Host) {
    let Some(first) = server.aof.log.held.front() else { return };
    let failing = server.aof.health.failure().is_some();
    if !failing || server.mono_us.saturating_sub(first.since_us) < PATIENCE_US {
        return;
    }
    let held = std::mem::take(&mut server.aof.log.held);
    let line = format!("Closing {} clients whose writes could not be made safe", held.len());
    host.log(Level::Warning, &line);
    for one in held {
        if server.clients.get(one.slot).is_some_and(|client| client.id == one.id) {
            server.close(one.slot, Close::Now);
        }
    }
}

/// Has the end of the file be covered by a mark, too: nothing more comes.
pub(super) fn mark_end(server: &mut ServerState, host: &mut dyn Host) {
    hand_over(server, host);
    if server.aof.open && server.aof.marks.uncovered() > 0 {
        let mut mark = Vec::new();
        server.aof.marks.mark(&mut mark);
        server.aof.size += mark.len() as u64;
        host.journal_append(&mark);
    }
}

/// Writes and syncs all there is, and waits for it: before the end, or before the file is closed.
pub(super) fn finish(server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    server.aof.health.give_up();
    hand_over(server, host);
    let done = host.journal_finish();
    note(&mut server.aof.log, &host.journal(), server.mono_us);
    done
}

/// When the loop is to look again at the latest, monotonic microseconds.
pub fn due_us(server: &ServerState) -> u64 {
    let aof = &server.aof;
    let waits = aof.waits.first_deadline_us();
    let times = [aof.log.due_us, aof.health.retry_us(), waits];
    times.into_iter().flatten().min().unwrap_or(u64::MAX)
}

/// What is collected counts from now on, if it did not.
pub(super) fn set_mode_on(server: &mut ServerState) {
    if server.aof.mode == Mode::First {
        server.aof.mode = Mode::On;
    }
}

/// The mode and what depends on it.
pub(super) fn set_open(keyspace: &mut keyspace::Keyspace, server: &mut ServerState, mode: Mode, open: bool) {
    server.aof.mode = mode;
    server.aof.open = open;
    crate::feed::set(keyspace, server, open);
    if !open {
        server.feed.forget();
    }
}
