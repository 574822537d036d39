//! Sockets: listeners, the table of connections, and the bytes in and out of them.
//!
//! `recv` and `send` are the hot path: one system call, a bounds check, nothing else. Instructions of ours, by
//! callgrind, release build, epoll: `recv` 45, `send` 24 (three slices 33), `wait` 72 and 62 more per event. A
//! connection's interest is remembered so that the poller is told of changes only.
//!
//! **Invariants**
//! 1. A token names a kind, an index and (for connections) a generation; an event whose generation is not the
//!    slot's is dropped. That is `world`'s invariant 1, together with `table`.
//! 2. Every descriptor in here is non-blocking and closed on exec, and leaves the poller before it is closed.
//! 3. Using a `ConnId` that was closed is a bug of the caller and panics; closing it again does nothing.
//!
//! *Not here*: opening listeners (`listen`), the kernel's readiness calls (`poll`).

mod listen;
mod name;
mod secure;
mod table;
#[cfg(test)]
mod tests;
mod tls;

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SendFlags, SocketAddrAny, SocketFlags};
use socket2::{SockRef, TcpKeepalive};
use world::{Accepted, ConnId, Event, Listen, ListenerId, Recv, Send};

use crate::poll::{Backend, Interest, Poller, Ready};
use crate::sys;
use listen::Listener;
use table::Table;
use tls::handshake::SHAKES;

/// How many slices one `writev` is given.
pub(crate) const SLICES: usize = 64;

/// The upper bits of a token, in this order: connections below, then those not accepted yet (`tls::handshake::SHAKES`),
/// then listeners, then the signals and the journal.
const LISTENER: u64 = 1 << 62;
const SIGNAL: u64 = 1 << 63;
const JOURNAL: u64 = SIGNAL | 1;

/// macOS has no such flag; there the ignored SIGPIPE has to do.
#[cfg(not(any(target_os = "macos", target_os = "ios")))]
pub(crate) const QUIET: SendFlags = SendFlags::NOSIGNAL;
#[cfg(any(target_os = "macos", target_os = "ios"))]
pub(crate) const QUIET: SendFlags = SendFlags::empty();

/// What else than connections ended a wait.
#[derive(Clone, Copy, Default)]
pub(crate) struct Woken {
    pub signal: bool,
    pub journal: bool,
}

pub(crate) struct Net {
    poller: Poller,
    table: Table,
    listeners: Vec<Option<Listener>>,
    secure: secure::Secure,
}

impl Net {
    pub fn new(backend: Backend) -> io::Result<Net> {
        let poller = Poller::create(backend)?;
        Ok(Net { poller, table: Table::default(), listeners: Vec::new(), secure: Default::default() })
    }

