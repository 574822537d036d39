//! Encrypted connections.

use crate::choices::{TlsAuthClients, TlsUserFrom};
use crate::kind::{BOOL, I32_MAX, Kind, TEXT_OR_NONE, int};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(max_new_tls_connections_per_cycle, "max-new-tls-connections-per-cycle", int(1, 1000), "1")
        .part(Tls),
    param!(tls_auth_clients, "tls-auth-clients", Kind::Choice(TlsAuthClients::NAMES), "yes").part(Tls),
    param!(tls_auth_clients_user, "tls-auth-clients-user", Kind::Choice(TlsUserFrom::NAMES), "off").part(Tls),
    param!(tls_auto_reload_interval, "tls-auto-reload-interval", int(0, I32_MAX), "0").part(Tls),
    param!(tls_ca_cert_dir, "tls-ca-cert-dir", TEXT_OR_NONE, "").file().part(Tls),
    param!(tls_ca_cert_file, "tls-ca-cert-file", TEXT_OR_NONE, "").file().part(Tls),
    param!(tls_cert_file, "tls-cert-file", TEXT_OR_NONE, "").file().part(Tls),
    param!(tls_ciphers, "tls-ciphers", TEXT_OR_NONE, "").part(Tls),
    param!(tls_ciphersuites, "tls-ciphersuites", TEXT_OR_NONE, "").part(Tls),
    param!(tls_client_cert_file, "tls-client-cert-file", TEXT_OR_NONE, "").file().part(Tls),
    param!(tls_client_key_file, "tls-client-key-file", TEXT_OR_NONE, "").file().part(Tls),
    param!(tls_client_key_file_pass, "tls-client-key-file-pass", TEXT_OR_NONE, "").sensitive().part(Tls),
    param!(tls_cluster, "tls-cluster", BOOL, "no").part(Tls),
    param!(tls_dh_params_file, "tls-dh-params-file", TEXT_OR_NONE, "").file().part(Tls),
    param!(tls_key_file, "tls-key-file", TEXT_OR_NONE, "").file().part(Tls),
    param!(tls_key_file_pass, "tls-key-file-pass", TEXT_OR_NONE, "").sensitive().part(Tls),
    param!(tls_port, "tls-port", int(0, 65535), "0").part(Tls),
    param!(tls_prefer_server_ciphers, "tls-prefer-server-ciphers", BOOL, "no").part(Tls),
    param!(tls_protocols, "tls-protocols", TEXT_OR_NONE, "").part(Tls),
    param!(tls_replication, "tls-replication", BOOL, "no").part(Tls),
    param!(tls_session_cache_size, "tls-session-cache-size", int(0, I32_MAX), "20480").part(Tls),
    param!(tls_session_cache_timeout, "tls-session-cache-timeout", int(0, I32_MAX), "300").part(Tls),
    param!(tls_session_caching, "tls-session-caching", BOOL, "yes").part(Tls),
];
