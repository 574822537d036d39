//! Reading configuration text: files and the command line, in the order given, the last word on a name wins.
//!
//! This crate opens nothing: the texts come in as bytes, and what an `include` names is fetched by a callback.

use std::io;

use crate::config::{Config, Text};
use crate::error::{LoadError, Why};
use crate::param::{Flags, Param};
use crate::params;
use crate::text;

/// One text to read, and the name under which a fault in it is reported.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub name: &'a str,
    pub text: &'a [u8],
}

/// Answers the files an `include` pattern names, in order: name and bytes. A pattern with wildcards may match
/// nothing; a plain name that is not there is an error.
pub type Include<'a> = dyn FnMut(&str) -> io::Result<Vec<(String, Vec<u8>)>> + 'a;

/// What a file says beside parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded {
    /// `rename-command`: old name, new name (empty: the command is gone).
    pub renames: Vec<(Text, Text)>,
    /// `user`: the name and its rules.
    pub users: Vec<Vec<Text>>,
    /// Lines to log: names that another version knew and that mean nothing here.
    pub notes: Vec<String>,
}

/// Files may include files, but not themselves over and over.
const INCLUDE_DEPTH_MAX: usize = 16;

/// Names of other versions that a file may hold: accepted, without effect.
const IGNORED: &[&str] = &[
    "cluster-compatibility-sample-ratio",
    "dynamic-hz",
    "events-per-io-thread",
    "io-threads-do-reads",
    "list-max-ziplist-entries",
    "list-max-ziplist-value",
    "lua-replicate-commands",
    "repl-rdb-channel",
    "replica-full-sync-buffer-limit",
];

