//! What modules wrote: its end can be found without the module, its meaning cannot.

use std::io::Read;

use super::{Decode, Loaded};
use crate::code;
use crate::error::{Kind, Result};
use crate::reader::Reader;

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Modules {
    /// An error with the name of the module.
    #[default]
    Refuse,
    Skip,
}

const END: u64 = 0;
const SIGNED: u64 = 1;
const UNSIGNED: u64 = 2;
const FLOAT: u64 = 3;
const DOUBLE: u64 = 4;
const STRING: u64 = 5;

/// Nine letters of six bits each, then ten bits of a version.
pub(crate) fn name(id: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..9).map(|n| char::from(LETTERS[(id >> (58 - 6 * n)) as usize & 63])).collect()
}

impl Decode<'_> {
    pub(super) fn module<R: Read>(&self, reader: &mut Reader<R>, code: u8) -> Result<Loaded> {
        if code == code::MODULE_EARLY {
            return Err(reader.error(Kind::Unsupported, "data of a module in a form of before Redis 4.0"));
        }
        let id = reader.length()?;
        if self.modules == Modules::Refuse {
            return Err(refused(reader, id));
        }
        skip(reader)?;
        Ok(Loaded::OfModule)
    }
}

pub(crate) fn refused<R: Read>(reader: &Reader<R>, id: u64) -> crate::error::Error {
    let what = format!("data of the module '{}', which is not supported", name(id));
    reader.error(Kind::Unsupported, what)
}

/// Passes over everything up to the end mark.
pub(crate) fn skip<R: Read>(reader: &mut Reader<R>) -> Result<()> {
    loop {
        match reader.length()? {
            END => return Ok(()),
            SIGNED | UNSIGNED => _ = reader.length()?,
            FLOAT => _ = reader.bytes::<4>()?,
            DOUBLE => _ = reader.bytes::<8>()?,
            STRING => reader.skip_string()?,
            other => return Err(reader.corrupt(format!("unknown mark {other} in data of a module"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_nine_letters() {
        // "test1234a" in the letters above.
        let id = b"test1234a".iter().fold(0u64, |id, byte| {
            let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            id << 6 | letters.iter().position(|letter| letter == byte).map_or(0, |at| at as u64)
        });
        assert_eq!(name(id << 10 | 3), "test1234a");
    }

    #[test]
    fn the_end_is_found() {
        let bytes = b"\x01\x05\x02\x40\x50\x03ffff\x04dddddddd\x05\x03abc\x00rest";
        let mut reader = Reader::new(&bytes[..], None);
        skip(&mut reader).expect("good");
        assert_eq!(reader.bytes(), Ok(*b"rest"));
        for cut in 0..bytes.len() - 4 {
            assert!(skip(&mut Reader::new(&bytes[..cut], None)).is_err());
        }
        assert!(skip(&mut Reader::new(&b"\x06"[..], None)).is_err());
    }
}
