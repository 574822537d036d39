//! The way from a script to the engine.

use resp::{Argv, Protocol};

/// Whether a script that has run for a while may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    On,
    /// No: it gets this error, whatever it does to catch it.
    Stop(&'static str),
}

/// How loud `redis.log` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Debug,
    Verbose,
    Notice,
    Warning,
}

/// Who is told of what a script changes (`redis.set_repl`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replication {
    pub append_only_file: bool,
    pub replicas: bool,
}

/// What a script or function declares of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    NoWrites,
    AllowOom,
    AllowStale,
    NoCluster,
    AllowCrossSlotKeys,
}

impl Flag {
    pub const ALL: [Flag; 5] =
        [Flag::NoWrites, Flag::AllowOom, Flag::AllowStale, Flag::NoCluster, Flag::AllowCrossSlotKeys];

    pub fn name(self) -> &'static str {
        match self {
            Flag::NoWrites => "no-writes",
            Flag::AllowOom => "allow-oom",
            Flag::AllowStale => "allow-stale",
            Flag::NoCluster => "no-cluster",
            Flag::AllowCrossSlotKeys => "allow-cross-slot-keys",
        }
    }

    pub fn of_name(name: &[u8]) -> Option<Flag> {
        Flag::ALL.into_iter().find(|flag| flag.name().as_bytes() == name)
    }
}

/// A function that a library registers.
#[derive(Clone, Debug)]
pub struct FunctionSpec {
    pub name: Vec<u8>,
    pub description: Option<Vec<u8>>,
    pub flags: Vec<Flag>,
    /// Where the machine keeps its code.
    pub code: crate::Function,
}

/// Who answers a running script. No method is called while another one runs.
pub trait Calls {
    /// Runs a command; `reply` then holds what a client would be sent. `false`: it was refused, and the reply is the
    /// error line without its `-`.
    fn call(&mut self, argv: Argv<'_>) -> bool;
    /// The bytes of the last reply.
    fn reply(&mut self) -> &[u8];
    /// The reply has been used.
    fn done(&mut self);
    fn set_protocol(&mut self, protocol: Protocol);
    fn set_replication(&mut self, to: Replication);
    fn log(&mut self, level: LogLevel, line: &[u8]);
    /// Whether the client may run this. `None`: there is no such command.
    fn may_run(&mut self, argv: Argv<'_>) -> Option<bool>;
    /// Processor time of the process, in seconds (`os.clock`).
    fn clock_s(&mut self) -> f64;
    /// Called every so often.
    fn tick(&mut self) -> Go;
    /// A library registers a function while it is loaded; an error is told to it.
    fn register(&mut self, function: FunctionSpec) -> Result<(), String>;
}
