//! DEBUG: switches and looks inside, for developers and for test suites.
//!
//! Only where `enable-debug-command` allows it. Like the peers' it is one command, not a container: a subcommand that
//! nobody knows and one with too few words get the same answer. What the peers have for parts that do not exist here yet
//! (replicas, cluster) is unknown, too.

use std::time::Duration;

use engine::host::Level;
use engine::{Arity, Command, CommandError, Ctx, Flags, Group, Result};
use keyspace::{Access, Expire, Str, access, encoding};
use resp::{Protocol, reply};
use structures::table::Policy;

use super::config::{Extent, rewrite};
use super::debug_lists as lists;
use super::debug_tables as tables;
use super::digest;
use super::local::permitted;
use super::reload;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "DEBUG",
    summary: "Switches and looks inside, for developers.",
    group: Group::Server,
    complexity: "that of the subcommand",
    arity: Arity::AtLeast(2),
    flags: Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE).and(Flags::SYSTEM),
    reply: "as the subcommand has it",
    run: debug,
    ..Command::BLANK
}];

/// Word, fewest and most words with DEBUG and itself counted, body.
type Subcommand = (&'static str, usize, usize, engine::command::Body);

const SUBCOMMANDS: &[Subcommand] = &[
    ("AOF-FLUSH-SLEEP", 3, 3, |ctx| {
        ctx.server.aof.flush_sleep_us = u64::try_from(number_at(ctx, 2)).unwrap_or(0);
        ctx.ok()
    }),
    ("ASSERT", 2, 2, |_| panic!("DEBUG ASSERT: asked for by a client")),
    ("CLIENT-ENFORCE-REPLY-LIST", 3, 3, |ctx| ctx.ok()),
    ("CONFIG-REWRITE-FORCE-ALL", 2, 2, rewrite_all),
    ("DICT-RESIZING", 3, 3, dict_resizing),
    ("DIGEST", 2, 2, dataset_digest),
    ("DIGEST-VALUE", 2, usize::MAX, value_digests),
    ("ERROR", 3, 3, error),
    ("HELP", 2, 2, help),
    ("HTSTATS", 3, usize::MAX, tables::of_database),
    ("HTSTATS-KEY", 3, usize::MAX, tables::of_key),
    ("LISTPACK", 3, 3, lists::listpack),
    ("LOADAOF", 2, 2, |ctx| ctx.reload_aof()),
    ("LOG", 3, 3, log),
    ("OBJECT", 3, 4, object),
    ("PANIC", 2, 2, |_| panic!("DEBUG PANIC: asked for by a client")),
    ("PAUSE-CRON", 3, 3, |ctx| {
        ctx.server.debug.cron_paused = number_at(ctx, 2) != 0;
        ctx.ok()
    }),
    ("POPULATE", 3, 5, populate),
    ("PROTOCOL", 3, 3, protocol),
    ("QUICKLIST", 3, 4, lists::quicklist),
    ("QUICKLIST-PACKED-THRESHOLD", 3, 3, lists::packed_threshold),
    ("RELOAD", 2, usize::MAX, reload::reload),
    ("REPLYBUFFER", 4, 4, reply_buffer),
    ("SEGFAULT", 2, 2, |_| panic!("DEBUG SEGFAULT: asked for by a client")),
    ("SET-ACTIVE-EXPIRE", 3, 3, |ctx| {
        ctx.server.debug.active_expire = number_at(ctx, 2) != 0;
        ctx.ok()
    }),
    ("SET-SKIP-CHECKSUM-VALIDATION", 3, 3, |ctx| {
        ctx.server.debug.skip_checksums = number_at(ctx, 2) != 0;
        ctx.ok()
    }),
    ("SET-DISABLE-DENY-SCRIPTS", 3, 3, |ctx| {
        ctx.server.debug.all_in_scripts = number_at(ctx, 2) != 0;
        ctx.ok()
    }),
    ("SLEEP", 3, 3, sleep),
    ("STRINGMATCH-TEST", 2, 2, match_anything),
];

const NOT_ALLOWED: CommandError = CommandError::Line(concat!(
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local ",
    "connection, otherwise you need to set this option in the configuration file, and then restart the server."
));

fn debug(ctx: &mut Ctx<'_>) -> Result {
    if !permitted(ctx.server.config.enable_debug_command, ctx.client) {
        return Err(NOT_ALLOWED);
    }
    let words = ctx.argv.len();
    let body = SUBCOMMANDS
        .iter()
        .find(|(name, fewest, most, _)| ctx.is(1, name) && (*fewest..=*most).contains(&words));
    match body {
        Some((_, _, _, body)) => body(ctx),
        None => Err(unknown(ctx)),
    }
}

fn unknown(ctx: &Ctx<'_>) -> CommandError {
    let word = ctx.argv.at(1);
    let word = String::from_utf8_lossy(&word[..word.len().min(128)]);
    CommandError::told(format!(
        "ERR unknown subcommand or wrong number of arguments for '{word}'. Try DEBUG HELP."
    ))
}

/// The number a word begins with, 0 without one: switches are read as C's `atoi` reads them.
pub(super) fn number_at(ctx: &Ctx<'_>, index: usize) -> i64 {
    let text = ctx.argv.at(index).trim_ascii_start();
    let signs = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let digits = text.iter().skip(signs).take_while(|c| c.is_ascii_digit()).count();
    std::str::from_utf8(&text[..signs + digits]).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The whole server stands still, on purpose.
fn sleep(ctx: &mut Ctx<'_>) -> Result {
    let seconds = stdx::num::parse_f64(ctx.argv.at(2)).unwrap_or(0.0);
    if let Ok(time) = Duration::try_from_secs_f64(seconds) {
        ctx.host.sleep(time);
    }
    ctx.ok()
}

fn log(ctx: &mut Ctx<'_>) -> Result {
    let line = format!("DEBUG LOG: {}", String::from_utf8_lossy(ctx.argv.at(2)));
    ctx.host.log(Level::Warning, &line);
    ctx.ok()
}

/// A reply that looks like an error and is none: not counted as one either.
fn error(ctx: &mut Ctx<'_>) -> Result {
    resp::reply::error(ctx.client.out.buffer(), ctx.argv.at(2));
    Ok(())
}

fn rewrite_all(ctx: &mut Ctx<'_>) -> Result {
    rewrite(ctx, Extent::All)
        .map_err(|why| CommandError::told(format!("ERR {}", why.told("CONFIG-REWRITE-FORCE-ALL failed"))))?;
    ctx.ok()
}

fn dict_resizing(ctx: &mut Ctx<'_>) -> Result {
    let allowed = number_at(ctx, 2) != 0;
    ctx.server.debug.dict_resizing = allowed;
    for index in 0..ctx.keyspace.databases() {
        let policy = if allowed { Policy::Allow } else { Policy::Forbid };
        ctx.keyspace.db(index).db.set_resize(policy);
    }
    ctx.ok()
}

fn reply_buffer(ctx: &mut Ctx<'_>) -> Result {
    const PEAK_RESET_MS: i64 = 5000;
    if ctx.is(2, "PEAK-RESET-TIME") {
        let never = ctx.is(3, "NEVER");
        let reset = ctx.is(3, "RESET");
        ctx.server.debug.reply_buffer_peak_reset_ms = match (never, reset) {
            (true, _) => -1,
            (_, true) => PEAK_RESET_MS,
            _ => ctx.integer(3)?,
        };
    } else if ctx.is(2, "RESIZING") {
        ctx.server.debug.reply_buffer_resizing = number_at(ctx, 3) != 0;
    } else {
        return Err(unknown(ctx));
    }
    ctx.ok()
}

fn dataset_digest(ctx: &mut Ctx<'_>) -> Result {
    let hex = digest::of_dataset(ctx.keyspace).hex();
    ctx.client.out.simple(&hex);
    Ok(())
}

fn value_digests(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.array(ctx.argv.len() - 2);
    for name in ctx.argv.from(2).iter() {
        let key = ctx.keyspace.key(name);
        let entry = ctx.keyspace.look(ctx.client.db).table().get(key.bytes, key.hash);
        let digest = entry.map(|entry| digest::of_value(entry, ctx.keyspace.env.now_ms)).unwrap_or_default();
        ctx.client.out.simple(&digest.hex());
    }
    Ok(())
}

/// Makes keys `prefix:N` that are not there yet. Replicas are not told.
fn populate(ctx: &mut Ctx<'_>) -> Result {
    let count = positive(ctx, 2)?;
    let prefix = ctx.argv.get(3).unwrap_or(b"key");
    let size = if ctx.argv.len() > 4 { positive(ctx, 4)? } else { 0 };
    if size > ctx.server.config.proto_max_bulk_len {
        return Err(CommandError::StringTooLong);
    }
    for n in 0..count {
        let name = [prefix, format!(":{n}").as_bytes()].concat();
        let mut value = format!("value:{n}").into_bytes();
        if size > 0 {
            value.resize(usize::try_from(size).unwrap_or(usize::MAX), 0);
        }
        let key = ctx.keyspace.key(&name);
        let mut db = ctx.keyspace.db(ctx.client.db);
        if !db.has(key) {
            db.set_str(key, &value, Expire::Clear);
        }
    }
    ctx.ok()
}

fn positive(ctx: &Ctx<'_>, index: usize) -> Result<u64> {
    let number = stdx::num::parse_i64(ctx.argv.at(index)).and_then(|n| u64::try_from(n).ok());
    number.ok_or(CommandError::Line("ERR value is out of range, must be positive"))
}

/// One line about a key. Expiry is not looked at, and nothing is touched.
fn object(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(2);
    let entry =
        ctx.keyspace.look(ctx.client.db).table().get(key.bytes, key.hash).ok_or(CommandError::NoSuchKey)?;
    let fast = ctx.argv.len() > 3 && ctx.is(3, "FAST");
    let length = if fast { String::new() } else { format!(" serializedlength:{}", serialized_length(entry)) };
    let (bits, now_ms) = (entry.access(), ctx.now_ms());
    let used = match ctx.keyspace.env.access {
        Access::Lru => format!("lru:{bits} lru_seconds_idle:{}", access::idle_seconds(bits, now_ms)),
        Access::Lfu => {
            let counter = ctx.keyspace.env.lfu.counter(bits, now_ms);
            format!("lfu_freq:{counter} lfu_access_time_minutes:{}", bits >> 8)
        }
    };
    let (encoding, nodes) = (encoding(entry), lists::facts(entry, fast));
    let line = format!("Value at:{entry:p} refcount:1 encoding:{encoding}{length} {used}{nodes}");
    ctx.client.out.simple(&line);
    Ok(())
}

/// The bytes a string takes in a snapshot, without compression: integers in 2, 3 or 5 bytes, others after their length.
fn serialized_length(entry: &keyspace::Entry<keyspace::Value>) -> usize {
    let Ok(string) = Str::of(entry) else { return 0 };
    if let Str::Int(int) = string {
        match int {
            -0x80..=0x7f => return 2,
            -0x8000..=0x7fff => return 3,
            -0x8000_0000..=0x7fff_ffff => return 5,
            _ => {}
        }
    }
    let prefix = match string.len() {
        0..=0x3f => 1,
        0x40..=0x3fff => 2,
        0x4000..=0xffff_ffff => 5,
        _ => 9,
    };
    prefix + string.len()
}

/// Patterns and texts at random, of few letters so that they meet: the matcher must come to an end on each.
fn match_anything(ctx: &mut Ctx<'_>) -> Result {
    const LETTERS: &[u8] = b"ab*?[]^-\\\0";
    let rng = &mut ctx.keyspace.env.rng;
    for _ in 0..MATCHES {
        let mut word = || -> Vec<u8> {
            let length = rng.usize(..24);
            (0..length).map(|_| LETTERS[rng.usize(..LETTERS.len())]).collect()
        };
        std::hint::black_box(stdx::glob::matches(&word(), &word(), false));
    }
    ctx.client.out.simple("Apparently the server did not crash: test passed");
    Ok(())
}

const MATCHES: u32 = 100_000;

/// A sample of each type of reply, for those who write clients.
fn protocol(ctx: &mut Ctx<'_>) -> Result {
    let out = &mut ctx.client.out;
    let protocol = out.protocol;
    match ctx.argv.at(2).to_ascii_lowercase().as_slice() {
        b"string" => out.text("Hello World"),
        b"integer" => out.integer(12345),
        b"double" => out.double(3141.0 / 1000.0),
        b"bignum" => reply::big_number(out.buffer(), b"1234567999999999999999999999999999999", protocol),
        b"null" => out.null(),
        b"array" => {
            out.array(3);
            (0..3).for_each(|n| out.integer(n));
        }
        b"set" => {
            out.set(3);
            (0..3).for_each(|n| out.integer(n));
        }
        b"map" => {
            out.map(3);
            for n in 0..3 {
                out.integer(n);
                out.boolean(n == 1);
            }
        }
        b"attrib" => {
            if protocol == Protocol::Resp3 {
                reply::attribute(out.buffer(), 1);
                out.text("key-popularity");
                out.array(2);
                out.text("key:123");
                out.integer(90);
            }
            out.text("Some real reply following the attribute");
        }
        b"push" if protocol == Protocol::Resp2 => {
            return Err(CommandError::Line("ERR RESP2 is not supported by this command"));
        }
        b"push" => {
            // The reply first: a push may not stand where the reply is waited for.
            out.text("Some real reply following the push reply");
            out.push(2);
            out.text("server-cpu-usage");
            out.integer(42);
        }
        b"verbatim" => out.verbatim("This is a verbatim\nstring"),
        b"true" => out.boolean(true),
        b"false" => out.boolean(false),
        _ => {
            return Err(CommandError::Line(concat!(
                "ERR Wrong protocol type name. Please use one of the following: ",
                "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
            )));
        }
    }
    Ok(())
}

fn help(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.lines(HELP);
    Ok(())
}

const HELP: &[&str] = &[
    "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "AOF-FLUSH-SLEEP <us>",
    "    Waits so long before it appends to the append-only file.",
    "ASSERT, PANIC, SEGFAULT",
    "    Ends the server as a bug would.",
    "CLIENT-ENFORCE-REPLY-LIST <0|1>",
    "    Accepted; there is only one kind of reply buffer here.",
    "CONFIG-REWRITE-FORCE-ALL",
    "    CONFIG REWRITE with all parameters, whether changed or not.",
    "DICT-RESIZING <0|1>",
    "    Whether the tables of keys may change their size.",
    "DIGEST",
    "    Shows 40 digits that stand for the whole dataset.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    The same for single values.",
    "ERROR <line>",
    "    Answers with this error.",
    "HTSTATS <db> [full]",
    "    Shows how a database's table is filled.",
    "HTSTATS-KEY <key> [full]",
    "    The same for the table inside of a set, a hash or a sorted set.",
    "LISTPACK <key>",
    "    Writes what a listpack holds to the log.",
    "LOADAOF",
    "    Loads the dataset from the append-only file.",
    "LOG <message>",
    "    Writes a line to the log.",
    "OBJECT <key> [fast]",
    "    Shows what is known about a key and its value.",
    "PAUSE-CRON <0|1>",
    "    Stops what is done periodically.",
    "POPULATE <count> [<prefix>] [<size>]",
    "    Makes keys <prefix>:<n> (prefix: key) with values of <size> bytes.",
    "PROTOCOL <type>",
    "    Answers a sample: string, integer, double, bignum, null, array, set, map, attrib, push, verbatim, true, false.",
    "QUICKLIST <key> [<0|1>]",
    "    Writes the nodes of a quicklist to the log, with 1 what they hold, too.",
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "    From how many bytes on an element of a quicklist gets a node of its own; 0: from more than fit into one.",
    "RELOAD [NOSAVE] [NOFLUSH] [MERGE]",
    "    Saves a snapshot, empties the dataset and loads it again. NOSAVE: loads the one that is there. NOFLUSH: adds to",
    "    what is there. MERGE: keys that are there already are replaced.",
    "REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|ms>",
    "    After how long the peak of a client's replies is forgotten.",
    "REPLYBUFFER RESIZING <0|1>",
    "    Whether reply buffers change their size.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Whether expired keys are removed that nobody asks for.",
    "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
    "    Whether checksums of snapshots and payloads are compared.",
    "SET-DISABLE-DENY-SCRIPTS <0|1>",
    "    Let scripts call commands that are not meant for them.",
    "SLEEP <seconds>",
    "    Stops the whole server for a while.",
    "STRINGMATCH-TEST",
    "    Matches many patterns and texts at random.",
    "HELP",
    "    Shows these lines.",
];

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn digests_do_not_depend_on_the_order() {
        check(
            r#"
            > DEBUG DIGEST
            +0000000000000000000000000000000000000000
            > SET a 1
            +OK
            > DEBUG DIGEST
            +943d800368fb9c0e951138f1bc0e313ac769d91f
            > DEBUG DIGEST-VALUE a nosuch
            [+b4fc66738120fba0b5aa500ab5c2bf89cea1c5da +0000000000000000000000000000000000000000]
            "#,
        );
    }

    #[test]
    fn populate_makes_what_is_missing() {
        check(
            r#"
            > SET key:1 mine
            +OK
            > DEBUG POPULATE 3
            +OK
            > GET key:0
            "value:0"
            > GET key:1
            "mine"
            > DEBUG POPULATE 1 x 10
            +OK
            > GET x:0
            "value:0\x00\x00\x00"
            > DEBUG POPULATE -1
            -ERR value is out of range, must be positive
            "#,
        );
    }

    #[test]
    fn unknown_words_and_wrong_counts_get_the_same_answer() {
        check(
            r#"
            > DEBUG nosuch
            -ERR unknown subcommand or wrong number of arguments for 'nosuch'. Try DEBUG HELP.
            > DEBUG SLEEP
            -ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.
            > DEBUG HTSTATS 99
            -ERR Out of range database
            > DEBUG OBJECT nosuch
            -ERR no such key
            > DEBUG REPLYBUFFER PEAK-RESET-TIME x
            -ERR value is not an integer or out of range
            "#,
        );
    }

    #[test]
    fn samples_of_replies() {
        check(
            r#"
            > DEBUG PROTOCOL map
            [:0 :0 :1 :1 :2 :0]
            > DEBUG PROTOCOL double
            "3.141"
            > DEBUG PROTOCOL push
            -ERR RESP2 is not supported by this command
            > DEBUG ERROR "FOO bar"
            -FOO bar
            > HELLO 3
            *
            > DEBUG PROTOCOL map
            {:0 #f :1 #t :2 #f}
            > DEBUG PROTOCOL set
            ~[:0 :1 :2]
            > DEBUG PROTOCOL double
            ,3.141
            > DEBUG PROTOCOL bignum
            (1234567999999999999999999999999999999
            > DEBUG PROTOCOL verbatim
            txt"This is a verbatim\nstring"
            > DEBUG PROTOCOL true
            #t
            > DEBUG HTSTATS 3
            txt"[Dictionary HT]\n[Expires HT]\n"
            "#,
        );
    }

    #[test]
    fn nobody_may_unless_the_configuration_says_so() {
        let mut harness = testkit::Harness::with(config::Config::default());
        let refused = "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", \
                       you can run it from a local connection, otherwise you need to set this option in the \
                       configuration file, and then restart the server.";
        assert_eq!(harness.send("DEBUG SLEEP 0").to_string(), refused);
    }

    #[test]
    fn an_error_asked_for_is_not_counted() {
        check(
            r##"
            > CONFIG RESETSTAT
            +OK
            > DEBUG ERROR "FOO bar"
            -FOO bar
            > DEBUG ERROR "two\r\nlines"
            -two  lines
            > INFO errorstats
            "# Errorstats\r\n"
            > NOSUCH
            *
            > INFO errorstats
            "# Errorstats\r\nerrorstat_ERR:count=1\r\n"
            "##,
        );
    }

    #[test]
    fn a_time_to_live_counts_but_not_which() {
        let mut harness = testkit::Harness::new();
        harness.send("SET a 1");
        let key = harness.engine.keyspace.key(b"a");
        harness.engine.keyspace.db(0).set_expire(key, Some(i64::MAX));
        let digest = harness.send("DEBUG DIGEST-VALUE a").to_string();
        assert_eq!(digest, "[+5279988c5d1911f474bcbbf2f0a87012d40f8459]");
    }

    #[test]
    fn digests_of_hashes_and_streams_are_the_peers() {
        check(
            r#"
            > HSET h f v g 1
            :2
            > XADD x 1-1 f v g w
            "1-1"
            > XADD x 2-1 f v g 3
            "2-1"
            > DEBUG DIGEST-VALUE h x
            [+6679ee22f89ed8001eeb5309d0900265ea56c03a +d6fd51045a0032eb743e811a2eb9445787368230]
            > HPEXPIRE h 1 FIELDS 1 f
            [:1]
            ! wait 20
            > DEBUG DIGEST-VALUE h
            [+5557724cf5c47c1545dece3efad5afecec9ad7b9]
            "#,
        );
    }

    #[test]
    fn patterns_at_random_are_matched_to_an_end() {
        check(
            r#"
            # only here: the peers take seconds
            > DEBUG STRINGMATCH-TEST
            +Apparently the server did not crash: test passed
            > DEBUG STRINGMATCH-TEST x
            -ERR unknown subcommand or wrong number of arguments for 'STRINGMATCH-TEST'. Try DEBUG HELP.
            "#,
        );
    }

    #[test]
    fn what_is_told_of_use_depends_on_the_policy() {
        let mut harness = testkit::Harness::new();
        harness.send("SET a b");
        let told = harness.send("DEBUG OBJECT a").to_string();
        assert!(told.contains(" serializedlength:2 lru:") && told.contains(" lru_seconds_idle:0"), "{told}");
        harness.send("CONFIG SET maxmemory-policy allkeys-lfu");
        harness.send("SET b b");
        let told = harness.send("DEBUG OBJECT b fast").to_string();
        assert!(told.contains(" encoding:embstr lfu_freq:5 lfu_access_time_minutes:"), "{told}");
    }
}
