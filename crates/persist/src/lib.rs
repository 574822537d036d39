//! Snapshots and append-only files: the byte formats of RDB files, of DUMP payloads and of AOF files.
//!
//! ```text
//!   payload   type | value | version u16 | crc u64                                    payload.rs
//!   file      magic | aux* | function* | (database | (expire? access? type key value)*)* | end | crc     file/
//!   value     lengths, strings, runs of bytes                                         decode/, encode/
//!   requests  append-only files and their manifest                                    aof/
//! ```
//!
//! Nothing here opens a file or asks for the time: bytes come from an [`std::io::Read`] and go into an
//! [`std::io::Write`], so that a file, a socket, a pipe and a test are the same.
//!
//! What comes in is not trusted: every length is compared with what is left of the input before memory is asked for, every
//! packed structure is looked at byte by byte before it is believed, and an error says at which offset. A value is
//! whole or it is not there: nothing is put into the keyspace by the decoder.
//!
//! The formats, as they are read and written, are described in docs/formats/rdb.md and docs/formats/aof.md.
#![forbid(unsafe_code)]

pub mod aof;
mod code;
mod decode;
mod encode;
mod error;
pub mod file;
mod payload;
mod reader;
mod version;
mod writer;

pub use decode::{Decode, Loaded, Modules};
pub use encode::write_value;
pub use error::{Error, Kind};
pub use payload::{Refused, Trust, dump, restore};
pub use reader::Reader;
pub use version::Version;
pub use writer::{Settings, Writer};
