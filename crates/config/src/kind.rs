//! What the values of a parameter look like, and between which bounds they lie.

use crate::error::Why;
use crate::text;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Bool,
    Int {
        min: i128,
        max: i128,
    },
    Octal {
        max: u32,
    },
    Memory {
        min: i128,
        max: i128,
    },
    /// A memory value that may have a minus in front.
    SignedMemory {
        min: i128,
        max: i128,
    },
    /// Bytes, or a share of `maxmemory`: `5%` is kept as −5.
    MemoryOrPercent,
    Choice(&'static [&'static str]),
    Text,
    /// Text whose empty form means "none".
    TextOrNone,
    /// The field's type knows: `bind`, `save`, …
    Special,
}

pub const BOOL: Kind = Kind::Bool;
pub const TEXT: Kind = Kind::Text;
pub const TEXT_OR_NONE: Kind = Kind::TextOrNone;
pub const SPECIAL: Kind = Kind::Special;
pub const MEMORY_OR_PERCENT: Kind = Kind::MemoryOrPercent;
pub const I32_MIN: i128 = i32::MIN as i128;
pub const I32_MAX: i128 = i32::MAX as i128;
pub const I64_MIN: i128 = i64::MIN as i128;
pub const I64_MAX: i128 = i64::MAX as i128;
pub const U32_MAX: i128 = u32::MAX as i128;
pub const U64_MAX: i128 = u64::MAX as i128;

pub const fn int(min: i128, max: i128) -> Kind {
    Kind::Int { min, max }
}

pub const fn memory(min: i128, max: i128) -> Kind {
    Kind::Memory { min, max }
}

pub const fn signed_memory(min: i128, max: i128) -> Kind {
    Kind::SignedMemory { min, max }
}

impl Kind {
    /// Reads a number of this kind, with its bounds.
    pub(crate) fn read_number(&self, word: &[u8]) -> Result<i128, Why> {
        match *self {
            Kind::Int { min, max } => {
                let number = text::parse_integer(word).ok_or(Why::NotInteger)?;
                within(number.into(), min, max)
            }
            Kind::Octal { max } => read_octal(word, max),
            Kind::Memory { min, max } => {
                let bytes = text::parse_memory(word).ok_or(Why::NotMemory)?;
                within(bytes.into(), min, max)
            }
            Kind::SignedMemory { min, max } => {
                let (sign, digits) = word.strip_prefix(b"-").map_or((1, word), |rest| (-1, rest));
                let bytes = text::parse_memory(digits).ok_or(Why::NotMemory)?;
                within(sign * i128::from(bytes), min, max)
            }
            Kind::MemoryOrPercent => read_memory_or_percent(word),
            _ => unreachable!("only numeric kinds are given to numeric fields"),
        }
    }

    pub(crate) fn show_number(&self, number: i128) -> String {
        match self {
            Kind::Octal { .. } => format!("{number:o}"),
            Kind::MemoryOrPercent if number < 0 => format!("{}%", -number),
            _ => number.to_string(),
        }
    }

    /// As `show_number`, but the way a person would write it into a file: `64mb`.
    pub(crate) fn write_number(&self, number: i128) -> String {
        match (self, u64::try_from(number)) {
            (Kind::Memory { .. } | Kind::SignedMemory { .. } | Kind::MemoryOrPercent, Ok(bytes)) => {
                text::memory(bytes)
            }
            _ => self.show_number(number),
        }
    }
}

fn within(number: i128, min: i128, max: i128) -> Result<i128, Why> {
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(Why::Between(min.to_string(), max.to_string()))
}

fn read_octal(word: &[u8], max: u32) -> Result<i128, Why> {
    let text = std::str::from_utf8(word).map_err(|_| Why::NotOctal)?;
    let number = u32::from_str_radix(text, 8).map_err(|_| Why::NotOctal)?;
    if number > max {
        return Err(Why::Between("0".into(), format!("{max:o}")));
    }
    Ok(number.into())
}

fn read_memory_or_percent(word: &[u8]) -> Result<i128, Why> {
    if let Some(digits) = word.strip_suffix(b"%") {
        return match text::parse_integer(digits) {
            Some(percent @ 0..=100) => Ok(-i128::from(percent)),
            Some(percent) if percent > 100 => Err(Why::PercentTooHigh),
            _ => Err(Why::NotMemoryOrPercent),
        };
    }
    let bytes = text::parse_memory(word).ok_or(Why::NotMemoryOrPercent)?;
    within(bytes.into(), 0, I64_MAX)
}
