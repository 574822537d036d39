//! The command table made fast: from the word of a request to its record.
//!
//! Names are folded to 16 bytes (upper and lower case alike) and looked up in an open table that is at most a quarter
//! full. `x | 0x20` folds letters exactly; for the few names with `-` or `_` the word is compared once more.
//!
//! **Invariants**
//! 1. `entries[0..]` are in the order of `docs/COMMANDS.md`: commands by name, each followed by its subcommands.
//! 2. Two names never share a table slot with equal fold and length.

use std::cell::Cell;

use resp::Argv;

use crate::command::{Arity, Command, Flags, Group, KeySpec};
use crate::gate::Gate;

/// A command or subcommand, and what was computed from its record.
pub struct Entry {
    pub record: &'static Command,
    /// `get`, `config|get`.
    pub full_name: String,
    /// What must be looked at before it runs.
    pub care: Gate,
    /// Index of the word that is its first key, if its first spec says so plainly; else 0.
    pub first_key: u8,
    pub parent: Option<u16>,
    pub subcommands: Vec<u16>,
    /// It runs what may take long (scripts), while others are served.
    pub may_take_long: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Fold {
    head: u64,
    tail: u64,
    len: u8,
}

/// A place of the table, with all that a plain command's lookup needs: one cache line, nothing followed.
#[derive(Clone, Copy)]
struct Place {
    fold: Fold,
    found: Found,
    /// The fold tells this name from all others.
    exact: bool,
    container: bool,
}

/// What a name stands for, and what the loop wants to know of it.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub id: u16,
    /// See [`Entry::first_key`].
    pub first_key: u8,
    /// See [`Entry::may_take_long`].
    pub long: bool,
}

const NOTHING: Found = Found { id: NONE, first_key: 0, long: false };

const VACANT: Place =
    Place { fold: Fold { head: 0, tail: 0, len: 0 }, found: NOTHING, exact: false, container: false };

/// What the last plain request asked for: in a pipeline the next one often asks for the same.
#[derive(Clone, Copy)]
struct Memo {
    /// See `Argv::short_name`; 0 names nothing.
    name: u64,
    found: Found,
}

const NO_MEMO: Memo = Memo { name: 0, found: NOTHING };

pub struct Registry {
    memo: Cell<Memo>,
    entries: Vec<Entry>,
    table: Vec<Place>,
    mask: usize,
}

pub const NONE: u16 = u16::MAX;

