//! Growing and shrinking the tables in idle time.
//!
//! Each change of a table moves a bucket by itself; what is here finishes a rehash that nobody drives any more,
//! and tells all tables when a forked child makes moving dear.

use structures::table::{Policy, Stats};

use crate::db::{Db, DbIndex, Keyspace};

/// Buckets moved between two questions for the time: some ten microseconds.
const BUCKETS: usize = 32;

impl Keyspace {
    /// Moves buckets of whatever table is due until there is nothing to do or `time_left` says no. True if there
    /// is more to do.
    pub fn rehash_step(&mut self, time_left: &mut dyn FnMut() -> bool) -> bool {
        for db in &mut self.dbs {
            while db.keys.rehash_step(BUCKETS) {
                if !time_left() {
                    return true;
                }
            }
        }
        false
    }

    /// Whether any table is in two arrays.
    pub fn is_rehashing(&self) -> bool {
        self.dbs.iter().any(|db| db.keys.is_rehashing())
    }

    /// How eagerly all tables change their size: `Avoid` or `Forbid` while a child shares the memory.
    pub fn set_resize(&mut self, policy: Policy) {
        self.policy = policy;
        self.dbs.iter_mut().for_each(|db| db.keys.set_resize(policy));
    }

    /// What DEBUG HTSTATS shows of one database. `O(buckets)`.
    pub fn stats(&self, index: DbIndex) -> Stats {
        self.look(index).stats()
    }
}

impl Db {
    /// What DEBUG HTSTATS shows. `O(buckets)`.
    pub fn stats(&self) -> Stats {
        self.table().stats()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Expire, Keyspace, Policy, Seed};

    fn fill(ks: &mut Keyspace, numbers: std::ops::Range<u32>) {
        for n in numbers {
            let name = format!("{n}");
            let key = ks.key(name.as_bytes());
            ks.db(1).set_str(key, b"v", Expire::Clear);
        }
    }

    #[test]
    fn idle_steps_finish_a_rehash_and_a_child_forbids_one() {
        let mut ks = Keyspace::new(2, Seed { k0: 1, k1: 2 }, 3);
        fill(&mut ks, 0..5000);
        while ks.rehash_step(&mut || true) {}
        let buckets = ks.stats(1).main.buckets;
        ks.set_resize(Policy::Forbid);
        fill(&mut ks, 5000..20_000);
        assert!(!ks.rehash_step(&mut || true) && !ks.is_rehashing());
        assert_eq!(ks.stats(1).main.buckets, buckets);
        assert_eq!(ks.take(0).expect("no walk").table().resize_policy(), Policy::Forbid);
        ks.set_resize(Policy::Allow);
        assert!(ks.rehash_step(&mut || false), "out of time");
        assert!(!ks.rehash_step(&mut || true), "done");
        assert!(ks.stats(1).main.buckets >= 20_000 / 9 && ks.stats(1).old.is_none());
        ks.verify();
    }
}
