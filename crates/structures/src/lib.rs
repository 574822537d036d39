//! The structures a keyspace is built of: a hash table that grows a few buckets at a time, and the one
//! allocation a key and its value live in.
//!
//! | module | what it is |
//! |---|---|
//! | [`pages`] | zeroed memory for big arrays, given back to the kernel piece by piece |
//! | [`tags`] | nine tag bytes compared at once: one contract, one file per instruction set |
//! | [`table`] | the hash table of the keyspace, of sets, hashes and sorted sets |
//! | [`entry`] | one allocation per key: header, expire, key, value |
//! | [`item`] | the same for members of sets, fields of hashes, elements of sorted sets |
//! | [`keytable`] | a table of entries, or of items, under their keys |
//! | [`intset`] | small sets of integers in one run of bytes, as Redis keeps them |
//! | [`index`] | elements in the order of their scores, found by rank |
//! | [`ranked`] | items under their keys and in the order of their scores |
//! | [`listpack`] | small collections in one run of bytes, as Redis keeps them |
//! | [`ordered`] | an ordered map for keys that mostly come in order |
//! | [`quicklist`] | long lists: a row of listpacks, the inner ones compressed if asked for |
//! | [`lzf`] | the compression that lists and files use |
//! | [`hyperloglog`] | how many different elements, in the bytes of a string |
//!
//! `unsafe` lives here so that the crates above can forbid it: of what they need every function is safe to call.
//! (Only [`table::Thin`], for other kinds of items, and [`pages`] ask for a promise.)
//!
//! *Not here*: what a value means (`keyspace`), who counts the memory (`alloc`).

pub mod entry;
pub mod hyperloglog;
pub mod index;
pub mod intset;
pub mod item;
pub mod keytable;
pub mod listpack;
pub mod lzf;
pub mod ordered;
pub mod pages;
pub mod quicklist;
pub mod ranked;
pub mod table;
pub mod tags;

pub use entry::{Entry, EntryBox, NewValue, ValueMut, ValueRef};
pub use intset::{Ints, Intset};
pub use item::{Item, ItemBox};
pub use keytable::{ItemTable, KeySlot, KeyTable, Keyed, KeyedTable, Seed, hash_key};
pub use listpack::{Element, Listpack, Pack};
pub use quicklist::Quicklist;
pub use ranked::Ranked;
pub use table::{Hashed, Lookup, Policy, Slot, Stats, Table, Thin, Vacant};
