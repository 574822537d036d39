//! The part of the active expire cycle that takes fields of hashes.
//!
//! The hashes stand in the order of their first expire ([`crate::volatile`]), and so do the fields inside of each: what
//! is looked at is due, and nothing is walked. A hash without fields left goes with its key.
//!
//! **Invariant** 1. Between two questions for the time at most [`BITE`] fields are removed.

use crate::db::{DbIndex, DbMut};
use crate::env::Env;
use crate::hash::Fields;
use crate::volatile::{fields_mut, is_registered};

/// Fields that went away by themselves; `emptied`: they were the last, and the key went with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneFields {
    pub db: DbIndex,
    pub key: Vec<u8>,
    pub fields: Vec<Vec<u8>>,
    pub emptied: bool,
}

/// Fields removed between two questions for the time: some ten microseconds.
const BITE: usize = 64;

impl DbMut<'_> {
    /// Removes fields whose time is up until none is left or the time is. True if the time was. `hashes` counts those
    /// that were taken from.
    pub(crate) fn sweep_fields(&mut self, hashes: &mut usize, time_left: &mut dyn FnMut() -> bool) -> bool {
        while let Some(due) = self.db.volatile.due(self.env.now_ms) {
            *hashes += 1;
            self.sweep_hash(due);
            if !time_left() {
                return self.db.volatile.due(self.env.now_ms).is_some();
            }
        }
        false
    }

    fn sweep_hash(&mut self, due: (i64, u64)) {
        let volatile = &mut self.db.volatile;
        let found = self.db.keys.find_slot(due.1, |entry| is_registered(entry, due.0));
        let Some(mut slot) = found else { return volatile.settle(due, None) };
        let key = if self.env.tell_gone { slot.get().key().to_vec() } else { Vec::new() };
        let Some(fields) = fields_mut(slot.get_mut()) else { return volatile.settle(due, None) };
        let names = remove_some(fields, self.env);
        let emptied = fields.is_empty();
        if self.env.tell_gone && !names.is_empty() {
            self.env.gone_fields.push(GoneFields { db: self.index, key, fields: names, emptied });
            self.env.news = true;
        }
        if emptied {
            volatile.leaves(slot.get());
            slot.remove();
        } else {
            volatile.settle(due, Some(slot.get_mut()));
        }
    }
}