    pub fn multiplexer(&self) -> &'static str {
        self.poller.name()
    }

    /// Has `wait` tell when this descriptor (of the journal) can be read.
    pub fn watch_journal(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.poller.add(fd, JOURNAL, Interest::READ)
    }

    /// Has `wait` tell when this descriptor (of the signals) can be read.
    pub fn watch_signals(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.poller.add(fd, SIGNAL, Interest::READ)
    }

    pub fn listen(&mut self, at: &Listen) -> io::Result<ListenerId> {
        let listener = listen::open(at)?;
        let id = ListenerId(self.listeners.len() as u32);
        self.poller.add(listener.fd.as_fd(), LISTENER | u64::from(id.0), Interest::READ)?;
        self.listeners.push(Some(listener));
        Ok(id)
    }

    pub fn unlisten(&mut self, id: ListenerId) {
        let listener = self.listeners.get_mut(id.0 as usize).and_then(Option::take);
        if let Some(listener) = listener {
            self.forget_handshakes(id);
            // The descriptor is about to be closed; there is nothing to do about a failure.
            let _ = self.poller.remove(listener.fd.as_fd(), Interest::READ);
            listener.close();
        }
    }

    /// The port a listener really has (asked for 0, it has one of the kernel's choice).
    pub fn port(&self, id: ListenerId) -> Option<u16> {
        let listener = self.listeners.get(id.0 as usize)?.as_ref()?;
        name::port(listener.fd.as_fd())
    }

    /// As `world::Network::wait`; the answer says which of the watched descriptors can be read.
    pub fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<Woken> {
        let timeout = self.secure.timeout(timeout);
        let Net { poller, table, listeners, secure, .. } = self;
        table.release();
        let mut woken = Woken::default();
        poller.wait(timeout, |ready| {
            if ready.token < SHAKES {
                report(table, ready, events);
            } else if ready.token < LISTENER {
                secure.handshakes.ready.push(ready.token);
            } else if ready.token < SIGNAL {
                let id = ListenerId(ready.token as u32);
                let is_secure =
                    listeners.get(id.0 as usize).and_then(Option::as_ref).is_some_and(|l| l.secure);
                if is_secure {
                    secure.handshakes.incoming.push(id);
                } else {
                    events.push(Event::Incoming(id));
                }
            } else if ready.token == SIGNAL {
                woken.signal = true;
            } else {
                woken.journal = true;
            }
        })?;
        self.go_on_with_secure(events);
        Ok(woken)
    }

    pub fn accept(&mut self, id: ListenerId) -> io::Result<Option<Accepted>> {
        let Some(listener) = self.listeners.get(id.0 as usize).and_then(Option::as_ref) else {
            return Ok(None);
        };
        if listener.secure {
            return Ok(self.secure.handshakes.accept(id));
        }
        let accepted = self.accept_plain(id)?;
        let Some(accepted) = accepted else { return Ok(None) };
        if let Err(error) = self.set_interest(accepted.conn, Interest::READ) {
            self.table.remove(accepted.conn);
            return Err(error);
        }
        Ok(Some(accepted))
    }

    /// A connection that the poller does not know yet.
    fn accept_plain(&mut self, id: ListenerId) -> io::Result<Option<Accepted>> {
        let Some(listener) = self.listeners.get(id.0 as usize).and_then(Option::as_ref) else {
            return Ok(None);
        };
        let Some((fd, peer)) = accept_one(listener.fd.as_fd())? else {
            return Ok(None);
        };
        let unix = listener.path.is_some();
        let names = match &listener.path {
            Some(path) => name::unix(path),
            None => name::tcp(fd.as_fd(), peer),
        };
        if !unix {
            SockRef::from(&fd).set_tcp_nodelay(true)?;
        }
        let number = fd.as_raw_fd();
        let conn = self.table.insert(fd, unix);
        let name::Names { peer, local, loopback } = names;
        Ok(Some(Accepted { conn, peer, local, unix, proven: Vec::new(), loopback, fd: number }))
    }

    #[inline]
    pub fn recv(&mut self, conn: ConnId, into: &mut Vec<u8>, room: usize) -> Recv {
        debug_assert!(room > 0, "room for no bytes cannot tell an end from a success");
        let Some(fd) = self.table.plain(conn) else { return self.recv_secure(conn, into, room) };
        loop {
            return match sys::recv_into(fd, into, room) {
                Ok(0) => Recv::Closed,
                Ok(count) => Recv::Bytes { count, drained: count < room },
                Err(Errno::AGAIN) => Recv::Nothing,
                Err(Errno::INTR) => continue,
                Err(error) => Recv::Failed(error.into()),
            };
        }
    }

    #[inline]
    pub fn send(&mut self, conn: ConnId, slices: &[&[u8]]) -> Send {
        let Some(fd) = self.table.plain(conn) else { return self.send_secure(conn, slices) };
        match slices {
            [] => Send::Bytes(0),
            [one] => outcome(send_one(fd, one), 0),
            many => send_many(fd, many),
        }
    }

    /// Beside the plain road, so that it costs those who take that one nothing but the question.
    #[inline(never)]
    fn recv_secure(&mut self, conn: ConnId, into: &mut Vec<u8>, room: usize) -> Recv {
        match self.table.stream(conn) {
            (fd, Some(tls)) => self.secure.recv(conn, fd, tls, into, room),
            (_, None) => Recv::Closed,
        }
    }

    #[inline(never)]
    fn send_secure(&mut self, conn: ConnId, slices: &[&[u8]]) -> Send {
        match self.table.stream(conn) {
            (fd, Some(tls)) => tls.send(fd, slices),
            (_, None) => Send::Bytes(0),
        }
    }

    pub fn want_room(&mut self, conn: ConnId, on: bool) {
        let interest = Interest { write: on, ..self.table.interest(conn) };
        self.must_set_interest(conn, interest);
    }

    pub fn want_bytes(&mut self, conn: ConnId, on: bool) {
        let interest = Interest { read: on, ..self.table.interest(conn) };
        self.must_set_interest(conn, interest);
    }

    pub fn keep_alive(&mut self, conn: ConnId, seconds: u32) {
        if self.table.is_unix(conn) {
            return;
        }
        let socket = self.table.fd(conn);
        let socket = SockRef::from(&socket);
        // A connection that is dying refuses; the next `recv` will tell, so nothing is done about it here.
        let _ = if seconds == 0 { socket.set_keepalive(false) } else { keep_alive(&socket, seconds) };
    }

    pub fn close(&mut self, conn: ConnId) {
        let Some(interest) = self.table.interest_if_open(conn) else {
            return;
        };
        let (fd, tls) = self.table.stream(conn);
        if let Some(tls) = tls {
            tls.close(fd);
        }
        let _ = self.poller.remove(fd, interest);
        self.table.remove(conn);
    }

    fn set_interest(&mut self, conn: ConnId, now: Interest) -> io::Result<()> {
        let was = self.table.interest(conn);
        if was == now {
            return Ok(());
        }
        self.poller.change(self.table.fd(conn), self.table.token(conn), was, now)?;
        self.table.set_interest(conn, now);
        Ok(())
    }

    /// The kernel refuses only for lack of memory once a descriptor is known; a connection nobody watches
    /// would hang for ever, so this ends the process rather than that.
    fn must_set_interest(&mut self, conn: ConnId, now: Interest) {
        self.set_interest(conn, now).expect("a watched descriptor can be watched otherwise");
    }
}

