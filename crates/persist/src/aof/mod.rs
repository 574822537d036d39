//! The append-only file: requests one after another, what stands between them, and the manifest that names the files.
//!
//! ```text
//!   manifest   "file" name "seq" n "type" b|h|i, a line for each file                    manifest.rs
//!   file       preamble? item*                       preamble: a whole snapshot, see `persist::file`
//!   item       request | annotation
//!   request    *words\r\n ($len\r\n bytes\r\n)^words                                     encode.rs, parse.rs
//!   annotation #TS:seconds\r\n | #CRC:offset:crc64:synced\r\n | # anything \n                   marks.rs
//! ```
//!
//! The files are those of the peers, and theirs are read. What is our own are the *marks* (`#CRC:`): checksums of all that
//! was written since the one before. Peers pass over them as over every annotation; [`Reader`] checks them. So a bit
//! that fell over on the disk is told, instead of becoming other data.
//!
//! Nothing here opens a file: [`encode`] appends to buffers, [`Reader`] takes from an [`std::io::Read`].
//!
//! The format is described in docs/formats/aof.md.

pub mod dataset;
pub mod encode;
pub mod manifest;
mod marks;
mod parse;
mod read;
pub mod torn;

pub use manifest::Manifest;
pub use marks::Marks;
pub use read::{Evidence, Item, Reader};

/// Whether a file that begins like this begins with a snapshot: its first six bytes tell.
pub fn is_preamble(head: &[u8]) -> bool {
    head.starts_with(b"REDIS") || head.starts_with(b"VALKEY")
}
