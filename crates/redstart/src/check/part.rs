//! One append-only file: read to its end or to what is wrong, told about, and shortened if that is asked for.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;

use persist::Kind;
use persist::aof::torn::{self, Verdict};
use persist::aof::{Evidence, Item, Reader};

use super::progress::Progress;
use super::{Checked, Console, open, rdb, reason};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Look,
    /// What is behind the whole part goes, after a question.
    Fix,
    /// What was written later than this goes: seconds since 1970.
    CutAt(i64),
}

/// A file, and what is known of it.
pub struct Part<'a> {
    /// How it is called in the last line.
    pub kind: &'static str,
    pub name: &'a str,
    pub file: &'a Path,
    /// Only the last one may be shortened: what comes after it would be of another data set.
    pub last: bool,
    pub preamble: bool,
}

/// What was found.
#[derive(Default)]
struct Found {
    good_to: u64,
    /// The line at `good_to`, from 1: requests have one for their head and two for each word.
    line: u64,
    trouble: Option<persist::Error>,
    /// Where the first timestamp stands that is too late.
    late: Option<u64>,
    requests: u64,
    first: Option<i64>,
    latest: Option<i64>,
    marks: u64,
    uncovered: u64,
    evidence: Option<Evidence>,
    /// Where what the power left of the file has its first hole.
    torn: Option<u64>,
    /// What marks say was durable, if there is damage.
    synced: u64,
}

impl Part<'_> {
    pub fn check(&self, job: Job, console: &mut Console<'_>) -> Checked<()> {
        let (opened, size) = match open(self.file) {
            Ok(opened) => opened,
            Err(error) => {
                let (file, reason) = (self.file.display(), reason(&error));
                return console.stop(format_args!("Cannot open file {file}: {reason}, aborting..."));
            }
        };
        if size == 0 {
            console.say(format_args!("{} {} is empty", self.kind, self.name));
            return Ok(());
        }
        let mut found = self.read(&opened, size, job, console)?;
        if self.last {
            self.weigh(&mut found, console)?;
        }
        match (job, found.late) {
            (Job::CutAt(seconds), Some(at)) => self.cut_at(seconds, at, size, console),
            _ => self.judge(&found, size, job, console),
        }
    }

    /// Damage at the end of the last file may be what the power left of it: the server would cut it there.
    fn weigh(&self, found: &mut Found, console: &mut Console<'_>) -> Checked<()> {
        let corrupt = found.trouble.as_ref().is_some_and(|error| error.kind == Kind::Corrupt);
        let Some(evidence) = found.evidence.filter(|_| corrupt) else { return Ok(()) };
        let verdict = File::open(self.file).and_then(|file| torn::judge(file, evidence));
        match verdict {
            Ok(Verdict::Torn { good, hole }) => {
                (found.good_to, found.torn) = (good.at(), Some(hole));
                found.line = self.line_at(good.at()).unwrap_or(found.line);
                Ok(())
            }
            Ok(Verdict::Damage { synced }) => {
                found.synced = synced;
                Ok(())
            }
            Err(_) => console.stop(format_args!("Failed to read from AOF {}, aborting...", self.name)),
        }
    }

    /// The line that begins at an offset up to which the file is good.
    fn line_at(&self, offset: u64) -> Option<u64> {
        let file = File::open(self.file).ok()?;
        (!self.preamble).then(|| read(Reader::new(file.take(offset)), None).line)
    }

    fn read(&self, opened: &File, size: u64, job: Job, console: &mut Console<'_>) -> Checked<Found> {
        let limit = if let Job::CutAt(seconds) = job { Some(seconds) } else { None };
        if !self.preamble {
            return Ok(read(Reader::new(Progress::new(opened, self.file, size)), limit));
        }
        match rdb::check(self.file, opened, size, console) {
            Err(_) => console.stop("RDB preamble of AOF file is not sane, aborting."),
            Ok(rest) => {
                console.say("RDB preamble is OK, proceeding with AOF tail...");
                Ok(read(Reader::after(rest.ahead, rest.source, rest.offset), limit))
            }
        }
    }

    /// Everything behind the first timestamp that is too late goes, it included.
    fn cut_at(&self, seconds: i64, at: u64, size: u64, console: &mut Console<'_>) -> Checked<()> {
        let name = self.name;
        if at == 0 {
            return console
                .stop(format_args!("AOF {name} has nothing before timestamp {seconds}, aborting..."));
        }
        if !self.last {
            console.say(format_args!(
                "Failed to truncate AOF {name} to timestamp {seconds} to offset {at} because it is not the last file."
            ));
            return console.stop(
                "Files behind it hold what was written later. To lose them: take their lines out of the manifest, \
                 delete them, and run redstart-check-aof again.",
            );
        }
        if let Err(error) = shorten(self.file, size, at) {
            let reason = reason(&error);
            return console
                .stop(format_args!("Failed to truncate AOF {name} to timestamp {seconds}: {reason}"));
        }
        console.say(format_args!("Successfully truncated AOF {name} to timestamp {seconds}"));
        Ok(())
    }

    fn judge(&self, found: &Found, size: u64, job: Job, console: &mut Console<'_>) -> Checked<()> {
        let name = self.name;
        if let Some(error) = &found.trouble {
            console.say(format_args!("0x{:16x}: {}", error.offset, error.what));
            match error.kind {
                Kind::Corrupt => {
                    console.say(format_args!("AOF {name} format error"));
                    found.say_judgement(console);
                }
                Kind::Io => return console.stop(format_args!("Failed to read from AOF {name}, aborting...")),
                _ => {}
            }
        }
        let (good_to, line) = (found.good_to, found.line);
        let diff = size.saturating_sub(good_to);
        if let (Job::CutAt(seconds), 0) = (job, diff) {
            console.say(format_args!("Truncate nothing in AOF {name} to timestamp {seconds}"));
        } else {
            console.say(format_args!(
                "AOF analyzed: filename={name}, size={size}, ok_up_to={good_to}, ok_up_to_line={line}, diff={diff}"
            ));
            found.say(console);
        }
        if diff > 0 {
            return self.mend(good_to, size, job, console);
        }
        console.say(format_args!("{} {name} is valid", self.kind));
        Ok(())
    }

    fn mend(&self, good_to: u64, size: u64, job: Job, console: &mut Console<'_>) -> Checked<()> {
        let (name, diff) = (self.name, size - good_to);
        if job != Job::Fix {
            return console
                .stop(format_args!("AOF {name} is not valid. Use the --fix option to try fixing it."));
        }
        if !self.last {
            return console
                .stop(format_args!("Failed to truncate AOF {name} because it is not the last file"));
        }
        console.say(format_args!(
            "This will shrink the AOF {name} from {size} bytes, with {diff} bytes, to {good_to} bytes"
        ));
        if !console.agrees("Continue? [y/N]: ") {
            return console.stop("Aborting...");
        }
        if let Err(error) = shorten(self.file, size, good_to) {
            return console.stop(format_args!("Failed to truncate AOF {name}: {}", reason(&error)));
        }
        console.say(format_args!("Successfully truncated AOF {name}"));
        Ok(())
    }
}

