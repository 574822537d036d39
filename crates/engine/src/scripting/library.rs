//! Libraries of functions: loaded, replaced, deleted, found.
//!
//! Loading runs a library's text once, in a world where it can do nothing but register functions; only when that went
//! well is anything changed.
//!
//! **Invariant** 1. `functions` names each function of each library, with the library it is of, and nothing else.

use std::collections::BTreeMap;

use resp::{Argv, Protocol};
use script::{Calls, Flag, FunctionSpec, Go, Kind, LogLevel, Machine, Replication};

use super::header::words;
use crate::ctx::Ctx;
use crate::error::{CommandError, Result};
use crate::host::Host;
use crate::state::ServerState;

/// How long the text of a library may run, in microseconds.
const LOAD_TIME_US: u64 = 500_000;

#[derive(Clone, Debug)]
pub struct Library {
    pub name: Vec<u8>,
    /// The whole text, first line included.
    pub text: Vec<u8>,
    pub functions: Vec<FunctionSpec>,
}

#[derive(Clone, Debug, Default)]
pub struct Libraries {
    libraries: BTreeMap<Vec<u8>, Library>,
    /// By name in lower case: functions are called in any case.
    functions: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Libraries {
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Library> {
        self.libraries.values()
    }

    pub fn len(&self) -> usize {
        self.libraries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.libraries.is_empty()
    }

    pub fn functions(&self) -> usize {
        self.functions.len()
    }

    pub fn function(&self, name: &[u8]) -> Option<&FunctionSpec> {
        let found = match self.functions.get(name) {
            Some(library) => library,
            None => self.functions.get(&name.to_ascii_lowercase())?,
        };
        let library = self.libraries.get(found)?;
        library.functions.iter().find(|function| function.name.eq_ignore_ascii_case(name))
    }

    pub fn has(&self, library: &[u8]) -> bool {
        self.libraries.contains_key(library)
    }

    /// Bytes held beside the interpreter.
    pub fn memory(&self) -> usize {
        let of = |library: &Library| {
            let names = library.functions.iter().map(|function| 2 * function.name.len()).sum::<usize>();
            size_of::<Library>()
                + library.text.len()
                + library.name.len()
                + names
                + library.functions.len() * (size_of::<FunctionSpec>() + 64)
        };
        self.libraries.values().map(of).sum()
    }

    fn insert(&mut self, library: Library) {
        for function in &library.functions {
            self.functions.insert(function.name.to_ascii_lowercase(), library.name.clone());
        }
        self.libraries.insert(library.name.clone(), library);
    }

    fn remove(&mut self, name: &[u8]) -> Option<Library> {
        let library = self.libraries.remove(name)?;
        for function in &library.functions {
            self.functions.remove(&function.name.to_ascii_lowercase());
        }
        Some(library)
    }
}

/// What to do with libraries that are there when others are restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    Flush,
    Append,
    Replace,
}

