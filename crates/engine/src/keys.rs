//! Which words of a request are keys, and what is done with them: COMMAND GETKEYS, and whoever must know before a
//! command runs (ACL, cluster redirection, tracking).
//!
//! The key specs of the record say it, but for a few commands where an option elsewhere in the request decides what
//! happens to a key, or where a key is. Those are in [`SPECIAL`]: one function each, which wins over the specs.

use resp::Argv;

use crate::command::{Flags, KeyFlags};
use crate::error::CommandError;
use crate::registry::Entry;

/// A word's index, and what is done with the key it is.
pub type Found = (usize, KeyFlags);

/// Why a request's keys cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKeys {
    /// The command never has any.
    KeylessCommand,
    WrongArity,
    /// The request contradicts itself: a count that is no number, or larger than what follows.
    Contradiction,
}

impl From<NoKeys> for CommandError {
    fn from(reason: NoKeys) -> Self {
        CommandError::Line(match reason {
            NoKeys::KeylessCommand => "ERR The command has no key arguments",
            NoKeys::WrongArity => "ERR Invalid number of arguments specified for command",
            NoKeys::Contradiction => "ERR Invalid arguments specified for command",
        })
    }
}

type Finder = fn(Argv<'_>) -> Vec<Found>;

const SPECIAL: &[(&str, Finder)] = &[
    ("SET", set),
    ("BITFIELD", bitfield),
    ("SORT", sort),
    ("GEORADIUS", |argv| radius(argv, 6)),
    ("GEORADIUSBYMEMBER", |argv| radius(argv, 5)),
    ("XREAD", streams),
    ("XREADGROUP", streams),
];

const READ: KeyFlags = KeyFlags::RO.and(KeyFlags::ACCESS);
const CHANGE: KeyFlags = KeyFlags::RW.and(KeyFlags::ACCESS).and(KeyFlags::UPDATE);
const OVERWRITE: KeyFlags = KeyFlags::OW.and(KeyFlags::UPDATE);

/// The keys of a request, in the order of the specs.
pub fn keys_of(entry: &Entry, argv: Argv<'_>) -> Result<Vec<Found>, NoKeys> {
    if !entry.record.keys.iter().any(|spec| !spec.flags.has(KeyFlags::NOT_KEY)) {
        return Err(NoKeys::KeylessCommand);
    }
    if !entry.record.arity.admits(argv.len()) {
        return Err(NoKeys::WrongArity);
    }
    let special = SPECIAL.iter().find(|(name, _)| *name == entry.record.name && entry.parent.is_none());
    let found = match special {
        Some((_, finder)) => Some(finder(argv)),
        None => by_specs(entry, argv),
    };
    match found {
        Some(found) if !found.is_empty() => Ok(found),
        // EVAL with no keys is a fine request, and so is one whose count the peers do not believe.
        _ if entry.record.flags.has(Flags::NO_MANDATORY_KEYS) => Ok(Vec::new()),
        _ => Err(NoKeys::Contradiction),
    }
}

fn by_specs(entry: &Entry, argv: Argv<'_>) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    for spec in entry.record.keys.iter().filter(|spec| !spec.flags.has(KeyFlags::NOT_KEY)) {
        found.extend(spec.positions(argv)?.into_iter().map(|at| (at, spec.flags)));
    }
    Some(found)
}

/// SET overwrites without looking, unless it is asked for the old value or compares with it.
fn set(argv: Argv<'_>) -> Vec<Found> {
    let looks = |word: &[u8]| word.eq_ignore_ascii_case(b"GET") || word.eq_ignore_ascii_case(b"IFEQ");
    let flags = if argv.iter().skip(3).any(looks) { CHANGE } else { OVERWRITE };
    vec![(1, flags)]
}

/// BITFIELD only reads if all its operations are GETs. (A word it does not know is taken for a change.)
fn bitfield(argv: Argv<'_>) -> Vec<Found> {
    let mut at = 2;
    while let Some(word) = argv.get(at) {
        at += if word.eq_ignore_ascii_case(b"GET") {
            3
        } else if word.eq_ignore_ascii_case(b"OVERFLOW") {
            2
        } else {
            return vec![(1, CHANGE)];
        };
    }
    vec![(1, READ)]
}

