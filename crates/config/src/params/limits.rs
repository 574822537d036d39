//! What one client may cost.

use crate::kind::{I32_MAX, I64_MAX, SPECIAL, U32_MAX, int, memory};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(
        client_output_buffer_limit,
        "client-output-buffer-limit",
        SPECIAL,
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
    )
    .multi_arg(),
    param!(client_query_buffer_limit, "client-query-buffer-limit", memory(1048576, I64_MAX), "1073741824"),
    param!(max_new_connections_per_cycle, "max-new-connections-per-cycle", int(1, 1000), "10"),
    param!(maxclients, "maxclients", int(1, U32_MAX), "10000"),
    param!(min_io_threads_avoid_copy_reply, "min-io-threads-avoid-copy-reply", int(0, I32_MAX), "7")
        .hidden()
        .part(IoThreads),
    param!(min_string_size_avoid_copy_reply, "min-string-size-avoid-copy-reply", int(0, I32_MAX), "16384")
        .hidden()
        .part(IoThreads),
    param!(
        min_string_size_avoid_copy_reply_threaded,
        "min-string-size-avoid-copy-reply-threaded",
        int(0, I32_MAX),
        "65536"
    )
    .hidden()
    .part(IoThreads),
    param!(prefetch_batch_max_size, "prefetch-batch-max-size", int(0, 128), "16").part(IoThreads),
    param!(proto_max_bulk_len, "proto-max-bulk-len", memory(1048576, I64_MAX), "536870912"),
    param!(tracking_table_max_keys, "tracking-table-max-keys", int(0, I64_MAX), "1000000"),
];
