//! The keyspace: databases of keys and values, their expiry, eviction, access clocks, and SCAN.
//!
//! It is given the time ([`Env::now_ms`], frozen while a command runs) and a seeded generator; it knows no client,
//! no clock, no file. What happens to keys by itself, expiry and eviction, is told as data in [`Env::gone`] so
//! that the engine can propagate and notify it.
//!
//! *Not here*: commands (`commands`), the hash table and the entry (`structures`), files (`persist`).
#![forbid(unsafe_code)]

pub mod access;
pub mod collection;
mod db;
mod env;
mod evict;
mod expire;
mod expire_fields;
pub mod hash;
mod keys;
pub mod list;
pub mod memory;
mod resize;
mod scan;
pub mod set;
pub mod sorted_set;
pub mod stream;
mod string;
mod value;
mod volatile;
mod walk;

pub use access::{Access, Lfu};
pub use collection::{Collection, Edited, Limits, PACKED_MAX, view_of};
pub use db::{Db, DbIndex, DbMut, Key, Keyspace};
pub use env::{Env, Gone, LAZY_EFFORT, Lazy, Made, Stats, Why};
pub use evict::EvictPolicy;
pub use expire::{Cycle, Swept};
pub use expire_fields::GoneFields;
pub use fastrand::Rng;
pub use hash::{FieldTtl, Fields, Hash, HashIter, HashView, Retime, Was};
pub use list::{End, List, ListView, Side};
pub use scan::Filter;
pub use set::{Set, SetView};
pub use sorted_set::{AddOptions, Added, Bound, SortedSet, SortedSetView};
pub use stream::Stream;
pub use string::{Expire, Str};
pub use structures::entry::{Entry, EntryBox, ValueRef};
pub use structures::keytable::Seed;
pub use structures::table::Policy;
pub use value::{Type, Value, WrongType, duplicate, encoding};
pub use walk::{Recorder, Walked, Walking};

/// Longest string, in bytes, that is kept in the allocation of its key.
pub const EMBED_MAX: usize = 2048;
