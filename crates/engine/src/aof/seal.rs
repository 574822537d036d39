//! What a crash may do to two files at once.
//!
//! A rewrite opens a new increment while the end of the one before may still be on its way to the disk, and nobody waits for
//! that. Should the power go now, the end of the old one may be missing while some of the new one is there. To replay both
//! would be to do what came later without what came before. So the new one tells how long the old one was, and then
//! that it is on the disk:
//!
//! ```text
//!   appendonly.aof.7.incr.aof   … request request                            4711 bytes
//!   appendonly.aof.8.incr.aof   #AFTER:4711  request …  #SEALED:4711  request …
//! ```
//!
//! When files are loaded, and one is shorter than the next one says, or ends inside of an item, the files behind it are
//! emptied if they have no `#SEALED` of it: none of what they hold was synced, as files are synced in their order. If they have
//! one, the file was whole and has been damaged since, which is refused. The lines are annotations, which peers pass over;
//! files of peers have none, and are taken as peers take them.

use std::io::Read;

use stdx::num::{parse_u64, write_u64};

use crate::host::Host;
use crate::state::ServerState;

const AFTER: &[u8] = b"#AFTER:";
const SEALED: &[u8] = b"#SEALED:";
/// The longest such line.
const LINE: u64 = 32;

/// A file that is not on the disk for certain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsealed {
    /// Where it ends, in bytes handed over.
    end: u64,
    /// Its length.
    len: u64,
}

fn line(tag: &[u8], len: u64) -> Vec<u8> {
    let mut line = tag.to_vec();
    write_u64(&mut line, len);
    line.extend_from_slice(b"\r\n");
    line
}

/// Another file was opened; the one before has this length.
pub(super) fn opened(server: &mut ServerState, host: &mut dyn Host, len: u64) {
    server.aof.unsealed = Some(Unsealed { end: host.journal().handed, len });
    append(server, host, &line(AFTER, len));
}

/// Tells that the file before is on the disk, once it is.
pub(super) fn step(server: &mut ServerState, host: &mut dyn Host) {
    let Some(Unsealed { end, len }) = server.aof.unsealed else { return };
    if server.aof.log.durable() >= end {
        server.aof.unsealed = None;
        append(server, host, &line(SEALED, len));
    }
}

fn append(server: &mut ServerState, host: &mut dyn Host, line: &[u8]) {
    server.aof.marks.add(line);
    server.aof.size += line.len() as u64;
    host.journal_append(line);
}

/// What a file tells about the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing, as it has nothing.
    Empty,
    /// Nothing.
    Unknown,
    /// That it had this length.
    Was(u64),
}

/// Reads what a file tells about the one before it.
pub(super) fn before(host: &dyn Host, path: &str) -> Result<Before, String> {
    let Some(file) = host.open_file(path)? else { return Ok(Before::Unknown) };
    let mut head = Vec::new();
    file.content.take(LINE).read_to_end(&mut head).map_err(|error| error.to_string())?;
    if head.is_empty() {
        return Ok(Before::Empty);
    }
    let told = head.strip_prefix(AFTER).and_then(|rest| rest.split(|byte| *byte == b'\r').next());
    Ok(told.and_then(parse_u64).map_or(Before::Unknown, Before::Was))
}

/// Whether a file tells that the one before it, of this length, is on the disk. Reads all of it, in pieces.
pub(super) fn is_sealed(host: &dyn Host, path: &str, len: u64) -> Result<bool, String> {
    let Some(mut file) = host.open_file(path)? else { return Ok(false) };
    let wanted = line(SEALED, len);
    let (mut buffer, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let read = file.content.read(&mut piece).map_err(|error| error.to_string())?;
        if read == 0 {
            return Ok(false);
        }
        buffer.extend_from_slice(&piece[..read]);
        if buffer.windows(wanted.len()).any(|window| window == wanted) {
            return Ok(true);
        }
        let rest = buffer.len().saturating_sub(wanted.len());
        buffer.drain(..rest);
    }
}
