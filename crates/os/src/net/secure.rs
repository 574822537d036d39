//! What `Net` does about encrypted connections: it makes them, keeps them until they are accepted, and remembers which
//! have bytes to tell of that the kernel knows nothing of.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use world::{CertificatesInUse, ConnId, Encryption, Event, ListenerId, Recv};

use super::tls::handshake::{Going, Handshakes, SHAKES};
use super::tls::{Session, Settings};
use super::{LISTENER, Net};
use crate::poll::Interest;

#[derive(Default)]
pub(super) struct Secure {
    /// Absent until `encrypt`.
    settings: Option<Settings>,
    pub handshakes: Handshakes,
    /// Connections whose sessions may hold bytes, or an end, that nobody was told of.
    primed: Vec<ConnId>,
    /// Secure listeners are not listened to for now: enough handshakes go on.
    deaf: bool,
    /// Ciphertext on its way into a session.
    scratch: Vec<u8>,
}

impl Secure {
    /// How long a wait may be.
    pub fn timeout(&self, wanted: Option<Duration>) -> Option<Duration> {
        if !self.primed.is_empty() || self.handshakes.any_done() {
            Some(Duration::ZERO)
        } else if self.handshakes.any_going() {
            Some(wanted.map_or(Duration::from_secs(1), |wanted| wanted.min(Duration::from_secs(1))))
        } else {
            wanted
        }
    }

    #[cold]
    pub fn recv(
        &mut self,
        conn: ConnId,
        fd: BorrowedFd<'_>,
        tls: &mut Session,
        into: &mut Vec<u8>,
        room: usize,
    ) -> Recv {
        let received = tls.recv(fd, into, room, &mut self.scratch);
        if matches!(received, Recv::Bytes { drained: false, .. }) && !self.primed.contains(&conn) {
            self.primed.push(conn);
        }
        received
    }
}

impl Net {
    /// As `world::Network::encrypt`.
    pub fn encrypt(&mut self, with: &Encryption) -> io::Result<()> {
        // Sessions can be resumed for as long as nothing changes.
        if !self.secure.settings.as_ref().is_some_and(|settings| settings.are(with)) {
            self.secure.settings = Some(Settings::read(with)?);
        }
        Ok(())
    }

