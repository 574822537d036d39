//! One interpreter, with everything that scripts find in it, and the functions it keeps.

use std::any::Any;
use std::ffi::CStr;

use resp::{Argv, Protocol};

use crate::lua::{Answer, Closing, Lua, Raise, Shared, State, TYPE_NIL, TYPE_STRING};
use crate::{
    Calls, api, base, bits, cjson, cmsgpack, convert, errors, guard, packing, random::Random, strings, tables,
};

/// Numbers under which the registry keeps values.
pub(crate) mod kept {
    pub const HANDLER: i32 = 1;
    /// `next` that knows read-only tables, and Lua's own.
    pub const NEXT: i32 = 2;
    pub const NATIVE_NEXT: i32 = 3;
    /// What `getmetatable("")` shows.
    pub const STRING_METATABLE: i32 = 4;
    /// The table of globals behind its front.
    pub const GLOBALS: i32 = 5;
    /// The globals of libraries while they are loaded.
    pub const LOAD_GLOBALS: i32 = 6;
    /// The hidden metatable of the front of the globals.
    pub const HIDDEN: i32 = 7;
    pub const FREE: i32 = 16;
}

/// What an interpreter is for; scripts and functions never share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Eval,
    Functions,
}

/// The versions that scripts are told.
#[derive(Clone, Debug)]
pub struct Version {
    /// `7.2.4`.
    pub redis: String,
    /// `9.1.0`.
    pub server: String,
    pub name: String,
}

/// Code that a machine keeps. Of use to this machine only, until it is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function(i32);

/// Why a script did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Code and message, and where it was.
    pub line: Vec<u8>,
    /// The error came from a command, and has been counted there.
    pub counted: bool,
    /// How much of the line is code and message.
    message: usize,
}

/// One interpreter.
pub struct Machine {
    state: State,
    kind: Kind,
}

/// The name that places in scripts get.
fn chunk_name(kind: Kind) -> &'static CStr {
    match kind {
        Kind::Eval => c"@user_script",
        Kind::Functions => c"@user_function",
    }
}

impl Machine {
    /// A new interpreter that may hold so many bytes. `None`: there is no memory for it.
    pub fn new(kind: Kind, limit: usize, seed: u32, version: &Version) -> Option<Machine> {
        let state = State::new(limit)?;
        let machine = Machine { state, kind };
        machine.shared().random.set(Random::seeded(seed));
        machine.furnish(version);
        Some(machine)
    }

    /// The interpreter as something to be dropped, on any thread. O(1); dropping it takes as long as it is large.
    pub fn discard(self) -> Box<dyn Any + Send> {
        Box::new(Closing::new(self.state))
    }

    fn lua(&self) -> Lua {
        self.state.lua()
    }

    fn shared(&self) -> &Shared {
        self.lua().shared()
    }

    /// Makes what scripts find.
    fn furnish(&self, version: &Version) {
        let lua = self.lua();
        lua.room(32);
        lua.push_function(errors::handler, 0);
        lua.keep(kept::HANDLER);
        lua.push_globals();
        lua.raw_field(1, "next");
        lua.keep(kept::NATIVE_NEXT);
        base::install(lua);
        library(lua, "string", strings::install);
        library(lua, "table", tables::install);
        library(lua, "math", api::install_random);
        library(lua, "coroutine", |_| {});
        for (name, push) in [
            ("os", api::push_os as fn(Lua)),
            ("cjson", cjson::push),
            ("cmsgpack", cmsgpack::push),
            ("struct", packing::push),
            ("bit", bits::push),
        ] {
            push(lua);
            guard::protect(lua, false);
            lua.set_field(1, name);
        }
        // What `getmetatable("")` shows.
        lua.push_table(0, 1);
        lua.raw_field(1, "string");
        lua.set_field(-2, "__index");
        guard::protect(lua, false);
        lua.keep(kept::STRING_METATABLE);
        let api = if self.kind == Kind::Eval { api::For::Scripts } else { api::For::Functions };
        push_api(lua, 1, api, version);
        refuse_unknown(lua, 1);
        lua.push_copy(1);
        lua.keep(kept::GLOBALS);
        // The front of the globals is what scripts have as theirs.
        lua.push_copy(1);
        guard::protect(lua, true);
        lua.push_metatable(-1);
        lua.keep(kept::HIDDEN);
        lua.push_copy(-1);
        lua.set_field(1, "_G");
        lua.set_globals();
        lua.set_top(0);
        if self.kind == Kind::Functions {
            lua.push_table(0, 2);
            push_api(lua, 1, api::For::Loading, version);
            refuse_unknown(lua, 1);
            lua.keep(kept::LOAD_GLOBALS);
        }
        lua.collect(true, 0);
    }

