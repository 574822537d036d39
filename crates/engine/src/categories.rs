//! ACL categories: those that follow from a command's flags and group, and those its record adds.
//!
//! Three rules, found by comparing all 399 commands and subcommands of Valkey 9.1.2 with their flags and groups:
//! 1. flags imply `write`, `read` (but not for scripts), `admin` and `dangerous`, `pubsub`, `blocking`, and `fast` or else
//!    `slow`;
//! 2. a group of one type of data implies that type, and `generic` implies `keyspace`, unless the record names such
//!    a category itself (SORT is of sets, lists and sorted sets, WAIT of connections);
//! 3. containers do nothing, so their group implies nothing.

use crate::command::{Flags, Group};
use crate::registry::Entry;

/// All categories, in the order in which COMMAND INFO shows them.
pub const ALL: &[&str] = &[
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

/// What a command works on: at least one of these makes the group's superfluous (rule 2).
const SUBJECTS: &[&str] = &["keyspace", "set", "sortedset", "list", "hash", "string", "stream", "connection"];

/// Whether a command is in a category.
pub fn is_in(entry: &Entry, category: &str) -> bool {
    let named = |wanted: &str| entry.record.acl.iter().any(|name| name.trim_start_matches('@') == wanted);
    named(category) || by_flags(entry, category) || by_group(entry, category, named)
}

/// All categories of a command, in the order of [`ALL`].
pub fn of(entry: &Entry) -> Vec<&'static str> {
    ALL.iter().copied().filter(|category| is_in(entry, category)).collect()
}

fn by_flags(entry: &Entry, category: &str) -> bool {
    let flags = entry.record.flags;
    match category {
        "write" => flags.has(Flags::WRITE),
        "read" => flags.has(Flags::READONLY) && entry.record.group != Group::Scripting,
        "admin" | "dangerous" => flags.has(Flags::ADMIN),
        "pubsub" => flags.has(Flags::PUBSUB),
        "blocking" => flags.has(Flags::BLOCKING),
        "fast" => flags.has(Flags::FAST),
        "slow" => !flags.has(Flags::FAST),
        _ => false,
    }
}

fn by_group(entry: &Entry, category: &str, named: impl Fn(&str) -> bool) -> bool {
    let implied = match entry.record.group {
        Group::Generic => "keyspace",
        Group::String => "string",
        Group::List => "list",
        Group::Set => "set",
        Group::SortedSet => "sortedset",
        Group::Hash => "hash",
        Group::Stream => "stream",
        Group::Bitmap => "bitmap",
        Group::HyperLogLog => "hyperloglog",
        Group::Geo => "geo",
        Group::Transactions => "transaction",
        Group::Scripting => "scripting",
        Group::Connection => "connection",
        Group::PubSub | Group::Server | Group::Cluster | Group::Sentinel => return false,
    };
    implied == category && entry.subcommands.is_empty() && !SUBJECTS.iter().any(|subject| named(subject))
}
