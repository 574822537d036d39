//! The kernel behind `world`: sockets, clocks, files, signals and the log of a real machine.
//!
//! [`RealWorld`] is the one value a program makes; it implements every trait of `world`. Below it each module
//! owns one thing and knows nothing of the others, so that a new kernel touches one file: a readiness kernel is
//! one more file in `poll`, a completion kernel one more beside `net`.
//!
//! **Invariants**
//! 1. `unsafe` is written only in the modules that say `allow(unsafe_code)` below; each of them is small and
//!    offers safe functions.
//! 2. No name of Redis appears here but in the shape of a log line and of a crash report, which tools parse.
//! 3. No thread is started before something needs one, so that `daemonize` may fork. (`fork` may at any time: its child
//!    needs no other thread.)
//!
//! *Not here*: what is done with the bytes (`server`), the simulated world (`sim`), the allocator (`alloc`).
#![deny(unsafe_code)]

mod affinity;
#[allow(unsafe_code)]
mod clock;
#[allow(unsafe_code)]
mod crash;
mod disk;
mod fork;
mod journal;
mod later;
mod log;
mod net;
mod notify;
mod poll;
mod process;
mod real;
#[allow(unsafe_code)]
mod signals;
mod stream;
#[allow(unsafe_code)]
mod sys;
#[cfg(test)]
mod testing;
#[allow(unsafe_code)]
mod title;
#[allow(unsafe_code)]
mod trace;

pub use log::Syslog;
pub use poll::Backend;
pub use process::{daemonize, disable_huge_pages};
pub use real::{Options, RealWorld};
