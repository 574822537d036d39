//! One item at the head of some bytes. Nothing is copied: words are spans.
//!
//! Stricter than what clients may send: a file is written by a server, so what no server writes is damage. Every byte that
//! frames a word is looked at, the line end behind it too.

use resp::Span;

/// Longest annotation, in bytes: what the peers take in one piece.
pub(super) const LONGEST_LINE: usize = 1024;
/// Most words of a request: what clients may send.
const MAX_WORDS: u64 = i32::MAX as u64;

/// Why there is no item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fail {
    /// At least so many bytes are missing. What is there may begin an item.
    Short(usize),
    /// No item begins like this: the offset of the first byte that is wrong.
    Bad(usize, &'static str),
}

type Parsed<T> = Result<T, Fail>;

/// A request that begins with `bytes[0]`, which is `*`: how long it is. Its words replace those in `words`; they count from
/// `bytes[0]`. Memory grows with what has arrived, not with what is announced.
#[inline]
pub(super) fn request(bytes: &[u8], words: &mut Vec<Span>) -> Parsed<usize> {
    words.clear();
    let (count, mut at) = match bytes {
        [_, digit @ b'1'..=b'9', b'\r', b'\n', ..] => (u64::from(digit - b'0'), 4),
        _ => number(bytes, 1, MAX_WORDS, "a number of words that cannot be")?,
    };
    if count == 0 {
        return Err(Fail::Bad(1, "a request without words"));
    }
    for _ in 0..count {
        let span = match short_word(bytes, at) {
            Some(span) => span,
            None => any_word(bytes, at)?,
        };
        words.push(span);
        at = span.start as usize + span.len as usize + 2;
    }
    Ok(at)
}

/// A whole word of less than 100 bytes, as nearly all are: eight bytes at once show its line. `None` says nothing.
#[inline(always)]
fn short_word(bytes: &[u8], at: usize) -> Option<Span> {
    const LINE_END: u64 = 0x0a0d;
    let head = u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?);
    let digit = (head >> 8 & 0xff).wrapping_sub(u64::from(b'0'));
    if head & 0xff != u64::from(b'$') || digit > 9 {
        return None;
    }
    let (len, line) = if head >> 16 & 0xffff == LINE_END {
        (digit, 4)
    } else {
        let second = (head >> 16 & 0xff).wrapping_sub(u64::from(b'0'));
        if second > 9 || digit == 0 || head >> 24 & 0xffff != LINE_END {
            return None;
        }
        (digit * 10 + second, 5)
    };
    let start = at + line;
    let end = start + len as usize;
    let whole = bytes.get(end..end + 2)? == b"\r\n" && end <= u32::MAX as usize;
    whole.then_some(Span { start: start as u32, len: len as u32 })
}

#[inline(never)]
fn any_word(bytes: &[u8], at: usize) -> Parsed<Span> {
    match bytes.get(at) {
        Some(b'$') => {}
        Some(_) => return Err(Fail::Bad(at, "no '$' where a word must begin")),
        None => return Err(Fail::Short(1)),
    }
    // Spans are of 32 bits: four gigabytes is the longest request.
    let room = u64::from(u32::MAX).saturating_sub(at as u64 + 16);
    let (len, start) = number(bytes, at + 1, room, "a length that cannot be")?;
    let end = start + len as usize;
    line_end(bytes, end)?;
    Ok(Span { start: start as u32, len: len as u32 })
}

/// Digits and a line end: the number, and what is behind. At most `max`.
fn number(bytes: &[u8], at: usize, max: u64, why: &'static str) -> Parsed<(u64, usize)> {
    let (mut value, mut end) = (0u64, at);
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        value = value * 10 + u64::from(digit - b'0');
        if value > max {
            return Err(Fail::Bad(at, why));
        }
        // Zeros before a number are no number that a server writes.
        if end > at && bytes[at] == b'0' {
            return Err(Fail::Bad(at, why));
        }
        end += 1;
    }
    if end == at && bytes.len() > at {
        return Err(Fail::Bad(at, why));
    }
    line_end(bytes, end)?;
    Ok((value, end + 2))
}

