//! Databases: finding, adding and removing keys.
//!
//! [`DbMut`] lends one database together with what all of them share ([`Env`]): the time, the generator, the
//! statistics. A key's hash is computed once, by whoever looks ahead, and handed along in [`Key`].
//!
//! A lookup searches once and may change things, in this order:
//! 1. an expired key is removed (or only hidden, while [`Env::hold_expiry`] is set) and told in [`Env::gone`];
//! 2. hits and misses are counted (`read` only);
//! 3. the access clock is set, unless [`Env::no_touch`].
//!
//! **Invariants**
//! 1. `volatile` is told of every entry that comes and leaves ([`crate::volatile`]).
//! 2. All tables of a keyspace have the same seed: a hash is good for every database.
//! 3. All tables have the resize policy of the keyspace, those made later as well.

use structures::entry::{Entry, EntryBox, NewValue};
use structures::keytable::{KeySlot, KeyTable, Seed};
use structures::table::{Lookup, Policy};

use crate::access::{self, Access, Lfu};
use crate::collection::Limits;
use crate::evict::Eviction;
use crate::expire::Sweep;
use crate::expire_fields::GoneFields;
use crate::value::{Type, Value};
use crate::volatile::Volatile;

/// A database by its number.
pub type DbIndex = u32;

/// A key and its hash.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    pub bytes: &'a [u8],
    pub hash: u64,
}

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
    /// Milliseconds since 1970; frozen while a command runs.
    pub now_ms: i64,
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

/// `lazyfree-lazy-expire` and `lazyfree-lazy-eviction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lazy {
    pub expire: bool,
    pub evict: bool,
}

/// A value that takes more steps than this to free is worth another thread.
pub const LAZY_EFFORT: usize = 64;

impl Env {
    /// Sets the time, in milliseconds since 1970.
    #[inline]
    pub fn set_now(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
        self.lru_now = access::lru_clock(now_ms);
    }

    /// The access bits of a key made now.
    #[inline]
    pub fn fresh_access(&self) -> u32 {
        match self.access {
            Access::Lru => self.lru_now,
            Access::Lfu => Lfu::fresh(self.now_ms),
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
        entry.set_access(self.lfu.touched(entry.access(), self.now_ms, chance));
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
    fn note_missed(&mut self, db: DbIndex, key: &[u8]) {
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
        entry.expire().is_some_and(|at| at <= self.now_ms)
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
}

/// One database.
pub struct Db {
    pub(crate) keys: KeyTable<Value>,
    /// Invariant 1.
    pub(crate) volatile: Volatile,
    /// Where the active expire cycle goes on.
    pub(crate) expire_cursor: u64,
    /// Where eviction goes on looking for rare volatile keys.
    pub(crate) evict_cursor: u64,
    /// Running average of the time to live of volatile keys, ms; 0 = not known.
    pub avg_ttl_ms: i64,
}

impl Db {
    pub fn new(seed: Seed) -> Self {
        Db {
            keys: KeyTable::new(seed),
            volatile: Volatile::new(seed),
            expire_cursor: 0,
            evict_cursor: 0,
            avg_ttl_ms: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Keys with a time to live.
    pub fn volatile(&self) -> usize {
        self.volatile.keys
    }

    /// Hashes with fields that have a time to live.
    pub fn volatile_hashes(&self) -> usize {
        self.volatile.hashes()
    }

    /// The table itself, to walk it.
    pub fn table(&self) -> &KeyTable<Value> {
        &self.keys
    }

    pub fn table_mut(&mut self) -> &mut KeyTable<Value> {
        &mut self.keys
    }

    /// Fetches the cache lines a lookup of this hash will need first.
    #[inline]
    pub fn prefetch_bucket(&self, hash: u64) {
        self.keys.prefetch_bucket(hash);
    }

    /// Fetches the entries a lookup of this hash will compare; the bucket should be at hand by now.
    #[inline]
    pub fn prefetch_entries(&self, hash: u64) {
        self.keys.prefetch_items(hash);
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        self.keys.verify();
        assert_eq!(self.volatile.keys, self.keys.iter().filter(|e| e.has_expire()).count(), "invariant 1");
        self.volatile.verify(self.keys.iter());
    }
}

/// All databases and what they share.
pub struct Keyspace {
    pub(crate) dbs: Vec<Db>,
    pub env: Env,
    pub(crate) sweep: Sweep,
    pub(crate) eviction: Eviction,
    /// Invariant 3.
    pub(crate) policy: Policy,
    seed: Seed,
}

impl Keyspace {
    /// `seed` keys the hash, `dice` everything random.
    pub fn new(databases: u32, seed: Seed, dice: u64) -> Self {
        let env = Env {
            now_ms: 0,
            lru_now: 0,
            rng: fastrand::Rng::with_seed(dice),
            stats: Stats::default(),
            access: Access::Lru,
            lfu: Lfu::default(),
            no_touch: false,
            hold_expiry: false,
            tell_gone: false,
            tell_added: false,
            tell_missed: false,
            gone: Vec::new(),
            gone_fields: Vec::new(),
            tell_made: false,
            made: Vec::new(),
            news: false,
            lazy: Lazy::default(),
            garbage: Vec::new(),
            evict_samples: 5,
            limits: Limits::default(),
            seed,
            scratch: Vec::new(),
        };
        let dbs = (0..databases.max(1)).map(|_| Db::new(seed)).collect();
        let (sweep, eviction) = (Sweep::default(), Eviction::default());
        Keyspace { dbs, env, sweep, eviction, policy: Policy::Allow, seed }
    }

    #[inline]
    pub fn key<'a>(&self, bytes: &'a [u8]) -> Key<'a> {
        Key { bytes, hash: self.hash(bytes) }
    }

    #[inline]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        structures::keytable::hash_key(self.seed, bytes)
    }

    pub fn databases(&self) -> u32 {
        self.dbs.len() as u32
    }

    /// One database to work with. Panics beyond `databases()`: SELECT has checked.
    #[inline]
    pub fn db(&mut self, index: DbIndex) -> DbMut<'_> {
        DbMut { db: &mut self.dbs[index as usize], env: &mut self.env, index }
    }

    /// One database to look at, without side effects.
    #[inline]
    pub fn look(&self, index: DbIndex) -> &Db {
        &self.dbs[index as usize]
    }

    pub fn all(&self) -> impl Iterator<Item = (DbIndex, &Db)> {
        self.dbs.iter().enumerate().map(|(n, db)| (n as DbIndex, db))
    }

    /// Exchanges two databases.
    pub fn swap(&mut self, a: DbIndex, b: DbIndex) {
        self.dbs.swap(a as usize, b as usize);
        self.eviction.forget();
    }

    /// Takes a database's content out, to be dropped now or on another thread.
    pub fn take(&mut self, index: DbIndex) -> Db {
        let mut empty = Db::new(self.seed);
        empty.keys.set_resize(self.policy);
        std::mem::replace(&mut self.dbs[index as usize], empty)
    }

    pub fn verify(&self) {
        self.dbs.iter().for_each(Db::verify);
        assert!(self.dbs.iter().all(|db| db.keys.resize_policy() == self.policy), "invariant 3");
        self.eviction.verify();
    }
}

/// A database lent together with the environment.
pub struct DbMut<'k> {
    pub db: &'k mut Db,
    pub env: &'k mut Env,
    pub index: DbIndex,
}

