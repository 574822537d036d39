//! FUNCTION DUMP and RESTORE: libraries as an RDB file has them.
//!
//! ```text
//!   (0xf5 <string: text of a library>)*  <version: 2 bytes>  <CRC-64 of all before: 8 bytes>     little endian
//! ```
//!
//! **Invariant** 1. No length of a payload is believed before the bytes are there.

use crate::error::{CommandError, Result};

use super::Libraries;

const FUNCTION: u8 = 0xf5;
/// Of the files that we write.
const VERSION: u16 = 80;
const FOOTER: usize = 10;

const WRONG: CommandError = CommandError::Line("ERR DUMP payload version or checksum are wrong");
const BROKEN: CommandError = CommandError::Line("ERR failed loading the given functions payload");

/// All libraries as a payload.
pub fn write(libraries: &Libraries) -> Vec<u8> {
    of_texts(libraries.iter().map(|library| library.text.as_slice()))
}

/// Texts of libraries as a payload.
pub fn of_texts<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for text in texts {
        out.push(FUNCTION);
        write_length(&mut out, text.len());
        out.extend_from_slice(text);
    }
    out.extend_from_slice(&VERSION.to_le_bytes());
    let crc = stdx::crc::crc64(0, &out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

fn write_length(out: &mut Vec<u8>, len: usize) {
    match len {
        0..64 => out.push(len as u8),
        64..0x4000 => out.extend_from_slice(&[0x40 | (len >> 8) as u8, len as u8]),
        0x4000..=0xffff_ffff => {
            out.push(0x80);
            out.extend_from_slice(&(len as u32).to_be_bytes());
        }
        _ => {
            out.push(0x81);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

/// The texts of the libraries of a payload.
pub fn read(payload: &[u8]) -> Result<Vec<Vec<u8>>> {
    let body = payload.len().checked_sub(FOOTER).ok_or(WRONG)?;
    let (body, footer) = payload.split_at(body);
    let version = u16::from_le_bytes([footer[0], footer[1]]);
    if !persist::Version(version).is_known() {
        return Err(WRONG);
    }
    let mut crc = [0; 8];
    crc.copy_from_slice(&footer[2..]);
    let summed = &payload[..body.len() + 2];
    if stdx::crc::crc64(0, summed) != u64::from_le_bytes(crc) {
        return Err(WRONG);
    }
    let mut reader = Reader { bytes: body };
    let mut texts = Vec::new();
    while let Some((&kind, rest)) = reader.bytes.split_first() {
        if kind != FUNCTION {
            return Err(CommandError::Line("ERR given type is not a function"));
        }
        reader.bytes = rest;
        texts.push(reader.string().ok_or(BROKEN)?);
    }
    Ok(texts)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

/// A length, or a way in which a string is encoded.
enum Length {
    Plain(u64),
    Encoded(u8),
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let len = usize::try_from(len).ok()?;
        let (taken, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(taken)
    }

    fn number(&mut self, len: u64) -> Option<u64> {
        Some(self.take(len)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn length(&mut self) -> Option<Length> {
        let first = self.number(1)? as u8;
        let low = u64::from(first & 0x3f);
        Some(match first >> 6 {
            0 => Length::Plain(low),
            1 => Length::Plain(low << 8 | self.number(1)?),
            2 if first == 0x80 => Length::Plain(self.number(4)?),
            2 if first == 0x81 => Length::Plain(self.number(8)?),
            3 => Length::Encoded(first & 0x3f),
            _ => return None,
        })
    }

    fn plain(&mut self) -> Option<u64> {
        match self.length()? {
            Length::Plain(len) => Some(len),
            Length::Encoded(_) => None,
        }
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        match self.length()? {
            Length::Plain(len) => self.take(len).map(<[u8]>::to_vec),
            Length::Encoded(3) => {
                let (packed, full) = (self.plain()?, self.plain()?);
                unpack(self.take(packed)?, usize::try_from(full).ok()?)
            }
            // Integers are strings too, and no library.
            Length::Encoded(_) => None,
        }
    }
}

/// Undoes LZF: runs of bytes as they are, and references to bytes before.
fn unpack(packed: &[u8], full: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut bytes = packed.iter().copied();
    while let Some(control) = bytes.next() {
        if control < 32 {
            for _ in 0..=control {
                out.push(bytes.next()?);
            }
        } else {
            let mut len = usize::from(control >> 5);
            if len == 7 {
                len += usize::from(bytes.next()?);
            }
            let back = (usize::from(control & 31) << 8 | usize::from(bytes.next()?)) + 1;
            let from = out.len().checked_sub(back)?;
            for at in from..from + len + 2 {
                out.push(out[at]);
            }
        }
        if out.len() > full {
            return None;
        }
    }
    (out.len() == full).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_runs_come_back_whole() {
        assert_eq!(unpack(&[2, b'a', b'b', b'c', 0x20, 2], 6).as_deref(), Some(b"abcabc".as_slice()));
        assert_eq!(unpack(&[0, b'a', 0xe0, 10, 0], 20).as_deref(), Some([b'a'; 20].as_slice()));
        assert_eq!(unpack(&[0x20, 0], 3), None);
        assert_eq!(unpack(&[5, b'a'], 6), None);
        assert_eq!(unpack(&[0, b'a', 0xe0, 255, 0], 20), None);
    }

    #[test]
    fn versions_that_nobody_has_given_out_are_refused() {
        let of = |version: u16| {
            let mut payload = of_texts(std::iter::empty());
            payload[..2].copy_from_slice(&version.to_le_bytes());
            let crc = stdx::crc::crc64(0, &payload[..2]);
            payload[2..].copy_from_slice(&crc.to_le_bytes());
            read(&payload).is_ok()
        };
        assert!([0, 13, 79, 81, u16::MAX].iter().all(|version| !of(*version)));
        assert!([10, 11, 12, 80].iter().all(|version| of(*version)));
        assert!(read(&[0; 10]).is_err(), "zeros have a sum of zero");
    }

    #[test]
    fn lengths_are_written_as_they_are_read() {
        for len in [0u64, 63, 64, 0x3fff, 0x4000, 0xffff_ffff, 0x1_0000_0000] {
            let mut out = Vec::new();
            write_length(&mut out, len as usize);
            let mut reader = Reader { bytes: &out };
            assert!(matches!(reader.length(), Some(Length::Plain(read)) if read == len));
            assert!(reader.bytes.is_empty());
        }
    }
}
