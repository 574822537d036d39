//! What the server remembers about itself: slow and large commands, latency events, rates.

mod commandlog;
mod latency;
mod samples;

pub use commandlog::{CommandLog, CommandLogs, LogEntry};
pub use latency::{LatencyMonitor, Series};
pub use samples::{Metric, Samples};

use crate::command::Flags;
use crate::ctx::Ctx;

/// Looks closer at a command that was slow or large.
#[cold]
pub(crate) fn record(ctx: &mut Ctx<'_>, spent_ticks: u64, reply_from: usize) {
    let server = &mut *ctx.server;
    let spent_us = spent_ticks / server.ticks_per_us;
    if spent_ticks >= server.latency_ticks {
        let fast = ctx.command.record.flags.has(Flags::FAST);
        let event = if fast { "fast-command" } else { "command" };
        server.latency.add(event, server.wall_us / 1_000_000, spent_us / 1000);
    }
    if ctx.command.record.flags.has(Flags::SKIP_COMMANDLOG) {
        return;
    }
    let request = ctx.argv.size() + 16 * ctx.argv.len() as u64;
    let reply = ctx.client.out.len().saturating_sub(reply_from) as u64;
    let wall_s = server.wall_us / 1_000_000;
    let (slow, large_request, large_reply) =
        (spent_ticks >= server.slow_ticks, request >= server.large_request, reply >= server.large_reply);
    let logs = &mut server.commandlog;
    if slow {
        logs.slow.push(
            ctx.argv,
            ctx.client,
            wall_s,
            spent_us,
            server.config.commandlog_slow_execution_max_len,
        );
    }
    if large_request {
        logs.large_request.push(
            ctx.argv,
            ctx.client,
            wall_s,
            request,
            server.config.commandlog_large_request_max_len,
        );
    }
    if large_reply {
        logs.large_reply.push(
            ctx.argv,
            ctx.client,
            wall_s,
            reply,
            server.config.commandlog_large_reply_max_len,
        );
    }
}
