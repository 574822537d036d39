//! Replies: bytes appended to a buffer.
//!
//! One function per RESP type. Those that differ between RESP2 and RESP3 take the [`Protocol`]; the RESP2 form is
//! what the peers send to a RESP2 client in place of the RESP3 type (a map as a flat array, a double as a bulk
//! string, null as a null bulk string …).
//!
//! **Invariant** 1. Lines cannot be broken: [`simple`] and [`error`] turn CR and LF into blanks, whoever wrote them.

/// The version of the protocol a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Protocol {
    #[default]
    Resp2,
    Resp3,
}

use Protocol::{Resp2, Resp3};

/// A status line: `+OK`.
#[inline]
pub fn simple(out: &mut Vec<u8>, line: &[u8]) {
    out.push(b'+');
    one_line(out, line);
}

/// An error line: code, blank, message.
pub fn error(out: &mut Vec<u8>, line: &[u8]) {
    out.push(b'-');
    one_line(out, line);
}

fn one_line(out: &mut Vec<u8>, line: &[u8]) {
    let start = out.len();
    out.extend_from_slice(line);
    for byte in &mut out[start..] {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[inline]
pub fn integer(out: &mut Vec<u8>, value: i64) {
    header(out, b':', value);
}

/// `$5\r\nhello\r\n`.
#[inline]
pub fn bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    match HEADS.get(bytes.len()) {
        Some(_) if bytes.len() <= 32 => {
            let mut room = [0; SHORT_ROOM];
            let len = short_bulk(&mut room, bytes);
            return out.extend_from_slice(&room[..len]);
        }
        // Eight bytes are one word, of which five are the head.
        Some(head) => {
            out.extend_from_slice(head);
            out.truncate(out.len() - 3);
        }
        None => header(out, b'$', bytes.len() as i64),
    }
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// The longest string that [`short_bulk`] writes.
pub const SHORT: usize = 64;
/// Room that [`short_bulk`] wants: the head's eight bytes and what follows them.
pub const SHORT_ROOM: usize = 5 + SHORT + 3;

/// The same into room at hand, of which bytes behind the reply are overwritten, too; tells its length. `bytes` are
/// [`SHORT`] at most.
///
/// No loop and no call: a head is one word, of a table, and most strings are two words that overlap. Measured for
/// strings of 16 bytes: 25 instructions, where [`bulk`] takes 75.
#[inline(always)]
pub fn short_bulk(room: &mut [u8; SHORT_ROOM], bytes: &[u8]) -> usize {
    let len = bytes.len().min(SHORT);
    let at = 4 + usize::from(len >= 10);
    room[..8].copy_from_slice(&HEADS[len]);
    if let (8..=16, Some(first), Some(last)) = (len, bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        room[at..at + 8].copy_from_slice(first);
        room[at + len - 8..at + len].copy_from_slice(last);
    } else if let (17..=32, Some(first), Some(last)) =
        (len, bytes.first_chunk::<16>(), bytes.last_chunk::<16>())
    {
        room[at..at + 16].copy_from_slice(first);
        room[at + len - 16..at + len].copy_from_slice(last);
    } else {
        room[at..at + len].copy_from_slice(&bytes[..len]);
    }
    room[at + len..at + len + 2].copy_from_slice(b"\r\n");
    at + len + 2
}

/// An integer, likewise.
#[inline]
pub fn short_bulk_integer(room: &mut [u8; SHORT_ROOM], value: i64) -> usize {
    let mut text = itoa::Buffer::new();
    short_bulk(room, text.format(value).as_bytes())
}

/// `$16\r\n` for each length up to [`SHORT`].
static HEADS: [[u8; 8]; SHORT + 1] = {
    let mut heads = [*b"$0\r\n\0\0\0\0"; SHORT + 1];
    let mut len = 1;
    while len <= SHORT {
        let (tens, ones) = (b'0' + (len / 10) as u8, b'0' + (len % 10) as u8);
        heads[len] = match len {
            0..10 => [b'$', ones, b'\r', b'\n', 0, 0, 0, 0],
            _ => [b'$', tens, ones, b'\r', b'\n', 0, 0, 0],
        };
        len += 1;
    }
    heads
};

/// An integer as a bulk string.
#[inline]
pub fn bulk_integer(out: &mut Vec<u8>, value: i64) {
    let mut text = itoa::Buffer::new();
    bulk(out, text.format(value).as_bytes());
}

#[inline]
pub fn null(out: &mut Vec<u8>, protocol: Protocol) {
    out.extend_from_slice(if protocol == Resp3 { b"_\r\n".as_slice() } else { b"$-1\r\n" });
}

/// Null where an array was asked for.
pub fn null_array(out: &mut Vec<u8>, protocol: Protocol) {
    out.extend_from_slice(if protocol == Resp3 { b"_\r\n".as_slice() } else { b"*-1\r\n" });
}

#[inline]
pub fn array(out: &mut Vec<u8>, len: usize) {
    count(out, b'*', len);
}

/// A map of `len` pairs follows, key and value in turn.
pub fn map(out: &mut Vec<u8>, len: usize, protocol: Protocol) {
    match protocol {
        Resp2 => count(out, b'*', len * 2),
        Resp3 => count(out, b'%', len),
    }
}

pub fn set(out: &mut Vec<u8>, len: usize, protocol: Protocol) {
    count(out, if protocol == Resp3 { b'~' } else { b'*' }, len);
}

/// Out-of-band data; RESP2 clients get it as an array.
pub fn push(out: &mut Vec<u8>, len: usize, protocol: Protocol) {
    count(out, if protocol == Resp3 { b'>' } else { b'*' }, len);
}

/// Attributes precede a reply; RESP2 has none, so callers must not send any there.
pub fn attribute(out: &mut Vec<u8>, len: usize) {
    count(out, b'|', len);
}

pub fn boolean(out: &mut Vec<u8>, value: bool, protocol: Protocol) {
    match protocol {
        Resp2 => integer(out, i64::from(value)),
        Resp3 => out.extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" }),
    }
}

/// A double as the peers print it, 17 digits or less.
pub fn double(out: &mut Vec<u8>, value: f64, protocol: Protocol) {
    let mut text = Vec::with_capacity(24);
    stdx::num::write_f64(&mut text, value);
    match protocol {
        Resp2 => bulk(out, &text),
        Resp3 => {
            out.push(b',');
            out.extend_from_slice(&text);
            out.extend_from_slice(b"\r\n");
        }
    }
}

pub fn big_number(out: &mut Vec<u8>, digits: &[u8], protocol: Protocol) {
    match protocol {
        Resp2 => bulk(out, digits),
        Resp3 => {
            out.push(b'(');
            one_line(out, digits);
        }
    }
}

/// Text to be shown as it is; `format` is three letters (`txt`, `mkd`).
pub fn verbatim(out: &mut Vec<u8>, format: &[u8; 3], text: &[u8], protocol: Protocol) {
    match protocol {
        Resp2 => bulk(out, text),
        Resp3 => {
            count(out, b'=', text.len() + 4);
            out.extend_from_slice(format);
            out.push(b':');
            out.extend_from_slice(text);
            out.extend_from_slice(b"\r\n");
        }
    }
}

#[inline]
fn count(out: &mut Vec<u8>, kind: u8, len: usize) {
    // Most strings, and most arrays, are short.
    if len < 10 {
        out.extend_from_slice(&[kind, b'0' + len as u8, b'\r', b'\n']);
    } else if len < 100 {
        out.extend_from_slice(&[kind, b'0' + (len / 10) as u8, b'0' + (len % 10) as u8, b'\r', b'\n']);
    } else {
        header(out, kind, len as i64);
    }
}

#[inline]
fn header(out: &mut Vec<u8>, kind: u8, value: i64) {
    if (0..10).contains(&value) {
        out.extend_from_slice(&[kind, b'0' + value as u8, b'\r', b'\n']);
        return;
    }
    if let Ok(value @ 0..100_000) = u32::try_from(value) {
        return short_header(out, kind, value);
    }
    let mut digits = itoa::Buffer::new();
    out.push(kind);
    out.extend_from_slice(digits.format(value).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Up to five digits, put together from the end: eight bytes, of which the line is a part. A length that is known
/// beforehand is copied without a call.
#[inline(never)]
fn short_header(out: &mut Vec<u8>, kind: u8, mut value: u32) {
    let (mut line, mut at) = (*b"......\r\n", 6);
    while at > 1 {
        at -= 1;
        line[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    let first = at - 1;
    line[first] = kind;
    let end = out.len() + line.len() - first;
    out.extend_from_slice(&(u64::from_le_bytes(line) >> (8 * first)).to_le_bytes());
    out.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_type_in_both_protocols() {
        assert_eq!(made(|o| simple(o, b"OK")), "+OK\r\n");
        assert_eq!(made(|o| integer(o, -42)), ":-42\r\n");
        assert_eq!(made(|o| integer(o, i64::MIN)), ":-9223372036854775808\r\n");
        for number in [9, 10, 99, 100, 12_345, 99_999, 100_000, 999_999, 1_000_000, i64::MAX] {
            assert_eq!(made(|o| integer(o, number)), format!(":{number}\r\n"));
        }
        for len in [0, 1, 9, 10, 99, 100, 12345] {
            assert_eq!(made(|o| bulk(o, &vec![b'x'; len])), format!("${len}\r\n{}\r\n", "x".repeat(len)));
        }
        assert_eq!(made(|o| null(o, Resp2)), "$-1\r\n");
        assert_eq!(made(|o| null(o, Resp3)), "_\r\n");
        assert_eq!(made(|o| map(o, 3, Resp2)), "*6\r\n");
        assert_eq!(made(|o| map(o, 3, Resp3)), "%3\r\n");
        assert_eq!(made(|o| double(o, 0.1, Resp3)), ",0.1\r\n");
        assert_eq!(made(|o| double(o, 0.1, Resp2)), "$3\r\n0.1\r\n");
        assert_eq!(made(|o| boolean(o, true, Resp2)), ":1\r\n");
        assert_eq!(made(|o| boolean(o, true, Resp3)), "#t\r\n");
        assert_eq!(made(|o| verbatim(o, b"txt", b"hi", Resp3)), "=6\r\ntxt:hi\r\n");
        assert_eq!(made(|o| verbatim(o, b"txt", b"hi", Resp2)), "$2\r\nhi\r\n");
    }

    #[test]
    fn short_strings_are_strings() {
        for len in 0..=SHORT {
            let (text, mut room) = (vec![b'x'; len], [b'?'; SHORT_ROOM]);
            let end = short_bulk(&mut room, &text);
            assert_eq!(&room[..end], made(|o| bulk(o, &text)).as_bytes());
        }
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(made(|o| error(o, b"ERR bad\r\n+OK")), "-ERR bad  +OK\r\n");
    }
}
