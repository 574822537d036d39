//! The way of a request: execute → checks (only if a gate is up) → call → settle.
//!
//! **Invariants**
//! 1. Exactly one reply is written for each request that is `Done`, unless the client asked for none.
//! 2. Only the innermost call propagates; the transaction around it is emitted as a whole when the outermost ends.
//! 3. Time is frozen from the first check to the end of `settle`.

pub mod checks;
pub(crate) use checks::{UNSAVED, is_refused_unsaved};
mod settle;

use keyspace::Keyspace;
use resp::Argv;

use crate::client::{Client, ReplyMode};
use crate::command::{Command, Flags, KeyFlags};
use crate::ctx::Ctx;
use crate::engine::{Ahead, Engine, Verdict};
use crate::error::CommandError;
use crate::gate::Gate;
use crate::host::Host;
use crate::import;
use crate::outcome::Outcome;
use crate::registry::{Entry, Registry};
use crate::state::ServerState;
use crate::transaction;

use checks::Check;
pub(crate) use settle::follow_gone;

/// Runs one request of a client, from lookup to reply.
#[inline(always)]
pub(crate) fn execute(
    engine: &mut Engine,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) -> Verdict {
    let gate = client.gate.and(engine.server.gate);
    let Engine { keyspace, server, registry } = &mut *engine;
    match registry.get(ahead.command) {
        Some(entry) if entry.record.arity.admits(argv.len()) && !gate.meets(entry.care) => {
            call::<false>(keyspace, server, registry, entry, host, client, argv, ahead);
            Verdict::Done
        }
        _ => execute_with_care(engine, host, client, argv, ahead),
    }
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
    if queue_plainly(engine, client, argv, ahead) {
        return Verdict::Done;
    }
    let mark = client.out.mark();
    let muted = client.gate.meets(Gate::MUTED);
    let before = client.last_command;
    client.last_command = engine.registry.get(ahead.command).map(|_| ahead.command);
    let mode = client.reply_mode;
    if mode == ReplyMode::SkipNext {
        client.reply_mode = ReplyMode::Skipping;
    }
    match checks::walk(engine, host, client, argv, ahead) {
        Check::Pass => {
            let Engine { keyspace, server, registry } = engine;
            run_with_care(keyspace, server, registry, host, client, argv, ahead);
        }
        Check::Queue(flags) => {
            transaction::queue(client, argv, ahead, flags);
            client.out.queued();
        }
        Check::Refuse(error) => refuse(engine, client, argv, ahead, &error),
        Check::Hold => {
            client.reply_mode = mode;
            client.last_command = before;
            return Verdict::Hold;
        }
        Check::Drop => return Verdict::Gone,
    }
    if client.gate.meets(Gate::TRACKING) && !client.gate.meets(Gate::IN_MULTI) {
        crate::tracking::end_caching(client, &engine.registry, engine.registry.get(ahead.command));
    }
    // A client that waits is not answered yet.
    if muted && client.waiting.is_none() {
        unmute(client, mark);
    }
    Verdict::Done
}

/// Keeps a request for EXEC without the checks, if an open transaction is all that is unusual. False if it is not.
#[inline]
fn queue_plainly(engine: &Engine, client: &mut Client, argv: Argv<'_>, ahead: Ahead) -> bool {
    let gate = client.gate.and(engine.server.gate);
    let others = gate.without(Gate::IN_MULTI);
    let Some(entry) = engine.registry.get(ahead.command) else { return false };
    let flags = entry.record.flags;
    let special = flags.has(Flags::NO_MULTI) || flags.has(Flags::UNQUEUED) || entry.record.name == "SELECT";
    // The flags of a script are those that it declares.
    if special
        || entry.may_take_long
        || !gate.meets(Gate::IN_MULTI)
        || !entry.subcommands.is_empty()
        || !entry.record.arity.admits(argv.len())
        || others.meets(entry.care)
    {
        return false;
    }
    client.last_command = Some(ahead.command);
    transaction::queue(client, argv, ahead, flags);
    client.out.queued();
    true
}

/// Runs a command that passed the checks, as its client and those who watch want it.
pub(crate) fn run_with_care(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) {
    let entry = registry.entry(ahead.command);
    run_touching(keyspace, server, registry, host, client, argv, ahead);
    if server.gate.meets(Gate::MONITORED) && crate::monitor::shows(entry.record) {
        crate::monitor::feed(server, client, registry, entry, argv);
    }
}

/// Runs a command; it counts as use of its keys, or does not, as its client wants it.
fn run_touching(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) {
    let before = keyspace.env.no_touch;
    // TOUCH touches whatever the client asked for.
    let entry = registry.entry(ahead.command);
    keyspace.env.no_touch = client.gate.meets(Gate::NO_TOUCH) && entry.record.name != "TOUCH";
    let importing = server.gate.meets(Gate::IMPORTING);
    if importing {
        import::enter(keyspace, server, client, entry.record.flags);
    }
    call::<true>(keyspace, server, registry, entry, host, client, argv, ahead);
    keyspace.env.no_touch = before;
    if importing {
        import::leave(keyspace, server);
    }
    if client.gate.meets(Gate::TRACKING) {
        crate::tracking::remember(server, client, entry, argv);
    }
}

