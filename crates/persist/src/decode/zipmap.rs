//! Zipmaps, which Redis up to 2.4 kept small hashes in: read into listpacks.
//!
//! ```text
//!   | count | len | field | len | free | value | free bytes | ... | 0xFF |
//!
//!   count   254 or more = count them         len   up to 253, or 254 and a u32, little endian
//! ```

use std::io::Read;

use structures::listpack::{Element, Listpack};

use super::packed::broken;
use crate::error::Result;
use crate::reader::Reader;

const END: u8 = 0xFF;
const WIDE: u8 = 254;

pub(super) fn listpack<R: Read>(reader: &mut Reader<R>) -> Result<Listpack> {
    let bytes = reader.blob()?;
    // One without a field was never written.
    convert(&bytes)
        .filter(|pack| !pack.is_empty())
        .ok_or_else(|| broken(reader, "Zipmap", "its lengths do not add up"))
}

fn convert(bytes: &[u8]) -> Option<Listpack> {
    let (count, mut rest) = bytes.split_first()?;
    let mut pack = Listpack::with_capacity(bytes.len());
    let mut found = 0usize;
    while *rest.first()? != END {
        let (len, after) = length(rest)?;
        let (field, after) = after.split_at_checked(len)?;
        let (len, after) = length(after)?;
        let (free, after) = after.split_first()?;
        let (value, after) = after.split_at_checked(len)?;
        rest = after.get(usize::from(*free)..)?;
        if !pack.has_room(field.len() + value.len() + 32) {
            return None;
        }
        pack.push_back(Element::of(field));
        pack.push_back(Element::of(value));
        found += 1;
    }
    let counted = *count >= WIDE || usize::from(*count) == found;
    (rest.len() == 1 && counted).then_some(pack)
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [WIDE, a, b, c, d, rest @ ..] => Some((u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest)),
        [short @ ..WIDE, rest @ ..] => Some((usize::from(*short), rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_values_and_free_bytes() {
        let good = b"\x02\x02f1\x02\x00v1\x02f2\x02\x03v2???\xff";
        let pack = convert(good).expect("good");
        let texts: Vec<Vec<u8>> = pack.view().iter().map(Element::to_vec).collect();
        assert_eq!(texts, [b"f1", b"v1", b"f2", b"v2"]);
        for cut in 0..good.len() {
            assert!(convert(&good[..cut]).is_none());
        }
        assert!(convert(b"\x01\xff").is_none() && convert(b"\x00\xff\xff").is_none());
        assert!(convert(b"\xfe\xff").is_some_and(|pack| pack.is_empty()));
        assert!(convert(b"\x01\xfe\xff\xff\xff\xfff\x01\x00v\xff").is_none());
    }
}
