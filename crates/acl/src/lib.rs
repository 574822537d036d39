//! Access control: who may run which commands on which keys, channels and databases.
//!
//! A pure state machine. It knows commands as numbers and names ([`Catalog`]), and what a request would touch as a value
//! ([`Touched`]) that the engine's argument parser makes; it never sees a client, a reply or a file.
//!
//! - [`User`]: passwords, whether it may come in, and one or more [`Selector`]s;
//! - [`Selector`]: a set of rights that is sufficient alone: a request is allowed if *one* selector allows all of it;
//! - [`Users`]: all users, named by [`UserId`]s that are never those of another user;
//! - [`file`](mod@file): the text form of users, line by line;
//! - [`Log`]: what was refused.
//!
//! Rules are given as words (`+get`, `~key*`) and rendered as the same words, in one canonical order; rendering and
//! reading back gives the same rights.
//!
//! *Not here*: which words of a request are keys (`engine::keys`), what happens to clients whose rights change
//! (`engine::acl`).
#![forbid(unsafe_code)]

mod bits;
mod catalog;
mod check;
pub mod file;
mod log;
mod password;
mod rules;
mod selector;
mod user;
mod users;

pub use catalog::{Catalog, Known};
pub use check::{Denied, Key, Reason, Touched};
pub use log::{Context, Entry, Log, NewEntry};
pub use password::{Digest, same};
pub use rules::{RuleError, merge_selectors};
pub use selector::{KeyPattern, Selector};
pub use user::{Defaults, User};
pub use users::{DEFAULT, UserId, Users, is_good_name};

#[cfg(test)]
mod tests;
