//! kqueue, of macOS and the BSDs: one filter per direction, each added and deleted by itself.
//!
//! The token travels in `udata`, a pointer, hence 64-bit machines only (the others use `poll`). An end of file
//! or an error is reported through whichever filters exist, as `EV_EOF`; no mask is needed.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::kqueue::{self, Event, EventFilter, EventFlags};

use super::{Interest, Ready};

pub(super) const HERE: bool = true;

/// Reported by one call; the rest by the next one.
const BATCH: usize = 1024;

pub(crate) struct Kqueue {
    fd: OwnedFd,
    events: Vec<Event>,
}

impl Kqueue {
    pub fn create() -> io::Result<Kqueue> {
        let fd = kqueue::kqueue()?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        Ok(Kqueue { fd, events: Vec::with_capacity(BATCH) })
    }

    pub fn add(&mut self, fd: BorrowedFd<'_>, token: u64, interest: Interest) -> io::Result<()> {
        self.modify(fd, token, Interest::NONE, interest)
    }

    pub fn modify(&mut self, fd: BorrowedFd<'_>, token: u64, was: Interest, now: Interest) -> io::Result<()> {
        let fd = fd.as_raw_fd();
        let mut changes = Vec::with_capacity(2);
        changes.extend(change(EventFilter::Read(fd), token, was.read, now.read));
        changes.extend(change(EventFilter::Write(fd), token, was.write, now.write));
        self.apply(&changes)
    }

    pub fn remove(&mut self, fd: BorrowedFd<'_>, was: Interest) -> io::Result<()> {
        self.modify(fd, 0, was, Interest::NONE)
    }

    pub fn wait(
        &mut self,
        timeout: Option<&Timespec>,
        mut report: impl FnMut(Ready),
    ) -> rustix::io::Result<()> {
        self.events.clear();
        // SAFETY: no change is given, hence no descriptor is named; the queue is ours.
        unsafe { kqueue::kevent_timespec(&self.fd, &[], spare_capacity(&mut self.events), timeout)? };
        for event in &self.events {
            report(Ready {
                token: event.udata() as u64,
                readable: matches!(event.filter(), EventFilter::Read(_)),
                writable: matches!(event.filter(), EventFilter::Write(_)),
            });
        }
        Ok(())
    }

    pub fn name(&self) -> &'static str {
        "kqueue"
    }

    fn apply(&self, changes: &[Event]) -> io::Result<()> {
        let mut none: [Event; 0] = [];
        // SAFETY: the descriptors named in the changes were borrowed by the caller and are open during the
        // call; the kernel forgets them when they are closed.
        unsafe { kqueue::kevent_timespec(&self.fd, changes, &mut none[..], None)? };
        Ok(())
    }
}

fn change(filter: EventFilter, token: u64, was: bool, now: bool) -> Option<Event> {
    let flags = match (was, now) {
        (false, true) => EventFlags::ADD,
        (true, false) => EventFlags::DELETE,
        _ => return None,
    };
    Some(Event::new(filter, flags, token as usize as *mut _))
}

/// A descriptor fits the filter's field; asserted here because the types of the BSDs differ.
const _: () = assert!(size_of::<RawFd>() <= size_of::<usize>());
