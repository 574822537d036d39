//! One shape for every readiness kernel: create, add, modify, remove, wait, name.
//!
//! The back ends are chosen at run time where a machine has several (`poll` is everywhere, so that the portable
//! road is tested on the machine of whoever changes it). Dispatch is a `match`: a system call follows anyway.
//!
//! **Invariants**
//! 1. Level-triggered: what is not read is reported again.
//! 2. An error or a hang-up is reported as readable *and* writable, whichever of the two was asked for; the
//!    caller masks. (kqueue reports per filter and therefore masks by itself.)
//! 3. A descriptor whose interest is empty is not registered at all: epoll and poll would report a hang-up of
//!    it for ever. [`Poller::change`] sees to that.
//! 4. A descriptor is removed before it is closed. `poll` relies on it, and a forked child that still holds the
//!    descriptor would otherwise keep it alive inside epoll.
//! 5. One `wait` may report a token twice (kqueue: once per direction), but a direction only once.
//!
//! To add a kernel: a file of the same shape (`absent` is the shape and nothing else), a variant, a name.
//!
//! *Not here*: connections (`net`), timers (`server::timers`).

#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "absent.rs")]
mod epoll;
#[cfg_attr(
    not(all(
        target_pointer_width = "64",
        any(
            target_os = "macos",
            target_os = "ios",
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "dragonfly"
        )
    )),
    path = "absent.rs"
)]
#[allow(unsafe_code)]
mod kqueue;
#[allow(unsafe_code, clippy::module_inception)]
mod poll;

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::Timespec;

/// What a descriptor is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Interest {
    pub read: bool,
    pub write: bool,
}

impl Interest {
    pub const NONE: Interest = Interest { read: false, write: false };
    pub const READ: Interest = Interest { read: true, write: false };
}

/// One thing `wait` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    pub token: u64,
    pub readable: bool,
    pub writable: bool,
}

/// The names by which a back end can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Epoll,
    Kqueue,
    Poll,
}

impl Backend {
    /// What this machine has, best first.
    pub const AVAILABLE: &'static [Backend] = if epoll::HERE {
        &[Backend::Epoll, Backend::Poll]
    } else if kqueue::HERE {
        &[Backend::Kqueue, Backend::Poll]
    } else {
        &[Backend::Poll]
    };

    pub fn name(self) -> &'static str {
        match self {
            Backend::Epoll => "epoll",
            Backend::Kqueue => "kqueue",
            Backend::Poll => "poll",
        }
    }

    /// The back end of this name, or an error that lists those there are.
    pub fn named(name: &str) -> io::Result<Backend> {
        let found = Self::AVAILABLE.iter().find(|backend| backend.name() == name);
        found.copied().ok_or_else(|| {
            let have: Vec<_> = Self::AVAILABLE.iter().map(|backend| backend.name()).collect();
            let text = format!("no multiplexer '{name}' on this machine (there is: {})", have.join(", "));
            io::Error::new(io::ErrorKind::Unsupported, text)
        })
    }
}

pub(crate) enum Poller {
    Epoll(epoll::Epoll),
    Kqueue(kqueue::Kqueue),
    Poll(poll::Poll),
}

/// Calls the same method of whichever back end it is.
macro_rules! each {
    ($self:expr, $inner:ident => $call:expr) => {
        match $self {
            Poller::Epoll($inner) => $call,
            Poller::Kqueue($inner) => $call,
            Poller::Poll($inner) => $call,
        }
    };
}

impl Poller {
    pub fn create(backend: Backend) -> io::Result<Poller> {
        match backend {
            Backend::Epoll => Ok(Poller::Epoll(epoll::Epoll::create()?)),
            Backend::Kqueue => Ok(Poller::Kqueue(kqueue::Kqueue::create()?)),
            Backend::Poll => Ok(Poller::Poll(poll::Poll::create())),
        }
    }

    /// Moves a descriptor from one interest to another (invariant 3).
    pub fn change(&mut self, fd: BorrowedFd<'_>, token: u64, was: Interest, now: Interest) -> io::Result<()> {
        match (was == Interest::NONE, now == Interest::NONE) {
            _ if was == now => Ok(()),
            (true, _) => self.add(fd, token, now),
            (_, true) => self.remove(fd, was),
            _ => each!(self, inner => inner.modify(fd, token, was, now)),
        }
    }

    pub fn add(&mut self, fd: BorrowedFd<'_>, token: u64, interest: Interest) -> io::Result<()> {
        each!(self, inner => inner.add(fd, token, interest))
    }

    pub fn remove(&mut self, fd: BorrowedFd<'_>, was: Interest) -> io::Result<()> {
        if was == Interest::NONE {
            return Ok(());
        }
        each!(self, inner => inner.remove(fd, was))
    }

