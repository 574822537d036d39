//! Clients that wait for keys, with commands of our own that do nothing but wait, make keys and take them.
//!
//! `PUT key value` puts a list under a key (its type is all that matters here), `PUTZ` a sorted set, `ADD` something
//! to a list that is there, so that nothing is made. `TAKE key… seconds` answers with the first of the keys that
//! holds a list, and removes it; `PASS from to seconds` gives a list to another key. `READ key any|$ ms` answers with a
//! list, or with what is made or added to from now on; `MIND key ms` waits until a list is "enough" or gone.

use engine::outcome::Class;
use engine::{Arity, Command, CommandError, Ctx, Flags, Gate, KeySpec, Result, Wait};
use keyspace::{EntryBox, Key, Type, Value, ValueRef};
use structures::entry::NewValue;
use testkit::Harness;

static COMMANDS: &[Command] = &[
    Command { name: "PUT", run: |ctx| put(ctx, Type::List), ..WRITES },
    Command { name: "PUTZ", run: |ctx| put(ctx, Type::SortedSet), ..WRITES },
    Command { name: "ADD", arity: Arity::Exactly(2), run: add, ..WRITES },
    Command { name: "TAKE", arity: Arity::AtLeast(3), run: take, ..WAITS },
    Command { name: "PASS", arity: Arity::Exactly(4), run: pass, ..WAITS },
    Command { name: "READ", arity: Arity::Exactly(4), run: read, ..WAITS },
    Command { name: "MIND", arity: Arity::Exactly(3), run: mind, ..WAITS },
];

const WRITES: Command = Command {
    arity: Arity::Exactly(3),
    flags: Flags::WRITE.and(Flags::DENYOOM),
    keys: &[KeySpec::at(1)],
    ..Command::BLANK
};
const WAITS: Command = Command { flags: Flags::WRITE.and(Flags::BLOCKING), ..WRITES };

fn store(ctx: &mut Ctx<'_>, key: Key<'_>, kind: Type, bytes: &[u8]) {
    let value = Box::new(Value::Bytes(bytes.to_vec()));
    ctx.db().put(key, NewValue::Boxed { type_bits: kind as u8, value }, None);
    ctx.changed(key.bytes, Class::List, "put");
}

fn put(ctx: &mut Ctx<'_>, kind: Type) -> Result {
    let (key, value) = (ctx.key(1), ctx.argv.at(2));
    store(ctx, key, kind, value);
    ctx.ok()
}

fn add(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    if ctx.db().write(key).is_none() {
        return Err(CommandError::NoSuchKey);
    }
    ctx.changed(key.bytes, Class::List, "add");
    ctx.ready(key.bytes);
    ctx.ok()
}

/// The list under a key, if there is one.
fn list(ctx: &mut Ctx<'_>, key: Key<'_>) -> Result<Option<Vec<u8>>> {
    let Some(entry) = ctx.db().write(key) else { return Ok(None) };
    match (Type::of(entry), entry.value()) {
        (Type::List, ValueRef::Boxed(Value::Bytes(bytes))) => Ok(Some(bytes.clone())),
        _ => Err(CommandError::WrongType),
    }
}

fn remove(ctx: &mut Ctx<'_>, key: Key<'_>) {
    let _: Option<EntryBox<Value>> = ctx.db().remove(key);
    ctx.changed(key.bytes, Class::Generic, "del");
}

fn take(ctx: &mut Ctx<'_>) -> Result {
    let last = ctx.argv.len() - 1;
    let timeout = ctx.timeout_seconds(last)?;
    for index in 1..last {
        let key = ctx.key(index);
        let Some(value) = list(ctx, key)? else { continue };
        remove(ctx, key);
        ctx.client.out.array(2);
        ctx.client.out.bulk(key.bytes);
        return ctx.bulk(&value);
    }
    ctx.block(Wait::for_keys(1..last, Type::List, timeout))
}

