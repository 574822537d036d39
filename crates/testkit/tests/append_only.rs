//! Whatever was asked of a server: another one that loads its append-only file has the same dataset.

use std::collections::BTreeMap;

use config::Config;
use config::choices::Allowed;
use testkit::Harness;
use testkit::random::{grammar::Grammar, shown};

fn config(rdb: bool) -> Config {
    let mut config = Config { appendonly: true, enable_debug_command: Allowed::Yes, ..Default::default() };
    config.save.0.clear();
    config.aof_use_rdb_preamble = rdb;
    config
}

/// Something whose result cannot be known before.
const RANDOM: [&str; 6] =
    ["SPOP set0", "SPOP set1 2", "SPOP set2 100", "EXPIRE list0 1", "PEXPIRE hash1 3", "SET string0 v PX 7"];

fn digest(harness: &mut Harness) -> String {
    harness.client(7).send("DEBUG DIGEST").to_string()
}

/// Another server with the same files and the same clock.
fn reload(harness: &Harness, rdb: bool) -> Harness {
    let fresh = Harness::start(config(rdb), harness.host.files.clone());
    let mut fresh = fresh.unwrap_or_else(|why| panic!("{why}"));
    (fresh.host.wall_us, fresh.host.mono_us) = (harness.host.wall_us, harness.host.mono_us);
    fresh.engine.set_time(fresh.host.wall_us, fresh.host.mono_us);
    fresh
}

#[test]
fn it_is_all_there_after_a_restart() {
    let registry = commands::registry();
    let known: Vec<String> = registry.commands().map(|(_, entry)| entry.full_name.clone()).collect();
    for seed in 0..6 {
        let rdb = seed % 2 == 0;
        let mut harness = Harness::start(config(rdb), BTreeMap::new()).expect("an empty folder");
        let mut grammar = Grammar::new(&registry, &[], &known, seed);
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut asked = Vec::new();
        for n in 0..1500 {
            let open = dice.u8(..) < 20;
            if open {
                harness.send("MULTI");
            }
            for _ in 0..if open { dice.usize(1..4) } else { 1 } {
                let request = grammar.request();
                harness.exchange(1, &request);
                asked.push(shown(&request));
            }
            if open {
                harness.exchange(1, &["EXEC"]);
            }
            if dice.u8(..) < 20 {
                harness.exchange(1, &RANDOM[dice.usize(..RANDOM.len())].split(' ').collect::<Vec<_>>());
            }
            if dice.u8(..) < 10 {
                harness.advance(dice.u64(1..20));
            }
            if n == 700 {
                harness.send("BGREWRITEAOF");
                harness.advance(200);
            }
            if n % 250 == 249 {
                // What is due and has not been looked at is in both.
                harness.client(7).send("DEBUG SET-ACTIVE-EXPIRE 1");
                harness.advance(300);
                let mut again = reload(&harness, rdb);
                again.advance(300);
                harness.advance(300);
                let same = digest(&mut harness) == digest(&mut again);
                let from = asked.len().saturating_sub(300);
                assert!(same, "seed {seed}, {n}:\n{}", asked[from..].join("\n"));
            }
        }
    }
}
