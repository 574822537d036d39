//! Eviction: which key goes when memory is short.
//!
//! LRU, LFU and TTL are approximated, as Redis does it: some keys of each database are sampled, and the best of
//! them stay in a pool from one eviction to the next, so that the choice gets better than a single sample's. The
//! road not taken: a list through all entries would be exact and cost two words per key and a miss per access.
//!
//! What the pool remembers may have changed since, so a candidate is looked up again when its turn comes, and dropped
//! if it is gone, or not volatile any more, or better than it was (used, or given more time).
//!
//! There is no table of volatile keys: where these are rare, sampling walks on until it finds one, `len / volatile`
//! keys on average.
//!
//! **Invariants** (asserted by [`Eviction::verify`])
//! 1. The pool holds at most [`POOL`] candidates of one policy, by ascending score: the last one goes first.
//! 2. No key is in the pool twice.

use structures::entry::Entry;

use crate::access::{self, Access};
use crate::db::{Db, DbIndex, Key, Keyspace};
use crate::env::{Env, Why};
use crate::value::Value;

/// `maxmemory-policy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EvictPolicy {
    #[default]
    NoEviction,
    AllKeysLru,
    AllKeysLfu,
    AllKeysRandom,
    VolatileLru,
    VolatileLfu,
    VolatileRandom,
    VolatileTtl,
}

impl EvictPolicy {
    /// Whether only keys with a time to live may go.
    pub fn is_volatile(self) -> bool {
        use EvictPolicy::*;
        matches!(self, VolatileLru | VolatileLfu | VolatileRandom | VolatileTtl)
    }

    /// The access clock the policy needs.
    pub fn access(self) -> Access {
        match self {
            EvictPolicy::AllKeysLfu | EvictPolicy::VolatileLfu => Access::Lfu,
            _ => Access::Lru,
        }
    }

    fn takes(self, entry: &Entry<Value>) -> bool {
        !self.is_volatile() || entry.has_expire()
    }

    /// The higher, the sooner the entry goes.
    fn score(self, env: &Env, entry: &Entry<Value>) -> u64 {
        match self {
            EvictPolicy::AllKeysLru | EvictPolicy::VolatileLru => {
                u64::from(access::idle_seconds(entry.access(), env.now_ms))
            }
            EvictPolicy::AllKeysLfu | EvictPolicy::VolatileLfu => {
                u64::from(255 - env.lfu.counter(entry.access(), env.now_ms))
            }
            EvictPolicy::VolatileTtl => u64::MAX - entry.expire().unwrap_or(i64::MAX) as u64,
            EvictPolicy::NoEviction | EvictPolicy::AllKeysRandom | EvictPolicy::VolatileRandom => 0,
        }
    }
}

/// Candidates in the pool (invariant 1).
pub const POOL: usize = 16;
/// Where volatile keys are rare, so many times the samples are looked at before the table is walked.
const THIN: usize = 16;
/// Tries of `volatile-random` before the table is walked.
const TRIES: usize = 16;

struct Candidate {
    score: u64,
    db: DbIndex,
    hash: u64,
    key: Vec<u8>,
}

/// What is kept from one eviction to the next.
#[derive(Default)]
pub(crate) struct Eviction {
    policy: EvictPolicy,
    pool: Vec<Candidate>,
    /// Where the random policies go on.
    next_db: DbIndex,
}

impl Eviction {
    /// Databases changed their numbers.
    pub fn forget(&mut self) {
        self.pool.clear();
    }

    fn offer(&mut self, score: u64, db: DbIndex, hash: u64, key: &[u8]) {
        if self.pool.iter().any(|c| c.hash == hash && c.db == db && c.key == key) {
            return;
        }
        let at = self.pool.partition_point(|candidate| candidate.score < score);
        let mut kept = Vec::new();
        if self.pool.len() == POOL {
            if at == 0 {
                return;
            }
            kept = self.pool.remove(0).key;
            kept.clear();
        }
        let at = self.pool.partition_point(|candidate| candidate.score < score);
        kept.extend_from_slice(key);
        self.pool.insert(at, Candidate { score, db, hash, key: kept });
    }

    /// Asserts the invariants.
    pub fn verify(&self) {
        assert!(self.pool.len() <= POOL && self.pool.is_sorted_by_key(|c| c.score), "invariant 1");
        let twice = |n: usize, c: &Candidate| {
            self.pool[..n].iter().any(|other| (other.db, &other.key) == (c.db, &c.key))
        };
        assert!(!self.pool.iter().enumerate().any(|(n, c)| twice(n, c)), "invariant 2");
    }
}

