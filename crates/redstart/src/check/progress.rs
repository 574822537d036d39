//! How far a long file has been read.

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

/// Shorter files, in bytes, are checked before anybody wonders.
const LONG: u64 = 100 << 20;
/// Bytes between two lines.
const STEP: u64 = 32 << 20;

/// A source that tells on a terminal how much of it has been read.
pub struct Progress<R> {
    source: R,
    name: String,
    size: u64,
    read: u64,
    told: u64,
    shown: bool,
}

impl<R> Progress<R> {
    pub fn new(source: R, file: &Path, size: u64) -> Self {
        let shown = size >= LONG && io::stderr().is_terminal();
        Progress { source, name: file.display().to_string(), size, read: 0, told: 0, shown }
    }

    fn tell(&mut self) {
        let percent = self.read.saturating_mul(100) / self.size.max(1);
        let _ = write!(io::stderr(), "\r{}: {percent}%", self.name);
        self.told = self.read;
    }
}

impl<R: Read> Read for Progress<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(to)?;
        self.read += count as u64;
        if self.shown && self.read - self.told >= STEP {
            self.tell();
        }
        Ok(count)
    }
}

impl<R> Drop for Progress<R> {
    fn drop(&mut self) {
        if self.shown && self.told > 0 {
            let _ = writeln!(io::stderr());
        }
    }
}
