#![forbid(unsafe_code)]
//! What std could have had, for a server that speaks Redis: text that must come out byte for byte as the
//! peers write it, and small kernels that are called for every key.
//!
//! Modules, each readable alone:
//!
//! - [`num`] — integers and doubles to text and back, by the peers' grammars.
//! - [`longdouble`] — the 80-bit arithmetic that INCRBYFLOAT is made of.
//! - [`glob`] — the pattern language of KEYS, SCAN and PSUBSCRIBE, in bounded time.
//! - [`sip`] — SipHash-1-3, the keyed hash of the keyspace.
//! - [`crc`] — CRC-64 of RDB and DUMP, CRC-16 of cluster slots.
//! - [`words`] — a line into words (config files, inline requests) and bytes into a readable quotation.
//! - [`size`] — `64mb` into bytes, and bytes into `64.00M`.
//! - [`near`] — "did you mean": the nearest name in a list.
//! - [`histogram`] — latencies, recorded in a few instructions, read as percentiles.
//! - [`steps`] — how many steps a piece of work took, for tests.
//! - [`bits`] — counting and finding bits, the kernels of BITCOUNT and BITPOS.
//!
//! **Invariants.** (1) No unsafe code. (2) Nothing here knows a key, a client, a socket or a clock. (3) Nothing
//! panics on bytes from outside, and no running time is exponential in them.

pub mod bits;
pub mod crc;
pub mod glob;
pub mod histogram;
pub mod longdouble;
pub mod near;
pub mod num;
pub mod sip;
pub mod size;
pub mod steps;
pub mod words;