/// Removes a bite of what is due; returns the fields' names if they are to be told.
fn remove_some(fields: &mut Fields, env: &mut Env) -> Vec<Vec<u8>> {
    let (mut names, tell) = (Vec::new(), env.tell_gone);
    let removed = fields.remove_due(env.now_ms, BITE, |field| {
        if tell {
            names.push(field.to_vec());
        }
    });
    env.stats.expired_fields += removed as u64;
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::FieldTtl;
    use crate::{Cycle, Hash, Keyspace, Seed, duplicate};

    fn keyspace() -> Keyspace {
        Keyspace::new(2, Seed { k0: 7, k1: 9 }, 1)
    }

    fn set(ks: &mut Keyspace, key: &str, field: &str, ttl: FieldTtl) {
        let key = ks.key(key.as_bytes());
        let made = |_: &mut Env| Hash::default();
        ks.db(0)
            .edit_or_new(key, made, |hash, env| hash.set(field.as_bytes(), b"value", ttl, env))
            .expect("a hash or nothing");
        ks.verify();
    }

    fn step(ks: &mut Keyspace, now_ms: i64) {
        ks.env.set_now(now_ms);
        assert!(!ks.expire_step(Cycle::Slow, 1, &mut || true).timed_out);
        ks.verify();
    }

    fn hashes(ks: &Keyspace) -> usize {
        ks.look(0).volatile_hashes()
    }

    #[test]
    fn fields_go_at_their_time_and_the_last_one_takes_the_key_along() {
        let mut ks = keyspace();
        ks.env.tell_gone = true;
        set(&mut ks, "h", "a", FieldTtl::Until(10));
        set(&mut ks, "h", "b", FieldTtl::Until(20));
        set(&mut ks, "other", "a", FieldTtl::Clear);
        assert_eq!(hashes(&ks), 1);
        step(&mut ks, 9);
        assert_eq!(ks.env.stats.expired_fields, 0);
        step(&mut ks, 10);
        assert_eq!((ks.env.stats.expired_fields, ks.look(0).len()), (1, 2));
        step(&mut ks, 25);
        assert_eq!((ks.env.stats.expired_fields, ks.look(0).len(), hashes(&ks)), (2, 1, 0));
        let told = |fields: &[u8], emptied| GoneFields {
            db: 0,
            key: b"h".to_vec(),
            fields: vec![fields.to_vec()],
            emptied,
        };
        assert_eq!(ks.env.gone_fields, [told(b"a", false), told(b"b", true)]);
    }

    #[test]
    fn a_time_that_was_moved_or_given_up_does_no_harm() {
        let mut ks = keyspace();
        set(&mut ks, "h", "a", FieldTtl::Until(10));
        set(&mut ks, "h", "a", FieldTtl::Until(30));
        set(&mut ks, "g", "a", FieldTtl::Until(10));
        set(&mut ks, "g", "a", FieldTtl::Clear);
        assert_eq!(hashes(&ks), 1);
        step(&mut ks, 15);
        assert_eq!((ks.env.stats.expired_fields, hashes(&ks)), (0, 1));
        step(&mut ks, 30);
        assert_eq!((ks.env.stats.expired_fields, ks.look(0).len()), (1, 1));
    }

    #[test]
    fn the_order_follows_hashes_wherever_they_go() {
        let mut ks = keyspace();
        set(&mut ks, "h", "a", FieldTtl::Until(10));
        let (h, g) = (ks.key(b"h").hash, ks.key(b"g").hash);
        let (h, g) = (crate::Key { bytes: b"h", hash: h }, crate::Key { bytes: b"g", hash: g });
        let copy = duplicate(ks.db(0).read(h).expect("there"), b"g", 0);
        ks.db(1).adopt(g, copy);
        assert_eq!((hashes(&ks), ks.look(1).volatile_hashes()), (1, 1));
        let moved = ks.db(0).remove(h).expect("there").rekey(b"g");
        ks.db(0).adopt(g, moved);
        ks.verify();
        ks.swap(0, 1);
        ks.verify();
        ks.db(1).set_str(g, b"text", crate::Expire::Clear);
        ks.verify();
        assert_eq!((hashes(&ks), ks.look(1).volatile_hashes()), (1, 0));
        drop(ks.take(0));
        ks.verify();
        assert_eq!(hashes(&ks), 0);
    }

    #[test]
    fn many_fields_go_in_bites_while_time_is_left() {
        let mut ks = keyspace();
        for n in 0..1000 {
            set_unverified(&mut ks, &format!("{n}"), 5);
        }
        ks.env.set_now(5);
        let mut bites = 0;
        let swept = ks.expire_step(Cycle::Slow, 1, &mut || {
            bites += 1;
            bites < 3
        });
        assert!(swept.timed_out);
        assert_eq!(ks.env.stats.expired_fields, 3 * BITE as u64);
        step(&mut ks, 5);
        assert_eq!((ks.env.stats.expired_fields, ks.look(0).len()), (1000, 0));
    }

    fn set_unverified(ks: &mut Keyspace, field: &str, at: i64) {
        let key = ks.key(b"big");
        let change = |hash: &mut Hash, env: &mut Env| {
            hash.set(field.as_bytes(), b"v", FieldTtl::Until(at), env);
        };
        ks.db(0).edit_or_new(key, |_| Hash::default(), change).expect("a hash");
    }

    #[test]
    fn nothing_goes_while_expiry_is_held() {
        let mut ks = keyspace();
        set(&mut ks, "h", "a", FieldTtl::Until(10));
        ks.env.hold_expiry = true;
        step(&mut ks, 50);
        assert_eq!(ks.look(0).len(), 1);
    }
}
