//! The append-only file over files in memory: what is written, loaded, held back, refused and rewritten.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use config::Config;
use config::choices::{Allowed, Appendfsync};
use testkit::{Harness, fed};

type Files = BTreeMap<String, Vec<u8>>;

const INCR: &str = "/data/appendonlydir/appendonly.aof.1.incr.aof";
const MANIFEST: &str = "/data/appendonlydir/appendonly.aof.manifest";

fn config() -> Config {
    let mut config = Config { appendonly: true, enable_debug_command: Allowed::Yes, ..Default::default() };
    config.save.0.clear();
    config
}

fn start() -> Harness {
    Harness::start(config(), Files::new()).expect("an empty folder")
}

fn with(change: impl FnOnce(&mut Config)) -> Harness {
    let mut config = config();
    change(&mut config);
    Harness::start(config, Files::new()).expect("an empty folder")
}

/// Another server with the same files.
fn again(h: &Harness) -> Harness {
    restart(config(), h.host.files.clone()).expect("the files are good")
}

fn restart(config: Config, files: Files) -> Result<Harness, String> {
    Harness::start(config, files)
}

fn digest(h: &mut Harness) -> String {
    h.send("DEBUG DIGEST").to_string()
}

fn text(h: &Harness, path: &str) -> String {
    String::from_utf8(h.host.files[path].clone()).expect("text")
}

/// Something of every type, with times, groups and pending entries.
fn fill(h: &mut Harness) {
    let lines = [
        "SET s abc",
        "SET i 12345 EX 1000",
        "SELECT 3",
        "RPUSH l a b 3",
        "SADD ints 1 2 3",
        "SADD words a b c",
        "ZADD z 1.5 a -inf b 3e100 c inf d",
        "HSET h f v n 12",
        "HSET timed f v g w",
        "HPEXPIRE timed 100000 FIELDS 1 f",
        "XADD x 1-1 a b c d",
        "XADD x 2-5 a 17",
        "XADD x 3-0 a 18",
        "XDEL x 3-0",
        "XGROUP CREATE x g 0",
        "XGROUP CREATECONSUMER x g idle",
        "XREADGROUP GROUP g c COUNT 1 STREAMS x >",
        "XADD gone 5-5 a b",
        "XDEL gone 5-5",
        "PEXPIRE words 100000",
        "SELECT 0",
        "FUNCTION LOAD \"#!lua name=lib\\nserver.register_function('f', function() return 1 end)\"",
    ];
    for line in lines {
        assert!(!h.send(line).to_string().starts_with('-'), "{line}");
    }
    for n in 0..200 {
        h.send(&format!("RPUSH long element:{n}"));
        h.send(&format!("ZADD ranks {n}.25 member:{n}"));
    }
}

#[test]
fn what_was_done_is_there_after_a_restart() {
    let mut h = start();
    fill(&mut h);
    let before = digest(&mut h);
    let mut again = again(&h);
    assert_eq!(digest(&mut again), before);
    assert_eq!(again.send("FCALL f 0").integer(), Some(1));
    // And it goes on where it was: checksums over both parts agree.
    again.send("DEL s");
    again.send(&format!("SET t {}", "x".repeat(1000)));
    let (after, mut third) = (digest(&mut again), self::again(&again));
    assert_eq!(digest(&mut third), after);
    assert!(text(&again, INCR).contains("#CRC:"));
}

#[test]
fn a_rewrite_keeps_the_dataset_in_either_form() {
    for rdb in [true, false] {
        let mut h = with(|config| config.aof_use_rdb_preamble = rdb);
        fill(&mut h);
        h.host.child_busy = true;
        assert_eq!(h.send("BGREWRITEAOF").to_string(), "+Background append only file rewriting started");
        assert_eq!(
            h.send("BGREWRITEAOF").to_string(),
            "-ERR Background append only file rewriting already in progress"
        );
        assert!(h.send("BGSAVE").to_string().starts_with("-ERR Another child process is active"));
        h.send("SET during 1");
        // Should it end now, both increments count.
        let (before, mut early) = (digest(&mut h), again(&h));
        assert_eq!(digest(&mut early), before);
        h.host.child_busy = false;
        h.advance(200);
        h.send("SET after 1");
        let suffix = if rdb { "rdb" } else { "aof" };
        let expected = format!(
            "file appendonly.aof.2.base.{suffix} seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n"
        );
        assert_eq!(text(&h, MANIFEST), expected);
        assert_eq!(h.host.files.len(), 3, "{:?}", h.host.files.keys());
        let (before, mut again) = (digest(&mut h), again(&h));
        assert_eq!(digest(&mut again), before, "rdb: {rdb}");
        assert_eq!(again.send("FCALL f 0").integer(), Some(1));
        assert_eq!(again.send("XINFO STREAM gone").to_string(), h.send("XINFO STREAM gone").to_string());
    }
}