/// Reads all sources over `config`. After an error the configuration is half read and good for nothing.
pub fn load(
    config: &mut Config,
    sources: &[Source<'_>],
    include: &mut Include<'_>,
) -> Result<Loaded, LoadError> {
    let mut loader = Loader { config, begun: Vec::new(), include, loaded: Loaded::default() };
    for source in sources {
        loader.source(*source, 0)?;
    }
    Ok(loader.loaded)
}

struct Loader<'a, 'b> {
    config: &'a mut Config,
    /// Parameters that add up and were set before: the first line takes the place of the default.
    begun: Vec<&'static str>,
    include: &'a mut Include<'b>,
    loaded: Loaded,
}

impl Loader<'_, '_> {
    fn source(&mut self, source: Source<'_>, depth: usize) -> Result<(), LoadError> {
        for (at, line) in source.text.split(|&c| c == b'\n').enumerate() {
            let line = line.trim_ascii();
            if !is_directive(line) {
                continue;
            }
            let fault = |reason: String| LoadError {
                file: source.name.to_owned(),
                line_number: at + 1,
                line: shown(line),
                reason,
            };
            let words =
                text::words(line).ok_or_else(|| fault("Unbalanced quotes in configuration line".into()))?;
            let Some((name, values)) = words.split_first() else { continue };
            match name.to_ascii_lowercase().as_slice() {
                b"include" => self.included(values, depth, fault)?,
                name => self.directive(name, values).map_err(fault)?,
            }
        }
        Ok(())
    }

    fn included(
        &mut self,
        values: &[Text],
        depth: usize,
        fault: impl Fn(String) -> LoadError,
    ) -> Result<(), LoadError> {
        let [pattern] = values else { return Err(fault(Why::UnknownName.to_string())) };
        if depth >= INCLUDE_DEPTH_MAX {
            return Err(fault("too many files including each other".into()));
        }
        let pattern = String::from_utf8_lossy(pattern);
        let files = (self.include)(&pattern)
            .map_err(|error| fault(format!("Fatal error, can't open config file '{pattern}': {error}")))?;
        for (name, text) in files {
            self.source(Source { name: &name, text: &text }, depth + 1)?;
        }
        Ok(())
    }

    fn directive(&mut self, name: &[u8], values: &[Text]) -> Result<(), String> {
        if let Some(param) = params::find(name) {
            return self.param(param, values).map_err(|why| why.to_string());
        }
        match (name, values) {
            (b"rename-command", [old, new]) => self.loaded.renames.push((old.clone(), new.clone())),
            (b"user", [_, ..]) => self.loaded.users.push(values.to_vec()),
            (b"loadmodule", [_, ..]) => return Err("modules are not available in this version".into()),
            (b"sentinel", [_, ..]) => return Err("sentinel directive while not in sentinel mode".into()),
            _ if is_ignored(name) => {
                let name = String::from_utf8_lossy(name);
                self.loaded.notes.push(format!("{name}: accepted for compatibility, it has no effect here"));
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    }

    fn param(&mut self, param: &Param, values: &[Text]) -> Result<(), Why> {
        let mut words: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let so_far = param.get(self.config);
        let first = param.flags.has(Flags::ADDS_UP) && !self.begun.contains(&param.name);
        if first {
            self.begun.push(param.name);
        }
        let alone = !param.flags.has(Flags::ADDS_UP) || so_far.is_empty();
        if alone || first || words.iter().all(|word| word.is_empty()) {
            return param.set(self.config, &words);
        }
        // One quoted word may hold several (`save "900 1"`); taken apart here, since more stand before it.
        words = words.iter().flat_map(|word| word.split(|&c| c == b' ')).collect();
        let mut all: Vec<&[u8]> = so_far.split(|&c| c == b' ').collect();
        all.append(&mut words);
        param.set(self.config, &all)
    }
}

/// Neither blank nor a comment.
pub(crate) fn is_directive(line: &[u8]) -> bool {
    !matches!(line.first(), None | Some(b'#'))
}

fn is_ignored(name: &[u8]) -> bool {
    IGNORED.iter().any(|known| known.as_bytes() == name)
}

fn unknown(name: &[u8]) -> String {
    let mut reason = Why::UnknownName.to_string();
    if !is_file_only(name)
        && let Some(near) = params::nearest(name)
    {
        reason += &format!(" (did you mean '{near}'?)");
    }
    reason
}

fn is_file_only(name: &[u8]) -> bool {
    [b"rename-command".as_slice(), b"user", b"loadmodule", b"sentinel", b"include"].contains(&name)
}

/// The line for a report; a password in it is not for the terminal or the journal.
fn shown(line: &[u8]) -> String {
    let name = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if params::find(name).is_some_and(|param| param.flags.has(Flags::SENSITIVE)) {
        return format!("{} (its value is not shown)", String::from_utf8_lossy(name));
    }
    String::from_utf8_lossy(line).into_owned()
}

/// What the arguments of the program say about configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommandLine {
    /// The first argument, when it is not an option.
    pub file: Option<Text>,
    /// `-`: more is to be read from standard input, after the file.
    pub stdin: bool,
    /// The options as configuration text, to be read last.
    pub overrides: Vec<u8>,
}

/// What the words of a command line were so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A name that has no value yet: whatever follows is one, even if it begins with `--`.
    Name,
    /// `save` without a value: empty, unless one follows that is not an option itself.
    Save,
    /// A value, or a name and its values in one word: more values or another option may follow.
    Value,
}

/// `[file] [-] [--name value…]…` (without the program's own name). A word that begins with `--` opens an option, except
/// directly behind a name: there it is the value. All words up to the next option are values.
pub fn command_line(args: &[Text]) -> CommandLine {
    let mut line = CommandLine::default();
    let mut args = args.iter().peekable();
    line.file = args.next_if(|first| !first.starts_with(b"-")).cloned();
    line.stdin = args.next_if(|next| *next == b"-").is_some();
    let mut last = Last::Value;
    for arg in args {
        match arg.strip_prefix(b"--") {
            Some(name) if last != Last::Name => last = open_option(&mut line.overrides, last, name),
            _ => {
                line.overrides.push(b' ');
                text::quote(&mut line.overrides, arg);
                last = Last::Value;
            }
        }
    }
    if last == Last::Save {
        line.overrides.extend(b" \"\"");
    }
    line
}

/// The name stands as it is, not quoted: `'--port 6380'` in one word is an option with its value.
fn open_option(overrides: &mut Vec<u8>, last: Last, name: &[u8]) -> Last {
    if last == Last::Save {
        overrides.extend(b" \"\"");
    }
    overrides.push(b'\n');
    overrides.extend(name);
    match text::words(name) {
        Some(words) if words.len() == 1 && words[0] == b"save" => Last::Save,
        Some(words) if words.len() == 1 => Last::Name,
        _ => Last::Value,
    }
}

#[cfg(test)]
mod tests;