    /// Bytes that the interpreter holds.
    pub fn memory(&self) -> usize {
        self.shared().used()
    }

    /// Compiles a text; the error is the compiler's message.
    pub fn compile(&mut self, source: &[u8]) -> Result<Function, String> {
        let lua = self.lua();
        let compiled = lua.load(source, chunk_name(self.kind));
        let result = match compiled {
            Ok(()) => Ok(keep_function(lua)),
            Err(Raise) => Err(String::from_utf8_lossy(lua.bytes(-1).unwrap_or_default()).into_owned()),
        };
        lua.set_top(0);
        result
    }

    pub fn forget(&mut self, function: Function) {
        forget_function(self.lua(), function);
    }

    /// Runs a script (or a function). What it answers is kept for [`Machine::answer`], which must follow.
    pub fn run(
        &mut self,
        function: Function,
        keys: Argv<'_>,
        args: Argv<'_>,
        calls: &mut dyn Calls,
    ) -> Result<(), Failure> {
        let lua = self.lua();
        lua.push_kept(kept::HANDLER);
        lua.push_kept(function.0);
        let count = match self.kind {
            Kind::Eval => {
                lua.push_kept(kept::GLOBALS);
                push_words(lua, keys);
                lua.set_field(3, "KEYS");
                push_words(lua, args);
                lua.set_field(3, "ARGV");
                lua.pop(1);
                0
            }
            Kind::Functions => {
                push_words(lua, keys);
                push_words(lua, args);
                2
            }
        };
        self.enter(count, calls)
    }

    /// Calls what is on the stack above the handler.
    fn enter(&mut self, args: i32, calls: &mut dyn Calls) -> Result<(), Failure> {
        let (lua, shared) = (self.lua(), self.shared());
        shared.json.set(cjson::Options::DEFAULT);
        lua.watch_anew();
        shared.begin_script();
        let ended = shared.with(calls, || lua.call(args, 1, 1));
        if let Some(panic) = shared.take_panic() {
            std::panic::resume_unwind(panic);
        }
        let failure = match ended {
            Ok(()) => return Ok(()),
            Err(Raise) => failure(lua),
        };
        lua.set_top(0);
        if shared.take_starved() {
            lua.collect(true, 0);
        }
        Err(failure)
    }

    /// Writes what the last run answered. The result are the errors in it that have not been counted.
    pub fn answer(&mut self, out: &mut Vec<u8>, protocol: Protocol, script: Protocol) -> Vec<Vec<u8>> {
        let (lua, mut errors) = (self.lua(), Vec::new());
        if lua.top() > 1 {
            convert::Writer { lua, out, protocol, script, errors: &mut errors, given_up: false }.value(0);
        }
        lua.set_top(0);
        errors
    }

    /// Compiles a library and runs it once, so that it registers its functions.
    pub fn load_library(&mut self, source: &[u8], calls: &mut dyn Calls) -> Result<(), Failure> {
        let lua = self.lua();
        lua.push_kept(kept::HANDLER);
        if let Err(Raise) = lua.load(source, chunk_name(self.kind)) {
            let why = lua.bytes(-1).unwrap_or_default();
            let line = [b"ERR Error compiling function: ", why].concat();
            lua.set_top(0);
            return Err(Failure { message: line.len(), line, counted: false });
        }
        self.show_globals(kept::LOAD_GLOBALS);
        let ended = self.enter(0, calls);
        self.show_globals(kept::GLOBALS);
        lua.set_top(0);
        ended.map_err(|failure| {
            let line = [b"ERR Error registering functions: ", &failure.line[..failure.message]].concat();
            Failure { message: line.len(), line, counted: false }
        })
    }

