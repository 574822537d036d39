//! LATENCY: spikes that were noted while `latency-monitor-threshold` is set, and histograms of every command.
//!
//! Events are named by what took so long (`command`, `fast-command`, `expire-cycle`, `eviction-cycle` …). The series
//! and the graph are in `engine::observe`.

use engine::observe::{Series, graph};
use engine::registry::NONE;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LATENCY",
    summary: "Commands about how long things take.",
    since: "2.8.13",
    group: Group::Server,
    arity: Arity::AtLeast(2),
    complexity: "",
    subcommands: &[LATENCY],
    ..Command::BLANK
}];

static LATENCY: &[Command] = &[
    Command {
        name: "LATEST",
        summary: "Lists the events with their last spike.",
        reply: "for each event its name, the time of the last spike, its milliseconds, the worst, the sum, the count",
        run: latest,
        ..SUB
    },
    Command {
        name: "HISTORY",
        summary: "Lists the spikes of an event.",
        arity: Arity::Exactly(3),
        args: &[Arg::string("event")],
        reply: "pairs of time and milliseconds, oldest first",
        run: history,
        ..SUB
    },
    Command {
        name: "RESET",
        summary: "Forgets the spikes of some or all events.",
        arity: Arity::AtLeast(2),
        args: &[Arg::string("event").optional().many()],
        reply: "how many events were forgotten",
        tips: &["request_policy:all_nodes", "response_policy:agg_sum"],
        run: reset,
        ..SUB
    },
    Command {
        name: "GRAPH",
        summary: "Draws the spikes of an event.",
        arity: Arity::Exactly(3),
        args: &[Arg::string("event")],
        reply: "a drawing made of letters",
        run: draw,
        ..SUB
    },
    Command {
        name: "DOCTOR",
        summary: "Tells in words what was slow, and what to do.",
        reply: "a text",
        run: doctor,
        ..SUB
    },
    Command {
        name: "HISTOGRAM",
        summary: "Tells how the latencies of some or all commands are distributed.",
        since: "7.0.0",
        arity: Arity::AtLeast(2),
        args: &[Arg::string("command").optional().many()],
        reply: "for each command its calls, and how many of them took up to so many microseconds",
        complexity: "O(N) with N the number of commands",
        run: histogram,
        ..SUB
    },
    Command {
        name: "HELP",
        summary: "Shows the subcommands.",
        flags: Flags::LOADING.and(Flags::STALE),
        reply: "lines of text",
        tips: &[],
        run: help,
        ..SUB
    },
];

const SUB: Command = Command {
    since: "2.8.13",
    group: Group::Server,
    arity: Arity::Exactly(2),
    flags: Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE),
    tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    ..Command::BLANK
};

fn latest(ctx: &mut Ctx<'_>) -> Result {
    let (events, out) = (&ctx.server.latency.events, &mut ctx.client.out);
    out.array(events.len());
    for (name, series) in events {
        let (wall_s, last_ms) = series.samples.back().copied().unwrap_or_default();
        out.array(6);
        out.text(name);
        out.integer(wall_s);
        for value in [last_ms, series.max_ms, series.sum_ms, series.count] {
            out.integer(value as i64);
        }
    }
    Ok(())
}

fn history(ctx: &mut Ctx<'_>) -> Result {
    let (found, out) = (ctx.server.latency.get(ctx.argv.at(2)), &mut ctx.client.out);
    let samples = found.map(|(_, series)| series.samples.iter());
    out.array(samples.as_ref().map_or(0, ExactSizeIterator::len));
    for (wall_s, ms) in samples.into_iter().flatten() {
        out.array(2);
        out.integer(*wall_s);
        out.integer(*ms as i64);
    }
    Ok(())
}

fn reset(ctx: &mut Ctx<'_>) -> Result {
    let events = ctx.argv.from(2);
    let latency = &mut ctx.server.latency;
    let count = if events.is_empty() {
        std::mem::take(&mut latency.events).len()
    } else {
        events.iter().filter(|event| latency.forget(event)).count()
    };
    ctx.int(count as i64)
}