fn pass(ctx: &mut Ctx<'_>) -> Result {
    let timeout = ctx.timeout_seconds(3)?;
    let (from, to) = (ctx.key(1), ctx.key(2));
    if let Some(value) = list(ctx, from)? {
        remove(ctx, from);
        store(ctx, to, Type::List, &value);
        return ctx.bulk(&value);
    }
    ctx.block(Wait::for_keys(1..2, Type::List, timeout))
}

/// `$` means "not what is there now". That would never come true if it were read again.
fn read(ctx: &mut Ctx<'_>) -> Result {
    let timeout = ctx.timeout_ms(3)?;
    let key = ctx.key(1);
    match list(ctx, key)? {
        Some(value) if !ctx.is(2, "$") => ctx.bulk(&value),
        _ if !ctx.may_block() => ctx.null(),
        _ => ctx.block(Wait::for_keys(1..2, Type::List, timeout).with_words(&[(2, b"any")])),
    }
}

fn mind(ctx: &mut Ctx<'_>) -> Result {
    let timeout = ctx.timeout_ms(2)?;
    let key = ctx.key(1);
    match list(ctx, key)? {
        Some(value) if value == b"enough" => ctx.bulk(&value),
        Some(_) => ctx.block(Wait::for_keys(1..2, Type::List, timeout).or_gone()),
        None => Err(CommandError::Line("GONE there is no such key")),
    }
}

fn harness() -> Harness {
    Harness::with_commands(&[COMMANDS])
}

/// Sends a line from a client that is not answered now.
#[track_caller]
fn waits(h: &mut Harness, client: usize, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let replies = h.exchange(client, &words);
    assert!(replies.is_empty(), "{line}: {replies:?}");
}

#[track_caller]
fn is_told(h: &mut Harness, client: usize, expected: &[&str]) {
    let told: Vec<String> = h.received(client).iter().map(ToString::to_string).collect();
    assert_eq!(told, expected, "client {client}");
    h.engine.server.blocked.verify(&h.engine.server);
}

fn info(h: &mut Harness, section: &str, field: &str) -> String {
    let text = h.client(99).send(&format!("INFO {section}")).to_string();
    let from = text.find(&format!("{field}:")).unwrap_or_else(|| panic!("{field} in {text}"));
    text[from + field.len() + 1..].split('\\').next().unwrap_or_default().to_owned()
}

#[test]
fn first_come_first_served_and_one_value_serves_one() {
    let mut h = harness();
    for client in [2, 3, 4] {
        waits(&mut h, client, "TAKE a b 0");
    }
    assert_eq!(h.send("PUT b one").to_string(), "+OK");
    is_told(&mut h, 2, &["[\"b\" \"one\"]"]);
    is_told(&mut h, 3, &[]);
    assert_eq!(h.send("EXISTS b").to_string(), ":0", "it was served before the next request");
    h.send("PUT a two");
    h.send("PUT a three");
    is_told(&mut h, 3, &["[\"a\" \"two\"]"]);
    is_told(&mut h, 4, &["[\"a\" \"three\"]"]);
    h.send("PUT a four");
    assert_eq!(h.send("TAKE a 0").to_string(), "[\"a\" \"four\"]");
    assert!(!h.engine.keyspace.env.tell_made);
}

#[test]
fn the_next_requests_of_who_waits_are_kept() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a 0");
    waits(&mut h, 2, "PING");
    waits(&mut h, 2, "TAKE a 0");
    waits(&mut h, 2, "PING last");
    h.send("PUT a one");
    is_told(&mut h, 2, &["[\"a\" \"one\"]", "+PONG"]);
    h.send("PUT a two");
    is_told(&mut h, 2, &["[\"a\" \"two\"]", "\"last\""]);
}

