//! Every command: its record, its body, its tests, one verb to a file, one folder to a group.
//!
//! To find LPUSH, look for `"LPUSH"`, or in `docs/COMMANDS.md`. A new command in an existing file touches that file
//! only; a new file is listed in its group's `mod.rs`, and a test fails if it is not.
#![forbid(unsafe_code)]

mod bitmap;
mod cluster;
mod connection;
mod generic;
mod geo;
mod hash;
mod hyperloglog;
mod list;
mod pubsub;
mod scripting;
mod server;
mod set;
mod sorted_set;
mod stored;
mod stream;
mod string;
mod transactions;

use engine::{Command, Registry};

/// The lists of all groups.
pub fn lists() -> Vec<&'static [Command]> {
    [
        bitmap::LISTS,
        cluster::LISTS,
        connection::LISTS,
        generic::LISTS,
        geo::LISTS,
        hash::LISTS,
        hyperloglog::LISTS,
        scripting::LISTS,
        list::LISTS,
        pubsub::LISTS,
        server::LISTS,
        set::LISTS,
        sorted_set::LISTS,
        stream::LISTS,
        string::LISTS,
        transactions::LISTS,
    ]
    .concat()
}

/// The command table.
pub fn registry() -> Registry {
    Registry::new(&lists())
}
