//! Connections on the way to being accepted: both sides are still agreeing on keys.
//!
//! A handshake is dear (a signature, some hundred microseconds), and strangers may begin as many as they like. So only a
//! few are begun and moved on in one wait; the others stay in the kernel's queue, or are reported again. Who is silent
//! or slow is left alone after a while.
//!
//! **Invariants**
//! 1. A connection in `going` is in the table, has a session, and is known to the poller under its token with [`SHAKES`];
//!    nobody above has heard of it.
//! 2. `going` is in the order in which they began, and so of their deadlines.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use world::{Accepted, ConnId, ListenerId};

/// The bit of a token that says: the connection is not accepted yet.
pub(in crate::net) const SHAKES: u64 = 1 << 61;
/// Most ciphertext that one step takes in. Less than what a session keeps of plain bytes that come too early.
pub(super) const READ: usize = 8 * 1024;
/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most that go on at once; who comes then waits in the kernel's queue.
const MOST: usize = 1024;
/// Steps in one wait, for each connection that may be begun in it.
const STEPS: usize = 4;

/// A connection that is being made.
pub(in crate::net) struct Going {
    pub conn: ConnId,
    pub token: u64,
    pub listener: ListenerId,
    deadline: Instant,
    /// What the world is told when it is done.
    pub accepted: Accepted,
}

pub(in crate::net) struct Handshakes {
    /// How long one may take.
    pub patience: Duration,
    going: VecDeque<Going>,
    /// Done, and not accepted yet.
    done: VecDeque<(ListenerId, Accepted)>,
    /// Tokens, and listeners, of which the poller has just told.
    pub ready: Vec<u64>,
    pub incoming: Vec<ListenerId>,
    /// Why connections came to nothing; for the log.
    pub failures: Vec<String>,
}

impl Default for Handshakes {
    fn default() -> Self {
        Handshakes {
            patience: PATIENCE,
            going: VecDeque::new(),
            done: VecDeque::new(),
            ready: Vec::new(),
            incoming: Vec::new(),
            failures: Vec::new(),
        }
    }
}

impl Handshakes {
    pub fn begin(&mut self, token: u64, listener: ListenerId, accepted: Accepted) {
        let deadline = Instant::now() + self.patience;
        self.going.push_back(Going { conn: accepted.conn, token, listener, deadline, accepted });
    }

    /// How many more may be begun in a wait that may begin `some`.
    pub fn room(&self, some: usize) -> usize {
        some.min(MOST.saturating_sub(self.going.len()))
    }

    pub fn is_full(&self) -> bool {
        self.going.len() >= MOST
    }

    /// How many steps a wait may take.
    pub fn steps(some: usize) -> usize {
        some.saturating_mul(STEPS)
    }

    pub fn end(&mut self, token: u64) -> Option<Going> {
        let at = self.going.iter().position(|going| going.token == token)?;
        self.going.remove(at)
    }

    /// One whose time is up.
    pub fn late(&mut self) -> Option<Going> {
        let first = self.going.front()?;
        if first.deadline <= Instant::now() { self.going.pop_front() } else { None }
    }

    pub fn succeed(&mut self, going: Going) {
        self.done.push_back((going.listener, going.accepted));
    }

    /// Those of a listener that is closed, whatever has become of them.
    pub fn forget(&mut self, listener: ListenerId) -> Vec<ConnId> {
        let (gone, going) = self.going.drain(..).partition(|going| going.listener == listener);
        self.going = going;
        let gone: VecDeque<Going> = gone;
        let (left, done) = self.done.drain(..).partition(|(from, _)| *from == listener);
        self.done = done;
        let left: VecDeque<(ListenerId, Accepted)> = left;
        gone.into_iter().map(|going| going.conn).chain(left.into_iter().map(|(_, done)| done.conn)).collect()
    }

    /// The next that is done of a listener.
    pub fn accept(&mut self, listener: ListenerId) -> Option<Accepted> {
        let at = self.done.iter().position(|(from, _)| *from == listener)?;
        self.done.remove(at).map(|(_, accepted)| accepted)
    }

    /// Listeners for which somebody is to be accepted.
    pub fn listeners(&self) -> Vec<ListenerId> {
        let mut listeners: Vec<ListenerId> = self.done.iter().map(|(listener, _)| *listener).collect();
        listeners.sort_unstable_by_key(|listener| listener.0);
        listeners.dedup();
        listeners
    }

    pub fn any_done(&self) -> bool {
        !self.done.is_empty()
    }

    pub fn any_going(&self) -> bool {
        !self.going.is_empty()
    }
}
