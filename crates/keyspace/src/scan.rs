//! SCAN and KEYS over one database, with their filters.
//!
//! The guarantee is the table's: what is there from the first call to the last is emitted at least once, at any
//! size of the table. Expired keys are never emitted; SCAN removes those that the filter takes after the
//! bucket they are in was walked, unless expiry is held; KEYS leaves them.

use structures::entry::Entry;

use crate::db::{DbMut, Key};
use crate::env::Env;
use crate::expire::KeyList;
use crate::value::{Type, Value};

/// Which keys are emitted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// A glob; `None` = all.
    pub pattern: Option<&'a [u8]>,
    pub only: Option<Type>,
}

impl Filter<'_> {
    pub fn takes(&self, entry: &Entry<Value>) -> bool {
        self.only.is_none_or(|only| Type::of(entry) == only)
            && self.pattern.is_none_or(|pattern| stdx::glob::matches(pattern, entry.key(), false))
    }
}

/// Buckets walked for each key asked for, at most: those of a table that is nearly empty.
const BUCKETS_PER_KEY: usize = 10;

impl DbMut<'_> {
    /// Goes on at `cursor` (0 at first) until `count` keys were looked at, filtered out or not, and returns where
    /// to go on, 0 at the end. Whole buckets are emitted, so it may be some more than `count`. The access clocks
    /// stay.
    pub fn scan(
        &mut self,
        cursor: u64,
        count: usize,
        filter: &Filter<'_>,
        emit: &mut dyn FnMut(&Entry<Value>),
    ) -> u64 {
        let (mut cursor, mut seen, mut due) = (cursor, 0, KeyList::default());
        for _ in 0..count.max(1).saturating_mul(BUCKETS_PER_KEY) {
            let env: &Env = self.env;
            cursor = self.db.keys.scan(cursor, |entry| {
                seen += 1;
                visit(env, entry, filter, &mut due, emit);
            });
            self.remove_due(&mut due);
            if cursor == 0 || seen >= count {
                break;
            }
        }
        cursor
    }

    /// Emits every key that is not expired, and removes the others afterwards. `O(n)`.
    pub fn for_each_live(&mut self, filter: &Filter<'_>, emit: &mut dyn FnMut(&Entry<Value>)) {
        let mut due = KeyList::default();
        for entry in self.db.keys.iter() {
            visit(self.env, entry, filter, &mut due, emit);
        }
        self.remove_due(&mut due);
    }

    /// Removes the expired keys that were found, and forgets the list.
    pub(crate) fn remove_due(&mut self, due: &mut KeyList) {
        for bytes in due.iter() {
            let hash = self.db.keys.hash(bytes);
            self.expire_if_due(Key { bytes, hash });
        }
        due.clear();
    }
}

fn visit(
    env: &Env,
    entry: &Entry<Value>,
    filter: &Filter<'_>,
    due: &mut KeyList,
    emit: &mut dyn FnMut(&Entry<Value>),
) {
    // As with the peers, what was not asked for is not removed either.
    if !filter.takes(entry) {
        return;
    }
    if !env.is_due(entry) {
        emit(entry);
    } else if !env.hold_expiry {
        due.push(entry.key());
    }
}
