//! Ziplists, which Redis up to 6 kept small collections in: read into listpacks.
//!
//! ```text
//!   | total u32 | tail u32 | count u16 | entry | entry | ... | 0xFF |      little endian; count 65535 = count them
//!
//!   entry   | before | head | data |
//!     before     length of the entry before: one byte up to 253, else 254 and a u32
//!     head       00xxxxxx  a string of up to 63 bytes           01xxxxxx byte  of up to 16383, big endian
//!                10000000 u32  a longer one, big endian
//!                11000000  i16     11010000  i32     11100000  i64     11110000  i24     11111110  i8
//!                1111xxxx  the integer x - 1, x being 1 to 13
//! ```

use std::io::Read;

use structures::listpack::{Element, Listpack};

use super::packed::broken;
use crate::error::Result;
use crate::reader::Reader;

const HEADER: usize = 10;
const END: u8 = 0xFF;
const UNCOUNTED: u16 = u16::MAX;

/// Reads a ziplist, looks at every byte of it that tells a length, and makes a listpack of it.
/// `of`: the type that it is of, for the error.
pub(super) fn listpack<R: Read>(reader: &mut Reader<R>, of: &str) -> Result<Listpack> {
    let bytes = reader.blob()?;
    convert(&bytes).map_err(|what| broken(reader, &format!("{of} ziplist"), what))
}

type Checked<T> = std::result::Result<T, &'static str>;

fn convert(bytes: &[u8]) -> Checked<Listpack> {
    let header = bytes.first_chunk::<HEADER>().ok_or("too short")?;
    let [t0, t1, t2, t3, a0, a1, a2, a3, c0, c1] = *header;
    let (total, tail) = (u32::from_le_bytes([t0, t1, t2, t3]), u32::from_le_bytes([a0, a1, a2, a3]));
    let count = u16::from_le_bytes([c0, c1]);
    if total as usize != bytes.len() || bytes.len() == HEADER || bytes[bytes.len() - 1] != END {
        return Err("wrong total, or no end");
    }
    let entries = &bytes[..bytes.len() - 1];
    let mut pack = Listpack::with_capacity(bytes.len());
    let (mut at, mut last, mut before, mut found) = (HEADER, HEADER, 0, 0usize);
    while at < entries.len() {
        let (element, next) = entry(entries, at, before)?;
        if !pack.has_room(element.len() + 16) {
            return Err("too large");
        }
        pack.push_back(element);
        (last, before, at) = (at, next - at, next);
        found += 1;
    }
    if last != tail as usize {
        return Err("wrong tail");
    }
    if count != UNCOUNTED && usize::from(count) != found {
        return Err("wrong count");
    }
    Ok(pack)
}

/// The entry at a place, after one of `before` bytes, and where the next one begins.
fn entry(bytes: &[u8], at: usize, before: usize) -> Checked<(Element<'_>, usize)> {
    const CUT: &str = "an entry is cut";
    let rest = &bytes[at..];
    let (told, rest) = match rest {
        [254, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        [short @ 0..=253, rest @ ..] => (usize::from(*short), rest),
        _ => return Err(CUT),
    };
    if told != before {
        return Err("wrong length of the entry before");
    }
    let (head, rest) = rest.split_first().ok_or(CUT)?;
    let (element, rest) = match head >> 6 {
        0 => text(rest, usize::from(head & 0x3F))?,
        1 => {
            let (low, rest) = rest.split_first().ok_or(CUT)?;
            text(rest, usize::from(head & 0x3F) << 8 | usize::from(*low))?
        }
        2 => {
            let (len, rest) = rest.split_first_chunk().ok_or(CUT)?;
            text(rest, u32::from_be_bytes(*len) as usize)?
        }
        _ => int(*head, rest)?,
    };
    Ok((element, bytes.len() - rest.len()))
}

fn text(bytes: &[u8], len: usize) -> Checked<(Element<'_>, &[u8])> {
    let (text, rest) = bytes.split_at_checked(len).ok_or("a string is cut")?;
    Ok((Element::of(text), rest))
}

fn int(head: u8, rest: &[u8]) -> Checked<(Element<'_>, &[u8])> {
    const CUT: &str = "an integer is cut";
    let (int, rest) = match head {
        0xC0 => rest.split_first_chunk().map(|(le, rest)| (i64::from(i16::from_le_bytes(*le)), rest)),
        0xD0 => rest.split_first_chunk().map(|(le, rest)| (i64::from(i32::from_le_bytes(*le)), rest)),
        0xE0 => rest.split_first_chunk().map(|(le, rest)| (i64::from_le_bytes(*le), rest)),
        0xF0 => rest
            .split_first_chunk()
            .map(|([a, b, c], rest)| (i64::from(i32::from_le_bytes([0, *a, *b, *c]) >> 8), rest)),
        0xFE => rest.split_first_chunk().map(|(le, rest)| (i64::from(i8::from_le_bytes(*le)), rest)),
        0xF1..=0xFD => Some((i64::from(head & 0x0F) - 1, rest)),
        _ => return Err("unknown encoding"),
    }
    .ok_or(CUT)?;
    Ok((Element::Int(int), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the file of a Redis 2.8: "aa", "bb", 1, -2, 1234567890123, 70000, -8388608.
    fn sample() -> Vec<u8> {
        let entries: &[&[u8]] = &[
            b"\x00\x02aa",
            b"\x04\x02bb",
            b"\x04\xf2",
            b"\x02\xfe\xfe",
            b"\x03\xe0\xcb\x04\xfb\x71\x1f\x01\x00\x00",
            b"\x0a\xf0\x70\x11\x01",
            b"\x05\xf0\x00\x00\x80",
        ];
        let body = entries.concat();
        let total = (HEADER + body.len() + 1) as u32;
        let tail = total - 1 - 5;
        [&total.to_le_bytes()[..], &tail.to_le_bytes(), &7u16.to_le_bytes(), &body, &[END]].concat()
    }

    #[test]
    fn all_encodings() {
        let pack = convert(&sample()).expect("good");
        let texts: Vec<Vec<u8>> = pack.view().iter().map(Element::to_vec).collect();
        let wanted: [&[u8]; 7] = [b"aa", b"bb", b"1", b"-2", b"1234567890123", b"70000", b"-8388608"];
        assert_eq!(texts, wanted);
        pack.view().verify();
    }

    #[test]
    fn damage_is_found_or_changes_an_element() {
        let good = sample();
        for cut in 0..good.len() {
            assert!(convert(&good[..cut]).is_err());
        }
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                if let Ok(pack) = convert(&bad) {
                    assert!(at >= HEADER || at == 8 || at == 9);
                    pack.view().verify();
                }
            }
        }
    }
}
