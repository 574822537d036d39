//! A snapshot that is written while the keyspace goes on changing has what was there when it began: random keyspaces,
//! random changes of all kinds, and the walk in steps of any size between them.
//!
//! A failure prints the seed: run it alone with `SEED=… cargo test -p persist --test point_in_time`.

mod made;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use keyspace::{
    Cycle, Db, DbIndex, End, EvictPolicy, Expire, FieldTtl, Hash, Keyspace, List, Policy, Set, SortedSet,
    Stream, Walking, duplicate,
};
use made::any::make;
use made::{Make, NOW, build, keyspace, load, seen_in, settings};
use persist::file::{AccessInfo, Opening, Pieces, Seal, ending, settings_for};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// All keys of all databases, and what can be seen of them.
type Seen = BTreeMap<(DbIndex, Vec<u8>), String>;

fn everything(ks: &Keyspace) -> Seen {
    let keys = ks.all().flat_map(|(n, db)| db.table().iter().map(move |entry| (n, entry.key().to_vec())));
    keys.map(|(n, key)| ((n, key.clone()), seen_in(ks, n, &key).expect("it is there"))).collect()
}

struct Run {
    ks: Keyspace,
    dice: fastrand::Rng,
    runner: TestRunner,
    /// Pieces, in the order in which they left.
    file: Arc<Mutex<Vec<Vec<u8>>>>,
    names: u32,
    /// Whether keys get expires: without any, other ways lead through the table.
    volatile: bool,
}

impl Run {
    fn new(seed: u64) -> Run {
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut words = [0; 32];
        dice.fill(&mut words);
        let runner =
            TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &words));
        let names = [3, 40, 700][dice.usize(0..3)];
        Run { ks: keyspace(), dice, runner, file: Arc::default(), names, volatile: seed % 3 > 0 }
    }

    fn made(&mut self) -> Make {
        if self.names > 100 && self.dice.u8(0..20) > 0 {
            return Make::Str(self.dice.u16(..).to_string().into_bytes());
        }
        make().new_tree(&mut self.runner).expect("no filter").current()
    }

    fn name(&mut self) -> Vec<u8> {
        format!("key:{}", self.dice.u32(0..self.names)).into_bytes()
    }

    fn put(&mut self) {
        let (make, name, db) = (self.made(), self.name(), self.dice.u32(0..4));
        let key = self.ks.key(&name);
        drop(self.ks.db(db).remove(key));
        build(self.ks.db(db), key, &make);
        self.expire(db, &name);
    }

    fn expire(&mut self, db: DbIndex, name: &[u8]) {
        let at = (self.volatile && self.dice.bool()).then(|| NOW + self.dice.i64(0..2000));
        let key = self.ks.key(name);
        self.ks.db(db).set_expire(key, at);
    }

    fn begin(&mut self) {
        let settings = settings_for(&self.ks, settings(11, true));
        let opening = Opening { settings, access: AccessInfo::None, aux: &[], functions: &[] };
        self.file = Arc::new(Mutex::new(vec![opening.header()]));
        let file = &self.file;
        self.ks.begin_walks(&mut |env, number, db| {
            let file = file.clone();
            let pieces: Pieces = Box::new(move |piece| {
                file.lock().expect("one thread").push(piece);
                Vec::new()
            });
            Box::new(opening.database(env, number, db, pieces))
        });
    }

    /// Walks so many homes at most; whether that was the last.
    fn walk(&mut self, homes: u32) -> bool {
        let mut left = homes;
        let walking = self.ks.walk_step(&mut || {
            left = left.saturating_sub(1);
            left > 0
        });
        assert_ne!(walking, Walking::Lost);
        self.ks.left_behind();
        walking == Walking::Done
    }

    fn change(&mut self) {
        let (name, db) = (self.name(), self.dice.u32(0..4));
        let key = self.ks.key(&name);
        let Run { ks, dice, .. } = self;
        // A value of another type stays as it is: that is no failure.
        match dice.u8(0..26) {
            0..6 => self.put(),
            6 | 7 => drop(ks.db(db).remove(key)),
            8 => {
                let here = ks.db(db);
                let limits = here.env.limits;
                let push =
                    |list: &mut List, _: &mut _| list.push(End::Tail, [&b"pushed"[..]].into_iter(), &limits);
                _ = here.edit_or_new(key, |_| List::default(), push);
            }
            9 => {
                let limits = ks.env.limits;
                _ = ks.db(db).edit(key, |list: &mut List, _| list.pop(End::Head, &limits, |_| ()));
            }
            10 => _ = ks.db(db).edit_or_new(key, |_| Set::default(), |set, env| set.add(b"member", env)),
            11 => {
                let ttl =
                    if dice.bool() { FieldTtl::Until(NOW + dice.i64(1..2000)) } else { FieldTtl::Clear };
                let change = |hash: &mut Hash, env: &mut _| hash.set(b"field", b"value", ttl, env);
                _ = ks.db(db).edit_or_new(key, |_| Hash::default(), change);
            }
            12 => {
                let add = |set: &mut SortedSet, env: &mut _| set.add(b"member", 7.0, Default::default(), env);
                _ = ks.db(db).edit_or_new(key, |_| SortedSet::default(), add);
            }
            13 => {
                let limits = ks.env.limits;
                if let Ok(Some(stream)) = ks.db(db).stream_mut(key) {
                    let id = keyspace::stream::StreamId::new(u64::MAX - 1, dice.u64(..));
                    _ = stream.log.append(id, [&b"f"[..], b"v"].into_iter(), &limits);
                } else if !ks.db(db).has(key) {
                    ks.db(db).add_stream(key, Stream::new());
                }
            }
            14 => ks.db(db).set_str(key, &dice.u32(..).to_le_bytes(), Expire::Keep),
            15 => {
                if ks.db(db).read_str(key).is_ok() {
                    let len = dice.usize(0..300);
                    ks.db(db).grow_str(key, len).fill(b'!');
                }
            }
            16 => self.expire(db, &name),
            17 => ks.swap(db, dice.u32(0..4)),
            18 if dice.u8(0..4) == 0 => drop(ks.take(db)),
            19 => self.rename(db, &name),
            20 => {
                let now = ks.env.now_ms + dice.i64(0..300);
                ks.env.set_now(now);
                ks.expire_step(Cycle::Slow, 10, &mut || true);
            }
            21 => _ = ks.evict_one(EvictPolicy::AllKeysRandom),
            22 => _ = ks.db(db).random_key(),
            23 => _ = ks.rehash_step(&mut || dice.u8(0..8) > 0),
            24 => ks.set_resize([Policy::Allow, Policy::Avoid, Policy::Forbid][dice.usize(0..3)]),
            _ => _ = (ks.db(db).read(key).is_some(), ks.db(db).expire_if_due(key)),
        }
    }

    /// RENAME, MOVE or COPY, whichever comes of the names.
    fn rename(&mut self, db: DbIndex, from: &[u8]) {
        let (to, into, copy) = (self.name(), self.dice.u32(0..4), self.dice.bool());
        let (from, key) = (self.ks.key(from), self.ks.key(&to));
        if (db, from.bytes) == (into, key.bytes) {
            return;
        }
        let now = self.ks.env.now_ms;
        let entry = match copy {
            true => self.ks.db(db).read(from).map(|entry| duplicate(entry, &to, now)),
            false => self.ks.db(db).remove(from).map(|entry| entry.rekey(&to)),
        };
        if let Some(entry) = entry {
            if self.ks.look(into).table().get(key.bytes, key.hash).is_some() {
                drop(self.ks.db(into).remove(key));
            }
            self.ks.db(into).adopt(key, entry);
        }
    }

    /// What the other thread makes of the pieces.
    fn sealed(&self) -> Vec<u8> {
        let (mut seal, mut bytes) = (Seal::new(true), Vec::new());
        for piece in self.file.lock().expect("one thread").iter() {
            seal.pass(Some(piece), &mut bytes).expect("memory takes all");
        }
        seal.pass(Some(&ending()), &mut bytes).expect("memory takes all");
        seal.pass(None, &mut bytes).expect("memory takes all");
        bytes
    }

    fn check(&mut self, before: &Seen) {
        self.ks.verify();
        let mut copy = keyspace();
        load(&self.sealed(), &mut copy).expect("the file is good");
        let after = everything(&copy);
        assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
        for (at, value) in before {
            assert_eq!(Some(value), after.get(at), "{at:?}");
        }
    }
}

