//! When a value changes from the small encoding to the large one.

use crate::kind::{I32_MAX, I32_MIN, I64_MAX, int, memory};
use crate::param::{Param, Part::*, param};

pub static PARAMS: &[Param] = &[
    param!(hash_max_listpack_entries, "hash-max-listpack-entries", int(0, I64_MAX), "512")
        .alias("hash-max-ziplist-entries")
        .part(Types),
    param!(hash_max_listpack_value, "hash-max-listpack-value", memory(0, I64_MAX), "64")
        .alias("hash-max-ziplist-value")
        .part(Types),
    param!(hll_sparse_max_bytes, "hll-sparse-max-bytes", memory(0, I64_MAX), "3000").part(Types),
    param!(list_compress_depth, "list-compress-depth", int(0, I32_MAX), "0").part(Types),
    param!(list_max_listpack_size, "list-max-listpack-size", int(I32_MIN, I32_MAX), "-2")
        .alias("list-max-ziplist-size")
        .part(Types),
    param!(set_max_intset_entries, "set-max-intset-entries", int(0, I64_MAX), "512").part(Types),
    param!(set_max_listpack_entries, "set-max-listpack-entries", int(0, I64_MAX), "128").part(Types),
    param!(set_max_listpack_value, "set-max-listpack-value", int(0, I64_MAX), "64").part(Types),
    param!(stream_node_max_bytes, "stream-node-max-bytes", memory(0, I64_MAX), "4096").part(Types),
    param!(stream_node_max_entries, "stream-node-max-entries", int(0, I64_MAX), "100").part(Types),
    param!(zset_max_listpack_entries, "zset-max-listpack-entries", int(0, I64_MAX), "128")
        .alias("zset-max-ziplist-entries")
        .part(Types),
    param!(zset_max_listpack_value, "zset-max-listpack-value", memory(0, I64_MAX), "64")
        .alias("zset-max-ziplist-value")
        .part(Types),
];
