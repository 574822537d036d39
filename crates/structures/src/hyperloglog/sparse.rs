//! Registers as runs, for few elements:
//!
//! ```text
//!   00nnnnnn             n + 1 registers of rank 0
//!   01nnnnnn nnnnnnnn    n + 1 registers of rank 0
//!   1vvvvvnn             n + 1 registers of rank v + 1
//! ```
//!
//! Any bytes are runs; they are a HyperLogLog if the runs are [`REGISTERS`] long together and the last one is whole.
//! That is checked where all are read anyway. A change checks only the way to its register: it reads each run before
//! that once, and what it writes keeps the sum.
//!
//! How a change splits a run, and which neighbours are joined then, follows the peers step by step: their bytes are
//! part of what is compatible, though there are shorter ones.

use super::{Corrupt, HEADER, REGISTERS, Vote, invalidate, raise_dense, to_dense};

/// The greatest rank that a run can have.
const RANK_MAX: u8 = 32;
/// The longest run of one rank.
const RANKS_MAX: usize = 4;
/// The longest run of zeros in one byte.
const ZEROS_MAX: usize = 64;
/// How many runs are looked at for neighbours to join.
const JOIN_STEPS: usize = 5;

/// A run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Zeros {
        run: usize,
    },
    /// Zeros in two bytes.
    ManyZeros {
        run: usize,
    },
    Ranks {
        rank: u8,
        run: usize,
    },
}

impl Op {
    /// The run that bytes begin with.
    #[inline]
    fn first(bytes: &[u8]) -> Result<Op, Corrupt> {
        let byte = *bytes.first().ok_or(Corrupt)?;
        Ok(match byte >> 6 {
            0 => Op::Zeros { run: usize::from(byte) + 1 },
            1 => {
                let low = *bytes.get(1).ok_or(Corrupt)?;
                Op::ManyZeros { run: usize::from(u16::from_be_bytes([byte & 0x3f, low])) + 1 }
            }
            _ => Op::Ranks { rank: (byte >> 2 & 0x1f) + 1, run: usize::from(byte & 3) + 1 },
        })
    }

    /// Registers.
    #[inline]
    fn run(self) -> usize {
        match self {
            Op::Zeros { run } | Op::ManyZeros { run } | Op::Ranks { run, .. } => run,
        }
    }

    #[inline]
    fn rank(self) -> u8 {
        match self {
            Op::Ranks { rank, .. } => rank,
            _ => 0,
        }
    }

    /// Bytes.
    #[inline]
    fn len(self) -> usize {
        1 + usize::from(matches!(self, Op::ManyZeros { .. }))
    }
}

/// The runs of a HyperLogLog, until they end or one of them is cut off.
pub fn ops(bytes: &[u8]) -> impl Iterator<Item = Result<Op, Corrupt>> {
    let mut rest = bytes.get(HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let op = Op::first(rest);
        rest = op.map_or(&[], |op| &rest[op.len()..]);
        Some(op)
    })
}

/// Calls with every run and the register it begins at, having checked that it ends within the registers; at the end,
/// that they are all there.
fn each(bytes: &[u8], mut with: impl FnMut(Op, usize)) -> Result<(), Corrupt> {
    let mut first = 0;
    for op in ops(bytes) {
        let op = op?;
        if first + op.run() > REGISTERS {
            return Err(Corrupt);
        }
        with(op, first);
        first += op.run();
    }
    if first == REGISTERS { Ok(()) } else { Err(Corrupt) }
}

pub(super) fn histogram(bytes: &[u8], histogram: &mut [u32; 64]) -> Result<(), Corrupt> {
    each(bytes, |op, _| histogram[usize::from(op.rank())] += op.run() as u32)
}

/// Raises each register to the one here, if it is lower. Checks everything before it changes anything.
pub(super) fn merge(bytes: &[u8], registers: &mut [u8; REGISTERS]) -> Result<(), Corrupt> {
    each(bytes, |_, _| {})?;
    each(bytes, |op, first| {
        if let Op::Ranks { rank, run } = op {
            for register in &mut registers[first..first + run] {
                *register = (*register).max(rank);
            }
        }
    })
}

/// A run as it was found.
#[derive(Clone, Copy)]
struct Place {
    op: Op,
    /// Where its bytes are.
    at: usize,
    /// Its first register.
    first: usize,
}

/// Where to begin the search for a register that is further on than that of the last change: some runs before that.
///
/// **Invariant.** A run begins at byte `at` with register `first`; it is the very first one, or the last search passed
/// it and one more, so that the change has not touched it.
#[derive(Clone, Copy)]
pub(super) struct Resume {
    at: usize,
    first: usize,
}

/// How many runs before the last change. More than the invariant needs, since joining takes some away.
const BACK: usize = 4;

impl Resume {
    const START: Resume = Resume { at: HEADER, first: 0 };

