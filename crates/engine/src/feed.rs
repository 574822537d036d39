//! What the append-only file and replicas are to be told: the requests that changed something, in units.
//!
//! A unit is what the outermost command did: one request, or all that EXEC ran; a unit of several must be applied as a
//! whole, so whoever writes it puts MULTI and EXEC around it. Clients that are served because of a command make units
//! of their own after its.
//!
//! Keys that went by themselves are told as removals: those that expired while a command looked them up stand before it
//! in its unit (or alone, before a command that only looks around: SCAN), those that were evicted or that the cron took
//! are units of their own.
//!
//! Collected only while `Listeners::feed` is set ([`Engine::set_feed`]): then `Env::news` stays up, so that every
//! command is looked at. Whoever sets it takes the units before each wait ([`Feed::take`]).

use keyspace::{DbIndex, Gone, GoneFields, Why};
use resp::Argv;

use crate::engine::Engine;
use crate::outcome::Propagation;
use crate::state::ServerState;

/// A request and the database it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fed {
    pub db: DbIndex,
    pub words: Vec<Vec<u8>>,
}

/// Requests that are applied together, in their order; never none.
pub type Unit = Vec<Fed>;

#[derive(Debug, Default)]
pub struct Feed {
    open: Unit,
    units: Vec<Unit>,
    /// Nobody is told of what happens now (`redis.set_repl`).
    muted: bool,
}

impl Feed {
    /// Adds what one command did. `dirty`: whether it changed anything.
    pub(crate) fn add(&mut self, db: DbIndex, argv: Argv<'_>, dirty: bool, propagation: Propagation) {
        if self.muted {
            return;
        }
        let requests = match propagation {
            Propagation::AsRequested if dirty => vec![argv.iter().map(<[u8]>::to_vec).collect()],
            Propagation::Instead(requests) => requests,
            Propagation::AsRequested | Propagation::Nothing => return,
        };
        self.open.extend(requests.into_iter().map(|words| Fed { db, words }));
    }

    /// Has nobody be told of what happens from now on, or everybody again; what was before.
    pub(crate) fn mute(&mut self, on: bool) -> bool {
        std::mem::replace(&mut self.muted, on)
    }

    /// Adds a request that belongs to no command.
    fn add_alone(&mut self, request: Fed) {
        self.units.push(vec![request]);
    }

    /// The outermost command has ended.
    pub(crate) fn close(&mut self) {
        if !self.open.is_empty() {
            self.units.push(std::mem::take(&mut self.open));
        }
    }

    /// All units since the last call, in order.
    pub fn take(&mut self) -> Vec<Unit> {
        std::mem::take(&mut self.units)
    }
}

/// Where the removal of keys that went by themselves is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the unit of the command that found them.
    InUnit,
    /// In units of their own.
    Alone,
}

/// Tells of keys and fields that went by themselves, before what was done after that.
pub(crate) fn add_gone(server: &mut ServerState, gone: &[Gone], fields: &[GoneFields], place: Place) {
    if !server.listeners.feed {
        return;
    }
    for key in gone {
        let (lazy, place) = match key.why {
            Why::Expired => (server.config.lazyfree_lazy_expire, place),
            Why::Evicted => (server.config.lazyfree_lazy_eviction, Place::Alone),
            Why::Added | Why::Missed => continue,
        };
        let verb = if lazy { "UNLINK" } else { "DEL" };
        let words = vec![verb.as_bytes().to_vec(), key.key.clone()];
        add(&mut server.feed, Fed { db: key.db, words }, place);
    }
    for hash in fields {
        let mut words = vec![b"HDEL".to_vec(), hash.key.clone()];
        words.extend(hash.fields.iter().cloned());
        add(&mut server.feed, Fed { db: hash.db, words }, place);
    }
}

fn add(feed: &mut Feed, request: Fed, place: Place) {
    match place {
        Place::InUnit => feed.open.push(request),
        Place::Alone => feed.add_alone(request),
    }
}

impl Engine {
    /// Begins or ends collecting what changes.
    pub fn set_feed(&mut self, on: bool) {
        self.server.listeners.feed = on;
        self.keyspace.env.news |= on;
        crate::listeners::refresh(&mut self.keyspace, &mut self.server);
    }
}
