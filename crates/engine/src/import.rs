//! `import-mode`: a server that is being filled from elsewhere.
//!
//! Whoever brings the data (CLIENT IMPORT-SOURCE) also tells which keys have expired there. So nothing expires by itself
//! here: keys whose time is up are hidden from other clients, unless one of these writes to them; to the source they are
//! keys like any other. (Fields of hashes are hidden from the source, too.)
//!
//! **Invariant** 1. Between commands `env.hold_expiry` is up exactly if the gate IMPORTING is, or a pause is in force (or a
//! snapshot is being loaded), and `env.see_expired` is down.

use keyspace::Keyspace;

use crate::client::Client;
use crate::command::Flags;
use crate::gate::Gate;
use crate::state::ServerState;

/// To be called before a command of a client runs, while the gate IMPORTING is up.
pub(crate) fn enter(keyspace: &mut Keyspace, server: &ServerState, client: &Client, flags: Flags) {
    keyspace.env.see_expired = client.gate.meets(Gate::IMPORT_SOURCE);
    keyspace.env.hold_expiry = server.pause.is_some() || !flags.has(Flags::WRITE);
}

/// Between commands. Not while a snapshot is being loaded, which holds expiry for itself.
pub(crate) fn leave(keyspace: &mut Keyspace, server: &ServerState) {
    keyspace.env.see_expired = false;
    if !server.gate.meets(Gate::LOADING) {
        keyspace.env.hold_expiry = server.gate.meets(Gate::IMPORTING.and(Gate::PAUSED));
    }
}
