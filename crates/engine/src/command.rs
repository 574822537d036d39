//! The record of a command: one value from which lookup, arity, flags, ACL categories, key extraction, COMMAND's
//! answers, documentation and test grammar derive.
//!
//! A command's file declares `pub(crate) static COMMANDS: &[Command]`, each record naming what differs and taking
//! the rest from a shared template with `..TEMPLATE` (and, in the end, `..Command::BLANK`).

use resp::Argv;

use crate::ctx::Ctx;
use crate::error::{CommandError, Result};

/// What a command does with its request.
pub type Body = fn(&mut Ctx<'_>) -> Result;

#[derive(Clone, Copy)]
pub struct Command {
    /// Upper case; a subcommand's own word only (`GETNAME` of CLIENT).
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The version of Redis or Valkey that brought it (or `redstart 0.1`).
    pub since: &'static str,
    pub group: Group,
    /// The name of the command is counted.
    pub arity: Arity,
    pub flags: Flags,
    /// ACL categories beside those that flags and group imply.
    pub acl: &'static [&'static str],
    pub keys: &'static [KeySpec],
    pub args: &'static [Arg],
    /// What it answers, for people.
    pub reply: &'static str,
    pub complexity: &'static str,
    /// Version and what came with it.
    pub history: &'static [(&'static str, &'static str)],
    /// Command tips (`nondeterministic_output`, `request_policy:all_shards` …).
    pub tips: &'static [&'static str],
    /// Since when it should not be used, and what to use.
    pub deprecated: Option<(&'static str, &'static str)>,
    pub subcommands: &'static [&'static [Command]],
    pub run: Body,
}

impl Command {
    /// The template of templates. A container that is called without a subcommand never gets to its body.
    pub const BLANK: Command = Command {
        name: "",
        summary: "",
        since: "1.0.0",
        group: Group::Generic,
        arity: Arity::Exactly(1),
        flags: Flags::NONE,
        acl: &[],
        keys: &[],
        args: &[],
        reply: "",
        complexity: "O(1)",
        history: &[],
        tips: &[],
        deprecated: None,
        subcommands: &[],
        run: |ctx| Err(CommandError::unknown_subcommand(ctx.argv)),
    };

    pub fn subcommands(&self) -> impl Iterator<Item = &'static Command> {
        self.subcommands.iter().flat_map(|list| list.iter())
    }
}

/// The word under which documentation files it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    Stream,
    Bitmap,
    HyperLogLog,
    Geo,
    PubSub,
    Transactions,
    Scripting,
    Connection,
    Server,
    Cluster,
    Sentinel,
}

impl Group {
    pub fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Hash => "hash",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
            Group::HyperLogLog => "hyperloglog",
            Group::Geo => "geo",
            Group::PubSub => "pubsub",
            Group::Transactions => "transactions",
            Group::Scripting => "scripting",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Cluster => "cluster",
            Group::Sentinel => "sentinel",
        }
    }
}

/// How many words a request must have, the name of the command counted (and that of the subcommand).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    Exactly(u16),
    AtLeast(u16),
}

impl Arity {
    #[inline]
    pub fn admits(self, words: usize) -> bool {
        match self {
            Arity::Exactly(n) => words == usize::from(n),
            Arity::AtLeast(n) => words >= usize::from(n),
        }
    }

