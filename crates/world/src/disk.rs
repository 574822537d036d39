//! Files: read and replaced whole, and what folders hold.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::stream::{Pass, Stream, StreamOptions};

pub trait Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Replaces a file whole: temporary file in the same folder, written, fsynced, renamed, folder fsynced.
    fn replace(&mut self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()>;
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    /// Opens a file to be read piece by piece, with its size where there is one.
    fn open(&self, path: &Path) -> io::Result<(Box<dyn io::Read + std::marker::Send>, Option<u64>)>;
    /// Replaces a large file whole by what `fill` writes: as `replace`, but by way of `temp-<pid>.rdb`, and synced each
    /// time so many bytes were written (0: only at the end), so that the last sync does not take long.
    fn replace_with(&mut self, path: &Path, sync_every: u64, fill: &mut Fill<'_>) -> io::Result<()>;
    /// The names in a folder, in no order; neither `.` nor `..`, nor what is not text.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Makes a folder, durably; one that is there is fine.
    fn make_folder(&mut self, path: &Path, mode: u32) -> io::Result<()>;
    /// Gives a file another name, durably; one that has the name is replaced.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Cuts a file to this length, durably. It must not be shorter.
    fn truncate(&mut self, path: &Path, len: u64) -> io::Result<()>;
    /// Bytes in a file.
    fn file_len(&self, path: &Path) -> io::Result<u64>;
    /// Makes a folder ours to the end of the process: another process that asks for it is refused. Asking again is fine.
    fn lock(&mut self, folder: &Path) -> io::Result<()>;
    /// Replaces a large file whole by pieces that come one by one, as `replace_with`, but on a background thread. One at
    /// a time, until its outcome was told.
    fn stream(&mut self, path: &Path, options: StreamOptions, pass: Pass) -> io::Result<Arc<dyn Stream>>;
    /// Nothing more comes: the file takes its place (`whole`), or is given up.
    fn end_stream(&mut self, whole: bool);
    /// How the stream ended, once it has; told once.
    fn stream_outcome(&mut self) -> Option<Result<(), String>>;
    /// Makes a folder the working directory, for `dir`.
    fn enter(&mut self, path: &Path) -> io::Result<()>;
    /// The working directory.
    fn here(&self) -> PathBuf;
}

/// Writes the content of a file.
pub type Fill<'a> = dyn FnMut(&mut dyn io::Write) -> io::Result<()> + 'a;