    /// Reports what is ready, waiting at most `timeout`. A signal ends the wait early with nothing.
    #[inline]
    pub fn wait(&mut self, timeout: Option<Duration>, report: impl FnMut(Ready)) -> io::Result<()> {
        let timeout = timeout.map(timespec);
        let done = each!(self, inner => inner.wait(timeout.as_ref(), report));
        match done {
            Err(rustix::io::Errno::INTR) => Ok(()),
            other => Ok(other?),
        }
    }

    pub fn name(&self) -> &'static str {
        each!(self, inner => inner.name())
    }
}

/// Longer than a day is cut to a day: nobody notices one more turn, and every kernel can count so far.
fn timespec(time: Duration) -> Timespec {
    let time = time.min(Duration::from_secs(86_400));
    Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) as _ }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    const BOTH: Interest = Interest { read: true, write: true };

    /// Runs a check against every back end of this machine.
    fn each_backend(check: impl Fn(Poller)) {
        for &backend in Backend::AVAILABLE {
            check(Poller::create(backend).unwrap());
        }
    }

    fn now(poller: &mut Poller) -> Vec<Ready> {
        let mut ready = Vec::new();
        poller.wait(Some(Duration::from_millis(20)), |one| ready.push(one)).unwrap();
        ready
    }

    fn seen(ready: &[Ready], token: u64) -> (bool, bool) {
        let mine = || ready.iter().filter(|one| one.token == token);
        (mine().any(|one| one.readable), mine().any(|one| one.writable))
    }

    #[test]
    fn bytes_are_reported_until_they_are_read() {
        each_backend(|mut poller| {
            let (mut here, mut there) = UnixStream::pair().unwrap();
            poller.add(here.as_fd(), 7, Interest::READ).unwrap();
            assert_eq!(now(&mut poller), []);
            there.write_all(b"x").unwrap();
            for _ in 0..3 {
                assert_eq!(seen(&now(&mut poller), 7), (true, false), "{}", poller.name());
            }
            here.read_exact(&mut [0]).unwrap();
            assert_eq!(now(&mut poller), []);
            poller.remove(here.as_fd(), Interest::READ).unwrap();
        });
    }

    #[test]
    fn room_is_reported_only_while_asked_for() {
        each_backend(|mut poller| {
            let (here, _there) = UnixStream::pair().unwrap();
            poller.add(here.as_fd(), u64::MAX, Interest::READ).unwrap();
            poller.change(here.as_fd(), u64::MAX, Interest::READ, BOTH).unwrap();
            assert_eq!(seen(&now(&mut poller), u64::MAX), (false, true));
            poller.change(here.as_fd(), u64::MAX, BOTH, Interest::READ).unwrap();
            assert_eq!(now(&mut poller), []);
            poller.remove(here.as_fd(), Interest::READ).unwrap();
        });
    }

    #[test]
    fn a_hang_up_wakes_both_sides_but_not_those_who_ask_for_nothing() {
        each_backend(|mut poller| {
            let (here, there) = UnixStream::pair().unwrap();
            poller.add(here.as_fd(), 3, BOTH).unwrap();
            drop(there);
            assert_eq!(seen(&now(&mut poller), 3), (true, true));
            poller.change(here.as_fd(), 3, BOTH, Interest::NONE).unwrap();
            assert_eq!(now(&mut poller), []);
            poller.remove(here.as_fd(), Interest::NONE).unwrap();
        });
    }

    #[test]
    fn the_removed_are_silent_and_the_others_keep_their_tokens() {
        each_backend(|mut poller| {
            let pairs: Vec<_> = (0..50).map(|_| UnixStream::pair().unwrap()).collect();
            for (token, (here, there)) in pairs.iter().enumerate() {
                poller.add(here.as_fd(), token as u64, Interest::READ).unwrap();
                (&mut &*there).write_all(b"x").unwrap();
            }
            for (here, _) in pairs.iter().step_by(2) {
                poller.remove(here.as_fd(), Interest::READ).unwrap();
            }
            let mut tokens: Vec<_> = now(&mut poller).iter().map(|one| one.token).collect();
            tokens.sort_unstable();
            assert_eq!(tokens, (1..50).step_by(2).collect::<Vec<u64>>());
            for (here, _) in pairs.iter().skip(1).step_by(2) {
                poller.remove(here.as_fd(), Interest::READ).unwrap();
            }
            assert_eq!(now(&mut poller), []);
        });
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let text = Backend::named("select").unwrap_err().to_string();
        assert!(text.contains("poll"), "{text}");
    }
}
