//! A file that grows, and two threads that spare the loop from waiting for the disk.
//!
//! ```text
//!   the loop      append: write(2) at once, or, while a thread is busy, into the queue
//!   journal_sync  fdatasync, sealing of older files, room in front of the end; empties the queue when it is free
//!   journal_write empties the queue while the other thread is in a sync that takes long
//! ```
//!
//! The second thread is what keeps a slow disk from delaying answers that need not wait for it: bytes that the kernel
//! has survive the process. It waits a moment first, so that short syncs wake nobody.
//!
//! **Invariants**
//! 1. The lock is never held over a system call that may wait for the disk, but for the loop's own `write`.
//! 2. News is in the books before the loop is woken, and the flag that spares wake-ups is cleared before it looks.
//! 3. The threads start with the first file (invariant 3 of the crate) and end with the value.
//!
//! *Not here*: the books (`core`), what is asked of the file system (`file`).

mod core;
#[cfg(test)]
mod faulty;
mod file;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
mod work;

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use world::JournalState;

use core::Core;
use file::Files;
pub(crate) use file::RealFiles;
use work::Shared;

pub(crate) struct Journal {
    files: Box<dyn Files>,
    shared: Arc<Shared>,
    /// Becomes readable when there is news.
    news: UnixStream,
    threads: Vec<JoinHandle<()>>,
}

impl Journal {
    /// Starts the threads.
    pub fn start(files: Box<dyn Files>) -> io::Result<Journal> {
        let (news, wake) = UnixStream::pair()?;
        news.set_nonblocking(true)?;
        wake.set_nonblocking(true)?;
        let mut journal = Journal { files, shared: Arc::new(Shared::new(wake)), news, threads: Vec::new() };
        // Should the second one be refused, the value is dropped, which ends the first.
        journal.thread("journal_sync", work::sync)?;
        journal.thread("journal_write", work::write)?;
        Ok(journal)
    }

    fn thread(&mut self, name: &str, work: fn(&Shared)) -> io::Result<()> {
        let shared = self.shared.clone();
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || work(&shared))?;
        self.threads.push(thread);
        Ok(())
    }

    /// What to wait on for news.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }

    /// The loop was woken, and is about to look at the state.
    pub fn heard(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.news.read(&mut bytes), Ok(count) if count > 0) {}
        self.shared.heard();
    }

    pub fn open(&mut self, path: &Path, reserve: u64) -> io::Result<u64> {
        let (file, len) = self.files.open(path)?;
        let reserved = if reserve > 0 { file.reserve(len, reserve) } else { Ok(false) };
        let mut core = self.shared.lock();
        let id = core.add(file, len, reserve);
        core.note_reserved(id, len, reserve, reserved);
        self.shared.call(&core);
        Ok(len)
    }

    pub fn append(&mut self, bytes: &[u8]) {
        let mut core = self.shared.lock();
        if bytes.is_empty() || !core.open {
            return;
        }
        core.handed += bytes.len() as u64;
        core.go_on();
        if core.at_once() {
            write_now(&mut core, bytes);
            if core.may_reserve() {
                self.shared.call(&core);
            }
            return;
        }
        core.enqueue(bytes);
        if core.may_write() {
            self.shared.call(&core);
        }
    }

    pub fn sync(&mut self) {
        let mut core = self.shared.lock();
        core.wanted = core.handed;
        core.go_on();
        if core.may_sync() || core.may_write() {
            self.shared.call(&core);
        }
    }

    pub fn retry(&mut self) {
        let mut core = self.shared.lock();
        core.retry_write = core.write_failure.is_some();
        core.retry_reserve = core.reserve_failure.is_some();
        if core.retry_write || core.retry_reserve {
            self.shared.call(&core);
        }
    }

    pub fn finish(&mut self) -> io::Result<()> {
        self.retry();
        self.sync();
        outcome(&self.shared.wait_idle())
    }

    pub fn close(&mut self) -> io::Result<()> {
        self.retry();
        self.sync();
        let mut core = self.shared.wait_idle();
        let done = outcome(&core);
        for file in &core.files {
            // Room that cannot be given back does no harm.
            let _ = file.file.cut(file.len);
        }
        let Core { handed, last_sync_us, next_id, .. } = *core;
        *core = Core { handed, written: handed, synced: handed, last_sync_us, next_id, ..Core::default() };
        done
    }

    pub fn state(&self) -> JournalState {
        self.shared.lock().state()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.quit();
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// What kept books that are idle from being complete.
fn outcome(core: &Core) -> io::Result<()> {
    let failure = core.sync_failure.as_ref().or(core.write_failure.as_ref());
    failure.map_or(Ok(()), |text| Err(io::Error::other(text.clone())))
}

/// The loop's own write. The lock is held: whoever waits for it has no hurry.
fn write_now(core: &mut Core, bytes: &[u8]) {
    let Some(file) = core.current() else { return };
    let outcome = core::write(&*file.file, file.torn, file.len, bytes, &[bytes.len()]);
    if outcome.error.is_none() {
        file.len += bytes.len() as u64;
        file.torn = false;
        core.written += bytes.len() as u64;
        return;
    }
    let piece = core::Piece { file: file.id, bytes: bytes.to_vec(), ends: vec![bytes.len()] };
    core.note_written(piece, outcome);
}