    /// As `world::Network::certificates`.
    pub fn certificates(&self) -> CertificatesInUse {
        self.secure.settings.as_ref().map(|settings| settings.in_use.clone()).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn secure_handshakes(&mut self) -> &mut Handshakes {
        &mut self.secure.handshakes
    }

    /// Lines for the log about connections that came to nothing.
    pub fn take_failures(&mut self) -> Vec<String> {
        std::mem::take(&mut self.secure.handshakes.failures)
    }

    /// Begins and moves on handshakes, and tells of what only sessions know. Follows each wait.
    pub(super) fn go_on_with_secure(&mut self, events: &mut Vec<Event>) {
        let Some(some) = self.secure.settings.as_ref().map(|settings| settings.begun_per_wait) else {
            return;
        };
        self.tell_of_primed(events);
        for token in
            std::mem::take(&mut self.secure.handshakes.ready).into_iter().take(Handshakes::steps(some))
        {
            self.step(token);
        }
        while let Some(going) = self.secure.handshakes.late() {
            self.fail(going, "the handshake took too long");
        }
        for listener in std::mem::take(&mut self.secure.handshakes.incoming) {
            self.begin_some(listener, some);
        }
        self.listen_or_not();
        events.extend(self.secure.handshakes.listeners().into_iter().map(Event::Incoming));
    }

    fn tell_of_primed(&mut self, events: &mut Vec<Event>) {
        let Net { table, secure, .. } = self;
        secure.primed.retain(|conn| {
            let Some(interest) = table.interest_if_open(*conn) else { return false };
            let primed = table.stream(*conn).1.is_some_and(Session::is_primed);
            let told = Event::Arrived(*conn);
            if primed && interest.read && !events.contains(&told) {
                events.push(told);
            }
            primed
        });
    }

    fn begin_some(&mut self, listener: ListenerId, some: usize) {
        for _ in 0..self.secure.handshakes.room(some) {
            match self.begin(listener) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let line = format!("Accepting a TLS connection: {error}");
                    return self.secure.handshakes.failures.push(line);
                }
            }
        }
    }

    /// Begins a handshake with who has connected; false if nobody has.
    fn begin(&mut self, listener: ListenerId) -> io::Result<bool> {
        let Some(accepted) = self.accept_plain(listener)? else { return Ok(false) };
        let conn = accepted.conn;
        let tls = match &self.secure.settings {
            Some(settings) => settings.connection(),
            None => Err(io::Error::other("no certificate is configured")),
        };
        let token = self.table.token(conn) | SHAKES;
        let known = tls.and_then(|tls| {
            self.table.encrypt(conn, Session::new(tls));
            self.poller.add(self.table.fd(conn), token, Interest::READ)
        });
        match known {
            Ok(()) => self.table.set_interest(conn, Interest::READ),
            Err(error) => {
                self.table.remove(conn);
                return Err(error);
            }
        }
        self.secure.handshakes.begin(token, listener, accepted);
        Ok(true)
    }

    /// Moves a handshake on as far as its peer has.
    fn step(&mut self, token: u64) {
        let Some((conn, interest)) = self.table.current(token & !SHAKES) else { return };
        let (fd, Some(tls)) = self.table.stream(conn) else { return };
        let stepped = tls.shake(fd, &mut self.secure.scratch);
        let wants_write = tls.wants_write();
        match stepped {
            Ok(true) => self.finish(token),
            Ok(false) if wants_write != interest.write => {
                let now = Interest { read: true, write: wants_write };
                if self.poller.change(fd, token, interest, now).is_ok() {
                    self.table.set_interest(conn, now);
                }
            }
            Ok(false) => {}
            Err(error) => {
                if let Some(going) = self.secure.handshakes.end(token) {
                    self.fail(going, &error.to_string());
                }
            }
        }
    }

    /// Both sides have their keys: the connection waits to be accepted.
    fn finish(&mut self, token: u64) {
        let Some(mut going) = self.secure.handshakes.end(token) else { return };
        let (conn, interest) = (going.conn, self.table.interest(going.conn));
        let (fd, Some(tls)) = self.table.stream(conn) else { return };
        if let Some(settings) = &self.secure.settings {
            going.accepted.proven = settings.names_of(tls.tls());
        }
        if tls.is_primed() {
            self.secure.primed.push(conn);
        }
        let known = self.poller.remove(fd, interest).and_then(|()| {
            let token = self.table.token(conn);
            self.poller.add(self.table.fd(conn), token, Interest::READ)
        });
        match known {
            Ok(()) => {
                self.table.set_interest(conn, Interest::READ);
                self.secure.handshakes.succeed(going);
            }
            Err(error) => self.fail(going, &error.to_string()),
        }
    }

    fn fail(&mut self, going: Going, why: &str) {
        let (peer, local) = (&going.accepted.peer, &going.accepted.local);
        let line = format!("Error accepting a client connection: {why} (addr={peer} laddr={local})");
        self.secure.handshakes.failures.push(line);
        self.close(going.conn);
    }

    pub(super) fn forget_handshakes(&mut self, listener: ListenerId) {
        for conn in self.secure.handshakes.forget(listener) {
            self.close(conn);
        }
    }

    /// While as many handshakes go on as may, secure listeners are not asked about: the kernel would tell of them at once,
    /// again and again.
    fn listen_or_not(&mut self) {
        let deaf = self.secure.handshakes.is_full();
        if deaf == self.secure.deaf {
            return;
        }
        self.secure.deaf = deaf;
        let (was, now) =
            if deaf { (Interest::READ, Interest::NONE) } else { (Interest::NONE, Interest::READ) };
        for (index, listener) in self.listeners.iter().enumerate() {
            if let Some(listener) = listener.as_ref().filter(|listener| listener.secure) {
                let token = LISTENER | index as u64;
                // If it fails they are listened to for nothing, or the next change sets it right.
                let _ = self.poller.change(listener.fd.as_fd(), token, was, now);
            }
        }
    }
}
