//! Stands in for a back end that this kernel does not have: a value of it cannot exist.

use std::convert::Infallible;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::event::Timespec;

use super::{Interest, Ready};

pub(super) const HERE: bool = false;

pub(crate) struct Absent(Infallible);

#[allow(dead_code)]
pub(crate) type Epoll = Absent;
#[allow(dead_code)]
pub(crate) type Kqueue = Absent;

impl Absent {
    pub fn create() -> io::Result<Absent> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn add(&mut self, _: BorrowedFd<'_>, _: u64, _: Interest) -> io::Result<()> {
        match self.0 {}
    }

    pub fn modify(&mut self, _: BorrowedFd<'_>, _: u64, _: Interest, _: Interest) -> io::Result<()> {
        match self.0 {}
    }

    pub fn remove(&mut self, _: BorrowedFd<'_>, _: Interest) -> io::Result<()> {
        match self.0 {}
    }

    pub fn wait(&mut self, _: Option<&Timespec>, _: impl FnMut(Ready)) -> rustix::io::Result<()> {
        match self.0 {}
    }

    pub fn name(&self) -> &'static str {
        match self.0 {}
    }
}
