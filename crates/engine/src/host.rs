//! What the engine may ask of the outside while a command runs: the port that `server` plugs a world into.
//!
//! Nothing here blocks on a socket, and nothing tells the time: that is frozen (`Engine::set_time`).

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug,
    Verbose,
    Notice,
    Warning,
}

/// Memory in bytes; 0 where unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryFacts {
    pub used: u64,
    pub resident: u64,
    pub allocator_resident: u64,
    pub total: u64,
}

/// Processor time in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuTimes {
    pub user_us: u64,
    pub system_us: u64,
    pub children_user_us: u64,
    pub children_system_us: u64,
    pub main_user_us: u64,
    pub main_system_us: u64,
}

/// A certificate in use: its serial number in hex digits, and its end in seconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Certificate {
    pub serial: String,
    pub expires_s: i64,
}

/// Writes the content of a file.
pub type Fill<'a> = dyn FnMut(&mut dyn io::Write) -> io::Result<()> + 'a;

/// What a child that shares our memory can do.
pub trait ChildHost {
    /// Tells the parent how many keys are done.
    fn report(&self, keys: u64);
    /// [`Host::save_file`].
    fn save_file(&self, path: &str, sync_every: u64, fill: &mut Fill<'_>) -> Result<(), String>;
    fn mono_us(&self) -> u64;
    fn sleep(&self, time: Duration);
}

/// What is heard of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildNews {
    /// Keys done, and bytes copied because somebody wrote to them.
    Progress {
        keys: u64,
        copied: u64,
    },
    Ended {
        ok: bool,
        signal: Option<i32>,
    },
}

/// Writes the pieces of a stream on a background thread; `None` comes after the last.
pub type Pass = Box<dyn FnMut(Option<&[u8]>, &mut dyn io::Write) -> io::Result<()> + Send>;

/// How a stream is written.
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// The file is synced each time so many bytes were written; 0: at the end only.
    pub sync_every: u64,
    /// Bytes that may be queued.
    pub limit: u64,
}

/// Takes the pieces of a file that a background thread writes.
pub trait Stream: Send + Sync {
    /// Hands a piece over; waits while too much is queued. Returns a buffer to be used again.
    fn write(&self, piece: Vec<u8>) -> Vec<u8>;
    /// Bytes that are not in the file yet.
    fn queued(&self) -> u64;
}

/// A file to be read piece by piece.
pub struct OpenFile {
    pub content: Box<dyn io::Read + Send>,
    /// Bytes, where that can be told.
    pub len: Option<u64>,
}

pub trait Host {
    fn log(&mut self, level: Level, line: &str);
    /// Bytes handed out by the allocator.
    fn used_memory(&self) -> u64;
    fn memory(&self) -> MemoryFacts;
    fn cpu(&self) -> CpuTimes;
    /// Name and version of the allocator.
    fn allocator(&self) -> String;
    fn purge(&mut self);
    /// Operating system, release, machine.
    fn os(&self) -> String;
    fn pid(&self) -> u32;
    fn executable(&self) -> String;
    fn multiplexer(&self) -> &'static str;
    fn fill_random(&mut self, bytes: &mut [u8]);
    /// Wall clock in microseconds, now and not frozen: for TIME and for DEBUG SLEEP's kin.
    fn wall_us(&self) -> i64;
    /// Monotonic microseconds, now.
    fn mono_us(&self) -> u64;
    /// Stops the whole server for a while (DEBUG SLEEP).
    fn sleep(&mut self, time: Duration);
    fn drop_later(&mut self, value: Box<dyn Any + Send>);
    fn drops_pending(&self) -> usize;
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String>;
    /// Replaces a file whole.
    fn write_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), String>;
    /// Opens a file; `None` if there is none.
    fn open_file(&self, path: &str) -> Result<Option<OpenFile>, String>;
    /// Replaces a large file whole, synced each time so many bytes were written (0: at the end only).
    fn save_file(&mut self, path: &str, sync_every: u64, fill: &mut Fill<'_>) -> Result<(), String>;
    /// Replaces a large file whole by pieces that come one by one, on a background thread. One at a time, until its
    /// outcome was told.
    fn stream(&mut self, path: &str, options: StreamOptions, pass: Pass) -> Result<Arc<dyn Stream>, String>;
    /// Nothing more comes: the file takes its place (`whole`), or is given up.
    fn end_stream(&mut self, whole: bool);
    /// How the stream ended, once it has; told once.
    fn stream_outcome(&mut self) -> Option<Result<(), String>>;
    fn remove_file(&mut self, path: &str) -> Result<(), String>;
    /// Splits off a child that has all memory as it is now, runs `job` and ends; its process id. One at a time.
    fn fork(&mut self, job: &mut dyn FnMut(&dyn ChildHost) -> bool) -> Result<u32, String>;
    /// What there is to hear of the child; its end comes last.
    fn child_news(&mut self) -> Vec<ChildNews>;
    /// Ends the child; that is told as usual.
    fn end_child(&mut self);
    /// Makes a folder the working directory.
    fn enter(&mut self, path: &str) -> Result<(), String>;
    fn here(&self) -> String;
    /// Raises the limit of open files towards `wanted`; what is in force then.
    fn open_files(&mut self, wanted: u64) -> u64;
    /// Puts new listening addresses in force (CONFIG SET port, bind …); the old ones stay if that fails.
    fn listen(&mut self, config: &config::Config) -> Result<(), String>;
    /// Has connections to `tls-port` encrypted as the configuration says from now on; on failure all stays as it was.
    fn encrypt(&mut self, config: &config::Config) -> Result<(), String>;
    /// Ours, and that of the authority whose ends first, if connections are encrypted.
    fn certificates(&self) -> [Option<Certificate>; 2];
    fn set_log_level(&mut self, level: config::LogLevel);
    fn title(&mut self, title: &str);
    /// Serves other clients for a moment while a slow script runs, without waiting for them. A host that has no loop
    /// has nobody to serve.
    fn serve_meanwhile(&mut self, engine: crate::Engine) -> crate::Engine {
        engine
    }
}