impl Ctx<'_> {
    /// FUNCTION LOAD: the name of the library that was loaded.
    pub fn load_library(&mut self, text: &[u8], replace: bool) -> Result<Vec<u8>> {
        let mut machine = self.machine(Kind::Functions)?;
        let mut libraries = std::mem::take(&mut self.server.scripting.libraries);
        let before = libraries.clone();
        let loaded = load(&mut machine, self.host, &mut libraries, text, replace);
        let result = self.settle_libraries(&mut machine, before, libraries, loaded);
        self.put_machine(Kind::Functions, machine);
        result
    }

    /// Keeps what a change made of the libraries, or what was before if it failed; code that no library has any more is
    /// forgotten.
    fn settle_libraries<T>(
        &mut self,
        machine: &mut Machine,
        before: Libraries,
        after: Libraries,
        result: Result<T>,
    ) -> Result<T> {
        let (kept, dropped) = if result.is_ok() { (after, before) } else { (before, after) };
        let codes = |libraries: &Libraries| -> Vec<script::Function> {
            libraries.iter().flat_map(|library| library.functions.iter().map(|f| f.code)).collect()
        };
        let live = codes(&kept);
        for code in codes(&dropped).into_iter().filter(|code| !live.contains(code)) {
            machine.forget(code);
        }
        self.server.scripting.libraries = kept;
        result
    }

    /// FUNCTION DELETE: false if there is no such library.
    pub fn delete_library(&mut self, name: &[u8]) -> Result<bool> {
        let Some(library) = self.server.scripting.libraries.remove(name) else { return Ok(false) };
        let mut machine = self.machine(Kind::Functions)?;
        for function in library.functions {
            machine.forget(function.code);
        }
        self.put_machine(Kind::Functions, machine);
        Ok(true)
    }

    /// FUNCTION RESTORE: all of the libraries of a payload, or none.
    pub fn restore_libraries(&mut self, payload: &[u8], restore: Restore) -> Result {
        let texts = super::payload::read(payload)?;
        let mut machine = self.machine(Kind::Functions)?;
        let before = std::mem::take(&mut self.server.scripting.libraries);
        let mut after = if restore == Restore::Flush { Libraries::default() } else { before.clone() };
        let replace = restore == Restore::Replace;
        let loaded = texts.iter().try_for_each(|text| {
            // The peer's text for a restored library has no quotes.
            load(&mut machine, self.host, &mut after, text, replace).map(|_| ()).map_err(|error| {
                CommandError::told(error.to_line().replacen("Library '", "Library ", 1).replacen(
                    "' already",
                    " already",
                    1,
                ))
            })
        });
        let result = self.settle_libraries(&mut machine, before, after, loaded);
        self.put_machine(Kind::Functions, machine);
        result
    }
}

/// Puts the libraries of a snapshot in the place of those that are there; after an error these stay.
pub(crate) fn replace_libraries(
    server: &mut ServerState,
    host: &mut dyn Host,
    seed: u32,
    texts: &[Vec<u8>],
) -> Result {
    if texts.is_empty() {
        drop(server.scripting.flush_libraries());
        return Ok(());
    }
    let none = CommandError::Line("ERR there is no memory for an interpreter");
    let mut machine = super::take_machine(server, Kind::Functions, seed).ok_or(none)?;
    let mut after = Libraries::default();
    let loaded =
        texts.iter().try_for_each(|text| load(&mut machine, host, &mut after, text, false).map(drop));
    let before = std::mem::take(&mut server.scripting.libraries);
    let (kept, dropped) = if loaded.is_ok() { (after, before) } else { (before, after) };
    for function in dropped.iter().flat_map(|library| &library.functions) {
        machine.forget(function.code);
    }
    server.scripting.libraries = kept;
    *server.scripting.machine(Kind::Functions) = Some(machine);
    loaded
}

/// Loads one library into a set of them. Code of a library that did not make it is forgotten.
fn load(
    machine: &mut Machine,
    host: &mut dyn Host,
    libraries: &mut Libraries,
    text: &[u8],
    replace: bool,
) -> Result<Vec<u8>> {
    let (name, code_at) = metadata(text)?;
    if libraries.has(&name) && !replace {
        let name = String::from_utf8_lossy(&name);
        return Err(CommandError::told(format!("ERR Library '{name}' already exists")));
    }
    let began_us = host.mono_us();
    let mut loader = Loader { host, began_us, functions: Vec::new() };
    let ended = machine.load_library(&text[code_at..], &mut loader);
    let functions = loader.functions;
    let checked = match ended {
        Err(failure) => Err(CommandError::told(String::from_utf8_lossy(&failure.line))),
        Ok(()) if let Err(error) = check_names(&functions) => Err(error),
        Ok(()) if functions.is_empty() => Err(CommandError::Line("ERR No functions registered")),
        Ok(()) => match functions.iter().find(|function| {
            let taken = libraries.functions.get(&function.name.to_ascii_lowercase());
            taken.is_some_and(|library| *library != name)
        }) {
            Some(function) => {
                let function = String::from_utf8_lossy(&function.name);
                Err(CommandError::told(format!("ERR Function {function} already exists")))
            }
            None => Ok(()),
        },
    };
    if let Err(error) = checked {
        for function in functions {
            machine.forget(function.code);
        }
        return Err(error);
    }
    libraries.remove(&name);
    libraries.insert(Library { name: name.clone(), text: text.to_vec(), functions });
    Ok(name)
}

