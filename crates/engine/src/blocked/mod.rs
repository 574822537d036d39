//! Clients that wait for a key: BLPOP, BZPOPMIN, XREAD BLOCK and their like.
//!
//! A body that finds nothing to serve asks to wait and returns without a reply:
//!
//! ```text
//! let timeout = ctx.timeout_seconds(last)?;          // parsed before anything else, as with the peers
//! …look at the keys; if one can be served: do so, reply, return Ok(())…
//! ctx.block(Wait::for_keys(1..last, Type::List, timeout))
//! ```
//!
//! Inside of MULTI, where nobody may wait, `block` answers with a null array, as it does when the time is up; a body
//! that answers otherwise then asks [`Ctx::may_block`] first (BLMOVE: a null).
//!
//! The client's request is kept, and *the same body runs again* when a key may serve it; if it asks to wait again
//! nothing has happened: the client keeps its place and its deadline. So a body needs no second form, and must only
//! depend on its words: what would mean something else later (the `$` of XREAD) is replaced in the kept request
//! ([`Wait::with_words`]).
//!
//! Which keys may serve is told by the keyspace (`Env::note_made`: a list, a sorted set or a stream was put under a
//! key), by bodies ([`Ctx::ready`]: XADD to a stream that was there) and by changes of whole databases. They are
//! served right after the command, or the whole EXEC, that made them ready, before any other request: for each key,
//! in the order in which they became ready, the clients that wait for its type, first come first served. What that
//! makes ready is served after that, until nothing is ready ([`serve`]).
//!
//! **Invariants**
//! 1. A client has a [`Waiting`] exactly if its gate BLOCKED is up (but for the moment in which it is tried), and then
//!    it stands in the queue of each of its keys under its ticket, and in `deadlines` if it has one; in `retries` if time alone may serve it.
//! 2. A ticket is given once: the order of tickets is the order in which clients began to wait.
//! 3. No queue is empty; a queue's `if_gone` counts its clients that also want to hear that the key is gone.
//! 4. `Env::tell_made` is set exactly if somebody waits.
//!
//! *Not here*: clients held by CLIENT PAUSE (`pause`); how requests of waiting clients are kept (`path::checks`).

mod serve;
mod timeout;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use keyspace::{DbIndex, Keyspace, Type};
use resp::request::OwnedArgv;

use crate::client::{Client, ClientSlot};
use crate::ctx::Ctx;
use crate::engine::Ahead;
use crate::error::Result;
use crate::gate::Gate;
use crate::state::{Effect, ServerState};

pub use serve::{Release, release};
pub(crate) use serve::{retry_due, serve, time_out};
pub use timeout::Timeout;

/// What a client waits for.
#[derive(Clone, Debug)]
pub struct Wait<'a> {
    keys: Range<usize>,
    wants: Type,
    timeout: Timeout,
    if_gone: bool,
    retry_ms: Option<u64>,
    instead: &'a [(usize, &'a [u8])],
}

impl<'a> Wait<'a> {
    /// Waits until one of the keys, which are the words of the request at these indices, holds a value of a type.
    pub fn for_keys(keys: Range<usize>, wants: Type, timeout: Timeout) -> Self {
        Wait { keys, wants, timeout, if_gone: false, retry_ms: None, instead: &[] }
    }

    /// The body is also to run again if a key is removed, or gets another type (XREADGROUP: its group is gone).
    pub fn or_gone(self) -> Self {
        Wait { if_gone: true, ..self }
    }

    /// The body is also to run again after so many milliseconds: time alone may serve it (XREADGROUP with CLAIM).
    pub fn or_after(self, retry_ms: Option<u64>) -> Self {
        Wait { retry_ms, ..self }
    }

    /// These words take the place of the request's at their indices when it runs again. They must not be keys.
    pub fn with_words(self, instead: &'a [(usize, &'a [u8])]) -> Self {
        Wait { instead, ..self }
    }
}

/// Where a waiting client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asleep,
    /// Its body runs again.
    Tried,
    /// It has run again and asked to wait on.
    Again,
}

/// What is kept of a client that waits.
#[derive(Debug)]
pub struct Waiting {
    request: OwnedArgv,
    ahead: Ahead,
    db: DbIndex,
    /// Indices of the keys among the words.
    keys: Range<usize>,
    wants: Type,
    /// Monotonic microseconds.
    deadline_us: Option<u64>,
    /// When its body is to run again whatever happens, monotonic microseconds.
    retry_us: Option<u64>,
    if_gone: bool,
    ticket: u64,
    state: State,
    /// What its attempts have cost so far, in ticks: counted when it is answered.
    pub(crate) spent: u64,
}

impl Waiting {
    /// Bytes held.
    pub fn memory(&self) -> usize {
        size_of::<Waiting>() + self.request.memory()
    }

