//! MEMORY: what keys, databases and clients cost, and what the allocator does with it.

use engine::info::Facts;
use engine::observe::memory::MemoryReport;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Outbox, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "MEMORY",
    summary: "Commands about the use of memory.",
    since: "4.0.0",
    arity: Arity::AtLeast(2),
    complexity: "",
    subcommands: &[MEMORY],
    ..SUB
}];

static MEMORY: &[Command] = &[
    Command {
        name: "USAGE",
        summary: "Tells how many bytes a key and its value take.",
        arity: Arity::AtLeast(3),
        flags: Flags::READONLY,
        keys: &[KeySpec::at(2).ro()],
        args: &[Arg::key("key"), Arg::integer("count").token("SAMPLES").optional()],
        reply: "the number of bytes, or null if there is no such key",
        complexity: "O(N) with N the number of samples",
        run: usage,
        ..SUB
    },
    Command {
        name: "STATS",
        summary: "Tells what the memory is used for.",
        reply: "a map of names to bytes, counts and ratios",
        tips: TIPS,
        run: stats,
        ..SUB
    },
    Command {
        name: "DOCTOR",
        summary: "Tells in words what may be wrong with the use of memory.",
        reply: "a text",
        tips: TIPS,
        run: doctor,
        ..SUB
    },
    Command {
        name: "PURGE",
        summary: "Has the allocator give back what it does not need.",
        flags: Flags::LOADING,
        reply: "OK",
        complexity: "",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        run: purge,
        ..SUB
    },
    Command {
        name: "MALLOC-STATS",
        summary: "Tells what the allocator says of itself.",
        flags: Flags::LOADING,
        reply: "a text",
        complexity: "",
        tips: TIPS,
        run: malloc_stats,
        ..SUB
    },
    Command {
        name: "HELP",
        summary: "Shows the subcommands.",
        flags: Flags::LOADING.and(Flags::STALE),
        reply: "lines of text",
        run: help,
        ..SUB
    },
];

const SUB: Command =
    Command { since: "4.0.0", group: Group::Server, arity: Arity::Exactly(2), ..Command::BLANK };
const TIPS: &[&str] = &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

/// The options come first: they are wrong even if there is no such key.
fn usage(ctx: &mut Ctx<'_>) -> Result {
    let mut at = 3;
    while at < ctx.argv.len() {
        if !ctx.is(at, "SAMPLES") || at + 1 == ctx.argv.len() {
            return Err(CommandError::Syntax);
        }
        // How many elements of a nested value to measure. Strings have none.
        if ctx.integer(at + 1)? < 0 {
            return Err(CommandError::Syntax);
        }
        at += 2;
    }
    let key = ctx.key(2);
    match ctx.db().inspect(key).map(keyspace::memory::entry_memory) {
        Some(bytes) => ctx.int(bytes as i64),
        None => ctx.null(),
    }
}

fn stats(ctx: &mut Ctx<'_>) -> Result {
    let report = MemoryReport::of(&Facts::of(ctx));
    let out = &mut ctx.client.out;
    out.map(COUNTS_BEFORE + report.databases.len() + COUNTS_AFTER + RATIOS);
    before_databases(out, &report);
    for (index, bytes) in &report.databases {
        out.text(&format!("db.{index}"));
        out.map(2);
        pair(out, "overhead.hashtable.main", *bytes);
        // Keys carry their time to live themselves.
        pair(out, "overhead.hashtable.expires", 0);
    }
    after_databases(out, &report);
    ratios(out, &report);
    Ok(())
}

const COUNTS_BEFORE: usize = 13;
const COUNTS_AFTER: usize = 12;
const RATIOS: usize = 9;

fn pair(out: &mut Outbox, name: &str, value: u64) {
    out.text(name);
    out.integer(value as i64);
}

fn before_databases(out: &mut Outbox, report: &MemoryReport) {
    let counts: [(&str, u64); COUNTS_BEFORE] = [
        ("peak.allocated", report.peak),
        ("total.allocated", report.used),
        ("startup.allocated", report.startup),
        ("replication.backlog", 0),
        ("replicas.repl.buffer", 0),
        ("clients.slaves", 0),
        ("clients.normal", report.clients),
        ("cluster.links", 0),
        ("cluster.slot_import", 0),
        ("cluster.slot_export", 0),
        ("aof.buffer", 0),
        ("lua.caches", 0),
        ("functions.caches", 0),
    ];
    counts.iter().for_each(|(name, value)| pair(out, name, *value));
}

fn after_databases(out: &mut Outbox, report: &MemoryReport) {
    let integers: [(&str, u64); 7] = [
        ("overhead.db.hashtable.lut", report.tables),
        ("overhead.db.hashtable.rehashing", report.rehashing_bytes),
        ("overhead.total", report.overhead),
        ("db.dict.rehashing.count", report.rehashing_databases),
        ("keys.count", report.keys),
        ("keys.bytes-per-key", report.bytes_per_key()),
        ("dataset.bytes", report.dataset),
    ];
    integers.iter().for_each(|(name, value)| pair(out, name, *value));
    share(out, "dataset.percentage", report.dataset_percent());
    share(out, "peak.percentage", report.peak_percent());
    pair(out, "allocator.allocated", report.used);
    pair(out, "allocator.active", report.allocator_resident);
    pair(out, "allocator.resident", report.allocator_resident);
}

