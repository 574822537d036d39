//! The process seen from outside: its memory, its limits, its place in the background.
//!
//! *Not here*: the title (`title`), the supervisor (`notify`), background dropping (`later`).

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use world::MemoryFacts;

use crate::sys::{self, Forked};

pub(crate) fn pid() -> u32 {
    rustix::process::getpid().as_raw_nonzero().get().unsigned_abs()
}

pub(crate) fn memory() -> MemoryFacts {
    // mimalloc is not asked how much it holds; 0 is the word for that.
    MemoryFacts {
        used: alloc_count::used(),
        resident: resident(),
        allocator_resident: 0,
        total: sys::total_memory(),
    }
}

/// The second number of statm, in pages; 0 where there is no such file.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    pages * rustix::param::page_size() as u64
}

pub(crate) fn os() -> String {
    let name = rustix::system::uname();
    let word = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    format!("{} {} {}", word(name.sysname()), word(name.release()), word(name.machine()))
}

/// As it was called, links not followed, so that a server started under another name shows that name.
pub(crate) fn executable() -> PathBuf {
    let called = std::env::args_os().next().map(PathBuf::from).filter(|path| path.components().count() > 1);
    match called.map(std::path::absolute) {
        Some(Ok(path)) if path.exists() => path,
        _ => std::env::current_exe().unwrap_or_default(),
    }
}

/// Raises the soft limit, and the hard one if we may; where the kernel refuses, as near as it lets us.
pub(crate) fn open_files(wanted: u64) -> u64 {
    let now = getrlimit(Resource::Nofile);
    let (current, maximum) = (now.current.unwrap_or(u64::MAX), now.maximum.unwrap_or(u64::MAX));
    if current >= wanted {
        return current;
    }
    if set_open_files(wanted, maximum.max(wanted)) {
        return wanted;
    }
    // Kernels have limits of their own below the hard one (macOS): step down until it works.
    let mut attempt = wanted.min(maximum);
    while attempt > current {
        if set_open_files(attempt, maximum) {
            return attempt;
        }
        attempt -= (attempt / 16).max(1);
    }
    current
}

const OOM_SCORE: &str = "/proc/self/oom_score_adj";

/// Where there is no such file the error says so: only Linux has it.
pub(crate) fn oom_score() -> io::Result<i32> {
    let text = std::fs::read_to_string(OOM_SCORE).map_err(|error| told(error, OOM_SCORE))?;
    text.trim().parse().map_err(|_| io::Error::other(format!("{OOM_SCORE} holds no number")))
}

pub(crate) fn set_oom_score(score: i32) -> io::Result<()> {
    // Not created where it is not there.
    let opened = std::fs::OpenOptions::new().write(true).open(OOM_SCORE);
    let written = opened.and_then(|mut file| io::Write::write_all(&mut file, score.to_string().as_bytes()));
    written.map_err(|error| told(error, OOM_SCORE))
}

fn told(error: io::Error, path: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

fn set_open_files(current: u64, maximum: u64) -> bool {
    let maximum = (maximum != u64::MAX).then_some(maximum);
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum }).is_ok()
}

/// Puts the process into the background: a child in a session of its own goes on, the parent ends well.
/// Standard streams lead nowhere from then on. Call it before any thread is started and any world is made: a
/// kqueue does not survive it.
pub fn daemonize() -> io::Result<()> {
    if let Forked::Parent(_) = sys::fork()? {
        sys::exit_now(0);
    }
    rustix::process::setsid()?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    for fd in 0..3 {
        sys::redirect(null.as_fd(), fd)?;
    }
    Ok(())
}

/// Declines transparent huge pages for this process (`disable-thp`): the first touch of one costs milliseconds, and after
/// a fork a write copies all of it.
pub fn disable_huge_pages() -> bool {
    sys::without_huge_pages()
}

pub(crate) fn write_pidfile(path: &Path) -> io::Result<()> {
    std::fs::write(path, format!("{}\n", pid()))
        .map_err(|error| io::Error::new(error.kind(), format!("can't write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Folder, child, text};

    #[test]
    fn the_process_knows_itself() {
        assert_eq!(pid(), std::process::id());
        assert!(memory().resident > 100_000);
        assert_eq!(os().split(' ').count(), 3);
        assert!(executable().is_absolute());
    }

    #[test]
    fn the_limit_of_files_is_raised_as_far_as_it_goes() {
        let output = child("process::tests::limits_in_a_child").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn limits_in_a_child() {
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(4096).min(4096);
        assert!(set_open_files(100, hard));
        assert_eq!(open_files(50), 100);
        assert_eq!(open_files(hard), hard);
        assert!(open_files(1 << 40) >= hard);
    }

    #[test]
    fn a_pidfile_holds_the_pid() {
        let folder = Folder::new();
        write_pidfile(&folder.path("pid")).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path("pid")).unwrap(), format!("{}\n", pid()));
        let error = write_pidfile(Path::new("/no/pid")).unwrap_err();
        assert!(error.to_string().contains("/no/pid"));
    }

    #[test]
    fn a_daemon_outlives_its_parent_and_leads_a_session() {
        let folder = Folder::new();
        let mark = folder.path("mark");
        let output = child("process::tests::daemon_in_a_child").env("DAEMON_MARK", &mark).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let start = std::time::Instant::now();
        while std::fs::read(&mark).map_or(true, |bytes| bytes.is_empty()) {
            assert!(start.elapsed().as_secs() < 20, "no word from the daemon");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(std::fs::read_to_string(&mark).unwrap(), "leader");
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn daemon_in_a_child() {
        daemonize().unwrap();
        let session = rustix::process::getsid(None).unwrap();
        let word = if session == rustix::process::getpid() { "leader" } else { "follower" };
        std::fs::write(std::env::var("DAEMON_MARK").unwrap(), word).unwrap();
        // The harness would go on as if it were the parent.
        sys::exit_now(0);
    }
}
