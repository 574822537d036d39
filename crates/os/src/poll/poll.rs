//! poll(2), which every Unix has: the portable road, and a second opinion on Linux.
//!
//! One dense array goes to the kernel; tokens lie beside it, and `places` finds a descriptor's row, since
//! descriptors are small numbers. A removed row is filled with the last one.
//!
//! **Invariants**
//! 1. `rows[n]` and `tokens[n]` speak of the same descriptor, whose place is `n`.
//! 2. A descriptor in `rows` is open (invariant 4 of the parent).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Interest, Ready};

const NOWHERE: u32 = u32::MAX;

const BROKEN: PollFlags = PollFlags::ERR.union(PollFlags::HUP).union(PollFlags::NVAL);

pub(crate) struct Poll {
    rows: Vec<PollFd<'static>>,
    tokens: Vec<u64>,
    places: Vec<u32>,
}

impl Poll {
    pub fn create() -> Poll {
        Poll { rows: Vec::new(), tokens: Vec::new(), places: Vec::new() }
    }

    pub fn add(&mut self, fd: BorrowedFd<'_>, token: u64, interest: Interest) -> io::Result<()> {
        let index = index(fd);
        if self.places.len() <= index {
            self.places.resize(index + 1, NOWHERE);
        }
        if self.places[index] != NOWHERE {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.places[index] = self.rows.len() as u32;
        self.rows.push(row(fd, interest));
        self.tokens.push(token);
        Ok(())
    }

    pub fn modify(&mut self, fd: BorrowedFd<'_>, token: u64, _: Interest, now: Interest) -> io::Result<()> {
        let place = self.place(fd)?;
        self.rows[place] = row(fd, now);
        self.tokens[place] = token;
        Ok(())
    }

    pub fn remove(&mut self, fd: BorrowedFd<'_>, _: Interest) -> io::Result<()> {
        let place = self.place(fd)?;
        self.places[index(fd)] = NOWHERE;
        self.rows.swap_remove(place);
        self.tokens.swap_remove(place);
        if let Some(moved) = self.rows.get(place) {
            self.places[index(moved.as_fd())] = place as u32;
        }
        Ok(())
    }

    pub fn wait(
        &mut self,
        timeout: Option<&Timespec>,
        mut report: impl FnMut(Ready),
    ) -> rustix::io::Result<()> {
        let mut left = poll(&mut self.rows, timeout)?;
        for (row, &token) in self.rows.iter().zip(&self.tokens) {
            if left == 0 {
                break;
            }
            let flags = row.revents();
            if flags.is_empty() {
                continue;
            }
            left -= 1;
            report(Ready {
                token,
                readable: flags.intersects(PollFlags::IN | BROKEN),
                writable: flags.intersects(PollFlags::OUT | BROKEN),
            });
        }
        Ok(())
    }

    pub fn name(&self) -> &'static str {
        "poll"
    }

    fn place(&self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        match self.places.get(index(fd)) {
            Some(&place) if place != NOWHERE => Ok(place as usize),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn index(fd: BorrowedFd<'_>) -> usize {
    fd.as_raw_fd() as usize
}

fn row(fd: BorrowedFd<'_>, interest: Interest) -> PollFd<'static> {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, interest.read);
    flags.set(PollFlags::OUT, interest.write);
    // SAFETY: the row is removed before the descriptor is closed (invariant 2), so the borrow never outlives
    // the open descriptor, which is what 'static stands for here.
    let fd = unsafe { BorrowedFd::borrow_raw(fd.as_raw_fd()) };
    PollFd::from_borrowed_fd(fd, flags)
}
