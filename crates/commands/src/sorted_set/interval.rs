//! Ranges as clients write them: by rank, by score, by string.
//!
//! ```text
//!   rank     0  -1            from, to, both included; negative ones count from the end
//!   score    1.5  (3  inf     included, or with a bracket not
//!   string   [a  (b  -  +     included, not included, before and after everything
//! ```

use std::ops::Range;

use engine::{CommandError, Result};
use keyspace::{Bound, SortedSetView};

/// What the two ends of a range are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rank,
    Score,
    Lex,
}

/// A range as it was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Interval<'a> {
    Ranks(i64, i64),
    Between(Edge<'a>, Edge<'a>),
}

/// A place between elements, or beyond all of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Edge<'a> {
    Start,
    End,
    At(Bound<'a>),
}

const NOT_A_FLOAT: CommandError = CommandError::Line("ERR min or max is not a float");
const NOT_A_STRING: CommandError = CommandError::Line("ERR min or max not valid string range item");

/// Which end of a range a word is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Min,
    Max,
}

impl<'a> Interval<'a> {
    /// The range between two words, the lower one first.
    pub fn read(min: &'a [u8], max: &'a [u8], kind: Kind) -> Result<Self> {
        Ok(match kind {
            Kind::Rank => Interval::Ranks(integer(min)?, integer(max)?),
            Kind::Score => Interval::Between(score(min, End::Min)?, score(max, End::Max)?),
            Kind::Lex => Interval::Between(string(min, End::Min)?, string(max, End::Max)?),
        })
    }

    /// The ranks in it, counted from the lowest element.
    pub fn ranks(self, set: SortedSetView<'_>) -> Range<usize> {
        match self {
            Interval::Ranks(from, to) => within(from, to, set.len()),
            Interval::Between(from, to) => {
                let from = from.position(set);
                from..to.position(set).max(from)
            }
        }
    }

    /// The same, where ranks are counted from the highest element.
    pub fn ranks_from_top(self, set: SortedSetView<'_>) -> Range<usize> {
        match self {
            Interval::Ranks(from, to) => {
                let (len, ranks) = (set.len(), within(from, to, set.len()));
                len - ranks.end..len - ranks.start
            }
            Interval::Between(..) => self.ranks(set),
        }
    }
}

impl Edge<'_> {
    fn position(self, set: SortedSetView<'_>) -> usize {
        match self {
            Edge::Start => 0,
            Edge::End => set.len(),
            Edge::At(bound) => set.position(bound),
        }
    }
}

/// Both included, negative ones counted from the end, cut to what there is.
fn within(from: i64, to: i64, len: usize) -> Range<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let absolute = |at: i64| if at < 0 { at + len } else { at };
    let from = absolute(from).clamp(0, len);
    let end = absolute(to).min(len - 1).saturating_add(1).max(from);
    from as usize..end as usize
}

fn integer(word: &[u8]) -> Result<i64> {
    stdx::num::parse_i64(word).ok_or(CommandError::NotInteger)
}

fn score<'a>(word: &[u8], end: End) -> Result<Edge<'a>> {
    let (number, open) = match word {
        [b'(', number @ ..] => (number, true),
        number => (number, false),
    };
    // The usual bounds that bound nothing are no places to search for: no score is beyond an infinite one.
    match (word, end) {
        (b"-inf", End::Min) => return Ok(Edge::Start),
        (b"+inf" | b"inf", End::Max) => return Ok(Edge::End),
        _ => {}
    }
    let score = number_of(number).ok_or(NOT_A_FLOAT)?;
    Ok(Edge::At(if open == (end == End::Min) { Bound::AfterScore(score) } else { Bound::Score(score) }))
}

/// As the peer's kernel library reads it: nothing is 0, what is too large is infinite, what is too small is 0.
fn number_of(word: &[u8]) -> Option<f64> {
    if word.is_empty() {
        return Some(0.0);
    }
    if let Some(whole) = stdx::num::parse_i64(word) {
        return Some(whole as f64);
    }
    let number: f64 = std::str::from_utf8(word).ok()?.parse().ok()?;
    (!number.is_nan()).then_some(number)
}

fn string(word: &[u8], end: End) -> Result<Edge<'_>> {
    match word {
        b"-" => Ok(Edge::Start),
        b"+" => Ok(Edge::End),
        [b'(', bound @ ..] if end == End::Min => Ok(Edge::At(Bound::AfterMember(bound))),
        [b'[', bound @ ..] if end == End::Max => Ok(Edge::At(Bound::AfterMember(bound))),
        [b'(' | b'[', bound @ ..] => Ok(Edge::At(Bound::Member(bound))),
        _ => Err(NOT_A_STRING),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_cut_to_what_there_is() {
        let table = [
            ((0, -1), 0..5),
            ((1, 3), 1..4),
            ((-2, -1), 3..5),
            ((-9, 1), 0..2),
            ((3, 99), 3..5),
            ((0, i64::MAX), 0..5),
            ((i64::MIN, i64::MAX), 0..5),
        ];
        for ((from, to), ranks) in table {
            assert_eq!(within(from, to, 5), ranks, "{from} {to}");
        }
        for (from, to) in [(3, 1), (5, 9), (0, -6), (-1, -2), (i64::MAX, i64::MIN), (0, i64::MIN)] {
            assert!(within(from, to, 5).is_empty(), "{from} {to}");
        }
        assert!(within(0, -1, 0).is_empty());
    }

    #[test]
    fn numbers_are_read_as_the_peer_reads_bounds() {
        for (word, number) in
            [("", 0.0), ("1.", 1.0), (".5", 0.5), ("+1", 1.0), ("1e400", f64::INFINITY), ("1e-400", 0.0)]
        {
            assert_eq!(number_of(word.as_bytes()), Some(number), "{word}");
        }
        for word in ["nan", "-nan", " 1", "1 ", "0x1", "1e", "1_0", "."] {
            assert_eq!(number_of(word.as_bytes()), None, "{word}");
        }
    }
}
