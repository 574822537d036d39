//! Checking files on disk: `redstart-check-aof` and `redstart-check-rdb`.
//!
//! What they print has the shape of what the peers' programs print, because scripts look for it: `AOF analyzed: …
//! ok_up_to=…`, `is valid`, `RDB looks OK`. Everything goes to standard output, as theirs does; standard error has the
//! progress, if it is a terminal.
//!
//! Files are opened for reading. Only what the user asked to be shortened (`--fix`, after a question, or
//! `--truncate-to-timestamp`) is opened for writing, and only then.

pub mod aof;
mod part;
mod progress;
pub mod rdb;
mod summary;

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::ExitCode;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whom the programs talk with.
pub struct Console<'a> {
    pub out: &'a mut dyn Write,
    pub answers: &'a mut dyn BufRead,
}

/// The user knows why: it has been printed.
#[derive(Debug, PartialEq, Eq)]
pub struct Stopped;

pub type Checked<T> = Result<T, Stopped>;

impl Console<'_> {
    /// A line. That nobody listens any more is no reason to stop: the exit code tells, too.
    pub fn say(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.out, "{line}");
    }

    /// A line, and no more.
    pub fn stop<T>(&mut self, line: impl std::fmt::Display) -> Checked<T> {
        self.say(line);
        Err(Stopped)
    }

    /// Whether the answer begins with a `y`.
    pub fn agrees(&mut self, question: &str) -> bool {
        let _ = write!(self.out, "{question}").and_then(|()| self.out.flush());
        let mut answer = Vec::new();
        let read = io::Read::take(&mut self.answers, 1024).read_until(b'\n', &mut answer);
        read.is_ok() && matches!(answer.first(), Some(b'y' | b'Y'))
    }
}

/// A program: its arguments, the one it was called by first.
type Program = fn(&[Vec<u8>], &mut Console<'_>) -> Checked<()>;

/// Runs a program on the process's own arguments, input and output.
pub fn run(program: Program) -> ExitCode {
    let args: Vec<Vec<u8>> = std::env::args_os().map(OsStringExt::into_vec).collect();
    let mut out = io::stdout().lock();
    let mut answers = io::stdin().lock();
    let done = program(&args, &mut Console { out: &mut out, answers: &mut answers });
    let flushed = out.flush();
    if done.is_ok() && flushed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What an error of the system is, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// A path that came as bytes.
fn path(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

/// Opens a file for reading: it, and its size in bytes. Folders and devices are refused.
fn open(file: &Path) -> io::Result<(File, u64)> {
    let opened = File::open(file)?;
    let about = opened.metadata()?;
    match about.is_file() {
        true => Ok((opened, about.len())),
        false => Err(io::Error::other("this is no file")),
    }
}

/// The name by which the program was called, for its usage.
fn own_name<'a>(args: &'a [Vec<u8>], or: &'a str) -> std::borrow::Cow<'a, str> {
    args.first().map_or(or.into(), |name| String::from_utf8_lossy(name))
}

#[cfg(test)]
mod tests;
