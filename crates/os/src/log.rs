//! The log: lines in the shape that tools know, to standard output or a file, and to syslog if wished.
//!
//! ```text
//! 4711:M 21 Nov 2026 10:11:12.123 * Ready to accept connections
//! pid  role  local time           level: . debug  - verbose  * notice  # warning
//! ```
//!
//! The file is opened for each line, as Redis does: whoever rotates logs may rename it at any time and tell
//! nobody. Lines are rare.
//!
//! **Invariants**
//! 1. A line goes out in one `writev` to a descriptor opened for appending: lines of several processes do not
//!    mix, and nothing is ever truncated.
//! 2. [`emit`] and [`stamp`] neither allocate nor take a lock, so that a crash may use them.
//! 3. A log that cannot be written stops nothing.
//!
//! *Not here*: the report of a crash (`crash`).

use std::ffi::{CStr, CString};
use std::fmt::{self, Write};
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering::Relaxed};

use rustix::fs::{Mode, OFlags};
use world::Level;

use crate::{clock, sys};

/// Seconds local time is ahead of UTC, as of the last line: a crash may not ask the C library.
static OFFSET_S: AtomicI32 = AtomicI32::new(0);
/// The letter behind the pid. Shared with the report of a crash.
static ROLE: AtomicU8 = AtomicU8::new(b'M');

/// Where and as what to tell the system's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syslog {
    pub ident: String,
    /// `user`, `daemon`, `local0` … `local7`.
    pub facility: String,
}

pub(crate) struct Logger {
    level: Level,
    path: Option<CString>,
    syslog: Option<Sender>,
}

impl Logger {
    /// `path` empty or absent: standard output. The file is tried at once.
    pub fn new(path: Option<&str>, syslog: Option<&Syslog>, level: Level) -> io::Result<Logger> {
        let path = path.filter(|path| !path.is_empty()).map(CString::new).transpose()?;
        if let Some(path) = &path {
            open(path).map_err(|error| {
                let error = io::Error::from(error);
                io::Error::new(
                    error.kind(),
                    format!("can't open the log file {}: {error}", path.to_string_lossy()),
                )
            })?;
        }
        let syslog = syslog.map(Sender::new).transpose()?;
        OFFSET_S.store(sys::utc_offset(clock::wall_us() / 1_000_000), Relaxed);
        Ok(Logger { level, path, syslog })
    }

    pub fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    pub fn path(&self) -> Option<&CStr> {
        self.path.as_deref()
    }

    pub fn log(&mut self, level: Level, line: &str) {
        if level < self.level || level == Level::Nothing {
            return;
        }
        let wall_us = clock::wall_us();
        OFFSET_S.store(sys::utc_offset(wall_us / 1_000_000), Relaxed);
        emit(self.path(), &[stamp(level, wall_us).as_bytes(), line.as_bytes(), b"\n"]);
        if let Some(syslog) = &self.syslog {
            syslog.send(level, line);
        }
    }
}

/// The letter that says what the writer is: `M` primary, `S` replica, `C` child, `X` sentinel.
pub(crate) fn set_role(letter: u8) {
    ROLE.store(letter, Relaxed);
}

/// Appends to the file of that name, or to standard output.
pub(crate) fn emit(path: Option<&CStr>, parts: &[&[u8]]) {
    match path {
        None => write_all(rustix::stdio::stdout(), parts),
        Some(path) => {
            if let Ok(file) = open(path) {
                use std::os::fd::AsFd;
                write_all(file.as_fd(), parts);
            }
        }
    }
}

fn open(path: &CStr) -> rustix::io::Result<std::os::fd::OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::from_raw_mode(0o644))
}

/// One `writev` (invariant 1); should a pipe take only a part, the rest follows piece by piece.
fn write_all(fd: BorrowedFd<'_>, parts: &[&[u8]]) {
    let mut vectors = [IoSlice::new(&[]); 3];
    let count = parts.len().min(vectors.len());
    for (vector, part) in vectors.iter_mut().zip(parts) {
        *vector = IoSlice::new(part);
    }
    let Ok(mut written) = rustix::io::writev(fd, &vectors[..count]) else {
        return;
    };
    for part in parts {
        let skipped = written.min(part.len());
        written -= skipped;
        write_rest(fd, &part[skipped..]);
    }
}

fn write_rest(fd: BorrowedFd<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(count) if count > 0 => bytes = &bytes[count..],
            Err(rustix::io::Errno::INTR) => continue,
            _ => return,
        }
    }
}

/// What stands before the message.
pub(crate) fn stamp(level: Level, wall_us: i64) -> Text<64> {
    let mut text = Text::new();
    let pid = rustix::process::getpid().as_raw_nonzero();
    let role = ROLE.load(Relaxed) as char;
    let local_us = wall_us + i64::from(OFFSET_S.load(Relaxed)) * 1_000_000;
    let mark = match level {
        Level::Debug => '.',
        Level::Verbose => '-',
        Level::Notice => '*',
        Level::Warning | Level::Nothing => '#',
    };
    // A `Text` that is full cuts off and reports nothing.
    let _ = write!(text, "{pid}:{role} {} {mark} ", Moment(local_us));
    text
}

