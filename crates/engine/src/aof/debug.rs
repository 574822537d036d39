//! DEBUG LOADAOF: the dataset from the files, as after a start. Others are told meanwhile that it is being loaded, and who
//! asked waits for the end (gate AWAITS); within EXEC everybody waits.

use keyspace::{Db, DbIndex, Keyspace};
use persist::aof::Marks;

use super::{Mode, load, log};
use crate::client::ClientSlot;
use crate::ctx::Ctx;
use crate::error::{CommandError, Result};
use crate::gate::Gate;
use crate::host::{Host, Level};
use crate::snapshot::Progress;
use crate::state::ServerState;

const FAILED: CommandError = CommandError::Line("ERR Error trying to load the AOF files, check server logs.");

/// What is put back when the files are loaded, or, with the keys, if they cannot be.
pub struct Reload {
    /// Who waits for the answer.
    asked: Option<(ClientSlot, u64)>,
    before: Vec<Db>,
    feed: bool,
    dirty: u64,
    marks: Marks,
    size: u64,
    base_size: u64,
}

impl Ctx<'_> {
    /// Replaces the dataset by what the files say. Should anything be wrong with them it stays as it is.
    pub fn reload_aof(&mut self) -> Result {
        let asked = self.may_block().then_some((self.client.slot, self.client.id));
        begin(self.keyspace, self.server, self.host, asked).map_err(|why| told(self.host, &why))?;
        if asked.is_some() {
            self.client.gate.set(Gate::AWAITS, true);
            return Ok(());
        }
        let depth = std::mem::take(&mut self.server.depth);
        let loaded = loop {
            match load::step(self.keyspace, self.server, self.registry, self.host, u64::MAX) {
                Ok(Progress::More) => {}
                Ok(Progress::Done) => break Ok(()),
                Err(why) => break Err(why),
            }
        };
        self.server.depth = depth;
        end(self.keyspace, self.server, loaded.is_ok());
        loaded.map_err(|why| told(self.host, &why))?;
        self.ok()
    }
}

fn told(host: &mut dyn Host, why: &str) -> CommandError {
    host.log(Level::Warning, &format!("DEBUG LOADAOF: {why}"));
    FAILED
}

fn begin(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    asked: Option<(ClientSlot, u64)>,
) -> std::result::Result<(), String> {
    if super::go_on(server) || crate::snapshot::go_on(server) {
        return Err("something is being loaded already".to_owned());
    }
    if server.aof.mode == Mode::On {
        log::finish(server, host)?;
    }
    crate::snapshot::end_walk(keyspace, server, host);
    let reload = Reload {
        asked,
        before: keyspace.take_all(),
        feed: std::mem::take(&mut server.listeners.feed),
        dirty: server.dirty,
        marks: server.aof.marks,
        size: server.aof.size,
        base_size: server.aof.base_size,
    };
    server.aof.reload = Some(Box::new(reload));
    let begun = load::begin(keyspace, server, host);
    if begun.is_err() {
        end(keyspace, server, false);
    }
    begun
}

/// Puts back what is to be put back; who asked.
fn end(keyspace: &mut Keyspace, server: &mut ServerState, loaded: bool) -> Option<(ClientSlot, u64)> {
    let reload = server.aof.reload.take()?;
    server.listeners.feed = reload.feed;
    server.dirty = if loaded { 0 } else { reload.dirty };
    (server.aof.marks, server.aof.size, server.aof.base_size) = (reload.marks, reload.size, reload.base_size);
    keyspace.env.news = keyspace.env.has_gone();
    if !loaded {
        for (index, db) in reload.before.into_iter().enumerate() {
            *keyspace.db(index as DbIndex).db = db;
        }
    }
    reload.asked
}

/// The loading that DEBUG LOADAOF began has ended. The error is handed back if it was not DEBUG LOADAOF that began it.
pub fn reloaded(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    loaded: std::result::Result<(), String>,
) -> std::result::Result<(), String> {
    if server.aof.reload.is_none() {
        return loaded;
    }
    let error = loaded.err().map(|why| told(host, &why).to_line().into_owned());
    if error.is_none() {
        host.log(Level::Warning, "Append Only File loaded by DEBUG LOADAOF");
    }
    let Some((slot, id)) = end(keyspace, server, error.is_none()) else { return Ok(()) };
    let Some(mut client) = server.clients.take(slot) else { return Ok(()) };
    if client.id == id {
        client.gate.set(Gate::AWAITS, false);
        client.out.lend(&mut server.reply_pool);
        match error {
            None => client.out.ok(),
            Some(line) => {
                client.out.error(&line);
                server.count_error(&line);
            }
        }
        server.resumed.push(slot);
    }
    server.put_back(client);
    Ok(())
}