fn draw(ctx: &mut Ctx<'_>) -> Result {
    let event = ctx.argv.at(2);
    let Some((name, series)) = ctx.server.latency.get(event) else {
        let event = String::from_utf8_lossy(event);
        return Err(CommandError::told(format!("ERR No samples available for event '{event}'")));
    };
    ctx.client.out.verbatim(&graph::draw(name, series, ctx.server.wall_us / 1_000_000));
    Ok(())
}

fn histogram(ctx: &mut Ctx<'_>) -> Result {
    let named = ctx.argv.from(2);
    let ids: Vec<u16> = if named.is_empty() {
        ctx.registry.iter().map(|(id, _)| id).collect()
    } else {
        named.iter().flat_map(|name| meant(ctx, name)).collect()
    };
    let tracking = ctx.server.config.latency_tracking;
    let found: Vec<_> = ids
        .into_iter()
        .filter(|_| tracking)
        .filter_map(|id| Some((id, ctx.server.commands.get(usize::from(id))?.latency.as_deref()?)))
        .filter(|(_, histogram)| histogram.count() > 0)
        .collect();
    let out = &mut ctx.client.out;
    out.map(found.len());
    for (id, histogram) in found {
        out.text(&ctx.registry.entry(id).full_name);
        out.map(2);
        out.text("calls");
        out.integer(histogram.count() as i64);
        out.text("histogram_usec");
        out.map(histogram.cumulative_usec().count());
        for (up_to_us, count) in histogram.cumulative_usec() {
            out.integer(up_to_us as i64);
            out.integer(count as i64);
        }
    }
    Ok(())
}

/// A command by its name, `config|get` as well; a container stands for its subcommands. Unknown ones for nothing.
fn meant(ctx: &Ctx<'_>, name: &[u8]) -> Vec<u16> {
    let mut parts = name.splitn(2, |byte| *byte == b'|');
    let id = ctx.registry.lookup(parts.next().unwrap_or_default());
    let Some(entry) = ctx.registry.get(id).filter(|_| id != NONE) else { return Vec::new() };
    match parts.next() {
        Some(sub) => Some(ctx.registry.subcommand(id, sub)).filter(|sub| *sub != id).into_iter().collect(),
        None => std::iter::once(id).chain(entry.subcommands.iter().copied()).collect(),
    }
}

fn doctor(ctx: &mut Ctx<'_>) -> Result {
    let text = report(ctx);
    ctx.client.out.verbatim(&text);
    Ok(())
}

fn report(ctx: &Ctx<'_>) -> String {
    let (config, events) = (&ctx.server.config, &ctx.server.latency.events);
    if config.latency_monitor_threshold == 0 {
        return "Latencies are not monitored: there is nothing to report. CONFIG SET latency-monitor-threshold \
                <milliseconds> turns monitoring on.\n"
            .to_owned();
    }
    if events.is_empty() {
        return "No latency spike has been seen since monitoring began.\n".to_owned();
    }
    let now_s = ctx.server.wall_us / 1_000_000;
    let mut text = "Latency spikes were seen:\n\n".to_owned();
    for (number, (name, series)) in events.iter().enumerate() {
        text += &line(number + 1, name, series, now_s);
    }
    text.push('\n');
    for (concerns, advice) in ADVICE {
        if events.keys().any(|event| concerns.contains(event)) {
            text += &format!("- {advice}\n");
        }
    }
    let slower_than_us = config.commandlog_execution_slower_than;
    let threshold_us = config.latency_monitor_threshold.saturating_mul(1000);
    if u64::try_from(slower_than_us).is_ok_and(|us| us > threshold_us) {
        text += &format!(
            "- The slow log would show the commands in question after CONFIG SET slowlog-log-slower-than {threshold_us}.\n"
        );
    }
    text
}

