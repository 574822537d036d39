//! Who wants to be told what: kept in one place, so that nothing is collected for nobody.

use config::KeyspaceEvents as Events;
use keyspace::{DbIndex, Keyspace};

use crate::ctx::Ctx;
use crate::outcome::{Class, Touched, Whole};
use crate::state::ServerState;

/// Classes of what keys, or fields, do by themselves.
const GOING: Events = Events::EXPIRED.and(Events::EVICTED).and(Events::HASH).and(Events::GENERIC);

/// Sets the flags by who watches and who waits. To be called whenever that may have changed.
pub(crate) fn refresh(keyspace: &mut Keyspace, server: &mut ServerState) {
    let waited = server.blocked.clients() > 0;
    let minded = server.watches.clients() > 0 || server.blocked.minds_gone();
    server.listeners.published = crate::notify::published(server);
    let published = server.listeners.published;
    let tracked = server.tracking.clients() > 0;
    let minded = minded || tracked;
    server.listeners.changes = minded || !published.is_empty();
    server.listeners.wholes = minded || waited;
    keyspace.env.tell_gone = minded || published.any_of(GOING);
    keyspace.env.tell_added = published.has(Events::NEW);
    keyspace.env.tell_missed = published.has(Events::MISSED);
    keyspace.env.tell_made = waited;
}

impl ServerState {
    /// Whether anybody is to be told of a change of this key and class.
    pub(crate) fn minds_change(&self, db: DbIndex, key: &[u8], class: Class) -> bool {
        self.listeners.published.has(crate::notify::class(class)) || self.minds_key(db, key)
    }

    /// Whether anybody minds this key, whatever happens to it.
    pub(crate) fn minds_key(&self, db: DbIndex, key: &[u8]) -> bool {
        self.watches.has(db, key) || self.blocked.minds(db, key) || self.tracking.minds(key)
    }
}

impl Ctx<'_> {
    /// States that a database is about to be emptied. To be called before that is done.
    pub fn emptying(&mut self, db: DbIndex) {
        if self.server.listeners.wholes {
            self.whole(Whole::Emptied(db));
        }
    }

    /// States that two databases are about to be exchanged. To be called before that is done.
    pub fn swapping(&mut self, a: DbIndex, b: DbIndex) {
        if self.server.listeners.wholes && a != b {
            self.whole(Whole::Swapped(a, b));
        }
    }

    #[cold]
    fn whole(&mut self, change: Whole) {
        let (one, other) = match change {
            Whole::Emptied(db) => (db, db),
            Whole::Swapped(a, b) => (a, b),
        };
        let mut touched = touched(self.keyspace, self.server, one, other);
        if one != other {
            touched.extend(self::touched(self.keyspace, self.server, other, one));
        }
        let details = self.details();
        details.touched.extend(touched);
        details.wholes.push(change);
    }
}

/// The keys of a database that somebody minds and that are there, or will be when it has the content of `other`.
fn touched(keyspace: &Keyspace, server: &ServerState, db: DbIndex, other: DbIndex) -> Vec<Touched> {
    let minded = server.watches.of(db).chain(server.blocked.minded(db));
    let is_in = |db: DbIndex, key: &[u8]| keyspace.look(db).table().get(key, keyspace.hash(key)).is_some();
    let there = minded.filter(|key| is_in(db, key) || is_in(other, key));
    there.map(|key| Touched { db, key: key.clone(), existed: is_in(db, key) }).collect()
}
