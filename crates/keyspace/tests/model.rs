//! Random work on several databases, compared step by step with a plain map.
//!
//! A failure prints the seed: run it alone with `SEED=… cargo test -p keyspace --test model`.

use std::collections::HashMap;

use keyspace::{Access, Cycle, DbIndex, EvictPolicy, Expire, Filter, Key, Keyspace, Policy, Seed, Str, Why};

const DATABASES: u32 = 3;

/// What a key holds, and when it ends.
type Model = HashMap<(DbIndex, Vec<u8>), (Vec<u8>, Option<i64>)>;

struct Pair {
    ks: Keyspace,
    model: Model,
    dice: fastrand::Rng,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let mut ks = Keyspace::new(DATABASES, Seed { k0: seed, k1: !seed }, seed);
        ks.env.set_now(1_000_000);
        ks.env.tell_gone = true;
        ks.env.access = if seed.is_multiple_of(2) { Access::Lru } else { Access::Lfu };
        Pair { ks, model: Model::new(), dice: fastrand::Rng::with_seed(seed) }
    }

    fn name(&mut self) -> Vec<u8> {
        let n = self.dice.u32(0..60);
        match n % 10 {
            0 => vec![b'L'; 200 + n as usize * 3],
            _ => format!("key:{n}").into_bytes(),
        }
    }

    fn value(&mut self) -> Vec<u8> {
        let len = match self.dice.u8(0..10) {
            0 => 0,
            1..6 => self.dice.usize(0..40),
            6..9 => self.dice.usize(40..300),
            _ => self.dice.usize(2000..5000),
        };
        match self.dice.u8(0..4) {
            0 => self.dice.i64(..).to_string().into_bytes(),
            1 => self.dice.u8(..).to_string().into_bytes(),
            _ => (0..len).map(|_| self.dice.u8(..)).collect(),
        }
    }

    /// What is there and not over, in the model.
    fn live(&mut self, db: DbIndex, name: &[u8]) -> Option<&mut (Vec<u8>, Option<i64>)> {
        let (now, at) = (self.ks.env.now_ms, (db, name.to_vec()));
        if self.model.get(&at).is_some_and(|(_, end)| end.is_some_and(|end| end <= now)) {
            self.model.remove(&at);
        }
        self.model.get_mut(&at)
    }

    fn step(&mut self) {
        let (db, name) = (self.dice.u32(0..DATABASES), self.name());
        match self.dice.u8(0..24) {
            0..5 => self.set(db, &name),
            5..7 => self.get(db, &name),
            7..9 => self.delete(db, &name),
            9..11 => self.expire(db, &name),
            11 => self.rename(db, &name),
            12 => self.move_to(db, &name),
            13 => self.swap(db),
            14..17 => self.grow(db, &name),
            17..20 => {
                let now = self.ks.env.now_ms + self.dice.i64(0..300);
                self.ks.env.set_now(now);
            }
            20 => self.sweep(),
            21 => self.scan(db),
            22 => self.resize(),
            _ => self.random(db),
        }
        self.check_gone();
    }

    fn set(&mut self, db: DbIndex, name: &[u8]) {
        let value = self.value();
        let end = self.ks.env.now_ms + self.dice.i64(1..2000);
        let before = self.live(db, name).and_then(|(_, end)| *end);
        let (expire, after) = match self.dice.u8(0..3) {
            0 => (Expire::Clear, None),
            1 => (Expire::At(end), Some(end)),
            _ => (Expire::Keep, before),
        };
        let key = self.ks.key(name);
        // As SET does: what is over is not kept.
        self.ks.db(db).expire_if_due(key);
        match self.dice.u8(0..3) {
            0 => self.ks.db(db).set_raw(key, &value, expire),
            1 => self.ks.db(db).set_text(key, &value, expire),
            _ => self.ks.db(db).set_str(key, &value, expire),
        }
        self.model.insert((db, name.to_vec()), (value, after));
    }

    fn get(&mut self, db: DbIndex, name: &[u8]) {
        let want = self.live(db, name).cloned();
        let key = self.ks.key(name);
        match self.dice.u8(0..3) {
            0 => {
                let found = self.ks.db(db).read_str(key).expect("all are strings").map(Str::to_vec);
                assert_eq!(found, want.map(|(value, _)| value));
            }
            1 => {
                let found = self.ks.db(db).ask(key).map(|e| e.expire());
                assert_eq!(found, want.map(|(_, end)| end));
            }
            _ => {
                assert_eq!(self.ks.db(db).write(key).is_some(), want.is_some());
                assert_eq!(self.ks.db(db).has(key), want.is_some());
            }
        }
    }

    fn delete(&mut self, db: DbIndex, name: &[u8]) {
        let was = self.live(db, name).is_some();
        self.model.remove(&(db, name.to_vec()));
        let key = self.ks.key(name);
        let mut at = self.ks.db(db);
        assert_eq!(!at.expire_if_due(key) && at.remove(key).is_some(), was);
    }

    fn expire(&mut self, db: DbIndex, name: &[u8]) {
        let end = self.dice.bool().then(|| self.ks.env.now_ms + self.dice.i64(1..3000));
        let there = self.live(db, name).map(|held| held.1 = end).is_some();
        let key = self.ks.key(name);
        let mut at = self.ks.db(db);
        at.expire_if_due(key);
        assert_eq!(at.set_expire(key, end), there);
    }

    fn rename(&mut self, db: DbIndex, name: &[u8]) {
        let to = self.name();
        if to == name {
            return;
        }
        self.live(db, name);
        let held = self.model.remove(&(db, name.to_vec()));
        let (from, into) = (self.ks.key(name), self.ks.key(&to));
        let mut at = self.ks.db(db);
        at.expire_if_due(from);
        let Some(entry) = at.remove(from) else { return assert!(held.is_none()) };
        at.remove(into);
        at.adopt(into, entry.rekey(&to));
        self.model.insert((db, to), held.expect("the model has it as well"));
    }

    fn move_to(&mut self, db: DbIndex, name: &[u8]) {
        let to = (db + 1) % DATABASES;
        let free = self.live(to, name).is_none();
        let there = self.live(db, name).is_some();
        let key = self.ks.key(name);
        assert_eq!(self.ks.db(to).has(key), !free);
        assert_eq!(self.ks.db(db).has(key), there);
        if free && there {
            let entry = self.ks.db(db).remove(key).expect("it is there");
            self.ks.db(to).adopt(key, entry);
            let held = self.model.remove(&(db, name.to_vec())).expect("there");
            self.model.insert((to, name.to_vec()), held);
        }
    }

    fn swap(&mut self, a: DbIndex) {
        let b = self.dice.u32(0..DATABASES);
        self.ks.swap(a, b);
        let other = |db| {
            if db == a {
                b
            } else if db == b {
                a
            } else {
                db
            }
        };
        self.model = self.model.drain().map(|((db, name), held)| ((other(db), name), held)).collect();
    }

    /// APPEND and SETRANGE.
    fn grow(&mut self, db: DbIndex, name: &[u8]) {
        let more: Vec<u8> = (0..self.dice.usize(0..90)).map(|_| self.dice.u8(..)).collect();
        self.live(db, name);
        let held = self.model.entry((db, name.to_vec())).or_default();
        let before = held.0.len();
        held.0.extend_from_slice(&more);
        let (all, key) = (held.0.len(), self.ks.key(name));
        self.ks.db(db).expire_if_due(key);
        let bytes = self.ks.db(db).grow_str(key, all);
        assert!(bytes.len() == all && bytes[before..].iter().all(|&byte| byte == 0));
        bytes[before..].copy_from_slice(&more);
    }

    fn sweep(&mut self) {
        let cycle = if self.dice.bool() { Cycle::Fast } else { Cycle::Slow };
        let mut left = self.dice.u8(0..4);
        self.ks.expire_step(cycle, self.dice.u32(1..=10), &mut || {
            left = left.saturating_sub(1);
            left > 0
        });
    }

    fn scan(&mut self, db: DbIndex) {
        let filter = Filter { pattern: Some(b"key:?"), only: None };
        let (mut cursor, mut seen) = (0, Vec::new());
        loop {
            cursor = self.ks.db(db).scan(cursor, 7, &filter, &mut |e| seen.push(e.key().to_vec()));
            if cursor == 0 {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        let mut walked = Vec::new();
        self.ks.db(db).for_each_live(&filter, &mut |e| walked.push(e.key().to_vec()));
        walked.sort();
        let now = self.ks.env.now_ms;
        let live = self.model.iter().filter(|((at, name), (_, end))| {
            *at == db && name.starts_with(b"key:") && name.len() == 5 && end.is_none_or(|end| end > now)
        });
        let mut want: Vec<_> = live.map(|((_, name), _)| name.clone()).collect();
        want.sort();
        assert_eq!(seen, want);
        assert_eq!(walked, want);
    }

    fn resize(&mut self) {
        let policy = [Policy::Allow, Policy::Avoid, Policy::Forbid][self.dice.usize(0..3)];
        self.ks.set_resize(policy);
        self.ks.rehash_step(&mut || false);
    }

    fn random(&mut self, db: DbIndex) {
        match self.ks.db(db).random_key() {
            Some(name) => assert!(self.live(db, &name).is_some()),
            None => assert!(
                !self.model.clone().into_keys().any(|(at, name)| at == db && self.live(db, &name).is_some())
            ),
        }
    }

    /// What went by itself was over.
    fn check_gone(&mut self) {
        for gone in std::mem::take(&mut self.ks.env.gone) {
            assert_eq!(gone.why, Why::Expired);
            // The step may have put another value there since.
            if let Some((_, end)) = self.model.get(&(gone.db, gone.key.clone()))
                && end.is_some_and(|end| end <= self.ks.env.now_ms)
            {
                self.model.remove(&(gone.db, gone.key));
            }
        }
    }

    /// The same keys, values and expires on both sides. What is over may be gone on either.
    fn compare(&mut self) {
        self.ks.verify();
        let (now, mut found) = (self.ks.env.now_ms, Model::new());
        for (index, db) in self.ks.all() {
            for entry in db.table().iter() {
                let value = Str::of(entry).expect("a string").to_vec();
                found.insert((index, entry.key().to_vec()), (value, entry.expire()));
            }
        }
        found.retain(|_, (_, end)| end.is_none_or(|end| end > now));
        self.model.retain(|_, (_, end)| end.is_none_or(|end| end > now));
        assert_eq!(found, self.model);
    }
}

fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (0..count).collect(),
    }
}