impl Registry {
    /// Builds the table from the lists of all groups. Panics if a name is there twice: a bug that a test finds.
    pub fn new(lists: &[&'static [Command]]) -> Self {
        let mut records: Vec<&'static Command> = lists.iter().flat_map(|list| list.iter()).collect();
        records.sort_by_key(|record| record.name);
        let size = (records.len() * 4).next_power_of_two().max(16);
        let mut registry = Registry {
            memo: Cell::new(NO_MEMO),
            entries: Vec::new(),
            table: vec![VACANT; size],
            mask: size - 1,
        };
        for record in records {
            let id = registry.add(record, None);
            let mut subcommands: Vec<&'static Command> = record.subcommands().collect();
            subcommands.sort_by_key(|record| record.name);
            for sub in subcommands {
                let sub = registry.add(sub, Some(id));
                registry.entries[id as usize].subcommands.push(sub);
            }
            registry.place(record.name, id);
        }
        registry
    }

    fn add(&mut self, record: &'static Command, parent: Option<u16>) -> u16 {
        let id = self.entries.len() as u16;
        let name = record.name.to_ascii_lowercase();
        let full_name = match parent {
            Some(parent) => format!("{}|{name}", self.entries[parent as usize].full_name),
            None => name,
        };
        let care = care_of(record);
        let first_key = first_key(record.keys);
        const LONG: [&str; 7] = ["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO", "EXEC"];
        let may_take_long = parent.is_none() && LONG.contains(&record.name);
        let subcommands = Vec::new();
        self.entries.push(Entry { record, full_name, care, first_key, parent, subcommands, may_take_long });
        id
    }

    fn place(&mut self, name: &str, id: u16) {
        let fold = fold(name.as_bytes());
        let mut at = self.home(fold);
        while self.table[at].found.id != NONE {
            let other = self.table[at].found.id;
            assert!(
                !self.entries[other as usize].record.name.eq_ignore_ascii_case(name),
                "{name} is there twice"
            );
            at = (at + 1) & self.mask;
        }
        let entry = &self.entries[id as usize];
        self.table[at] = Place {
            fold,
            found: found(id, entry),
            exact: name.len() <= 16 && name.bytes().all(|byte| byte.is_ascii_alphabetic()),
            container: !entry.subcommands.is_empty(),
        };
    }

    /// Puts a command under another name, or (`None`) out of reach (`rename-command`). False if there is no such
    /// command, or the new name is taken.
    pub fn rename(&mut self, from: &[u8], to: Option<&str>) -> bool {
        let id = self.lookup(from);
        if id == NONE || to.is_some_and(|to| self.lookup(to.as_bytes()) != NONE) {
            return false;
        }
        let kept: Vec<(String, u16)> = self
            .table
            .iter()
            .filter(|place| place.found.id != NONE && place.found.id != id)
            .map(|place| (self.entries[place.found.id as usize].full_name.clone(), place.found.id))
            .collect();
        self.memo.set(NO_MEMO);
        self.table.fill(VACANT);
        for (name, other) in kept {
            self.place(&name, other);
        }
        if let Some(to) = to {
            self.entries[id as usize].full_name = to.to_ascii_lowercase();
            self.place(to, id);
        }
        true
    }

    #[inline]
    fn home(&self, fold: Fold) -> usize {
        let mixed =
            (fold.head ^ fold.tail.rotate_left(32) ^ u64::from(fold.len)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 40) as usize & self.mask
    }

    /// The command with this name, or [`NONE`].
    pub fn lookup(&self, name: &[u8]) -> u16 {
        self.place_of(name).found.id
    }

    #[inline]
    fn place_of(&self, name: &[u8]) -> &Place {
        let wanted = fold(name);
        let mut at = self.home(wanted);
        loop {
            let place = &self.table[at & (self.table.len() - 1)];
            if place.found.id == NONE
                || (place.fold == wanted && (place.exact || self.is_named(place.found.id, name)))
            {
                return place;
            }
            at += 1;
        }
    }

    #[cold]
    fn is_named(&self, id: u16, name: &[u8]) -> bool {
        self.entries[id as usize].full_name.as_bytes().eq_ignore_ascii_case(name)
    }

    /// The command, or subcommand, that a request asks for, and the index of its first key (0 = it has none at a
    /// plain place).
    #[inline]
    pub fn find(&self, argv: Argv<'_>) -> (u16, u8) {
        let Found { id, first_key, .. } = self.found(argv);
        (id, first_key)
    }

    /// The same with all that is known beforehand.
    #[inline]
    pub(crate) fn found(&self, argv: Argv<'_>) -> Found {
        let short = argv.short_name();
        let memo = self.memo.get();
        if short == Some(memo.name) {
            return memo.found;
        }
        let Some(name) = argv.get(0) else { return NOTHING };
        let place = self.place_of(name);
        if place.container && argv.len() > 1 {
            let id = self.subcommand(place.found.id, argv.at(1));
            return found(id, &self.entries[id as usize]);
        }
        if let Some(name) = short
            && !place.container
        {
            self.memo.set(Memo { name, found: place.found });
        }
        place.found
    }

    /// A container's subcommand; the container itself if it has none of this name (it answers with the error).
    #[cold]
    pub fn subcommand(&self, id: u16, name: &[u8]) -> u16 {
        let is = |sub: &&u16| self.entries[**sub as usize].record.name.as_bytes().eq_ignore_ascii_case(name);
        self.entries[id as usize].subcommands.iter().find(is).copied().unwrap_or(id)
    }

    #[inline]
    pub fn get(&self, id: u16) -> Option<&Entry> {
        self.entries.get(id as usize)
    }

    pub fn entry(&self, id: u16) -> &Entry {
        &self.entries[id as usize]
    }

    /// All commands and subcommands (invariant 1).
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Entry)> {
        self.entries.iter().enumerate().map(|(id, entry)| (id as u16, entry))
    }

