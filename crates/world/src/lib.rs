//! The outside, as traits: what a server needs of a kernel, and no more.
//!
//! `os` implements them over a real kernel, `sim` over a seeded simulation. They speak of *bytes arrived,
//! room to write, closed* rather than of readiness, so that a completion kernel (io_uring) and the simulator
//! fit without pretending. `server` holds a `&mut dyn World`: a virtual call per system call is nothing, and a
//! generic server would be compiled again with every edit of the program.
//!
//! **Invariants**
//! 1. A `ConnId` is a small index that the world reuses only after `close(id)`; nothing about a closed
//!    connection is reported afterwards, not even events that had been collected before. An id closed while the
//!    events of one `wait` are gone through is not handed out again before the next one, so that those left in
//!    the caller's hands are of no other connection.
//! 2. `Arrived` is reported again by the next `wait` while bytes are left unread (level, not edge).
//! 3. An error or a hang-up wakes both sides: the connection is reported as `Arrived` and as `Room`, whichever
//!    was asked for; the `recv` or `send` that follows tells what happened.
//!
//! *Not here*: the multiplexers (`os::poll`), the loop (`server::turn`).
#![forbid(unsafe_code)]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A connection, by the index under which the world keeps it (invariant 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u32);

/// A listening socket, by its index in the order of `listen` calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(pub u32);

/// The two clocks. Wall time may jump; `mono_us` never runs backwards and counts from an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Microseconds since 1970-01-01 UTC.
    pub wall_us: i64,
    /// Monotonic microseconds.
    pub mono_us: u64,
}

/// One thing that `wait` has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A listener has at least one connection to accept.
    Incoming(ListenerId),
    /// Bytes (or the end, or an error) can be received.
    Arrived(ConnId),
    /// Bytes can be sent; reported only while `want_room(conn, true)` holds.
    Room(ConnId),
    /// The process was asked to do something.
    Signal(Signal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    Terminate,
    /// SIGINT; the second one makes the world end the process at once.
    Interrupt,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address (IPv4, IPv6, `*` and `::*` for all of a family) and a port.
    /// `secure`: connections are encrypted, as `Network::encrypt` was told last.
    Tcp { address: String, port: u16, backlog: u32, secure: bool },
    /// A unix socket, with its permissions (octal, 0 = as the umask says) and optional group name.
    Unix { path: PathBuf, mode: u32, group: Option<String>, backlog: u32 },
}

/// A connection just accepted. Names are printed as `ip:port`, `[ip6]:port` or `path:0`.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub conn: ConnId,
    pub peer: String,
    pub local: String,
    pub unix: bool,
    /// Names that the peer has proven to be its own, by a certificate; the first that is a user's counts.
    pub proven: Vec<Vec<u8>>,
    /// The peer's address is a loopback one, or a unix socket (protected mode asks).
    pub loopback: bool,
    /// The descriptor number, for CLIENT LIST.
    pub fd: i32,
}

/// How connections to secure listeners are encrypted: what is in which file, and what is asked of peers. Empty texts
/// are what is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// Our certificates, ours first, and our private key, both PEM.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Whose certificates we trust: a file of them, a folder of such files.
    pub authorities: PathBuf,
    pub authorities_folder: PathBuf,
    pub peers: PeerCertificates,
    pub names: ProvenNames,
    /// Names of protocol versions, as `TLSv1.2 TLSv1.3`.
    pub protocols: String,
    /// Cipher suites by OpenSSL's names, apart by colons: of TLS 1.2, and of 1.3.
    pub ciphers: String,
    pub suites: String,
    /// Our order of suites counts, not the peer's.
    pub our_order: bool,
    /// How many sessions may be resumed, and for how many seconds; 0 = none.
    pub sessions: usize,
    pub session_seconds: u64,
    /// Connections that may be begun in one `wait`: a handshake is dear.
    pub begun_per_wait: usize,
}

/// Whether peers must show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerCertificates {
    Ignored,
    /// One that is shown must be good.
    Welcome,
    #[default]
    Required,
}

/// What of a peer's certificate `Accepted::proven` tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProvenNames {
    #[default]
    None,
    CommonName,
    Uris,
}

/// A certificate in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Hex digits.
    pub serial: String,
    /// When it is no longer good, seconds since 1970.
    pub expires_s: i64,
}

/// The certificates that `Network::encrypt` was told of last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificatesInUse {
    pub ours: Option<CertificateFacts>,
    /// The authority whose certificate ends first.
    pub authority: Option<CertificateFacts>,
}

