//! What the callbacks of one interpreter share. Found through the allocator's data, of which an interpreter has one.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;

use crate::calls::{Calls, Go};
use crate::cjson;
use crate::random::Random;
use resp::request::OwnedArgv;

use super::Lua;

/// Bytes whose allocation and filling takes about as long as [`HOOKS`] hooks are apart.
const MUCH_WORK: usize = 16 << 20;
/// Hooks between two looks at the time.
const HOOKS: u32 = 20;

pub(crate) struct Shared {
    used: Cell<usize>,
    limit: usize,
    /// Above 0: the host runs.
    host: Cell<u32>,
    /// The host has allocated beyond the limit.
    over: Cell<bool>,
    starved: Cell<bool>,
    /// Bytes allocated since the last look at the time, and hooks since then.
    work: Cell<usize>,
    hooks: Cell<u32>,
    /// The script has been told to end.
    stopping: Cell<bool>,
    panic: RefCell<Option<Box<dyn Any + Send>>>,
    /// Who answers `redis.call` while a script runs. Taken out while it does.
    calls: Cell<Option<NonNull<dyn Calls>>>,
    pub words: RefCell<OwnedArgv>,
    pub json: Cell<cjson::Options>,
    pub random: Cell<Random>,
}

impl Shared {
    pub fn new(limit: usize) -> Self {
        Shared {
            used: Cell::new(0),
            limit,
            host: Cell::new(0),
            over: Cell::new(false),
            starved: Cell::new(false),
            work: Cell::new(0),
            hooks: Cell::new(0),
            stopping: Cell::new(false),
            panic: RefCell::new(None),
            calls: Cell::new(None),
            words: RefCell::default(),
            json: Cell::new(cjson::Options::DEFAULT),
            random: Cell::new(Random::seeded(0)),
        }
    }

    /// Bytes that the interpreter holds.
    pub fn used(&self) -> usize {
        self.used.get()
    }

    /// Longest text that is made of what an interpreter holds.
    pub fn most_bytes(&self) -> usize {
        self.limit.min(512 << 20)
    }

    pub(super) fn resized(&self, had: usize, has: usize) {
        self.work.set(self.work.get().saturating_add(has));
        self.used.set(self.used.get().wrapping_sub(had).wrapping_add(has));
    }

    /// Whether so many bytes more may be had.
    #[inline]
    pub(super) fn admits(&self, more: usize) -> bool {
        if self.used.get().saturating_add(more) <= self.limit {
            return true;
        }
        self.over.set(self.host.get() > 0);
        self.host.get() > 0
    }

    pub fn in_host(&self) -> bool {
        self.host.get() > 0
    }
    pub(super) fn enter_host(&self) {
        self.host.set(self.host.get() + 1);
    }
    pub(super) fn leave_host(&self) {
        self.host.set(self.host.get() - 1);
    }
    /// Lua code is to run: what it allocates is limited.
    pub(super) fn leave_all(&self) -> u32 {
        self.host.replace(0)
    }
    pub(super) fn return_to(&self, depth: u32) {
        self.host.set(depth);
    }

    /// Forgets that the limit was exceeded, if it is not any more.
    pub(super) fn forgive(&self) {
        if self.used.get() <= self.limit {
            self.over.set(false);
        }
    }
    pub(super) fn work(&self, bytes: usize) {
        self.work.set(self.work.get().saturating_add(bytes));
    }

    /// Whether a callback has done so much that it is time to look at the time.
    #[inline]
    pub(super) fn has_worked(&self) -> bool {
        self.work.get() >= MUCH_WORK
    }

    /// Counts a hook; whether it is time to look at the time.
    pub(super) fn count_hook(&self) -> bool {
        self.hooks.set(self.hooks.get() + 1);
        self.hooks.get() >= HOOKS || self.has_worked()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// A script begins.
    pub fn begin_script(&self) {
        self.begin_anew();
        self.stopping.set(false);
    }

    /// The time is looked at.
    pub(super) fn begin_anew(&self) {
        self.hooks.set(0);
        self.work.set(0);
    }

    /// Whether host code has to stop: the limit is exceeded. Loops that allocate ask.
    pub fn is_over(&self) -> bool {
        self.over.get() && self.used.get() > self.limit
    }
    pub(super) fn note_starved(&self) {
        self.starved.set(true);
    }
    /// Whether a script has run out of memory since this was last asked.
    pub fn take_starved(&self) -> bool {
        self.starved.replace(false)
    }

    pub(super) fn keep_panic(&self, panic: Box<dyn Any + Send>) {
        *self.panic.borrow_mut() = Some(panic);
    }
    pub fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.panic.borrow_mut().take()
    }

    /// Runs something while `calls` answers for the engine.
    pub fn with<R>(&self, calls: &mut dyn Calls, run: impl FnOnce() -> R) -> R {
        // SAFETY: only the lifetime is forgotten: the pointer is used by `ask` while `run` runs, and taken back after,
        // whatever happens. A panic cannot pass: callbacks keep theirs.
        let erased: NonNull<dyn Calls> = unsafe { std::mem::transmute(NonNull::from(calls)) };
        let before = self.calls.replace(Some(erased));
        let guard = Restore { calls: &self.calls, before };
        let result = run();
        drop(guard);
        result
    }

    /// Asks the engine. `None` if no script runs, or the engine is being asked already.
    #[inline]
    pub fn ask<R>(&self, question: impl FnOnce(&mut dyn Calls) -> R) -> Option<R> {
        let mut calls = self.calls.take()?;
        let guard = Restore { calls: &self.calls, before: Some(calls) };
        // SAFETY: it came from a `&mut` that `with` borrows for as long as it is in the cell; nobody else has it, since it
        // is out of the cell now.
        let answer = question(unsafe { calls.as_mut() });
        drop(guard);
        Some(answer)
    }
}

/// Puts back who answers, also after a panic.
struct Restore<'a> {
    calls: &'a Cell<Option<NonNull<dyn Calls>>>,
    before: Option<NonNull<dyn Calls>>,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.calls.set(self.before);
    }
}

impl Lua {
    /// Asks the engine whether the script may go on; if not, the error value is pushed.
    pub(crate) fn must_stop(self) -> bool {
        self.shared().begin_anew();
        match self.shared().ask(|calls| calls.tick()) {
            Some(Go::Stop(why)) => {
                self.shared().stopping.set(true);
                crate::errors::push_error(self, why.as_bytes());
                true
            }
            _ => false,
        }
    }
}
