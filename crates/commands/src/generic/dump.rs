//! DUMP and RESTORE: a value as bytes, and back.
//!
//! The payload is decoded, checksum first, before anything is changed: a damaged one leaves the key as it was.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result, snapshot};
use keyspace::{Access, Key, Lfu, access};
use persist::{Refused, Trust};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "DUMP",
        summary: "Answers the value of a key as bytes that RESTORE takes.",
        since: "2.6.0",
        arity: Arity::Exactly(2),
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        args: &[Arg::key("key")],
        reply: "the bytes, or nil without the key",
        complexity: "O(N) for a value of N bytes",
        tips: &["nondeterministic_output"],
        run: dump,
        ..Command::BLANK
    },
    Command { name: "RESTORE", summary: "Makes a key of what DUMP answered.", ..RESTORE },
    Command {
        name: "RESTORE-ASKING",
        summary: "RESTORE of a key whose slot is moving here.",
        since: "3.0.0",
        group: Group::Server,
        flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::ASKING).and(Flags::SYSTEM),
        acl: &["keyspace", "dangerous"],
        ..RESTORE
    },
];

const RESTORE: Command = Command {
    since: "2.6.0",
    arity: Arity::AtLeast(4),
    flags: Flags::WRITE.and(Flags::DENYOOM),
    acl: &["dangerous"],
    keys: &[KeySpec::at(1).ow().update()],
    args: &[
        Arg::key("key"),
        Arg::integer("ttl"),
        Arg::string("serialized-value"),
        Arg::word("replace", "REPLACE").since("3.0.0").optional(),
        Arg::word("absttl", "ABSTTL").since("5.0.0").optional(),
        Arg::integer("seconds").token("IDLETIME").since("5.0.0").optional(),
        Arg::integer("frequency").token("FREQ").since("5.0.0").optional(),
    ],
    reply: "OK",
    complexity: "O(N) for a payload of N bytes; O(N log N) for sorted sets",
    history: &[("3.0.0", "`REPLACE`."), ("5.0.0", "`ABSTTL`."), ("5.0.0", "`IDLETIME` and `FREQ`.")],
    run: restore,
    ..Command::BLANK
};

fn dump(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let settings = snapshot::settings(&ctx.server.config);
    match ctx.keyspace.db(ctx.client.db).read(key) {
        Some(entry) => ctx.client.out.bulk(&persist::dump(entry, settings)),
        None => ctx.client.out.null(),
    }
    Ok(())
}

#[derive(Default)]
struct Options {
    replace: bool,
    absolute: bool,
    /// Seconds since the last use.
    idle_s: Option<u64>,
    frequency: Option<u8>,
}

fn restore(ctx: &mut Ctx<'_>) -> Result {
    let options = options(ctx)?;
    let key = ctx.key(1);
    if !options.replace && ctx.db().has(key) {
        return Err(CommandError::Line("BUSYKEY Target key name already exists."));
    }
    let ttl = ctx.integer(2)?;
    if ttl < 0 {
        return Err(CommandError::Line("ERR Invalid TTL value, must be >= 0"));
    }
    let value = decoded(ctx)?;
    let replaced = if options.replace { ctx.db().remove(key) } else { None };
    let was_there = replaced.is_some();
    if let Some(entry) = replaced {
        let lazy = ctx.server.config.lazyfree_lazy_server_del;
        ctx.free(entry, lazy);
    }
    let now = ctx.now_ms();
    let expire = match (ttl, options.absolute) {
        (0, _) => None,
        (at, true) => Some(at),
        (ttl, false) => Some(ttl.saturating_add(ctx.clock_ms())),
    };
    if expire.is_some_and(|at| at <= now) {
        dead_on_arrival(ctx, key, was_there);
        return ctx.ok();
    }
    let db = ctx.client.db;
    value.store(ctx.keyspace.db(db), key, expire);
    set_access(ctx, key, &options);
    ctx.changed(key.bytes, Class::Generic, "restore");
    if let (Some(at), false) = (expire, options.absolute) {
        propagate_absolute(ctx, at);
    }
    ctx.ok()
}

