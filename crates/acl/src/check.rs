//! Whether a user may run a request.
//!
//! A request is allowed if one selector allows all of it. If none does, the reason told is the one that came nearest:
//! first comes whether any selector allows the databases at all, then, among those that do, command, keys, channels.

use stdx::glob;

use crate::catalog::Catalog;
use crate::selector::Selector;
use crate::user::User;

/// What a request would do, as its argument parser found it.
#[derive(Clone, Debug, Default)]
pub struct Touched<'a> {
    /// The number of the command.
    pub command: u16,
    /// The word after the command's name.
    pub first_arg: Option<&'a [u8]>,
    pub keys: Vec<Key<'a>>,
    /// It may touch any key: which ones cannot be told.
    pub all_keys: bool,
    /// Index of the word, channel, whether it is a pattern.
    pub channels: Vec<(usize, &'a [u8], bool)>,
    /// Index of the word that names it (0: it is the client's own), and the database.
    pub databases: Vec<(usize, u32)>,
    /// It works on all databases there are.
    pub all_databases: bool,
}

/// A key of a request.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// Index of the word.
    pub at: usize,
    pub bytes: &'a [u8],
    /// Something of its value is told.
    pub read: bool,
    /// It is made, changed or removed.
    pub write: bool,
}

/// What was not allowed; later ones are told rather than earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    Command,
    Key,
    Channel,
    Database,
    /// A password was wrong.
    Auth,
}

impl Reason {
    pub fn name(self) -> &'static str {
        match self {
            Reason::Command => "command",
            Reason::Key => "key",
            Reason::Channel => "channel",
            Reason::Database => "database",
            Reason::Auth => "auth",
        }
    }
}

/// A request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denied {
    pub reason: Reason,
    /// Index of the word that is at fault; 0 if it is the command.
    pub at: usize,
}

impl User {
    /// Whether the user may do this.
    pub fn check(&self, catalog: &Catalog, touched: &Touched<'_>) -> Result<(), Denied> {
        let (mut farthest, mut database) = (None, Denied { reason: Reason::Database, at: 0 });
        for selector in self.selectors() {
            if let Err(at) = selector.check_databases(touched) {
                database.at = database.at.max(at);
                continue;
            }
            match selector.check(catalog, touched) {
                Ok(()) => return Ok(()),
                Err(denied) => farthest = farthest.max(Some(denied)),
            }
        }
        Err(farthest.unwrap_or(database))
    }

    /// Whether the user may run this command, and one selector that lets it allows to read all keys as well.
    pub fn may_read_everything(&self, catalog: &Catalog, touched: &Touched<'_>) -> bool {
        self.selectors().any(|selector| {
            selector.reads_everything()
                && selector.check_databases(touched).is_ok()
                && selector.check(catalog, touched).is_ok()
        })
    }

    /// Whether a channel may be used; a `pattern` must have been given literally.
    pub fn may_use_channel(&self, channel: &[u8], pattern: bool) -> bool {
        self.selectors().any(|selector| selector.has_channel(channel, pattern))
    }
}

impl Selector {
    /// The error is the index of the word that names the database, 0 for the client's own.
    fn check_databases(&self, touched: &Touched<'_>) -> Result<(), usize> {
        if self.all_databases {
            return Ok(());
        }
        if touched.all_databases {
            return Err(0);
        }
        let refused = |(_, database): &&(usize, u32)| self.databases.binary_search(database).is_err();
        touched.databases.iter().find(refused).map_or(Ok(()), |(at, _)| Err(*at))
    }

    fn check(&self, catalog: &Catalog, touched: &Touched<'_>) -> Result<(), Denied> {
        if !self.has_command(catalog, touched) {
            return Err(Denied { reason: Reason::Command, at: 0 });
        }
        if touched.all_keys && !self.all_keys {
            return Err(Denied { reason: Reason::Key, at: 0 });
        }
        if let Some(key) = touched.keys.iter().find(|key| !self.has_key(key)) {
            return Err(Denied { reason: Reason::Key, at: key.at });
        }
        let refused = |(_, channel, pattern): &&(usize, &[u8], bool)| !self.has_channel(channel, *pattern);
        match touched.channels.iter().find(refused) {
            Some((at, ..)) => Err(Denied { reason: Reason::Channel, at: *at }),
            None => Ok(()),
        }
    }

    fn has_command(&self, catalog: &Catalog, touched: &Touched<'_>) -> bool {
        let id = touched.command;
        let first_arg = |argument: &[u8]| {
            self.first_args.iter().any(|(other, known)| *other == id && known.eq_ignore_ascii_case(argument))
        };
        self.all_commands
            || self.commands.has(id)
            || catalog.get(id).is_some_and(|known| known.free)
            || touched.first_arg.is_some_and(first_arg)
    }

    fn has_key(&self, key: &Key<'_>) -> bool {
        self.all_keys
            || self.keys.iter().any(|known| {
                (known.read || !key.read)
                    && (known.write || !key.write)
                    && glob::matches(&known.pattern, key.bytes, false)
            })
    }

    fn reads_everything(&self) -> bool {
        self.all_keys || self.keys.iter().any(|known| known.read && known.pattern == b"*")
    }

    pub(crate) fn has_channel(&self, channel: &[u8], pattern: bool) -> bool {
        let is =
            |known: &Vec<u8>| if pattern { known == channel } else { glob::matches(known, channel, false) };
        self.all_channels || self.channels.iter().any(is)
    }
}
