//! The C library's calls that no crate of ours wraps, each behind a safe function.
//!
//! **Invariants**
//! 1. Nothing here keeps a pointer beyond the call.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::SeqCst;

use rustix::net::RecvFlags;
use world::CpuTimes;

/// Seconds that local time is ahead of UTC at the moment `wall_s`.
pub(crate) fn utc_offset(wall_s: i64) -> i32 {
    let time = wall_s as libc::time_t;
    let mut parts = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live values of the right type; all-zero bytes are a valid `tm`.
    let parts = unsafe {
        libc::localtime_r(&time, parts.as_mut_ptr());
        parts.assume_init()
    };
    parts.tm_gmtoff as i32
}

/// The number of a group.
pub(crate) fn group_id(name: &str) -> io::Result<u32> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no group '{name}'"));
    let name = CString::new(name).map_err(|_| missing())?;
    let mut group = MaybeUninit::<libc::group>::zeroed();
    let mut found = std::ptr::null_mut();
    let mut text = vec![0; 16 * 1024];
    // SAFETY: `name` ends in NUL; `group` and `text` outlive the call, and `text` is given with its length.
    // `found` is null or points to `group`, which then is filled; only its number is read.
    unsafe {
        libc::getgrnam_r(name.as_ptr(), group.as_mut_ptr(), text.as_mut_ptr(), text.len(), &mut found);
        if found.is_null() { Err(missing()) } else { Ok((*found).gr_gid) }
    }
}

/// Has the kernel begin to write a stretch of a file to the disk, without waiting for it.
pub(crate) fn begin_writing(file: &File, offset: u64, len: u64) -> io::Result<()> {
    sync_range(file, offset, len, false)
}

/// Waits until a stretch of a file has been written. That is no promise yet that it outlives a loss of power.
pub(crate) fn wait_written(file: &File, offset: u64, len: u64) -> io::Result<()> {
    sync_range(file, offset, len, true)
}

#[cfg(target_os = "linux")]
fn sync_range(file: &File, offset: u64, len: u64, wait: bool) -> io::Result<()> {
    if len == 0 {
        return Ok(());
    }
    let (begin, around) =
        (libc::SYNC_FILE_RANGE_WRITE, libc::SYNC_FILE_RANGE_WAIT_BEFORE | libc::SYNC_FILE_RANGE_WAIT_AFTER);
    let flags = if wait { begin | around } else { begin };
    // SAFETY: the call takes numbers only, and the descriptor is open.
    let done = unsafe { libc::sync_file_range(file.as_raw_fd(), offset as i64, len as i64, flags) };
    match io::Error::last_os_error() {
        _ if done == 0 => Ok(()),
        // A file system (or a pipe) that cannot: `fsync` in the end does it.
        error if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL | libc::ESPIPE)) => Ok(()),
        error => Err(error),
    }
}

/// Where there is no such call, `fdatasync` is nearest.
#[cfg(not(target_os = "linux"))]
fn sync_range(file: &File, _offset: u64, len: u64, wait: bool) -> io::Result<()> {
    if wait && len > 0 { file.sync_data() } else { Ok(()) }
}

/// Processor time of the process, of its children that ended, and of the calling thread.
pub(crate) fn cpu_times() -> CpuTimes {
    let (user_us, system_us) = usage(libc::RUSAGE_SELF);
    let (children_user_us, children_system_us) = usage(libc::RUSAGE_CHILDREN);
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "openbsd"))]
    let (main_user_us, main_system_us) = usage(libc::RUSAGE_THREAD);
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "openbsd"
    )))]
    let (main_user_us, main_system_us) = (user_us, system_us);
    CpuTimes { user_us, system_us, children_user_us, children_system_us, main_user_us, main_system_us }
}

fn usage(who: libc::c_int) -> (u64, u64) {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a live value of the right type; all-zero bytes are a valid `rusage`, should the
    // call fail.
    let usage = unsafe {
        libc::getrusage(who, usage.as_mut_ptr());
        usage.assume_init()
    };
    let us = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    (us(usage.ru_utime), us(usage.ru_stime))
}

/// Memory of the machine in bytes; 0 where unknown.
pub(crate) fn total_memory() -> u64 {
    // SAFETY: takes a number, returns a number.
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    if pages < 0 || size < 0 { 0 } else { pages as u64 * size as u64 }
}

/// Which of the two a fork made.
pub(crate) enum Forked {
    /// With the child's number.
    Parent(i32),
    Child,
}

/// Splits the process in two. Only the calling thread lives on in the child: it must not wait for another one, be it
/// for a lock or an answer. The allocator is made for that: what it locks, it locks without other threads.
pub(crate) fn fork() -> io::Result<Forked> {
    // SAFETY: the caller sees to it that the child does not need what another thread holds.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(pid)),
    }
}

