use std::sync::{Arc, Mutex};

use super::*;
use crate::{Expire, Policy, Seed};

type Seen = Arc<Mutex<Vec<(DbIndex, Vec<u8>)>>>;

/// Notes database and key.
struct Names(DbIndex, Seen);

impl Recorder for Names {
    fn record(&mut self, entry: &Entry<Value>) -> usize {
        self.1.lock().expect("one thread").push((self.0, entry.key().to_vec()));
        entry.key().len()
    }
    fn end(&mut self) {}
}

fn filled(keys: u32, expire: Expire) -> (Keyspace, Seen) {
    let mut ks = Keyspace::new(2, Seed { k0: 1, k1: 2 }, 3);
    (0..keys).for_each(|n| set(&mut ks, n, expire));
    (ks, Seen::default())
}

fn set(ks: &mut Keyspace, n: u32, expire: Expire) {
    let name = format!("key:{n}");
    let key = ks.key(name.as_bytes());
    ks.db(n % 2).set_str(key, b"value", expire);
}

fn begin(ks: &mut Keyspace, seen: &Seen) {
    ks.begin_walks(&mut |_, index, _| Box::new(Names(index, seen.clone())));
}

fn finish(ks: &mut Keyspace, seen: &Seen) -> Vec<(DbIndex, Vec<u8>)> {
    while ks.walk_step(&mut || true) == Walking::More {}
    ks.verify();
    let mut seen = std::mem::take(&mut *seen.lock().expect("one thread"));
    seen.sort();
    seen
}

fn names(keys: u32) -> Vec<(DbIndex, Vec<u8>)> {
    let mut names: Vec<_> = (0..keys).map(|n| (n % 2, format!("key:{n}").into_bytes())).collect();
    names.sort();
    names
}

#[test]
fn what_changes_is_written_first_and_once() {
    let (mut ks, seen) = filled(3_000, Expire::Clear);
    begin(&mut ks, &seen);
    (0..3_000).rev().for_each(|n| set(&mut ks, n, Expire::Clear));
    (3_000..9_000).for_each(|n| set(&mut ks, n, Expire::Clear));
    ks.verify();
    let walked = ks.walked();
    assert_eq!((walked.entries, walked.entries_first), (3_000, 3_000));
    assert_eq!(finish(&mut ks, &seen), names(3_000));
    assert_eq!(ks.walked().entries, 3_000);
}

#[test]
fn steps_go_on_where_the_last_one_ended_and_looking_writes_nothing_first() {
    let (mut ks, seen) = filled(3_000, Expire::At(50));
    begin(&mut ks, &seen);
    let mut steps = 0;
    while ks.walk_step(&mut || false) == Walking::More {
        let name = format!("key:{}", steps % 3_000);
        let key = ks.key(name.as_bytes());
        assert!(ks.db(steps % 2).read(key).is_some() && ks.db(steps % 2).has(key));
        steps += 1;
    }
    assert!(steps > 200, "{steps}");
    assert_eq!(ks.walked(), Walked { entries: 3_000, ..Walked::default() });
    assert_eq!(finish(&mut ks, &seen), names(3_000));
}

#[test]
fn what_is_due_is_written_as_it_was() {
    let (mut ks, seen) = filled(500, Expire::At(50));
    begin(&mut ks, &seen);
    ks.env.set_now(60);
    for n in 0..250 {
        let name = format!("key:{n}");
        let key = ks.key(name.as_bytes());
        assert!(ks.db(n % 2).read(key).is_none());
    }
    ks.expire_step(crate::Cycle::Slow, 10, &mut || true);
    assert_eq!(ks.all().map(|(_, db)| db.len()).sum::<usize>(), 0);
    assert_eq!(finish(&mut ks, &seen), names(500));
}

#[test]
fn a_database_that_is_taken_out_is_written_and_given_back_then() {
    let (mut ks, seen) = filled(500, Expire::Clear);
    begin(&mut ks, &seen);
    ks.swap(0, 1);
    assert!(ks.take(1).is_none() && ks.look(1).is_empty());
    (0..100).for_each(|n| set(&mut ks, n, Expire::Clear));
    assert!(ks.left_behind().is_empty());
    assert_eq!(finish(&mut ks, &seen), names(500));
    let left = ks.left_behind();
    assert_eq!(left.iter().map(Db::len).collect::<Vec<_>>(), [250]);
    assert!(ks.take(1).is_some(), "no walk is on");
}

#[test]
fn a_database_that_is_lost_is_noticed() {
    let (mut ks, seen) = filled(500, Expire::Clear);
    begin(&mut ks, &seen);
    *ks.db(0).db = Db::new(Seed { k0: 1, k1: 2 });
    assert_eq!(ks.walk_step(&mut || true), Walking::Lost);
}

#[test]
fn tables_keep_their_size_until_the_walk_is_over() {
    let (mut ks, seen) = filled(576, Expire::Clear);
    set(&mut ks, 576, Expire::Clear);
    set(&mut ks, 577, Expire::Clear);
    assert!(ks.is_rehashing(), "in the middle of it");
    begin(&mut ks, &seen);
    let buckets = ks.stats(0).main.buckets;
    (600..9_000).for_each(|n| set(&mut ks, n, Expire::Clear));
    ks.set_resize(Policy::Avoid);
    assert!(!ks.rehash_step(&mut || true) && ks.is_rehashing());
    ks.verify();
    assert_eq!(ks.stats(0).main.buckets, buckets);
    assert_eq!(finish(&mut ks, &seen).len(), 578);
    assert_eq!(ks.look(0).table().resize_policy(), Policy::Avoid);
    begin(&mut ks, &seen);
    ks.set_resize(Policy::Allow);
    ks.end_walks();
    assert_eq!(ks.look(0).table().resize_policy(), Policy::Allow);
    ks.verify();
}
