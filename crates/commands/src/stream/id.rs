//! How clients write ids: `ms-seq`, `ms` alone, `-` and `+`, and `(` before an end that is not included.

use engine::{CommandError, Result};
use keyspace::stream::StreamId;

pub(super) const INVALID: CommandError =
    CommandError::Line("ERR Invalid stream ID specified as stream command argument");
const INVALID_START: CommandError = CommandError::Line("ERR invalid start ID for the interval");
const INVALID_END: CommandError = CommandError::Line("ERR invalid end ID for the interval");

/// The peers look at no more.
const LONGEST: usize = 127;

/// An id that may leave the sequence to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole(StreamId),
    /// `ms-*`.
    Within(u64),
}

/// A number as the peers read it: digits, and what their kernel library takes besides.
fn number(digits: &[u8]) -> Option<u64> {
    stdx::num::parse_u64(digits).or_else(|| crate::generic::cursor(digits))
}

fn parts(word: &[u8]) -> Result<(u64, Option<&[u8]>)> {
    if word.len() > LONGEST {
        return Err(INVALID);
    }
    let dash = word.iter().position(|byte| *byte == b'-');
    let (ms, seq) = match dash {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    Ok((number(ms).ok_or(INVALID)?, seq))
}

/// An id in full or without its sequence, which is `missing` then.
pub(super) fn exact(word: &[u8], missing: u64) -> Result<StreamId> {
    let (ms, seq) = parts(word)?;
    let seq = match seq {
        Some(seq) => number(seq).ok_or(INVALID)?,
        None => missing,
    };
    Ok(StreamId { ms, seq })
}

/// The same, or `-` or `+` for the least and the greatest.
pub(super) fn any(word: &[u8], missing: u64) -> Result<StreamId> {
    match word {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => exact(word, missing),
    }
}

/// The id of an entry to be added.
pub(super) fn wanted(word: &[u8]) -> Result<Wanted> {
    match parts(word)? {
        (ms, Some(b"*")) => Ok(Wanted::Within(ms)),
        (ms, Some(seq)) => Ok(Wanted::Whole(StreamId { ms, seq: number(seq).ok_or(INVALID)? })),
        (ms, None) => Ok(Wanted::Whole(StreamId { ms, seq: 0 })),
    }
}

/// The first id of an interval.
pub(super) fn start(word: &[u8]) -> Result<StreamId> {
    match word {
        [b'(', rest @ ..] if !rest.is_empty() => exact(rest, 0)?.next().ok_or(INVALID_START),
        _ => any(word, 0),
    }
}

/// The last id of an interval.
pub(super) fn end(word: &[u8]) -> Result<StreamId> {
    match word {
        [b'(', rest @ ..] if !rest.is_empty() => exact(rest, u64::MAX)?.previous().ok_or(INVALID_END),
        _ => any(word, u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_may_be_short() {
        assert_eq!(exact(b"5", 7), Ok(StreamId::new(5, 7)));
        assert_eq!(exact(b"005-06", 7), Ok(StreamId::new(5, 6)));
        assert_eq!(exact(b"+5- 6", 7), Ok(StreamId::new(5, 6)));
        assert_eq!(exact(b"18446744073709551615-18446744073709551615", 7), Ok(StreamId::MAX));
        assert_eq!((any(b"-", 1), any(b"+", 1)), (Ok(StreamId::MIN), Ok(StreamId::MAX)));
        assert_eq!(wanted(b"5-*"), Ok(Wanted::Within(5)));
        assert_eq!(wanted(b"5"), Ok(Wanted::Whole(StreamId::new(5, 0))));
        let bad: [&[u8]; 10] =
            [b"", b"-", b"+", b"a", b"5-", b"-5", b"5-6-7", b"5-*", b"18446744073709551616", &[b'1'; 128]];
        for word in bad {
            assert_eq!(exact(word, 0), Err(INVALID), "{word:?}");
        }
    }

    #[test]
    fn ends_may_be_left_out() {
        assert_eq!(start(b"(5-6"), Ok(StreamId::new(5, 7)));
        assert_eq!(start(b"(5"), Ok(StreamId::new(5, 1)));
        assert_eq!(end(b"(5"), Ok(StreamId::new(5, u64::MAX - 1)));
        assert_eq!(end(b"5"), Ok(StreamId::new(5, u64::MAX)));
        assert_eq!(end(b"(0-0"), Err(INVALID_END));
        assert_eq!(start(b"(18446744073709551615-18446744073709551615"), Err(INVALID_START));
        assert_eq!((start(b"("), start(b"(-"), end(b"(+")), (Err(INVALID), Err(INVALID), Err(INVALID)));
    }
}
