//! The cluster and its bus.

use crate::check;
use crate::choices::{ClusterConfigSave, EndpointType};
use crate::kind::{
    BOOL, I32_MAX, I64_MAX, I64_MIN, Kind, TEXT, TEXT_OR_NONE, U64_MAX, int, memory, signed_memory,
};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(cluster_allow_pubsubshard_when_down, "cluster-allow-pubsubshard-when-down", BOOL, "yes")
        .part(Cluster),
    param!(cluster_allow_reads_when_down, "cluster-allow-reads-when-down", BOOL, "no").part(Cluster),
    param!(cluster_allow_replica_migration, "cluster-allow-replica-migration", BOOL, "yes").part(Cluster),
    param!(cluster_announce_bus_port, "cluster-announce-bus-port", int(0, 65535), "0").part(Cluster),
    param!(cluster_announce_client_ipv4, "cluster-announce-client-ipv4", TEXT_OR_NONE, "")
        .part(Cluster)
        .check(check::announce_ipv4),
    param!(cluster_announce_client_ipv6, "cluster-announce-client-ipv6", TEXT_OR_NONE, "")
        .part(Cluster)
        .check(check::announce_ipv6),
    param!(cluster_announce_client_port, "cluster-announce-client-port", int(0, 65535), "0").part(Cluster),
    param!(cluster_announce_client_tls_port, "cluster-announce-client-tls-port", int(0, 65535), "0")
        .part(Cluster),
    param!(cluster_announce_hostname, "cluster-announce-hostname", TEXT_OR_NONE, "")
        .part(Cluster)
        .check(check::announce_hostname),
    param!(cluster_announce_human_nodename, "cluster-announce-human-nodename", TEXT_OR_NONE, "")
        .part(Cluster)
        .check(check::announce_human_nodename),
    param!(cluster_announce_ip, "cluster-announce-ip", TEXT_OR_NONE, "")
        .part(Cluster)
        .check(check::announce_ip),
    param!(cluster_announce_port, "cluster-announce-port", int(0, 65535), "0").part(Cluster),
    param!(cluster_announce_tls_port, "cluster-announce-tls-port", int(0, 65535), "0").part(Cluster),
    param!(cluster_blacklist_ttl, "cluster-blacklist-ttl", int(I64_MIN, I64_MAX), "60").part(Cluster),
    param!(cluster_config_file, "cluster-config-file", TEXT, "nodes.conf")
        .immutable()
        .part(Cluster)
        .check(check::cluster_config_file),
    param!(
        cluster_config_save_behavior,
        "cluster-config-save-behavior",
        Kind::Choice(ClusterConfigSave::NAMES),
        "sync"
    )
    .part(Cluster),
    param!(cluster_databases, "cluster-databases", int(1, I32_MAX), "1").immutable().part(Cluster),
    param!(cluster_enabled, "cluster-enabled", BOOL, "no")
        .immutable()
        .part(Cluster)
        .not_yet(|c| c.cluster_enabled, "cluster mode is not available in this version yet"),
    param!(cluster_link_sendbuf_limit, "cluster-link-sendbuf-limit", memory(0, U64_MAX), "0").part(Cluster),
    param!(cluster_manual_failover_timeout, "cluster-manual-failover-timeout", int(1, I32_MAX), "5000")
        .part(Cluster),
    param!(cluster_message_gossip_perc, "cluster-message-gossip-perc", int(1, 100), "10")
        .hidden()
        .part(Cluster),
    param!(cluster_migration_barrier, "cluster-migration-barrier", int(0, I32_MAX), "1").part(Cluster),
    param!(cluster_node_timeout, "cluster-node-timeout", int(0, I64_MAX), "15000").part(Cluster),
    param!(cluster_ping_interval, "cluster-ping-interval", int(0, I64_MAX), "0").hidden().part(Cluster),
    param!(cluster_port, "cluster-port", int(0, 65535), "0").immutable().part(Cluster),
    param!(
        cluster_preferred_endpoint_type,
        "cluster-preferred-endpoint-type",
        Kind::Choice(EndpointType::NAMES),
        "ip"
    )
    .part(Cluster),
    param!(cluster_replica_no_failover, "cluster-replica-no-failover", BOOL, "no")
        .alias("cluster-slave-no-failover")
        .part(Cluster),
    param!(cluster_replica_validity_factor, "cluster-replica-validity-factor", int(0, I32_MAX), "10")
        .alias("cluster-slave-validity-factor")
        .part(Cluster),
    param!(cluster_require_full_coverage, "cluster-require-full-coverage", BOOL, "yes").part(Cluster),
    param!(cluster_slot_migration_log_max_len, "cluster-slot-migration-log-max-len", int(0, I64_MAX), "1000")
        .part(Cluster),
    param!(cluster_slot_stats_enabled, "cluster-slot-stats-enabled", BOOL, "no").part(Cluster),
    param!(
        slot_migration_max_failover_repl_bytes,
        "slot-migration-max-failover-repl-bytes",
        signed_memory(-1, I64_MAX),
        "0"
    )
    .part(Cluster),
];
