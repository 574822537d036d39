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
    /// Sets the title of its process.
    fn title(&self, _title: &str) {}
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

/// How far the journal is: offsets in bytes handed over since the process started, over all files. What the kernel has
/// survives the process, what the disk has a loss of power.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalState {
    pub handed: u64,
    /// Of these, what the kernel has.
    pub written: u64,
    /// Of these, what the disk has.
    pub synced: u64,
    /// A sync is going on, or is about to.
    pub syncing: bool,
    /// How long the last sync took, microseconds.
    pub last_sync_us: u64,
    pub failure: Option<JournalFailure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalFailureKind {
    /// Bytes could not be written; they are kept, and `journal_retry` tries again.
    Write,
    /// A sync failed. Appending goes on, syncing does not, until another file is opened.
    Sync,
    /// There is no room in front of the end. What is handed over is written as long as it fits.
    Reserve,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFailure {
    pub kind: JournalFailureKind,
    /// The kernel's words: `No space left on device`.
    pub text: String,
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
    /// The end that a signal asked for does not come: the next signal is a first one again.
    fn forget_signals(&mut self) {}
    /// The same as a plain function, for what runs while the host is lent ([`Host::save_file`]).
    fn sleeper(&self) -> fn(Duration) {
        |_| {}
    }
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
    /// The names in a folder, in no order.
    fn list(&self, folder: &str) -> Result<Vec<String>, String>;
    /// Makes a folder, durably; one that is there is fine.
    fn make_folder(&mut self, path: &str, mode: u32) -> Result<(), String>;
    /// Gives a file another name, durably; one that has the name is replaced.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), String>;
    /// Cuts a file to this length, durably. It must not be shorter.
    fn truncate(&mut self, path: &str, len: u64) -> Result<(), String>;
    /// Bytes in a file; `None` if there is none.
    fn file_len(&self, path: &str) -> Result<Option<u64>, String>;
    /// Makes a folder ours to the end of the process; another process that asks for it is refused.
    fn lock(&mut self, folder: &str) -> Result<(), String>;
    /// Has this file be appended to from now on; made if it is not there. The one before is sealed in the background: written,
    /// synced, cut, closed. `reserve`: room in front of the end that is kept allocated. Returns the file's length; on failure
    /// nothing has changed. Ends a `Sync` failure: the next sync passes over what the file before has lost.
    fn journal_open(&mut self, path: &str, reserve: u64) -> Result<u64, String>;
    /// Hands bytes over, as one piece that is in the file whole or not at all. Never waits for a sync.
    fn journal_append(&mut self, bytes: &[u8]);
    /// Has all that was handed over made durable, in the background; while a sync is going on another one follows it.
    fn journal_sync(&mut self);
    /// Tries again what could not be written or reserved.
    fn journal_retry(&mut self);
    /// Waits until all is written and synced, or cannot be.
    fn journal_finish(&mut self) -> Result<(), String>;
    /// As `journal_finish`; then, whether that went well or not, the file is closed and failures are over.
    fn journal_close(&mut self) -> Result<(), String>;
    fn journal(&self) -> JournalState;
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
    /// The kernel's adjustment of our score for the case that memory is short (`oom_score_adj`).
    fn oom_score(&self) -> Result<i32, String>;
    /// Changes it; children get their own, or ours.
    fn set_oom_score(&mut self, own: i32, of_children: Option<i32>) -> Result<(), String>;
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
