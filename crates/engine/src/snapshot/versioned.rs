//! Snapshots without a child: the keyspace is walked while it goes on changing, and what is about to change is written
//! first ([`keyspace::Recorder`]). A thread of the host's takes the bytes to the file.
//!
//! ```text
//!   start ---> [`walk`], a slice in each turn of the loop ---> all pieces are with the host ---> its end, as of a child
//!              changes: written first, from within the command                                  (background.rs)
//! ```
//!
//! **What it costs.** Memory: the queue, up to `snapshot-memory-limit`, and a bit per bucket. Beyond an eighth of it the
//! walk waits; beyond all of it, a command that has to write first waits for the disk, and everybody with it. Time: a
//! slice of a turn ([`slice_us`]); a value is written in one go, so a large one (a million elements) is a pause.
//!
//! **Invariants**
//! 1. There is a walk in [`super::SnapshotState::walk`] exactly while a [`super::Saving`] is on that has no child.
//! 2. After `all_sent` the keyspace is not walked any more.

use std::sync::Arc;

use keyspace::{Keyspace, Walking};
use persist::file::{Opening, Pieces, Seal, ending, settings_for};

use super::save::Plan;
use crate::host::{Host, Level, Stream, StreamOptions};
use crate::state::ServerState;

/// The shortest and the longest slice of a turn. A request that arrives meanwhile waits for it.
const SLICE_US: (u64, u64) = (100, 1000);
/// The clock is asked each time so many homes were written.
const HOMES: u32 = 8;
/// How long the walk waits while too much is queued.
const FULL_US: u64 = 1000;

/// A snapshot that is being written without a child.
pub struct Walk {
    stream: Arc<dyn Stream>,
    /// Bytes in the queue beyond which the walk waits.
    pause_at: u64,
    all_sent: bool,
    /// Not before this time goes the walk on (`rdb-key-save-delay`), monotonic microseconds.
    due_us: u64,
    /// Bytes of bits.
    marks: u64,
}

/// Begins. The error is one line.
pub(super) fn start(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    plan: &Plan,
) -> Result<(), String> {
    let limit = server.config.snapshot_memory_limit;
    let options = StreamOptions { sync_every: plan.sync_every, limit };
    let mut seal = Seal::new(plan.checksum);
    let stream = host.stream(&plan.path, options, Box::new(move |piece, to| seal.pass(piece, to)))?;
    let opening = Opening {
        settings: settings_for(keyspace, plan.settings),
        access: plan.access,
        aux: &plan.aux,
        functions: &plan.functions,
    };
    stream.write(opening.header());
    let mut marks = 0;
    keyspace.begin_walks(&mut |env, number, db| {
        marks += db.table().homes() as u64 / 8;
        let to = stream.clone();
        let pieces: Pieces = Box::new(move |piece| to.write(piece));
        Box::new(opening.database(env, number, db, pieces))
    });
    server.snapshot.walk =
        Some(Walk { stream, pause_at: limit / 8, all_sent: false, due_us: server.mono_us, marks });
    Ok(())
}

/// How long a turn that was busy for so long should go on writing: as long as it was busy, within bounds.
pub fn slice_us(busy_us: u64) -> u64 {
    busy_us.clamp(SLICE_US.0, SLICE_US.1)
}

/// When the walk wants to go on: in so many microseconds; `None` if there is none, or nothing left to do for it.
pub fn walk_due_us(server: &ServerState, now_us: u64) -> Option<u64> {
    let walk = server.snapshot.walk.as_ref().filter(|walk| !walk.all_sent)?;
    let full = if walk.stream.queued() > walk.pause_at { FULL_US } else { 0 };
    Some(walk.due_us.saturating_sub(now_us).max(full))
}

/// Bytes of a snapshot that wait for the disk.
pub fn queued(server: &ServerState) -> u64 {
    server.snapshot.walk.as_ref().map_or(0, |walk| walk.stream.queued())
}

/// Goes on writing for about so many microseconds. Nothing if no snapshot wants it now.
pub fn walk(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host, budget_us: u64) {
    let now_us = host.mono_us();
    if walk_due_us(server, now_us) != Some(0) {
        return;
    }
    let Some(walk) = &mut server.snapshot.walk else { return };
    let before = keyspace.walked().entries;
    let delay_us = u64::try_from(server.config.rdb_key_save_delay).unwrap_or(0);
    let (until_us, mut homes) = (now_us.saturating_add(budget_us), 0u32);
    let walking = keyspace.walk_step(&mut || {
        homes += 1;
        delay_us == 0
            && (!homes.is_multiple_of(HOMES)
                || (host.mono_us() < until_us && walk.stream.queued() <= walk.pause_at))
    });
    let walked = keyspace.walked();
    walk.due_us = now_us.saturating_add(delay_us.saturating_mul(walked.entries - before));
    match walking {
        Walking::More => {}
        Walking::Done => {
            walk.stream.write(ending());
            walk.all_sent = true;
            host.end_stream(true);
        }
        Walking::Lost => {
            host.log(Level::Warning, "A database was lost while it was written");
            walk.all_sent = true;
            host.end_stream(false);
        }
    }
    let (surplus, keys) = (walk.stream.queued() + walk.marks, walked.entries);
    super::background::progress(server, keys, surplus);
    drop_left(keyspace, host);
}

/// Databases that were only kept to be written.
fn drop_left(keyspace: &mut Keyspace, host: &mut dyn Host) {
    for db in keyspace.left_behind() {
        host.drop_later(Box::new(db));
    }
}

/// Gives the snapshot up; false if there is none. The host tells of the end.
pub(super) fn give_up(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> bool {
    let Some(walk) = &mut server.snapshot.walk else { return false };
    walk.all_sent = true;
    // First the stream: from then on nobody waits for it.
    host.end_stream(false);
    keyspace.end_walks();
    drop_left(keyspace, host);
    true
}

/// Hears how it ended, if it has.
pub(super) fn ended(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Option<bool> {
    server.snapshot.walk.as_ref()?;
    let outcome = host.stream_outcome()?;
    give_up(keyspace, server, host);
    server.snapshot.walk = None;
    let cancelled = server.snapshot.saving.is_some_and(|saving| saving.cancelled);
    match &outcome {
        Ok(()) => {
            let walked = keyspace.walked();
            let (first, megabytes) = (walked.entries_first, walked.bytes_first >> 20);
            let line =
                format!("{} keys, of which {first} were written first ({megabytes} MB)", walked.entries);
            host.log(Level::Notice, &line);
        }
        Err(why) if !cancelled => host.log(Level::Warning, &format!("Error saving the DB: {why}")),
        Err(_) => {}
    }
    Some(outcome.is_ok())
}