impl<'k> DbMut<'k> {
    /// The slot of a key that is there and not expired, found in one search.
    #[inline(always)]
    fn live(db: &'k mut Db, env: &mut Env, index: DbIndex, key: Key<'_>) -> Option<KeySlot<'k, Value>> {
        let slot = db.keys.slot(key.bytes, key.hash)?;
        if env.is_due(slot.get()) {
            env.expire(slot, &mut db.volatile, index);
            return None;
        }
        Some(slot)
    }

    /// The entry of a key that may have an expire: a slot, since a search that ends with a reference could not
    /// be followed by a removal. (Where nothing is volatile, callers search for the reference: that is cheaper.)
    fn live_entry(
        db: &'k mut Db,
        env: &mut Env,
        index: DbIndex,
        key: Key<'_>,
    ) -> Option<&'k mut Entry<Value>> {
        DbMut::live(db, env, index, key).map(KeySlot::into_mut)
    }

    /// For commands that read: expires, counts a hit or a miss, touches.
    #[inline(always)]
    pub fn read(self, key: Key<'_>) -> Option<&'k Entry<Value>> {
        let DbMut { db, env, index } = self;
        let found = if db.volatile.keys == 0 {
            db.keys.get(key.bytes, key.hash)
        } else {
            DbMut::live_entry(db, env, index, key).map(|entry| &*entry)
        };
        let Some(entry) = found else {
            env.stats.misses += 1;
            env.note_missed(index, key.bytes);
            return None;
        };
        env.stats.hits += 1;
        env.touch(entry);
        Some(entry)
    }

    /// For commands that ask about a key without using it (TYPE, TTL …): expires, counts, does not touch.
    pub fn ask(mut self, key: Key<'_>) -> Option<&'k Entry<Value>> {
        if self.env.tell_missed && !self.has(key) {
            self.env.note_missed(self.index, key.bytes);
        }
        self.inspect(key)
    }

    /// For commands that look at how a key is kept (OBJECT …): as `ask`, but misses are not told of.
    pub fn inspect(self, key: Key<'_>) -> Option<&'k Entry<Value>> {
        let DbMut { db, env, index } = self;
        let found = DbMut::live(db, env, index, key);
        let counter = if found.is_some() { &mut env.stats.hits } else { &mut env.stats.misses };
        *counter += 1;
        found.map(KeySlot::into_ref)
    }

    /// For commands that change: expires, touches, counts nothing.
    #[inline]
    pub fn write(self, key: Key<'_>) -> Option<&'k mut Entry<Value>> {
        let DbMut { db, env, index } = self;
        let entry = if db.volatile.keys == 0 {
            db.keys.get_mut(key.bytes, key.hash)?
        } else {
            DbMut::live_entry(db, env, index, key)?
        };
        env.touch(entry);
        Some(entry)
    }

    /// The type of a key that is there and not expired, without side effects.
    pub fn type_of(&self, key: Key<'_>) -> Option<Type> {
        let entry = self.db.keys.get(key.bytes, key.hash)?;
        (!self.env.is_due(entry)).then(|| Type::of(entry))
    }

    /// Whether an entry is there whose time is up.
    pub fn is_expired(&self, key: Key<'_>) -> bool {
        self.db.keys.get(key.bytes, key.hash).is_some_and(|entry| self.env.is_due(entry))
    }

    /// Whether the key is there (and not expired), without side effects but expiry.
    pub fn has(&mut self, key: Key<'_>) -> bool {
        DbMut::live(self.db, self.env, self.index, key).is_some()
    }

    /// Removes the key if its time is up. True if it is gone, or hidden.
    #[inline]
    pub fn expire_if_due(&mut self, key: Key<'_>) -> bool {
        if self.db.volatile.keys == 0 {
            return false;
        }
        let Some(slot) = self.db.keys.slot(key.bytes, key.hash) else { return false };
        let due = self.env.is_due(slot.get());
        if due {
            self.env.expire(slot, &mut self.db.volatile, self.index);
        }
        due
    }

    /// Removes a key and returns its entry, to be dropped now or later. Expiry is not looked at.
    pub fn remove(&mut self, key: Key<'_>) -> Option<EntryBox<Value>> {
        let entry = self.db.keys.remove(key.bytes, key.hash)?;
        self.db.volatile.leaves(&entry);
        Some(entry)
    }

    /// Puts a value under a key, whatever was there before. `expire`: when it shall end, `None` = never.
    pub fn put(&mut self, key: Key<'_>, value: NewValue<'_, Value>, expire: Option<i64>) {
        let access = self.env.fresh_access();
        if let NewValue::Boxed { type_bits, .. } | NewValue::Packed { type_bits, .. } = &value
            && Type::of_bits(*type_bits).is_waited_for()
        {
            self.env.note_made(self.index, key.bytes);
        }
        match self.db.keys.lookup_key(key.bytes, key.hash) {
            Lookup::Found(mut slot) => {
                self.db.volatile.leaves(slot.get());
                slot.replace_with(|entry| entry.with_value(value, expire));
                self.db.volatile.comes(slot.get_mut());
                if self.env.access == Access::Lru {
                    slot.get().set_access(access);
                }
            }
            Lookup::Absent(vacant) => {
                let entry = vacant.insert(EntryBox::new(key.bytes, value, expire));
                entry.set_access(access);
                self.db.volatile.comes(entry);
                self.env.note_added(self.index, key.bytes);
            }
        }
    }

    /// Adds an entry whose key is not there (RENAME, MOVE, COPY, loading).
    pub fn adopt(&mut self, key: Key<'_>, entry: EntryBox<Value>) {
        self.env.note_added(self.index, key.bytes);
        self.place(key, entry);
    }

    /// The same for a key that was there until just now.
    pub(crate) fn place(&mut self, key: Key<'_>, entry: EntryBox<Value>) {
        if Type::of(&entry).is_waited_for() {
            self.env.note_made(self.index, key.bytes);
        }
        let entry = self.db.keys.insert_new(key.hash, entry);
        self.db.volatile.comes(entry);
    }

    /// Sets or removes the expire of a key that is there. False if it is not.
    pub fn set_expire(&mut self, key: Key<'_>, expire: Option<i64>) -> bool {
        let Some(mut slot) = self.db.keys.slot(key.bytes, key.hash) else { return false };
        let before = usize::from(slot.get().has_expire());
        slot.replace_with(|entry| entry.set_expire(expire));
        let keys = &mut self.db.volatile.keys;
        *keys = *keys - before + usize::from(expire.is_some());
        true
    }

    /// A key at random, uniformly; expired ones are removed on the way. `None` in an empty database.
    pub fn random_key(&mut self) -> Option<Vec<u8>> {
        // With nothing but expired keys that must be kept, any of them will do after a while, as with the peers.
        for _ in 0..100 {
            let Env { rng, .. } = &mut *self.env;
            let entry = self.db.keys.random(&mut || rng.u64(..))?;
            let (key, due) = (entry.key().to_vec(), self.env.is_due(entry));
            if !due {
                return Some(key);
            }
            if self.env.hold_expiry {
                continue;
            }
            let hash = self.db.keys.hash(&key);
            self.expire_if_due(Key { bytes: &key, hash });
        }
        let Env { rng, .. } = &mut *self.env;
        self.db.keys.random(&mut || rng.u64(..)).map(|entry| entry.key().to_vec())
    }

    /// The same database again, for a second step.
    #[inline]
    pub fn again(&mut self) -> DbMut<'_> {
        DbMut { db: self.db, env: self.env, index: self.index }
    }
}
