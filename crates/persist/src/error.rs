//! What is wrong with the input, and where.

use std::borrow::Cow;
use std::fmt;

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The input ends too early.
    Cut,
    /// It says something that cannot be.
    Corrupt,
    /// It is well formed, as far as can be told, but of a kind that is not supported.
    Unsupported,
    /// It could not be read.
    Io,
}

/// Input that could not be loaded. Nothing of the value at fault has been applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    /// Bytes read up to the place.
    pub offset: u64,
    pub what: Cow<'static, str>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.what, self.offset)
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;