#[test]
fn other_types_serve_nobody_and_keep_nobody_from_being_served() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a 0");
    h.send("PUTZ a z");
    h.send("SET b c");
    is_told(&mut h, 2, &[]);
    h.send("DEL a");
    h.send("PUT a one");
    is_told(&mut h, 2, &["[\"a\" \"one\"]"]);
    h.send("SET s text");
    assert_eq!(
        h.client(2).send("TAKE s a 0").to_string(),
        "-WRONGTYPE Operation against a key holding the wrong kind of value"
    );
}

#[test]
fn every_way_a_key_may_come_serves() {
    let mut h = harness();
    for line in ["RENAME other a", "COPY other a", "MOVE a 0", "SWAPDB 0 1", "SWAPDB 1 0"] {
        waits(&mut h, 2, "TAKE a 0");
        let elsewhere = line.starts_with("MOVE") || line.starts_with("SWAPDB");
        h.send(if elsewhere { "SELECT 1" } else { "SELECT 0" });
        h.send(if elsewhere { "PUT a one" } else { "PUT other one" });
        is_told(&mut h, 2, &[]);
        h.send(line);
        is_told(&mut h, 2, &["[\"a\" \"one\"]"]);
        h.send("FLUSHALL");
    }
}

#[test]
fn keys_are_those_of_the_database() {
    let mut h = harness();
    h.client(2).send("SELECT 1");
    waits(&mut h, 2, "TAKE a 0");
    h.send("PUT a zero");
    is_told(&mut h, 2, &[]);
    h.send("MOVE a 1");
    is_told(&mut h, 2, &["[\"a\" \"zero\"]"]);
}

#[test]
fn what_serving_makes_ready_is_served_too() {
    let mut h = harness();
    waits(&mut h, 2, "PASS a b 0");
    waits(&mut h, 3, "PASS b c 0");
    waits(&mut h, 4, "TAKE c 0");
    h.send("PUT a one");
    is_told(&mut h, 2, &["\"one\""]);
    is_told(&mut h, 3, &["\"one\""]);
    is_told(&mut h, 4, &["[\"c\" \"one\"]"]);
    assert_eq!(h.send("DBSIZE").to_string(), ":0");
}

#[test]
fn two_that_pass_to_each_other_come_to_an_end() {
    let mut h = harness();
    waits(&mut h, 2, "PASS a b 0");
    waits(&mut h, 3, "PASS b a 0");
    waits(&mut h, 4, "PASS a a 0");
    h.send("PUT a one");
    is_told(&mut h, 2, &["\"one\""]);
    is_told(&mut h, 3, &["\"one\""]);
    is_told(&mut h, 4, &["\"one\""]);
    assert_eq!(h.send("EXISTS a").to_string(), ":1");
}

#[test]
fn a_transaction_serves_when_it_has_ended() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a 0");
    waits(&mut h, 3, "TAKE b 0");
    for line in ["MULTI", "PUT a one", "PUT b two", "TAKE b 0", "TAKE no 0", "READ no any 0", "EXISTS a"] {
        h.send(line);
    }
    assert_eq!(h.send("EXEC").to_string(), "[+OK +OK [\"b\" \"two\"] nil* nil :1]");
    is_told(&mut h, 2, &["[\"a\" \"one\"]"]);
    is_told(&mut h, 3, &[]);
    for line in ["MULTI", "PUT b one", "DEL b", "PUT b two", "EXEC"] {
        h.send(line);
    }
    is_told(&mut h, 3, &["[\"b\" \"two\"]"]);
}

#[test]
fn time_runs_out_precisely() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a 0.25");
    waits(&mut h, 3, "TAKE a b 0.1");
    waits(&mut h, 4, "TAKE a 0");
    assert_eq!(info(&mut h, "clients", "clients_in_timeout_table"), "2");
    h.advance(99);
    is_told(&mut h, 3, &[]);
    h.advance(2);
    is_told(&mut h, 3, &["nil*"]);
    h.advance(148);
    is_told(&mut h, 2, &[]);
    h.advance(2);
    is_told(&mut h, 2, &["nil*"]);
    h.advance(1_000_000);
    is_told(&mut h, 4, &[]);
    h.send("PUT a one");
    is_told(&mut h, 4, &["[\"a\" \"one\"]"]);
    assert_eq!(h.client(2).send("PING").to_string(), "+PONG");
}

