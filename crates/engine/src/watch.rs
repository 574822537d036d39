//! WATCH: keys whose change makes a client's next EXEC do nothing.
//!
//! While nobody watches nothing is collected. Otherwise every change that a body states, every key that expired or was
//! evicted, and every key of a database that was emptied or swapped comes by here when the command has been settled;
//! so EXEC finds the truth.
//!
//! A key whose time is up is as good as gone: if it was so when WATCH came, its removal changes nothing; if it was not,
//! EXEC asks whether it is now, whether or not it was removed meanwhile.
//!
//! **Invariants**
//! 1. A client is in `keys` under a key exactly if its transaction's `watched` has that key.
//! 2. A client whose transaction is dirty watches nothing.

use std::collections::{BTreeMap, BTreeSet};

use keyspace::{DbIndex, Keyspace};

use crate::client::{Client, ClientSlot};
use crate::ctx::Ctx;
use crate::state::ServerState;
use crate::transaction::Watched;

/// Who watches which keys.
#[derive(Debug, Default)]
pub struct Watches {
    keys: BTreeMap<DbIndex, BTreeMap<Vec<u8>, BTreeSet<ClientSlot>>>,
    clients: usize,
    /// Changes that concern a client that could not be told, because its own command was running: it made a key ready,
    /// and serving who waited for that changed another.
    missed: Vec<(DbIndex, Vec<u8>, bool)>,
}

impl Watches {
    /// How many clients watch.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// How many keys are watched.
    pub fn keys(&self) -> usize {
        self.keys.values().map(BTreeMap::len).sum()
    }

    pub(crate) fn has(&self, db: DbIndex, key: &[u8]) -> bool {
        self.keys.get(&db).is_some_and(|keys| keys.contains_key(key))
    }

    /// The watched keys of a database.
    pub(crate) fn of(&self, db: DbIndex) -> impl Iterator<Item = &Vec<u8>> {
        self.keys.get(&db).into_iter().flat_map(BTreeMap::keys)
    }

    fn remove(&mut self, slot: ClientSlot, db: DbIndex, key: &[u8]) {
        let Some(keys) = self.keys.get_mut(&db) else { return };
        if let Some(slots) = keys.get_mut(key) {
            slots.remove(&slot);
            if slots.is_empty() {
                keys.remove(key);
            }
        }
        if keys.is_empty() {
            self.keys.remove(&db);
        }
    }
}

impl Ctx<'_> {
    /// Watches a key of the client's database. Nothing happens if the client watches it already, or if its next EXEC
    /// will do nothing anyhow.
    pub fn watch(&mut self, key: &[u8]) {
        let (db, slot) = (self.client.db, self.client.slot);
        self.client.transacted = true;
        let transaction = self.client.transaction.get_or_insert_default();
        if transaction.dirty {
            return;
        }
        let keys = self.server.watches.keys.entry(db).or_default();
        if !keys.entry(key.to_vec()).or_default().insert(slot) {
            return;
        }
        let hashed = self.keyspace.key(key);
        let expired = self.keyspace.db(db).is_expired(hashed);
        self.server.watches.clients += usize::from(transaction.watched.is_empty());
        transaction.watched_bytes += key.len();
        transaction.watched.push(Watched { db, key: key.to_vec(), expired });
        crate::listeners::refresh(self.keyspace, self.server);
    }

    /// Watches nothing any more, and forgets what has changed.
    pub fn unwatch(&mut self) {
        forget(self.keyspace, self.server, self.client);
        if let Some(transaction) = &mut self.client.transaction {
            transaction.dirty = false;
        }
        crate::transaction::tidy(self.client);
    }
}

/// A client watches nothing any more.
pub(crate) fn forget(keyspace: &mut Keyspace, server: &mut ServerState, client: &mut Client) {
    let Some(transaction) = &mut client.transaction else { return };
    if transaction.watched.is_empty() {
        return;
    }
    transaction.watched_bytes = 0;
    for Watched { db, key, .. } in transaction.watched.drain(..) {
        server.watches.remove(client.slot, db, &key);
    }
    server.watches.clients -= 1;
    crate::listeners::refresh(keyspace, server);
}

/// Whether the time of a key is up that was not when the client began to watch it.
pub(crate) fn any_expired(keyspace: &mut Keyspace, client: &Client) -> bool {
    let Some(transaction) = &client.transaction else { return false };
    let mut due = |watched: &Watched| {
        let key = keyspace.key(&watched.key);
        keyspace.db(watched.db).is_expired(key)
    };
    transaction.watched.iter().any(|watched| !watched.expired && due(watched))
}

/// A key changed, or went, or (`existed`: whether it was there before) its database has other content.
/// `current` is the client whose command runs, which is not among `server.clients` meanwhile.
pub(crate) fn touch(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    mut current: Option<&mut Client>,
    (db, key): (DbIndex, &[u8]),
    existed: bool,
) {
    let Some(slots) = server.watches.keys.get(&db).and_then(|keys| keys.get(key)).cloned() else { return };
    let hashed = keyspace.key(key);
    let there = keyspace.look(db).table().get(key, hashed.hash).is_some();
    let due = keyspace.db(db).is_expired(hashed);
    let mut missed = false;
    for slot in slots {
        if let Some(client) = current.as_deref_mut().filter(|client| client.slot == slot) {
            touch_for(keyspace, server, client, (db, key), (existed, there, due));
        } else if let Some(mut client) = server.clients.take(slot) {
            touch_for(keyspace, server, &mut client, (db, key), (existed, there, due));
            server.clients.put(client);
        } else {
            missed = true;
        }
    }
    if missed {
        server.watches.missed.push((db, key.to_vec(), existed));
    }
}

/// Tells the client whose command has run what it missed while others were served.
pub(crate) fn touch_missed(keyspace: &mut Keyspace, server: &mut ServerState, client: &mut Client) {
    for (db, key, existed) in std::mem::take(&mut server.watches.missed) {
        touch(keyspace, server, Some(client), (db, &key), existed);
    }
}

fn touch_for(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    client: &mut Client,
    (db, key): (DbIndex, &[u8]),
    (existed, there, due): (bool, bool, bool),
) {
    let Some(transaction) = &mut client.transaction else { return };
    let mut all = transaction.watched.iter_mut();
    let Some(watched) = all.find(|other| other.db == db && other.key == key) else { return };
    if watched.expired && !there {
        // Its removal is no change; from now on it is a key that is not there.
        watched.expired = false;
    } else if due && (watched.expired || !existed) {
        watched.expired = true;
    } else {
        transaction.dirty = true;
        transaction.drop_queue();
        forget(keyspace, server, client);
    }
}