impl Keyspace {
    /// Picks a key by the policy and removes it; `None` if no key may go. It is counted, and told as
    /// [`Gone`](crate::Gone) too, if anybody wants that. A value that is long to free goes to `garbage` if
    /// [`Lazy`](crate::db::Lazy) says so.
    pub fn evict_one(&mut self, policy: EvictPolicy) -> Option<(DbIndex, Vec<u8>)> {
        if self.eviction.policy != policy {
            self.eviction = Eviction { policy, ..Eviction::default() };
        }
        let (index, hash, key) = match policy {
            EvictPolicy::NoEviction => return None,
            EvictPolicy::AllKeysRandom | EvictPolicy::VolatileRandom => self.random_victim(policy)?,
            _ => self.best_victim(policy)?,
        };
        let entry = self.db(index).remove(Key { bytes: &key, hash })?;
        self.env.discard(index, entry, Why::Evicted);
        Some((index, key))
    }

    /// Bytes that candidates for eviction hold from one eviction to the next. O(1).
    pub fn eviction_memory(&self) -> usize {
        let pool = &self.eviction.pool;
        pool.capacity() * size_of::<Candidate>() + pool.iter().map(|one| one.key.capacity()).sum::<usize>()
    }

    /// The databases take turns.
    fn random_victim(&mut self, policy: EvictPolicy) -> Option<(DbIndex, u64, Vec<u8>)> {
        for _ in 0..self.databases() {
            let index = self.eviction.next_db % self.databases();
            self.eviction.next_db = index + 1;
            let (db, env) = (&mut self.dbs[index as usize], &mut self.env);
            if let Some(key) = random_key(db, env, policy) {
                return Some((index, db.keys.hash(&key), key));
            }
        }
        None
    }

    /// If all candidates have changed meanwhile, the pool is empty, and the second round finds fresh ones.
    fn best_victim(&mut self, policy: EvictPolicy) -> Option<(DbIndex, u64, Vec<u8>)> {
        for _ in 0..2 {
            for (index, db) in self.dbs.iter_mut().enumerate() {
                sample(db, &mut self.env, policy, &mut |score, hash, key| {
                    self.eviction.offer(score, index as DbIndex, hash, key);
                });
            }
            while let Some(Candidate { score, db, hash, key }) = self.eviction.pool.pop() {
                let entry = self.look(db).keys.get(&key, hash);
                if entry.is_some_and(|e| policy.takes(e) && policy.score(&self.env, e) >= score) {
                    return Some((db, hash, key));
                }
            }
        }
        None
    }
}

/// A key at random that the policy takes.
fn random_key(db: &mut Db, env: &mut Env, policy: EvictPolicy) -> Option<Vec<u8>> {
    if !may_give(db, policy) {
        return None;
    }
    for _ in 0..TRIES {
        let entry = db.keys.random(&mut || env.rng.u64(..))?;
        if policy.takes(entry) {
            return Some(entry.key().to_vec());
        }
    }
    db.evict_cursor = env.rng.u64(..);
    let mut found = None;
    walk(db, policy, 1, &mut |entry| found = found.take().or_else(|| Some(entry.key().to_vec())));
    found
}

/// Emits candidates of one database with their score and hash; at least one if there is any.
fn sample(db: &mut Db, env: &mut Env, policy: EvictPolicy, emit: &mut dyn FnMut(u64, u64, &[u8])) {
    if !may_give(db, policy) {
        return;
    }
    let (samples, mut found) = (env.evict_samples.max(1), 0);
    let thin = if policy.is_volatile() { (db.len() / db.volatile.keys).clamp(1, THIN) } else { 1 };
    let rng = &mut env.rng.clone();
    let keys = &db.keys;
    let mut offer =
        |entry: &Entry<Value>| emit(policy.score(env, entry), keys.hash(entry.key()), entry.key());
    keys.sample(&mut || rng.u64(..), samples * thin, |entry| {
        if found < samples && policy.takes(entry) {
            found += 1;
            offer(entry);
        }
    });
    if found == 0 {
        let seed = *db.keys.hasher();
        walk(db, policy, samples, &mut |entry| {
            let hash = structures::keytable::hash_key(seed, entry.key());
            emit(policy.score(env, entry), hash, entry.key());
        });
    }
    env.rng = rng.clone();
}

fn may_give(db: &Db, policy: EvictPolicy) -> bool {
    if policy.is_volatile() { db.volatile.keys > 0 } else { !db.is_empty() }
}

