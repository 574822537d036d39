//! The programs as functions: arguments in, lines and an exit code out.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use persist::aof::{Marks, encode};

use super::*;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("redstart-check-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder for tests");
        Folder(folder)
    }

    /// Writes a file.
    fn with(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, bytes).expect("a file for tests");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a program: whether it was content, and what it said, the folder of the files left out.
fn said(program: Program, args: &[&str], file: &Path, answers: &str) -> (bool, String) {
    let mut args: Vec<Vec<u8>> = args.iter().map(|arg| arg.as_bytes().to_vec()).collect();
    args.insert(0, b"check".to_vec());
    args.push(file.as_os_str().as_bytes().to_vec());
    let (mut out, mut answers) = (Vec::new(), answers.as_bytes());
    let done = program(&args, &mut Console { out: &mut out, answers: &mut answers });
    let folder = format!("{}/", file.parent().expect("a folder").display());
    (done.is_ok(), String::from_utf8(out).expect("text").replace(&folder, ""))
}

fn looked(file: &Path) -> (bool, String) {
    said(aof::main, &[], file, "")
}

#[track_caller]
fn check(done: (bool, String), content: bool, expected: &str) {
    assert_eq!(done.1.trim_end(), expected.trim_end());
    assert_eq!(done.0, content);
}

fn set(key: &str, value: &str) -> Vec<u8> {
    let mut to = Vec::new();
    encode::request(&mut to, [&b"set"[..], key.as_bytes(), value.as_bytes()]);
    to
}

const PREAMBLE: &[u8] = b"REDIS0011\xfa\x05ctime\xc2\x00\x00\x00\x60\xfe\x00\xfb\x02\x01\x00\x01a\x01b\
    \xfc\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01c\x01d\xff\0\0\0\0\0\0\0\0";

const PREAMBLE_SAID: &str = "\
[offset 0] Checking RDB file f
[offset 21] AUX FIELD ctime = '1610612736'
[offset 21] Selecting DB ID 0
[offset 54] RDB file was saved with checksum disabled: no check performed.
[offset 54] \\o/ RDB looks OK! \\o/
[info] 2 keys read
[info] 1 expires
[info] 1 already expired
[info] 0 functions
[info] 1 databases with keys
[info] type            keys     expires      elements           bytes
[info] string             2           1             2              19
";

#[test]
fn a_good_file() {
    let folder = Folder::new();
    let file = folder.with("f", &[set("foo", "hello"), set("bar", "world")].concat());
    check(
        looked(&file),
        true,
        "Start checking Old-Style AOF\n\
         AOF analyzed: filename=f, size=66, ok_up_to=66, ok_up_to_line=15, diff=0\n\
         [info] 2 requests\n\
         AOF f is valid",
    );
    check(looked(&folder.with("f", b"")), true, "Start checking Old-Style AOF\nAOF f is empty");
}

#[test]
fn damage_is_told_and_nothing_is_written() {
    let folder = Folder::new();
    let bytes = [&set("foo", "hello")[..], b"!!!"].concat();
    let file = folder.with("f", &bytes);
    check(
        looked(&file),
        false,
        "Start checking Old-Style AOF\n\
         0x              21: neither a request nor an annotation\n\
         AOF f format error\n\
         AOF analyzed: filename=f, size=36, ok_up_to=33, ok_up_to_line=8, diff=3\n\
         [info] 1 requests\n\
         AOF f is not valid. Use the --fix option to try fixing it.",
    );
    let (content, lines) = said(aof::main, &["--fix"], &file, "no\n");
    assert!(!content && lines.ends_with("Continue? [y/N]: Aborting...\n"), "{lines}");
    assert_eq!(std::fs::read(&file).expect("there"), bytes);
}

#[test]
fn a_cut_file_is_mended_after_a_question() {
    let folder = Folder::new();
    let mut multi = set("foo", "hello");
    encode::multi(&mut multi);
    multi.extend_from_slice(&set("bar", "world"));
    let file = folder.with("f", &multi);
    let (content, lines) = said(aof::main, &["--fix"], &file, "y\n");
    assert!(content);
    assert!(
        lines.contains(
            "0x              51: the file ends inside of the MULTI that begins at 33\n\
             AOF analyzed: filename=f, size=81, ok_up_to=33, ok_up_to_line=8, diff=48\n"
        ),
        "{lines}"
    );
    assert!(lines.ends_with(
        "This will shrink the AOF f from 81 bytes, with 48 bytes, to 33 bytes\n\
         Continue? [y/N]: Successfully truncated AOF f\n"
    ));
    assert_eq!(std::fs::read(&file).expect("there"), set("foo", "hello"));
}

