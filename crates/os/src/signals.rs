//! The signals that ask the process to do something, brought into the loop through a pipe.
//!
//! ```text
//! SIGTERM, SIGINT   counted, a byte into the pipe, the poller wakes, `take` tells
//! SIGINT again      (after either of them) the process ends at once, with 1, and the snapshot half written goes
//! SIGPIPE, SIGHUP   ignored: a peer that is gone is told by `send`, a terminal that is gone is nothing to us
//! ```
//!
//! **Invariants**
//! 1. What runs inside a signal touches atomics, writes one byte, or removes a file and ends the process; nothing else.
//! 2. The count is raised before the byte is written, and the pipe is emptied before the counts are taken: a
//!    signal is never lost, at worst it wakes the loop for nothing.
//!
//! *Not here*: SIGSEGV and its like, SIGALRM (`crash`).

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::{SigId, low_level};
use world::{Event, Signal};

use crate::sys;

#[derive(Default)]
struct Counts {
    /// All requests ever, to know the second one.
    requests: AtomicU32,
    terminate: AtomicU32,
    interrupt: AtomicU32,
}

pub(crate) struct Signals {
    pipe: UnixStream,
    counts: Arc<Counts>,
    ids: [SigId; 2],
}

impl Signals {
    pub fn install() -> io::Result<Signals> {
        ignore(SIGPIPE);
        ignore(SIGHUP);
        let (pipe, end) = UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        end.set_nonblocking(true)?;
        let counts = Arc::new(Counts::default());
        let end = Arc::new(end);
        let ids = [on(SIGTERM, counts.clone(), end.clone())?, on(SIGINT, counts.clone(), end)?];
        Ok(Signals { pipe, counts, ids })
    }

    /// What to wait on.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }

    /// Appends the signals that came since the last call.
    pub fn take(&mut self, events: &mut Vec<Event>) {
        let mut bytes = [0; 64];
        while matches!(self.pipe.read(&mut bytes), Ok(count) if count > 0) {}
        if self.counts.terminate.swap(0, SeqCst) > 0 {
            events.push(Event::Signal(Signal::Terminate));
        }
        if self.counts.interrupt.swap(0, SeqCst) > 0 {
            events.push(Event::Signal(Signal::Interrupt));
        }
    }
}

impl Signals {
    /// The next signal is a first one again.
    pub fn forget(&self) {
        self.counts.requests.store(0, SeqCst);
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids {
            low_level::unregister(id);
        }
    }
}

fn on(signal: i32, counts: Arc<Counts>, end: Arc<UnixStream>) -> io::Result<SigId> {
    let action = move || {
        let before = counts.requests.fetch_add(1, SeqCst);
        if signal == SIGINT && before > 0 {
            sys::exit_removing(1);
        }
        let count = if signal == SIGINT { &counts.interrupt } else { &counts.terminate };
        count.fetch_add(1, SeqCst);
        // A full pipe will wake the loop just as well.
        let _ = rustix::io::write(&*end, b"!");
    };
    // SAFETY: by invariant 1 the action does only what a signal may do; rustix's `write` is the bare system call
    // (or libc's, which is on the list), and errno is restored by signal-hook.
    unsafe { low_level::register(signal, action) }
}

/// Ignores a signal.
pub(crate) fn ignore(signal: i32) {
    // SAFETY: SIG_IGN is a valid disposition, and no code of ours depends on the old one.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{child, text};

    #[test]
    fn requests_arrive_and_the_second_interrupt_ends_the_process() {
        let output = child("signals::tests::in_a_child").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(text(&output).contains("heard them"), "{}", text(&output));
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn in_a_child() {
        let mut signals = Signals::install().unwrap();
        low_level::raise(SIGPIPE).unwrap();
        low_level::raise(SIGHUP).unwrap();
        let mut events = Vec::new();
        signals.take(&mut events);
        assert_eq!(events, []);
        low_level::raise(SIGINT).unwrap();
        low_level::raise(SIGTERM).unwrap();
        signals.take(&mut events);
        assert_eq!(events, [Event::Signal(Signal::Terminate), Event::Signal(Signal::Interrupt)]);
        println!("heard them");
        low_level::raise(SIGINT).unwrap();
        panic!("still alive");
    }
}