fn line_end(bytes: &[u8], at: usize) -> Parsed<()> {
    for (n, expected) in [b'\r', b'\n'].into_iter().enumerate() {
        match bytes.get(at + n) {
            Some(byte) if *byte == expected => {}
            Some(_) => return Err(Fail::Bad(at + n, "no line end where one must be")),
            None => return Err(Fail::Short(at + 2 - bytes.len())),
        }
    }
    Ok(())
}

/// An annotation, which begins with `bytes[0]`: how long it is, its line end included.
pub(super) fn annotation(bytes: &[u8]) -> Parsed<usize> {
    let seen = &bytes[..bytes.len().min(LONGEST_LINE)];
    match seen.iter().position(|byte| *byte == b'\n') {
        Some(at) => Ok(at + 1),
        None if seen.len() < LONGEST_LINE => Err(Fail::Short(1)),
        None => Err(Fail::Bad(0, "an annotation without end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bytes: &[u8]) -> Parsed<(usize, Vec<Vec<u8>>)> {
        let mut spans = Vec::new();
        let used = request(bytes, &mut spans)?;
        Ok((used, resp::Argv::new(bytes, &spans).iter().map(<[u8]>::to_vec).collect()))
    }

    #[test]
    fn requests() {
        let long = [b"$100\r\n".as_slice(), &[b'x'; 100], b"\r\n"].concat();
        let bytes = [b"*4\r\n$3\r\nSET\r\n$0\r\n\r\n$12\r\n123456789012\r\n", &long[..], b"*1"].concat();
        let (used, found) = words(&bytes).expect("whole");
        assert_eq!(used, bytes.len() - 2);
        assert_eq!(found, [b"SET".to_vec(), vec![], b"123456789012".to_vec(), vec![b'x'; 100]]);
        for cut in 1..used {
            assert!(matches!(words(&bytes[..cut]), Err(Fail::Short(_))), "{cut}");
        }
        let many = [b"*11\r\n".as_slice(), &b"$1\r\na\r\n".repeat(11)].concat();
        assert_eq!(words(&many).map(|(_, words)| words.len()), Ok(11));
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(words(b"*1\r\n$500000000\r\nabc"), Err(Fail::Short(500_000_000 - 3 + 2)));
        assert_eq!(words(b"*2000000000\r\n$1\r\na\r"), Err(Fail::Short(1)));
    }

    #[test]
    fn the_first_wrong_byte_is_told() {
        for (bytes, at) in [
            (&b"*0\r\n"[..], 1),
            (b"*-1\r\n", 1),
            (b"*x", 1),
            (b"*1\n", 2),
            (b"*1\r\r", 3),
            (b"*1\r\n#", 4),
            (b"*1\r\n$-1\r\n", 5),
            (b"*1\r\n$01\r\na\r\n", 5),
            (b"*1\r\n$1x", 6),
            (b"*1\r\n$1\r\nab", 9),
            (b"*1\r\n$1\r\na\rx", 10),
            (b"*2147483648\r\n", 1),
            (b"*99999999999999999999999999\r\n", 1),
            (b"*1\r\n$4294967295\r\n", 5),
            (b"*1\r\n$99999999999999999999999\r\n", 5),
        ] {
            assert!(
                matches!(words(bytes), Err(Fail::Bad(found, _)) if found == at),
                "{}: {:?}",
                bytes.escape_ascii(),
                words(bytes)
            );
        }
    }

    #[test]
    fn annotations_end() {
        assert_eq!(annotation(b"#TS:1\r\n*1"), Ok(7));
        assert_eq!(annotation(b"# x\n"), Ok(4));
        assert_eq!(annotation(b"#TS:1\r"), Err(Fail::Short(1)));
        assert_eq!(annotation(&[b'#'; 1024]), Err(Fail::Bad(0, "an annotation without end")));
    }
}
