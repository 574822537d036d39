//! A large file that a background thread writes, from pieces made by the loop.

use std::io;

/// Writes the pieces of a stream on the background thread; `None` comes after the last.
pub type Pass = Box<dyn FnMut(Option<&[u8]>, &mut dyn io::Write) -> io::Result<()> + Send>;

/// How a stream is written.
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// The file is synced each time so many bytes were written; 0: at the end only.
    pub sync_every: u64,
    /// Bytes that may be queued.
    pub limit: u64,
}

/// Takes the pieces of a file that a background thread writes.
pub trait Stream: Send + Sync {
    /// Hands a piece over; waits while too much is queued. Returns a buffer to be used again, which may be the piece if
    /// nobody wants it any more.
    fn write(&self, piece: Vec<u8>) -> Vec<u8>;
    /// Bytes that are not in the file yet.
    fn queued(&self) -> u64;
}
