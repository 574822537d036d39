//! The record of one parameter.

use crate::config::Config;
use crate::error::Why;
use crate::field::Field;
use crate::kind::Kind;

/// The part of the project that gives a parameter its effect. `Here` is the server as it stands; until a part
/// is built, its parameters are kept, shown and written back, and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    Here,
    Acl,
    Cluster,
    Defrag,
    Eviction,
    IoThreads,
    Persistence,
    Rdma,
    Replication,
    Scripting,
    Tls,
    Types,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flags(u8);

impl Flags {
    pub const NONE: Flags = Flags(0);
    /// Only in a file or on the command line.
    pub const IMMUTABLE: Flags = Flags(1);
    /// `CONFIG SET` only where `enable-protected-configs` allows it.
    pub const PROTECTED: Flags = Flags(2);
    /// Answered under its exact name only, never to a pattern.
    pub const HIDDEN: Flags = Flags(4);
    /// Its value must not be logged.
    pub const SENSITIVE: Flags = Flags(8);
    /// Not while a data set is being loaded.
    pub const DENY_LOADING: Flags = Flags(16);
    /// Several words; as one word they are split at blanks.
    pub const MULTI_ARG: Flags = Flags(32);
    /// In a file every further line adds to those before it.
    pub const ADDS_UP: Flags = Flags(64);
    /// Names a file that is read when it is set, and again when it is set to the same name.
    pub const FILE: Flags = Flags(128);

    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

type Check = fn(&mut Config) -> Result<(), Why>;
/// Does the configuration promise what is not there? And the line that says so.
type Refusal = (fn(&Config) -> bool, &'static str);

pub struct Param {
    pub name: &'static str,
    /// The old name; it is as good as the new one everywhere.
    pub alias: Option<&'static str>,
    pub kind: Kind,
    pub flags: Flags,
    /// As `CONFIG GET` would show it.
    pub default: &'static str,
    pub part: Part,
    field: fn(&Config) -> &dyn Field,
    field_mut: fn(&mut Config) -> &mut dyn Field,
    /// Runs after the value was stored; may settle it (`hz` is kept within 1–500) or refuse it.
    check: Option<Check>,
    refused: Option<Refusal>,
}

/// `param!(field, "name", kind, "default")`: the field of `Config` is named once.
macro_rules! param {
    ($field:ident, $name:literal, $kind:expr, $default:literal) => {
        Param::new($name, $kind, $default, |c| &c.$field, |c| &mut c.$field)
    };
}
pub(crate) use param;

impl Param {
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        field: fn(&Config) -> &dyn Field,
        field_mut: fn(&mut Config) -> &mut dyn Field,
    ) -> Param {
        Param {
            name,
            alias: None,
            kind,
            flags: Flags::NONE,
            default,
            part: Part::Here,
            field,
            field_mut,
            check: None,
            refused: None,
        }
    }

    pub(crate) const fn alias(mut self, name: &'static str) -> Param {
        self.alias = Some(name);
        self
    }

    pub(crate) const fn part(mut self, part: Part) -> Param {
        self.part = part;
        self
    }

    pub(crate) const fn check(mut self, check: Check) -> Param {
        self.check = Some(check);
        self
    }

    /// A value that would promise what is not there yet, and the line that says so.
    pub(crate) const fn not_yet(mut self, promises: fn(&Config) -> bool, line: &'static str) -> Param {
        self.refused = Some((promises, line));
        self
    }

    pub(crate) const fn immutable(self) -> Param {
        self.flag(Flags::IMMUTABLE)
    }

    pub(crate) const fn protected(self) -> Param {
        self.flag(Flags::PROTECTED)
    }

    pub(crate) const fn hidden(self) -> Param {
        self.flag(Flags::HIDDEN)
    }

    pub(crate) const fn file(self) -> Param {
        self.flag(Flags::FILE)
    }

    pub(crate) const fn sensitive(self) -> Param {
        self.flag(Flags::SENSITIVE)
    }

    pub(crate) const fn deny_loading(self) -> Param {
        self.flag(Flags::DENY_LOADING)
    }

    pub(crate) const fn multi_arg(self) -> Param {
        self.flag(Flags::MULTI_ARG)
    }

    pub(crate) const fn adds_up(self) -> Param {
        self.flag(Flags::ADDS_UP)
    }

    const fn flag(mut self, flag: Flags) -> Param {
        self.flags = self.flags.with(flag);
        self
    }

    /// The answer to `CONFIG GET`.
    pub fn get(&self, config: &Config) -> Vec<u8> {
        (self.field)(config).show(&self.kind)
    }

    /// Takes a value, whatever the flags say about who may do so; that is `Config::set_many`'s business. After an
    /// error the configuration may hold the refused value: callers restore their copy.
    pub(crate) fn set(&self, config: &mut Config, words: &[&[u8]]) -> Result<(), Why> {
        let split: Vec<&[u8]>;
        let words = match words {
            [] if self.flags.has(Flags::MULTI_ARG) => &[b"".as_slice()],
            // At every single blank: two in a row leave an empty word, which most kinds refuse, as the peers do.
            [one] if self.flags.has(Flags::MULTI_ARG) => {
                split = one.split(|&c| c == b' ').collect();
                &split[..]
            }
            many => many,
        };
        (self.field_mut)(config).read(&self.kind, words)?;
        if let Some(check) = self.check {
            check(config)?;
        }
        match self.refused {
            Some((promises, line)) if promises(config) => Err(Why::NotYet(line)),
            _ => Ok(()),
        }
    }

    /// The lines (without the name) that stand for the value in a file.
    pub(crate) fn lines(&self, config: &Config) -> Vec<Vec<u8>> {
        (self.field)(config).write(&self.kind)
    }

    /// Does CONFIG GET show what it shows on a fresh server?
    pub fn is_default(&self, config: &Config) -> bool {
        self.get(config) == self.default.as_bytes()
    }

    /// The new and the old name.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.alias)
    }
}

impl PartialEq for Param {
    /// Names are unique (params::tests).
    fn eq(&self, other: &Param) -> bool {
        self.name == other.name
    }
}

impl std::fmt::Debug for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Param").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}