#[test]
fn the_loop_is_asked_to_wake_for_the_first_deadline() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a 0");
    assert_eq!(h.engine.server.blocked.first_deadline_us(), None);
    waits(&mut h, 3, "TAKE a 5");
    waits(&mut h, 4, "TAKE a 0.005");
    let now_us = h.engine.server.mono_us;
    assert_eq!(h.engine.server.blocked.first_deadline_us(), Some(now_us + 5_000));
    let due_us = h.engine.cron(&mut h.host);
    assert!(due_us <= now_us + 5_000, "{due_us} {now_us}");
}

#[test]
fn timeouts_are_read_as_the_peers_read_them() {
    let mut h = harness();
    let mut of = |line: &str| h.send(line).to_string();
    assert_eq!(of("TAKE a x"), "-ERR timeout is not a float or out of range");
    assert_eq!(of("TAKE a -1"), "-ERR timeout is negative");
    assert_eq!(of("TAKE a -inf"), "-ERR timeout is negative");
    assert_eq!(of("TAKE a inf"), "-ERR timeout is out of range");
    assert_eq!(of("TAKE a 9223372036854775"), "-ERR timeout is out of range");
    assert_eq!(of("READ a any 1.5"), "-ERR timeout is not an integer or out of range");
    assert_eq!(of("READ a any -1"), "-ERR timeout is negative");
    assert_eq!(of("READ a any 9223372036854775807"), "-ERR timeout is out of range");
    waits(&mut h, 2, "TAKE a -0.0001");
    h.advance(100_000);
    is_told(&mut h, 2, &[]);
    waits(&mut h, 3, "TAKE a 0.00001");
    h.advance(2);
    is_told(&mut h, 3, &["nil*"]);
}

#[test]
fn words_that_mean_something_else_later_are_replaced() {
    let mut h = harness();
    h.send("PUT a old");
    waits(&mut h, 2, "READ a $ 0");
    is_told(&mut h, 2, &[]);
    h.send("ADD a");
    is_told(&mut h, 2, &["\"old\""]);
}

#[test]
fn who_asks_to_wait_again_keeps_place_and_deadline() {
    let mut h = harness();
    h.send("PUT a old");
    waits(&mut h, 2, "MIND a 1000");
    waits(&mut h, 3, "MIND a 1000");
    let calls = info(&mut h, "commandstats", "cmdstat_put");
    assert!(calls.starts_with("calls=1,"));
    h.advance(600);
    h.send("ADD a");
    is_told(&mut h, 2, &[]);
    h.advance(300);
    is_told(&mut h, 2, &[]);
    h.send("PUT a enough");
    is_told(&mut h, 2, &["\"enough\""]);
    is_told(&mut h, 3, &["\"enough\""]);
    h.send("PUT a old");
    waits(&mut h, 2, "MIND a 1000");
    h.advance(600);
    h.send("ADD a");
    h.advance(401);
    is_told(&mut h, 2, &["nil*"]);
    let stats = h.send("INFO commandstats").to_string();
    assert!(stats.contains("cmdstat_mind:calls=3,"), "{stats}");
}

