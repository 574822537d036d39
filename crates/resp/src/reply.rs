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
    count(out, b'$', bytes.len());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Writes bulk strings one after the other: for replies of many short ones.
///
/// A short one is put together in `frame` and appended with one check for room and one copy of a length that is known
/// beforehand, which takes half the time of three appends of lengths that are not.
pub struct Bulks {
    frame: [u8; FRAME],
}

/// Bytes of a frame, and of the part that is enough for very short strings.
const FRAME: usize = 80;
const HALF: usize = 32;
/// The longest head, and the line end.
const AROUND: usize = 7;

/// `$` and the length, and what follows up to eight bytes is written over.
const HEADS: [[u8; 8]; FRAME - AROUND + 1] = {
    let mut heads = [[0; 8]; FRAME - AROUND + 1];
    let mut len = 0;
    while len < heads.len() {
        let (tens, ones) = (b'0' + (len / 10) as u8, b'0' + (len % 10) as u8);
        heads[len] = match len {
            0..10 => [b'$', ones, b'\r', b'\n', 0, 0, 0, 0],
            _ => [b'$', tens, ones, b'\r', b'\n', 0, 0, 0],
        };
        len += 1;
    }
    heads
};

impl Default for Bulks {
    fn default() -> Self {
        Bulks { frame: [0; FRAME] }
    }
}

impl Bulks {
    #[inline(always)]
    pub fn put(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        let (frame, len) = (&mut self.frame, bytes.len());
        if len >= HEADS.len() {
            return other_bulk(out, bytes);
        }
        frame[..8].copy_from_slice(&HEADS[len]);
        let start = 4 + usize::from(len >= 10);
        let end = start + len;
        frame[start..end].copy_from_slice(bytes);
        frame[end..end + 2].copy_from_slice(b"\r\n");
        if end + 2 <= HALF {
            let half: &[u8; HALF] = frame.first_chunk().expect("the frame is longer");
            append(out, half, end + 2);
        } else {
            append(out, frame, end + 2);
        }
    }
}

#[inline(never)]
fn other_bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    bulk(out, bytes);
}

/// Appends the first `len` bytes of a frame.
#[inline(always)]
fn append<const N: usize>(out: &mut Vec<u8>, frame: &[u8; N], len: usize) {
    let end = out.len() + len;
    out.extend_from_slice(frame);
    out.truncate(end);
}

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
    let (mut frame, mut digits) = ([0; 24], itoa::Buffer::new());
    let digits = digits.format(value).as_bytes();
    let end = 1 + digits.len();
    frame[0] = kind;
    frame[1..end].copy_from_slice(digits);
    frame[end..end + 2].copy_from_slice(b"\r\n");
    append(out, &frame, end + 2);
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
        for len in [0, 1, 9, 10, 72, 73, 74, 80, 99, 100, 12345] {
            assert_eq!(made(|o| bulk(o, &vec![b'x'; len])), format!("${len}\r\n{}\r\n", "x".repeat(len)));
        }
        let mut bulks = Bulks::default();
        for len in [0, 1, 9, 10, 11, 72, 73, 74, 80, 99, 100] {
            let text = vec![b'x'; len];
            assert_eq!(made(|o| Bulks::default().put(o, &text)), made(|o| bulk(o, &text)));
            let mut out = b"before".to_vec();
            bulks.put(&mut out, &text);
            assert_eq!(out[6..], *made(|o| bulk(o, &text)).as_bytes());
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
    fn a_line_stays_one_line() {
        assert_eq!(made(|o| error(o, b"ERR bad\r\n+OK")), "-ERR bad  +OK\r\n");
    }
}
