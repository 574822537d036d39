//! One encrypted connection: plain bytes above, records below.

use std::io::{self, BufRead, IoSlice, Write};
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustls::ServerConnection;
use world::{Recv, Send};

use crate::net::{QUIET, SLICES};
use crate::sys;

/// Most ciphertext that one read asks for.
const READ: usize = 64 * 1024;

/// An encrypted connection, `tls` and the socket of its slot taken together.
pub(crate) struct Session {
    tls: ServerConnection,
    /// Plain bytes that are encrypted, but have not all left (invariant 2 of `tls`).
    held: usize,
    /// What went wrong after bytes that were told; it is told next.
    failed: Option<io::Error>,
}

/// How far what waits to be written has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    All,
    /// The socket takes no more now.
    Partly,
}

impl Session {
    pub fn new(tls: ServerConnection) -> Session {
        Session { tls, held: 0, failed: None }
    }

    pub fn tls(&self) -> &ServerConnection {
        &self.tls
    }

    /// Receives what has arrived, `room` bytes of ciphertext at most, and appends what it says. `scratch` is overwritten.
    pub fn recv(
        &mut self,
        fd: BorrowedFd<'_>,
        into: &mut Vec<u8>,
        room: usize,
        scratch: &mut Vec<u8>,
    ) -> Recv {
        if let Some(error) = self.failed.take() {
            return Recv::Failed(error);
        }
        let before = into.len();
        let outcome = self.take(into).and_then(|ended| {
            if ended { Ok(Arrived::End) } else { self.recv_some(fd, into, room.min(READ), scratch) }
        });
        let count = into.len() - before;
        match outcome {
            Ok(Arrived::Some { drained }) if count > 0 => Recv::Bytes { count, drained },
            // What came before an end or an error is told first.
            other if count > 0 => {
                self.failed = other.err();
                Recv::Bytes { count, drained: false }
            }
            Ok(Arrived::Some { .. }) => Recv::Nothing,
            Ok(Arrived::End) => Recv::Closed,
            Err(error) => Recv::Failed(error),
        }
    }

    fn recv_some(
        &mut self,
        fd: BorrowedFd<'_>,
        into: &mut Vec<u8>,
        most: usize,
        scratch: &mut Vec<u8>,
    ) -> io::Result<Arrived> {
        let Some(count) = receive(fd, scratch, most)? else {
            return Ok(Arrived::Some { drained: true });
        };
        if count == 0 {
            return Ok(Arrived::End);
        }
        let mut rest = &scratch[..];
        while !rest.is_empty() {
            self.feed(&mut rest).inspect_err(|_| self.tell(fd))?;
            if self.take(into)? {
                return Ok(Arrived::End);
            }
        }
        if self.tls.wants_write() {
            // An answer to a change of keys; what does not leave now leaves with the next bytes.
            self.flush(fd)?;
        }
        Ok(Arrived::Some { drained: count < most })
    }

