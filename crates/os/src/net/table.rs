//! The table of connections: a slab whose indexes are the `ConnId`s.
//!
//! ```text
//! slots   [ fd, generation 3 | fd, generation 1 | -, generation 8 | fd … ]
//! free                                            ^ handed out next
//! resting  closed since the last wait: not handed out before the next one
//! ```
//!
//! **Invariants**
//! 1. An index is in exactly one of: open (its slot has a descriptor), `free`, `resting`.
//! 2. An index closed between two waits rests until the next wait, so that an event which the caller holds from
//!    the last one cannot be taken for one of a newer connection.
//! 3. A slot's generation grows with each closing; tokens carry it, so that an event the kernel still holds for
//!    an older connection is recognised.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use world::ConnId;

use super::tls::Session;
use crate::poll::Interest;

/// Generations wrap at 2^29: the bits above belong to the kind of a token.
const GENERATIONS: u32 = (1 << 29) - 1;

#[derive(Default)]
struct Slot {
    fd: Option<OwnedFd>,
    generation: u32,
    interest: Interest,
    unix: bool,
    /// Of an encrypted connection.
    tls: Option<Box<Session>>,
}

#[derive(Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    resting: Vec<u32>,
}

impl Table {
    pub fn insert(&mut self, fd: OwnedFd, unix: bool) -> ConnId {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[index as usize];
        slot.fd = Some(fd);
        slot.interest = Interest::NONE;
        slot.unix = unix;
        ConnId(index)
    }

    /// Closes the descriptor.
    pub fn remove(&mut self, conn: ConnId) {
        let slot = &mut self.slots[conn.0 as usize];
        slot.tls = None;
        if slot.fd.take().is_some() {
            slot.generation = (slot.generation + 1) & GENERATIONS;
            self.resting.push(conn.0);
        }
    }

    /// What was closed may be handed out again (invariant 2).
    #[inline]
    pub fn release(&mut self) {
        // Most waits follow upon no closing; `append` would pay for its copy all the same.
        if !self.resting.is_empty() {
            self.free.append(&mut self.resting);
        }
    }

    #[inline]
    pub fn fd(&self, conn: ConnId) -> BorrowedFd<'_> {
        let fd = self.slots[conn.0 as usize].fd.as_ref();
        fd.expect("the caller uses open connections only (invariant 3 of net)").as_fd()
    }

    /// The descriptor of a connection that nothing encrypts.
    #[inline]
    pub fn plain(&self, conn: ConnId) -> Option<BorrowedFd<'_>> {
        let slot = &self.slots[conn.0 as usize];
        match &slot.fd {
            Some(fd) if slot.tls.is_none() => Some(fd.as_fd()),
            _ => None,
        }
    }

    /// The descriptor, and what encrypts it.
    #[inline]
    pub fn stream(&mut self, conn: ConnId) -> (BorrowedFd<'_>, Option<&mut Session>) {
        let slot = &mut self.slots[conn.0 as usize];
        let fd = slot.fd.as_ref().expect("the caller uses open connections only (invariant 3 of net)");
        (fd.as_fd(), slot.tls.as_deref_mut())
    }

    /// Has a connection encrypted.
    pub fn encrypt(&mut self, conn: ConnId, session: Session) {
        self.slots[conn.0 as usize].tls = Some(Box::new(session));
    }

    pub fn token(&self, conn: ConnId) -> u64 {
        u64::from(self.slots[conn.0 as usize].generation) << 32 | u64::from(conn.0)
    }

    /// The connection a token speaks of and its interest, if it is still that one (invariant 3).
    #[inline]
    pub fn current(&self, token: u64) -> Option<(ConnId, Interest)> {
        let slot = self.slots.get(token as u32 as usize)?;
        let same = slot.generation == (token >> 32) as u32 && slot.fd.is_some();
        same.then_some((ConnId(token as u32), slot.interest))
    }

    pub fn interest(&self, conn: ConnId) -> Interest {
        self.slots[conn.0 as usize].interest
    }

    pub fn interest_if_open(&self, conn: ConnId) -> Option<Interest> {
        let slot = self.slots.get(conn.0 as usize)?;
        slot.fd.as_ref().map(|_| slot.interest)
    }

    pub fn set_interest(&mut self, conn: ConnId, interest: Interest) {
        self.slots[conn.0 as usize].interest = interest;
    }

    pub fn is_unix(&self, conn: ConnId) -> bool {
        self.slots[conn.0 as usize].unix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_fd() -> OwnedFd {
        std::os::unix::net::UnixStream::pair().unwrap().0.into()
    }

    #[test]
    fn an_index_rests_until_the_next_wait() {
        let mut table = Table::default();
        let first = table.insert(some_fd(), true);
        let old = table.token(first);
        table.remove(first);
        table.remove(first);
        assert_eq!(table.insert(some_fd(), true), ConnId(1));
        table.release();
        assert_eq!(table.insert(some_fd(), true), first);
        assert_eq!(table.insert(some_fd(), true), ConnId(2));
        assert!(table.current(old).is_none());
        assert!(table.current(table.token(first)).is_some());
    }
}
