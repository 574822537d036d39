//! `# Debug`: for who looks into the loop itself; only by name.

use super::{Facts, Section, Shown, Text};

pub(super) const SECTION: Section =
    Section { title: "Debug", names: &["debug"], shown: Shown::ByNameOnly, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    let totals = &facts.server.totals;
    text.field("eventloop_duration_aof_sum", 0);
    text.field("eventloop_duration_cron_sum", totals.cron_us);
    text.field("eventloop_duration_max", totals.turn_max_us);
    text.field("eventloop_cmd_per_cycle_max", totals.commands_per_turn_max);
    text.all(&["io_threaded_reads_pending", "io_threaded_writes_pending"], 0);
}