fn ratios(out: &mut Outbox, report: &MemoryReport) {
    let over = |part: u64, whole: u64| part as i64 - whole as i64;
    pair(out, "allocator.muzzy", 0);
    let ratios: [(&str, f64, i64); 4] = [
        ("allocator-fragmentation", report.allocator_rss(), over(report.allocator_resident, report.used)),
        ("allocator-rss", 1.0, 0),
        ("rss-overhead", report.rss_overhead(), over(report.resident, report.allocator_resident)),
        ("fragmentation", report.fragmentation(), over(report.resident, report.used)),
    ];
    for (name, ratio, bytes) in ratios {
        // The last one is older than the others, and has its name for itself.
        let suffix = if name == "fragmentation" { "" } else { ".ratio" };
        share(out, &format!("{name}{suffix}"), ratio);
        out.text(&format!("{name}.bytes"));
        out.integer(bytes);
    }
}

/// As precise as the peers are, who keep these as floats.
fn share(out: &mut Outbox, name: &str, value: f64) {
    out.text(name);
    out.double(f64::from(value as f32));
}

fn doctor(ctx: &mut Ctx<'_>) -> Result {
    let text = diagnosis(&MemoryReport::of(&Facts::of(ctx)));
    ctx.client.out.verbatim(&text);
    Ok(())
}

/// Below this, ratios say nothing.
const SMALL: u64 = 5 * 1024 * 1024;

fn diagnosis(report: &MemoryReport) -> String {
    if report.used < SMALL {
        return "There is so little in memory that ratios would say nothing. Ask again when there are more data.\n".to_owned();
    }
    let complaints = [
        (
            report.peak * 2 > report.used * 3,
            "The peak was more than one and a half times what is in use now. The allocator keeps much of the difference \
             for new data, so the resident size does not shrink with the dataset: MEMORY PURGE gives back what it can.",
        ),
        (
            report.fragmentation() > 1.4 && report.resident - report.used > 10 << 20,
            "More than 1.4 bytes are resident for each byte in use: memory is fragmented, or was in use before.",
        ),
        (
            report.clients > report.used / 10 && report.clients > 10 << 20,
            "Clients hold more than a tenth of the memory: some send long requests, or do not read their replies. CLIENT \
             LIST shows who (omem, qbuf).",
        ),
    ];
    let found: Vec<&str> = complaints.iter().filter(|(holds, _)| *holds).map(|(_, text)| *text).collect();
    if found.is_empty() {
        return "Nothing is wrong with the use of memory as far as can be told.\n".to_owned();
    }
    found.iter().map(|text| format!("- {text}\n")).collect()
}

fn purge(ctx: &mut Ctx<'_>) -> Result {
    ctx.host.purge();
    ctx.ok()
}

/// The allocator has no report of its own that could be had as text: what is known of it, then.
fn malloc_stats(ctx: &mut Ctx<'_>) -> Result {
    let report = MemoryReport::of(&Facts::of(ctx));
    let text = format!(
        "{}\nallocated: {}\nresident: {}\nresident of the process: {}\n",
        ctx.host.allocator(),
        report.used,
        report.allocator_resident,
        report.resident,
    );
    ctx.client.out.verbatim(&text);
    Ok(())
}

fn help(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.lines(&[
        "MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DOCTOR",
        "    What may be wrong with the use of memory, in words.",
        "MALLOC-STATS",
        "    What the allocator says of itself.",
        "PURGE",
        "    Have the allocator give back what it does not need.",
        "STATS",
        "    What the memory is used for.",
        "USAGE <key> [SAMPLES <count>]",
        "    Bytes of a key and its value. Of nested values <count> elements are measured",
        "    (five if not said; 0 for all).",
        "HELP",
        "    Print this help.",
    ]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn usage_knows_keys_and_refuses_wrong_words() {
        check(
            r#"
            > MEMORY USAGE nosuch
            nil
            > SET k v
            +OK
            > MEMORY USAGE k SAMPLES
            -ERR syntax error
            > MEMORY USAGE k SAMPLES x
            -ERR value is not an integer or out of range
            > MEMORY USAGE k SAMPLES -1
            -ERR syntax error
            > MEMORY USAGE nosuch FOO 1
            -ERR syntax error
            > MEMORY USAGE nosuch SAMPLES 0 samples 3
            nil
            > MEMORY USAGE
            -ERR wrong number of arguments for 'memory|usage' command
            > MEMORY NOSUCH
            -ERR unknown subcommand 'NOSUCH'. Try MEMORY HELP.
            > MEMORY PURGE
            +OK
            > MEMORY DOCTOR x
            -ERR wrong number of arguments for 'memory|doctor' command
            "#,
        );
    }

    #[test]
    fn a_long_value_costs_more_than_a_short_one() {
        let mut harness = Harness::new();
        harness.send("SET short v");
        harness.send(&format!("SET long {}", "v".repeat(5000)));
        let mut bytes =
            |key: &str| harness.send(&format!("MEMORY USAGE {key}")).integer().unwrap_or_default();
        assert!((16..100).contains(&bytes("short")));
        assert!((5000..5500).contains(&bytes("long")));
    }

    #[test]
    fn stats_are_a_map_that_is_as_long_as_it_says() {
        let mut harness = Harness::new();
        harness.send("SET k v");
        let stats = harness.send("MEMORY STATS");
        assert_eq!(stats.elements().len() % 2, 0);
        let names: Vec<String> = stats.elements().iter().step_by(2).map(ToString::to_string).collect();
        assert_eq!((names[0].as_str(), names[13].as_str()), ("\"peak.allocated\"", "\"db.0\""));
        assert_eq!(names.last().map(String::as_str), Some("\"fragmentation.bytes\""));
        assert_eq!(harness.send("PING").to_string(), "+PONG", "nothing was left over");
    }
}
