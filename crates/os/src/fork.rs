//! A child that has all memory as it was at one moment, does one thing, and ends.
//!
//! ```text
//!   parent  --- fork --- goes on serving ------- asks now and then: reports, end ----
//!                  \\                              ^
//!                   child: job, reports --- pipe ---+      exits without running anything of the parent's
//! ```
//!
//! The kernel copies a page when either of the two writes to it. How much that is the kernel says of the child
//! (`Private_Dirty`): pages that it no longer shares.
//!
//! **Invariants**
//! 1. There is one child at most; it is waited for once.
//! 2. The child holds no descriptor of the parent but its end of the pipe, and never returns from here.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::pipe::PipeFlags;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use world::{Child, ChildNews, Fill};

use crate::{disk, sys};

/// A report: keys done, bytes copied.
const REPORT: usize = 16;

#[derive(Default)]
pub(crate) struct Children {
    /// What children tell the kernel of themselves, if that is something else than we do.
    pub oom_score: Option<i32>,
    child: Option<Running>,
}

struct Running {
    pid: Pid,
    reports: File,
}

impl Children {
    pub fn fork(&mut self, job: &mut dyn FnMut(&dyn Child) -> bool) -> io::Result<u32> {
        if self.child.is_some() {
            return Err(io::Error::other("there is a child already"));
        }
        let (reports, to_parent) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        match sys::fork()? {
            sys::Forked::Child => {
                sys::close_all_but(to_parent.as_fd());
                if let Some(score) = self.oom_score {
                    // It can be done without.
                    let _ = crate::process::set_oom_score(score);
                }
                let ok = job(&InChild { to_parent: File::from(to_parent) });
                sys::exit_now(if ok { 0 } else { 1 })
            }
            sys::Forked::Parent(pid) => {
                let pid = Pid::from_raw(pid).ok_or_else(|| io::Error::other("a child without a number"))?;
                self.child = Some(Running { pid, reports: File::from(reports) });
                Ok(pid.as_raw_nonzero().get().unsigned_abs())
            }
        }
    }

    pub fn news(&mut self, news: &mut Vec<ChildNews>) {
        let Some(child) = &mut self.child else { return };
        // First the end: what the child reported before it is in the pipe then.
        let ended = match waitpid(Some(child.pid), WaitOptions::NOHANG) {
            Ok(None) => None,
            Ok(Some((_, status))) => Some(ChildNews::Ended {
                ok: status.exit_status() == Some(0),
                signal: status.terminating_signal(),
            }),
            Err(_) => Some(ChildNews::Ended { ok: false, signal: None }),
        };
        let mut report = [0; REPORT];
        while let Ok(REPORT) = child.reports.read(&mut report) {
            let word = |n: usize| report[n..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
            news.push(ChildNews::Progress { keys: word(0), copied: word(8) });
        }
        if let Some(ended) = ended {
            news.push(ended);
            // One that was ended could not tidy up.
            if matches!(ended, ChildNews::Ended { signal: Some(_), .. }) {
                self.remove_temporary();
            }
            self.child = None;
        }
    }

    /// Removes what the child has written so far: it lies in the working directory.
    fn remove_temporary(&self) {
        if let Some(child) = &self.child {
            let pid = child.pid.as_raw_nonzero().get().unsigned_abs();
            let _ = std::fs::remove_file(disk::temporary_of(Path::new(""), pid));
        }
    }

    pub fn end(&mut self) {
        if let Some(child) = &self.child {
            let _ = kill_process(child.pid, Signal::KILL);
        }
    }
}

/// The world as a child sees it.
struct InChild {
    to_parent: File,
}

impl Child for InChild {
    fn report(&self, keys: u64) {
        let mut report = [0; REPORT];
        report[..8].copy_from_slice(&keys.to_le_bytes());
        report[8..].copy_from_slice(&copied().to_le_bytes());
        // A parent that does not listen is no reason to stop.
        let _ = (&self.to_parent).write(&report);
    }

