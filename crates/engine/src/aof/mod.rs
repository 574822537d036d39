//! The append-only file.

use keyspace::Keyspace;

use crate::host::Host;
use crate::snapshot::{Ending, Saving, log_ending};
use crate::state::ServerState;

/// The base of a new file is written, or is not.
pub(crate) fn rewrite_ended(
    _keyspace: &mut Keyspace,
    _server: &mut ServerState,
    host: &mut dyn Host,
    _saving: Saving,
    ending: Ending,
) {
    log_ending(host, "AOF rewrite", "terminated with error", ending);
}
