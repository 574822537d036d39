//! `redstart-check-aof [--fix | --truncate-to-timestamp N] FILE`: a manifest and all its files, or a single file.

use std::io::Read;
use std::path::Path;

use persist::aof::is_preamble;
use persist::aof::manifest::{Manifest, Refused, Role};

use super::part::{Job, Part};
use super::{Checked, Console, VERSION, open, own_name, path, reason};

/// Bytes of a file that tell what it is.
const HEAD: u64 = 64 << 10;
/// Longest manifest that is read, in bytes: some hundred thousand files.
const LONGEST_MANIFEST: u64 = 16 << 20;

/// What the user asks for.
struct Wish<'a> {
    job: Job,
    file: &'a Path,
}

/// The program. `args` begins with its name.
pub fn main(args: &[Vec<u8>], console: &mut Console<'_>) -> Checked<()> {
    let name = own_name(args, "redstart-check-aof");
    let usage = format!("Usage: {name} [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>");
    let args: Vec<&[u8]> = args.iter().skip(1).map(Vec::as_slice).collect();
    let wish = match &args[..] {
        [b"-v" | b"--version"] => {
            console.say(format_args!("redstart-check-aof {VERSION}"));
            return Ok(());
        }
        [b"-h" | b"--help"] => {
            console.say(usage);
            return Ok(());
        }
        [file] => Wish { job: Job::Look, file: path(file) },
        [b"--fix", file] => Wish { job: Job::Fix, file: path(file) },
        [b"--truncate-to-timestamp", seconds, file] => match stdx::num::parse_i64(seconds) {
            Some(seconds) => Wish { job: Job::CutAt(seconds), file: path(file) },
            None => return console.stop("Invalid timestamp, aborting..."),
        },
        _ => return console.stop(usage),
    };
    let head = head(wish.file, console)?;
    match is_manifest(&head) {
        true => check_manifest(&wish, console),
        false => check_single(&wish, is_preamble(&head), console),
    }
}

/// The first bytes of a file.
fn head(file: &Path, console: &mut Console<'_>) -> Checked<Vec<u8>> {
    read_up_to(file, HEAD).or_else(|error| {
        console.stop(format_args!("Cannot open file {}: {}", file.display(), reason(&error)))
    })
}

fn read_up_to(file: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(file)?.0.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether the first line that is no comment is that of a manifest.
fn is_manifest(head: &[u8]) -> bool {
    let first = head.split(|byte| *byte == b'\n').find(|line| line.first() != Some(&b'#'));
    first.is_some_and(|line| line.starts_with(b"file"))
}

fn check_single(wish: &Wish<'_>, preamble: bool, console: &mut Console<'_>) -> Checked<()> {
    console.say("Start checking Old-Style AOF");
    let name = wish.file.display().to_string();
    Part { kind: "AOF", name: &name, file: wish.file, last: true, preamble }.check(wish.job, console)
}

fn check_manifest(wish: &Wish<'_>, console: &mut Console<'_>) -> Checked<()> {
    console.say("Start checking Multi Part AOF");
    let manifest = read_manifest(wish.file, console)?;
    let folder = wish.file.parent().unwrap_or(Path::new(""));
    let count = manifest.loaded().count();
    let mut in_increments = false;
    for (n, (role, part)) in manifest.loaded().enumerate() {
        let file = folder.join(path(&part.name));
        let name = String::from_utf8_lossy(&part.name);
        let preamble = role == Role::Base && is_preamble(&head(&file, console)?);
        let kind = match role {
            Role::Base => {
                let format = if preamble { "RDB" } else { "RESP" };
                console.say(format_args!("Start to check BASE AOF ({format} format)."));
                "BASE AOF"
            }
            _ => {
                if !std::mem::replace(&mut in_increments, true) {
                    console.say("Start to check INCR files.");
                }
                "INCR AOF"
            }
        };
        Part { kind, name: &name, file: &file, last: n + 1 == count, preamble }.check(wish.job, console)?;
    }
    console.say("All AOF files and manifest are valid");
    Ok(())
}

fn read_manifest(file: &Path, console: &mut Console<'_>) -> Checked<Manifest> {
    let bytes = match read_up_to(file, LONGEST_MANIFEST) {
        Ok(bytes) => bytes,
        Err(error) => {
            return console.stop(format_args!("Cannot read file: {}: {}", file.display(), reason(&error)));
        }
    };
    Manifest::parse(&bytes).or_else(|refused| {
        let Refused { line, text, what } = refused;
        console.say("\n*** FATAL AOF MANIFEST FILE ERROR ***\n");
        if line > 0 {
            console.say(format_args!("Reading the manifest file, at line {line}\n"));
            console.say(format_args!(">>> '{}'\n", text.escape_ascii()));
        }
        console.stop(what)
    })
}
