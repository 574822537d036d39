//! `# Replication`: a primary without replicas.

use super::{Facts, Section, Shown, Text};

pub(super) const SECTION: Section =
    Section { title: "Replication", names: &["replication"], shown: Shown::ByDefault, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    text.field("role", "master");
    text.field("connected_slaves", 0);
    text.field("replicas_waiting_psync", 0);
    text.field("master_failover_state", "no-failover");
    text.field("master_replid", &facts.server.replication_id);
    text.field("master_replid2", format_args!("{:040}", 0));
    text.field("master_repl_offset", 0);
    text.field("second_repl_offset", -1);
    text.field("repl_backlog_active", 0);
    text.field("repl_backlog_size", facts.server.config.repl_backlog_size);
    text.field("repl_backlog_first_byte_offset", 0);
    text.field("repl_backlog_histlen", 0);
}
