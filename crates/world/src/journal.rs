//! A file that grows: bytes are handed over, written and made durable without the loop ever waiting.
//!
//! ```text
//!   handed  >=  written  >=  synced      offsets: bytes since the process started, over all files
//!      |           |            |
//!   in memory   the kernel   the disk has it
//!               has it
//! ```
//!
//! **Invariants**
//! 1. What the files hold, one after the other, is what was handed over, in that order, from the length that the first
//!    one had: a hand-over is there whole or (when it could not be written yet) not at all.
//! 2. A file stays empty until the one before it is sealed: where a loss of power breaks one off, all ends.
//! 3. `synced` never runs ahead of what the disk has confirmed, in any file: a file is synced only after the one before
//!    it was. Only [`Journal::journal_open`] passes over what a failed sync has lost.
//! 4. A sync that failed is never repeated: the kernel may have dropped the pages and would say that all is well.
//!
//! *Not here*: what the bytes mean, when a sync is due, what becomes of clients meanwhile (`engine`).

use std::io;
use std::path::Path;

/// How far a journal is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalState {
    /// Bytes handed over since the process started.
    pub handed: u64,
    /// Of these, what the kernel has: survives the death of the process.
    pub written: u64,
    /// Of these, what the disk has: survives a loss of power.
    pub synced: u64,
    /// A sync is going on, or is about to.
    pub syncing: bool,
    /// How long the last sync took, microseconds.
    pub last_sync_us: u64,
    pub failure: Option<JournalFailure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalFailureKind {
    /// Bytes could not be written; they are kept, and [`Journal::journal_retry`] tries again.
    Write,
    /// A sync failed. Appending goes on, syncing does not, until another file is opened.
    Sync,
    /// There is no room in front of the end. What is handed over is written as long as it fits.
    Reserve,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFailure {
    pub kind: JournalFailureKind,
    /// The kernel's words: `No space left on device`.
    pub text: String,
}

pub trait Journal {
    /// Has this file be appended to from now on; made (0600) if it is not there, then its folder is synced. The file before is
    /// sealed in the background: what was handed over is written, synced, cut to its length, closed. Returns the file's
    /// length (what it has is durable then). On failure nothing has changed. `reserve`: so many bytes of room in front of the end are asked of the file system,
    /// and asked again in the background when half of them are used; 0, or a file system that does not know how: none.
    ///
    /// It ends a `Sync` failure: what the file before could not make durable is passed over by the next sync. The caller must
    /// have it elsewhere before it hands over or syncs again; until then what waits to be written goes on waiting, lest
    /// there be something behind a hole.
    fn journal_open(&mut self, path: &Path, reserve: u64) -> io::Result<u64>;
    /// Hands bytes over, as one piece (invariant 1). They are written at once, unless a sync is going on or something waits
    /// to be written; then that happens in the background, in order. Never waits for a sync. Without a file: nothing.
    fn journal_append(&mut self, bytes: &[u8]);
    /// Has all that was handed over so far made durable, in the background. While a sync is going on another one follows it.
    fn journal_sync(&mut self);
    /// Tries again what could not be written or reserved.
    fn journal_retry(&mut self);
    /// Waits until all is written and synced, or cannot be.
    fn journal_finish(&mut self) -> io::Result<()>;
    /// As `journal_finish`; then, whether that went well or not, the file is closed, failures are over, and nothing is appended
    /// any more.
    fn journal_close(&mut self) -> io::Result<()>;
    fn journal(&self) -> JournalState;
}
