//! What was being done, for the crash report: two words that the dying process can still read.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Nothing is running.
pub const NOTHING: u32 = u32::MAX;

static CLIENT: AtomicU32 = AtomicU32::new(NOTHING);
static COMMAND: AtomicU32 = AtomicU32::new(NOTHING);

#[inline]
pub(crate) fn note(client: u32, command: u16) {
    CLIENT.store(client, Relaxed);
    COMMAND.store(u32::from(command), Relaxed);
}

#[inline]
pub(crate) fn nothing_runs() {
    COMMAND.store(NOTHING, Relaxed);
}

/// The client's slot and the command's index in the registry; `NOTHING` between batches.
pub fn current() -> (u32, u32) {
    (CLIENT.load(Relaxed), COMMAND.load(Relaxed))
}
