//! What is remembered of snapshots.

use super::load::{Loading, Rest};
use super::versioned::Walk;

/// What a snapshot is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The file of `dbfilename`.
    Snapshot,
    /// The base of an append-only file, in its place.
    Rewrite,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Done,
    /// It was told to end.
    Cancelled,
    /// By this signal, if by one.
    Failed(Option<i32>),
}

/// A snapshot that is being written in the background.
#[derive(Clone, Copy, Debug)]
pub struct Saving {
    pub purpose: Purpose,
    /// Of the child; 0 if there is none.
    pub pid: u32,
    pub began_us: u64,
    /// Changes that its snapshot has.
    pub dirty_before: u64,
    pub keys_done: u64,
    pub keys_total: u64,
    /// Bytes copied because parent or child wrote to them, as told last, at most so far, and when.
    pub copied: u64,
    pub copied_peak: u64,
    pub told_us: u64,
    /// It was told to end: that it did not succeed is no failure.
    pub cancelled: bool,
}

impl Saving {
    /// A child writes, with which we share memory.
    pub fn has_child(&self) -> bool {
        self.pid > 0
    }
}

/// What was loaded last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loads {
    pub keys: u64,
    /// Left out: their time was up.
    pub expired: u64,
}

pub struct SnapshotState {
    /// Seconds since 1970: when the last snapshot was complete (or the server started).
    pub last_save_s: i64,
    /// Monotonic: when a background save was tried last.
    pub last_try_us: u64,
    /// The last background save did not fail.
    pub last_ok: bool,
    /// Seconds that it took.
    pub last_took_s: Option<u64>,
    pub last_copied: u64,
    /// Snapshots since the start.
    pub saves: u64,
    pub saving: Option<Saving>,
    /// It is written without a child.
    pub walk: Option<Walk>,
    /// One is to begin as soon as it can.
    pub scheduled: bool,
    pub fork_us: u64,
    pub forks: u64,
    pub loading: Option<Box<Loading>>,
    pub last_load: Loads,
    /// What follows the preamble that was loaded, if it was one.
    pub rest: Option<Rest>,
}

impl SnapshotState {
    /// Whether a snapshot is being written for this.
    pub fn saving_for(&self, purpose: Purpose) -> bool {
        self.saving.is_some_and(|saving| saving.purpose == purpose)
    }

    /// Of a server that starts at this time.
    pub fn at(wall_us: i64) -> Self {
        SnapshotState {
            last_save_s: wall_us / 1_000_000,
            last_try_us: 0,
            last_ok: true,
            last_took_s: None,
            last_copied: 0,
            saves: 0,
            saving: None,
            walk: None,
            scheduled: false,
            fork_us: 0,
            forks: 0,
            loading: None,
            last_load: Loads::default(),
            rest: None,
        }
    }
}
