//! `# Persistence`: snapshots, taken and loaded. There is no append-only file in this version, and the fields say so.

use super::{Facts, Section, Shown, Text};
use crate::snapshot::Loading;

pub(super) const SECTION: Section =
    Section { title: "Persistence", names: &["persistence"], shown: Shown::ByDefault, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    let snapshot = &facts.server.snapshot;
    text.field("loading", u8::from(snapshot.loading.is_some()));
    text.field("async_loading", 0);
    child(facts, text);
    snapshots(facts, text);
    append_only_file(text);
    text.all(&["module_fork_in_progress", "module_fork_last_cow_size", "slot_migration_fork_in_progress"], 0);
    if let Some(loading) = &snapshot.loading {
        self::loading(facts, loading, text);
    }
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
    text.field("rdb_bgsave_in_progress", u8::from(snapshot.saving.is_some()));
    // A dataset that was never saved counts from the start.
    text.field("rdb_last_save_time", snapshot.last_save_s);
    text.field("rdb_last_bgsave_status", if snapshot.last_ok { "ok" } else { "err" });
    let seconds = |seconds: Option<u64>| seconds.map_or(-1, |seconds| seconds as i64);
    text.field("rdb_last_bgsave_time_sec", seconds(snapshot.last_took_s));
    let now = snapshot.saving.map(|saving| facts.server.mono_us.saturating_sub(saving.began_us) / 1_000_000);
    text.field("rdb_current_bgsave_time_sec", seconds(now));
    text.field("rdb_saves", snapshot.saves);
    text.field("rdb_last_cow_size", snapshot.last_copied);
    text.field("rdb_last_load_keys_expired", snapshot.last_load.expired);
    text.field("rdb_last_load_keys_loaded", snapshot.last_load.keys);
}

fn append_only_file(text: &mut Text) {
    text.all(&["aof_enabled", "aof_rewrite_in_progress", "aof_rewrite_scheduled"], 0);
    text.all(&["aof_last_rewrite_time_sec", "aof_current_rewrite_time_sec"], -1);
    text.field("aof_last_bgrewrite_status", "ok");
    text.all(&["aof_rewrites", "aof_rewrites_consecutive_failures"], 0);
    text.field("aof_last_write_status", "ok");
    text.field("aof_last_cow_size", 0);
}

fn loading(facts: &Facts<'_>, loading: &Loading, text: &mut Text) {
    let (done, total) = (loading.offset(), loading.total);
    text.field("loading_start_time", loading.began_wall_s);
    text.field("loading_total_bytes", total);
    text.field("loading_rdb_used_mem", loading.used_memory);
    text.field("loading_loaded_bytes", done);
    text.ratio("loading_loaded_perc", if total == 0 { 0.0 } else { done as f64 * 100.0 / total as f64 });
    text.field("loading_eta_seconds", loading.seconds_left(facts.host.mono_us()).max(1));
}
