//! The numbers that the format gives to types and marks.

/// A string.
pub const STRING: u8 = 0;
/// Elements, one string each (up to version 9).
pub const LIST: u8 = 1;
pub const SET: u8 = 2;
/// Members with scores as text (up to version 7).
pub const SORTED_SET: u8 = 3;
pub const HASH: u8 = 4;
/// Members with scores as doubles.
pub const SORTED_SET_2: u8 = 5;
pub const MODULE_EARLY: u8 = 6;
pub const MODULE: u8 = 7;
pub const HASH_ZIPMAP: u8 = 9;
pub const LIST_ZIPLIST: u8 = 10;
pub const SET_INTSET: u8 = 11;
pub const SORTED_SET_ZIPLIST: u8 = 12;
pub const HASH_ZIPLIST: u8 = 13;
/// Nodes that are ziplists.
pub const LIST_QUICKLIST: u8 = 14;
pub const STREAM: u8 = 15;
pub const HASH_LISTPACK: u8 = 16;
pub const SORTED_SET_LISTPACK: u8 = 17;
/// Nodes that are listpacks, or single elements.
pub const LIST_QUICKLIST_2: u8 = 18;
pub const STREAM_2: u8 = 19;
pub const SET_LISTPACK: u8 = 20;
pub const STREAM_3: u8 = 21;
/// Of Valkey 9: fields with their expires.
pub const HASH_EXPIRES: u8 = 22;
/// Of Redis 7.4: fields with their expires, relative to the first one.
pub const HASH_EXPIRES_REDIS: u8 = 24;
/// Of Redis 7.4: a listpack of field, value, expire.
pub const HASH_LISTPACK_EXPIRES_REDIS: u8 = 25;

/// What a type is called in errors; `None` for one that nobody writes.
pub fn name(code: u8) -> Option<&'static str> {
    Some(match code {
        STRING => "string",
        LIST => "list",
        SET => "set",
        SORTED_SET | SORTED_SET_2 => "sorted set",
        HASH => "hash",
        MODULE_EARLY | MODULE => "module",
        HASH_ZIPMAP => "hash in a zipmap",
        LIST_ZIPLIST => "list in a ziplist",
        SET_INTSET => "set of integers",
        SORTED_SET_ZIPLIST => "sorted set in a ziplist",
        HASH_ZIPLIST => "hash in a ziplist",
        LIST_QUICKLIST | LIST_QUICKLIST_2 => "list in nodes",
        STREAM | STREAM_2 | STREAM_3 => "stream",
        HASH_LISTPACK => "hash in a listpack",
        SORTED_SET_LISTPACK => "sorted set in a listpack",
        SET_LISTPACK => "set in a listpack",
        HASH_EXPIRES | HASH_EXPIRES_REDIS => "hash with expires",
        HASH_LISTPACK_EXPIRES_REDIS => "hash with expires in a listpack",
        _ => return None,
    })
}

/// A container of a node of a list.
pub const NODE_PLAIN: u64 = 1;
pub const NODE_PACKED: u64 = 2;

// Marks of a file.
/// Redis 7.4, Valkey 9: how many keys a cluster slot has; three lengths.
pub const SLOT_INFO: u8 = 244;
pub const FUNCTION: u8 = 245;
pub const FUNCTION_EARLY: u8 = 246;
pub const MODULE_AUX: u8 = 247;
pub const IDLE: u8 = 248;
pub const FREQUENCY: u8 = 249;
pub const AUX: u8 = 250;
pub const SIZES: u8 = 251;
pub const EXPIRE_MS: u8 = 252;
pub const EXPIRE_S: u8 = 253;
pub const DATABASE: u8 = 254;
pub const END: u8 = 255;