    /// As COMMAND INFO prints it: negative = at least.
    pub fn number(self) -> i64 {
        match self {
            Arity::Exactly(n) => i64::from(n),
            Arity::AtLeast(n) => -i64::from(n),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    pub const NONE: Flags = Flags(0);
    pub const WRITE: Flags = Flags(1);
    pub const READONLY: Flags = Flags(1 << 1);
    pub const DENYOOM: Flags = Flags(1 << 2);
    pub const ADMIN: Flags = Flags(1 << 3);
    pub const PUBSUB: Flags = Flags(1 << 4);
    pub const NOSCRIPT: Flags = Flags(1 << 5);
    pub const BLOCKING: Flags = Flags(1 << 6);
    pub const LOADING: Flags = Flags(1 << 7);
    pub const STALE: Flags = Flags(1 << 8);
    pub const SKIP_MONITOR: Flags = Flags(1 << 9);
    pub const SKIP_COMMANDLOG: Flags = Flags(1 << 10);
    pub const ASKING: Flags = Flags(1 << 11);
    pub const FAST: Flags = Flags(1 << 12);
    pub const NO_AUTH: Flags = Flags(1 << 13);
    /// It may change something, or be told to replicas, though it is no write. Told to nobody.
    pub const MAY_REPLICATE: Flags = Flags(1 << 14);
    pub const NO_ASYNC_LOADING: Flags = Flags(1 << 15);
    pub const NO_MULTI: Flags = Flags(1 << 16);
    pub const MOVABLEKEYS: Flags = Flags(1 << 17);
    pub const ALLOW_BUSY: Flags = Flags(1 << 18);
    pub const NO_MANDATORY_KEYS: Flags = Flags(1 << 19);
    pub const TOUCHES_ARBITRARY_KEYS: Flags = Flags(1 << 20);
    pub const ALL_DBS: Flags = Flags(1 << 21);
    /// Runs at once between MULTI and EXEC, instead of being queued.
    pub const UNQUEUED: Flags = Flags(1 << 23);
    /// For the system itself, not for people: told by COMMAND DOCS only.
    pub const SYSTEM: Flags = Flags(1 << 22);

    /// In the order, and with the words, of COMMAND INFO.
    pub const NAMES: &'static [(Flags, &'static str)] = &[
        (Flags::WRITE, "write"),
        (Flags::READONLY, "readonly"),
        (Flags::DENYOOM, "denyoom"),
        (Flags::ADMIN, "admin"),
        (Flags::PUBSUB, "pubsub"),
        (Flags::NOSCRIPT, "noscript"),
        (Flags::BLOCKING, "blocking"),
        (Flags::LOADING, "loading"),
        (Flags::STALE, "stale"),
        (Flags::SKIP_MONITOR, "skip_monitor"),
        (Flags::SKIP_COMMANDLOG, "skip_commandlog"),
        (Flags::ASKING, "asking"),
        (Flags::FAST, "fast"),
        (Flags::NO_AUTH, "no_auth"),
        (Flags::NO_MANDATORY_KEYS, "no_mandatory_keys"),
        (Flags::NO_ASYNC_LOADING, "no_async_loading"),
        (Flags::NO_MULTI, "no_multi"),
        (Flags::MOVABLEKEYS, "movablekeys"),
        (Flags::ALLOW_BUSY, "allow_busy"),
        (Flags::ALL_DBS, "all_dbs"),
    ];

    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    pub const fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }

    #[inline]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Where keys are in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    pub flags: KeyFlags,
    pub begin: Begin,
    pub find: Find,
    pub notes: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    Index(u16),
    /// After this word, searched from an index on (negative: backwards from the end).
    Keyword(&'static str, i16),
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// `last`: relative to the first key (negative: from the end); every `step`th; `limit`: if `last` is -1, stop
    /// after 1/limit of the words (0 and 1: none).
    Range {
        last: i16,
        step: u16,
        limit: u16,
    },
    /// The number of keys is `at` words from the beginning, the first key `first` words.
    KeyNum {
        at: u16,
        first: u16,
        step: u16,
    },
    Unknown,
}

impl KeySpec {
    /// One key at an index.
    pub const fn at(index: u16) -> KeySpec {
        KeySpec {
            flags: KeyFlags(0),
            begin: Begin::Index(index),
            find: Find::Range { last: 0, step: 1, limit: 0 },
            notes: "",
        }
    }

    /// Keys from an index to the end.
    pub const fn from(index: u16) -> KeySpec {
        KeySpec::at(index).range(-1, 1, 0)
    }

