use super::*;
use crate::special::SaveRule;

fn no_include(_: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    Err(io::ErrorKind::NotFound.into())
}

fn load_text(text: &str) -> Result<(Config, Loaded), LoadError> {
    let mut config = Config::default();
    let source = Source { name: "x.conf", text: text.as_bytes() };
    let loaded = load(&mut config, &[source], &mut no_include)?;
    Ok((config, loaded))
}

fn config_of(text: &str) -> Config {
    load_text(text).unwrap().0
}

fn args(words: &[&str]) -> Vec<Text> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn overridden(words: &[&str]) -> Config {
    config_of(&String::from_utf8(command_line(&args(words)).overrides).unwrap())
}

#[test]
fn comments_quotes_and_case_are_read_and_the_last_line_wins() {
    let config =
        config_of("# x\n\n  PORT 1\r\nport 7000\nrequirepass \"a b\"\nlogfile ''\nslave-priority 5\n");
    assert_eq!(config.port, 7000);
    assert_eq!(config.requirepass.as_deref(), Some(b"a b".as_slice()));
    assert_eq!(config.replica_priority, 5);
}

#[test]
fn save_lines_add_up_until_an_empty_one() {
    let rule = |seconds, changes| SaveRule { seconds, changes };
    assert_eq!(config_of("save 900 1\nsave 300 10\n").save.0, [rule(900, 1), rule(300, 10)]);
    assert_eq!(config_of("save 900 1\nsave \"300 10\"\n").save.0, [rule(900, 1), rule(300, 10)]);
    assert_eq!(config_of("save 900 1\nsave ''\nsave 60 5").save.0, [rule(60, 5)]);
    assert_eq!(load_text("save 900 1\nsave 300").unwrap_err().reason, "Invalid save parameters");
}