/// What was read last.
enum Seen {
    Request { words: u64 },
    Timestamp(i64),
    End,
}

fn next<R: Read>(reader: &mut Reader<R>) -> Result<Seen, persist::Error> {
    reader.next().map(|item| match item {
        Some(Item::Request(argv)) => Seen::Request { words: argv.len() as u64 },
        Some(Item::Timestamp(seconds)) => Seen::Timestamp(seconds),
        None => Seen::End,
    })
}

/// Reads to the end, to what is wrong, or to a timestamp later than `limit`.
fn read<R: Read>(mut reader: Reader<R>, limit: Option<i64>) -> Found {
    let mut found = Found { line: 1, ..Found::default() };
    // The line behind what was read, and the one up to which marks make sure of everything.
    let (mut line, mut proven) = (1, 1);
    loop {
        let seen = next(&mut reader);
        if reader.marks_checked() > found.marks {
            (found.marks, proven) = (reader.marks_checked(), found.line);
        }
        match seen {
            Ok(Seen::Request { words }) => {
                found.requests += 1;
                line += 1 + 2 * words;
            }
            Ok(Seen::Timestamp(seconds)) if limit.is_some_and(|limit| seconds > limit) => {
                found.late = Some(reader.good_to().min(reader.item_start()));
                break;
            }
            Ok(Seen::Timestamp(seconds)) => {
                found.first = found.first.or(Some(seconds));
                found.latest = found.latest.max(Some(seconds));
            }
            Ok(Seen::End) => break,
            Err(error) => {
                if reader.good_to() < found.good_to {
                    found.line = proven;
                }
                found.trouble = Some(error);
                break;
            }
        }
        if reader.good_to() == reader.offset() {
            (found.good_to, found.line) = (reader.good_to(), line);
        }
    }
    found.good_to = reader.good_to();
    found.uncovered = reader.marks().uncovered();
    found.evidence = Some(reader.evidence());
    found
}

impl Found {
    fn say_judgement(&self, console: &mut Console<'_>) {
        if let Some(hole) = self.torn {
            console.say(format_args!(
                "[info] a torn end: bytes at offset {hole} were lost, as when the power goes, and no checksum tells that \
                 they were synced"
            ));
        } else if self.synced > 0 {
            let synced = self.synced;
            console.say(format_args!("[info] damage: the first {synced} bytes had been made durable"));
        }
    }

    fn say(&self, console: &mut Console<'_>) {
        console.say(format_args!("[info] {} requests", self.requests));
        if let (Some(first), Some(latest)) = (self.first, self.latest) {
            console.say(format_args!("[info] timestamps from {first} to {latest}"));
        }
        if self.marks > 0 {
            let (marks, uncovered) = (self.marks, self.uncovered);
            console.say(format_args!("[info] {marks} checksums OK, {uncovered} bytes behind the last one"));
        }
    }
}

/// Cuts a file, and waits until the disk has it. Not if it has changed since it was read: then a server is writing it.
fn shorten(file: &Path, size: u64, to: u64) -> std::io::Result<()> {
    let opened = OpenOptions::new().write(true).open(file)?;
    if opened.metadata()?.len() != size {
        return Err(std::io::Error::other("it has changed meanwhile: is a server running?"));
    }
    opened.set_len(to)?;
    opened.sync_all()
}
