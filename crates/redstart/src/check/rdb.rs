//! `redstart-check-rdb FILE`: reads a snapshot as the server would, keeps nothing, tells what was in it.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use keyspace::{Keyspace, Seed};
use persist::Modules;
use persist::file::{Item, Loader, Options};

use super::progress::Progress;
use super::summary::Summary;
use super::{Checked, Console, Stopped, VERSION, open, own_name, path, reason};

/// The program. `args` begins with its name.
pub fn main(args: &[Vec<u8>], console: &mut Console<'_>) -> Checked<()> {
    let usage = format!("Usage: {} <rdb-file-name>", own_name(args, "redstart-check-rdb"));
    match args.get(1..).unwrap_or_default() {
        [arg] if matches!(&arg[..], b"-v" | b"--version") => {
            console.say(format_args!("redstart-check-rdb {VERSION}"))
        }
        [arg] if matches!(&arg[..], b"-h" | b"--help") => console.say(usage),
        [name] => return check_file(path(name), console),
        _ => return console.stop(usage),
    }
    Ok(())
}

fn check_file(file: &Path, console: &mut Console<'_>) -> Checked<()> {
    let (opened, size) = match open(file) {
        Ok(opened) => opened,
        Err(error) => {
            return console.stop(format_args!("Cannot open file {}: {}", file.display(), reason(&error)));
        }
    };
    let rest = check(file, &opened, size, console)?;
    if rest.offset < size {
        let more = size - rest.offset;
        console.say(format_args!("[info] {more} bytes follow the end of the snapshot"));
    }
    Ok(())
}

/// What follows a snapshot.
pub struct Rest<'a> {
    /// Bytes that were read ahead.
    pub ahead: Vec<u8>,
    pub source: Progress<&'a File>,
    /// Where the snapshot ends.
    pub offset: u64,
}

/// Reads a whole snapshot from the start of a file.
pub fn check<'a>(file: &Path, opened: &'a File, size: u64, console: &mut Console<'_>) -> Checked<Rest<'a>> {
    console.say(format_args!("[offset 0] Checking RDB file {}", file.display()));
    let mut summary = Summary::default();
    match read(Progress::new(opened, file, size), size, &mut summary, console) {
        Ok(loader) => {
            let offset = loader.offset();
            console.say(format_args!("[offset {offset}] {}", checksum(opened, offset, loader.version().0)));
            console.say(format_args!("[offset {offset}] \\o/ RDB looks OK! \\o/"));
            summary.say_totals(console);
            summary.say_types(console);
            let (ahead, source) = loader.into_rest();
            Ok(Rest { ahead, source, offset })
        }
        Err(error) => {
            console.say("--- RDB ERROR DETECTED ---");
            console.say(format_args!("[offset {}] {}", error.offset, error.what));
            summary.say_totals(console);
            Err(Stopped)
        }
    }
}

fn read<R: Read>(
    source: R,
    size: u64,
    summary: &mut Summary,
    console: &mut Console<'_>,
) -> Result<Loader<R>, persist::Error> {
    let options = Options {
        any_version: false,
        checksum: true,
        modules: Modules::Skip,
        check_duplicates: true,
        databases: u32::MAX,
    };
    // Nothing is put into it: decoding asks for its limits.
    let env = Keyspace::new(1, Seed { k0: 0, k1: 0 }, 0).env;
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let mut loader = Loader::new(source, Some(size), options)?;
    let mut database = None;
    loop {
        let before = loader.offset();
        let item = loader.next(&env)?;
        let offset = loader.offset();
        match item {
            Item::End => return Ok(loader),
            Item::Aux { name, value } => {
                let (name, value) = (name.escape_ascii(), value.escape_ascii());
                console.say(format_args!("[offset {offset}] AUX FIELD {name} = '{value}'"));
            }
            Item::Sizes { db, .. } => selected(db, &mut database, before, console),
            Item::Function(_) => summary.add_function(),
            Item::Record(record) => {
                selected(record.db, &mut database, before, console);
                summary.add(&record, offset - before, now_ms);
            }
            Item::OfModule => summary.add_of_module(offset - before),
            Item::Empty { .. } => summary.add_empty(offset - before),
        }
    }
}

fn selected(db: u32, database: &mut Option<u32>, offset: u64, console: &mut Console<'_>) {
    if database.replace(db) != Some(db) {
        console.say(format_args!("[offset {offset}] Selecting DB ID {db}"));
    }
}

/// The loader has compared it. `end`: where the snapshot ends.
fn checksum(file: &File, end: u64, version: u16) -> &'static str {
    let mut sum = [0; 8];
    match file.read_exact_at(&mut sum, end.saturating_sub(8)) {
        Ok(()) if version >= 5 && sum != [0; 8] => "Checksum OK",
        _ => "RDB file was saved with checksum disabled: no check performed.",
    }
}