    /// Puts another table behind the front of the globals.
    fn show_globals(&self, number: i32) {
        let lua = self.lua();
        lua.push_kept(kept::HIDDEN);
        lua.push_kept(number);
        guard::set_real(lua);
        lua.pop(1);
    }
}

/// Changes a library of Lua's own in the globals at 1, and protects it.
fn library(lua: Lua, name: &str, install: fn(Lua)) {
    lua.raw_field(1, name);
    install(lua);
    guard::protect(lua, false);
    lua.set_field(1, name);
}

/// Sets `redis` and `server` in a table.
fn push_api(lua: Lua, table: i32, api: api::For, version: &Version) {
    api::push(lua, api, version);
    if api == api::For::Loading {
        let top = lua.top();
        refuse_unknown(lua, top);
    }
    guard::protect(lua, false);
    lua.push_copy(-1);
    lua.set_field(table, "redis");
    lua.set_field(table, "server");
}

/// Has reading of what a table of globals lacks be an error.
fn refuse_unknown(lua: Lua, table: i32) {
    lua.push_table(0, 1);
    lua.push_function(unknown_global, 0);
    lua.set_field(-2, "__index");
    lua.set_metatable(table);
}

fn unknown_global(lua: Lua) -> Answer {
    let name = match lua.kind(2) {
        TYPE_STRING => String::from_utf8_lossy(lua.bytes(2).unwrap_or_default()).into_owned(),
        _ => lua.kind_name(2).to_owned(),
    };
    Err(lua.fail(&format!("Script attempted to access nonexistent global variable '{name}'")))
}

fn push_words(lua: Lua, words: Argv<'_>) {
    lua.push_table(words.len(), 0);
    let table = lua.top();
    for (n, word) in (1..).zip(words.iter()) {
        lua.push_bytes(word);
        lua.raw_set_at(table, n);
    }
}

/// Describes the error that is on top of the stack.
fn failure(lua: Lua) -> Failure {
    if lua.kind(-1) == TYPE_STRING {
        // The handler has not seen it: there was no memory, or no stack, for it.
        let text = lua.bytes(-1).unwrap_or_default();
        let line = [b"ERR Error running script, ", &text[..text.len().min(100)]].concat();
        return Failure { message: line.len(), line, counted: false };
    }
    let (mut line, counted) = errors::line_of(lua);
    let message = line.len();
    if let Some((source, number)) = errors::place_of(lua) {
        line.extend_from_slice(&[b" script: on ", source.as_slice(), b":", &number, b"."].concat());
    }
    Failure { line, counted, message }
}

/// Keeps the function on top of the stack, and takes it off.
pub(crate) fn keep_function(lua: Lua) -> Function {
    // The lowest free number: those that were forgotten are found again through a list in the registry, whose head is
    // at `FREE`, as a chain of numbers.
    lua.push_kept(kept::FREE);
    let (head, is_free) = (lua.to_number(-1) as i32, lua.kind(-1) != TYPE_NIL);
    lua.pop(1);
    let (head, next) = match is_free {
        false => (kept::FREE + 1, kept::FREE + 2),
        true => {
            lua.push_kept(head);
            let link = if lua.kind(-1) == TYPE_NIL { head + 1 } else { lua.to_number(-1) as i32 };
            lua.pop(1);
            (head, link)
        }
    };
    lua.push_number(f64::from(next));
    lua.keep(kept::FREE);
    lua.keep(head);
    Function(head)
}

pub(crate) fn forget_function(lua: Lua, function: Function) {
    lua.push_kept(kept::FREE);
    lua.keep(function.0);
    lua.push_number(f64::from(function.0));
    lua.keep(kept::FREE);
}