#[test]
fn who_wants_to_is_told_that_the_key_is_gone() {
    let gone = "-GONE there is no such key";
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    for (line, told) in [
        ("DEL a", gone),
        ("FLUSHDB", gone),
        ("FLUSHALL", gone),
        ("SWAPDB 0 1", gone),
        ("RENAME a b", gone),
        ("MOVE a 3", gone),
        ("SET a text", wrong),
        ("PEXPIRE a -1", gone),
    ] {
        let mut h = harness();
        h.send("PUT a old");
        waits(&mut h, 2, "MIND a 0");
        waits(&mut h, 3, "TAKE b c 0");
        assert_eq!(info(&mut h, "clients", "total_blocking_keys"), "3");
        assert_eq!(info(&mut h, "clients", "total_blocking_keys_on_nokey"), "1");
        h.send(line);
        is_told(&mut h, 2, &[told]);
    }
    let mut h = harness();
    h.send("PUT a old");
    h.send("PEXPIRE a 50");
    waits(&mut h, 2, "MIND a 0");
    h.advance(1000);
    is_told(&mut h, 2, &[gone]);
}

#[test]
fn client_unblock_ends_the_waiting() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a 0");
    waits(&mut h, 2, "PING");
    waits(&mut h, 3, "TAKE a 10");
    assert_eq!(h.send("CLIENT UNBLOCK 1").to_string(), ":1", "client 2 came first");
    is_told(&mut h, 2, &["nil*", "+PONG"]);
    assert_eq!(h.send("CLIENT UNBLOCK 1").to_string(), ":0");
    assert_eq!(h.send("CLIENT UNBLOCK 2 ERROR").to_string(), ":1");
    is_told(&mut h, 3, &["-UNBLOCKED client unblocked via CLIENT UNBLOCK"]);
    assert_eq!(h.send("CLIENT UNBLOCK 77").to_string(), ":0");
    assert_eq!(h.send("CLIENT UNBLOCK -1").to_string(), ":0");
    let stats = h.send("INFO commandstats").to_string();
    assert!(stats.contains("cmdstat_take:calls=2,"), "{stats}");
    assert!(stats.contains("rejected_calls=0,failed_calls=1"), "{stats}");
    assert_eq!(info(&mut h, "errorstats", "errorstat_UNBLOCKED"), "count=1");
}

#[test]
fn who_leaves_is_forgotten() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a b 100");
    waits(&mut h, 3, "TAKE b 0");
    waits(&mut h, 4, "TAKE b 0");
    h.hang_up(2);
    h.client(3);
    assert_eq!(h.send("CLIENT KILL ID 2").to_string(), ":1");
    h.send("PUT b one");
    is_told(&mut h, 4, &["[\"b\" \"one\"]"]);
    assert_eq!((h.engine.server.blocked.clients(), h.engine.server.blocked.keys()), (0, 0));
    assert_eq!(h.engine.server.blocked.with_deadline(), 0);
}

#[test]
fn who_is_killed_by_the_transaction_that_makes_its_key_takes_nothing() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a 0");
    waits(&mut h, 3, "TAKE a 0");
    for line in ["MULTI", "PUT a one", "CLIENT KILL ID 1", "EXEC"] {
        h.send(line);
    }
    is_told(&mut h, 3, &["[\"a\" \"one\"]"]);
}

#[test]
fn statistics_tell_who_waits_and_count_when_it_is_served() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a b a 10");
    assert_eq!(info(&mut h, "clients", "blocked_clients"), "1");
    assert_eq!(info(&mut h, "clients", "total_blocking_keys"), "2");
    assert_eq!(info(&mut h, "clients", "clients_in_timeout_table"), "1");
    let line = h.send("CLIENT LIST FLAGS b").to_string();
    assert!(line.contains(" flags=b ") && line.contains(" cmd=take "), "{line}");
    waits(&mut h, 2, "PING");
    let line = h.send("CLIENT LIST FLAGS b").to_string();
    assert!(line.contains(" cmd=take ") && line.contains(" tot-cmds=0"), "{line}");
    let before = h.send("INFO commandstats").to_string();
    assert!(!before.contains("cmdstat_take:calls=1"), "{before}");
    h.send("PUT a one");
    is_told(&mut h, 2, &["[\"a\" \"one\"]", "+PONG"]);
    let after = h.send("INFO commandstats").to_string();
    assert!(after.contains("cmdstat_take:calls=1,"), "{after}");
    assert_eq!(info(&mut h, "clients", "blocked_clients"), "0");
    assert_eq!(info(&mut h, "clients", "total_blocking_keys"), "0");
}