fn run(seed: u64) {
    let mut run = Run::new(seed);
    let keys = run.dice.u32(0..run.names * 2);
    (0..keys).for_each(|_| run.put());
    for _ in 0..2 {
        let before = everything(&run.ks);
        run.begin();
        // Steps of no home and of all at once, more changes than steps and fewer.
        let (most, changes) = ([1, 5, 200][run.dice.usize(0..3)], [1, 10, 200][run.dice.usize(0..3)]);
        loop {
            (0..run.dice.u32(0..=changes)).for_each(|_| run.change());
            let homes = run.dice.u32(0..=most);
            if homes > 0 && run.walk(homes) {
                break;
            }
        }
        run.check(&before);
        (0..20).for_each(|_| run.change());
    }
}

#[test]
fn the_file_has_what_was_there_at_the_beginning() {
    if let Ok(seed) = std::env::var("SEED") {
        return run(seed.parse().expect("a number"));
    }
    for seed in 0..40 {
        let done = std::panic::catch_unwind(|| run(seed));
        assert!(done.is_ok(), "SEED={seed}");
    }
}

#[test]
fn a_walk_that_is_given_up_leaves_nothing_behind() {
    let mut run = Run::new(7);
    (0..100).for_each(|_| run.put());
    run.begin();
    run.walk(3);
    (0..100).for_each(|_| run.change());
    let (taken, was_walked) = (run.ks.look(1).len(), run.ks.take(1).is_none());
    run.ks.end_walks();
    let left: Vec<usize> = run.ks.left_behind().iter().map(Db::len).collect();
    assert!(!was_walked || left.contains(&taken));
    run.ks.verify();
    let before = everything(&run.ks);
    run.begin();
    while !run.walk(1) {}
    run.check(&before);
}

#[test]
fn a_stream_that_grows_is_written_first() {
    let mut run = Run::new(7);
    let (key, limits) = (run.ks.key(b"stream"), run.ks.env.limits);
    build(run.ks.db(0), key, &Make::Stream(vec![(1, b"a".to_vec())], 3));
    let before = everything(&run.ks);
    run.begin();
    let stream = run.ks.db(0).stream_mut(key).expect("a stream").expect("is there");
    let id = keyspace::stream::StreamId::new(u64::MAX - 1, 1);
    stream.log.append(id, [&b"f"[..], b"v"].into_iter(), &limits).expect("ascending");
    assert_ne!(everything(&run.ks), before);
    while !run.walk(1) {}
    run.check(&before);
}
