//! ACL LOG: what was refused, newest first.
//!
//! What happens again within a minute is counted with what happened before, if that is among the last ten.

use std::collections::VecDeque;

use crate::check::Reason;

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    TopLevel,
    Multi,
    Script,
    Module,
}

impl Context {
    pub fn name(self) -> &'static str {
        match self {
            Context::TopLevel => "toplevel",
            Context::Multi => "multi",
            Context::Script => "lua",
            Context::Module => "module",
        }
    }
}

/// What is to be noted.
#[derive(Clone, Debug)]
pub struct NewEntry {
    pub reason: Reason,
    pub context: Context,
    /// The command, key, channel or database.
    pub object: Vec<u8>,
    pub user: Vec<u8>,
    /// The client, as CLIENT INFO shows it.
    pub client: String,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub what: NewEntry,
    pub count: u64,
    pub id: u64,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    pub updated_ms: i64,
}

/// How far back equal entries are looked for, and for how long they are equal.
const NEAR: usize = 10;
const NEAR_MS: u64 = 60_000;

#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: VecDeque<Entry>,
    next_id: u64,
}

impl Log {
    /// Notes a refusal; no more than `max` entries are kept.
    pub fn add(&mut self, what: NewEntry, now_ms: i64, max: usize) {
        if max > 0 {
            self.insert(what, now_ms);
        }
        self.entries.truncate(max);
    }

    fn insert(&mut self, what: NewEntry, now_ms: i64) {
        let is_same = |entry: &Entry| {
            entry.what.reason == what.reason
                && entry.what.context == what.context
                && entry.updated_ms.abs_diff(now_ms) <= NEAR_MS
                && entry.what.object == what.object
                && entry.what.user == what.user
        };
        let known = self.entries.iter().take(NEAR).position(is_same);
        let entry = match known.and_then(|at| self.entries.remove(at)) {
            Some(known) => Entry { count: known.count + 1, what, updated_ms: now_ms, ..known },
            None => {
                self.next_id += 1;
                Entry { what, count: 1, id: self.next_id - 1, created_ms: now_ms, updated_ms: now_ms }
            }
        };
        self.entries.push_front(entry);
    }

    /// Newest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    pub fn clear(&mut self) {
        self.entries = VecDeque::new();
    }
}
