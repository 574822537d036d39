//! What can be wrong with a value, with a `CONFIG SET` and with a file; and the only place where that becomes text.

use std::fmt;

/// Why one parameter does not take one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    UnknownName,
    Immutable,
    Protected,
    Duplicate,
    WrongCount,
    NotYesNo,
    NotInteger,
    NotOctal,
    NotMemory,
    NotMemoryOrPercent,
    PercentTooHigh,
    /// Text, because octal bounds are shown in octal.
    Between(String, String),
    OneOf(&'static [&'static str]),
    /// A rule of this one parameter.
    Rule(&'static str),
    /// The value is fine, the thing it asks for is not built yet.
    NotYet(&'static str),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match self {
            Why::UnknownName => "Bad directive or wrong number of arguments",
            Why::Immutable => "can't set immutable config",
            Why::Protected => "can't set protected config",
            Why::Duplicate => "duplicate parameter",
            Why::WrongCount => "wrong number of arguments",
            Why::NotYesNo => "argument must be 'yes' or 'no'",
            Why::NotInteger => "argument couldn't be parsed into an integer",
            Why::NotOctal => "argument couldn't be parsed as an octal number",
            Why::NotMemory => "argument must be a memory value",
            Why::NotMemoryOrPercent => "argument must be a memory or percent value",
            Why::PercentTooHigh => "percentage argument must be less or equal to 100",
            Why::Between(min, max) => {
                return write!(f, "argument must be between {min} and {max} inclusive");
            }
            Why::OneOf(names) => {
                return write!(f, "argument(s) must be one of the following: {}", names.join(", "));
            }
            Why::Rule(text) | Why::NotYet(text) => text,
        };
        f.write_str(line)
    }
}

/// A `CONFIG SET` that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetError {
    /// The name as it was asked for.
    pub param: String,
    pub why: Why,
}

impl SetError {
    /// The error line a client sees, without the `-` in front.
    pub fn to_line(&self) -> String {
        match self.why {
            Why::UnknownName => {
                format!("ERR Unknown option or number of arguments for CONFIG SET - '{}'", self.param)
            }
            ref why => {
                format!("ERR CONFIG SET failed (possibly related to argument '{}') - {why}", self.param)
            }
        }
    }
}

/// A configuration file (or command line) that the server must not start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    pub file: String,
    /// Counted from 1; 0 when the fault is not in a line.
    pub line_number: usize,
    pub line: String,
    pub reason: String,
}

impl LoadError {
    /// The lines for standard error. Test suites look for the first of them, word by word.
    pub fn report(&self, version: &str) -> String {
        let mut report = format!("\n*** FATAL CONFIG FILE ERROR (Version {version}) ***\n");
        if self.line_number > 0 {
            report += &format!(
                "Reading the configuration file, at line {} of {}\n>>> '{}'\n",
                self.line_number, self.file, self.line
            );
        }
        report + &self.reason + "\n"
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} (in '{}')", self.file, self.line_number, self.reason, self.line)
    }
}

impl std::error::Error for SetError {}
impl std::error::Error for LoadError {}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_line())
    }
}
