//! Tests about the list: nothing missing, nothing twice, every default and bound usable.

use super::*;
use crate::kind::Kind;
use crate::{Config, Flags, Part, Why};

const PEER: &str = include_str!("valkey-9.1.2.tsv");

/// Where the server itself decides: the directory at start.
const OUR_OWN: [&str; 1] = ["dir"];

/// What the peer does not have: two of ours, and one of Redis.
const MORE: [&str; 5] =
    ["rdb-module-data", "rdb-version", "sanitize-dump-payload", "snapshot-memory-limit", "snapshot-method"];

fn flags(param: &Param) -> String {
    let named = [
        ("deny_loading", Flags::DENY_LOADING),
        ("hidden", Flags::HIDDEN),
        ("immutable", Flags::IMMUTABLE),
        ("multi_arg", Flags::MULTI_ARG),
        ("protected", Flags::PROTECTED),
        ("sensitive", Flags::SENSITIVE),
    ];
    let set: Vec<&str> =
        named.iter().filter(|(_, flag)| param.flags.has(*flag)).map(|(name, _)| *name).collect();
    set.join(",")
}

#[test]
fn every_parameter_of_the_peer_is_here_with_its_alias_flags_and_default() {
    let mut count = 0;
    for row in PEER.lines().filter(|row| !row.starts_with('#')) {
        let columns: Vec<&str> = row.split('\t').collect();
        let param = find(columns[0].as_bytes()).unwrap_or_else(|| panic!("{} is missing", columns[0]));
        assert_eq!(param.alias.unwrap_or_default(), columns[1], "alias of {}", param.name);
        assert_eq!(flags(param), columns[2], "flags of {}", param.name);
        if !OUR_OWN.contains(&param.name) {
            assert_eq!(param.default, columns[3], "default of {}", param.name);
        }
        count += 1;
    }
    assert_eq!((count, all().count()), (227, 227 + MORE.len()));
    assert!(MORE.iter().all(|name| find(name.as_bytes()).is_some()));
}

#[test]
fn no_name_is_taken_twice() {
    let mut names: Vec<&str> = all().flat_map(Param::names).collect();
    names.sort_unstable();
    let many = names.len();
    names.dedup();
    assert_eq!(names.len(), many);
}

#[test]
fn every_default_is_shown_as_written_and_may_be_set_again() {
    let mut config = Config::default();
    for param in all() {
        let shown = param.get(&config);
        assert_eq!(String::from_utf8_lossy(&shown), param.default, "{}", param.name);
        if !param.flags.has(Flags::IMMUTABLE) {
            let changed = config.set_many(&[(param.name.as_bytes(), &shown)], true);
            let again = if param.flags.has(Flags::FILE) { vec![param] } else { vec![] };
            assert_eq!(changed, Ok(again), "{}", param.name);
        }
    }
    assert_eq!(config, Config::default());
}

/// Also proves that the bounds fit the field's type: reading past it would panic.
#[test]
fn bounds_are_inclusive_and_what_lies_beyond_is_refused() {
    for param in all() {
        let (min, max) = match param.kind {
            Kind::Int { min, max } | Kind::Memory { min, max } | Kind::SignedMemory { min, max } => {
                (min, max)
            }
            Kind::Octal { max } => (0, max.into()),
            _ => continue,
        };
        for number in [min, max] {
            let text = param.kind.show_number(number);
            match param.set(&mut Config::default(), &[text.as_bytes()]) {
                Ok(()) | Err(Why::NotYet(_)) => {}
                Err(why) => panic!("{} {text}: {why}", param.name),
            }
        }
        for number in [min - 1, max + 1] {
            let text = param.kind.show_number(number);
            let refused = param.set(&mut Config::default(), &[text.as_bytes()]);
            assert!(refused.is_err(), "{} {text}", param.name);
        }
    }
}

#[test]
fn every_choice_can_be_made() {
    for param in all() {
        let Kind::Choice(names) = param.kind else { continue };
        for name in names {
            let mut config = Config::default();
            assert_eq!(param.set(&mut config, &[name.as_bytes()]), Ok(()), "{} {name}", param.name);
            assert_eq!(param.get(&config), name.as_bytes());
        }
    }
}

fn set(config: &mut Config, pairs: &[(&str, &str)]) -> Result<Vec<&'static str>, String> {
    let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
    let changed = config.set_many(&pairs, false).map_err(|error| error.to_line())?;
    Ok(changed.iter().map(|param| param.name).collect())
}