    pub const fn range(self, last: i16, step: u16, limit: u16) -> KeySpec {
        KeySpec { find: Find::Range { last, step, limit }, ..self }
    }

    pub const fn keynum(self, at: u16, first: u16, step: u16) -> KeySpec {
        KeySpec { find: Find::KeyNum { at, first, step }, ..self }
    }

    pub const fn after(word: &'static str, from: i16) -> KeySpec {
        KeySpec { begin: Begin::Keyword(word, from), ..KeySpec::at(0) }
    }

    pub const fn with(self, flags: KeyFlags) -> KeySpec {
        KeySpec { flags: KeyFlags(self.flags.0 | flags.0), ..self }
    }
    pub const fn rw(self) -> KeySpec {
        self.with(KeyFlags::RW)
    }
    pub const fn ro(self) -> KeySpec {
        self.with(KeyFlags::RO)
    }
    pub const fn ow(self) -> KeySpec {
        self.with(KeyFlags::OW)
    }
    pub const fn rm(self) -> KeySpec {
        self.with(KeyFlags::RM)
    }
    pub const fn access(self) -> KeySpec {
        self.with(KeyFlags::ACCESS)
    }
    pub const fn update(self) -> KeySpec {
        self.with(KeyFlags::UPDATE)
    }
    pub const fn insert(self) -> KeySpec {
        self.with(KeyFlags::INSERT)
    }
    pub const fn delete(self) -> KeySpec {
        self.with(KeyFlags::DELETE)
    }

    pub const fn noted(self, notes: &'static str) -> KeySpec {
        KeySpec { notes, ..self }
    }

    /// The indices of the keys in a request; `None` if the request contradicts the spec (a count that is no
    /// number, or more keys than words).
    pub fn positions(&self, argv: Argv<'_>) -> Option<Vec<usize>> {
        let words = argv.len();
        let first = match self.begin {
            Begin::Index(index) => usize::from(index),
            Begin::Keyword(word, from) => match keyword(argv, word, from) {
                Some(at) => at + 1,
                None => return Some(Vec::new()),
            },
            Begin::Unknown => return Some(Vec::new()),
        };
        if first >= words {
            return if matches!(self.begin, Begin::Keyword(..)) { Some(Vec::new()) } else { None };
        }
        match self.find {
            Find::Range { last, step, limit } => {
                let end = if last >= 0 {
                    first + last as usize
                } else if last == -1 && limit > 1 {
                    first + (words - first) / usize::from(limit) - 1
                } else {
                    words.checked_sub(usize::from(last.unsigned_abs()))?
                };
                (end < words).then(|| (first..=end).step_by(usize::from(step.max(1))).collect())
            }
            Find::KeyNum { at, first: offset, step } => {
                let count = stdx::num::parse_i64(argv.get(first + usize::from(at))?)?;
                let count = usize::try_from(count).ok()?;
                let start = first + usize::from(offset);
                let step = usize::from(step.max(1));
                if count > words || (count > 0 && start + (count - 1) * step >= words) {
                    return None;
                }
                Some((0..count).map(|n| start + n * step).collect())
            }
            Find::Unknown => Some(Vec::new()),
        }
    }
}

fn keyword(argv: Argv<'_>, word: &str, from: i16) -> Option<usize> {
    let is = |i: &usize| argv.at(*i).eq_ignore_ascii_case(word.as_bytes());
    if from >= 0 {
        (from as usize..argv.len()).find(is)
    } else {
        let start = argv.len().checked_sub(usize::from(from.unsigned_abs()))?;
        (1..=start).rev().find(is)
    }
}

/// What is done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFlags(pub u16);