/// Appends what is to be told of a connection: what was asked for, of the one that the token means.
#[inline]
fn report(table: &Table, ready: Ready, events: &mut Vec<Event>) {
    let Some((conn, interest)) = table.current(ready.token) else {
        return;
    };
    if ready.readable && interest.read {
        events.push(Event::Arrived(conn));
    }
    if ready.writable && interest.write {
        events.push(Event::Room(conn));
    }
}

/// The next connection, past those that were gone before we came.
fn accept_one(fd: BorrowedFd<'_>) -> io::Result<Option<(OwnedFd, Option<SocketAddrAny>)>> {
    loop {
        return match accept_call(fd) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::AGAIN) => Ok(None),
            Err(Errno::INTR | Errno::CONNABORTED) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

#[cfg(not(any(target_os = "macos", target_os = "ios")))]
fn accept_call(fd: BorrowedFd<'_>) -> rustix::io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    rustix::net::acceptfrom_with(fd, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)
}

#[cfg(any(target_os = "macos", target_os = "ios"))]
fn accept_call(fd: BorrowedFd<'_>) -> rustix::io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    let (socket, peer) = rustix::net::acceptfrom(fd)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    Ok((socket, peer))
}

/// First probe after `seconds`, then every third of that, dead after three without an answer.
fn keep_alive(socket: &SockRef<'_>, seconds: u32) -> io::Result<()> {
    let probe = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let options = TcpKeepalive::new().with_time(probe(seconds));
    let options = options.with_interval(probe((seconds / 3).max(1))).with_retries(3);
    socket.set_tcp_keepalive(&options)
}

#[inline]
fn send_one(fd: BorrowedFd<'_>, bytes: &[u8]) -> rustix::io::Result<usize> {
    loop {
        match rustix::net::send(fd, bytes, QUIET) {
            Err(Errno::INTR) => continue,
            other => return other,
        }
    }
}

/// Sends batch after batch until one does not go out whole. (SIGPIPE is ignored, see `signals`.)
fn send_many(fd: BorrowedFd<'_>, slices: &[&[u8]]) -> Send {
    let mut sent = 0;
    for batch in slices.chunks(SLICES) {
        let wanted: usize = batch.iter().map(|slice| slice.len()).sum();
        match write_batch(fd, batch) {
            Ok(count) => {
                sent += count;
                if count < wanted {
                    break;
                }
            }
            failed => return outcome(failed, sent),
        }
    }
    Send::Bytes(sent)
}

/// One `writev`. The short array is the common case: filling the long one would cost more than the rest.
fn write_batch(fd: BorrowedFd<'_>, batch: &[&[u8]]) -> rustix::io::Result<usize> {
    if batch.len() <= 4 { write_array::<4>(fd, batch) } else { write_array::<SLICES>(fd, batch) }
}

fn write_array<const N: usize>(fd: BorrowedFd<'_>, batch: &[&[u8]]) -> rustix::io::Result<usize> {
    let mut vectors = [IoSlice::new(&[]); N];
    for (vector, slice) in vectors.iter_mut().zip(batch) {
        *vector = IoSlice::new(slice);
    }
    loop {
        match rustix::io::writev(fd, &vectors[..batch.len()]) {
            Err(Errno::INTR) => continue,
            other => return other,
        }
    }
}

/// What `send` answers, `before` bytes having gone out already: an error then waits for the next call.
#[inline]
fn outcome(last: rustix::io::Result<usize>, before: usize) -> Send {
    match last {
        Ok(count) => Send::Bytes(before + count),
        Err(Errno::AGAIN) => Send::Bytes(before),
        Err(_) if before > 0 => Send::Bytes(before),
        Err(error) => Send::Failed(error.into()),
    }
}
