//! `# Persistence`: nothing is saved in this version, and the fields say so.

use super::{Facts, Section, Shown, Text};

pub(super) const SECTION: Section =
    Section { title: "Persistence", names: &["persistence"], shown: Shown::ByDefault, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    text.all(
        &["loading", "async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age"],
        0,
    );
    text.ratio("current_fork_perc", 0.0);
    text.all(&["current_save_keys_processed", "current_save_keys_total"], 0);
    snapshots(facts, text);
    append_only_file(text);
    text.all(&["module_fork_in_progress", "module_fork_last_cow_size", "slot_migration_fork_in_progress"], 0);
}

fn snapshots(facts: &Facts<'_>, text: &mut Text) {
    text.field("rdb_changes_since_last_save", facts.server.dirty);
    text.field("rdb_bgsave_in_progress", 0);
    // A dataset that was never saved counts from the start.
    text.field("rdb_last_save_time", facts.server.started_wall_us / 1_000_000);
    text.field("rdb_last_bgsave_status", "ok");
    text.all(&["rdb_last_bgsave_time_sec", "rdb_current_bgsave_time_sec"], -1);
    text.all(
        &["rdb_saves", "rdb_last_cow_size", "rdb_last_load_keys_expired", "rdb_last_load_keys_loaded"],
        0,
    );
}

fn append_only_file(text: &mut Text) {
    text.all(&["aof_enabled", "aof_rewrite_in_progress", "aof_rewrite_scheduled"], 0);
    text.all(&["aof_last_rewrite_time_sec", "aof_current_rewrite_time_sec"], -1);
    text.field("aof_last_bgrewrite_status", "ok");
    text.all(&["aof_rewrites", "aof_rewrites_consecutive_failures"], 0);
    text.field("aof_last_write_status", "ok");
    text.field("aof_last_cow_size", 0);
}
