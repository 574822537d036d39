//! What is in a snapshot, counted.

use keyspace::{Entry, Hash, List, Set, SortedSet, Type, Value, ValueRef, view_of};
use persist::file::Record;

use super::Console;

const TYPES: [&str; 8] = ["string", "list", "set", "zset", "hash", "stream", "module", "empty"];
const MODULE: usize = 6;
const EMPTY: usize = 7;

#[derive(Clone, Copy, Default)]
struct Row {
    keys: u64,
    volatile: u64,
    elements: u64,
    bytes: u64,
}

#[derive(Default)]
pub struct Summary {
    rows: [Row; TYPES.len()],
    databases: std::collections::BTreeSet<u32>,
    expired: u64,
    functions: u64,
}

impl Summary {
    /// `bytes`: what the key, its value and what belongs to them take in the file.
    pub fn add(&mut self, record: &Record, bytes: u64, now_ms: i64) {
        let (row, elements) = row_of(&record.entry);
        let row = self.count(row, bytes);
        row.elements += elements;
        let expire = record.entry.expire();
        row.volatile += u64::from(expire.is_some());
        self.databases.insert(record.db);
        self.expired += u64::from(expire.is_some_and(|expire| expire < now_ms));
    }

    /// A key of a module.
    pub fn add_of_module(&mut self, bytes: u64) {
        self.count(MODULE, bytes);
    }

    /// A key without elements.
    pub fn add_empty(&mut self, bytes: u64) {
        self.count(EMPTY, bytes);
    }

    fn count(&mut self, row: usize, bytes: u64) -> &mut Row {
        let row = &mut self.rows[row];
        row.keys += 1;
        row.bytes += bytes;
        row
    }

    pub fn add_function(&mut self) {
        self.functions += 1;
    }

    /// The four lines of the peers.
    pub fn say_totals(&self, console: &mut Console<'_>) {
        let sum = |of: fn(&Row) -> u64| self.rows.iter().map(of).sum::<u64>();
        console.say(format_args!("[info] {} keys read", sum(|row| row.keys)));
        console.say(format_args!("[info] {} expires", sum(|row| row.volatile)));
        console.say(format_args!("[info] {} already expired", self.expired));
        console.say(format_args!("[info] {} functions", self.functions));
    }

    /// A table of types.
    pub fn say_types(&self, console: &mut Console<'_>) {
        if self.databases.is_empty() {
            return;
        }
        console.say(format_args!("[info] {} databases with keys", self.databases.len()));
        let line = |name, columns: [&dyn std::fmt::Display; 4]| {
            let [keys, expires, elements, bytes] = columns;
            format!("[info] {name:<8}{keys:>12}{expires:>12}{elements:>14}{bytes:>16}")
        };
        console.say(line("type", [&"keys", &"expires", &"elements", &"bytes"]));
        for (name, row) in TYPES.iter().zip(&self.rows).filter(|(_, row)| row.keys > 0) {
            console.say(line(name, [&row.keys, &row.volatile, &row.elements, &row.bytes]));
        }
    }
}

/// The row of a value in the table, and how many elements it has.
fn row_of(entry: &Entry<Value>) -> (usize, u64) {
    let (row, elements) = match Type::of(entry) {
        Type::String => (0, Ok(1)),
        Type::List => (1, view_of::<List>(entry).map(|list| list.len())),
        Type::Set => (2, view_of::<Set>(entry).map(|set| set.len())),
        Type::SortedSet => (3, view_of::<SortedSet>(entry).map(|set| set.len())),
        Type::Hash => (4, view_of::<Hash>(entry).map(|hash| hash.len())),
        Type::Stream => (5, Ok(stream_len(entry))),
    };
    (row, elements.unwrap_or(0) as u64)
}

fn stream_len(entry: &Entry<Value>) -> usize {
    match entry.value() {
        ValueRef::Boxed(Value::Stream(stream)) => stream.log.len() as usize,
        _ => 0,
    }
}
