//! Scripts and functions: what is cached, what is registered, what runs.
//!
//! The interpreters are of the crate `script`. There are two, one for EVAL and one for functions, made when they are
//! first needed. [`run`] joins them to the way of a request: what a script calls goes through `path` as the commands
//! of a client of its own, inside of the command that runs it (`ServerState::depth`), so all that it changed is one unit
//! for whoever follows the dataset.
//!
//! **Invariants**
//! 1. While a script runs its machine is taken out of here, and `running` says what runs.
//! 2. A script in the cache is compiled in the machine `eval`, a function of a library in `functions`: whoever drops a
//!    machine drops what was compiled in it.

mod cache;
mod caller;
mod declared;
mod header;
pub mod library;
pub mod payload;
mod run;

use std::rc::Rc;

use script::{Flag, Kind, LogLevel, Machine, Version};

pub use cache::Script;
pub(crate) use declared::{flags_of, runs_script};
pub use header::Header;
pub(crate) use library::replace_libraries;
pub use library::{Libraries, Library};
pub use script::{hex, sha1};

use crate::client::{About, Client, ClientSlot};
use crate::host::{Host, Level};
use crate::registry::Registry;
use crate::state::ServerState;

/// Most bytes that an interpreter may hold.
const MEMORY_LIMIT: usize = 1 << 30;

/// `redis.log`.
fn log(host: &mut dyn Host, level: LogLevel, line: &[u8]) {
    let level = match level {
        LogLevel::Debug => Level::Debug,
        LogLevel::Verbose => Level::Verbose,
        LogLevel::Notice => Level::Notice,
        LogLevel::Warning => Level::Warning,
    };
    host.log(level, &String::from_utf8_lossy(line));
}

/// What a script or function may do, as it declares.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Flags {
    /// A script without a first line that says so: it may do anything, and is judged by what it does.
    pub undeclared: bool,
    pub list: Vec<Flag>,
}

impl Flags {
    pub fn has(&self, flag: Flag) -> bool {
        !self.undeclared && self.list.contains(&flag)
    }
}

/// The script that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// EVAL, not FCALL.
    pub eval: bool,
    /// The function's name.
    pub name: Vec<u8>,
    /// The request that runs it.
    pub command: Vec<Vec<u8>>,
    /// When it began, monotonic microseconds.
    pub began_us: u64,
    /// It has called a command that writes.
    pub wrote: bool,
    pub killed: bool,
    /// It has run for longer than `busy-reply-threshold`.
    pub busy: bool,
    /// The server is to stop, whatever the script has written.
    pub aborted: bool,
}

#[derive(Default)]
pub struct Scripting {
    eval: Option<Machine>,
    functions: Option<Machine>,
    pub cache: cache::Cache,
    pub libraries: Libraries,
    pub running: Option<Running>,
    /// The engine's, for when an engine is put together while a script runs.
    pub(crate) registry: Option<Rc<Registry>>,
    /// The client whose commands scripts run.
    client: Option<Box<Client>>,
}

/// What was forgotten: freeing an interpreter of a gigabyte takes a while.
pub type Waste = Box<dyn std::any::Any + Send>;

impl Scripting {
    pub(crate) fn new(registry: &Rc<Registry>) -> Self {
        Scripting { registry: Some(Rc::clone(registry)), ..Scripting::default() }
    }

    /// Bytes held by the interpreters: for EVAL, for functions.
    pub fn machine_memory(&self) -> (usize, usize) {
        let of = |machine: &Option<Machine>| machine.as_ref().map_or(0, Machine::memory);
        (of(&self.eval), of(&self.functions))
    }

    /// Forgets all cached scripts; what is left is to be dropped, by whichever thread.
    pub fn flush_scripts(&mut self) -> Waste {
        let cache = std::mem::take(&mut self.cache);
        Box::new((cache, self.eval.take().map(Machine::discard)))
    }

    /// Forgets all libraries; likewise.
    pub fn flush_libraries(&mut self) -> Waste {
        let libraries = std::mem::take(&mut self.libraries);
        Box::new((libraries, self.functions.take().map(Machine::discard)))
    }

    fn machine(&mut self, kind: Kind) -> &mut Option<Machine> {
        match kind {
            Kind::Eval => &mut self.eval,
            Kind::Functions => &mut self.functions,
        }
    }
}

/// Takes an interpreter out, or makes it. `None`: there is no memory for one.
fn take_machine(server: &mut ServerState, kind: Kind, seed: u32) -> Option<Machine> {
    if let Some(machine) = server.scripting.machine(kind).take() {
        return Some(machine);
    }
    let version = Version {
        redis: crate::REDIS_VERSION.to_owned(),
        server: crate::SCRIPT_SERVER_VERSION.to_owned(),
        name: crate::SCRIPT_SERVER_NAME.to_owned(),
    };
    Machine::new(kind, MEMORY_LIMIT, seed, &version)
}

/// The client that scripts' commands run for: it is not among the clients of the server.
fn script_client() -> Box<Client> {
    let about = About { address: "lua".to_owned(), fd: -1, ..About::default() };
    let mut client = Box::new(Client::new(0, ClientSlot(u32::MAX), about));
    client.authenticated = true;
    client
}

/// What others are told while a slow script runs.
pub fn busy_line(eval: bool) -> &'static str {
    if eval {
        "BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
    } else {
        "BUSY Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
    }
}
