//! The loop: joins an engine to a world.
//!
//! A turn is phased: flush what is to be sent and wait ([`before_sleep`]), receive and parse from all that is ready,
//! fetch the memory the requests will need, execute in order, run what is due. The engine never sees a socket; the
//! socket side of a connection ([`connection`]) never sees a key. That border is where I/O threads will stand: they
//! will own connections, fill [`batch::Batch`]es and send outboxes, and the executor will do the rest.
#![forbid(unsafe_code)]

mod accept;
mod batch;
mod before_sleep;
mod connection;
pub mod crash;
pub mod encryption;
pub mod host;
mod listeners;
mod log;
mod meanwhile;
mod turn;

pub use turn::{Running, Server};