#[test]
fn include_reads_in_place_and_stops_at_a_circle() {
    let mut config = Config::default();
    let mut include = |pattern: &str| match pattern {
        "a*.conf" => Ok(vec![
            ("a1.conf".to_owned(), b"port 1\nhz 30".to_vec()),
            ("a2.conf".to_owned(), b"port 2\nfoo".to_vec()),
        ]),
        "self.conf" => Ok(vec![("self.conf".to_owned(), b"include self.conf".to_vec())]),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let source = |text| [Source { name: "x.conf", text }];
    let error = load(&mut config, &source(b"hz 10\ninclude a*.conf\n"), &mut include).unwrap_err();
    assert_eq!((error.file.as_str(), error.line_number, error.line.as_str()), ("a2.conf", 2, "foo"));
    assert_eq!((config.port, config.hz), (2, 30));
    assert!(load(&mut config, &source(b"include self.conf"), &mut include).is_err());
    assert!(load(&mut config, &source(b"include none.conf"), &mut include).is_err());
}

#[test]
fn a_fault_names_file_line_and_the_nearest_name() {
    let error = load_text("port 1\nmaxmemry 5\n").unwrap_err();
    assert_eq!(
        error.report("0.1.0"),
        "\n*** FATAL CONFIG FILE ERROR (Version 0.1.0) ***\n\
         Reading the configuration file, at line 2 of x.conf\n\
         >>> 'maxmemry 5'\n\
         Bad directive or wrong number of arguments (did you mean 'maxmemory'?)\n"
    );
}

#[test]
fn faults_give_the_peers_reasons() {
    for (text, reason) in [
        ("foo bar", "Bad directive or wrong number of arguments"),
        ("port abc", "argument couldn't be parsed into an integer"),
        ("port \"29462", "Unbalanced quotes in configuration line"),
        ("port", "wrong number of arguments"),
        ("port 1 2", "wrong number of arguments"),
        ("port 1 # c", "wrong number of arguments"),
        ("sentinel monitor a b 1 2", "sentinel directive while not in sentinel mode"),
        ("rename-command GET", "Bad directive or wrong number of arguments"),
        ("save 900", "Invalid save parameters"),
        ("client-output-buffer-limit normal 0 0", "Wrong number of arguments in buffer limit configuration."),
        ("replicaof a", "wrong number of arguments"),
        ("user", "Bad directive or wrong number of arguments"),
        ("unixsocketperm 999", "argument couldn't be parsed as an octal number"),
        ("unixsocketperm 1777", "argument must be between 0 and 777 inclusive"),
        ("databases 0", "argument must be between 1 and 2147483647 inclusive"),
        ("bind a b c d e f g h i j k l m n o p q r", "Too many bind addresses specified."),
    ] {
        assert_eq!(load_text(text).unwrap_err().reason, reason, "{text}");
    }
}

#[test]
fn a_password_in_a_faulty_line_is_not_shown() {
    let error = load_text("requirepass two words").unwrap_err();
    assert!(!error.report("0").contains("two words"));
}

#[test]
fn renames_users_and_names_of_other_versions_are_handed_over() {
    let (_, loaded) = load_text("rename-command FLUSHALL ''\nuser bob on +@all\ndynamic-hz yes\n").unwrap();
    assert_eq!(loaded.renames, [(b"FLUSHALL".to_vec(), Vec::new())]);
    assert_eq!(loaded.users, [args(&["bob", "on", "+@all"])]);
    assert_eq!(loaded.notes.len(), 1);
}

#[test]
fn multi_word_parameters_may_be_one_quoted_word_or_none() {
    let config = config_of("client-output-buffer-limit \"normal 1 1 1\"\nbind \"127.0.0.1 ::1\"\nsave\n");
    assert_eq!(config.client_output_buffer_limit.normal.hard, 1);
    assert_eq!(config.bind, ["127.0.0.1", "::1"]);
}

#[test]
fn the_command_line_comes_last_and_reads_like_lines() {
    let config = overridden(&["--port", "0", "--save", "", "--bind", "127.0.0.1", "::1", "--hz", "20"]);
    assert_eq!((config.port, config.hz), (0, 20));
    assert_eq!(config.bind, ["127.0.0.1", "::1"]);
    assert!(config.save.is_empty());
    assert_eq!(overridden(&["--save", "900 1", "--save", "300", "10"]).save.0.len(), 2);
    assert_eq!(overridden(&["--port 7001", "--save", "--bind", "x"]).port, 7001);
}

#[test]
fn what_follows_a_name_on_the_command_line_is_its_value() {
    let text = |words: &[&str]| String::from_utf8(command_line(&args(words)).overrides).unwrap();
    assert_eq!(text(&["--port", "--loglevel", "verbose"]), "\nport \"--loglevel\" \"verbose\"");
    assert_eq!(text(&["--port", "--bla", "--hz", "3"]), "\nport \"--bla\"\nhz \"3\"");
    assert_eq!(text(&["--save", "--save", "x", "--hz", "3"]), "\nsave \"\"\nsave \"x\"\nhz \"3\"");
    assert_eq!(text(&["--hz", "--save", "--save"]), "\nhz \"--save\"\nsave \"\"");
    assert_eq!(text(&["--hz 3", "--port 1"]), "\nhz 3\nport 1");
    assert_eq!(text(&["--port"]), "\nport");
}

#[test]
fn file_and_standard_input_are_told_from_options() {
    let line = command_line(&args(&["x.conf", "--port", "1"]));
    assert_eq!((line.file, line.stdin), (Some(b"x.conf".to_vec()), false));
    assert!(command_line(&args(&["x.conf", "-", "--port", "1"])).stdin);
    let line = command_line(&args(&["-"]));
    assert_eq!((line.file, line.stdin), (None, true));
    assert_eq!(command_line(&[]), CommandLine::default());
}

/// The directives that Valkey's and Redis's own test suites put into every server's file.
const SUITE: &str = "\
always-show-logo yes
notify-keyspace-events KEA
daemonize no
pidfile /var/run/valkey.pid
port 6379
timeout 0
bind 127.0.0.1
loglevel verbose
logfile ''
databases 16
latency-monitor-threshold 1
repl-diskless-sync-delay 0
save 60 10000
rdbcompression yes
dbfilename dump.rdb
dir ./
slave-serve-stale-data yes
appendonly no
appendfsync everysec
no-appendfsync-on-rewrite no
activerehashing yes
enable-protected-configs yes
enable-debug-command yes
enable-module-command yes
propagation-error-behavior panic
shutdown-on-sigterm force
unixsocket /tmp/some/socket
enable-debug-assert yes
hide-user-data-from-log yes
cluster-ping-interval 100
cluster-node-timeout 3000
cluster-databases 16
cluster-slot-stats-enabled yes
";

#[test]
fn the_files_of_the_upstream_suites_load() {
    let config = config_of(SUITE);
    assert_eq!(config.enable_debug_command, crate::choices::Allowed::Yes);
    assert!(config.shutdown_on_sigterm.force);
}

/// Parameters the upstream suites set or get somewhere (beside those in `SUITE`).
#[test]
fn old_names_in_use_are_known() {
    for name in [
        "slave-read-only",
        "min-slaves-to-write",
        "hash-max-ziplist-entries",
        "list-max-ziplist-size",
        "lua-time-limit",
        "slowlog-log-slower-than",
        "masterauth",
        "repl-ping-slave-period",
        "aof_rewrite_cpulist",
        "server_cpulist",
        "slaveof",
        "cluster-slave-no-failover",
    ] {
        assert!(params::find(name.as_bytes()).is_some(), "{name}");
    }
}

/// In the manner of a distribution: paths, quotes, an include that matches nothing, names of another version.
#[test]
fn a_packaged_configuration_loads() {
    let mut config = Config::default();
    let mut include = |_: &str| Ok(Vec::new());
    let source = Source { name: "redis.conf", text: include_bytes!("packaged.conf") };
    let loaded = load(&mut config, &[source], &mut include).unwrap();
    assert!(config.daemonize);
    assert_eq!(config.dir, b"/var/lib/redis");
    assert_eq!(config.client_output_buffer_limit.replica.hard, 256 << 20);
    assert_eq!(loaded.notes.len(), 1, "dynamic-hz");
}

/// The whole files, where the peers are installed: `PEER_CONFIGS` is the folder of `redis/redis.conf` and
/// `valkey/valkey.conf`.
#[test]
fn the_peers_own_files_load_and_rewrite_to_themselves() {
    let Ok(folder) = std::env::var("PEER_CONFIGS") else { return };
    for path in ["redis/redis.conf", "valkey/valkey.conf"] {
        let Ok(text) = std::fs::read(format!("{folder}/{path}")) else { continue };
        let mut config = Config::default();
        let mut include = |_: &str| Ok(Vec::new());
        load(&mut config, &[Source { name: path, text: &text }], &mut include).unwrap();
        let again = crate::rewrite(Some(&text), &config, &[], false);
        let differing = text.split(|&c| c == b'\n').zip(again.split(|&c| c == b'\n')).find(|(a, b)| a != b);
        let shown = differing.map(|(a, b)| (String::from_utf8_lossy(a), String::from_utf8_lossy(b)));
        assert!(shown.as_ref().is_none_or(|(a, _)| a.starts_with("client-output-buffer-limit")), "{shown:?}");
    }
}

const ALPHABET: &[u8] = b"save \"'\\xpor t#\n0519-kmgb%\xff";

#[test]
fn no_text_makes_the_loader_panic() {
    let mut config = Config::default();
    let mut seed = 1u64;
    let mut byte = || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ALPHABET[(seed >> 33) as usize % ALPHABET.len()]
    };
    for _ in 0..200 {
        let noise: Vec<u8> = (0..40).map(|_| byte()).collect();
        for prefix in ["", "save ", "port ", "bind ", "maxmemory ", "client-output-buffer-limit normal "] {
            let text = [prefix.as_bytes(), &noise].concat();
            let _ = load(&mut config, &[Source { name: "noise", text: &text }], &mut no_include);
        }
    }
}
