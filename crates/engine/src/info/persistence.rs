//! `# Persistence`: snapshots, and the append-only file, written and loaded.

use super::{Facts, Section, Shown, Text};
use crate::aof::Mode;
use crate::snapshot::Purpose;

pub(super) const SECTION: Section =
    Section { title: "Persistence", names: &["persistence"], shown: Shown::ByDefault, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    text.field("loading", u8::from(is_loading(facts)));
    text.field("async_loading", 0);
    child(facts, text);
    snapshots(facts, text);
    append_only_file(facts, text);
    text.all(&["module_fork_in_progress", "module_fork_last_cow_size", "slot_migration_fork_in_progress"], 0);
    if facts.server.aof.mode != Mode::Off {
        log(facts, text);
    }
    if is_loading(facts) {
        loading(facts, text);
    }
}

fn is_loading(facts: &Facts<'_>) -> bool {
    facts.server.snapshot.loading.is_some() || facts.server.aof.loading.is_some()
}

/// How far a child is, and what it has cost.
fn child(facts: &Facts<'_>, text: &mut Text) {
    let saving = facts.server.snapshot.saving;
    let of = |part: fn(crate::snapshot::Saving) -> u64| saving.map_or(0, part);
    text.field("current_cow_peak", of(|saving| saving.copied_peak));
    text.field("current_cow_size", of(|saving| saving.copied));
    let age = saving.map_or(0, |saving| facts.server.mono_us.saturating_sub(saving.told_us) / 1_000_000);
    text.field("current_cow_size_age", if of(|saving| saving.copied) > 0 { age } else { 0 });
    let (done, total) = (of(|saving| saving.keys_done), of(|saving| saving.keys_total));
    text.ratio("current_fork_perc", if total == 0 { 0.0 } else { done as f64 * 100.0 / total as f64 });
    text.field("current_save_keys_processed", done);
    text.field("current_save_keys_total", total);
}

fn snapshots(facts: &Facts<'_>, text: &mut Text) {
    let snapshot = &facts.server.snapshot;
    text.field("rdb_changes_since_last_save", facts.server.dirty);
    text.field("rdb_bgsave_in_progress", u8::from(snapshot.saving_for(Purpose::Snapshot)));
    // A dataset that was never saved counts from the start.
    text.field("rdb_last_save_time", snapshot.last_save_s);
    text.field("rdb_last_bgsave_status", if snapshot.last_ok { "ok" } else { "err" });
    let seconds = |seconds: Option<u64>| seconds.map_or(-1, |seconds| seconds as i64);
    text.field("rdb_last_bgsave_time_sec", seconds(snapshot.last_took_s));
    let saving = snapshot.saving.filter(|saving| saving.purpose == Purpose::Snapshot);
    let now = saving.map(|saving| facts.server.mono_us.saturating_sub(saving.began_us) / 1_000_000);
    text.field("rdb_current_bgsave_time_sec", seconds(now));
    text.field("rdb_saves", snapshot.saves);
    text.field("rdb_last_cow_size", snapshot.last_copied);
    text.field("rdb_last_load_keys_expired", snapshot.last_load.expired);
    text.field("rdb_last_load_keys_loaded", snapshot.last_load.keys);
}

fn append_only_file(facts: &Facts<'_>, text: &mut Text) {
    let (aof, saving) = (&facts.server.aof, facts.server.snapshot.saving);
    let rewrite = &aof.rewrite;
    let status = |ok: bool| if ok { "ok" } else { "err" };
    let seconds = |seconds: Option<u64>| seconds.map_or(-1, |seconds| seconds as i64);
    text.field("aof_enabled", u8::from(aof.mode != Mode::Off));
    let rewriting = saving.filter(|saving| saving.purpose == Purpose::Rewrite);
    text.field("aof_rewrite_in_progress", u8::from(rewriting.is_some()));
    text.field("aof_rewrite_scheduled", u8::from(rewrite.scheduled));
    text.field("aof_last_rewrite_time_sec", seconds(rewrite.last_took_s));
    let now = rewriting.map(|saving| facts.server.mono_us.saturating_sub(saving.began_us) / 1_000_000);
    text.field("aof_current_rewrite_time_sec", seconds(now));
    text.field("aof_last_bgrewrite_status", status(rewrite.last_ok));
    text.field("aof_rewrites", rewrite.count);
    text.field("aof_rewrites_consecutive_failures", rewrite.failures);
    text.field("aof_last_write_status", status(aof.health.failure().is_none()));
    text.field("aof_last_cow_size", rewrite.last_copied);
}

/// Fields that are there while the append-only file is.
fn log(facts: &Facts<'_>, text: &mut Text) {
    let aof = &facts.server.aof;
    text.field("aof_current_size", aof.size);
    text.field("aof_base_size", aof.base_size);
    text.field("aof_pending_rewrite", u8::from(aof.rewrite.scheduled));
    text.field("aof_buffer_length", facts.server.feed.units().len());
    text.field("aof_pending_bio_fsync", aof.log.syncs_pending());
    text.field("aof_delayed_fsync", aof.log.delayed);
    text.field("aof_held_clients", aof.log.held());
    text.field("aof_truncated_bytes", aof.truncated);
}

fn loading(facts: &Facts<'_>, text: &mut Text) {
    let server = facts.server;
    let snapshot = server.snapshot.loading.as_deref();
    let used_memory = snapshot.map_or(0, |loading| loading.used_memory);
    let (began_us, began_wall_s, done, total) = match (&server.aof.loading, snapshot) {
        (Some(aof), _) => (aof.began_us, aof.began_wall_s, aof.offset(server), aof.total),
        (None, Some(one)) => (one.began_us, one.began_wall_s, one.offset(), one.total),
        (None, None) => return,
    };
    let elapsed = facts.host.mono_us().saturating_sub(began_us);
    text.field("loading_start_time", began_wall_s);
    text.field("loading_total_bytes", total);
    text.field("loading_rdb_used_mem", used_memory);
    text.field("loading_loaded_bytes", done);
    text.ratio("loading_loaded_perc", if total == 0 { 0.0 } else { done as f64 * 100.0 / total as f64 });
    let left_s = crate::snapshot::seconds_left(elapsed, done, total);
    text.field("loading_eta_seconds", left_s.max(1));
}
