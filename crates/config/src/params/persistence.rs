//! Snapshots and the append-only file.

use crate::check;
use crate::choices::{
    Appendfsync, RdbModuleData, RdbVersion, RdbVersionCheck, SanitizeDumpPayload, SnapshotMethod,
};
use crate::kind::{BOOL, I32_MAX, I32_MIN, I64_MAX, Kind, SPECIAL, TEXT, int, memory};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(aof_disable_auto_gc, "aof-disable-auto-gc", BOOL, "no").hidden().part(Persistence),
    param!(aof_load_truncated, "aof-load-truncated", BOOL, "yes").part(Persistence),
    param!(aof_rewrite_incremental_fsync, "aof-rewrite-incremental-fsync", BOOL, "yes").part(Persistence),
    param!(aof_timestamp_enabled, "aof-timestamp-enabled", BOOL, "no").part(Persistence),
    param!(aof_use_rdb_preamble, "aof-use-rdb-preamble", BOOL, "yes").part(Persistence),
    param!(appenddirname, "appenddirname", TEXT, "appendonlydir")
        .immutable()
        .part(Persistence)
        .check(check::appenddirname),
    param!(appendfilename, "appendfilename", TEXT, "appendonly.aof")
        .immutable()
        .part(Persistence)
        .check(check::appendfilename),
    param!(appendfsync, "appendfsync", Kind::Choice(Appendfsync::NAMES), "everysec").part(Persistence),
    param!(appendonly, "appendonly", BOOL, "no").deny_loading().part(Persistence),
    param!(auto_aof_rewrite_min_size, "auto-aof-rewrite-min-size", memory(0, I64_MAX), "67108864")
        .part(Persistence),
    param!(auto_aof_rewrite_percentage, "auto-aof-rewrite-percentage", int(0, I32_MAX), "100")
        .part(Persistence),
    param!(dbfilename, "dbfilename", TEXT, "dump.rdb").protected().part(Persistence).check(check::dbfilename),
    param!(key_load_delay, "key-load-delay", int(I32_MIN, I32_MAX), "0").hidden().part(Persistence),
    param!(
        loading_process_events_interval_bytes,
        "loading-process-events-interval-bytes",
        int(1024, I32_MAX),
        "2097152"
    )
    .hidden()
    .part(Persistence),
    param!(no_appendfsync_on_rewrite, "no-appendfsync-on-rewrite", BOOL, "no").part(Persistence),
    param!(rdb_key_save_delay, "rdb-key-save-delay", int(I32_MIN, I32_MAX), "0").hidden().part(Persistence),
    // Our own.
    param!(rdb_module_data, "rdb-module-data", Kind::Choice(RdbModuleData::NAMES), "refuse")
        .part(Persistence),
    param!(rdb_save_incremental_fsync, "rdb-save-incremental-fsync", BOOL, "yes").part(Persistence),
    // Our own.
    param!(rdb_version, "rdb-version", Kind::Choice(RdbVersion::NAMES), "11").part(Persistence),
    param!(rdb_version_check, "rdb-version-check", Kind::Choice(RdbVersionCheck::NAMES), "strict")
        .part(Persistence),
    param!(rdbchecksum, "rdbchecksum", BOOL, "yes").immutable().part(Persistence),
    param!(rdbcompression, "rdbcompression", BOOL, "yes").part(Persistence),
    // Of Redis; Valkey 9.1 has it no more.
    param!(sanitize_dump_payload, "sanitize-dump-payload", Kind::Choice(SanitizeDumpPayload::NAMES), "no")
        .hidden()
        .part(Persistence),
    param!(save, "save", SPECIAL, "3600 1 300 100 60 10000").multi_arg().adds_up().part(Persistence),
    // Our own.
    param!(snapshot_memory_limit, "snapshot-memory-limit", memory(1 << 20, I64_MAX), "67108864")
        .part(Persistence),
    // Our own.
    param!(snapshot_method, "snapshot-method", Kind::Choice(SnapshotMethod::NAMES), "fork").part(Persistence),
    param!(stop_writes_on_bgsave_error, "stop-writes-on-bgsave-error", BOOL, "yes").part(Persistence),
];
