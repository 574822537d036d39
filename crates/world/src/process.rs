//! The process itself: its memory, its time, its child.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Fill;

/// What a child made by [`Process::fork`] can do.
pub trait Child {
    /// Tells the parent how many keys are done, and how much memory was copied since the fork.
    fn report(&self, keys: u64);
    /// [`Disk::replace_with`].
    fn replace_with(&self, path: &Path, sync_every: u64, fill: &mut Fill<'_>) -> io::Result<()>;
    fn mono_us(&self) -> u64;
    fn sleep(&self, time: Duration);
    /// These bytes, of our own memory, will not be looked at again: should the parent write to them, nothing needs to be copied.
    fn done_with(&self, _bytes: &[u8]) {}
    /// Sets the title that `ps` shows of the child.
    fn title(&self, _title: &str) {}
}

/// What is heard of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildNews {
    /// Keys done, and bytes that were copied because parent or child wrote to them.
    Progress { keys: u64, copied: u64 },
    /// It is no more. `signal`: it was ended by one.
    Ended { ok: bool, signal: Option<i32> },
}

/// Processor time of the process, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuTimes {
    pub user_us: u64,
    pub system_us: u64,
    pub children_user_us: u64,
    pub children_system_us: u64,
    pub main_user_us: u64,
    pub main_system_us: u64,
}

/// Memory as the kernel and the allocator see it, in bytes; 0 where unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryFacts {
    /// Handed out by the allocator (`used_memory`).
    pub used: u64,
    /// Resident set size of the process.
    pub resident: u64,
    /// What the allocator holds from the kernel.
    pub allocator_resident: u64,
    /// Of the machine.
    pub total: u64,
}

pub trait Process {
    fn pid(&self) -> u32;
    /// Bytes handed out by the allocator; cheap enough to be asked with every command.
    fn used_memory(&self) -> u64;
    fn memory(&self) -> MemoryFacts;
    fn cpu(&self) -> CpuTimes;
    /// `mimalloc-2.2.4` or the like.
    fn allocator(&self) -> String;
    /// Gives free memory back to the kernel.
    fn purge(&mut self);
    /// Operating system, release and machine: `Linux 6.1.0 x86_64`.
    fn os(&self) -> String;
    fn executable(&self) -> PathBuf;
    /// Sets the title that `ps` shows.
    fn title(&mut self, title: &str);
    /// Raises the limit of open files towards `wanted` and returns what is in force.
    fn open_files(&mut self, wanted: u64) -> u64;
    /// The kernel's adjustment of our score for the case that memory is short (Linux: `oom_score_adj`).
    fn oom_score(&self) -> io::Result<i32>;
    /// Changes it. Children made from now on get a score of their own, or inherit ours.
    fn set_oom_score(&mut self, own: i32, of_children: Option<i32>) -> io::Result<()>;
    /// Tells the supervisor (systemd) something: `READY=1`, `STOPPING=1`, `STATUS=…`.
    fn notify(&mut self, message: &str);
    /// Blocks the whole process (DEBUG SLEEP).
    fn sleep(&mut self, time: Duration);
    /// Touches memory that is not there, as a bug would (DEBUG SEGFAULT): the process dies of it, and reports that.
    fn fault(&mut self) {
        panic!("a fault was asked for, in a world without memory of its own");
    }
    /// Whoever asked for the end by a signal has taken that back, or it failed: the next signal is a first one again.
    fn forget_signals(&mut self) {}
    /// The same as a plain function, for what runs while the world is lent ([`crate::Disk::replace_with`]).
    fn sleeper(&self) -> fn(Duration) {
        |_| {}
    }
    /// Drops a value on a background thread, so that freeing it costs the loop nothing.
    fn drop_later(&mut self, value: Box<dyn std::any::Any + std::marker::Send>);
    /// Splits off a child, which has all memory as it is now, runs `job` and ends; returns its process id. One at a time.
    fn fork(&mut self, job: &mut dyn FnMut(&dyn Child) -> bool) -> io::Result<u32>;
    /// What there is to hear of the child; its end comes last.
    fn child_news(&mut self, news: &mut Vec<ChildNews>);
    /// Ends the child and removes what it has written so far. Its end is reported as usual.
    fn end_child(&mut self);
    /// Values handed to `drop_later` that are not dropped yet.
    fn drops_pending(&self) -> usize;
}