    /// Whether the client waits on: it does not if its body was run again and has answered.
    pub(crate) fn goes_on(&self) -> bool {
        self.state != State::Tried
    }
}

/// Those who wait for one key, by their tickets.
#[derive(Debug, Default)]
struct Queue {
    waiters: BTreeMap<u64, ClientSlot>,
    if_gone: usize,
}

/// All that is known of waiting clients beside what they hold themselves.
#[derive(Debug, Default)]
pub struct Blocked {
    queues: BTreeMap<DbIndex, BTreeMap<Vec<u8>, Queue>>,
    deadlines: BTreeSet<(u64, ClientSlot)>,
    retries: BTreeSet<(u64, ClientSlot)>,
    /// Keys to be looked at, in order.
    ready: Vec<(DbIndex, Vec<u8>)>,
    clients: usize,
    /// Of these, those that want to hear of keys that are gone.
    if_gone: usize,
    next_ticket: u64,
    serving: bool,
}

impl Blocked {
    /// How many clients wait.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// Whether somebody is being served now.
    pub(crate) fn is_serving(&self) -> bool {
        self.serving
    }

    /// How many of them not for ever.
    pub fn with_deadline(&self) -> usize {
        self.deadlines.len()
    }

    /// How many keys are waited for.
    pub fn keys(&self) -> usize {
        self.queues.values().map(BTreeMap::len).sum()
    }

    /// How many keys have somebody who wants to hear that they are gone.
    pub fn keys_if_gone(&self) -> usize {
        self.queues.values().flat_map(BTreeMap::values).filter(|queue| queue.if_gone > 0).count()
    }

    /// When the first client's time is up, or is to be tried again, monotonic microseconds.
    pub fn first_deadline_us(&self) -> Option<u64> {
        let [end, retry] =
            [&self.deadlines, &self.retries].map(|times| times.first().map(|(at_us, _)| *at_us));
        end.into_iter().chain(retry).min()
    }

    /// Whether anybody wants to hear of keys that are gone.
    pub(crate) fn minds_gone(&self) -> bool {
        self.if_gone > 0
    }

    /// Whether anybody wants to hear that this key is gone.
    pub(crate) fn minds(&self, db: DbIndex, key: &[u8]) -> bool {
        self.if_gone > 0 && self.queue(db, key).is_some_and(|queue| queue.if_gone > 0)
    }

    fn queue(&self, db: DbIndex, key: &[u8]) -> Option<&Queue> {
        self.queues.get(&db)?.get(key)
    }

    /// Notes that a key may serve somebody, if it is waited for.
    pub(crate) fn note_ready(&mut self, db: DbIndex, key: &[u8]) {
        if self.queue(db, key).is_some() {
            self.ready.push((db, key.to_vec()));
        }
    }

    /// Notes that a key was removed or changed its type, if anybody wants to hear of that.
    pub(crate) fn note_gone(&mut self, db: DbIndex, key: &[u8]) {
        if self.minds(db, key) {
            self.ready.push((db, key.to_vec()));
        }
    }

    /// A database has other content than before: each key of it that is waited for is looked at.
    pub(crate) fn note_all(&mut self, db: DbIndex) {
        let keys = self.queues.get(&db).into_iter().flat_map(BTreeMap::keys);
        self.ready.extend(keys.map(|key| (db, key.clone())));
    }

    /// The keys of a database whose disappearance somebody wants to hear of.
    pub(crate) fn minded(&self, db: DbIndex) -> impl Iterator<Item = &Vec<u8>> {
        let queues = self.queues.get(&db).into_iter().flatten();
        queues.filter(|(_, queue)| queue.if_gone > 0).map(|(key, _)| key)
    }

    fn enter(&mut self, slot: ClientSlot, waiting: &Waiting) {
        let queues = self.queues.entry(waiting.db).or_default();
        for at in waiting.keys.clone() {
            let key = &waiting.request.view()[at];
            let queue = match queues.get_mut(key) {
                Some(queue) => queue,
                None => queues.entry(key.to_vec()).or_default(),
            };
            // A key named twice is waited for once.
            if queue.waiters.insert(waiting.ticket, slot).is_none() {
                queue.if_gone += usize::from(waiting.if_gone);
            }
        }
        self.clients += 1;
        self.if_gone += usize::from(waiting.if_gone);
        self.deadlines.extend(waiting.deadline_us.map(|at_us| (at_us, slot)));
        self.retries.extend(waiting.retry_us.map(|at_us| (at_us, slot)));
    }

