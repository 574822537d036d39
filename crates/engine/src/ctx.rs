//! What a command body is given.
//!
//! The fields are borrowed apart, so that a body can hold a value of the keyspace while it writes the reply:
//! `let value = ctx.keyspace.db(ctx.client.db).read_str(key)?; ctx.client.out.string(value)`.

use keyspace::{DbMut, Key, Keyspace};
use resp::Argv;

use crate::client::Client;
use crate::engine::Ahead;
use crate::error::{CommandError, Result};
use crate::host::Host;
use crate::outcome::{Change, Class, Details, Outcome, Propagation, Touched};
use crate::registry::{self, Entry, Registry};
use crate::state::ServerState;

pub struct Ctx<'a> {
    pub keyspace: &'a mut Keyspace,
    pub server: &'a mut ServerState,
    pub client: &'a mut Client,
    pub host: &'a mut dyn Host,
    pub registry: &'a Registry,
    pub command: &'a Entry,
    pub argv: Argv<'a>,
    pub outcome: Outcome,
    /// The hash of word `hashed` (0 = of none), computed when the request was looked ahead at.
    pub(crate) hash: u64,
    pub(crate) hashed: usize,
}

impl<'a> Ctx<'a> {
    /// The word at an index as a key.
    #[inline(always)]
    pub fn key(&self, index: usize) -> Key<'a> {
        let bytes = self.argv.at(index);
        if index == self.hashed { Key { bytes, hash: self.hash } } else { self.hash_now(bytes) }
    }

    /// Kept out of the way of the first key, whose hash is known.
    #[inline(never)]
    fn hash_now(&self, bytes: &'a [u8]) -> Key<'a> {
        self.keyspace.key(bytes)
    }

    /// The client's database.
    #[inline]
    pub fn db(&mut self) -> DbMut<'_> {
        self.keyspace.db(self.client.db)
    }

    /// Milliseconds since 1970, frozen: what relative times count from.
    #[inline]
    pub fn clock_ms(&self) -> i64 {
        self.keyspace.env.clock_ms
    }

    /// The same, to tell whether a time is over. While commands are replayed none is.
    #[inline]
    pub fn now_ms(&self) -> i64 {
        self.keyspace.env.now_ms
    }

    /// Whether a key that expires then is gone already.
    pub fn is_past(&self, at_ms: i64) -> bool {
        at_ms <= self.now_ms() && !self.keyspace.env.see_expired
    }

    /// The word at an index as an integer.
    #[inline]
    pub fn integer(&self, index: usize) -> Result<i64> {
        stdx::num::parse_i64(self.argv.at(index)).ok_or(CommandError::NotInteger)
    }

    /// Whether the word at an index is this one, in any case.
    #[inline]
    pub fn is(&self, index: usize, word: &str) -> bool {
        self.argv.at(index).eq_ignore_ascii_case(word.as_bytes())
    }

    // Replies that need nothing of the keyspace.
    pub fn ok(&mut self) -> Result {
        self.client.out.ok();
        Ok(())
    }
    pub fn int(&mut self, value: i64) -> Result {
        self.client.out.integer(value);
        Ok(())
    }
    pub fn null(&mut self) -> Result {
        self.client.out.null();
        Ok(())
    }
    pub fn null_array(&mut self) -> Result {
        self.client.out.null_array();
        Ok(())
    }
    pub fn bulk(&mut self, bytes: &[u8]) -> Result {
        self.client.out.bulk(bytes);
        Ok(())
    }

    /// States that a key was changed: counted, and told to whoever listens.
    #[inline]
    pub fn changed(&mut self, key: &[u8], class: Class, event: &'static str) {
        self.changed_in(self.client.db, key, class, event);
    }

    #[inline]
    pub fn changed_in(&mut self, db: u32, key: &[u8], class: Class, event: &'static str) {
        self.outcome.dirty += 1;
        self.event(db, key, class, event);
    }

    /// States an event of a key without counting a change.
    #[inline]
    pub fn event(&mut self, db: u32, key: &[u8], class: Class, event: &'static str) {
        if self.server.listeners.changes {
            self.tell(db, key, class, event);
        }
    }

    /// States that the bytes under a key of the client's database changed, but not what they mean (PFCOUNT's
    /// estimate): counted, and seen by who watches it; no event.
    pub fn rewritten(&mut self, key: &[u8]) {
        let db = self.client.db;
        self.outcome.dirty += 1;
        if self.server.listeners.changes && self.server.minds_key(db, key) {
            self.details().touched.push(Touched { db, key: key.to_vec(), existed: true });
        }
    }

    #[cold]
    fn tell(&mut self, db: u32, key: &[u8], class: Class, event: &'static str) {
        if self.server.minds_change(db, key, class) {
            let after = self.keyspace.env.gone.len();
            self.details().changes.push(Change { db, key: key.to_vec(), class, event, after });
        }
    }

    /// The outcome's details; they will be looked at.
    pub(crate) fn details(&mut self) -> &mut Details {
        self.keyspace.env.news = true;
        self.outcome.details()
    }

    /// What was found out about the request before it ran.
    pub(crate) fn ahead(&self) -> Ahead {
        Ahead {
            command: self.client.last_command.unwrap_or(registry::NONE),
            hashed: self.hashed as u8,
            long: self.command.may_take_long,
            size: self.argv.wire_size().min(u64::from(u32::MAX)) as u32,
            hash: self.hash,
        }
    }

    /// Tells replicas and the append-only file these words in place of the request's. Free if nobody is fed.
    #[inline]
    pub fn propagate_instead(&mut self, words: &[&[u8]]) {
        if self.server.listeners.feed {
            let request = words.iter().map(|word| word.to_vec()).collect();
            match &mut self.details().propagation {
                Propagation::Instead(requests) => requests.push(request),
                other => *other = Propagation::Instead(vec![request]),
            }
        }
    }

    /// The dataset changed, but nobody is told (a command that only looks like a write).
    pub fn propagate_nothing(&mut self) {
        if self.server.listeners.feed {
            self.details().propagation = Propagation::Nothing;
        }
    }

    /// An error that names this command.
    pub fn invalid_expire(&self) -> CommandError {
        CommandError::InvalidExpire(self.command.full_name.clone())
    }

    pub fn wrong_arity(&self) -> CommandError {
        CommandError::WrongArity(self.command.full_name.clone())
    }

    /// Frees a value now, or on another thread if that takes long and `lazy` is asked for.
    pub fn free(&mut self, entry: keyspace::EntryBox<keyspace::Value>, lazy: bool) {
        if lazy && keyspace::memory::free_effort(&entry) > keyspace::LAZY_EFFORT {
            self.server.totals.lazy_freed += 1;
            self.host.drop_later(Box::new(entry));
        }
    }
}
