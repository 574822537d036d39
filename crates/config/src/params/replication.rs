//! Primary and replica.

use crate::check;
use crate::choices::{DisklessLoad, PropagationError};
use crate::kind::{BOOL, I32_MAX, I64_MAX, Kind, SPECIAL, TEXT, TEXT_OR_NONE, int, memory};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(availability_zone, "availability-zone", TEXT, "").part(Replication),
    param!(dual_channel_replication_enabled, "dual-channel-replication-enabled", BOOL, "no")
        .part(Replication),
    param!(import_mode, "import-mode", BOOL, "no").part(Replication),
    param!(min_replicas_max_lag, "min-replicas-max-lag", int(0, I32_MAX), "10")
        .alias("min-slaves-max-lag")
        .part(Replication),
    param!(min_replicas_to_write, "min-replicas-to-write", int(0, I32_MAX), "0")
        .alias("min-slaves-to-write")
        .part(Replication),
    param!(primaryauth, "primaryauth", TEXT_OR_NONE, "")
        .alias("masterauth")
        .sensitive()
        .part(Replication)
        .not_yet(|c| c.primaryauth.is_some(), "replication is not available in this version yet"),
    param!(primaryuser, "primaryuser", TEXT_OR_NONE, "")
        .alias("masteruser")
        .sensitive()
        .part(Replication)
        .not_yet(|c| c.primaryuser.is_some(), "replication is not available in this version yet"),
    param!(
        propagation_error_behavior,
        "propagation-error-behavior",
        Kind::Choice(PropagationError::NAMES),
        "ignore"
    )
    .part(Replication),
    param!(rdb_del_sync_files, "rdb-del-sync-files", BOOL, "no").part(Replication),
    param!(repl_backlog_size, "repl-backlog-size", memory(1, I64_MAX), "10485760")
        .part(Replication)
        .check(check::repl_backlog_size),
    param!(repl_backlog_ttl, "repl-backlog-ttl", int(0, I64_MAX), "3600").part(Replication),
    param!(repl_disable_tcp_nodelay, "repl-disable-tcp-nodelay", BOOL, "no").part(Replication),
    param!(repl_diskless_load, "repl-diskless-load", Kind::Choice(DisklessLoad::NAMES), "disabled")
        .deny_loading()
        .part(Replication),
    param!(repl_diskless_sync, "repl-diskless-sync", BOOL, "yes").part(Replication),
    param!(repl_diskless_sync_delay, "repl-diskless-sync-delay", int(0, I32_MAX), "5").part(Replication),
    param!(repl_diskless_sync_max_replicas, "repl-diskless-sync-max-replicas", int(0, I32_MAX), "0")
        .part(Replication),
    param!(repl_mptcp, "repl-mptcp", BOOL, "no")
        .immutable()
        .not_yet(|c| c.repl_mptcp, "MPTCP is not supported on this platform"),
    param!(repl_ping_replica_period, "repl-ping-replica-period", int(1, I32_MAX), "10")
        .alias("repl-ping-slave-period")
        .part(Replication),
    param!(repl_timeout, "repl-timeout", int(1, I32_MAX), "60").part(Replication),
    param!(replica_announce_ip, "replica-announce-ip", TEXT_OR_NONE, "")
        .alias("slave-announce-ip")
        .part(Replication),
    param!(replica_announce_port, "replica-announce-port", int(0, 65535), "0")
        .alias("slave-announce-port")
        .part(Replication),
    param!(replica_announced, "replica-announced", BOOL, "yes").part(Replication),
    param!(replica_ignore_disk_write_errors, "replica-ignore-disk-write-errors", BOOL, "no")
        .part(Replication),
    param!(replica_ignore_maxmemory, "replica-ignore-maxmemory", BOOL, "yes")
        .alias("slave-ignore-maxmemory")
        .part(Replication),
    param!(replica_lazy_flush, "replica-lazy-flush", BOOL, "yes").alias("slave-lazy-flush").part(Replication),
    param!(replica_priority, "replica-priority", int(0, I32_MAX), "100")
        .alias("slave-priority")
        .part(Replication),
    param!(replica_read_only, "replica-read-only", BOOL, "yes").alias("slave-read-only").part(Replication),
    param!(replica_serve_stale_data, "replica-serve-stale-data", BOOL, "yes")
        .alias("slave-serve-stale-data")
        .part(Replication),
    param!(replicaof, "replicaof", SPECIAL, "")
        .alias("slaveof")
        .immutable()
        .multi_arg()
        .part(Replication)
        .not_yet(|c| c.replicaof.is_some(), "replication is not available in this version yet"),
];