/// Microseconds since 1970, printed as `21 Nov 2026 10:11:12.123`.
struct Moment(i64);

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms) = (self.0.div_euclid(86_400_000_000), self.0.rem_euclid(86_400_000_000) / 1000);
        let (year, month, day) = date(days);
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        let month = MONTHS[month];
        write!(out, "{day:02} {month} {year} {hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1000)
    }
}

/// Year, month (from 0) and day of a day since 1970-01-01, by walking: it is done once a line at most.
fn date(mut day: i64) -> (i64, usize, i64) {
    let mut year = 1970;
    while day < 0 {
        year -= 1;
        day += year_days(year);
    }
    while day >= year_days(year) {
        day -= year_days(year);
        year += 1;
    }
    let february = year_days(year) - 337;
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    (year, month, day + 1)
}

fn year_days(year: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if leap { 366 } else { 365 }
}

/// A string of bounded length that lives on the stack; what does not fit is dropped.
pub(crate) struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    pub fn new() -> Self {
        Text { bytes: [0; N], length: 0 }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl<const N: usize> Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let count = text.len().min(N - self.length);
        self.bytes[self.length..self.length + count].copy_from_slice(&text.as_bytes()[..count]);
        self.length += count;
        Ok(())
    }
}

/// A socket to the system's log. No C library: its `syslog` keeps a pointer to the ident for ever.
struct Sender {
    socket: UnixDatagram,
    ident: String,
    facility: u8,
}

const SYSLOG_PATHS: [&str; 2] = ["/dev/log", "/var/run/syslog"];

impl Sender {
    fn new(to: &Syslog) -> io::Result<Sender> {
        let facility = facility(&to.facility).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("no syslog facility '{}'", to.facility))
        })?;
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Sender { socket, ident: to.ident.clone(), facility })
    }

    /// Sent unconnected, so that a syslog that is started anew is found again (invariant 3 for the rest).
    fn send(&self, level: Level, line: &str) {
        let message = self.message(level, line);
        let _ = SYSLOG_PATHS.iter().find(|path| self.socket.send_to(message.as_bytes(), path).is_ok());
    }

    fn message(&self, level: Level, line: &str) -> String {
        let severity = match level {
            Level::Debug => 7,
            Level::Verbose => 6,
            Level::Notice => 5,
            Level::Warning | Level::Nothing => 4,
        };
        let pid = rustix::process::getpid().as_raw_nonzero();
        format!("<{}>{}[{pid}]: {line}", self.facility * 8 + severity, self.ident)
    }
}

fn facility(name: &str) -> Option<u8> {
    match name.to_ascii_lowercase().as_str() {
        "user" => Some(1),
        "daemon" => Some(3),
        name => {
            let number: u8 = name.strip_prefix("local")?.parse().ok()?;
            (number <= 7).then_some(16 + number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn dates_are_printed_as_tools_expect_them() {
        let shown = |wall_us| Moment(wall_us).to_string();
        assert_eq!(shown(0), "01 Jan 1970 00:00:00.000");
        assert_eq!(shown(951_782_400_000_000 + 1_999), "29 Feb 2000 00:00:00.001");
        assert_eq!(shown(1_795_255_872_123_456), "21 Nov 2026 10:11:12.123");
        assert_eq!(shown(-1), "31 Dec 1969 23:59:59.999");
    }

    #[test]
    fn lines_are_appended_and_those_below_the_level_dropped() {
        let folder = Folder::new();
        let path = folder.path("server.log");
        std::fs::write(&path, "kept\n").unwrap();
        let mut log = Logger::new(path.to_str(), None, Level::Notice).unwrap();
        log.log(Level::Verbose, "not this");
        log.log(Level::Notice, "first");
        std::fs::rename(&path, folder.path("rotated")).unwrap();
        log.log(Level::Warning, "second");
        let rotated = std::fs::read_to_string(folder.path("rotated")).unwrap();
        let (kept, line) = rotated.split_once('\n').unwrap();
        assert_eq!(kept, "kept");
        let words: Vec<_> = line.trim_end().split(' ').collect();
        assert_eq!(words.len(), 7, "{line}");
        assert_eq!(words[0], format!("{}:M", std::process::id()));
        assert_eq!(words[4].len(), "10:11:12.123".len());
        assert_eq!(words[5..], ["*", "first"]);
        assert!(std::fs::read_to_string(&path).unwrap().ends_with(" # second\n"));
    }

    #[test]
    fn a_log_file_that_cannot_be_opened_is_told_at_once() {
        let error = Logger::new(Some("/no such folder/x.log"), None, Level::Debug).err().unwrap();
        assert!(error.to_string().contains("/no such folder/x.log"), "{error}");
    }

    #[test]
    fn syslog_gets_priority_ident_and_pid() {
        let to = Syslog { ident: "redis".into(), facility: "LOCAL0".into() };
        let message = Sender::new(&to).unwrap().message(Level::Warning, "hot");
        assert_eq!(message, format!("<132>redis[{}]: hot", std::process::id()));
        assert!(facility("local8").is_none());
    }
}
