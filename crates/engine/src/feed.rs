//! What the append-only file and replicas are to be told: the requests that changed something, as bytes.
//!
//! ```text
//!   bytes   | SELECT 0 | SET k v | UNLINK a | MULTI | INCR n | SET b 1 | EXEC | SET ...
//!           `- unit ------------´ `- unit -´ `- unit of two ------------´ ^
//!                                                                         whole: what may be taken
//! ```
//!
//! A *unit* is what the outermost command did: one request, or all that EXEC or a script ran; a unit of several must be
//! applied as a whole, so MULTI and EXEC stand around it. MULTI is put before the first request when a second one comes:
//! most units are of one. Clients that are served because of a command make units of their own after its.
//!
//! Keys that went by themselves are told as removals: those that expired while a command looked them up stand before it
//! in its unit (or alone, before a command that only looks around: SCAN), those that were evicted or that the cron took
//! are units of their own.
//!
//! Nothing is allocated for a request: it is copied to the end of one buffer, as it was sent if it was sent that way.
//! Collected only while `Listeners::feed` is set ([`Engine::set_feed`]). Whoever sets it takes the bytes before each wait.
//!
//! **Invariants**
//! 1. `bytes[..whole]` are whole units; what follows are the `open` requests of the unit that is not at its end.
//! 2. `selected` is the database that a reader of all bytes so far works in; `None`: it is to be told.

use keyspace::{DbIndex, Gone, GoneFields, Why};
use persist::aof::encode;
use resp::Argv;

use crate::engine::Engine;
use crate::outcome::Propagation;
use crate::state::ServerState;

#[derive(Debug, Default)]
pub struct Feed {
    bytes: Vec<u8>,
    /// Where the open unit begins.
    whole: usize,
    /// How many requests it has.
    open: usize,
    selected: Option<DbIndex>,
    /// Nobody is told of what happens now (`redis.set_repl`).
    muted: bool,
}

/// Room for so many bytes is kept from one turn to the next.
const KEPT: usize = 256 * 1024;

impl Feed {
    /// Adds a request as it was made. `O(bytes)`.
    #[inline]
    pub(crate) fn add_request(&mut self, db: DbIndex, argv: Argv<'_>) {
        if self.muted {
            return;
        }
        self.begin(db);
        match argv.as_sent() {
            Some(sent) => self.bytes.extend_from_slice(sent),
            None => encode::request(&mut self.bytes, argv.iter()),
        }
    }

    /// Adds requests that are told in place of the one that was made.
    fn add_instead(&mut self, db: DbIndex, requests: &[Vec<Vec<u8>>]) {
        if self.muted {
            return;
        }
        for words in requests {
            self.begin(db);
            encode::request(&mut self.bytes, words.iter().map(Vec::as_slice));
        }
    }

    /// Adds what one command did. `dirty`: whether it changed anything.
    pub(crate) fn add(&mut self, db: DbIndex, argv: Argv<'_>, dirty: bool, propagation: &Propagation) {
        match propagation {
            Propagation::AsRequested if dirty => self.add_request(db, argv),
            Propagation::Instead(requests) => self.add_instead(db, requests),
            Propagation::AsRequested | Propagation::Nothing => {}
        }
    }

    /// Adds the removal of a key or field that went by itself, be the feed muted or not.
    fn add_removal<'a, I>(&mut self, db: DbIndex, words: I, place: Place)
    where
        I: IntoIterator<Item = &'a [u8]>,
        I::IntoIter: ExactSizeIterator,
    {
        self.begin(db);
        encode::request(&mut self.bytes, words);
        // What stands in a unit that is open must stay where it happened.
        if place == Place::Alone && self.open == 1 {
            self.close();
        }
    }

    /// Prepares for one more request of the open unit.
    #[inline]
    fn begin(&mut self, db: DbIndex) {
        self.open += 1;
        if self.open == 2 {
            self.make_several();
        }
        if self.selected != Some(db) {
            self.select(db);
        }
    }

    #[cold]
    fn select(&mut self, db: DbIndex) {
        encode::select(&mut self.bytes, db);
        self.selected = Some(db);
    }

    /// Puts MULTI before the only request of the open unit.
    fn make_several(&mut self) {
        let only = self.bytes.split_off(self.whole);
        encode::multi(&mut self.bytes);
        self.bytes.extend_from_slice(&only);
    }

    /// The outermost command has ended.
    #[inline]
    pub(crate) fn close(&mut self) {
        if self.open > 1 {
            encode::exec(&mut self.bytes);
        }
        self.open = 0;
        self.whole = self.bytes.len();
    }

    /// Whether something was done of which the outermost command will make a unit.
    pub(crate) fn is_open(&self) -> bool {
        self.open > 0
    }

    /// Has nobody be told of what happens from now on, or everybody again; what was before.
    pub(crate) fn mute(&mut self, on: bool) -> bool {
        std::mem::replace(&mut self.muted, on)
    }

    /// The whole units since [`Feed::taken`], in order.
    #[inline]
    pub fn units(&self) -> &[u8] {
        &self.bytes[..self.whole]
    }

    /// Forgets what [`Feed::units`] gave.
    pub fn taken(&mut self) {
        self.bytes.drain(..self.whole);
        self.whole = 0;
        if self.bytes.capacity() > KEPT && self.bytes.len() <= KEPT {
            self.bytes.shrink_to(KEPT);
        }
    }

    /// Appends what is no request (an annotation), if no unit is open.
    pub fn annotate(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.open == 0 {
            write(&mut self.bytes);
            self.whole = self.bytes.len();
        }
    }

    /// Has the next request say its database: who reads from here knows of none. There must be no open unit.
    pub fn reselect(&mut self) {
        debug_assert_eq!(self.open, 0);
        self.selected = None;
    }

    /// Forgets all there is, of the unit that is open as well.
    pub(crate) fn forget(&mut self) {
        *self = Feed { muted: self.muted, ..Feed::default() };
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
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
        let verb: &[u8] = if lazy { b"UNLINK" } else { b"DEL" };
        server.feed.add_removal(key.db, [verb, &key.key], place);
    }
    for hash in fields {
        let mut words: Vec<&[u8]> = vec![b"HDEL", &hash.key];
        words.extend(hash.fields.iter().map(Vec::as_slice));
        server.feed.add_removal(hash.db, words, place);
    }
}

impl Engine {
    /// Begins or ends collecting what changes.
    pub fn set_feed(&mut self, on: bool) {
        set(&mut self.keyspace, &mut self.server, on);
    }
}

/// [`Engine::set_feed`].
pub(crate) fn set(keyspace: &mut keyspace::Keyspace, server: &mut ServerState, on: bool) {
    server.listeners.feed = on;
    if on {
        server.feed.reselect();
    }
    crate::listeners::refresh(keyspace, server);
}
