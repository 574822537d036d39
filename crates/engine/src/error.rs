//! What a client can be told went wrong: one variant, one line.
//!
//! [`CommandError::to_line`] is the only place where the shared texts exist. Texts that belong to one command alone
//! are [`CommandError::Line`]s at that command; those that carry a name or a number are [`CommandError::Told`].
//! CR and LF in them cannot break the reply (`resp::reply::error`).

use keyspace::WrongType as KeyWrongType;
use resp::Argv;

/// What a command body returns.
pub type Result<T = ()> = std::result::Result<T, CommandError>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    WrongType,
    NotInteger,
    NotFloat,
    Syntax,
    NoSuchKey,
    IndexOutOfRange,
    SameObject,
    OffsetOutOfRange,
    BitNotBit,
    Overflow,
    NanOrInfinity,
    StringTooLong,
    DbIndexOutOfRange,
    DbIndexInvalid,
    TimeoutNotInteger,
    TimeoutNegative,
    NoAuth,
    WrongPass,
    OutOfMemory,
    Loading,
    /// `invalid expire time in '<name>' command`.
    InvalidExpire(String),
    WrongArity(String),
    /// A line of one command, code and message.
    Line(&'static str),
    /// The same, with something in it that is not known before.
    Told(String),
    /// The same, and it has been counted where it came from (a command in a script).
    Counted(String),
}

impl From<KeyWrongType> for CommandError {
    fn from(_: KeyWrongType) -> Self {
        CommandError::WrongType
    }
}

impl CommandError {
    pub fn told(line: impl Into<String>) -> Self {
        CommandError::Told(line.into())
    }

    /// For a command nobody knows; the arguments' beginning is shown as the peers show it.
    pub fn unknown_command(argv: Argv<'_>) -> Self {
        let mut shown = String::new();
        for word in argv.iter().skip(1) {
            if shown.len() >= 128 {
                break;
            }
            let room = 128 - shown.len();
            shown.push('\'');
            shown.push_str(&String::from_utf8_lossy(&word[..word.len().min(room)]));
            shown.push_str("' ");
        }
        let name = argv.get(0).unwrap_or_default();
        let name = String::from_utf8_lossy(&name[..name.len().min(128)]);
        CommandError::Told(format!("ERR unknown command '{name}', with args beginning with: {shown}"))
    }

    pub fn unknown_subcommand(argv: Argv<'_>) -> Self {
        let word = |i: usize| argv.get(i).unwrap_or_default();
        let sub = String::from_utf8_lossy(&word(1)[..word(1).len().min(128)]).into_owned();
        let name = String::from_utf8_lossy(word(0)).to_uppercase();
        CommandError::Told(format!("ERR unknown subcommand '{sub}'. Try {name} HELP."))
    }

    /// The line a client sees, without the leading `-`: code, blank, message.
    pub fn to_line(&self) -> std::borrow::Cow<'_, str> {
        use CommandError::*;
        match self {
            WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
            NotInteger => "ERR value is not an integer or out of range",
            NotFloat => "ERR value is not a valid float",
            Syntax => "ERR syntax error",
            NoSuchKey => "ERR no such key",
            IndexOutOfRange => "ERR index out of range",
            SameObject => "ERR source and destination objects are the same",
            OffsetOutOfRange => "ERR bit offset is not an integer or out of range",
            BitNotBit => "ERR bit is not an integer or out of range",
            Overflow => "ERR increment or decrement would overflow",
            NanOrInfinity => "ERR increment would produce NaN or Infinity",
            StringTooLong => "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            DbIndexOutOfRange => "ERR DB index is out of range",
            DbIndexInvalid => "ERR invalid DB index",
            TimeoutNotInteger => "ERR timeout is not an integer or out of range",
            TimeoutNegative => "ERR timeout is negative",
            NoAuth => "NOAUTH Authentication required.",
            WrongPass => "WRONGPASS invalid username-password pair or user is disabled.",
            OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'.",
            Loading => "LOADING Redstart is loading the dataset in memory",
            InvalidExpire(name) => return format!("ERR invalid expire time in '{name}' command").into(),
            WrongArity(name) => {
                return format!("ERR wrong number of arguments for '{name}' command").into();
            }
            Line(line) => line,
            Told(line) | Counted(line) => return line.into(),
        }
        .into()
    }

    /// The code, for `errorstat_<CODE>`.
    pub fn code(line: &str) -> &str {
        line.split(' ').next().unwrap_or("ERR")
    }
}
