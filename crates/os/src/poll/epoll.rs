//! epoll, of Linux.
//!
//! `epoll_pwait` with milliseconds (rustix rounds up) rather than `epoll_pwait2`: seccomp filters of older
//! containers kill a process that calls the latter.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use super::{Interest, Ready};

pub(super) const HERE: bool = true;

/// Reported by one call; the rest by the next one (invariant 1 of `poll`).
const BATCH: usize = 1024;

const READABLE: EventFlags = EventFlags::IN.union(EventFlags::ERR).union(EventFlags::HUP);
const WRITABLE: EventFlags = EventFlags::OUT.union(EventFlags::ERR).union(EventFlags::HUP);

pub(crate) struct Epoll {
    fd: OwnedFd,
    events: Vec<Event>,
}

impl Epoll {
    pub fn create() -> io::Result<Epoll> {
        Ok(Epoll { fd: epoll::create(CreateFlags::CLOEXEC)?, events: Vec::with_capacity(BATCH) })
    }

    pub fn add(&mut self, fd: BorrowedFd<'_>, token: u64, interest: Interest) -> io::Result<()> {
        Ok(epoll::add(&self.fd, fd, EventData::new_u64(token), flags(interest))?)
    }

    pub fn modify(&mut self, fd: BorrowedFd<'_>, token: u64, _: Interest, now: Interest) -> io::Result<()> {
        Ok(epoll::modify(&self.fd, fd, EventData::new_u64(token), flags(now))?)
    }

    pub fn remove(&mut self, fd: BorrowedFd<'_>, _: Interest) -> io::Result<()> {
        Ok(epoll::delete(&self.fd, fd)?)
    }

    pub fn wait(
        &mut self,
        timeout: Option<&Timespec>,
        mut report: impl FnMut(Ready),
    ) -> rustix::io::Result<()> {
        self.events.clear();
        epoll::wait(&self.fd, spare_capacity(&mut self.events), timeout)?;
        for event in &self.events {
            let (flags, data) = (event.flags, event.data);
            report(Ready {
                token: data.u64(),
                readable: flags.intersects(READABLE),
                writable: flags.intersects(WRITABLE),
            });
        }
        Ok(())
    }

    pub fn name(&self) -> &'static str {
        "epoll"
    }
}

fn flags(interest: Interest) -> EventFlags {
    let mut flags = EventFlags::empty();
    flags.set(EventFlags::IN, interest.read);
    flags.set(EventFlags::OUT, interest.write);
    flags
}