fn options(ctx: &Ctx<'_>) -> Result<Options> {
    let (mut options, mut at) = (Options::default(), 4);
    while at < ctx.argv.len() {
        let more = at + 1 < ctx.argv.len();
        if ctx.is(at, "REPLACE") {
            options.replace = true;
        } else if ctx.is(at, "ABSTTL") {
            options.absolute = true;
        } else if ctx.is(at, "IDLETIME") && more && options.frequency.is_none() {
            at += 1;
            let idle = u64::try_from(ctx.integer(at)?)
                .map_err(|_| CommandError::Line("ERR Invalid IDLETIME value, must be >= 0"))?;
            options.idle_s = Some(idle);
        } else if ctx.is(at, "FREQ") && more && options.idle_s.is_none() {
            at += 1;
            let frequency = u8::try_from(ctx.integer(at)?)
                .map_err(|_| CommandError::Line("ERR Invalid FREQ value, must be >= 0 and <= 255"))?;
            options.frequency = Some(frequency);
        } else {
            return Err(CommandError::Syntax);
        }
        at += 1;
    }
    Ok(options)
}

/// The value of the payload.
fn decoded(ctx: &mut Ctx<'_>) -> Result<persist::Loaded> {
    let config = &ctx.server.config;
    let trust = Trust {
        any_version: snapshot::takes_any_version(config),
        checksum: !ctx.server.debug.skip_checksums,
        // Whatever `sanitize-dump-payload` says: a client may have made the payload, checksum and all.
        check_duplicates: true,
    };
    let payload = ctx.argv.at(3);
    persist::restore(payload, &ctx.keyspace.env, trust).map_err(|refused| match refused {
        Refused::Footer => CommandError::Line("ERR DUMP payload version or checksum are wrong"),
        Refused::Value(error) => {
            ctx.host.log(engine::host::Level::Verbose, &format!("RESTORE: {error}"));
            CommandError::Line("ERR Bad data format")
        }
    })
}

/// The time to live is over before it begins: what the key held goes, and nothing takes its place.
fn dead_on_arrival(ctx: &mut Ctx<'_>, key: Key<'_>, was_there: bool) {
    if was_there {
        ctx.changed(key.bytes, Class::Generic, "del");
        ctx.propagate_instead(&[b"DEL", key.bytes]);
    }
}

/// IDLETIME and FREQ count if the policy asks for what they tell.
fn set_access(ctx: &mut Ctx<'_>, key: Key<'_>, options: &Options) {
    let now = ctx.clock_ms();
    let bits = match ctx.keyspace.env.access {
        Access::Lru => options.idle_s.map(|idle| access::lru_idle_for(idle, now)),
        Access::Lfu => options.frequency.map(|counter| Lfu::with_counter(counter, now)),
    };
    if let Some(bits) = bits
        && let Some(entry) = ctx.keyspace.look(ctx.client.db).table().get(key.bytes, key.hash)
    {
        entry.set_access(bits);
    }
}