/// All replies below were got from Valkey 9.1.2.
#[test]
fn refusals_are_word_by_word_those_of_the_peer() {
    let between = |min: &str, max: &str| format!("argument must be between {min} and {max} inclusive");
    let rows: &[(&str, &str, String)] = &[
        ("maxmemory", "abc", "argument must be a memory value".into()),
        ("maxmemory", "-1", "argument must be a memory value".into()),
        ("maxmemory", "1.5gb", "argument must be a memory value".into()),
        ("maxmemory", "1tb", "argument must be a memory value".into()),
        ("maxmemory-clients", "101%", "percentage argument must be less or equal to 100".into()),
        ("maxmemory-clients", "-5%", "argument must be a memory or percent value".into()),
        ("slot-migration-max-failover-repl-bytes", "-2", between("-1", "9223372036854775807")),
        ("repl-backlog-size", "0", between("1", "9223372036854775807")),
        ("hz", "abc", "argument couldn't be parsed into an integer".into()),
        ("hz", "05", "argument couldn't be parsed into an integer".into()),
        ("hz", "", "argument couldn't be parsed into an integer".into()),
        ("hz", "-1", between("0", "2147483647")),
        ("maxclients", "4294967296", between("1", "4294967295")),
        ("acllog-max-len", "9223372036854775808", "argument couldn't be parsed into an integer".into()),
        ("slave-priority", "-1", between("0", "2147483647")),
        (
            "loglevel",
            "debug notice",
            "argument(s) must be one of the following: debug, verbose, notice, warning, nothing".into(),
        ),
        (
            "shutdown-on-sigterm",
            "",
            "argument(s) must be one of the following: default, save, nosave, now, force, safe, failover"
                .into(),
        ),
        (
            "shutdown-on-sigterm",
            "save nosave",
            "shutdown options SAVE and NOSAVE can't be used simultaneously".into(),
        ),
        ("appendonly", "x", "argument must be 'yes' or 'no'".into()),
        ("databases", "3", "can't set immutable config".into()),
        ("dir", "/tmp", "can't set protected config".into()),
        ("save", "900", "Invalid save parameters".into()),
        ("save", "900  1", "Invalid save parameters".into()),
        ("save", "0 1", "Invalid save parameters".into()),
        (
            "client-output-buffer-limit",
            "normal 0 0 0 slave 1mb 2mb",
            "Wrong number of arguments in buffer limit configuration.".into(),
        ),
        (
            "client-output-buffer-limit",
            "master 0 0 0",
            "Invalid client class specified in buffer limit configuration.".into(),
        ),
        (
            "client-output-buffer-limit",
            "normal 0 0 -1",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.".into(),
        ),
        ("notify-keyspace-events", "q", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".into()),
        ("oom-score-adj-values", "1 2", "wrong number of arguments".into()),
        (
            "oom-score-adj-values",
            "1 2 3000",
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000.".into(),
        ),
        (
            "latency-tracking-info-percentiles",
            "50 a",
            "Invalid latency-tracking-info-percentiles parameters".into(),
        ),
        (
            "latency-tracking-info-percentiles",
            "1e1 inf",
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".into(),
        ),
        ("cluster-announce-ip", "a b", "cluster-announce-ip contains invalid character".into()),
        (
            "cluster-announce-hostname",
            "a_b",
            "Hostnames may only contain alphanumeric characters, hyphens or dots".into(),
        ),
        (
            "cluster-announce-human-nodename",
            "ab?",
            "Announced human node name contained invalid character".into(),
        ),
        ("cluster-announce-client-ipv4", "1.2.3", "Invalid IPv4 address".into()),
        ("cluster-announce-client-ipv6", "1.2.3", "Invalid IPv6 address".into()),
        ("proc-title-template", "{title", "template format is invalid or contains unknown variables".into()),
        ("locale-collate", "xx_YY", "Invalid locale name".into()),
        ("rdma-bind", "x", "No RDMA building support.".into()),
    ];
    for (name, value, why) in rows {
        let mut config = Config::default();
        let line = format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}");
        assert_eq!(set(&mut config, &[(name, value)]), Err(line));
        assert_eq!(config, Config::default(), "{name} {value} left a trace");
    }
}

#[test]
fn a_config_set_is_all_or_nothing() {
    let mut config = Config::default();
    let refused = set(&mut config, &[("hz", "11"), ("maxmemory", "abc")]);
    assert!(refused.is_err_and(|line| line.contains("'maxmemory'")));
    assert_eq!(config, Config::default());

    let changed = set(&mut config, &[("hz", "11"), ("maxmemory", "1gb"), ("timeout", "0")]);
    assert_eq!(changed, Ok(vec!["hz", "maxmemory"]));
    assert_eq!((config.hz, config.maxmemory), (11, 1 << 30));
}

#[test]
fn names_at_fault_are_told_as_the_peer_tells_them() {
    let mut config = Config::default();
    let unknown = "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'";
    assert_eq!(set(&mut config, &[("hz", "10"), ("nosuch", "1")]), Err(unknown.into()));
    let twice = "ERR CONFIG SET failed (possibly related to argument 'HZ') - duplicate parameter";
    assert_eq!(set(&mut config, &[("hz", "abc"), ("HZ", "11")]), Err(twice.into()));
    let both_names = [("slowlog-max-len", "10"), ("commandlog-slow-execution-max-len", "11")];
    assert_eq!(set(&mut config, &both_names), Ok(vec!["commandlog-slow-execution-max-len"]));
}