/// The name in a library's first line, and where its code begins.
fn metadata(text: &[u8]) -> Result<(Vec<u8>, usize)> {
    if !text.starts_with(b"#!") {
        return Err(CommandError::Line("ERR Missing library metadata"));
    }
    let Some(end) = text.iter().position(|byte| *byte == b'\n') else {
        return Err(CommandError::Line("ERR Invalid library metadata"));
    };
    let Some((engine, words)) = words(&text[..end]) else {
        return Err(CommandError::Line("ERR Invalid library metadata"));
    };
    let mut name = None;
    for word in words {
        match (word.strip_prefix(b"name="), &name) {
            (Some(_), Some(_)) => {
                let line = "ERR Invalid metadata value, name argument was given multiple times";
                return Err(CommandError::Line(line));
            }
            (Some(given), None) => name = Some(given.to_vec()),
            (None, _) => {
                let word = String::from_utf8_lossy(&word);
                return Err(CommandError::told(format!("ERR Invalid metadata value given: {word}")));
            }
        }
    }
    let Some(name) = name else { return Err(CommandError::Line("ERR Library name was not given")) };
    if !is_name(&name) {
        return Err(CommandError::told(format!("ERR Library {NAMES}")));
    }
    if !engine.eq_ignore_ascii_case(b"lua") {
        let engine = String::from_utf8_lossy(&engine);
        return Err(CommandError::told(format!("ERR Engine '{engine}' not found")));
    }
    Ok((name, end))
}

const NAMES: &str =
    "names can only contain letters, numbers, or underscores(_) and must be at least one character long";

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// What a library registered must have names, and of its own each. (The peer looks when the library has run.)
fn check_names(functions: &[FunctionSpec]) -> Result {
    for (at, function) in functions.iter().enumerate() {
        if !is_name(&function.name) {
            return Err(CommandError::told(format!("ERR Function {NAMES}")));
        }
        if functions[..at].iter().any(|other| other.name.eq_ignore_ascii_case(&function.name)) {
            return Err(CommandError::Line("ERR Function already exists in the library"));
        }
    }
    Ok(())
}

/// Who answers a library while it is loaded.
struct Loader<'a> {
    host: &'a mut dyn Host,
    began_us: u64,
    functions: Vec<FunctionSpec>,
}

impl Calls for Loader<'_> {
    fn call(&mut self, _: Argv<'_>) -> bool {
        false
    }
    fn reply(&mut self) -> &[u8] {
        b"ERR commands cannot be called while a library is loaded"
    }
    fn done(&mut self) {}
    fn set_protocol(&mut self, _: Protocol) {}
    fn set_replication(&mut self, _: Replication) {}
    fn log(&mut self, level: LogLevel, line: &[u8]) {
        super::log(self.host, level, line);
    }
    fn may_run(&mut self, _: Argv<'_>) -> Option<bool> {
        None
    }
    fn clock_s(&mut self) -> f64 {
        0.0
    }
    fn tick(&mut self) -> Go {
        let over = self.host.mono_us().saturating_sub(self.began_us) > LOAD_TIME_US;
        if over { Go::Stop("FUNCTION LOAD timeout") } else { Go::On }
    }
    fn register(&mut self, function: FunctionSpec) -> std::result::Result<(), String> {
        self.functions.push(function);
        Ok(())
    }
}

/// Names of flags, as FUNCTION LIST shows them.
pub fn flag_names(flags: &[Flag]) -> impl ExactSizeIterator<Item = &'static str> {
    flags.iter().map(|flag| flag.name())
}
