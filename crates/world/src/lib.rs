//! The outside, as traits: what a server needs of a kernel, and no more.
//!
//! `os` implements them over a real kernel, `sim` over a seeded simulation. They speak of *bytes arrived,
//! room to write, closed* rather than of readiness, so that a completion kernel (io_uring) and the simulator
//! fit without pretending. `server` holds a `&mut dyn World`: a virtual call per system call is nothing, and a
//! generic server would be compiled again with every edit of the program.
//!
//! **Invariants**
//! 1. A `ConnId` is a small index that the world reuses only after `close(id)`; nothing about a closed
//!    connection is reported afterwards, not even events that had been collected before. An id closed while the
//!    events of one `wait` are gone through is not handed out again before the next one, so that those left in
//!    the caller's hands are of no other connection.
//! 2. `Arrived` is reported again by the next `wait` while bytes are left unread (level, not edge).
//! 3. An error or a hang-up wakes both sides: the connection is reported as `Arrived` and as `Room`, whichever
//!    was asked for; the `recv` or `send` that follows tells what happened.
//!
//! *Not here*: the multiplexers (`os::poll`), the loop (`server::turn`).
#![forbid(unsafe_code)]

mod disk;
mod encryption;
mod journal;
mod network;
mod process;
mod stream;

pub use disk::{Disk, Fill};
pub use encryption::{CertificateFacts, CertificatesInUse, Encryption, PeerCertificates, ProvenNames};
pub use journal::{Journal, JournalFailure, JournalFailureKind, JournalState};
pub use network::{Accepted, ConnId, Event, Listen, ListenerId, Network, Recv, Send, Signal};
pub use process::{Child, ChildNews, CpuTimes, MemoryFacts, Process};
pub use stream::{Pass, Stream, StreamOptions};

/// The two clocks. Wall time may jump; `mono_us` never runs backwards and counts from an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Microseconds since 1970-01-01 UTC.
    pub wall_us: i64,
    /// Monotonic microseconds.
    pub mono_us: u64,
}

pub trait Clock {
    fn now(&self) -> Now;
    /// A cheap counter that runs at a constant rate (`ticks_per_us` of it to a microsecond), for timing commands.
    fn ticks(&self) -> fn() -> u64;
    fn ticks_per_us(&self) -> u64;
}

pub trait Entropy {
    fn fill(&mut self, bytes: &mut [u8]);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug,
    Verbose,
    Notice,
    Warning,
    /// Logs nothing (the setting `nothing`).
    Nothing,
}

pub trait Log {
    fn log(&mut self, level: Level, line: &str);
    /// Lines below this level are dropped.
    fn set_level(&mut self, level: Level);
}

/// All of it. One value is both the network and the clock: a simulation moves them together.
pub trait World: Clock + Entropy + Network + Disk + Journal + Process + Log {}
impl<T: Clock + Entropy + Network + Disk + Journal + Process + Log> World for T {}
