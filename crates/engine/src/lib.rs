//! The engine: sessions, the way of a request, and everything a server knows that is neither key nor socket.
//!
//! It is deterministic: time, randomness and everything outside come in as arguments (`Engine::set_time`, the seed,
//! [`Host`]); the same seed and the same inputs give the same bytes. What it wants done outside it leaves as data:
//! replies in outboxes, [`ServerState::pending_writes`], [`ServerState::closing`], [`Effect`]s.
//!
//! The way of a request: `look_ahead` (which command, which hash) → prefetch → `execute`: checks → call → settle.
//! See [`path`].
#![forbid(unsafe_code)]

pub mod acl;
pub mod aof;
pub mod auth;
pub mod blocked;
pub mod categories;
pub mod client;
pub mod client_limits;
pub mod client_list;
pub mod client_memory;
pub mod command;
pub mod cron;
pub mod ctx;
pub mod engine;
pub mod error;
pub mod evict;
pub mod feed;
pub mod gate;
pub mod host;
mod import;
pub mod info;
pub mod keys;
mod listeners;
pub mod monitor;
mod names;
mod notify;
pub mod observe;
pub mod oom;
pub mod outbox;
pub mod outcome;
pub mod path;
pub mod pause;
mod post;
pub mod pubsub;
pub mod reconfigure;
pub mod registry;
pub mod scripting;
pub mod snapshot;
pub mod state;
pub mod tracking;
pub mod transaction;
pub mod watch;

pub use blocked::{Timeout, Wait};
pub use client::{Client, ClientSlot, Clients, Close};
pub use command::*;
pub use ctx::Ctx;
pub use engine::{Ahead, Engine, Verdict};
pub use error::{CommandError, Result};
pub use gate::Gate;
pub use host::Host;
pub use keyspace::{Seed, Type};
pub use outbox::Outbox;
pub use registry::Registry;
pub use state::{Effect, ServerState};

/// Which Redis clients may take us for (HELLO, INFO): the last one whose licence and commands both families share.
pub const REDIS_VERSION: &str = "7.2.4";

/// What scripts find as `server.VALKEY_VERSION`: whose commands and errors they may count on.
pub const SCRIPT_SERVER_VERSION: &str = "9.1.2";
/// And as `server.SERVER_NAME`.
pub const SCRIPT_SERVER_NAME: &str = "redstart";
