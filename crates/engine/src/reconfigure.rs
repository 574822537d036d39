//! What a change of the configuration sets in motion inside the engine.

use keyspace::{Access, Keyspace, Lazy, Lfu};

use crate::gate::Gate;
use crate::state::ServerState;

/// Derives everything that the engine keeps beside the configuration. Cheap; called at the start and after each
/// CONFIG SET.
pub fn apply_all(keyspace: &mut Keyspace, server: &mut ServerState) {
    let config = &server.config;
    keyspace.env.access = if config.maxmemory_policy.is_lfu() { Access::Lfu } else { Access::Lru };
    keyspace.env.lfu = Lfu { log_factor: config.lfu_log_factor, decay_minutes: config.lfu_decay_time };
    keyspace.env.lazy = Lazy { expire: config.lazyfree_lazy_expire, evict: config.lazyfree_lazy_eviction };
    keyspace.env.evict_samples = config.maxmemory_samples as usize;
    let ticks = server.ticks_per_us;
    server.slow_ticks =
        threshold(config.commandlog_execution_slower_than).map_or(u64::MAX, |us| us.saturating_mul(ticks));
    server.large_request = threshold(config.commandlog_request_larger_than).unwrap_or(u64::MAX);
    server.large_reply = threshold(config.commandlog_reply_larger_than).unwrap_or(u64::MAX);
    server.latency_ticks = match config.latency_monitor_threshold {
        0 => u64::MAX,
        ms => ms.saturating_mul(1000).saturating_mul(ticks),
    };
    let limited = config.maxmemory > 0;
    server.gate.set(Gate::MAXMEMORY, limited);
    crate::auth::password_changed(server);
}

fn threshold(value: i64) -> Option<u64> {
    u64::try_from(value).ok()
}