impl KeyFlags {
    pub const RW: KeyFlags = KeyFlags(1);
    pub const RO: KeyFlags = KeyFlags(1 << 1);
    pub const OW: KeyFlags = KeyFlags(1 << 2);
    pub const RM: KeyFlags = KeyFlags(1 << 3);
    pub const ACCESS: KeyFlags = KeyFlags(1 << 4);
    pub const UPDATE: KeyFlags = KeyFlags(1 << 5);
    pub const INSERT: KeyFlags = KeyFlags(1 << 6);
    pub const DELETE: KeyFlags = KeyFlags(1 << 7);
    pub const NOT_KEY: KeyFlags = KeyFlags(1 << 8);
    pub const INCOMPLETE: KeyFlags = KeyFlags(1 << 9);
    pub const VARIABLE_FLAGS: KeyFlags = KeyFlags(1 << 10);

    pub const NAMES: &'static [(KeyFlags, &'static str)] = &[
        (KeyFlags::RW, "RW"),
        (KeyFlags::RO, "RO"),
        (KeyFlags::OW, "OW"),
        (KeyFlags::RM, "RM"),
        (KeyFlags::ACCESS, "access"),
        (KeyFlags::UPDATE, "update"),
        (KeyFlags::INSERT, "insert"),
        (KeyFlags::DELETE, "delete"),
        (KeyFlags::NOT_KEY, "not_key"),
        (KeyFlags::INCOMPLETE, "incomplete"),
        (KeyFlags::VARIABLE_FLAGS, "variable_flags"),
    ];

    pub const fn has(self, other: KeyFlags) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn and(self, other: KeyFlags) -> KeyFlags {
        KeyFlags(self.0 | other.0)
    }
}

/// An argument, for COMMAND DOCS and for generating requests.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    pub name: &'static str,
    pub kind: ArgKind,
    /// The word before it (`EX` before seconds), or the word it is.
    pub token: &'static str,
    /// Which of the command's key specs it belongs to.
    pub key_spec: Option<u8>,
    pub optional: bool,
    pub multiple: bool,
    pub multiple_token: bool,
    pub since: &'static str,
    pub deprecated_since: &'static str,
    pub display: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub enum ArgKind {
    String,
    Integer,
    Double,
    Key,
    Pattern,
    UnixTime,
    PureToken,
    OneOf(&'static [Arg]),
    Block(&'static [Arg]),
}

impl Arg {
    const fn new(name: &'static str, kind: ArgKind) -> Arg {
        Arg {
            name,
            kind,
            token: "",
            key_spec: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            since: "",
            deprecated_since: "",
            display: "",
        }
    }
    /// A key of the first key spec.
    pub const fn key(name: &'static str) -> Arg {
        Arg { key_spec: Some(0), ..Arg::new(name, ArgKind::Key) }
    }
    pub const fn string(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::String)
    }
    pub const fn integer(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::Integer)
    }
    pub const fn double(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::Double)
    }
    pub const fn pattern(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::Pattern)
    }
    pub const fn unix_time(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::UnixTime)
    }
    /// A word that stands for itself.
    pub const fn word(name: &'static str, token: &'static str) -> Arg {
        Arg { token, ..Arg::new(name, ArgKind::PureToken) }
    }
    pub const fn one_of(name: &'static str, of: &'static [Arg]) -> Arg {
        Arg::new(name, ArgKind::OneOf(of))
    }
    pub const fn block(name: &'static str, of: &'static [Arg]) -> Arg {
        Arg::new(name, ArgKind::Block(of))
    }
    pub const fn optional(self) -> Arg {
        Arg { optional: true, ..self }
    }
    pub const fn many(self) -> Arg {
        Arg { multiple: true, ..self }
    }
    pub const fn many_tokens(self) -> Arg {
        Arg { multiple: true, multiple_token: true, ..self }
    }
    pub const fn token(self, token: &'static str) -> Arg {
        Arg { token, ..self }
    }
    pub const fn since(self, since: &'static str) -> Arg {
        Arg { since, ..self }
    }
    pub const fn deprecated(self, since: &'static str) -> Arg {
        Arg { deprecated_since: since, ..self }
    }
    pub const fn spec(self, index: u8) -> Arg {
        Arg { key_spec: Some(index), ..self }
    }
    pub const fn shown_as(self, display: &'static str) -> Arg {
        Arg { display, ..self }
    }
}