/// Runs the request of a client that waited again. Memory may have become short meanwhile; monitors have seen it.
pub(crate) fn run_again(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) {
    if let Err(error) = crate::acl::check(server, registry, client, ahead.command, argv) {
        return refuse_line(server, client, ahead, &error.to_line());
    }
    if checks::has_room(keyspace, server, host, registry.entry(ahead.command).record.flags) {
        return run_touching(keyspace, server, registry, host, client, argv, ahead);
    }
    refuse_line(server, client, ahead, &CommandError::OutOfMemory.to_line());
}

/// Drops what a muted client was just told, and counts down CLIENT REPLY SKIP.
pub(crate) fn unmute(client: &mut Client, mark: crate::outbox::Mark) {
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
fn refuse(engine: &mut Engine, client: &mut Client, argv: Argv<'_>, ahead: Ahead, error: &CommandError) {
    let Engine { keyspace, server, registry } = engine;
    let line = error.to_line();
    let Some(entry) = registry.get(ahead.command).filter(|entry| entry.record.name == "EXEC") else {
        transaction::fail(client);
        return refuse_line(server, client, ahead, &line);
    };
    // EXEC ends a transaction whatever happens, and says so.
    transaction::end(keyspace, server, client);
    let why = line.strip_prefix("ERR ").unwrap_or(&line);
    refuse_line(server, client, ahead, &format!("EXECABORT Transaction discarded because of: {why}"));
    if server.gate.meets(Gate::MONITORED) {
        crate::monitor::feed(server, client, registry, entry, argv);
    }
}

/// A queued request that may not run any more.
pub(crate) fn refuse_queued(
    server: &mut ServerState,
    client: &mut Client,
    ahead: Ahead,
    error: &CommandError,
) {
    refuse_line(server, client, ahead, &error.to_line());
}

fn refuse_line(server: &mut ServerState, client: &mut Client, ahead: Ahead, line: &str) {
    client.out.error(line);
    server.count_error(line);
    if let Some(stats) = server.commands.get_mut(ahead.command as usize) {
        stats.rejected += 1;
    }
}

/// Runs a command's body, times it, counts it, and acts on what it did. `WAITS`: the body may have asked to wait; then
/// its time is counted, and the rest when it has answered.
#[inline]
#[expect(clippy::too_many_arguments, reason = "the parts of a `Ctx`, which is made here")]
fn call<const WAITS: bool>(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    command: &Entry,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) {
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
    let mut before = 0;
    if WAITS && let Some(waiting) = &mut ctx.client.waiting {
        if waiting.goes_on() {
            waiting.spent += spent;
            return settle::settle(&mut ctx);
        }
        before = waiting.spent;
    }
    count(&mut ctx, ahead.command, before + spent);
    debug_assert!(
        ctx.outcome.dirty == 0 || may_write(command.record),
        "{} must not write",
        command.full_name
    );
    if ctx.outcome.dirty != 0 || ctx.keyspace.env.news {
        settle::settle(&mut ctx);
    }
    if ctx.client.out.blocks() > 0 {
        crate::client_limits::close_if_over(&mut ctx);
    }
    let server = &*ctx.server;
    if spent >= server.thresholds.slow_ticks.min(server.thresholds.latency_ticks)
        || ctx.client.out.len().wrapping_sub(reply_from) as u64 >= server.thresholds.large_reply
        || u64::from(ahead.size) >= server.thresholds.large_request
    {
        crate::observe::record(&mut ctx, spent, reply_from);
    }
    ctx.outcome.end();
}

/// Runs what the append-only file says: without being counted, timed, or answered. False if it failed.
pub(crate) fn replay(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) -> bool {
    let mut ctx = Ctx {
        keyspace,
        server,
        client,
        host,
        registry,
        command: registry.entry(ahead.command),
        argv,
        outcome: Outcome::default(),
        hash: ahead.hash,
        hashed: usize::from(ahead.hashed),
    };
    let done = (ctx.command.record.run)(&mut ctx).is_ok();
    if ctx.outcome.dirty != 0 || ctx.keyspace.env.news {
        settle::settle(&mut ctx);
    }
    ctx.outcome.end();
    done
}

/// Counts a command that has run, and how long it took.
#[inline(always)]
fn count(ctx: &mut Ctx<'_>, id: u16, spent: u64) {
    let nanoseconds = ctx.server.nanoseconds(spent);
    let stats = &mut ctx.server.commands[id as usize];
    stats.calls += 1;
    stats.ticks += spent;
    match &mut stats.latency {
        Some(histogram) => histogram.record(nanoseconds),
        None if ctx.server.config.latency_tracking => stats.latency = Some(first_sample(nanoseconds)),
        None => {}
    }
    ctx.client.total_commands += 1;
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
    if !matches!(error, CommandError::Counted(_)) {
        ctx.server.count_error(&line);
    }
    ctx.server.commands[id as usize].failed += 1;
}