/// SORT may store its result; what BY and GET name is not known before it runs. The last STORE counts.
fn sort(argv: Argv<'_>) -> Vec<Found> {
    let (mut at, mut store) = (2, None);
    while let Some(word) = argv.get(at) {
        let is = |option: &[u8]| word.eq_ignore_ascii_case(option);
        if is(b"STORE") && at + 1 < argv.len() {
            store = Some((at + 1, OVERWRITE));
        }
        at += if is(b"LIMIT") {
            3
        } else if is(b"GET") || is(b"BY") || is(b"STORE") {
            2
        } else {
            1
        };
    }
    std::iter::once((1, READ)).chain(store).collect()
}

/// STORE and STOREDIST may come twice; the last one counts, but all are told. `at`: the first option.
fn radius(argv: Argv<'_>, mut at: usize) -> Vec<Found> {
    let mut found = vec![(1, READ)];
    while let Some(word) = argv.get(at) {
        let is = |option: &[u8]| word.eq_ignore_ascii_case(option);
        if (is(b"STORE") || is(b"STOREDIST")) && at + 1 < argv.len() {
            found.push((at + 1, OVERWRITE));
            at += 1;
        } else if is(b"COUNT") {
            at += 1;
        }
        at += 1;
    }
    found
}

/// The words between STREAMS and the middle of the rest. A group or a consumer may have that name as well, so the
/// options before it are read one by one; nothing is found where one of them is not known.
fn streams(argv: Argv<'_>) -> Vec<Found> {
    let mut at = 1;
    while let Some(word) = argv.get(at) {
        let is = |option: &[u8]| word.eq_ignore_ascii_case(option);
        at += if is(b"STREAMS") {
            let keys = (argv.len() - at - 1) / 2;
            return (at + 1..=at + keys).map(|at| (at, READ)).collect();
        } else if is(b"GROUP") {
            3
        } else if is(b"BLOCK") || is(b"COUNT") || is(b"CLAIM") {
            2
        } else if is(b"NOACK") {
            1
        } else {
            return Vec::new();
        };
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use resp::request::OwnedArgv;

    use super::*;

    fn found(finder: Finder, line: &str) -> Vec<(usize, bool)> {
        let argv = OwnedArgv::of(line.split(' '));
        finder(argv.view()).into_iter().map(|(at, flags)| (at, flags.has(KeyFlags::RO))).collect()
    }

    #[test]
    fn options_decide_what_is_done_with_a_key() {
        assert_eq!(set(OwnedArgv::of(["SET", "a", "b", "nx", "get"]).view()), [(1, CHANGE)]);
        assert_eq!(set(OwnedArgv::of(["SET", "get", "get"]).view()), [(1, OVERWRITE)]);
        assert_eq!(found(bitfield, "BITFIELD a OVERFLOW wrap GET u8 0"), [(1, true)]);
        assert_eq!(found(bitfield, "BITFIELD a GET u8 0 SET u8 0 1"), [(1, false)]);
        assert_eq!(found(sort, "SORT a LIMIT store 1 STORE d"), [(1, true), (6, false)]);
        assert_eq!(found(sort, "SORT a STORE"), [(1, true)]);
    }

    #[test]
    fn no_option_hides_a_key() {
        let by_member = |argv: Argv<'_>| radius(argv, 5);
        assert_eq!(
            found(by_member, "GEORADIUSBYMEMBER a m 1 km STORE b COUNT 1 storedist c"),
            [(1, true), (6, false), (10, false)]
        );
        assert_eq!(found(by_member, "GEORADIUSBYMEMBER a STORE 1 km"), [(1, true)]);
        assert_eq!(found(streams, "XREAD COUNT 1 STREAMS streams b 0 0"), [(4, true), (5, true)]);
        assert_eq!(found(streams, "XREADGROUP COUNT 1 GROUP STREAMS STREAMS STREAMS k >"), [(7, true)]);
        assert_eq!(found(streams, "XREAD nonsense STREAMS k 0"), []);
    }
}