    /// What a search that began here leaves behind, having passed so many runs, the last of them these.
    fn after(self, passed: usize, last: [Resume; BACK]) -> Resume {
        match passed {
            BACK.. => last[passed % BACK],
            2.. => self,
            _ => Resume::START,
        }
    }
}

impl Default for Resume {
    fn default() -> Self {
        Resume::START
    }
}

/// The run that a register is in, and where the run before it begins.
#[inline]
fn find(bytes: &[u8], index: usize, resume: &mut Resume) -> Result<(Place, Option<usize>), Corrupt> {
    let Resume { mut at, mut first } = *resume;
    let (mut passed, mut last, mut previous) = (0, [*resume; BACK], None);
    loop {
        let op = Op::first(bytes.get(at..).ok_or(Corrupt)?)?;
        if index < first + op.run() {
            *resume = resume.after(passed, last);
            return Ok((Place { op, at, first }, previous));
        }
        last[passed % BACK] = Resume { at, first };
        passed += 1;
        previous = Some(at);
        at += op.len();
        first += op.run();
    }
}

/// The rank of one register.
pub(super) fn rank_at(bytes: &[u8], index: usize) -> Result<u8, Corrupt> {
    Ok(find(bytes, index, &mut Resume::default())?.0.op.rank())
}

/// See [`super::set`]. `resume` says where to begin, and then where the next one may begin.
pub(super) fn set(bytes: &mut Vec<u8>, vote: Vote, limit: u64, resume: &mut Resume) -> Result<bool, Corrupt> {
    if vote.rank > RANK_MAX {
        return promote(bytes, vote);
    }
    let (place, previous) = find(bytes, vote.index, resume)?;
    if place.op.rank() >= vote.rank {
        return Ok(false);
    }
    let mut new = Split::default();
    new.around(place, vote);
    let longer = new.len.saturating_sub(place.op.len());
    if longer > 0 && (bytes.len() + longer) as u64 > limit {
        return promote(bytes, vote);
    }
    new.replace(bytes, place);
    join(bytes, previous.unwrap_or(HEADER));
    invalidate(bytes);
    Ok(true)
}

fn promote(bytes: &mut Vec<u8>, vote: Vote) -> Result<bool, Corrupt> {
    let mut dense = to_dense(bytes)?;
    let raised = raise_dense(&mut dense, vote);
    *bytes = dense;
    Ok(raised)
}

/// What a run is split into: two bytes of zeros, a rank and two bytes of zeros at most.
#[derive(Default)]
struct Split {
    bytes: [u8; 5],
    len: usize,
}

impl Split {
    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn around(&mut self, Place { op, first, .. }: Place, vote: Vote) {
        self.rest(op, vote.index - first);
        self.push(ranks(vote.rank, 1));
        self.rest(op, first + op.run() - 1 - vote.index);
    }

    /// So many registers of what the run was.
    fn rest(&mut self, op: Op, run: usize) {
        match op {
            _ if run == 0 => {}
            Op::Ranks { rank, .. } => self.push(ranks(rank, run)),
            _ if run <= ZEROS_MAX => self.push((run - 1) as u8),
            _ => many_zeros(run).into_iter().for_each(|byte| self.push(byte)),
        }
    }

    /// Puts the new runs where the old one was.
    fn replace(&self, bytes: &mut Vec<u8>, place: Place) {
        let (len, behind) = (bytes.len(), place.at + place.op.len());
        let longer = self.len.saturating_sub(place.op.len());
        bytes.resize(len + longer, 0);
        bytes.copy_within(behind..len, place.at + self.len);
        bytes.truncate(len + self.len - place.op.len());
        bytes[place.at..place.at + self.len].copy_from_slice(&self.bytes[..self.len]);
    }
}

/// Joins neighbours of the same rank, from a run on.
fn join(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOIN_STEPS {
        let Ok(op) = Op::first(&bytes[at..]) else { return };
        let next = bytes.get(at + 1).map_or(Err(Corrupt), |_| Op::first(&bytes[at + 1..]));
        match (op, next) {
            (Op::Ranks { rank, run }, Ok(Op::Ranks { rank: same, run: more }))
                if rank == same && run + more <= RANKS_MAX =>
            {
                bytes[at + 1] = ranks(rank, run + more);
                bytes.remove(at);
            }
            _ => at += op.len(),
        }
    }
}

fn ranks(rank: u8, run: usize) -> u8 {
    0x80 | (rank - 1) << 2 | (run - 1) as u8
}

fn many_zeros(run: usize) -> [u8; 2] {
    (0x4000 | (run - 1) as u16).to_be_bytes()
}

pub(super) fn push_zeros(bytes: &mut Vec<u8>, run: usize) {
    bytes.extend_from_slice(&many_zeros(run));
}
