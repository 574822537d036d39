//! Writing the keyspace as it is at one moment, while it goes on changing: snapshots without a child.
//!
//! A walk goes through the homes of a table, one after the other, and gives their entries to a [`Recorder`]. A home that
//! it has not reached yet is written at once when something in it is about to change ([`crate::keys`]), and left out later. So
//! what the recorder gets is the table as it was when the walk began, each entry once; the surplus of memory is what the
//! recorder holds, and a bit per home.
//!
//! ```text
//!    homes     0 1 2 3 4 5 6 7 8 9 ...          written   1 1 1 1 0 0 1 0 0 1
//!                      ^ next                                     written first
//! ```
//!
//! Every database is walked by itself, with a recorder of its own that knows its number: SWAPDB takes both along. A database
//! that is taken out whole (FLUSHDB) stays in [`Walks::leaving`] until it is written.
//!
//! What no walk minds: the access clock of an entry. What was accessed meanwhile is written with its new one.
//!
//! **Invariants**
//! 1. A bit of `written` says that the entries which were in its home at the beginning are with the recorder; `left`
//!    counts the others. Homes before `next` are written.
//! 2. Every walk that was begun ends, is ended ([`Keyspace::end_walks`]) or makes the whole fail: `begun` is compared.

use structures::entry::Entry;
use structures::keytable::KeyTable;

use crate::db::{Db, DbIndex, Keyspace};
use crate::env::Env;
use crate::value::Value;

/// Takes what a walk writes.
pub trait Recorder: Send {
    /// Writes an entry; returns how many bytes it took. May wait for room.
    fn record(&mut self, entry: &Entry<Value>) -> usize;
    /// Nothing more comes.
    fn end(&mut self);
}

/// How much was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    pub entries: u64,
    /// Entries written because something in their home was about to change, and their bytes.
    pub entries_first: u64,
    pub bytes_first: u64,
}

impl Walked {
    fn add(&mut self, more: Walked) {
        self.entries += more.entries;
        self.entries_first += more.entries_first;
        self.bytes_first += more.bytes_first;
    }
}

pub(crate) struct Walk {
    /// Invariant 1. A bit per home.
    written: Vec<u64>,
    homes: usize,
    next: usize,
    left: usize,
    recorder: Box<dyn Recorder>,
    walked: Walked,
}

impl Walk {
    pub fn new(homes: usize, recorder: Box<dyn Recorder>) -> Self {
        let written = vec![0; homes.div_ceil(64)];
        Walk { written, homes, next: 0, left: homes, recorder, walked: Walked::default() }
    }

    /// Marks a home as written; false if it was.
    fn mark(&mut self, home: usize) -> bool {
        let Some(word) = self.written.get_mut(home / 64) else { return false };
        let bit = 1 << (home % 64);
        let fresh = *word & bit == 0;
        *word |= bit;
        self.left -= usize::from(fresh);
        fresh
    }

    /// Something with this hash is about to change, to come or to leave.
    pub fn write_first(&mut self, table: &KeyTable<Value>, hash: u64) {
        let home = table.home_number(hash);
        if !self.mark(home) {
            return;
        }
        let Walk { recorder, walked, .. } = self;
        table.emit_home(home, |entry| {
            walked.entries += 1;
            walked.entries_first += 1;
            walked.bytes_first += recorder.record(entry) as u64;
        });
    }

    /// Writes homes until all are written (true) or time is up.
    pub fn step(&mut self, table: &KeyTable<Value>, time_left: &mut dyn FnMut() -> bool) -> bool {
        while self.left > 0 {
            let home = self.next;
            self.next += 1;
            if self.mark(home) {
                table.prefetch_home(home + 1);
                let Walk { recorder, walked, .. } = self;
                table.emit_home(home, |entry| {
                    walked.entries += 1;
                    recorder.record(entry);
                });
            }
            if !time_left() {
                return self.left == 0;
            }
        }
        true
    }

    pub fn finish(mut self) -> Walked {
        self.recorder.end();
        self.walked
    }

    pub fn walked(&self) -> Walked {
        self.walked
    }

    /// Asserts invariant 1.
    pub fn verify(&self, table: &KeyTable<Value>) {
        assert_eq!(self.homes, table.homes(), "homes keep their numbers");
        let written = |home: usize| self.written[home / 64] & 1 << (home % 64) != 0;
        assert_eq!((0..self.homes).filter(|&home| !written(home)).count(), self.left, "invariant 1");
        assert!((0..self.next.min(self.homes)).all(written), "invariant 1");
    }
}

/// The walks through all databases.
#[derive(Default)]
pub(crate) struct Walks {
    /// Databases that were taken out and are not written yet.
    leaving: Vec<Db>,
    /// Those that are, to be dropped.
    left: Vec<Db>,
    begun: usize,
    ended: usize,
    walked: Walked,
}

/// How the walks are getting on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walking {
    More,
    /// Everything is with the recorders.
    Done,
    /// A database was lost on the way: what was recorded is not the whole.
    Lost,
}

impl Keyspace {
    /// Begins to walk every database that is not empty. None is being walked.
    pub fn begin_walks(&mut self, recorder: &mut dyn FnMut(&Env, DbIndex, &Db) -> Box<dyn Recorder>) {
        self.walks = Walks::default();
        for (index, db) in self.dbs.iter_mut().enumerate().filter(|(_, db)| !db.is_empty()) {
            let recorder = recorder(&self.env, index as DbIndex, db);
            db.keys.begin_walk(recorder);
            self.walks.begun += 1;
        }
    }

    /// Goes on until everything is written or time is up.
    pub fn walk_step(&mut self, time_left: &mut dyn FnMut() -> bool) -> Walking {
        let Walks { leaving, left, ended, walked, .. } = &mut self.walks;
        while let Some(db) = leaving.last_mut() {
            let Some(sum) = db.keys.walk_step(time_left) else { return Walking::More };
            (*ended, _) = (*ended + 1, walked.add(sum));
            left.extend(leaving.pop());
        }
        for db in self.dbs.iter_mut().filter(|db| db.keys.is_walked()) {
            let Some(sum) = db.keys.walk_step(time_left) else { return Walking::More };
            (*ended, _) = (*ended + 1, walked.add(sum));
            if !time_left() {
                return Walking::More;
            }
        }
        if self.walks.ended == self.walks.begun { Walking::Done } else { Walking::Lost }
    }

    /// Ends all walks, whole or not.
    pub fn end_walks(&mut self) {
        self.dbs.iter_mut().chain(&mut self.walks.leaving).for_each(|db| drop(db.keys.end_walk()));
        let leaving = std::mem::take(&mut self.walks.leaving);
        self.walks.left.extend(leaving);
    }

    /// What was written so far.
    pub fn walked(&self) -> Walked {
        let mut sum = self.walks.walked;
        self.dbs.iter().chain(&self.walks.leaving).for_each(|db| sum.add(db.keys.walked()));
        sum
    }

    /// Databases that were taken out and are written now (or not to be written any more): to be dropped.
    pub fn left_behind(&mut self) -> Vec<Db> {
        std::mem::take(&mut self.walks.left)
    }

    /// Keeps a database that was taken out until it is written; gives back one that needs not be.
    pub(crate) fn keep_walked(&mut self, db: Db) -> Option<Db> {
        if !db.keys.is_walked() {
            return Some(db);
        }
        self.walks.leaving.push(db);
        None
    }
}

#[cfg(test)]
mod tests;