#[derive(Debug)]
pub enum Recv {
    /// So many bytes were appended. `drained` is true when a further `recv` would find nothing now.
    Bytes {
        count: usize,
        drained: bool,
    },
    /// Nothing there now.
    Nothing,
    /// The peer closed its side.
    Closed,
    Failed(io::Error),
}

#[derive(Debug)]
pub enum Send {
    /// So many bytes went out; fewer than given means that there is no more room now (0 = none at all). The others are
    /// to be offered again, before anything else: an encrypted connection may have begun with them.
    Bytes(usize),
    Failed(io::Error),
}

pub trait Clock {
    fn now(&self) -> Now;
    /// A cheap counter that runs at a constant rate (`ticks_per_us` of it to a microsecond), for timing commands.
    fn ticks(&self) -> fn() -> u64;
    fn ticks_per_us(&self) -> u64;
}

pub trait Entropy {
    fn fill(&mut self, bytes: &mut [u8]);
}

pub trait Network {
    /// Opens a listening socket; the error says which address and why.
    fn listen(&mut self, at: &Listen) -> io::Result<ListenerId>;
    /// Closes a listening socket (a unix socket's file is removed).
    fn unlisten(&mut self, listener: ListenerId);
    /// Has connections accepted by secure listeners from now on encrypted like this. On failure everything stays as it
    /// was; the error is one line that says which file or setting and why.
    fn encrypt(&mut self, with: &Encryption) -> io::Result<()>;
    fn certificates(&self) -> CertificatesInUse;
    /// Collects events into `events` (cleared first), waiting at most `timeout` (None = for ever).
    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()>;
    /// Takes one connection, `None` when there is none (left). One of a secure listener comes when both sides have agreed
    /// on keys.
    fn accept(&mut self, listener: ListenerId) -> io::Result<Option<Accepted>>;
    /// Appends at most `room` bytes that have arrived; `into` grows to hold them if its spare capacity is smaller.
    /// Of an encrypted connection it may be a record (16 KB) more.
    fn recv(&mut self, conn: ConnId, into: &mut Vec<u8>, room: usize) -> Recv;
    /// Sends the slices one after the other, as far as there is room.
    fn send(&mut self, conn: ConnId, slices: &[&[u8]]) -> Send;
    /// Asks (or stops asking) for `Event::Room`.
    fn want_room(&mut self, conn: ConnId, on: bool);
    /// Asks (or stops asking) for `Event::Arrived`; on after accept.
    fn want_bytes(&mut self, conn: ConnId, on: bool);
    /// TCP keep-alive with this interval in seconds; 0 turns it off.
    fn keep_alive(&mut self, conn: ConnId, seconds: u32);
    fn close(&mut self, conn: ConnId);
    /// The name of the multiplexer in use: `epoll`, `kqueue`, `poll`, `sim`.
    fn multiplexer(&self) -> &'static str;
}

pub trait Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Replaces a file whole: temporary file in the same folder, written, fsynced, renamed, folder fsynced.
    fn replace(&mut self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()>;
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    /// Opens a file to be read piece by piece, with its size where there is one.
    fn open(&self, path: &Path) -> io::Result<(Box<dyn io::Read + std::marker::Send>, Option<u64>)>;
    /// Replaces a large file whole by what `fill` writes: as `replace`, but by way of `temp-<pid>.rdb`, and synced each
    /// time so many bytes were written (0: only at the end), so that the last sync does not take long.
    fn replace_with(&mut self, path: &Path, sync_every: u64, fill: &mut Fill<'_>) -> io::Result<()>;
    /// Replaces a large file whole by pieces that come one by one, as `replace_with`, but on a background thread. One at
    /// a time, until its outcome was told.
    fn stream(&mut self, path: &Path, options: StreamOptions, pass: Pass) -> io::Result<Arc<dyn Stream>>;
    /// Nothing more comes: the file takes its place (`whole`), or is given up.
    fn end_stream(&mut self, whole: bool);
    /// How the stream ended, once it has; told once.
    fn stream_outcome(&mut self) -> Option<Result<(), String>>;
    /// Makes a folder the working directory, for `dir`.
    fn enter(&mut self, path: &Path) -> io::Result<()>;
    /// The working directory.
    fn here(&self) -> PathBuf;
}

/// Writes the content of a file.
pub type Fill<'a> = dyn FnMut(&mut dyn io::Write) -> io::Result<()> + 'a;

/// Writes the pieces of a stream on the background thread; `None` comes after the last.
pub type Pass = Box<dyn FnMut(Option<&[u8]>, &mut dyn io::Write) -> io::Result<()> + std::marker::Send>;

/// How a stream is written.
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// The file is synced each time so many bytes were written; 0: at the end only.
    pub sync_every: u64,
    /// Bytes that may be queued.
    pub limit: u64,
}