#[test]
fn a_reply_that_is_not_wanted_is_not_sent_later_either() {
    let mut h = harness();
    waits(&mut h, 2, "CLIENT REPLY SKIP");
    waits(&mut h, 2, "TAKE a 0");
    h.send("PUT a one");
    is_told(&mut h, 2, &[]);
    assert_eq!(h.client(2).send("PING").to_string(), "+PONG");
    waits(&mut h, 2, "CLIENT REPLY OFF");
    waits(&mut h, 2, "TAKE a 0.1");
    h.advance(200);
    is_told(&mut h, 2, &[]);
    assert_eq!(h.client(2).send("CLIENT REPLY ON").to_string(), "+OK");
}

#[test]
fn monitors_see_a_waiting_request_once() {
    let mut h = harness();
    h.client(9).send("MONITOR");
    waits(&mut h, 2, "TAKE a 0");
    h.send("PUT a one");
    let seen: Vec<String> = h.received(9).iter().map(ToString::to_string).collect();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[0].contains("TAKE") && seen[1].contains("PUT"), "{seen:?}");
}

#[test]
fn nobody_is_served_during_a_pause() {
    let mut h = harness();
    waits(&mut h, 2, "TAKE a 0");
    waits(&mut h, 3, "TAKE b 0");
    waits(&mut h, 4, "TAKE c 0.01");
    for line in ["MULTI", "PUT a one", "CLIENT PAUSE 100 WRITE", "EXEC"] {
        h.send(line);
    }
    is_told(&mut h, 2, &[]);
    h.advance(20);
    is_told(&mut h, 4, &["nil*"]);
    h.advance(200);
    is_told(&mut h, 2, &["[\"a\" \"one\"]"]);
    for line in ["MULTI", "PUT b two", "CLIENT PAUSE 100000 WRITE", "EXEC"] {
        h.send(line);
    }
    is_told(&mut h, 3, &[]);
    h.send("CLIENT UNPAUSE");
    is_told(&mut h, 3, &["[\"b\" \"two\"]"]);
}

#[test]
fn watchers_see_what_serving_changes() {
    let mut h = harness();
    waits(&mut h, 2, "PASS a b 0");
    h.client(3).send("WATCH b");
    h.client(3).send("MULTI");
    h.send("PUT a one");
    is_told(&mut h, 2, &["\"one\""]);
    assert_eq!(h.client(3).send("EXEC").to_string(), "nil*");
    // Who made it happen is no exception, although its own command was still running.
    waits(&mut h, 2, "PASS a c 0");
    h.send("WATCH c");
    h.send("PUT a two");
    is_told(&mut h, 2, &["\"two\""]);
    h.send("MULTI");
    assert_eq!(h.send("EXEC").to_string(), "nil*");
}

#[test]
fn what_is_kept_counts_as_memory_of_the_client() {
    let mut h = harness();
    waits(&mut h, 2, &format!("TAKE {} 0", "k".repeat(10_000)));
    let client = h.engine.server.clients.iter().next().unwrap();
    assert!(client.memory() > 10_000 && client.gate.meets(Gate::BLOCKED));
}

#[test]
fn many_wait_for_one_key_and_each_is_served() {
    let mut h = harness();
    for client in 2..500 {
        waits(&mut h, client, "TAKE a b 0");
    }
    for client in 2..500 {
        h.send(if client % 2 == 0 { "PUT a v" } else { "PUT b v" });
        assert_eq!(h.received(client).len(), 1, "{client}");
    }
    assert_eq!(h.engine.server.blocked.keys(), 0);
}
