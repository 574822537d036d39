//! `# Memory`: how much, what for, and how much more than that the kernel counts.

use config::Choice;

use super::{Facts, Section, Shown, Text};
use crate::observe::memory::MemoryReport;

pub(super) const SECTION: Section =
    Section { title: "Memory", names: &["memory"], shown: Shown::ByDefault, write };

fn write(facts: &Facts<'_>, text: &mut Text) {
    let report = MemoryReport::of(facts);
    use_of(&report, text);
    allocator(&report, text);
    scripts(facts, text);
    limits(facts, text);
    ratios(&report, text);
    buffers(facts, &report, text);
}

fn use_of(report: &MemoryReport, text: &mut Text) {
    text.memory("used_memory", report.used);
    text.memory("used_memory_rss", report.resident);
    text.memory("used_memory_peak", report.peak);
    text.percent("used_memory_peak_perc", report.peak_percent());
    text.field("used_memory_overhead", report.overhead);
    text.field("used_memory_startup", report.startup);
    text.field("used_memory_dataset", report.dataset);
    text.percent("used_memory_dataset_perc", report.dataset_percent());
}

/// The allocator tells what it handed out and what it holds, no more.
fn allocator(report: &MemoryReport, text: &mut Text) {
    text.field("allocator_allocated", report.used);
    text.field("allocator_active", report.allocator_resident);
    text.field("allocator_resident", report.allocator_resident);
    text.field("allocator_muzzy", 0);
    text.memory("total_system_memory", report.total_system);
}

fn scripts(facts: &Facts<'_>, text: &mut Text) {
    let scripting = &facts.server.scripting;
    let (eval, functions) = scripting.machine_memory();
    let (cached, libraries) = (scripting.cache.memory(), scripting.libraries.memory());
    text.field("used_memory_lua", eval);
    text.field("used_memory_vm_eval", eval);
    text.field("used_memory_lua_human", stdx::size::human(eval as u64));
    text.field("used_memory_scripts_eval", cached);
    text.field("number_of_cached_scripts", scripting.cache.len());
    text.field("number_of_functions", scripting.libraries.functions());
    text.field("number_of_libraries", scripting.libraries.len());
    text.field("used_memory_vm_functions", functions);
    text.memory("used_memory_vm_total", (eval + functions) as u64);
    text.field("used_memory_functions", libraries);
    text.memory("used_memory_scripts", (cached + libraries) as u64);
}

fn limits(facts: &Facts<'_>, text: &mut Text) {
    text.memory("maxmemory", facts.server.config.maxmemory);
    text.field("maxmemory_policy", facts.server.config.maxmemory_policy.name());
}

fn ratios(report: &MemoryReport, text: &mut Text) {
    let over = |part: u64, whole: u64| part as i64 - whole as i64;
    text.ratio("allocator_frag_ratio", report.allocator_rss());
    text.field("allocator_frag_bytes", over(report.allocator_resident, report.used));
    text.ratio("allocator_rss_ratio", 1.0);
    text.field("allocator_rss_bytes", 0);
    text.ratio("rss_overhead_ratio", report.rss_overhead());
    text.field("rss_overhead_bytes", over(report.resident, report.allocator_resident));
    text.ratio("mem_fragmentation_ratio", report.fragmentation());
    text.field("mem_fragmentation_bytes", over(report.resident, report.used));
}

fn buffers(facts: &Facts<'_>, report: &MemoryReport, text: &mut Text) {
    text.field("mem_not_counted_for_evict", facts.server.feed.memory());
    text.all(
        &[
            "mem_replication_backlog",
            "mem_total_replication_buffers",
            "mem_replicas_repl_buffer",
            "mem_clients_slaves",
        ],
        0,
    );
    text.field("mem_clients_normal", report.clients);
    text.all(&["mem_cluster_links", "mem_cluster_slot_import", "mem_cluster_slot_export"], 0);
    text.field("mem_aof_buffer", facts.server.feed.memory());
    text.field("mem_allocator", facts.host.allocator());
    text.field("mem_overhead_db_hashtable_rehashing", report.rehashing_bytes);
    text.field("active_defrag_running", 0);
    text.field("lazyfree_pending_objects", facts.host.drops_pending());
    text.field("lazyfreed_objects", facts.server.totals.lazy_freed);
}
