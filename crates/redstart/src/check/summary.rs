//! What is in a snapshot, counted.

use keyspace::Collection;
use persist::Loaded;
use persist::file::Record;

use super::Console;

const TYPES: [&str; 8] = ["string", "list", "set", "zset", "hash", "stream", "module", "empty"];

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
        let (row, elements) = match &record.value {
            Loaded::Int(_) | Loaded::Bytes(_) => (0, 1),
            Loaded::List(list) => (1, list.len() as u64),
            Loaded::Set(set) => (2, set.view().len() as u64),
            Loaded::SortedSet(set) => (3, set.view().len() as u64),
            Loaded::Hash(hash) => (4, hash.view().len() as u64),
            Loaded::Stream(stream) => (5, stream.log.len()),
            Loaded::OfModule => (6, 0),
            Loaded::Empty => (7, 0),
        };
        let row = &mut self.rows[row];
        row.keys += 1;
        row.volatile += u64::from(record.expire.is_some());
        row.elements += elements;
        row.bytes += bytes;
        self.databases.insert(record.db);
        self.expired += u64::from(record.expire.is_some_and(|expire| expire < now_ms));
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
