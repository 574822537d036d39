//! A world in memory, with a bad network, and clients that know what the answers must be.
//!
//! The server under test is the whole of ours but the kernel: `server::Server` over a [`World`](world::World) whose
//! every decision (how bytes are cut, what is late, what breaks, how time passes) comes from one seed. The same seed
//! gives the same run, to the byte: a failure is a number.
//!
//! ```text
//! cargo test -p sim                          a fixed number of seeds
//! cargo run -p sim -- --from 1 --count 500   more of them
//! cargo run -p sim -- --seed 4711            one again, with what the server logged
//! ```
//!
//! A seed that found something becomes a line in `tests.rs`.
#![forbid(unsafe_code)]

pub mod client;
pub mod disk;
pub mod durability;
mod journal;
pub mod model;
mod network;
pub mod run;
mod simulated;

pub use run::{Failure, Report, run};
pub use simulated::SimWorld;

#[cfg(test)]
mod tests;