fn line(number: usize, event: &str, series: &Series, now_s: i64) -> String {
    let digest = series.digest(now_s);
    format!(
        "{number}. {event}: {} spikes of {} ms on average (mean deviation {} ms), one every {:.2} s; the worst took {} ms.\n",
        series.samples.len(),
        digest.mean_ms,
        digest.deviation_ms,
        digest.period_s,
        series.max_ms,
    )
}

/// Which events a piece of advice is for.
const ADVICE: &[(&[&str], &str)] = &[
    (
        &["command"],
        "SLOWLOG GET shows which commands take long: those over many elements are best given fewer of them.",
    ),
    (
        &["fast-command"],
        "Even commands that do little were slow: look whether the machine is overloaded, swaps, or is a guest on one that is.",
    ),
    (
        &["expire-cycle", "eviction-cycle", "eviction-del", "command"],
        "Large values take long to free: split them, use UNLINK, or set the lazyfree-lazy-* parameters.",
    ),
];

fn help(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.lines(&[
        "LATENCY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DOCTOR",
        "    What was slow, and what to do about it, in words.",
        "GRAPH <event>",
        "    A drawing of the spikes of <event>.",
        "HISTOGRAM [<command> ...]",
        "    Calls of the given commands, or of all, counted by the time they took.",
        "HISTORY <event>",
        "    Times and milliseconds of the spikes of <event>.",
        "LATEST",
        "    The last spike of each event.",
        "RESET [<event> ...]",
        "    Forget the spikes of the given events, or of all.",
        "HELP",
        "    Print this help.",
    ]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn without_spikes_there_is_nothing_to_tell() {
        check(
            r#"
            > LATENCY LATEST
            []
            > LATENCY HISTORY command
            []
            > LATENCY RESET
            :0
            > LATENCY RESET command fork
            :0
            > LATENCY GRAPH command
            -ERR No samples available for event 'command'
            > LATENCY HISTOGRAM nosuch config|nosuch get
            []
            > LATENCY GRAPH
            -ERR wrong number of arguments for 'latency|graph' command
            > LATENCY NOSUCH
            -ERR unknown subcommand 'NOSUCH'. Try LATENCY HELP.
            "#,
        );
    }

    #[test]
    fn commands_are_counted_by_their_time() {
        check(
            r##"
            > PING
            +PONG
            > SET k v
            +OK
            > LATENCY HISTOGRAM ping Set ping
            ["ping" ["calls" :1 "histogram_usec" [* :1]] "set" ["calls" :1 "histogram_usec" [* :1]]
             "ping" ["calls" :1 "histogram_usec" [* :1]]]
            ! config latency-tracking no
            > LATENCY HISTOGRAM
            []
            > INFO latencystats
            "# Latencystats\r\n"
            "##,
        );
    }

    #[test]
    fn spikes_are_listed_drawn_and_forgotten() {
        let mut harness = Harness::new();
        harness.config("latency-monitor-threshold", b"10").unwrap();
        let server = &mut harness.engine.server;
        server.note_latency("fork", 9_999);
        for (second, us) in [(0, 20_000), (0, 35_000), (1, 12_000)] {
            server.wall_us = 1_750_000_000_000_000 + second * 1_000_000;
            server.note_latency("expire-cycle", us);
        }
        let shown = harness.send("LATENCY LATEST").to_string();
        assert_eq!(shown, r#"[["expire-cycle" :1750000001 :12 :35 :67 :3]]"#);
        let shown = harness.send("LATENCY HISTORY expire-cycle").to_string();
        assert_eq!(shown, "[[:1750000000 :35] [:1750000001 :12]]");
        assert!(harness.send("LATENCY GRAPH expire-cycle").to_string().contains("high 35 ms, low 12 ms"));
        assert!(harness.send("LATENCY DOCTOR").to_string().contains("1. expire-cycle: 2 spikes"));
        assert_eq!(harness.send("LATENCY RESET nosuch expire-cycle").integer(), Some(1));
    }
}
