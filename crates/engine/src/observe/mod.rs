//! What the server remembers about itself: slow and large commands, latency events, rates, peaks, memory.

mod commandlog;
pub mod graph;
mod latency;
pub mod memory;
mod recent;
mod redact;
mod samples;

pub(crate) use commandlog::REDACTED;
pub use commandlog::{CommandLog, CommandLogs, LogEntry, LogKind};
pub use latency::{LatencyMonitor, Series};
pub use recent::RecentBuffers;
pub(crate) use redact::secrets;
pub use samples::{Metric, Samples};

use crate::command::Flags;
use crate::ctx::Ctx;

/// Looks closer at a command that was slow or may be large.
#[cold]
pub(crate) fn record(ctx: &mut Ctx<'_>, spent_ticks: u64, reply_from: usize) {
    let server = &mut *ctx.server;
    let spent_us = spent_ticks / server.ticks_per_us;
    if spent_ticks >= server.thresholds.latency_ticks {
        let fast = ctx.command.record.flags.has(Flags::FAST);
        let event = if fast { "fast-command" } else { "command" };
        server.note_latency(event, spent_us);
    }
    if ctx.command.record.flags.has(Flags::SKIP_COMMANDLOG) {
        return;
    }
    let request = ctx.argv.wire_size();
    let reply = ctx.client.out.len().saturating_sub(reply_from) as u64;
    let measured = [
        (LogKind::Slow, spent_us, spent_ticks >= server.thresholds.slow_ticks),
        (LogKind::LargeRequest, request, request >= server.thresholds.large_request),
        (LogKind::LargeReply, reply, reply >= server.thresholds.large_reply),
    ];
    let wall_s = server.wall_us / 1_000_000;
    for (kind, value, beyond) in measured {
        let max_len = kind.max_len(&server.config);
        if beyond && max_len > 0 {
            let hidden = redact::secrets(ctx.registry, ctx.command, ctx.argv);
            let words = commandlog::shortened(ctx.argv, &hidden);
            server.commandlog.of_mut(kind).push(words, ctx.client, wall_s, value, max_len);
        }
    }
}