#[test]
fn what_is_not_there_yet_is_refused_in_one_line() {
    for (name, value) in [("io-threads", "4"), ("primaryauth", "secret"), ("activedefrag", "yes")] {
        let refused = set(&mut Config::default(), &[(name, value)]);
        assert!(refused.is_err_and(|line| line.contains(" not available in this version")), "{name}");
    }
    for (name, value) in [("cluster-enabled", "yes"), ("replicaof", "localhost 6379")] {
        let param = find(name.as_bytes()).unwrap();
        let refused = param.set(&mut Config::default(), &[value.as_bytes()]);
        assert!(matches!(refused, Err(Why::NotYet(_))), "{name}: {refused:?}");
    }
}

#[test]
fn some_values_are_moved_into_their_range_without_a_word() {
    for (name, asked, kept) in [
        ("hz", "0", "1"),
        ("hz", "9999", "500"),
        ("hz", "20", "20"),
        ("repl-backlog-size", "1", "16384"),
        ("watchdog-period", "1", "200"),
        ("watchdog-period", "0", "0"),
    ] {
        let mut config = Config::default();
        set(&mut config, &[(name, asked)]).unwrap();
        assert_eq!(get(&config, &[name])[0].1, kept, "{name} {asked}");
    }
}

#[test]
fn a_title_template_must_show_something() {
    let template = |text: &str| set(&mut Config::default(), &[("proc-title-template", text)]).is_ok();
    for good in ["{title} {port}", "x", "{{title}}", "{title}}"] {
        assert!(template(good), "{good}");
    }
    for bad in ["", " ", "{title}", "{ title}", "{title}{x", "{}"] {
        assert!(!template(bad), "{bad}");
    }
}

#[test]
fn node_names_hold_what_the_peer_lets_through() {
    for name in ["cluster-announce-ip", "cluster-announce-human-nodename"] {
        assert!(set(&mut Config::default(), &[(name, "a_b/c:d.e-f`\u{e9}")]).is_ok());
        for bad in "!\"#$%&'()*+,;<=>?@[\\]^{|}~ \u{7f}\0".chars() {
            assert!(set(&mut Config::default(), &[(name, &bad.to_string())]).is_err(), "{bad:?}");
        }
    }
}

fn get(config: &Config, patterns: &[&str]) -> Vec<(String, String)> {
    let patterns: Vec<&[u8]> = patterns.iter().map(|pattern| pattern.as_bytes()).collect();
    let found = config.get_matching(&patterns);
    found.into_iter().map(|(name, value)| (name.into_owned(), String::from_utf8(value).unwrap())).collect()
}

#[test]
fn config_get_star_answers_every_name_that_is_not_hidden_in_order() {
    let found = get(&Config::default(), &["*"]);
    let mut expected: Vec<&str> =
        all().filter(|param| !param.flags.has(Flags::HIDDEN)).flat_map(Param::names).collect();
    expected.sort_unstable();
    assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected);
    assert_eq!(found.len(), 237 + 4, "as many lines as Valkey 9.1.2 answers, and four of ours");
}

#[test]
fn config_get_keeps_the_spelling_asked_for_and_says_nothing_twice() {
    let config = Config::default();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(get(&config, &["PORT", "port", "p[o]rt"]), [pair("PORT", "6379")]);
    assert_eq!(
        get(&config, &["slowlog-max-len", "SLOWLOG-max-len", "*log-max-len"]),
        [
            pair("acllog-max-len", "128"),
            pair("cluster-slot-migration-log-max-len", "1000"),
            pair("slowlog-max-len", "128")
        ]
    );
    assert_eq!(get(&config, &["watchdog-period"]), [pair("watchdog-period", "0")]);
    assert_eq!(get(&config, &["watchdog*", "nosuch"]), []);
}

#[test]
fn values_are_shown_as_the_peer_shows_them() {
    for (name, asked, shown) in [
        ("maxmemory", "1KB", "1024"),
        ("maxmemory", "", "0"),
        ("maxmemory-clients", "5%", "5%"),
        ("shutdown-on-sigterm", "force now save", "save now force"),
        ("shutdown-on-sigterm", "default now", "now"),
        ("maxmemory-policy", "ALLKEYS-LRU", "allkeys-lru"),
        ("save", "900 1 300 10", "900 1 300 10"),
        ("latency-tracking-info-percentiles", "50.00 99.90 100.0 0.1234567", "50 99.9 100 0.123457"),
        ("latency-tracking-info-percentiles", "", ""),
        ("bind", "127.0.0.1 -::1", "127.0.0.1 -::1"),
        ("bind", "", ""),
        (
            "client-output-buffer-limit",
            "replica 1mb 2mb 3",
            "normal 0 0 0 slave 1048576 2097152 3 pubsub 33554432 8388608 60",
        ),
    ] {
        let mut config = Config::default();
        set(&mut config, &[(name, asked)]).unwrap();
        assert_eq!(get(&config, &[name])[0].1, shown, "{name} {asked}");
    }
}

#[test]
fn every_part_that_is_named_has_parameters() {
    for part in [Part::Here, Part::Cluster, Part::Tls, Part::Types, Part::Eviction] {
        assert!(all().any(|param| param.part == part), "{part:?}");
    }
}