/// Takes the pieces of a file that a background thread writes.
pub trait Stream: std::marker::Send + Sync {
    /// Hands a piece over; waits while too much is queued. Returns a buffer to be used again, which may be the piece if
    /// nobody wants it any more.
    fn write(&self, piece: Vec<u8>) -> Vec<u8>;
    /// Bytes that are not in the file yet.
    fn queued(&self) -> u64;
}

/// What a child made by [`Process::fork`] can do.
pub trait Child {
    /// Tells the parent how many keys are done, and how much memory was copied since the fork.
    fn report(&self, keys: u64);
    /// [`Disk::replace_with`].
    fn replace_with(&self, path: &Path, sync_every: u64, fill: &mut Fill<'_>) -> io::Result<()>;
    fn mono_us(&self) -> u64;
    fn sleep(&self, time: Duration);
}

/// What is heard of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildNews {
    /// Keys done, and bytes that were copied because parent or child wrote to them.
    Progress { keys: u64, copied: u64 },
    /// It is no more. `signal`: it was ended by one.
    Ended { ok: bool, signal: Option<i32> },
}

/// Processor time of the process, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuTimes {
    pub user_us: u64,
    pub system_us: u64,
    pub children_user_us: u64,
    pub children_system_us: u64,
    pub main_user_us: u64,
    pub main_system_us: u64,
}

/// Memory as the kernel and the allocator see it, in bytes; 0 where unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryFacts {
    /// Handed out by the allocator (`used_memory`).
    pub used: u64,
    /// Resident set size of the process.
    pub resident: u64,
    /// What the allocator holds from the kernel.
    pub allocator_resident: u64,
    /// Of the machine.
    pub total: u64,
}

pub trait Process {
    fn pid(&self) -> u32;
    /// Bytes handed out by the allocator; cheap enough to be asked with every command.
    fn used_memory(&self) -> u64;
    fn memory(&self) -> MemoryFacts;
    fn cpu(&self) -> CpuTimes;
    /// `mimalloc-2.2.4` or the like.
    fn allocator(&self) -> String;
    /// Gives free memory back to the kernel.
    fn purge(&mut self);
    /// Operating system, release and machine: `Linux 6.1.0 x86_64`.
    fn os(&self) -> String;
    fn executable(&self) -> PathBuf;
    /// Sets the title that `ps` shows.
    fn title(&mut self, title: &str);
    /// Raises the limit of open files towards `wanted` and returns what is in force.
    fn open_files(&mut self, wanted: u64) -> u64;
    /// Tells the supervisor (systemd) something: `READY=1`, `STOPPING=1`, `STATUS=…`.
    fn notify(&mut self, message: &str);
    /// Blocks the whole process (DEBUG SLEEP).
    fn sleep(&mut self, time: Duration);
    /// Drops a value on a background thread, so that freeing it costs the loop nothing.
    fn drop_later(&mut self, value: Box<dyn std::any::Any + std::marker::Send>);
    /// Splits off a child, which has all memory as it is now, runs `job` and ends; returns its process id. One at a time.
    fn fork(&mut self, job: &mut dyn FnMut(&dyn Child) -> bool) -> io::Result<u32>;
    /// What there is to hear of the child; its end comes last.
    fn child_news(&mut self, news: &mut Vec<ChildNews>);
    /// Ends the child and removes what it has written so far. Its end is reported as usual.
    fn end_child(&mut self);
    /// Values handed to `drop_later` that are not dropped yet.
    fn drops_pending(&self) -> usize;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug,
    Verbose,
    Notice,
    Warning,
    /// Logs nothing (the setting `nothing`).
    Nothing,
}

pub trait Log {
    fn log(&mut self, level: Level, line: &str);
    /// Lines below this level are dropped.
    fn set_level(&mut self, level: Level);
}

/// All of it. One value is both the network and the clock: a simulation moves them together.
pub trait World: Clock + Entropy + Network + Disk + Process + Log {}
impl<T: Clock + Entropy + Network + Disk + Process + Log> World for T {}
