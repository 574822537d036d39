//! Connections: what happens on them, and the bytes in and out.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::{CertificatesInUse, Encryption};

/// A connection, by the index under which the world keeps it (invariant 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u32);

/// A listening socket, by its index in the order of `listen` calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(pub u32);

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
    /// More of the journal was written or synced in the background, or a failure of it came or went
    /// ([`Journal::journal`](crate::Journal::journal) tells).
    Journal,
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