#[test]
fn checksums_are_counted_and_compared() {
    let folder = Folder::new();
    let (mut bytes, mut marks) = (Vec::new(), Marks::new(0));
    for n in 0..3 {
        let request = set("foo", &n.to_string());
        bytes.extend_from_slice(&request);
        marks.add(&request);
        if n < 2 {
            marks.mark(&mut bytes);
        }
    }
    let (content, lines) = looked(&folder.with("f", &bytes));
    assert!(content && lines.contains("[info] 2 checksums OK, 29 bytes behind the last one\n"), "{lines}");
    let second = bytes.windows(6).rposition(|six| six == b"$1\r\n1\r").expect("there") + 4;
    bytes[second] = b'7';
    let (content, lines) = looked(&folder.with("f", &bytes));
    assert!(!content && lines.contains("ok_up_to=55, ok_up_to_line=8,"), "{lines}");
    assert!(lines.contains("a checksum that is not that of the bytes 55 to 84 before it\n"), "{lines}");
}

#[test]
fn a_hole_that_the_power_left_is_no_damage() {
    let folder = Folder::new();
    for synced in [29, 600] {
        let (mut bytes, mut marks) = (set("foo", "1"), Marks::new(0));
        marks.add(&bytes.clone());
        marks.mark_synced(&mut bytes, 29);
        let good = bytes.len();
        let rest = [set("foo", &"x".repeat(1200)), set("foo", "2")].concat();
        marks.add(&rest);
        bytes.extend_from_slice(&rest);
        marks.mark_synced(&mut bytes, synced);
        bytes[512..1024].fill(0);
        let file = folder.with("f", &bytes);
        let (content, lines) = looked(&file);
        assert!(!content && lines.contains(&format!("ok_up_to={good}, ok_up_to_line=8,")), "{lines}");
        let torn = lines.contains("[info] a torn end: bytes at offset 512 were lost");
        let damage = lines.contains("[info] damage: the first 600 bytes had been made durable");
        assert_eq!((torn, damage), (synced == 29, synced == 600), "{lines}");
    }
}

#[test]
fn files_with_a_preamble() {
    let folder = Folder::new();
    let file = folder.with("f", &[PREAMBLE, &set("foo", "hello")].concat());
    check(
        looked(&file),
        true,
        &format!(
            "Start checking Old-Style AOF\n{PREAMBLE_SAID}\
             RDB preamble is OK, proceeding with AOF tail...\n\
             AOF analyzed: filename=f, size=87, ok_up_to=87, ok_up_to_line=8, diff=0\n\
             [info] 1 requests\n\
             AOF f is valid"
        ),
    );
    let (content, lines) = looked(&folder.with("f", &PREAMBLE[..30]));
    assert!(!content && lines.ends_with("RDB preamble of AOF file is not sane, aborting.\n"), "{lines}");
}

#[test]
fn snapshots() {
    let folder = Folder::new();
    let file = folder.with("f", PREAMBLE);
    check(said(rdb::main, &[], &file, ""), true, PREAMBLE_SAID);
    check(
        said(rdb::main, &[], &folder.with("f", &[PREAMBLE, b"xyz"].concat()), ""),
        true,
        &format!("{PREAMBLE_SAID}[info] 3 bytes follow the end of the snapshot"),
    );
    let (content, lines) = said(rdb::main, &[], &folder.with("f", &PREAMBLE[..40]), "");
    assert!(!content);
    assert!(
        lines.contains(
            "--- RDB ERROR DETECTED ---\n[offset 40] the input ends too early\n[info] 1 keys read\n"
        ),
        "{lines}"
    );
    check(
        said(rdb::main, &[], &folder.0.join("none"), ""),
        false,
        "Cannot open file none: No such file or directory",
    );
}

const MANIFEST: &str = "file base seq 1 type b\nfile one seq 1 type i\nfile two seq 2 type i\n";