/// Walks the table from where the last walk ended until a bucket has keys the policy takes, once round at most.
/// Emits at most `most` of them.
fn walk(db: &mut Db, policy: EvictPolicy, most: usize, emit: &mut dyn FnMut(&Entry<Value>)) {
    let (mut found, mut turns) = (0, 0);
    while found == 0 && turns < 2 {
        db.evict_cursor = db.keys.scan(db.evict_cursor, |entry| {
            if policy.takes(entry) && found < most {
                found += 1;
                emit(entry);
            }
        });
        turns += u32::from(db.evict_cursor == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Expire, Seed};

    const POLICIES: [EvictPolicy; 7] = [
        EvictPolicy::AllKeysLru,
        EvictPolicy::AllKeysLfu,
        EvictPolicy::AllKeysRandom,
        EvictPolicy::VolatileLru,
        EvictPolicy::VolatileLfu,
        EvictPolicy::VolatileRandom,
        EvictPolicy::VolatileTtl,
    ];

    /// Every `nth` key is volatile; key `n` is set at second `n` and would end at `1e9 + n` seconds.
    fn filled(keys: i64, nth: i64, policy: EvictPolicy) -> Keyspace {
        let mut ks = Keyspace::new(2, Seed { k0: 5, k1: 6 }, 7);
        ks.env.access = policy.access();
        for n in 0..keys {
            ks.env.set_now(n * 1000);
            let name = format!("{n}");
            let key = ks.key(name.as_bytes());
            let expire = if n % nth == 0 { Expire::At((1_000_000_000 + n) * 1000) } else { Expire::Clear };
            ks.db((n % 2) as u32).set_str(key, b"v", expire);
        }
        ks
    }

    fn number(key: &[u8]) -> i64 {
        std::str::from_utf8(key).expect("ascii").parse().expect("a number")
    }

    #[test]
    fn volatile_policies_never_take_keys_that_shall_live_and_all_end_when_nothing_is_left() {
        for policy in POLICIES {
            for nth in [1, 3, 50] {
                let mut ks = filled(1000, nth, policy);
                ks.env.tell_gone = true;
                let mut evicted = 0;
                while let Some((db, key)) = ks.evict_one(policy) {
                    let n = number(&key);
                    assert!(!policy.is_volatile() || n % nth == 0, "{policy:?} took {n}");
                    assert_eq!(db as i64, n % 2);
                    evicted += 1;
                    if evicted % 50 == 0 {
                        ks.verify();
                    }
                }
                let all = if policy.is_volatile() { (1000 + nth - 1) / nth } else { 1000 };
                assert_eq!((evicted, ks.env.gone.len() as i64), (all, all), "{policy:?} {nth}");
                assert_eq!(ks.env.stats.evicted as i64, all);
            }
        }
        assert_eq!(filled(10, 1, EvictPolicy::NoEviction).evict_one(EvictPolicy::NoEviction), None);
    }

    #[test]
    fn old_keys_and_near_ends_go_first() {
        for policy in [EvictPolicy::AllKeysLru, EvictPolicy::VolatileLru, EvictPolicy::VolatileTtl] {
            let mut ks = filled(2000, 1, policy);
            let sum: i64 = (0..500).filter_map(|_| ks.evict_one(policy)).map(|(_, key)| number(&key)).sum();
            assert!(sum / 500 < 500, "{policy:?}: the average of the evicted quarter is {}", sum / 500);
        }
    }

    #[test]
    fn with_samples_enough_the_nearest_end_goes() {
        let mut ks = filled(40, 1, EvictPolicy::VolatileTtl);
        ks.env.evict_samples = 100;
        let order: Vec<i64> = std::iter::from_fn(|| ks.evict_one(EvictPolicy::VolatileTtl))
            .map(|(_, key)| number(&key))
            .collect();
        assert_eq!(order, (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn a_candidate_used_meanwhile_is_spared() {
        let mut ks = filled(10, 1, EvictPolicy::AllKeysLru);
        ks.env.evict_samples = 100;
        assert_eq!(ks.evict_one(EvictPolicy::AllKeysLru), Some((0, b"0".to_vec())));
        for name in [b"1", b"2"] {
            let key = ks.key(name);
            let db = u32::from(name == b"1");
            assert!(ks.db(db).read(key).is_some());
        }
        assert_eq!(ks.evict_one(EvictPolicy::AllKeysLru), Some((1, b"3".to_vec())));
    }

    #[test]
    fn seldom_used_keys_go_first() {
        let mut ks = filled(200, 1, EvictPolicy::AllKeysLfu);
        ks.env.lfu.decay_minutes = 0;
        for _ in 0..50 {
            for n in 0..20 {
                let name = format!("{n}");
                let key = ks.key(name.as_bytes());
                assert!(ks.db(n % 2).read(key).is_some());
            }
        }
        let evicted = (0..170).filter_map(|_| ks.evict_one(EvictPolicy::AllKeysLfu));
        let often = evicted.filter(|(_, key)| number(key) < 20).count();
        assert!(often <= 2, "{often} of the twenty keys in use were evicted");
    }
}
