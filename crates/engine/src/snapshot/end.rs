//! What is done before the server ends.

use keyspace::Keyspace;

use crate::host::{Host, Level};
use crate::state::ServerState;

/// The options of SHUTDOWN that matter here.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndOptions {
    /// Also if there are no rules.
    pub save: bool,
    /// Also if there are.
    pub nosave: bool,
    /// Ends even if that fails.
    pub force: bool,
}

/// Ends a child, and writes a snapshot if the options or the rules ask for it. False if that failed, and the server must
/// go on.
pub fn prepare_end(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    options: EndOptions,
) -> bool {
    if !crate::aof::switch::prepare_end(keyspace, server, host, options.nosave || options.force) {
        return false;
    }
    if server.snapshot.saving.is_some() {
        host.log(Level::Warning, "There is a child saving an .rdb. Killing it!");
        super::forget_child(keyspace, server, host);
    }
    // What was loaded so far is less than what the file has.
    let half_loaded = server.snapshot.loading.is_some();
    let wanted = options.save || (!options.nosave && !server.config.save.is_empty());
    if !wanted || half_loaded {
        return true;
    }
    host.log(Level::Notice, "Saving the final RDB snapshot before exiting.");
    if super::save(keyspace, server, host).is_ok() {
        return true;
    }
    let rest = if options.force { "Exit anyway." } else { "can't exit." };
    host.log(Level::Warning, &format!("Error trying to save the DB, {rest}"));
    options.force
}