    fn leave(&mut self, slot: ClientSlot, waiting: &Waiting) {
        if let Some(queues) = self.queues.get_mut(&waiting.db) {
            for at in waiting.keys.clone() {
                let key = &waiting.request.view()[at];
                let Some(queue) = queues.get_mut(key) else { continue };
                if queue.waiters.remove(&waiting.ticket).is_some() {
                    queue.if_gone -= usize::from(waiting.if_gone);
                }
                if queue.waiters.is_empty() {
                    queues.remove(key);
                }
            }
            if queues.is_empty() {
                self.queues.remove(&waiting.db);
            }
        }
        self.clients -= 1;
        self.if_gone -= usize::from(waiting.if_gone);
        if let Some(at_us) = waiting.deadline_us {
            self.deadlines.remove(&(at_us, slot));
        }
        self.move_retry(slot, waiting.retry_us, None);
    }

    fn move_retry(&mut self, slot: ClientSlot, from_us: Option<u64>, to_us: Option<u64>) {
        if let Some(at_us) = from_us {
            self.retries.remove(&(at_us, slot));
        }
        self.retries.extend(to_us.map(|at_us| (at_us, slot)));
    }

    /// Asserts the invariants that concern this value and the clients. `O(n)`.
    pub fn verify(&self, server: &ServerState) {
        let waiting = |client: &&Client| client.waiting.is_some();
        let clients: Vec<&Client> = server.clients.iter().filter(waiting).collect();
        assert_eq!(self.clients, clients.len(), "invariant 1");
        assert!(clients.iter().all(|client| client.gate.meets(Gate::BLOCKED)), "invariant 1");
        let standing =
            |queue: &Queue| queue.waiters.values().all(|slot| clients.iter().any(|c| c.slot == *slot));
        let queues = || self.queues.values().flat_map(BTreeMap::values);
        assert!(queues().all(|queue| !queue.waiters.is_empty() && standing(queue)), "invariants 1 and 3");
    }
}

impl Ctx<'_> {
    /// Whether this command may wait: not inside of MULTI, nor of a script.
    pub fn may_block(&self) -> bool {
        self.server.depth == 0
    }

    /// Has the client wait: its request is kept and runs again when one of the keys may serve it. To be called instead
    /// of a reply, as the last thing a body does. When the time is up, or at once if the client may not wait, it is
    /// answered with a null array.
    pub fn block(&mut self, wait: Wait<'_>) -> Result {
        if !self.may_block() {
            return self.null_array();
        }
        let now_us = self.server.mono_us;
        let retry_us = wait.retry_ms.map(|ms| now_us.saturating_add(ms.saturating_mul(1000)));
        if let Some(waiting) = &mut self.client.waiting {
            waiting.state = State::Again;
            let before_us = std::mem::replace(&mut waiting.retry_us, retry_us);
            self.server.blocked.move_retry(self.client.slot, before_us, retry_us);
            self.server.effects.extend(retry_us.map(Effect::WakeAt));
            return Ok(());
        }
        let words = self.argv.iter().enumerate();
        let other = |at: usize| wait.instead.iter().find(|(index, _)| *index == at).map(|(_, word)| *word);
        let request = OwnedArgv::of(words.map(|(at, word)| other(at).unwrap_or(word)));
        let ahead = self.ahead();
        let deadline_us = wait.timeout.deadline_us(now_us);
        let blocked = &mut self.server.blocked;
        let next_us = deadline_us.into_iter().chain(retry_us).min();
        if next_us.is_some_and(|at| blocked.first_deadline_us().is_none_or(|first| at < first)) {
            self.server.effects.extend(next_us.map(Effect::WakeAt));
        }
        let ticket = blocked.next_ticket;
        blocked.next_ticket += 1;
        let Wait { keys, wants, if_gone, .. } = wait;
        let db = self.client.db;
        let state = State::Asleep;
        let waiting = Box::new(Waiting {
            request,
            ahead,
            db,
            keys,
            wants,
            deadline_us,
            retry_us,
            if_gone,
            ticket,
            state,
            spent: 0,
        });
        blocked.enter(self.client.slot, &waiting);
        self.client.waiting = Some(waiting);
        self.client.gate.set(Gate::BLOCKED, true);
        crate::listeners::refresh(self.keyspace, self.server);
        Ok(())
    }

    /// States that a key of the client's database that was there already may serve somebody now (XADD, XGROUP SETID).
    #[inline]
    pub fn ready(&mut self, key: &[u8]) {
        self.keyspace.env.note_made(self.client.db, key);
    }
}

/// Takes a client that waits out of all lists. Nothing is answered.
pub(crate) fn forget(keyspace: &mut Keyspace, server: &mut ServerState, client: &mut Client) {
    if let Some(waiting) = client.waiting.take() {
        server.blocked.leave(client.slot, &waiting);
        client.gate.set(Gate::BLOCKED, false);
        crate::listeners::refresh(keyspace, server);
    }
}
