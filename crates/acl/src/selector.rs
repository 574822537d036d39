//! A selector: commands, keys, channels and databases that may be used together.
//!
//! Command rights are kept twice: as a set of numbers, which is asked, and as the rules that made it, which are shown.
//!
//! **Invariants**
//! 1. Applying `rules`, in order, to nothing (or to everything, if `base`) gives `commands` and `first_args`.
//! 2. `all_commands` implies that `commands` holds all of them.
//! 3. `keys`, `channels` and `databases` are empty while the flag that says "all" is up.

use crate::bits::Bits;
use crate::catalog::Catalog;
use crate::rules::{RuleError, is_plain};

/// Keys that match a pattern may be read, written, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern {
    pub read: bool,
    pub write: bool,
    pub pattern: Vec<u8>,
}

/// `+get`, `-@all`: what was said about commands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// Lower case; with `@` if it is a category, with `|` if it is a part of a command.
    name: Vec<u8>,
}

#[derive(Clone, Debug)]
pub struct Selector {
    pub(crate) all_commands: bool,
    pub(crate) all_keys: bool,
    pub(crate) all_channels: bool,
    pub(crate) all_databases: bool,
    /// The rules follow on `+@all`, not on `-@all`.
    base: bool,
    pub(crate) commands: Bits,
    /// For commands that are not in `commands`: first arguments with which they may be run.
    pub(crate) first_args: Vec<(u16, Vec<u8>)>,
    rules: Vec<Rule>,
    pub(crate) keys: Vec<KeyPattern>,
    pub(crate) channels: Vec<Vec<u8>>,
    /// Sorted, each once.
    pub(crate) databases: Vec<u32>,
}

type Changed = Result<(), RuleError>;

impl Selector {
    /// No rights but to all databases, and to all channels if that is the default.
    pub(crate) fn new(all_channels: bool) -> Self {
        Selector {
            all_commands: false,
            all_keys: false,
            all_channels,
            all_databases: true,
            base: false,
            commands: Bits::default(),
            first_args: Vec::new(),
            rules: Vec::new(),
            keys: Vec::new(),
            channels: Vec::new(),
            databases: Vec::new(),
        }
    }

    /// Nothing can be refused.
    pub fn is_unrestricted(&self) -> bool {
        self.all_commands && self.all_keys && self.all_channels && self.all_databases
    }

    /// Applies one rule.
    pub(crate) fn apply(&mut self, catalog: &Catalog, rule: &[u8]) -> Changed {
        let word = rule.to_ascii_lowercase();
        match word.as_slice() {
            b"allkeys" | b"~*" => self.set_keys(true),
            b"resetkeys" => self.set_keys(false),
            b"allchannels" | b"&*" => self.set_channels(true),
            b"resetchannels" => self.set_channels(false),
            b"alldbs" => self.set_databases(true),
            b"resetdbs" => self.set_databases(false),
            b"allcommands" | b"+@all" => self.set_commands(catalog, true),
            b"nocommands" | b"-@all" => self.set_commands(catalog, false),
            [b'd', b'b', b'=', ..] => return self.name_databases(&rule[3..]),
            [b'~', ..] => return self.add_keys(true, true, &rule[1..]),
            [b'%', ..] => return self.add_keys_for(&rule[1..]),
            [b'&', ..] => return self.add_channels(&rule[1..]),
            [sign @ (b'+' | b'-'), b'@', name @ ..] => {
                return self.change_category(catalog, *sign == b'+', name);
            }
            [b'+', name @ ..] => return self.allow(catalog, name),
            [b'-', name @ ..] => return self.forbid(catalog, name),
            _ => return Err(RuleError::Syntax),
        }
        Ok(())
    }

    fn set_keys(&mut self, all: bool) {
        self.all_keys = all;
        self.keys.clear();
    }

    pub(crate) fn set_channels(&mut self, all: bool) {
        self.all_channels = all;
        self.channels.clear();
    }

    fn set_databases(&mut self, all: bool) {
        self.all_databases = all;
        self.databases.clear();
    }