#[test]
fn a_rewrite_that_fails_loses_nothing() {
    let mut h = start();
    fill(&mut h);
    h.host.disk_full = true;
    h.send("BGREWRITEAOF");
    h.advance(200);
    h.host.disk_full = false;
    h.send("SET after 1");
    let info = h.send("INFO persistence").to_string();
    assert!(info.contains("aof_last_bgrewrite_status:err"), "{info}");
    assert!(info.contains("aof_rewrites_consecutive_failures:1"), "{info}");
    assert_eq!(text(&h, MANIFEST).lines().count(), 3);
    let (before, mut again) = (digest(&mut h), again(&h));
    assert_eq!(digest(&mut again), before);
}

#[test]
fn with_always_nobody_hears_of_a_write_before_it_is_on_the_disk() {
    let mut h = with(|config| config.appendfsync = Appendfsync::Always);
    h.host.journal.slow = true;
    assert!(h.exchange(1, &["SET", "a", "1"]).is_empty());
    assert!(h.exchange(2, &["GET", "a"]).is_empty(), "who reads hears of it too late as well");
    assert!(h.exchange(1, &["SET", "a", "2"]).is_empty(), "what follows waits");
    assert_eq!(h.host.journal.syncs, 1);
    h.host.end_sync();
    h.advance(1);
    assert_eq!(h.received(1).len(), 1);
    assert_eq!(h.received(2).len(), 1);
    h.host.end_sync();
    h.advance(1);
    assert_eq!(h.received(1).len(), 1, "the second one");
    assert_eq!(h.host.journal.syncs, 2);
    assert_eq!(h.send("GET a").to_string(), r#""2""#, "nothing is unsynced now");
}

#[test]
fn the_next_sync_waits_for_those_whom_the_last_one_released() {
    let mut h = with(|config| config.appendfsync = Appendfsync::Always);
    h.host.journal.slow = true;
    for client in 1..=4 {
        h.exchange(client, &["SET", "a", "1"]);
    }
    h.host.end_sync();
    // Between two turns.
    h.hang_up(9);
    // One was alone in the first sync, three came meanwhile: four are expected, and a quarter of a sync is 250 us.
    assert_eq!(h.host.journal.syncs, 1, "three are held, and one may come");
    h.exchange(1, &["SET", "a", "2"]);
    assert_eq!(h.host.journal.syncs, 2, "all are there");
    h.host.end_sync();
    h.advance(1);
    h.exchange(1, &["SET", "a", "3"]);
    assert_eq!(h.host.journal.syncs, 3, "the others had their time");
}

#[test]
fn with_everysec_a_sync_begins_half_a_second_after_the_first_write() {
    let mut h = start();
    h.advance(1000);
    let before = h.host.journal.syncs;
    assert_eq!(h.send("SET a 1").to_string(), "+OK");
    h.advance(400);
    h.send("SET a 2");
    assert_eq!(h.host.journal.syncs, before);
    h.advance(200);
    assert_eq!(h.host.journal.syncs, before + 1);
    h.advance(2000);
    assert_eq!(h.host.journal.syncs, before + 1, "there is nothing more");
}

#[test]
fn while_the_disk_is_full_writes_are_refused_and_reads_go_on() {
    let mut h = start();
    h.send("SET a 1");
    h.host.journal.write_fails = Some("No space left on device");
    assert!(h.exchange(1, &["SET", "a", "2"]).is_empty(), "it ran, and could not be written");
    let refused = "-MISCONF Errors writing to the AOF file: No space left on device";
    assert_eq!(h.client(2).send("SET a 3").to_string(), refused);
    let script = h.client(2).send("EVAL \"return redis.call('SET', 'a', '4')\" 0").to_string();
    assert!(script.starts_with(refused), "{script}");
    assert_eq!(h.client(2).send("PING").to_string(), refused);
    assert_eq!(h.client(2).send("GET a").to_string(), r#""2""#);
    assert!(h.client(2).send("INFO persistence").to_string().contains("aof_last_write_status:err"));
    h.host.journal.write_fails = None;
    h.advance(300);
    assert_eq!(h.received(1).len(), 1, "it is written now");
    assert_eq!(h.client(2).send("SET a 5").to_string(), "+OK");
    let (before, mut again) = (digest(&mut h), again(&h));
    assert_eq!(digest(&mut again), before);
}

#[test]
fn no_room_is_told_before_anything_runs() {
    let mut h = start();
    h.host.journal.no_room = Some("No space left on device");
    h.send("SET a 1");
    assert!(h.send("SET a 2").to_string().starts_with("-MISCONF Errors writing to the AOF file"));
    assert_eq!(h.send("GET a").to_string(), r#""1""#);
    h.host.journal.no_room = None;
    h.advance(200);
    assert_eq!(h.send("SET a 2").to_string(), "+OK");
}

#[test]
fn after_a_failed_sync_the_dataset_is_written_anew() {
    let mut h = with(|config| config.appendfsync = Appendfsync::Always);
    h.send("SET a 1");
    h.host.journal.sync_fails = Some("Input/output error");
    assert!(h.exchange(1, &["SET", "a", "2"]).is_empty());
    h.host.child_busy = true;
    h.advance(300);
    assert!(h.received(1).is_empty(), "a new file is open, but what the old one lost is in none yet");
    assert_eq!(
        h.client(2).send("SET b 1").to_string(),
        "-MISCONF Errors writing to the AOF file: Input/output error"
    );
    h.host.child_busy = false;
    h.advance(300);
    assert_eq!(h.received(1).len(), 1, "it is in the base");
    assert_eq!(h.client(2).send("SET b 1").to_string(), "+OK");
    assert!(text(&h, MANIFEST).starts_with("file appendonly.aof.2.base.rdb seq 2 type b\n"));
    let (before, mut again) = (digest(&mut h), again(&h));
    assert_eq!(digest(&mut again), before);
}

#[test]
fn who_cannot_be_told_that_all_is_well_is_told_nothing() {
    let mut h = with(|config| config.appendfsync = Appendfsync::Always);
    h.host.journal.write_fails = Some("No space left on device");
    h.exchange(1, &["SET", "a", "2"]);
    h.advance(11_000);
    assert_eq!(h.exchange(1, &["PING"]).first().map(ToString::to_string).as_deref(), Some("closed"));
}

#[test]
fn a_file_may_end_anywhere() {
    let mut h = start();
    for line in ["SET a 1", "MULTI", "INCR a", "INCR b", "EXEC", "DEL b"] {
        h.send(line);
    }
    let whole = h.host.files[INCR].clone();
    for len in 0..=whole.len() {
        let mut files = h.host.files.clone();
        files.insert(INCR.to_owned(), whole[..len].to_vec());
        let mut early = restart(config(), files.clone()).unwrap_or_else(|why| panic!("{len}: {why}"));
        let state = early.send("MGET a b").to_string();
        let states = [r#"[nil nil]"#, r#"["1" nil]"#, r#"["2" "1"]"#, r#"["2" nil]"#];
        assert!(states.contains(&state.as_str()), "{len}: {state}");
        // What was cut off is gone, and what is appended now can be read.
        early.send("SET c 1");
        let (before, mut again) = (digest(&mut early), again(&early));
        assert_eq!(digest(&mut again), before, "{len}");
        let mut strict = config();
        strict.aof_load_truncated = false;
        let refused = restart(strict, files).err();
        assert!(
            refused.is_none_or(|why| why.contains("Unexpected end of file reading the append only file")),
            "{len}"
        );
    }
}

#[test]
fn damage_ends_the_start_and_says_where() {
    let mut h = start();
    for n in 0..200 {
        h.send(&format!("SET key:{n} value:{n}"));
    }
    let whole = h.host.files[INCR].clone();
    let covered = text(&h, INCR).rfind("#CRC:").expect("a mark");
    for at in (0..covered).step_by(97) {
        let mut files = h.host.files.clone();
        let mut bad = whole.clone();
        bad[at] ^= 0x04;
        files.insert(INCR.to_owned(), bad);
        let why = restart(config(), files.clone()).err().unwrap_or_else(|| panic!("{at} was not noticed"));
        assert!(why.contains("appendonly.aof.1.incr.aof") && why.contains("--fix"), "{at}: {why}");
        files.remove(INCR);
        assert!(restart(config(), files).err().is_some_and(|why| why.contains("No such file")));
    }
}

#[test]
fn what_no_server_knows_is_refused() {
    let load = |incr: &[&[&str]]| {
        let mut bytes = Vec::new();
        for words in incr {
            persist::aof::encode::request(&mut bytes, words.iter().map(|word| word.as_bytes()));
        }
        let mut files = Files::new();
        files.insert(MANIFEST.to_owned(), b"file appendonly.aof.1.incr.aof seq 1 type i\n".to_vec());
        files.insert(INCR.to_owned(), bytes);
        restart(config(), files)
    };
    let why = |incr: &[&[&str]]| load(incr).err().unwrap_or_default();
    assert!(why(&[&["bla", "foo"]]).starts_with("Unknown command 'bla' reading the append only file"));
    assert!(why(&[&["SET", "foo"]]).starts_with("Wrong number of arguments for 'set'"));
    assert!(why(&[&["CONFIG", "NOSUCH"]]).starts_with("Unknown command 'CONFIG'"));
    // What has nothing to do with data is passed over; what waits does not.
    let mut h =
        load(&[&["SHUTDOWN"], &["SUBSCRIBE", "c"], &["BLPOP", "l", "0"], &["SET", "a", "1"]]).expect("good");
    assert_eq!(h.send("GET a").to_string(), r#""1""#);
    assert_eq!(h.send("INFO commandstats").to_string().matches("cmdstat_set").count(), 0);
}

/// Times are those of when it was done: a key that was given more time is there, whatever it had before.
#[test]
fn nothing_is_due_while_it_is_replayed() {
    let mut h = start();
    h.send("SET a 1 PX 1000");
    h.send("SET b 1 PX 1000");
    h.send("HSET h f v");
    h.send("HPEXPIRE h 1000 FIELDS 1 f");
    h.host.child_busy = false;
    h.send("BGREWRITEAOF");
    h.advance(200);
    h.send("PERSIST a");
    h.send("HPERSIST h FIELDS 1 f");
    h.send("APPEND b 2");
    let mut config = config();
    config.hz = 10;
    let mut later = Harness::with(config);
    later.host.files = h.host.files.clone();
    later.host.wall_us = h.host.wall_us + 5_000_000;
    later.engine.set_time(later.host.wall_us, later.host.mono_us);
    let engine::Engine { keyspace, server, registry } = &mut later.engine;
    engine::aof::begin(keyspace, server, &mut later.host).expect("good");
    while engine::aof::go_on(server) {
        engine::aof::load_step(keyspace, server, registry, &mut later.host, u64::MAX).expect("good");
    }
    engine::aof::opened(keyspace, server, &mut later.host).expect("good");
    assert_eq!(later.send("MGET a b").to_string(), r#"["1" nil]"#);
    assert_eq!(later.send("HGET h f").to_string(), r#""v""#);
}

#[test]
fn it_can_be_switched_on_and_off() {
    let mut h = Harness::new();
    fill(&mut h);
    h.host.child_busy = true;
    assert_eq!(h.send("CONFIG SET appendonly yes").to_string(), "+OK");
    h.send("SET during 1");
    assert!(!h.host.files.contains_key(MANIFEST), "nothing counts before the base is there");
    let temporary = "/data/appendonlydir/temp-appendonly.aof.incr";
    assert!(text(&h, temporary).contains("during"));
    h.host.child_busy = false;
    h.advance(200);
    h.send("SET after 1");
    assert!(!h.host.files.contains_key(temporary));
    let (before, mut again) = (digest(&mut h), again(&h));
    assert_eq!(digest(&mut again), before);
    assert_eq!(h.send("CONFIG SET appendonly no").to_string(), "+OK");
    let len = h.host.files[INCR].len();
    h.send("SET later 1");
    assert_eq!(h.host.files[INCR].len(), len);
    assert!(h.send("INFO persistence").to_string().contains("aof_enabled:0"));
}

#[test]
fn a_first_base_that_fails_is_tried_again() {
    let mut h = Harness::new();
    h.config("save", b"").expect("no rules");
    h.host.disk_full = true;
    h.send("CONFIG SET appendonly yes");
    h.advance(50);
    assert!(h.host.files.keys().all(|path| !path.contains("temp-")), "{:?}", h.host.files.keys());
    h.send("SET a 1");
    h.host.disk_full = false;
    h.advance(400);
    let (before, mut again) = (digest(&mut h), again(&h));
    assert_eq!(digest(&mut again), before, "{:?}", h.host.log);
    assert_eq!(again.send("GET a").to_string(), r#""1""#);
}

#[test]
fn a_snapshot_becomes_the_first_base_and_files_without_a_manifest_are_not_overwritten() {
    let mut h = Harness::new();
    fill(&mut h);
    h.send("SAVE");
    let (before, mut with_file) = (digest(&mut h), again(&h));
    assert_eq!(digest(&mut with_file), before);
    assert!(text(&with_file, MANIFEST).starts_with("file appendonly.aof.1.base.rdb seq 1 type b\n"));
    let mut files = with_file.host.files.clone();
    files.remove(MANIFEST);
    assert!(restart(config(), files).err().is_some_and(|why| why.contains("restore the manifest")));
}

#[test]
fn a_single_file_of_old_servers_is_taken_over() {
    let mut h = start();
    fill(&mut h);
    let mut files = Files::new();
    files.insert("/data/appendonly.aof".to_owned(), h.host.files[INCR].clone());
    let mut taken = restart(config(), files).expect("good");
    assert_eq!(digest(&mut taken), digest(&mut h));
    let expected = "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
    assert_eq!(text(&taken, MANIFEST), expected);
}

#[test]
fn large_files_are_rewritten_by_themselves() {
    let mut h = with(|config| config.auto_aof_rewrite_min_size = 10_000);
    for _ in 0..30 {
        h.send(&format!("SET a {}", "x".repeat(500)));
    }
    h.advance(500);
    let info = h.send("INFO persistence").to_string();
    assert!(info.contains("aof_rewrites:1"), "{info}");
    assert!(h.host.files.contains_key("/data/appendonlydir/appendonly.aof.2.incr.aof"));
}

#[test]
fn each_second_has_its_line() {
    let mut h = with(|config| config.aof_timestamp_enabled = true);
    h.send("SET a 1");
    h.send("SET a 2");
    h.advance(1000);
    h.send("SET a 3");
    assert_eq!(text(&h, INCR).matches("#TS:").count(), 2);
    assert!(text(&h, INCR).starts_with("#TS:1750000000\r\n"));
    assert_eq!(fed::requests(&h.host.files[INCR]).len(), 4);
    let mut again = again(&h);
    assert_eq!(again.send("GET a").to_string(), r#""3""#);
}

#[test]
fn waitaof_waits_for_the_disk() {
    let mut h = start();
    h.host.journal.slow = true;
    h.send("SET a 1");
    assert!(h.exchange(1, &["WAITAOF", "1", "0", "0"]).is_empty());
    assert!(h.client(2).send("INFO clients").to_string().contains("blocked_clients:1"));
    h.advance(600);
    assert!(h.received(1).is_empty(), "the sync goes on");
    h.host.end_sync();
    h.advance(1);
    assert_eq!(h.received(1)[0].to_string(), "[:1 :0]");
    h.send("SET a 2");
    assert!(h.exchange(1, &["WAITAOF", "1", "0", "100"]).is_empty());
    h.advance(200);
    assert_eq!(h.received(1)[0].to_string(), "[:0 :0]", "its time is up");
    h.exchange(1, &["WAITAOF", "1", "0", "0"]);
    assert_eq!(h.client(2).send("CONFIG SET appendonly no").to_string(), "+OK");
    assert!(h.received(1)[0].to_string().starts_with("-ERR WAITAOF cannot be used"));
}

#[test]
fn debug_loadaof_gives_the_same_dataset_and_keeps_it_if_the_files_are_bad() {
    let mut h = start();
    fill(&mut h);
    let before = digest(&mut h);
    assert_eq!(h.send("DEBUG LOADAOF").to_string(), "+OK");
    assert_eq!(digest(&mut h), before);
    h.send("SET a 1");
    let (before, mut again) = (digest(&mut h), again(&h));
    assert_eq!(digest(&mut again), before, "it goes on");
    let manifest = h.host.files[MANIFEST].clone();
    h.host.files.insert(INCR.to_owned(), b"nonsense".to_vec());
    assert!(h.send("DEBUG LOADAOF").to_string().starts_with("-ERR Error trying to load the AOF files"));
    assert_eq!(digest(&mut h), before);
    assert_eq!(h.host.files[MANIFEST], manifest);
}
