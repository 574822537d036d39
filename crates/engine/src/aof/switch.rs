//! `appendonly` switched on and off at run time.

use keyspace::Keyspace;

use super::{Mode, files, health, log, rewrite};
use crate::host::{Host, Level};
use crate::snapshot::Purpose;
use crate::state::ServerState;

/// Begins to write down what changes: a rewrite begins, now or as soon as it can, and when its base is whole it counts.
pub fn on(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    if crate::snapshot::go_on(server) || super::go_on(server) {
        return Err("It can't be turned on while the dataset is being loaded".to_owned());
    }
    if server.aof.mode != Mode::Off {
        return Ok(());
    }
    server.aof.mode = Mode::First;
    let other = server.snapshot.saving_for(Purpose::Snapshot);
    if other || server.depth > 0 {
        server.aof.rewrite.scheduled = true;
        let why = if other { "there is another background operation" } else { "within a transaction" };
        host.log(Level::Notice, &format!("AOF was enabled, but {why}: a rewrite is scheduled."));
        return Ok(());
    }
    // One that was begun before has nobody collect what was done since.
    rewrite::cancel(keyspace, server, host);
    if rewrite::begin(keyspace, server, host).is_err() {
        rewrite::give_up_temporary(keyspace, server, host);
        server.aof.mode = Mode::Off;
        return Err("Unable to turn on AOF. Check server logs.".to_owned());
    }
    Ok(())
}

/// Ends it: what was told so far is made durable, and the files stay as they are.
pub fn off(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    if server.aof.mode == Mode::Off {
        return;
    }
    if std::mem::take(&mut server.aof.rewrite.scheduled) {
        host.log(Level::Notice, "AOF was disabled: the rewrite that was scheduled is not done.");
    }
    if server.aof.mode == Mode::First {
        rewrite::give_up_temporary(keyspace, server, host);
    } else if server.aof.open {
        log::mark_end(server, host);
        if let Err(why) = host.journal_close() {
            host.log(Level::Warning, &format!("The AOF file could not be made durable: {why}"));
        }
        health::forget(server);
    }
    log::set_open(keyspace, server, Mode::Off, false);
    (server.aof.size, server.aof.base_size) = (0, 0);
    rewrite::cancel(keyspace, server, host);
    log::release_all(server);
}

/// Before the server ends. False if it must not: what it has is in no file yet.
pub fn prepare_end(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    anyway: bool,
) -> bool {
    if server.aof.mode == Mode::First && !anyway {
        host.log(Level::Warning, "Writing initial AOF, can't exit.");
        return false;
    }
    if server.snapshot.saving_for(Purpose::Rewrite) {
        host.log(Level::Warning, "There is a child rewriting the AOF. Killing it!");
        rewrite::cancel(keyspace, server, host);
    }
    if server.aof.mode == Mode::First {
        files::remove(host, &files::path(&server.config, &files::temporary_increment(&server.config)));
    } else if server.aof.open {
        host.log(Level::Notice, "Calling fsync() on the AOF file.");
        log::mark_end(server, host);
        if let Err(why) = log::finish(server, host) {
            host.log(Level::Warning, &format!("Fail to fsync the AOF file: {why}."));
            return anyway;
        }
    }
    true
}
