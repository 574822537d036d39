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

use crate::access::{Access, Lfu};
use crate::collection::Limits;
use crate::env::{Env, Lazy, Stats};
use crate::evict::Eviction;
use crate::expire::Sweep;
use crate::keys::{Keys, Live};
use crate::value::{Type, Value};
use crate::volatile::Volatile;
use crate::walk::Walks;

/// A database by its number.
pub type DbIndex = u32;

/// A key and its hash.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    pub bytes: &'a [u8],
    pub hash: u64,
}

/// One database.
pub struct Db {
    pub(crate) keys: Keys,
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
            keys: Keys::new(seed),
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

    /// Takes all entries out. No snapshot is on.
    pub fn drain(&mut self, emit: impl FnMut(EntryBox<Value>)) {
        self.keys.drain(emit);
        self.volatile = Volatile::new(*self.keys.hasher());
    }

    /// How eagerly this table changes its size, whatever the keyspace says.
    pub fn set_resize(&mut self, policy: Policy) {
        self.keys.set_resize(policy);
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
    pub(crate) walks: Walks,
    seed: Seed,
}

impl Keyspace {
    /// `seed` keys the hash, `dice` everything random.
    pub fn new(databases: u32, seed: Seed, dice: u64) -> Self {
        let env = Env {
            now_ms: 0,
            clock_ms: 0,
            lru_now: 0,
            rng: fastrand::Rng::with_seed(dice),
            stats: Stats::default(),
            access: Access::Lru,
            lfu: Lfu::default(),
            no_touch: false,
            hold_expiry: false,
            see_expired: false,
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
        let walks = Walks::default();
        Keyspace { dbs, env, sweep, eviction, policy: Policy::Allow, walks, seed }
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

    /// Takes a database's content out, to be dropped now or on another thread. `None`: a snapshot has to write it first,
    /// and keeps it that long ([`Keyspace::left_behind`]).
    pub fn take(&mut self, index: DbIndex) -> Option<Db> {
        let mut empty = Db::new(self.seed);
        empty.keys.set_resize(self.policy);
        let taken = std::mem::replace(&mut self.dbs[index as usize], empty);
        self.keep_walked(taken)
    }

    /// Takes the content of all databases out. No snapshot is on: they may be put back.
    pub fn take_all(&mut self) -> Vec<Db> {
        assert!(!self.dbs.iter().any(|db| db.keys.is_walked()), "nothing is written meanwhile");
        (0..self.databases()).filter_map(|index| self.take(index)).collect()
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
    /// The entry of a key that is there and not expired, to look at, found in one search.
    #[inline(always)]
    fn live(db: &'k mut Db, env: &mut Env, index: DbIndex, key: Key<'_>) -> Option<&'k Entry<Value>> {
        match db.keys.find_live(key.bytes, key.hash, |entry| env.is_due(entry))? {
            Live::Yes(entry) => Some(entry),
            Live::Due(slot) => {
                env.expire(slot, &mut db.volatile, index);
                None
            }
        }
    }

    /// The same, to change it.
    #[inline(always)]
    fn live_slot(db: &'k mut Db, env: &mut Env, index: DbIndex, key: Key<'_>) -> Option<KeySlot<'k, Value>> {
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
        DbMut::live_slot(db, env, index, key).map(KeySlot::into_mut)
    }

    /// The same, not inlined: few databases have volatile keys, and those that have none need not save registers for it.
    #[inline(never)]
    fn live_apart(db: &'k mut Db, env: &mut Env, index: DbIndex, key: Key<'_>) -> Option<&'k Entry<Value>> {
        DbMut::live(db, env, index, key)
    }

    /// For commands that read: expires, counts a hit or a miss, touches.
    #[inline(always)]
    pub fn read(self, key: Key<'_>) -> Option<&'k Entry<Value>> {
        let DbMut { db, env, index } = self;
        let found = if db.volatile.keys == 0 {
            db.keys.get(key.bytes, key.hash)
        } else {
            DbMut::live_apart(db, env, index, key)
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
        found
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
        let DbMut { db, env, index } = self;
        match db.keys.find_live(key.bytes, key.hash, |entry| env.is_due(entry)) {
            Some(Live::Due(slot)) => {
                env.expire(slot, &mut db.volatile, *index);
                true
            }
            Some(Live::Yes(_)) | None => false,
        }
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

    /// Adds an entry whose key is not there (RENAME, MOVE, COPY).
    pub fn adopt(&mut self, key: Key<'_>, entry: EntryBox<Value>) {
        self.env.note_added(self.index, key.bytes);
        self.place(key, entry);
    }

    /// Makes room for so many more keys at once, which saves moving those that come to a small table one by one.
    pub fn expect(&mut self, keys: usize) {
        let items = self.db.len().saturating_add(keys);
        self.db.keys.reserve(items);
    }

    /// Adds an entry with the hash of its key. If the key is there, nothing changes and the entry comes back.
    pub fn insert(&mut self, hash: u64, entry: EntryBox<Value>) -> Result<(), EntryBox<Value>> {
        let key = entry.key();
        let vacant = match self.db.keys.lookup_key(key, hash) {
            Lookup::Found(_) => return Err(entry),
            Lookup::Absent(vacant) => vacant,
        };
        if Type::of(&entry).is_waited_for() {
            self.env.note_made(self.index, entry.key());
        }
        let entry = vacant.insert(entry);
        self.db.volatile.comes(entry);
        self.env.note_added(self.index, entry.key());
        Ok(())
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
