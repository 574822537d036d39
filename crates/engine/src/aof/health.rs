//! When the disk fails.
//!
//! While bytes cannot be written, synced, or room for more be had, commands that write are refused before they run (gate
//! UNSAVED), and those that read go on. What could not be written is tried again ten times a second. What could not be
//! synced is not: the kernel may have dropped it and would say that all is well. Instead the dataset, which is whole in
//! memory, is written anew into other files ([`super::rewrite`]), each second until that succeeds.

use crate::gate::Gate;
use crate::host::{Host, JournalFailure, JournalFailureKind, JournalState, Level};
use crate::state::ServerState;

/// What failed is tried again after so long; a rewrite likewise.
const RETRY_US: u64 = 100_000;
const REWRITE_US: u64 = 1_000_000;
/// A line in the log this often.
const LOG_EVERY_US: u64 = 30_000_000;

#[derive(Debug, Default)]
pub struct Health {
    failure: Option<JournalFailure>,
    /// Writes were refused before the commands of this turn ran.
    refusing_before: bool,
    retry_us: u64,
    logged_us: Option<u64>,
    /// A sync failed: only a rewrite makes up for it.
    pub(super) needs_rewrite: bool,
    /// That rewrite has begun: the file that is open is behind the one that is not whole.
    makes_up: bool,
    rewrite_us: u64,
}

impl Health {
    pub fn failure(&self) -> Option<&JournalFailure> {
        self.failure.as_ref()
    }

    /// Nobody who was answered in this turn can have written.
    pub(super) fn is_refusing_since_before(&self) -> bool {
        self.refusing_before
    }

    pub(super) fn retry_us(&self) -> Option<u64> {
        self.failure.as_ref().map(|_| self.retry_us)
    }

    /// Whether a rewrite is due that is to make up for a failed sync.
    pub(super) fn wants_rewrite(&self, now_us: u64) -> bool {
        self.needs_rewrite && now_us >= self.rewrite_us
    }

    pub(super) fn makes_up(&self) -> bool {
        self.makes_up
    }

    /// Another file was opened: until all is in a base, nothing is handed over to it. What the feed has is in that base.
    pub(super) fn opened(&mut self) {
        self.makes_up = self.needs_rewrite;
    }

    /// The end comes first: what there is is written wherever it goes.
    pub(super) fn give_up(&mut self) {
        self.makes_up = false;
    }

    pub(super) fn rewrite_tried(&mut self, now_us: u64) {
        self.rewrite_us = now_us.saturating_add(REWRITE_US);
    }
}

/// Takes note of how the journal is.
pub(super) fn note(server: &mut ServerState, host: &mut dyn Host, state: &JournalState) {
    let now_us = server.mono_us;
    server.aof.health.refusing_before = server.aof.health.failure.is_some();
    if state.failure.is_none() && server.aof.health.failure.is_none() {
        return;
    }
    if let Some(failure) = &state.failure {
        complain(server, host, failure);
        if failure.kind == JournalFailureKind::Sync && !server.aof.health.needs_rewrite {
            server.aof.health.needs_rewrite = true;
            server.aof.log.doubt_from = Some(state.synced);
        }
        if now_us >= server.aof.health.retry_us {
            server.aof.health.retry_us = now_us + RETRY_US;
            host.journal_retry();
        }
    }
    server.aof.health.failure = match (&state.failure, server.aof.health.needs_rewrite) {
        // A new file was opened; what the old one lost is not in another yet.
        (None, true) => server.aof.health.failure.take(),
        (failure, _) => failure.clone(),
    };
    if server.aof.health.failure.is_none() {
        recovered(server, host);
    }
    crate::snapshot::note_health(server);
}

fn complain(server: &mut ServerState, host: &mut dyn Host, failure: &JournalFailure) {
    let (health, now_us) = (&mut server.aof.health, server.mono_us);
    let recently = health.logged_us.is_some_and(|at_us| now_us.saturating_sub(at_us) < LOG_EVERY_US);
    if recently && health.failure.as_ref() == Some(failure) {
        return;
    }
    health.logged_us = Some(now_us);
    let what = match failure.kind {
        JournalFailureKind::Write => "Error writing to the AOF file",
        JournalFailureKind::Sync => "Error syncing the AOF file (it is written anew)",
        JournalFailureKind::Reserve => "No room to write to the AOF file",
    };
    host.log(Level::Warning, &format!("{what}: {}. Writes are refused.", failure.text));
}

fn recovered(server: &mut ServerState, host: &mut dyn Host) {
    server.aof.health.logged_us = None;
    host.log(Level::Notice, "The AOF file can be written again, and writes are accepted.");
}

/// A rewrite has put the dataset into files that are whole.
pub(super) fn made_up(server: &mut ServerState, host: &mut dyn Host) {
    if !std::mem::take(&mut server.aof.health.needs_rewrite) {
        return;
    }
    server.aof.log.doubt_from = None;
    server.aof.health.makes_up = false;
    // What waits behind the hole may be written now.
    host.journal_sync();
    if host.journal().failure.is_none() {
        server.aof.health.failure = None;
        recovered(server, host);
        crate::snapshot::note_health(server);
    }
}

/// The file is closed: what was wrong with it does not matter any more.
pub(super) fn forget(server: &mut ServerState) {
    server.aof.health = Health::default();
    server.aof.log.doubt_from = None;
    crate::snapshot::note_health(server);
}

/// Why commands that write are refused, as they are told; the gate UNSAVED is up.
pub(crate) fn refusal(server: &ServerState) -> crate::error::CommandError {
    match &server.aof.health.failure {
        Some(failure) if !crate::snapshot::refuses_writes(server) => {
            let line = format!("MISCONF Errors writing to the AOF file: {}", failure.text);
            crate::error::CommandError::Told(line)
        }
        _ => crate::error::CommandError::Line(crate::path::UNSAVED),
    }
}

impl ServerState {
    /// Raises or lowers the gate before commands that write.
    pub(crate) fn refuse_writes(&mut self, snapshots: bool) {
        self.gate.set(Gate::UNSAVED, snapshots || self.aof.health.failure.is_some());
    }
}
