//! The way of a request: execute → checks (only if a gate is up) → call → settle.
//!
//! **Invariants**
//! 1. Exactly one reply is written for each request that is `Done`, unless the client asked for none.
//! 2. Only the innermost call propagates; the transaction around it is emitted as a whole when the outermost ends.
//! 3. Time is frozen from the first check to the end of `settle`.

pub mod checks;
mod settle;

use resp::Argv;

use crate::client::{Client, ReplyMode};
use crate::command::{Command, Flags, KeyFlags};
use crate::ctx::Ctx;
use crate::engine::{Ahead, Engine, Verdict};
use crate::error::CommandError;
use crate::gate::Gate;
use crate::host::Host;
use crate::outcome::Outcome;
use crate::registry::Entry;

use checks::Check;

/// Runs one request of a client, from lookup to reply.
#[inline]
pub(crate) fn execute(
    engine: &mut Engine,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) -> Verdict {
    let gate = client.gate.and(engine.server.gate);
    let usual = engine
        .registry
        .get(ahead.command)
        .is_some_and(|entry| entry.record.arity.admits(argv.len()) && !gate.meets(entry.care));
    if !usual {
        return execute_with_care(engine, host, client, argv, ahead);
    }
    call(engine, host, client, argv, ahead);
    Verdict::Done
}

/// The same when something is unusual: a wrong request, or a gate that is up.
#[cold]
fn execute_with_care(
    engine: &mut Engine,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) -> Verdict {
    let mark = client.out.mark();
    let muted = client.gate.meets(Gate::MUTED);
    client.last_command = engine.registry.get(ahead.command).map(|_| ahead.command);
    let mode = client.reply_mode;
    if mode == ReplyMode::SkipNext {
        client.reply_mode = ReplyMode::Skipping;
    }
    match checks::walk(engine, host, client, argv, ahead) {
        Check::Pass => run_with_care(engine, host, client, argv, ahead),
        Check::Refuse(error) => refuse(engine, client, ahead, &error),
        Check::Hold => {
            client.reply_mode = mode;
            return Verdict::Hold;
        }
        Check::Drop => return Verdict::Gone,
    }
    if muted {
        unmute(client, mark);
    }
    Verdict::Done
}

/// Runs a command that passed the checks, as its client and those who watch want it.
fn run_with_care(
    engine: &mut Engine,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) {
    let record = engine.registry.entry(ahead.command).record;
    // TOUCH touches whatever the client asked for.
    engine.keyspace.env.no_touch = client.gate.meets(Gate::NO_TOUCH) && record.name != "TOUCH";
    call(engine, host, client, argv, ahead);
    engine.keyspace.env.no_touch = false;
    if engine.server.gate.meets(Gate::MONITORED) && crate::monitor::shows(record) {
        let Engine { server, registry, .. } = engine;
        crate::monitor::feed(server, client, registry, registry.entry(ahead.command), argv);
    }
}

/// Drops what a muted client was just told, and counts down CLIENT REPLY SKIP.
fn unmute(client: &mut Client, mark: crate::outbox::Mark) {
    match client.reply_mode {
        // CLIENT REPLY ON answers.
        ReplyMode::On => {}
        // SKIP itself, when it follows another SKIP, is not answered either.
        ReplyMode::Off | ReplyMode::SkipNext => client.out.rewind(mark),
        ReplyMode::Skipping => {
            client.out.rewind(mark);
            client.set_reply_mode(ReplyMode::On);
        }
    }
}

/// A request that never ran: counted, answered.
fn refuse(engine: &mut Engine, client: &mut Client, ahead: Ahead, error: &CommandError) {
    let line = error.to_line();
    client.out.error(&line);
    engine.server.count_error(&line);
    if let Some(stats) = engine.server.commands.get_mut(ahead.command as usize) {
        stats.rejected += 1;
    }
}

/// Runs a command's body, times it, counts it, and acts on what it did.
#[inline]
pub(crate) fn call(
    engine: &mut Engine,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) {
    let Engine { keyspace, server, registry } = engine;
    let command: &Entry = registry.entry(ahead.command);
    let reply_from = client.out.len();
    client.last_command = Some(ahead.command);
    client.last_active_us = server.mono_us;
    let mut ctx = Ctx {
        keyspace,
        server,
        client,
        host,
        registry,
        command,
        argv,
        outcome: Outcome::default(),
        hash: ahead.hash,
        hashed: usize::from(ahead.hashed),
    };
    if let Err(error) = (command.record.run)(&mut ctx) {
        failed(&mut ctx, ahead.command, &error);
    }
    let tick = (ctx.server.ticks)();
    let spent = tick.wrapping_sub(ctx.server.last_tick);
    ctx.server.last_tick = tick;
    let nanoseconds = ctx.server.nanoseconds(spent);
    let stats = &mut ctx.server.commands[ahead.command as usize];
    stats.calls += 1;
    stats.ticks += spent;
    match &mut stats.latency {
        Some(histogram) => histogram.record(nanoseconds),
        None if ctx.server.config.latency_tracking => stats.latency = Some(first_sample(nanoseconds)),
        None => {}
    }
    ctx.client.total_commands += 1;
    debug_assert!(
        ctx.outcome.dirty == 0 || may_write(command.record),
        "{} must not write",
        command.full_name
    );
    if ctx.outcome.dirty != 0 || !ctx.keyspace.env.gone.is_empty() {
        settle::settle(&mut ctx);
    }
    if ctx.client.out.blocks() > 0 {
        crate::client_limits::close_if_over(&mut ctx);
    }
    let server = &*ctx.server;
    if spent >= server.slow_ticks.min(server.latency_ticks)
        || ctx.client.out.len().wrapping_sub(reply_from) as u64 >= server.large_reply
        || u64::from(ahead.size) >= server.large_request
    {
        crate::observe::record(&mut ctx, spent, reply_from);
    }
    ctx.outcome.end();
}

/// Whether a command writes, or reads and writes down what it found (PFCOUNT).
fn may_write(command: &Command) -> bool {
    command.flags.has(Flags::WRITE) || command.keys.iter().any(|key| key.flags.has(KeyFlags::RW))
}

#[cold]
fn first_sample(nanoseconds: u64) -> Box<stdx::histogram::Histogram> {
    let mut histogram = Box::new(stdx::histogram::Histogram::new());
    histogram.record(nanoseconds);
    histogram
}

#[cold]
fn failed(ctx: &mut Ctx<'_>, id: u16, error: &CommandError) {
    let line = error.to_line();
    ctx.client.out.error(&line);
    ctx.server.count_error(&line);
    ctx.server.commands[id as usize].failed += 1;
}
