//! How much memory, what goes when it is full, and how it is given back.

use crate::choices::Policy;
use crate::kind::{BOOL, I32_MAX, I64_MAX, Kind, MEMORY_OR_PERCENT, U64_MAX, int, memory};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(active_defrag_cycle_max, "active-defrag-cycle-max", int(1, 99), "25").part(Defrag),
    param!(active_defrag_cycle_min, "active-defrag-cycle-min", int(1, 99), "1").part(Defrag),
    param!(active_defrag_cycle_us, "active-defrag-cycle-us", int(0, 100000), "500").part(Defrag),
    param!(active_defrag_ignore_bytes, "active-defrag-ignore-bytes", memory(1, I64_MAX), "104857600")
        .part(Defrag),
    param!(active_defrag_max_scan_fields, "active-defrag-max-scan-fields", int(1, I64_MAX), "1000")
        .part(Defrag),
    param!(active_defrag_threshold_lower, "active-defrag-threshold-lower", int(0, 1000), "10").part(Defrag),
    param!(active_defrag_threshold_upper, "active-defrag-threshold-upper", int(0, 1000), "100").part(Defrag),
    param!(activedefrag, "activedefrag", BOOL, "no").part(Defrag).not_yet(
        |c| c.activedefrag,
        "Active defragmentation cannot be enabled: it is not available in this version yet",
    ),
    param!(activerehashing, "activerehashing", BOOL, "yes"),
    param!(jemalloc_bg_thread, "jemalloc-bg-thread", BOOL, "yes"),
    param!(lazyfree_lazy_eviction, "lazyfree-lazy-eviction", BOOL, "yes"),
    param!(lazyfree_lazy_expire, "lazyfree-lazy-expire", BOOL, "yes"),
    param!(lazyfree_lazy_server_del, "lazyfree-lazy-server-del", BOOL, "yes"),
    param!(lazyfree_lazy_user_del, "lazyfree-lazy-user-del", BOOL, "yes"),
    param!(lazyfree_lazy_user_flush, "lazyfree-lazy-user-flush", BOOL, "yes"),
    param!(lfu_decay_time, "lfu-decay-time", int(0, I32_MAX), "1").part(Eviction),
    param!(lfu_log_factor, "lfu-log-factor", int(0, I32_MAX), "10").part(Eviction),
    param!(maxmemory, "maxmemory", memory(0, U64_MAX), "0").part(Eviction),
    param!(maxmemory_clients, "maxmemory-clients", MEMORY_OR_PERCENT, "0").part(Eviction),
    param!(maxmemory_eviction_tenacity, "maxmemory-eviction-tenacity", int(0, 100), "10").part(Eviction),
    param!(maxmemory_policy, "maxmemory-policy", Kind::Choice(Policy::NAMES), "noeviction").part(Eviction),
    param!(maxmemory_samples, "maxmemory-samples", int(1, 64), "5").part(Eviction),
];
