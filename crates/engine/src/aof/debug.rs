//! DEBUG LOADAOF: the dataset from the files, while everybody waits.

use keyspace::{Db, DbIndex, Keyspace};

use super::{Mode, load, log};
use crate::host::Host;
use crate::registry::Registry;
use crate::snapshot::Progress;
use crate::state::ServerState;

/// Replaces the dataset by what the files say. Should anything be wrong with them it stays as it is, and the reason is the
/// error.
pub fn load_whole(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
) -> Result<(), String> {
    if server.aof.mode == Mode::On {
        log::finish(server, host)?;
    }
    let (marks, size, base_size) = (server.aof.marks, server.aof.size, server.aof.base_size);
    let feed = std::mem::take(&mut server.listeners.feed);
    let before: Vec<Db> = (0..keyspace.databases()).map(|index| keyspace.take(index)).collect();
    let (depth, dirty) = (std::mem::take(&mut server.depth), server.dirty);
    let loaded = load::begin(keyspace, server, host).and_then(|()| {
        while load::step(keyspace, server, registry, host, u64::MAX)? == Progress::More {}
        Ok(())
    });
    (server.listeners.feed, server.depth, server.dirty) = (feed, depth, dirty);
    (server.aof.marks, server.aof.size, server.aof.base_size) = (marks, size, base_size);
    keyspace.env.news = keyspace.env.has_gone();
    if loaded.is_err() {
        for (index, db) in before.into_iter().enumerate() {
            *keyspace.db(index as DbIndex).db = db;
        }
    }
    loaded
}