/// Who follows must not count the time to live from when it hears of it.
fn propagate_absolute(ctx: &mut Ctx<'_>, at: i64) {
    let mut digits = Vec::new();
    stdx::num::write_i64(&mut digits, at);
    let mut words: Vec<&[u8]> = ctx.argv.iter().collect();
    words[2] = &digits;
    words.push(b"ABSTTL");
    ctx.propagate_instead(&words);
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    const HELLO: &str = r#""\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83""#;

    #[test]
    fn a_string_there_and_back() {
        check(
            r#"
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83"
            +OK
            > GET a
            "hello"
            > TTL a
            :-1
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83"
            -BUSYKEY Target key name already exists.
            > RESTORE a 5000 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" REPLACE
            +OK
            > TTL a
            :5
            > RESTORE a 5000000000000 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" replace absttl
            +OK
            > PEXPIRETIME a
            :5000000000000
            > RESTORE a 1 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" REPLACE ABSTTL
            +OK
            > EXISTS a
            :0
            > RESTORE a 1 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" ABSTTL
            +OK
            > EXISTS a
            :0
            > DUMP a
            nil
            "#,
        );
    }

    /// Not played against peers: their version is another one.
    #[test]
    fn the_version_is_that_of_the_parameter() {
        check(&format!(
            r#"
            > SET a hello
            +OK
            > DUMP a
            {HELLO}
            > CONFIG SET rdb-version 80
            +OK
            > DUMP a
            "\x00\x05helloP\x00\xacX\x16\xe7\xfbfG\xfe"
            > CONFIG SET rdb-version 12
            +OK
            > DUMP a
            "\x00\x05hello\x0c\x00\xa8\x04\xeb\xb6\x9f\x1e\xbeC"
            "#
        ));
    }

    #[test]
    fn wrong_arguments() {
        check(
            r#"
            > RESTORE a 0 x
            -ERR DUMP payload version or checksum are wrong
            > RESTORE a 0 ""
            -ERR DUMP payload version or checksum are wrong
            > RESTORE a x "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83"
            -ERR value is not an integer or out of range
            > RESTORE a -1 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83"
            -ERR Invalid TTL value, must be >= 0
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" IDLETIME -1
            -ERR Invalid IDLETIME value, must be >= 0
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" FREQ 256
            -ERR Invalid FREQ value, must be >= 0 and <= 255
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" FREQ x
            -ERR value is not an integer or out of range
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" FREQ 1 IDLETIME 1
            -ERR syntax error
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" IDLETIME
            -ERR syntax error
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" NONSENSE
            -ERR syntax error
            > RESTORE a 0
            -ERR wrong number of arguments for 'restore' command
            > DUMP
            -ERR wrong number of arguments for 'dump' command
            > EXISTS a
            :0
            "#,
        );
    }

    #[test]
    fn what_is_known_of_the_use_of_a_key_comes_along() {
        check(
            r#"
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" IDLETIME 1000
            +OK
            > OBJECT IDLETIME a
            :1000
            > CONFIG SET maxmemory-policy allkeys-lfu
            +OK
            > RESTORE a 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" FREQ 100 REPLACE
            +OK
            > OBJECT FREQ a
            :100
            > RESTORE-ASKING b 0 "\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83" IDLETIME 9
            +OK
            > OBJECT FREQ b
            :5
            "#,
        );
    }

    /// What Valkey 9.1.2 answered to DUMP of a hash with an expire.
    #[test]
    fn hashes_with_expires_of_valkey() {
        check(
            r#"
            > RESTORE h 0 "\x16\x02\x01f\x01vk\x91\xc9\xfe\xa1\x01\x00\x00\x01g\x01w\xff\xff\xff\xff\xff\xff\xff\xffP\x00E\x16\xc6\xb3\xf6\x8c\xafs"
            +OK
            > HPEXPIRETIME h FIELDS 2 f g
            [:1795275985259 :-1]
            "#,
        );
    }

    /// What Redis 8.0.6 answered, which Valkey does not take.
    #[test]
    fn hashes_with_expires_of_redis() {
        let mut harness = Harness::new();
        for (request, reply) in [
            (
                r#"RESTORE r 0 "\x19\xb9\x91\xc9\xfe\xa1\x01\x00\x00\x1f\x1f\x00\x00\x00\x06\x00\x81f\x02\x81v\x02\xf4\xb9\x91\xc9\xfe\xa1\x01\x00\x00\x09\x81g\x02\x81w\x02\x00\x01\xff\x0c\x00M\xba}\xfb\x17\x1d\xac\xec""#,
                "+OK",
            ),
            (r#"HPEXPIRETIME r FIELDS 2 f g"#, "[:1795275985337 :-1]"),
            (
                r#"RESTORE t 0 "\x18\x07\x92\xc9\xfe\xa1\x01\x00\x00\x03\x80\x00\x98\x96\x93\x01b\xc0\x02\x00\x01c\xc0\x03\x01\x01a\xc0\x01\x0c\x00\xc9\x7f\xb5o\xe3}\x9c\xde""#,
                "+OK",
            ),
            (r#"HPEXPIRETIME t FIELDS 3 a b c"#, "[:1795275985415 :1795285985433 :-1]"),
        ] {
            assert_eq!(harness.send(request).to_string(), reply);
        }
    }

    #[test]
    fn a_payload_with_one_byte_changed_is_refused_and_changes_nothing() {
        let mut harness = Harness::new();
        harness.send("RPUSH l a b 1 2 3");
        let testkit::Value::Bulk(good) = harness.send("DUMP l") else { panic!("no payload") };
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let words: [&[u8]; 5] = [b"RESTORE", b"l", b"0", &bad, b"REPLACE"];
            let reply = harness.exchange(1, &words);
            assert_eq!(reply[0].to_string(), "-ERR DUMP payload version or checksum are wrong");
        }
        assert_eq!(harness.send("LRANGE l 0 -1").to_string(), r#"["a" "b" "1" "2" "3"]"#);
    }
}