    /// Takes a part of these records in.
    fn feed(&mut self, records: &mut &[u8]) -> io::Result<()> {
        let count = self.tls.read_tls(records)?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "records after the end"));
        }
        let state = self.tls.process_new_packets();
        state.map(drop).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
    }

    /// Moves plain bytes out of the session. True if the peer has said that no more will come.
    fn take(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        let mut reader = self.tls.reader();
        loop {
            let count = match reader.fill_buf() {
                Ok([]) => return Ok(true),
                Ok(bytes) => {
                    into.extend_from_slice(bytes);
                    bytes.len()
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            };
            reader.consume(count);
        }
    }

    /// Sends the slices, as far as there is room.
    pub fn send(&mut self, fd: BorrowedFd<'_>, slices: &[&[u8]]) -> Send {
        match self.flush(fd) {
            Ok(Flushed::All) => {}
            Ok(Flushed::Partly) => return Send::Bytes(0),
            Err(error) => return Send::Failed(error),
        }
        let mut slices = Slices { slices, skip: 0 };
        let mut sent = slices.skip(std::mem::take(&mut self.held));
        loop {
            let (vectors, len) = slices.next();
            match self.tls.writer().write_vectored(&vectors[..len]) {
                Ok(0) => return Send::Bytes(sent),
                Ok(count) => match self.flush(fd) {
                    Ok(Flushed::All) => sent += slices.skip(count),
                    Ok(Flushed::Partly) => {
                        self.held = count;
                        return Send::Bytes(sent);
                    }
                    Err(_) if sent > 0 => return Send::Bytes(sent),
                    Err(error) => return Send::Failed(error),
                },
                Err(error) => return Send::Failed(error),
            }
        }
    }

    /// Writes records that wait.
    pub(super) fn flush(&mut self, fd: BorrowedFd<'_>) -> io::Result<Flushed> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Socket(fd)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Flushed::Partly),
                Err(error) => return Err(error),
            }
        }
        Ok(Flushed::All)
    }

    /// Writes an alert, if it can be written: the peer is told why it is left, and need not be.
    fn tell(&mut self, fd: BorrowedFd<'_>) {
        let _ = self.flush(fd);
    }

    /// Says that no more will come. The socket is closed whether or not that leaves.
    pub fn close(&mut self, fd: BorrowedFd<'_>) {
        if self.held == 0 {
            self.tls.send_close_notify();
            self.tell(fd);
        }
    }

    /// One step of the handshake: takes in what has arrived, sends what is to be answered. True when it is done.
    pub(in crate::net) fn shake(&mut self, fd: BorrowedFd<'_>, scratch: &mut Vec<u8>) -> io::Result<bool> {
        if let Some(count) = receive(fd, scratch, crate::net::tls::handshake::READ)? {
            if count == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the peer hung up"));
            }
            let mut rest = &scratch[..];
            while !rest.is_empty() {
                self.feed(&mut rest).inspect_err(|_| self.tell(fd))?;
            }
        }
        self.flush(fd)?;
        Ok(!self.tls.is_handshaking())
    }

    pub(in crate::net) fn wants_write(&self) -> bool {
        self.tls.wants_write()
    }

    /// The next `recv` has something to tell, whatever the socket has (invariant 1 of `tls`).
    pub fn is_primed(&mut self) -> bool {
        let state = self.tls.process_new_packets();
        let told = state.is_ok_and(|state| state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed());
        self.failed.is_some() || !told
    }
}

enum Arrived {
    Some { drained: bool },
    End,
}

/// Receives into `scratch`; `None` if there is nothing now.
fn receive(fd: BorrowedFd<'_>, scratch: &mut Vec<u8>, most: usize) -> io::Result<Option<usize>> {
    scratch.clear();
    loop {
        return match sys::recv_into(fd, scratch, most) {
            Ok(count) => Ok(Some(count)),
            Err(Errno::AGAIN) => Ok(None),
            Err(Errno::INTR) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

/// What is still to be sent of some slices.
struct Slices<'a> {
    slices: &'a [&'a [u8]],
    /// Bytes of the first that are done with.
    skip: usize,
}

impl<'a> Slices<'a> {
    /// The next few.
    fn next(&self) -> ([IoSlice<'a>; SLICES], usize) {
        let mut vectors = [IoSlice::new(&[]); SLICES];
        let len = self.slices.len().min(SLICES);
        for (at, (vector, slice)) in vectors.iter_mut().zip(self.slices).enumerate() {
            *vector = IoSlice::new(if at == 0 { &slice[self.skip..] } else { slice });
        }
        (vectors, len)
    }

    /// Passes over bytes; how many there were, which is less than asked for at the end.
    fn skip(&mut self, count: usize) -> usize {
        let mut left = count;
        while let Some((first, rest)) = self.slices.split_first() {
            let here = first.len() - self.skip;
            if left < here {
                self.skip += left;
                return count;
            }
            left -= here;
            (self.slices, self.skip) = (rest, 0);
        }
        count - left
    }
}

/// A socket as std would have it.
struct Socket<'a>(BorrowedFd<'a>);

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(self.0, bytes, QUIET)?)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [one] => self.write(one),
            // (SIGPIPE is ignored, see `signals`.)
            many => Ok(rustix::io::writev(self.0, many)?),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
