//! Where the server listens, and how it treats a connection.

use crate::kind::{BOOL, I32_MAX, Kind, SPECIAL, TEXT_OR_NONE, U32_MAX, int};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(bind, "bind", SPECIAL, "* -::*").multi_arg(),
    param!(bind_source_addr, "bind-source-addr", TEXT_OR_NONE, ""),
    param!(client_default_resp, "client-default-resp", int(2, 3), "2").immutable().hidden(),
    param!(io_threads, "io-threads", int(1, 256), "1")
        .part(IoThreads)
        .not_yet(|c| c.io_threads > 1, "I/O threads are not available in this version yet"),
    param!(io_threads_always_active, "io-threads-always-active", BOOL, "no").hidden().part(IoThreads),
    param!(mptcp, "mptcp", BOOL, "no")
        .immutable()
        .not_yet(|c| c.mptcp, "MPTCP is not supported on this platform"),
    param!(port, "port", int(0, 65535), "6379"),
    param!(protected_mode, "protected-mode", BOOL, "yes"),
    param!(rdma_bind, "rdma-bind", SPECIAL, "")
        .multi_arg()
        .part(Rdma)
        .not_yet(|c| !c.rdma_bind.is_empty(), "No RDMA building support."),
    param!(rdma_completion_vector, "rdma-completion-vector", int(-1, 1024), "-1").immutable().part(Rdma),
    param!(rdma_port, "rdma-port", int(0, 65535), "0")
        .part(Rdma)
        .not_yet(|c| c.rdma_port != 0, "RDMA is not available in this version"),
    param!(rdma_rx_size, "rdma-rx-size", int(65536, 16777216), "1048576").immutable().part(Rdma),
    param!(socket_mark_id, "socket-mark-id", int(0, U32_MAX), "0").immutable(),
    param!(tcp_backlog, "tcp-backlog", int(0, I32_MAX), "511").immutable(),
    param!(tcp_keepalive, "tcp-keepalive", int(0, I32_MAX), "300"),
    param!(timeout, "timeout", int(0, I32_MAX), "0"),
    param!(unixsocket, "unixsocket", TEXT_OR_NONE, "").immutable(),
    param!(unixsocketgroup, "unixsocketgroup", TEXT_OR_NONE, "").immutable(),
    param!(unixsocketperm, "unixsocketperm", Kind::Octal { max: 0o777 }, "0").immutable(),
];