    fn set_commands(&mut self, catalog: &Catalog, all: bool) {
        (self.all_commands, self.base) = (all, all);
        self.commands = if all { Bits::all(catalog.len()) } else { Bits::default() };
        self.first_args.clear();
        self.rules.clear();
    }

    /// `1,3`: these databases, and no others.
    fn name_databases(&mut self, list: &[u8]) -> Changed {
        let mut databases = Vec::new();
        for word in list.split(|byte| *byte == b',') {
            databases.push(database(word)?);
        }
        databases.sort_unstable();
        databases.dedup();
        (self.all_databases, self.databases) = (false, databases);
        Ok(())
    }

    /// `R~pattern`, `W~pattern`, `RW~pattern`. (A missing `~` is an empty pattern: so it is with the peers.)
    fn add_keys_for(&mut self, rule: &[u8]) -> Changed {
        if self.all_keys {
            return Err(RuleError::KeyAfterAll);
        }
        let end = rule.iter().position(|byte| *byte == b'~');
        let (mut read, mut write) = (false, false);
        for letter in &rule[..end.unwrap_or(rule.len())] {
            match letter {
                b'R' | b'r' if !read => read = true,
                b'W' | b'w' if !write => write = true,
                _ => return Err(RuleError::Syntax),
            }
        }
        match end {
            Some(_) if !read && !write => Err(RuleError::Syntax),
            Some(end) => self.add_keys(read, write, &rule[end + 1..]),
            None if rule.is_empty() => Err(RuleError::Syntax),
            None => self.add_keys(read, write, b""),
        }
    }

    fn add_keys(&mut self, read: bool, write: bool, pattern: &[u8]) -> Changed {
        if self.all_keys {
            return Err(RuleError::KeyAfterAll);
        }
        if !is_plain(pattern) {
            return Err(RuleError::Syntax);
        }
        match self.keys.iter_mut().find(|known| known.pattern == pattern) {
            Some(known) => (known.read, known.write) = (known.read | read, known.write | write),
            None => self.keys.push(KeyPattern { read, write, pattern: pattern.to_vec() }),
        }
        Ok(())
    }

    fn add_channels(&mut self, pattern: &[u8]) -> Changed {
        if self.all_channels {
            return Err(RuleError::ChannelAfterAll);
        }
        if !is_plain(pattern) {
            return Err(RuleError::Syntax);
        }
        if !self.channels.iter().any(|known| known == pattern) {
            self.channels.push(pattern.to_vec());
        }
        Ok(())
    }

    /// `name` is in lower case, without `@`.
    fn change_category(&mut self, catalog: &Catalog, allow: bool, name: &[u8]) -> Changed {
        let category = catalog.category(name).ok_or(RuleError::UnknownName)?;
        self.note(&[b"@", name].concat(), allow);
        for id in catalog.members(category) {
            self.change(catalog, id, allow);
        }
        Ok(())
    }

    /// `get`, `config|get`, and `select|0`: a command with one first argument. `name` is in lower case.
    fn allow(&mut self, catalog: &Catalog, name: &[u8]) -> Changed {
        let Some(bar) = name.iter().rposition(|byte| *byte == b'|') else {
            let id = catalog.lookup(name).ok_or(RuleError::UnknownName)?;
            self.change(catalog, id, true);
            self.note(name, true);
            return Ok(());
        };
        let (command, argument) = (&name[..bar], &name[bar + 1..]);
        let id = catalog.lookup(command).ok_or(RuleError::UnknownName)?;
        let known = catalog.get(id).ok_or(RuleError::UnknownName)?;
        if known.nested {
            return Err(RuleError::FirstArgOfSubcommand);
        }
        if argument.is_empty() || !is_plain(argument) {
            return Err(RuleError::Syntax);
        }
        if known.subcommands.is_empty() {
            if !self.first_args.iter().any(|(other, known)| *other == id && known == argument) {
                self.first_args.push((id, argument.to_vec()));
            }
        } else {
            let id = catalog.lookup(name).ok_or(RuleError::UnknownName)?;
            self.change(catalog, id, true);
        }
        self.note(name, true);
        Ok(())
    }

