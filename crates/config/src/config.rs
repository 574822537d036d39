//! The values themselves, as plain fields, and `CONFIG GET` and `CONFIG SET` over them.

use std::borrow::Cow;

use crate::choices::*;
use crate::error::{SetError, Why};
use crate::param::{Flags, Param};
use crate::params;
use crate::special::*;
use crate::text;

/// Bytes as the user wrote them: paths, passwords and names need not be UTF-8.
pub type Text = Vec<u8>;

/// Declares [`Config`] and its blank form. A derived `Default` would be a trap: zeros that no record knows of.
macro_rules! fields {
    ($($field:ident: $type:ty,)*) => {
        /// Every parameter under its name, with `_` for `-`. Bounds, defaults and spelling are in the records
        /// (`params/`), which are also what `Config::default()` is made from.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config {
            $(pub $field: $type,)*
        }

        impl Config {
            /// What the records' defaults are written over.
            fn blank() -> Config {
                Config { $($field: Default::default(),)* }
            }
        }
    };
}

fields! {
    // Where the server listens, and how it treats a connection.
    bind: Vec<String>,
    bind_source_addr: Option<Text>,
    client_default_resp: u32,
    io_threads: u32,
    io_threads_always_active: bool,
    mptcp: bool,
    port: u16,
    protected_mode: bool,
    rdma_bind: Vec<String>,
    rdma_completion_vector: i32,
    rdma_port: u16,
    rdma_rx_size: u32,
    socket_mark_id: u32,
    tcp_backlog: u32,
    tcp_keepalive: u32,
    timeout: u32,
    unixsocket: Option<Text>,
    unixsocketgroup: Option<Text>,
    unixsocketperm: u32,
    // The process itself: its name, its files, its clock, what is allowed.
    aof_rewrite_cpulist: Option<Text>,
    bgsave_cpulist: Option<Text>,
    bio_cpulist: Option<Text>,
    daemonize: bool,
    databases: u32,
    dir: Text,
    disable_thp: bool,
    enable_debug_assert: bool,
    enable_debug_command: Allowed,
    enable_module_command: Allowed,
    enable_protected_configs: Allowed,
    extended_redis_compatibility: bool,
    hash_seed: Option<Text>,
    hz: u32,
    locale_collate: Text,
    notify_keyspace_events: KeyspaceEvents,
    oom_score_adj: OomScoreAdj,
    oom_score_adj_values: OomScores,
    pidfile: Option<Text>,
    proc_title_template: Text,
    server_cpulist: Option<Text>,
    set_proc_title: bool,
    shutdown_on_sigint: ShutdownOn,
    shutdown_on_sigterm: ShutdownOn,
    shutdown_timeout: u32,
    supervised: Supervised,
    // What one client may cost.
    client_output_buffer_limit: OutputBufferLimits,
    client_query_buffer_limit: u64,
    max_new_connections_per_cycle: u32,
    maxclients: u32,
    min_io_threads_avoid_copy_reply: u32,
    min_string_size_avoid_copy_reply: u32,
    min_string_size_avoid_copy_reply_threaded: u32,
    prefetch_batch_max_size: u32,
    proto_max_bulk_len: u64,
    tracking_table_max_keys: u64,
    // How much memory, what goes when it is full, and how it is given back.
    active_defrag_cycle_max: u32,
    active_defrag_cycle_min: u32,
    active_defrag_cycle_us: u32,
    active_defrag_ignore_bytes: u64,
    active_defrag_max_scan_fields: u64,
    active_defrag_threshold_lower: u32,
    active_defrag_threshold_upper: u32,
    activedefrag: bool,
    activerehashing: bool,
    jemalloc_bg_thread: bool,
    lazyfree_lazy_eviction: bool,
    lazyfree_lazy_expire: bool,
    lazyfree_lazy_server_del: bool,
    lazyfree_lazy_user_del: bool,
    lazyfree_lazy_user_flush: bool,
    lfu_decay_time: u32,
    lfu_log_factor: u32,
    maxmemory: u64,
    maxmemory_clients: i64,
    maxmemory_eviction_tenacity: u32,
    maxmemory_policy: Policy,
    maxmemory_samples: u32,
    // Keys with a time to live.
    active_expire_effort: u32,
    // When a value changes from the small encoding to the large one.
    hash_max_listpack_entries: u64,
    hash_max_listpack_value: u64,
    hll_sparse_max_bytes: u64,
    list_compress_depth: u32,
    list_max_listpack_size: i32,
    set_max_intset_entries: u64,
    set_max_listpack_entries: u64,
    set_max_listpack_value: u64,
    stream_node_max_bytes: u64,
    stream_node_max_entries: u64,
    zset_max_listpack_entries: u64,
    zset_max_listpack_value: u64,
    // What is written down: the log, the command log, latency, crashes.
    always_show_logo: bool,
    commandlog_execution_slower_than: i64,
    commandlog_large_reply_max_len: u64,
    commandlog_large_request_max_len: u64,
    commandlog_reply_larger_than: i64,
    commandlog_request_larger_than: i64,
    commandlog_slow_execution_max_len: u64,
    crash_log_enabled: bool,
    crash_memcheck_enabled: bool,
    debug_context: Text,
    hide_user_data_from_log: bool,
    ignore_warnings: Text,
    latency_monitor_threshold: u64,
    latency_tracking: bool,
    latency_tracking_info_percentiles: Percentiles,
    log_format: LogFormat,
    log_timestamp_format: LogTimestamp,
    logfile: Text,
    loglevel: LogLevel,
    req_res_logfile: Option<Text>,
    syslog_enabled: bool,
    syslog_facility: SyslogFacility,
    syslog_ident: Text,
    use_exit_on_panic: bool,
    watchdog_period: u32,
    // Users and passwords.
    acl_pubsub_default: AclPubsubDefault,
    aclfile: Text,
    acllog_max_len: u64,
    requirepass: Option<Text>,
    // Snapshots and the append-only file.
    aof_disable_auto_gc: bool,
    aof_load_truncated: bool,
    aof_rewrite_incremental_fsync: bool,
    aof_timestamp_enabled: bool,
    aof_use_rdb_preamble: bool,
    appenddirname: Text,
    appendfilename: Text,
    appendfsync: Appendfsync,
    appendonly: bool,
    auto_aof_rewrite_min_size: u64,
    auto_aof_rewrite_percentage: u32,
    dbfilename: Text,
    key_load_delay: i32,
    loading_process_events_interval_bytes: u64,
    no_appendfsync_on_rewrite: bool,
    rdb_key_save_delay: i32,
    rdb_module_data: RdbModuleData,
    rdb_save_incremental_fsync: bool,
    rdb_version: RdbVersion,
    rdb_version_check: RdbVersionCheck,
    rdbchecksum: bool,
    rdbcompression: bool,
    sanitize_dump_payload: SanitizeDumpPayload,
    save: SaveRules,
    snapshot_memory_limit: u64,
    snapshot_method: SnapshotMethod,
    stop_writes_on_bgsave_error: bool,
    // Primary and replica.
    availability_zone: Text,
    dual_channel_replication_enabled: bool,
    import_mode: bool,
    min_replicas_max_lag: u32,
    min_replicas_to_write: u32,
    primaryauth: Option<Text>,
    primaryuser: Option<Text>,
    propagation_error_behavior: PropagationError,
    rdb_del_sync_files: bool,
    repl_backlog_size: u64,
    repl_backlog_ttl: u64,
    repl_disable_tcp_nodelay: bool,
    repl_diskless_load: DisklessLoad,
    repl_diskless_sync: bool,
    repl_diskless_sync_delay: u32,
    repl_diskless_sync_max_replicas: u32,
    repl_mptcp: bool,
    repl_ping_replica_period: u32,
    repl_timeout: u32,
    replica_announce_ip: Option<Text>,
    replica_announce_port: u16,
    replica_announced: bool,
    replica_ignore_disk_write_errors: bool,
    replica_ignore_maxmemory: bool,
    replica_lazy_flush: bool,
    replica_priority: u32,
    replica_read_only: bool,
    replica_serve_stale_data: bool,
    replicaof: Option<ReplicaOf>,
    // The cluster and its bus.
    cluster_allow_pubsubshard_when_down: bool,
    cluster_allow_reads_when_down: bool,
    cluster_allow_replica_migration: bool,
    cluster_announce_bus_port: u16,
    cluster_announce_client_ipv4: Option<Text>,
    cluster_announce_client_ipv6: Option<Text>,
    cluster_announce_client_port: u16,
    cluster_announce_client_tls_port: u16,
    cluster_announce_hostname: Option<Text>,
    cluster_announce_human_nodename: Option<Text>,
    cluster_announce_ip: Option<Text>,
    cluster_announce_port: u16,
    cluster_announce_tls_port: u16,
    cluster_blacklist_ttl: i64,
    cluster_config_file: Text,
    cluster_config_save_behavior: ClusterConfigSave,
    cluster_databases: u32,
    cluster_enabled: bool,
    cluster_link_sendbuf_limit: u64,
    cluster_manual_failover_timeout: u64,
    cluster_message_gossip_perc: u32,
    cluster_migration_barrier: u32,
    cluster_node_timeout: u64,
    cluster_ping_interval: u64,
    cluster_port: u16,
    cluster_preferred_endpoint_type: EndpointType,
    cluster_replica_no_failover: bool,
    cluster_replica_validity_factor: u32,
    cluster_require_full_coverage: bool,
    cluster_slot_migration_log_max_len: u64,
    cluster_slot_stats_enabled: bool,
    slot_migration_max_failover_repl_bytes: i64,
    // Scripts and functions.
    busy_reply_threshold: u64,
    lua_enable_insecure_api: bool,
    // Encrypted connections.
    max_new_tls_connections_per_cycle: u32,
    tls_auth_clients: TlsAuthClients,
    tls_auth_clients_user: TlsUserFrom,
    tls_auto_reload_interval: u32,
    tls_ca_cert_dir: Option<Text>,
    tls_ca_cert_file: Option<Text>,
    tls_cert_file: Option<Text>,
    tls_ciphers: Option<Text>,
    tls_ciphersuites: Option<Text>,
    tls_client_cert_file: Option<Text>,
    tls_client_key_file: Option<Text>,
    tls_client_key_file_pass: Option<Text>,
    tls_cluster: bool,
    tls_dh_params_file: Option<Text>,
    tls_key_file: Option<Text>,
    tls_key_file_pass: Option<Text>,
    tls_port: u16,
    tls_prefer_server_ciphers: bool,
    tls_protocols: Option<Text>,
    tls_replication: bool,
    tls_session_cache_size: u32,
    tls_session_cache_timeout: u32,
    tls_session_caching: bool,
}

