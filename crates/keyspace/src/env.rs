//! What all databases share: the time, the generator, settings, and the news of what happened by itself.
//!
//! *Not here*: the databases (`db`).

use structures::entry::{Entry, EntryBox};
use structures::keytable::{KeySlot, Seed};

use crate::access::{self, Access, Lfu};
use crate::collection::Limits;
use crate::db::DbIndex;
use crate::expire_fields::GoneFields;
use crate::value::Value;
use crate::volatile::Volatile;

/// What happened to a key by the way: it went by itself (expired, evicted), or …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Expired,
    Evicted,
    /// It was not there, and was put there.
    Added,
    /// It was to be read, and was not there.
    Missed,
}

/// A key that went away by itself; or one to which something else happened that somebody wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    pub db: DbIndex,
    pub key: Vec<u8>,
    pub why: Why,
}

/// A key that somebody may be waiting for: a value of a type that clients wait for was put under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub db: DbIndex,
    pub key: Vec<u8>,
}

/// Counters since the start (or CONFIG RESETSTAT).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    pub hits: u64,
    pub misses: u64,
    pub expired: u64,
    /// Fields of hashes whose time was up.
    pub expired_fields: u64,
    pub evicted: u64,
    /// Times the active cycle stopped because its time was up.
    pub expire_time_cap: u64,
    /// Microseconds spent in the active cycle.
    pub expire_cycle_us: u64,
    /// Estimated share of expired keys not removed yet, in per cent.
    pub stale_percent: f64,
    /// The same of hashes with volatile fields.
    pub stale_hashes_percent: f64,
}

/// What all databases share.
pub struct Env {
    /// Milliseconds since 1970, frozen while a command runs: what is due by then is due.
    pub now_ms: i64,
    /// The same, but also while nothing is to be due ([`Env::nothing_is_due`]).
    pub clock_ms: i64,
    /// The LRU clock of that time.
    pub(crate) lru_now: u32,
    pub rng: fastrand::Rng,
    pub stats: Stats,
    pub access: Access,
    pub lfu: Lfu,
    /// Lookups do not count as use (CLIENT NO-TOUCH).
    pub no_touch: bool,
    /// Expired keys are hidden, not removed (CLIENT PAUSE, replicas).
    pub hold_expiry: bool,
    /// They are keys like any other (to whoever fills an importing server).
    pub see_expired: bool,
    /// Whether anybody wants `gone` to be filled.
    pub tell_gone: bool,
    /// Whether anybody wants to be told there of added, of missed keys as well.
    pub tell_added: bool,
    pub tell_missed: bool,
    pub gone: Vec<Gone>,
    /// Fields of hashes that the active cycle removed, to be told likewise.
    pub gone_fields: Vec<GoneFields>,
    /// Whether anybody wants `made` to be filled.
    pub tell_made: bool,
    pub made: Vec<Made>,
    /// There is something in `gone` or `made`, or something else to be looked at when the command has run: the one
    /// word that is tested after each. Whoever empties the lists lowers it.
    pub news: bool,
    /// Which values are put into `garbage` instead of being dropped, if freeing them takes long.
    pub lazy: Lazy,
    /// Values to be dropped later, or on another thread. Whoever sets `lazy` empties it.
    pub garbage: Vec<EntryBox<Value>>,
    /// `maxmemory-samples`.
    pub evict_samples: usize,
    /// At which sizes encodings change.
    pub limits: Limits,
    /// What the tables inside of sets and hashes hash with.
    pub seed: Seed,
    /// A buffer for small collections while they are changed.
    pub(crate) scratch: Vec<u8>,
}

/// `lazyfree-lazy-expire`, `lazyfree-lazy-eviction`, and `lazyfree-lazy-server-del` (what is overwritten).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lazy {
    pub expire: bool,
    pub evict: bool,
    pub server: bool,
}

/// A value that takes more steps than this to free is worth another thread.
pub const LAZY_EFFORT: usize = 64;

impl Env {
    /// Whether something went by itself that nobody was told of yet.
    pub fn has_gone(&self) -> bool {
        !self.gone.is_empty() || !self.gone_fields.is_empty()
    }