/// Ends the process without running anything that was registered for its end.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: does not return and touches no memory of ours.
    unsafe { libc::_exit(code) }
}

/// The file that goes when a signal ends the process; null if there is none. What it points to is never freed.
static DOOMED: AtomicPtr<libc::c_char> = AtomicPtr::new(std::ptr::null_mut());

/// Has [`exit_removing`] remove a file (or none again). Names are kept for ever: tell few different ones.
pub(crate) fn doom(path: Option<&Path>) {
    static NAMES: Mutex<Vec<&'static CStr>> = Mutex::new(Vec::new());
    let name = path.and_then(|path| CString::new(path.as_os_str().as_bytes()).ok());
    let pointer = name.map_or(std::ptr::null_mut(), |name| {
        let mut names = NAMES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = names.iter().copied().find(|known| **known == *name);
        let kept = known.unwrap_or_else(|| {
            let kept: &'static CStr = Box::leak(name.into_boxed_c_str());
            names.push(kept);
            kept
        });
        kept.as_ptr().cast_mut()
    });
    DOOMED.store(pointer, SeqCst);
}

/// [`exit_now`], after the file that was doomed was removed. May be called from a signal.
pub(crate) fn exit_removing(code: i32) -> ! {
    let name = DOOMED.load(SeqCst);
    if !name.is_null() {
        // SAFETY: a C string that is never freed; `unlink` is on the list of what a signal may call.
        unsafe { libc::unlink(name) };
    }
    exit_now(code)
}

/// Closes every descriptor but the standard ones and `keep`: in a child that must not hold the connections of its parent
/// open, and ends without using or dropping any of them.
pub(crate) fn close_all_but(keep: std::os::fd::BorrowedFd<'_>) {
    use std::os::fd::AsRawFd;
    let names = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let open: Vec<i32> = names.filter_map(|name| name.file_name().to_str()?.parse().ok()).collect();
    for fd in open.into_iter().filter(|fd| *fd > 2 && *fd != keep.as_raw_fd()) {
        // SAFETY: the process ends without touching the descriptor again, as the caller promises; that of the folder just
        // read is closed already, and closing it again is an error that is ignored.
        unsafe { libc::close(fd) };
    }
}

/// Asks the kernel for small pages only; false where it does not know of others.
pub(crate) fn without_huge_pages() -> bool {
    #[cfg(target_os = "linux")]
    // SAFETY: a flag of the process, and four numbers.
    return unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) } == 0;
    #[cfg(not(target_os = "linux"))]
    false
}

/// Makes `fd` refer to what `from` refers to.
pub(crate) fn redirect(from: std::os::fd::BorrowedFd<'_>, fd: i32) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: `from` is open; `fd` is one of the three standard numbers, which nobody owns.
    if unsafe { libc::dup2(from.as_raw_fd(), fd) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Gives the whole pages within these bytes back to the kernel: for a child that shares them with a parent, and will not look at
/// them again (it would find zeros). They must be of the allocator's.
pub(crate) fn give_back(bytes: &[u8]) {
    const PAGE: usize = 64 << 10;
    let begin = bytes.as_ptr().addr().next_multiple_of(PAGE);
    let end = (bytes.as_ptr().addr() + bytes.len()) / PAGE * PAGE;
    if begin < end {
        let skipped = begin - bytes.as_ptr().addr();
        // SAFETY: the pages lie within the bytes, and are private and anonymous as all of the allocator's. What they read as
        // from now on, zeros, are bytes like any others.
        let _ =
            unsafe { libc::madvise(bytes[skipped..].as_ptr() as *mut _, end - begin, libc::MADV_DONTNEED) };
    }
}

/// Appends at most `room` bytes from a socket to `into`, without clearing the room first.
#[inline]
pub(crate) fn recv_into(
    fd: std::os::fd::BorrowedFd<'_>,
    into: &mut Vec<u8>,
    room: usize,
) -> rustix::io::Result<usize> {
    into.reserve(room);
    let (_, count) = rustix::net::recv(fd, &mut into.spare_capacity_mut()[..room], RecvFlags::empty())?;
    // SAFETY: `count` is at most `room`, which lies within the capacity; the kernel has written that many bytes.
    unsafe { into.set_len(into.len() + count) };
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_by_name() {
        assert_eq!(group_id("root").unwrap(), 0);
        assert_eq!(group_id("no such group").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn huge_pages_can_be_declined() {
        assert!(without_huge_pages());
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        assert!(!status.contains("THP_enabled:\t1"), "{status}");
    }

    #[test]
    fn processor_time_and_memory_are_known() {
        assert!(total_memory() > 1 << 20);
        let times = cpu_times();
        assert!(times.user_us + times.system_us >= times.main_user_us);
    }
}