    fn replace_with(&self, path: &Path, sync_every: u64, fill: &mut Fill<'_>) -> io::Result<()> {
        disk::replace_with(path, sync_every, fill)
    }

    fn done_with(&self, bytes: &[u8]) {
        sys::give_back(bytes);
    }

    fn mono_us(&self) -> u64 {
        crate::clock::now().mono_us
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn title(&self, title: &str) {
        crate::title::Title::default().set(title);
    }
}

/// Bytes that this process does not share any more; 0 where the kernel does not tell.
fn copied() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup")
        .or_else(|_| std::fs::read_to_string("/proc/self/smaps"))
        .unwrap_or_default();
    let of_line =
        |line: &str| line.strip_prefix("Private_Dirty:")?.trim().split(' ').next()?.parse::<u64>().ok();
    text.lines().filter_map(of_line).sum::<u64>() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    fn all_news(children: &mut Children) -> Vec<ChildNews> {
        let (mut news, began) = (Vec::new(), std::time::Instant::now());
        while !matches!(news.last(), Some(ChildNews::Ended { .. })) {
            children.news(&mut news);
            assert!(began.elapsed().as_secs() < 20, "{news:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
        news
    }

    #[test]
    fn a_child_sees_the_past_reports_and_ends() {
        let (folder, mut children) = (Folder::new(), Children::default());
        let path = folder.path("dump.rdb");
        let mut word = b"before".to_vec();
        let pid = children
            .fork(&mut |child| {
                child.report(5);
                child.sleep(Duration::from_millis(50));
                child.replace_with(&path, 0, &mut |to| to.write_all(&word)).is_ok()
            })
            .unwrap();
        word = b"after".to_vec();
        assert!(pid > 1 && word == b"after");
        assert!(children.fork(&mut |_| true).is_err(), "one at a time");
        let news = all_news(&mut children);
        assert!(matches!(news[0], ChildNews::Progress { keys: 5, .. }), "{news:?}");
        assert_eq!(news[1], ChildNews::Ended { ok: true, signal: None });
        assert_eq!(std::fs::read(folder.path("dump.rdb")).unwrap(), b"before");
        assert_eq!(folder.names(), ["dump.rdb"]);
    }

    #[test]
    fn what_a_child_is_done_with_is_copied_for_nobody_and_stays_the_parent_s() {
        let (folder, mut children) = (Folder::new(), Children::default());
        let path = folder.path("dump.rdb");
        let mut long = vec![7u8; 8 << 20];
        children
            .fork(&mut |child| {
                child.done_with(&long[1..]);
                child.done_with(&long[..10]);
                child.sleep(Duration::from_millis(300));
                let copied = copied();
                child.replace_with(&path, 0, &mut |to| to.write_all(&copied.to_le_bytes())).is_ok()
            })
            .unwrap();
        std::thread::sleep(Duration::from_millis(100));
        long.fill(8);
        all_news(&mut children);
        assert!(long.iter().all(|byte| *byte == 8));
        let copied = std::fs::read(folder.path("dump.rdb")).unwrap();
        let copied = u64::from_le_bytes(copied[..].try_into().unwrap());
        assert!(!cfg!(target_os = "linux") || copied < 4 << 20, "{copied}");
    }

    #[test]
    fn a_child_that_fails_or_is_ended_is_told() {
        let mut children = Children::default();
        children.fork(&mut |_| false).unwrap();
        assert_eq!(all_news(&mut children), [ChildNews::Ended { ok: false, signal: None }]);
        children
            .fork(&mut |child| {
                child.sleep(Duration::from_secs(60));
                true
            })
            .unwrap();
        children.end();
        assert_eq!(all_news(&mut children), [ChildNews::Ended { ok: false, signal: Some(9) }]);
        let mut none = Vec::new();
        children.news(&mut none);
        assert!(none.is_empty());
    }
}
