//! What DUMP answers and RESTORE takes: one value, with a version and a checksum behind it.
//!
//! ```text
//!   | type | value | version u16 | checksum u64 |       little endian; the checksum is of all that stands before it
//! ```

use keyspace::{Entry, Env, Value};

use crate::decode::{Decode, Loaded, Modules};
use crate::encode::{has_field_expires, write_value};
use crate::error::{Error, Kind};
use crate::reader::Reader;
use crate::version::Version;
use crate::writer::{Settings, Writer};

const FOOTER: usize = 10;

/// Why a payload was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is too short, of a version that is not known, or damaged.
    Footer,
    /// The value is no good.
    Value(Error),
}

/// An entry's value as a payload. A hash with expires of fields is written in a version that has a code for it.
pub fn dump(entry: &Entry<Value>, mut settings: Settings) -> Vec<u8> {
    if has_field_expires(entry) {
        settings.version = settings.version.with_field_expires();
    }
    let mut writer = Writer::in_memory(settings);
    write_value(&mut writer, entry, |_| {});
    let mut bytes = writer.into_bytes();
    bytes.extend_from_slice(&settings.version.0.to_le_bytes());
    let sum = stdx::crc::crc64(0, &bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// How payloads are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Versions that are not known are tried, too.
    pub any_version: bool,
    /// Checksums are compared.
    pub checksum: bool,
    /// As in [`Decode`].
    pub check_duplicates: bool,
}

/// The value of a payload.
pub fn restore(payload: &[u8], env: &Env, trust: Trust) -> Result<Loaded, Refused> {
    let (body, footer) = payload.split_last_chunk::<FOOTER>().ok_or(Refused::Footer)?;
    let [low, high, sum @ ..] = *footer;
    let version = Version(u16::from_le_bytes([low, high]));
    let summed = &payload[..payload.len() - sum.len()];
    // Nobody writes version 0, but the peers' first ones could have.
    let known = version.is_known() || (trust.any_version && version.0 > 0);
    let sound = || !trust.checksum || stdx::crc::crc64(0, summed) == u64::from_le_bytes(sum);
    if !known || !sound() {
        return Err(Refused::Footer);
    }
    let mut reader = Reader::new(body, Some(body.len() as u64));
    reader.forget_checksum();
    let decode = Decode { env, version, modules: Modules::Refuse, check_duplicates: trust.check_duplicates };
    let loaded = reader.byte().and_then(|code| decode.value(&mut reader, code)).map_err(Refused::Value)?;
    if !loaded.is_value() {
        let what = reader.error(Kind::Corrupt, "a collection without elements");
        return Err(Refused::Value(what));
    }
    Ok(loaded)
}