/// Prints the seed when a test fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEED={}", self.0);
        }
    }
}

#[test]
fn databases_hold_what_a_map_would_hold() {
    for seed in seeds(12) {
        let _told = Told(seed);
        let mut pair = Pair::new(seed);
        for _ in 0..500 {
            pair.step();
            pair.compare();
        }
    }
}

#[test]
fn the_cycle_removes_in_the_end_all_that_is_over_and_nothing_else() {
    for seed in seeds(12) {
        let _told = Told(seed);
        let mut pair = Pair::new(seed);
        (0..800).for_each(|_| pair.step());
        pair.ks.set_resize(Policy::Allow);
        pair.ks.env.set_now(pair.ks.env.now_ms + 1500);
        for _ in 0..50 {
            pair.ks.expire_step(Cycle::Slow, 1, &mut || false);
        }
        let now = pair.ks.env.now_ms;
        for (_, db) in pair.ks.all() {
            let over = db.table().iter().filter(|e| e.expire().is_some_and(|end| end <= now)).count();
            assert_eq!(over, 0);
        }
        pair.compare();
    }
}

#[test]
fn held_expiry_hides_and_keeps() {
    let mut ks = Keyspace::new(1, Seed { k0: 1, k1: 2 }, 3);
    let key: Key<'static> = ks.key(b"k");
    ks.db(0).set_str(key, b"v", Expire::At(10));
    (ks.env.now_ms, ks.env.hold_expiry) = (10, true);
    assert!(ks.db(0).read(key).is_none() && ks.db(0).write(key).is_none() && ks.db(0).ask(key).is_none());
    assert!(!ks.db(0).has(key) && ks.db(0).expire_if_due(key));
    let mut seen = 0;
    ks.db(0).scan(0, 10, &Filter::default(), &mut |_| seen += 1);
    assert_eq!((ks.look(0).len(), ks.env.stats.expired, seen), (1, 0, 0));
    ks.env.hold_expiry = false;
    assert!(ks.db(0).read(key).is_none());
    assert_eq!((ks.look(0).len(), ks.env.stats.expired), (0, 1));
    ks.verify();
}

#[test]
fn eviction_among_random_work_keeps_its_promise() {
    for seed in seeds(6) {
        let _told = Told(seed);
        let mut pair = Pair::new(seed);
        for round in 0..400 {
            pair.step();
            let policy =
                [EvictPolicy::VolatileLru, EvictPolicy::VolatileTtl, EvictPolicy::VolatileRandom][round % 3];
            if round % 5 == 0
                && let Some((db, name)) = pair.ks.evict_one(policy)
            {
                let held = pair.model.remove(&(db, name));
                assert!(held.is_none_or(|(_, end)| end.is_some()), "only volatile keys go");
                pair.ks.env.gone.clear();
            }
            pair.compare();
        }
    }
}
