//! `# Stats`: what was counted since the start, or since CONFIG RESETSTAT.

use super::{Facts, Section, Shown, Text};
use crate::observe::Metric;
use crate::pubsub::Kind;

pub(super) const SECTION: Section =
    Section { title: "Stats", names: &["stats"], shown: Shown::ByDefault, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    traffic(facts, text);
    keys(facts, text);
    let pubsub = &facts.server.pubsub;
    text.field("pubsub_channels", pubsub.count(Kind::Channel));
    text.field("pubsub_patterns", pubsub.count(Kind::Pattern));
    text.field("pubsubshard_channels", pubsub.count(Kind::Shard));
    text.field("latest_fork_usec", facts.server.snapshot.fork_us);
    text.field("total_forks", facts.server.snapshot.forks);
    text.all(NOTHING_YET, 0);
    let tracking = &facts.server.tracking;
    text.field("tracking_total_keys", tracking.keys());
    text.field("tracking_total_items", tracking.items());
    text.field("tracking_total_prefixes", tracking.prefixes());
    errors_and_turns(facts, text);
    denied(facts, text);
}

fn traffic(facts: &Facts<'_>, text: &mut Text) {
    let (server, totals) = (facts.server, &facts.server.totals);
    let kilobytes = |metric| server.samples.per_second(metric) as f64 / 1024.0;
    text.field("total_connections_received", totals.connections);
    text.field("total_commands_processed", server.commands_processed());
    text.field("instantaneous_ops_per_sec", server.samples.per_second(Metric::Commands));
    text.field("total_net_input_bytes", totals.net_in);
    text.field("total_net_output_bytes", totals.net_out);
    text.all(&["total_net_repl_input_bytes", "total_net_repl_output_bytes"], 0);
    text.all(&["total_net_cluster_slot_import_bytes", "total_net_cluster_slot_export_bytes"], 0);
    text.ratio("instantaneous_input_kbps", kilobytes(Metric::NetIn));
    text.ratio("instantaneous_output_kbps", kilobytes(Metric::NetOut));
    text.ratio("instantaneous_input_repl_kbps", 0.0);
    text.ratio("instantaneous_output_repl_kbps", 0.0);
    text.field("rejected_connections", totals.rejected_connections);
    text.all(&["sync_full", "sync_partial_ok", "sync_partial_err"], 0);
}

fn keys(facts: &Facts<'_>, text: &mut Text) {
    let (stats, totals) = (&facts.keyspace.env.stats, &facts.server.totals);
    let (exceeded_us, current_us) = facts.server.eviction.exceeded_us(facts.server.mono_us);
    text.field("expired_keys", stats.expired);
    text.field("expired_fields", stats.expired_fields);
    text.ratio("expired_stale_perc", stats.stale_percent);
    text.ratio("expired_keys_with_volatile_items_stale_perc", stats.stale_hashes_percent);
    text.field("expired_time_cap_reached_count", stats.expire_time_cap);
    text.field("expire_cycle_cpu_milliseconds", stats.expire_cycle_us / 1000);
    text.field("evicted_keys", stats.evicted);
    text.field("evicted_clients", totals.evicted_clients);
    text.field("evicted_scripts", totals.evicted_scripts);
    text.field("total_eviction_exceeded_time", exceeded_us / 1000);
    text.field("current_eviction_exceeded_time", current_us / 1000);
    text.field("keyspace_hits", stats.hits);
    text.field("keyspace_misses", stats.misses);
}

/// Fields of parts that do not exist yet.
const NOTHING_YET: &[&str] = &[
    "migrate_cached_sockets",
    "slave_expires_tracked_keys",
    "active_defrag_hits",
    "active_defrag_misses",
    "active_defrag_key_hits",
    "active_defrag_key_misses",
    "total_active_defrag_time",
    "current_active_defrag_time",
];

fn errors_and_turns(facts: &Facts<'_>, text: &mut Text) {
    let (server, totals) = (facts.server, &facts.server.totals);
    let turns_per_second = server.samples.per_second(Metric::Turns);
    text.field("unexpected_error_replies", totals.unexpected_errors);
    text.field("total_error_replies", totals.error_replies);
    text.field("dump_payload_sanitizations", 0);
    text.field("total_reads_processed", totals.reads);
    text.field("total_writes_processed", totals.writes);
    text.all(IO_THREADS, 0);
    text.field("client_query_buffer_limit_disconnections", totals.query_limit_disconnections);
    text.field("client_output_buffer_limit_disconnections", totals.output_limit_disconnections);
    // Reply buffers are lent from a pool, and neither grow nor shrink.
    text.all(&["reply_buffer_shrinks", "reply_buffer_expands"], 0);
    text.field("eventloop_cycles", totals.turns);
    text.field("eventloop_duration_sum", totals.turn_us);
    text.field("eventloop_duration_cmd_sum", totals.command_us);
    text.field("instantaneous_eventloop_cycles_per_sec", turns_per_second);
    let turn_us = server.samples.per_second(Metric::TurnUs) / turns_per_second.max(1);
    text.field("instantaneous_eventloop_duration_usec", turn_us);
}

const IO_THREADS: &[&str] = &[
    "io_threaded_reads_processed",
    "io_threaded_writes_processed",
    "io_threaded_freed_objects",
    "io_threaded_accept_processed",
    "io_threaded_poll_processed",
    "io_threaded_total_prefetch_batches",
    "io_threaded_total_prefetch_entries",
];

fn denied(facts: &Facts<'_>, text: &mut Text) {
    let denied = &facts.server.access.denied;
    text.field("acl_access_denied_auth", denied.auth);
    text.field("acl_access_denied_cmd", denied.command);
    text.field("acl_access_denied_key", denied.key);
    text.field("acl_access_denied_channel", denied.channel);
    text.field("acl_access_denied_tls_cert", 0);
    text.field("acl_access_denied_db", denied.database);
}