    fn forbid(&mut self, catalog: &Catalog, name: &[u8]) -> Changed {
        let id = catalog.lookup(name).ok_or(RuleError::UnknownName)?;
        self.change(catalog, id, false);
        self.note(name, false);
        Ok(())
    }

    /// A command, and all its subcommands.
    fn change(&mut self, catalog: &Catalog, id: u16, allow: bool) {
        self.commands.set(id, allow);
        self.all_commands &= allow;
        self.first_args.retain(|(other, _)| *other != id);
        for sub in catalog.get(id).map_or(&[][..], |known| &known.subcommands) {
            self.commands.set(*sub, allow);
        }
    }

    /// Keeps a rule, in place of those that it makes superfluous: on the same name, or on a part of it.
    fn note(&mut self, name: &[u8], allow: bool) {
        let superfluous = |rule: &Rule| match rule.name.strip_prefix(name) {
            Some(rest) => rest.is_empty() || rest[0] == b'|',
            None => false,
        };
        self.rules.retain(|rule| !superfluous(rule));
        self.rules.push(Rule { allow, name: name.to_vec() });
    }

    /// The rules on commands: `-@all +get`.
    pub fn command_rules(&self) -> Vec<u8> {
        let mut text = if self.base { b"+@all".to_vec() } else { b"-@all".to_vec() };
        for rule in &self.rules {
            text.extend([b' ', if rule.allow { b'+' } else { b'-' }]);
            text.extend(&rule.name);
        }
        text
    }

    /// The rules on keys: `~a %R~b`.
    pub fn key_rules(&self) -> Vec<u8> {
        if self.all_keys {
            return b"~*".to_vec();
        }
        let rule = |key: &KeyPattern| {
            let sign: &[u8] = match (key.read, key.write) {
                (true, false) => b"%R~",
                (false, true) => b"%W~",
                _ => b"~",
            };
            [sign, &key.pattern].concat()
        };
        self.keys.iter().map(rule).collect::<Vec<_>>().join(&b' ')
    }

    /// The rules on channels: `&a &b`.
    pub fn channel_rules(&self) -> Vec<u8> {
        if self.all_channels {
            return b"&*".to_vec();
        }
        let rule = |channel: &Vec<u8>| [b"&", channel.as_slice()].concat();
        self.channels.iter().map(rule).collect::<Vec<_>>().join(&b' ')
    }

    /// The rule on databases: `alldbs`, `resetdbs`, `db=1,2`.
    pub fn database_rule(&self) -> String {
        match self.databases.as_slice() {
            _ if self.all_databases => "alldbs".to_owned(),
            [] => "resetdbs".to_owned(),
            some => format!("db={}", some.iter().map(u32::to_string).collect::<Vec<_>>().join(",")),
        }
    }

    /// All of it, as words that give the same selector again.
    pub(crate) fn describe(&self, text: &mut Vec<u8>) {
        let mut word = |word: &[u8]| {
            text.extend(word);
            text.push(b' ');
        };
        let keys = self.key_rules();
        if self.all_keys || !self.keys.is_empty() {
            word(&keys);
        }
        if !self.all_channels {
            word(b"resetchannels");
        }
        if self.all_channels || !self.channels.is_empty() {
            word(&self.channel_rules());
        }
        if !self.all_databases {
            word(self.database_rule().as_bytes());
        }
        text.extend(self.command_rules());
    }
}

/// A number as C reads it: blanks and a sign may come before it.
fn database(word: &[u8]) -> Result<u32, RuleError> {
    let word = word.trim_ascii_start();
    let word = word.strip_prefix(b"+").unwrap_or(word);
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(RuleError::Syntax);
    }
    let number = digits.iter().try_fold(0i32, |number, digit| {
        number.checked_mul(10).and_then(|number| number.checked_add(i32::from(digit - b'0')))
    });
    match number {
        Some(number) if digits.len() == word.len() || number == 0 => Ok(number.unsigned_abs()),
        _ => Err(RuleError::DatabaseRange),
    }
}
