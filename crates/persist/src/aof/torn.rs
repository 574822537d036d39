//! Whether a file that does not read is damaged, or was being written when the power went.
//!
//! What was not synced when the power went may be missing anywhere, not only at the end: file systems write blocks in any
//! order, and those that were not written read as zeros.
//!
//! ```text
//!   |  synced: as it was written    |  written, not synced                          |
//!   | mark A    item  item  mark B  | item  it[0000 0000]em  mark C   item [0000 00]|
//!     synced 0              synced 0          ^ hole           synced = here -->|
//! ```
//!
//! A hole is a whole block ([`BLOCK`](marks::BLOCK) bytes) of zeros, or what is between the end of an item and the end of its
//! block: the disk had an older state of that block. A hole is the end of the file if no mark, wherever it stands, says
//! that what is lost had been synced: a mark behind it was written later, and knows more. Everything else is damage.
//!
//! **Invariants.** (1) To believe a mark can only turn a torn end into damage, never the other way round: so marks count that
//! stand at the very place they say, whatever is around them, inside of values too. (2) What is good ends at the beginning of
//! the item that has the first hole in it, or of its MULTI.

use std::io::{self, Read};

use super::marks::{self, Marks};
use super::read::{Evidence, Reader};

/// Where our first mark is at the latest: what is lost before it may be lost in a file that shows none yet.
const FIRST_MARK: u64 = 4096 + 1024;
/// A file without any mark that is longer was not written by us: not all of so many are lost.
pub const YOUNG: u64 = 64 << 10;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What is behind `good` was written and not synced, and is not whole: its first hole is at `hole`.
    Torn { good: Marks, hole: u64 },
    /// Something else is wrong, or what is lost had been synced: so much had been, for all that marks say.
    Damage { synced: u64 },
}

/// Judges a file that [`Reader`] found to be corrupt. `file`: the same, from its first byte. `O(bytes)`.
pub fn judge(mut file: impl Read, evidence: Evidence) -> io::Result<Verdict> {
    let start = evidence.proven.at();
    io::copy(&mut file.by_ref().take(start), &mut io::sink())?;
    let scan = Scan { source: file, at: start, tail: Vec::new(), synced: None };
    let mut reader = Reader::survey(scan, evidence.proven);
    while let Ok(Some(_)) = reader.next() {}
    let (found, mut scan) = reader.into_survey();
    io::copy(&mut scan, &mut io::sink())?;
    let synced = evidence.synced.max(scan.synced.unwrap_or(0));
    let damage = Verdict::Damage { synced };
    let Some((hole, inside)) = found.hole else { return Ok(damage) };
    // Where another server wrote, nobody made sure that whole blocks of zeros are covered.
    let ours = evidence.signed || scan.synced.is_some();
    let careful = evidence.goes_on || scan.synced.is_some();
    let first = evidence.checked == 0 && found.good.from() == 0;
    let young = first && hole < FIRST_MARK && scan.at <= YOUNG && !inside;
    let believed = if inside { careful } else { ours || young };
    if !believed || synced > hole {
        return Ok(damage);
    }
    Ok(Verdict::Torn { good: found.good, hole })
}

/// Passes bytes on, and looks for marks that stand where they say.
struct Scan<R> {
    source: R,
    /// The offset behind what was passed on.
    at: u64,
    /// The last bytes before it, as many as may begin a mark.
    tail: Vec<u8>,
    /// What they say, the largest that one does.
    synced: Option<u64>,
}

impl<R: Read> Read for Scan<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(to)?.min(to.len());
        let seen = self.tail.len();
        self.tail.extend_from_slice(&to[..count]);
        let start = self.at - seen as u64;
        self.at += count as u64;
        // One that stood in the tail alone was whole then, or is looked at with what came.
        let tags = self.tail.iter().enumerate().filter(|(_, byte)| **byte == b'#').map(|(n, _)| n);
        let told = tags.filter_map(|n| marks::told_at(start + n as u64, &self.tail[n..])?);
        self.synced = self.synced.max(told.max());
        let keep = self.tail.len().min(marks::LONGEST);
        self.tail.drain(..self.tail.len() - keep);
        Ok(count)
    }
}
