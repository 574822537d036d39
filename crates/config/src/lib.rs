#![forbid(unsafe_code)]
//! Configuration: **one parameter is one record**.
//!
//! A record (`params/*.rs`) says the parameter's name, its old name, what a value looks like, its default, its
//! flags and which part of the project gives it its effect. `CONFIG GET`, `CONFIG SET`, the loader and
//! `CONFIG REWRITE` are all made from the one list; the engine reads plain fields of [`Config`].
//!
//! Three rules hold:
//! 1. Every parameter of Valkey 9.1.2 has a record, and its default text is the peer's (`save` is the exception:
//!    empty here, so that nobody believes in snapshots that are not taken).
//! 2. A value that would promise what is not there yet is refused with one clear line (`Param::not_yet`).
//! 3. A change is all or nothing ([`Config::set_many`]).
//!
//! *Not here*: files and directories (their bytes come in through a callback), and what a change sets in motion
//! (`engine::reconfigure`).

mod check;
pub mod choices;
mod config;
mod error;
mod field;
mod kind;
mod load;
mod param;
mod params;
mod rewrite;
pub mod special;
mod text;

pub use choices::{Choice, LogLevel, Policy};
pub use config::{Config, Text};
pub use error::{LoadError, SetError, Why};
pub use field::Field;
pub use kind::Kind;
pub use load::{CommandLine, Include, Loaded, Source, command_line, load};
pub use param::{Flags, Param, Part};
pub use params::{all, find};
pub use rewrite::rewrite;
pub use special::{
    KeyspaceEvents, OomScores, OutputBufferLimit, OutputBufferLimits, Percentiles, ReplicaOf, SaveRule,
    SaveRules, ShutdownOn,
};
