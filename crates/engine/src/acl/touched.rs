//! What a request would touch: keys, channels and databases, as access control wants to know it.
//!
//! Keys come from [`crate::keys`], which COMMAND GETKEYS and cluster redirection use too. A request whose keys cannot be
//! told, because it contradicts itself, is taken to touch all keys: its command will refuse it, but nothing hangs on that.

use acl::{Key, Touched};
use resp::Argv;

use crate::categories;
use crate::command::{Flags, KeyFlags};
use crate::keys::{self, NoKeys};
use crate::registry::Entry;

/// `db`: where the client works; `databases`: how many there are.
pub(super) fn of<'a>(entry: &Entry, id: u16, argv: Argv<'a>, db: u32, databases: u32) -> Touched<'a> {
    let mut touched = Touched {
        command: id,
        first_arg: argv.get(if entry.parent.is_some() { 2 } else { 1 }),
        channels: channels(entry, argv),
        all_databases: works_everywhere(entry),
        databases: named_databases(entry, argv, databases),
        ..Touched::default()
    };
    match keys::keys_of(entry, argv) {
        Ok(found) => touched.keys = found.into_iter().map(|found| key(argv, found)).collect(),
        Err(NoKeys::Contradiction) => touched.all_keys = true,
        Err(NoKeys::KeylessCommand | NoKeys::WrongArity) => {}
    }
    if works_here(entry) {
        touched.databases.push((0, db));
    }
    touched
}

fn key(argv: Argv<'_>, (at, flags): keys::Found) -> Key<'_> {
    let write = [KeyFlags::INSERT, KeyFlags::DELETE, KeyFlags::UPDATE];
    Key {
        at,
        bytes: argv.get(at).unwrap_or_default(),
        read: flags.has(KeyFlags::ACCESS),
        write: write.iter().any(|flag| flags.has(*flag)),
    }
}

fn channels<'a>(entry: &Entry, argv: Argv<'a>) -> Vec<(usize, &'a [u8], bool)> {
    let (count, pattern) = match entry.record.name {
        _ if entry.parent.is_some() => return Vec::new(),
        "PUBLISH" | "SPUBLISH" => (1, false),
        "SUBSCRIBE" | "SSUBSCRIBE" => (usize::MAX, false),
        "PSUBSCRIBE" => (usize::MAX, true),
        _ => return Vec::new(),
    };
    argv.iter().enumerate().skip(1).take(count).map(|(at, channel)| (at, channel, pattern)).collect()
}

/// Databases that words of the request name. A number that names none is the command's business.
fn named_databases(entry: &Entry, argv: Argv<'_>, databases: u32) -> Vec<(usize, u32)> {
    let places: Vec<usize> = match entry.record.name {
        _ if entry.parent.is_some() => Vec::new(),
        "SELECT" => vec![1],
        "SWAPDB" => vec![1, 2],
        "MOVE" => vec![2],
        "COPY" => copy_targets(argv),
        _ => Vec::new(),
    };
    let number = |at: usize| {
        let number = argv.get(at).and_then(stdx::num::parse_i64)?;
        Some((at, u32::try_from(number).ok().filter(|number| *number < databases)?))
    };
    places.into_iter().filter_map(number).collect()
}

/// Every DB of COPY, not only the last one, which counts.
fn copy_targets(argv: Argv<'_>) -> Vec<usize> {
    let is = |at: usize, word: &[u8]| argv.get(at).is_some_and(|other| other.eq_ignore_ascii_case(word));
    let (mut targets, mut at) = (Vec::new(), 3);
    loop {
        if is(at, b"REPLACE") {
            at += 1;
        } else if is(at, b"DB") {
            targets.push(at + 1);
            at += 2;
        } else {
            return targets;
        }
    }
}

/// Whether a command works on all databases, whichever there are.
fn works_everywhere(entry: &Entry) -> bool {
    const NAMES: &[&str] =
        &["flushall", "cluster|flushslot", "cluster|migrateslots", "cluster|cancelslotmigrations"];
    let name = entry.record.name;
    let is = |known: &&str| match known.split_once('|') {
        Some((_, sub)) => entry.parent.is_some() && sub.eq_ignore_ascii_case(name),
        None => entry.parent.is_none() && known.eq_ignore_ascii_case(name),
    };
    entry.record.flags.has(Flags::ALL_DBS) || NAMES.iter().any(is)
}

/// Whether a command works in the database that its client has selected. (SELECT leaves it, SWAPDB names its two.)
fn works_here(entry: &Entry) -> bool {
    let flags = entry.record.flags;
    let keys = entry.record.keys.iter().any(|spec| !spec.flags.has(KeyFlags::NOT_KEY));
    let works = flags.has(Flags::WRITE) || flags.has(Flags::READONLY) || keys;
    (works || categories::is_in(entry, "keyspace")) && entry.record.name != "SWAPDB"
}