impl Default for Config {
    fn default() -> Config {
        let mut config = Config::blank();
        for param in params::all() {
            let set = param.set(&mut config, &[param.default.as_bytes()]);
            assert!(set.is_ok(), "the default of {} is one of its values (params::tests)", param.name);
        }
        config
    }
}

impl Config {
    /// `CONFIG SET`: all of `pairs`, or nothing. Answers the parameters whose value is another one now.
    ///
    /// `allow_protected` is the caller's reading of `enable-protected-configs` for this client.
    pub fn set_many(
        &mut self,
        pairs: &[(&[u8], &[u8])],
        allow_protected: bool,
    ) -> Result<Vec<&'static Param>, SetError> {
        let params = admit(pairs, allow_protected)?;
        let mut next = self.clone();
        for (param, (name, value)) in params.iter().zip(pairs) {
            param.set(&mut next, &[value]).map_err(|why| blame(name, why))?;
        }
        let before = std::mem::replace(self, next);
        let mut changed: Vec<&'static Param> = Vec::new();
        for param in params {
            // A file of the same name may have another content.
            let may_differ = param.flags.has(Flags::FILE);
            if (may_differ || param.get(&before) != param.get(self)) && !changed.contains(&param) {
                changed.push(param);
            }
        }
        Ok(changed)
    }

    /// `CONFIG GET`: every name that one of the globs matches, once, in the order of the names' bytes.
    ///
    /// A name asked for without wildcards comes back in the spelling it was asked in, and is found even when the
    /// parameter is hidden from patterns.
    pub fn get_matching(&self, patterns: &[&[u8]]) -> Vec<(Cow<'static, str>, Vec<u8>)> {
        let mut found: Vec<(Cow<'static, str>, Vec<u8>)> = Vec::new();
        for pattern in patterns {
            for (param, name) in names_matching(pattern) {
                if !found.iter().any(|(have, _)| have.eq_ignore_ascii_case(&name)) {
                    found.push((name, param.get(self)));
                }
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found
    }
}

/// The parameters of a `CONFIG SET`, if all may be set; the first pair at fault otherwise. Looking at all names
/// before any value is what the peers do: `CONFIG SET port abc port 1` complains about the second `port`.
fn admit(pairs: &[(&[u8], &[u8])], allow_protected: bool) -> Result<Vec<&'static Param>, SetError> {
    let mut params = Vec::with_capacity(pairs.len());
    for (at, (name, _)) in pairs.iter().enumerate() {
        let param = params::find(name).ok_or_else(|| blame(name, Why::UnknownName))?;
        if param.flags.has(Flags::IMMUTABLE) {
            return Err(blame(name, Why::Immutable));
        }
        if param.flags.has(Flags::PROTECTED) && !allow_protected {
            return Err(blame(name, Why::Protected));
        }
        // By spelling, not by parameter: a name and its alias in one CONFIG SET are fine, and the last one wins.
        if pairs[..at].iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(name)) {
            return Err(blame(name, Why::Duplicate));
        }
        params.push(param);
    }
    Ok(params)
}

fn blame(name: &[u8], why: Why) -> SetError {
    SetError { param: String::from_utf8_lossy(name).into_owned(), why }
}

fn names_matching(pattern: &[u8]) -> Vec<(&'static Param, Cow<'static, str>)> {
    if !pattern.iter().any(|c| matches!(c, b'*' | b'?' | b'[' | b'\\')) {
        let asked = String::from_utf8_lossy(pattern).into_owned();
        return params::find(pattern).map(|param| (param, Cow::Owned(asked))).into_iter().collect();
    }
    params::all()
        .filter(|param| !param.flags.has(Flags::HIDDEN))
        .flat_map(|param| param.names().map(move |name| (param, name)))
        .filter(|(_, name)| text::glob_nocase(pattern, name.as_bytes()))
        .map(|(param, name)| (param, Cow::Borrowed(name)))
        .collect()
}
