//! Which words of a request are secrets, and must be in no log and shown to no MONITOR.
//!
//! The list is the peers': passwords of AUTH, HELLO and MIGRATE, sensitive parameters of CONFIG SET, and everything
//! that tells of users.

use resp::Argv;

use crate::registry::{Entry, Registry};

/// The indices of the words to hide.
pub(crate) fn secrets(registry: &Registry, command: &Entry, argv: Argv<'_>) -> Vec<usize> {
    let container = command.parent.map_or("", |parent| registry.entry(parent).record.name);
    match (container, command.record.name) {
        ("", "AUTH") => (1..argv.len()).collect(),
        ("", "HELLO") => of_hello(argv),
        ("", "MIGRATE") => of_migrate(argv),
        ("CONFIG", "SET") => of_config_set(argv),
        ("ACL", "SETUSER" | "DELUSER" | "GETUSER") => (2..argv.len()).collect(),
        _ => Vec::new(),
    }
}

fn is(argv: Argv<'_>, at: usize, word: &str) -> bool {
    argv.get(at).is_some_and(|other| other.eq_ignore_ascii_case(word.as_bytes()))
}

/// `HELLO 3 AUTH user password SETNAME name`.
fn of_hello(argv: Argv<'_>) -> Vec<usize> {
    let (mut at, mut found) = (2, Vec::new());
    while at < argv.len() {
        if is(argv, at, "AUTH") {
            found.extend((at + 1..argv.len()).take(2));
            at += 3;
        } else {
            at += 2;
        }
    }
    found
}

/// `… AUTH password`, `… AUTH2 user password`, and keys after `KEYS`, which may be called `auth`.
fn of_migrate(argv: Argv<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    for at in 6..argv.len() {
        if is(argv, at, "KEYS") {
            break;
        }
        let secrets = if is(argv, at, "AUTH") { 1 } else { 2 * usize::from(is(argv, at, "AUTH2")) };
        found.extend((at + 1..argv.len()).take(secrets));
    }
    found
}

fn of_config_set(argv: Argv<'_>) -> Vec<usize> {
    let sensitive = |at: &usize| {
        config::find(argv.at(*at - 1)).is_some_and(|param| param.flags.has(config::Flags::SENSITIVE))
    };
    (3..argv.len()).step_by(2).filter(sensitive).collect()
}
