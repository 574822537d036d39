//! A command touches no key but those that its request was searched for: access control, which is given only these,
//! cannot be passed by.
//!
//! What was touched is told by the keyspace itself, below all commands; requests are random, many of them wrong, with
//! options given twice and keys where none belong.
#![cfg(debug_assertions)]

use std::collections::{BTreeMap, BTreeSet};

use engine::keys::{NoKeys, keys_of};
use engine::registry::Registry;
use testkit::Harness;
use testkit::random::{grammar::Grammar, shown};

/// Options that name keys, or behind which they are, and keys.
const WORDS: [&[u8]; 9] =
    [b"STORE", b"STOREDIST", b"STREAMS", b"KEYS", b"GET", b"BY", b"list1", b"sorted-set1", b"stream1"];

/// The words that are keys; `None`: the request contradicts itself, and all keys must be allowed.
fn extracted(registry: &Registry, request: &[Vec<u8>]) -> Option<BTreeSet<Vec<u8>>> {
    let owned = resp::request::OwnedArgv::of(request);
    let argv = owned.view();
    let Some(entry) = registry.get(registry.find(argv).0) else { return Some(BTreeSet::new()) };
    match keys_of(entry, argv) {
        Ok(keys) => Some(keys.into_iter().filter_map(|(at, _)| argv.get(at).map(<[u8]>::to_vec)).collect()),
        Err(NoKeys::Contradiction) => None,
        Err(NoKeys::KeylessCommand | NoKeys::WrongArity) => Some(BTreeSet::new()),
    }
}

/// SORT looks for keys that elements name: who may not read all keys may not ask for it.
fn looks_further(request: &[Vec<u8>]) -> bool {
    request[0].to_ascii_uppercase().starts_with(b"SORT") && request.iter().any(|word| word.contains(&b'*'))
}

fn check(seed: u64, requests: usize, met: &mut BTreeMap<Vec<u8>, usize>) {
    let registry = commands::registry();
    let mut grammar = Grammar::of_all(&registry, seed);
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut harness = Harness::new();
    for _ in 0..requests {
        let mut request = grammar.request();
        for _ in 0..dice.usize(..8).saturating_sub(5) {
            let at = dice.usize(1..=request.len());
            request.insert(at, WORDS[dice.usize(..WORDS.len())].to_vec());
        }
        keyspace::looked::record();
        let replies = harness.exchange(2, &request);
        let looked = keyspace::looked::recorded();
        let allowed = extracted(&registry, &request);
        if let Some(allowed) = allowed.filter(|_| !looks_further(&request)) {
            for key in &looked {
                let text = String::from_utf8_lossy(key);
                assert!(allowed.contains(key), "{} looks for {text} (seed {seed})", shown(&request));
            }
        }
        if !looked.is_empty() {
            *met.entry(request[0].to_ascii_lowercase()).or_default() += 1;
        }
        // It waits, or was thrown out.
        if replies.is_empty() || replies[0] == testkit::Value::Closed {
            harness.hang_up(2);
        }
    }
}

#[test]
fn no_key_is_touched_that_was_not_extracted() {
    let mut met = BTreeMap::new();
    for seed in 0..8 {
        check(seed, 3000, &mut met);
    }
    // The record is no empty one.
    let registry = commands::registry();
    let grammar = Grammar::of_all(&registry, 0);
    let expected: BTreeSet<&str> = grammar.names().filter(|name| !name.contains('|')).collect();
    let silent: Vec<_> = expected.iter().filter(|name| !met.contains_key(name.as_bytes())).collect();
    eprintln!("{silent:?}");
    assert!(silent.len() < 20, "{silent:?}");
}