    /// Sets the time, in milliseconds since 1970.
    #[inline]
    pub fn set_now(&mut self, now_ms: i64) {
        (self.now_ms, self.clock_ms) = (now_ms, now_ms);
        self.lru_now = access::lru_clock(now_ms);
    }

    /// Has no key or field be due until the time is set again: what is replayed was done when they were not, and what went
    /// since is told.
    pub fn nothing_is_due(&mut self) {
        self.now_ms = 0;
    }

    /// The access bits of a key made now.
    #[inline]
    pub fn fresh_access(&self) -> u32 {
        match self.access {
            Access::Lru => self.lru_now,
            Access::Lfu => Lfu::fresh(self.clock_ms),
        }
    }

    #[inline(always)]
    pub(crate) fn touch(&mut self, entry: &Entry<Value>) {
        if self.no_touch {
            return;
        }
        match self.access {
            Access::Lru => entry.set_access(self.lru_now),
            Access::Lfu => self.touch_lfu(entry),
        }
    }

    /// Apart, so that floats and a division do not weigh on the lookups of LRU.
    #[cold]
    fn touch_lfu(&mut self, entry: &Entry<Value>) {
        let chance = self.rng.f64();
        entry.set_access(self.lfu.touched(entry.access(), self.clock_ms, chance));
    }

    /// Tells that a list, a sorted set or a stream was put under a key that held none: to be called wherever one is
    /// made (`put` and `adopt` do). Next to nothing while nobody waits; once too often does no harm.
    #[inline]
    pub fn note_made(&mut self, db: DbIndex, key: &[u8]) {
        if self.tell_made {
            self.tell_of_made(db, key);
        }
    }

    #[cold]
    fn tell_of_made(&mut self, db: DbIndex, key: &[u8]) {
        self.made.push(Made { db, key: key.to_vec() });
        self.news = true;
    }

    /// Tells that a key was put where none was.
    #[inline]
    pub(crate) fn note_added(&mut self, db: DbIndex, key: &[u8]) {
        if self.tell_added {
            self.tell(db, key, Why::Added);
        }
    }

    /// Tells that a key was to be read and is not there.
    #[inline]
    pub(crate) fn note_missed(&mut self, db: DbIndex, key: &[u8]) {
        if self.tell_missed {
            self.tell(db, key, Why::Missed);
        }
    }

    #[cold]
    fn tell(&mut self, db: DbIndex, key: &[u8], why: Why) {
        self.gone.push(Gone { db, key: key.to_vec(), why });
        self.news = true;
    }

    #[inline]
    pub(crate) fn is_due(&self, entry: &Entry<Value>) -> bool {
        entry.expire().is_some_and(|at| at <= self.now_ms && !self.see_expired)
    }

    /// Removes the expired entry of a slot, unless expiry is held.
    #[cold]
    pub(crate) fn expire(&mut self, slot: KeySlot<'_, Value>, volatile: &mut Volatile, db: DbIndex) {
        if self.hold_expiry {
            return;
        }
        volatile.leaves(slot.get());
        let entry = slot.remove();
        self.discard(db, entry, Why::Expired);
    }

    /// Tells of an entry that went away by itself, and drops it now or later.
    pub(crate) fn discard(&mut self, db: DbIndex, entry: EntryBox<Value>, why: Why) {
        match why {
            Why::Expired => self.stats.expired += 1,
            Why::Evicted => self.stats.evicted += 1,
            Why::Added | Why::Missed => {}
        }
        if self.tell_gone {
            self.tell(db, entry.key(), why);
        }
        let lazy = match why {
            Why::Expired => self.lazy.expire,
            Why::Evicted => self.lazy.evict,
            Why::Added | Why::Missed => false,
        };
        if lazy && crate::memory::free_effort(&entry) > LAZY_EFFORT {
            self.garbage.push(entry);
        }
    }

    /// Whether what is overwritten here is to be dropped elsewhere: [`Env::throw`] does that.
    #[inline]
    pub(crate) fn drops_later(&self, entry: &Entry<Value>) -> bool {
        self.lazy.server && crate::memory::free_effort(entry) > LAZY_EFFORT
    }

    /// Drops what was overwritten, now or later.
    pub(crate) fn throw(&mut self, entry: EntryBox<Value>) {
        if self.drops_later(&entry) {
            self.garbage.push(entry);
            self.news = true;
        }
    }
}