    /// Commands that can be called by name.
    pub fn commands(&self) -> impl Iterator<Item = (u16, &Entry)> {
        self.iter().filter(|(_, entry)| entry.parent.is_none())
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Up to 16 bytes of a name, letters in lower case.
#[inline]
fn found(id: u16, entry: &Entry) -> Found {
    Found { id, first_key: entry.first_key, long: entry.may_take_long }
}

fn fold(name: &[u8]) -> Fold {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let eight = |bytes: &[u8]| u64::from_le_bytes(*bytes.first_chunk::<8>().unwrap_or(&[0; 8]));
    let four = |bytes: &[u8]| u64::from(u32::from_le_bytes(*bytes.first_chunk::<4>().unwrap_or(&[0; 4])));
    let len = name.len();
    let (head, tail) = match len {
        0 => (0, 0),
        1..4 => (u64::from(name[0]) | u64::from(name[len / 2]) << 8 | u64::from(name[len - 1]) << 16, 0),
        4..8 => (four(name) | four(&name[len - 4..]) << 32, 0),
        8..=16 => (eight(name), eight(&name[len - 8..])),
        _ => (eight(name), eight(&name[8..])),
    };
    Fold { head: head | LOWER, tail: tail | LOWER, len: len.min(255) as u8 }
}

fn care_of(record: &Command) -> Gate {
    let mut care = Gate(u32::MAX);
    care.set(Gate::NEEDS_AUTH, !record.flags.has(Flags::NO_AUTH));
    care.set(Gate::MONITORED, !record.flags.has(Flags::SKIP_MONITOR) && !record.flags.has(Flags::ADMIN));
    care.set(Gate::ALWAYS, record.flags.has(Flags::BLOCKING));
    care.set(Gate::BUSY, !record.flags.has(Flags::ALLOW_BUSY));
    care.set(Gate::THROTTLED, takes_password(record));
    care.set(Gate::LOADING, !record.flags.has(Flags::LOADING));
    care.set(Gate::UNSAVED, crate::path::is_refused_unsaved(record));
    care
}

/// Commands that may hold a password.
pub(crate) fn takes_password(record: &Command) -> bool {
    matches!(record.name, "AUTH" | "HELLO")
}

fn first_key(specs: &[KeySpec]) -> u8 {
    match specs.first().map(|spec| spec.begin) {
        Some(crate::command::Begin::Index(index)) => {
            let numbered = matches!(specs[0].find, crate::command::Find::Range { .. });
            if numbered { index as u8 } else { 0 }
        }
        _ => 0,
    }
}

impl Entry {
    /// The legacy triple of COMMAND INFO: first key, last key, step; zeros without keys at plain places.
    pub fn key_range(&self) -> (i64, i64, i64) {
        use crate::command::{Begin, Find};
        let mut range: Option<(i64, i64, i64)> = None;
        for spec in self.record.keys {
            let (Begin::Index(first), Find::Range { last, step, limit: _ }) = (spec.begin, spec.find) else {
                continue;
            };
            let first = i64::from(first);
            let last = if last >= 0 { first + i64::from(last) } else { i64::from(last) };
            range = Some(match range {
                None => (first, last, i64::from(step)),
                Some((f, l, s)) if l >= 0 && first == l + s && s == i64::from(step) => (f, last, s),
                Some(kept) => kept,
            });
        }
        range.unwrap_or((0, 0, 0))
    }

    pub fn arity(&self) -> Arity {
        self.record.arity
    }

    pub fn group(&self) -> Group {
        self.record.group
    }
}