#[test]
fn manifests() {
    let folder = Folder::new();
    let manifest = folder.with("m.manifest", MANIFEST.as_bytes());
    folder.with("base", &set("a", "b"));
    folder.with("one", b"");
    folder.with("two", &set("c", "d"));
    let all = "Start checking Multi Part AOF\n\
        Start to check BASE AOF (RESP format).\n\
        AOF analyzed: filename=base, size=27, ok_up_to=27, ok_up_to_line=8, diff=0\n\
        [info] 1 requests\n\
        BASE AOF base is valid\n\
        Start to check INCR files.\n\
        INCR AOF one is empty\n\
        AOF analyzed: filename=two, size=27, ok_up_to=27, ok_up_to_line=8, diff=0\n\
        [info] 1 requests\n\
        INCR AOF two is valid\n\
        All AOF files and manifest are valid\n";
    check(looked(&manifest), true, all);
    folder.with("one", b"*1\r\n");
    let (content, lines) = said(aof::main, &["--fix"], &manifest, "y\n");
    assert!(
        !content && lines.ends_with("Failed to truncate AOF one because it is not the last file\n"),
        "{lines}"
    );
    folder.with("one", b"");
    folder.with("two", b"*1\r\n");
    let (content, lines) = said(aof::main, &["--fix"], &manifest, "y\n");
    assert!(
        content && lines.ends_with("Successfully truncated AOF two\nAll AOF files and manifest are valid\n")
    );
    std::fs::remove_file(folder.0.join("one")).expect("there");
    let (content, lines) = looked(&manifest);
    assert!(
        !content && lines.contains("Cannot open file one: No such file or directory, aborting..."),
        "{lines}"
    );
    let broken = folder.with("m.manifest", format!("{MANIFEST}!!!\n").as_bytes());
    check(
        looked(&broken),
        false,
        "Start checking Multi Part AOF\n\n*** FATAL AOF MANIFEST FILE ERROR ***\n\n\
         Reading the manifest file, at line 4\n\n>>> '!!!'\n\nInvalid AOF manifest file format",
    );
}

#[test]
fn truncation_to_a_timestamp() {
    let folder = Folder::new();
    let mut bytes = Vec::new();
    for second in [5, 7, 9] {
        encode::timestamp(&mut bytes, second);
        bytes.extend_from_slice(&set("at", &second.to_string()));
    }
    let one = bytes.len() / 3;
    let file = folder.with("f", &bytes);
    let cut = |seconds: &str, file: &Path| said(aof::main, &["--truncate-to-timestamp", seconds], file, "");
    check(
        cut("9", &file),
        true,
        "Start checking Old-Style AOF\nTruncate nothing in AOF f to timestamp 9\nAOF f is valid",
    );
    check(cut("8", &file), true, "Start checking Old-Style AOF\nSuccessfully truncated AOF f to timestamp 8");
    assert_eq!(std::fs::read(&file).expect("there"), bytes[..2 * one]);
    check(
        cut("4", &file),
        false,
        "Start checking Old-Style AOF\nAOF f has nothing before timestamp 4, aborting...",
    );
    check(cut("x", &file), false, "Invalid timestamp, aborting...");
    folder.with("base", &bytes);
    folder.with("one", b"");
    folder.with("two", b"");
    let (content, lines) = cut("8", &folder.with("m", MANIFEST.as_bytes()));
    assert!(!content);
    let why = format!(
        "Failed to truncate AOF base to timestamp 8 to offset {} because it is not the last file.",
        2 * one
    );
    assert!(lines.contains(&why), "{lines}");
    // Inside of a MULTI: it goes as a whole.
    let mut multi = set("a", "b");
    let before = multi.len();
    encode::multi(&mut multi);
    encode::timestamp(&mut multi, 9);
    encode::exec(&mut multi);
    let file = folder.with("f", &multi);
    assert!(cut("8", &file).0);
    assert_eq!(std::fs::read(&file).expect("there"), multi[..before]);
}

#[test]
fn odd_arguments_are_errors_and_nothing_worse() {
    let folder = Folder::new();
    for name in ["none", &"x".repeat(300), &"y/".repeat(4000), "a\0b", ""] {
        for program in [aof::main as Program, rdb::main] {
            let mut out = Vec::new();
            let args = [b"check".to_vec(), name.as_bytes().to_vec()];
            let done = program(&args, &mut Console { out: &mut out, answers: &mut &b""[..] });
            assert_eq!(done, Err(Stopped));
            assert!(out.starts_with(b"Cannot open file "), "{}", out.escape_ascii());
        }
    }
    check((said(aof::main, &[], &folder.0, "").0, String::new()), false, "");
    for args in [&[][..], &["--fix", "a", "b"], &["--repair", "a"], &["a", "b", "c", "d"]] {
        let args: Vec<Vec<u8>> =
            std::iter::once(&"check").chain(args).map(|arg| arg.as_bytes().to_vec()).collect();
        let mut out = Vec::new();
        let done = aof::main(&args, &mut Console { out: &mut out, answers: &mut &b""[..] });
        assert_eq!(done, Err(Stopped));
        assert!(out.starts_with(b"Usage: check [--fix|--truncate-to-timestamp $timestamp] <file"));
    }
}
