//! What the two threads do, and how they and the loop call each other.

use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::core::{self, Core, words};
use crate::clock;

/// A sync that takes longer than this is not waited for to write what is queued.
const PATIENCE_US: u64 = 2_000;

pub(super) struct Shared {
    core: Mutex<Core>,
    /// Calls the thread of the disk; the one that writes meanwhile; whoever waits for both to be idle.
    disk: Condvar,
    pen: Condvar,
    idle: Condvar,
    wake: UnixStream,
    /// The loop was woken and has not looked yet.
    told: AtomicBool,
}

impl Shared {
    pub fn new(wake: UnixStream) -> Shared {
        let told = AtomicBool::new(false);
        Shared {
            core: Mutex::default(),
            disk: Condvar::new(),
            pen: Condvar::new(),
            idle: Condvar::new(),
            wake,
            told,
        }
    }

    /// The books are right at every moment the lock is free: a panic of somebody who held it is no reason to stop.
    pub fn lock(&self) -> Books<'_> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is to be done: calls the thread that can.
    pub fn call(&self, core: &Books<'_>) {
        match core.syncing_since {
            // It looks itself when it is through.
            Some(_) => self.pen.notify_one(),
            None => self.disk.notify_one(),
        }
    }

    pub fn quit(&self) {
        self.lock().quit = true;
        self.disk.notify_all();
        self.pen.notify_all();
    }

    /// The books when there is nothing left that can be done.
    pub fn wait_idle(&self) -> Books<'_> {
        let mut core = self.lock();
        while !core.idle() {
            core.awaited = true;
            core = wait(&self.idle, core);
        }
        core.awaited = false;
        core
    }

    /// Tells the loop, and whoever waits, that something was done.
    fn tell(&self, core: &Books<'_>) {
        if core.awaited {
            self.idle.notify_one();
        }
        if !self.told.swap(true, SeqCst) {
            // A full pipe will wake the loop just as well.
            let _ = rustix::io::write(&self.wake, b"!");
        }
    }

    pub fn heard(&self) {
        self.told.store(false, SeqCst);
    }
}

fn wait<'a>(call: &Condvar, core: Books<'a>) -> Books<'a> {
    call.wait(core).unwrap_or_else(PoisonError::into_inner)
}

fn wait_at_most<'a>(call: &Condvar, core: Books<'a>, us: u64) -> Books<'a> {
    let waited = call.wait_timeout(core, Duration::from_micros(us));
    waited.unwrap_or_else(PoisonError::into_inner).0
}

/// The thread of the disk.
pub(super) fn sync(shared: &Shared) {
    let mut core = shared.lock();
    while !core.quit {
        core = if core.may_write() {
            write_piece(shared, core)
        } else if core.may_reserve() {
            reserve(shared, core)
        } else if core.may_seal() && !core.writing {
            seal(shared, core)
        } else if core.may_sync() {
            sync_current(shared, core)
        } else {
            if core.awaited {
                shared.idle.notify_one();
            }
            wait(&shared.disk, core)
        };
    }
}

/// The thread that writes while the other one is in a long sync.
pub(super) fn write(shared: &Shared) {
    let mut core = shared.lock();
    while !core.quit {
        core = match core.syncing_since {
            Some(since) if core.may_write() => {
                let left_us = (since + PATIENCE_US).saturating_sub(clock::now().mono_us);
                if left_us == 0 {
                    let core = write_piece(shared, core);
                    // The other one may have waited for this.
                    shared.disk.notify_one();
                    core
                } else {
                    wait_at_most(&shared.pen, core, left_us)
                }
            }
            _ => wait(&shared.pen, core),
        };
    }
}

type Books<'a> = MutexGuard<'a, Core>;

fn write_piece<'a>(shared: &'a Shared, mut core: Books<'a>) -> Books<'a> {
    let Some(piece) = core.queue.pop_front() else { return core };
    let Some(file) = core.file(piece.file) else { return core };
    let (handle, torn, len) = (file.file.clone(), file.torn, file.len);
    core.writing = true;
    drop(core);
    let outcome = core::write(&*handle, torn, len, &piece.bytes, &piece.ends);
    let mut core = shared.lock();
    core.writing = false;
    core.note_written(piece, outcome);
    shared.tell(&core);
    core
}

fn reserve<'a>(shared: &'a Shared, mut core: Books<'a>) -> Books<'a> {
    let Some(file) = core.current() else { return core };
    let (handle, id, len, room) = (file.file.clone(), file.id, file.len, file.reserve);
    let failed = core.reserve_failure.is_some();
    core.syncing_since = Some(clock::now().mono_us);
    drop(core);
    let outcome = handle.reserve(len, room);
    let mut core = shared.lock();
    core.syncing_since = None;
    core.note_reserved(id, len, room, outcome);
    if failed != core.reserve_failure.is_some() {
        shared.tell(&core);
    }
    core
}

/// Makes the oldest file what it stays, and closes it.
fn seal<'a>(shared: &'a Shared, mut core: Books<'a>) -> Books<'a> {
    let Some(oldest) = core.files.front() else { return core };
    let (handle, len, lost, end) = (oldest.file.clone(), oldest.len, oldest.lost, oldest.ends_at);
    let began = clock::now().mono_us;
    core.syncing_since = Some(began);
    drop(core);
    // Room that was not used and cannot be given back does no harm.
    let _ = handle.cut(len);
    let outcome = if lost { Ok(()) } else { handle.sync() };
    drop(handle);
    let mut core = shared.lock();
    core.syncing_since = None;
    core.last_sync_us = clock::now().mono_us.saturating_sub(began);
    match outcome {
        Ok(()) if lost => drop(core.files.pop_front()),
        Ok(()) => {
            core.synced = core.synced.max(end.unwrap_or(0));
            core.files.pop_front();
        }
        Err(error) => {
            core.sync_failure = Some(words(&error));
            core.hole = true;
            if let Some(file) = core.files.front_mut() {
                file.lost = true;
            }
        }
    }
    shared.tell(&core);
    core
}

fn sync_current<'a>(shared: &'a Shared, mut core: Books<'a>) -> Books<'a> {
    let target = core.written;
    let Some(file) = core.current() else { return core };
    let (handle, id) = (file.file.clone(), file.id);
    let began = clock::now().mono_us;
    core.syncing_since = Some(began);
    drop(core);
    let outcome = handle.sync();
    let mut core = shared.lock();
    core.syncing_since = None;
    core.last_sync_us = clock::now().mono_us.saturating_sub(began);
    match outcome {
        Ok(()) => core.synced = target,
        Err(error) => {
            core.sync_failure = Some(words(&error));
            core.hole = true;
            if let Some(file) = core.file(id) {
                file.lost = true;
            }
        }
    }
    shared.tell(&core);
    core
}
