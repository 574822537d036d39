//! The manifest: which files there are, in which order they are loaded, and which of them are no longer needed.
//!
//! ```text
//!   file appendonly.aof.2.base.rdb seq 2 type b       the data set as it was at the last rewrite: at most one
//!   file appendonly.aof.1.incr.aof seq 1 type h       history: what a rewrite made superfluous, to be deleted
//!   file appendonly.aof.2.incr.aof seq 2 type i       increments: loaded in this order, the last one is appended to
//! ```
//!
//! There is no checksum in it: the peers would pass over one, but tools count the lines of this file and take its last one
//! for the current increment.
//!
//! **Invariants.** (1) Sequence numbers are positive; those of increments ascend. (2) `base_seq` and `incr_seq` are not below
//! those of the files. (3) What [`Manifest::to_bytes`] gives, [`Manifest::parse`] reads as the same manifest.

use std::fmt;

use stdx::num::{parse_u64, write_u64};

/// Longest line, in bytes, its end included.
pub const LONGEST_LINE: usize = 1024;

/// Highest number of a file that is read: there are always higher ones to be given.
const MAX_SEQ: u64 = 1 << 62;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Base,
    History,
    Increment,
}

impl Role {
    fn letter(self) -> u8 {
        match self {
            Role::Base => b'b',
            Role::History => b'h',
            Role::Increment => b'i',
        }
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name within the folder of append-only files.
    pub name: Vec<u8>,
    pub seq: u64,
}

/// See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    base: Option<Part>,
    history: Vec<Part>,
    increments: Vec<Part>,
    /// The highest numbers that were given so far.
    base_seq: u64,
    incr_seq: u64,
}

/// A manifest that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// From 1; 0 if it is not about a line.
    pub line: usize,
    /// The line at fault, without white space around it.
    pub text: Vec<u8>,
    /// As the peers say it.
    pub what: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if self.line > 0 {
            write!(f, " (line {}: '{}')", self.line, self.text.escape_ascii())?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

const FORMAT: &str = "Invalid AOF manifest file format";

/// `NAME.manifest`.
pub fn file_name(stem: &[u8]) -> Vec<u8> {
    [stem, b".manifest"].concat()
}

/// The name under which a manifest is written before it takes the place of the old one.
pub fn temporary_file_name(stem: &[u8]) -> Vec<u8> {
    [b"temp-", stem, b".manifest"].concat()
}

/// `NAME.3.incr.aof`.
fn numbered(stem: &[u8], seq: u64, suffix: &[u8]) -> Vec<u8> {
    let mut name = stem.to_vec();
    name.push(b'.');
    write_u64(&mut name, seq);
    name.extend_from_slice(suffix);
    name
}

/// Whether it names a file without saying where: files of a manifest lie beside it.
fn is_bare(name: &[u8]) -> bool {
    !name.is_empty() && !name.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0))
}

impl Manifest {
    /// Of a single file of an older server, which was no manifest's yet: it becomes the base.
    pub fn of_single_file(name: &[u8]) -> Self {
        let base = Some(Part { name: name.to_vec(), seq: 1 });
        Manifest { base, base_seq: 1, ..Manifest::default() }
    }

    pub fn base(&self) -> Option<&Part> {
        self.base.as_ref()
    }

    pub fn increments(&self) -> &[Part] {
        &self.increments
    }

    pub fn history(&self) -> &[Part] {
        &self.history
    }

    /// Whether it names no file at all.
    pub fn is_empty(&self) -> bool {
        self.base.is_none() && self.history.is_empty() && self.increments.is_empty()
    }

    /// The files that are loaded, in their order.
    pub fn loaded(&self) -> impl Iterator<Item = (Role, &Part)> {
        let base = self.base.iter().map(|part| (Role::Base, part));
        base.chain(self.increments.iter().map(|part| (Role::Increment, part)))
    }

    /// A new increment at the end; its name. `stem`: `appendfilename`.
    pub fn add_increment(&mut self, stem: &[u8]) -> &Part {
        let name = loop {
            self.incr_seq = self.incr_seq.saturating_add(1);
            let name = numbered(stem, self.incr_seq, b".incr.aof");
            // What is history may be there still, and is to be deleted.
            if self.history.iter().all(|part| part.name != name) {
                break name;
            }
        };
        self.increments.push(Part { name, seq: self.incr_seq });
        &self.increments[self.increments.len() - 1]
    }

    /// The name that the next base will have. `rdb`: whether it is a snapshot.
    pub fn next_base(&self, stem: &[u8], rdb: bool) -> Vec<u8> {
        let suffix: &[u8] = if rdb { b".base.rdb" } else { b".base.aof" };
        numbered(stem, self.base_seq.saturating_add(1), suffix)
    }

    /// A new base: the old one and all increments but the `keep` last ones, which were not in the data set when the base was
    /// begun, become history. The name is that of [`Manifest::next_base`].
    pub fn replace_base(&mut self, stem: &[u8], rdb: bool, keep: usize) {
        let name = self.next_base(stem, rdb);
        self.base_seq = self.base_seq.saturating_add(1);
        let old = self.base.replace(Part { name, seq: self.base_seq });
        let done = self.increments.len().saturating_sub(keep);
        // In front of what is there, as the peers order it.
        let superfluous = self.increments.drain(..done).chain(old);
        self.history.splice(0..0, superfluous);
    }

    /// Forgets the history; whoever calls deletes the files. Increments are counted from 1 again if there are none, as the
    /// peers do.
    pub fn take_history(&mut self) -> Vec<Part> {
        if self.increments.is_empty() {
            self.incr_seq = 0;
        }
        std::mem::take(&mut self.history)
    }

    /// As it is written: base, history, increments.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Vec::new();
        let history = self.history.iter().map(|part| (Role::History, part));
        let base = self.base.iter().map(|part| (Role::Base, part));
        let increments = self.increments.iter().map(|part| (Role::Increment, part));
        for (role, part) in base.chain(history).chain(increments) {
            to.extend_from_slice(b"file ");
            write_name(&mut to, &part.name);
            to.extend_from_slice(b" seq ");
            write_u64(&mut to, part.seq);
            to.extend_from_slice(b" type ");
            to.extend_from_slice(&[role.letter(), b'\n']);
        }
        to
    }

    /// Reads one. Lines that begin with `#` are comments; further pairs of words in a line are of newer servers, and are
    /// passed over. `O(bytes)`.
    pub fn parse(bytes: &[u8]) -> Result<Manifest, Refused> {
        let mut manifest = Manifest::default();
        if bytes.is_empty() {
            return Err(refused(0, b"", "Found an empty AOF manifest"));
        }
        for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if line.first() == Some(&b'#') && line.len() <= LONGEST_LINE {
                continue;
            }
            let text = line.trim_ascii();
            let refuse = |what| refused(number + 1, text, what);
            if line.len() > LONGEST_LINE || line.last() != Some(&b'\n') {
                return Err(refused(number + 1, b"", "The AOF manifest file contains too long line"));
            }
            let (role, part) = parse_line(text).map_err(refuse)?;
            manifest.add(role, part).map_err(refuse)?;
        }
        Ok(manifest)
    }

    fn add(&mut self, role: Role, part: Part) -> Result<(), &'static str> {
        match role {
            Role::Base if self.base.is_some() => return Err("Found duplicate base file information"),
            Role::Base => {
                self.base_seq = part.seq;
                self.base = Some(part);
            }
            Role::History => self.history.push(part),
            Role::Increment if part.seq <= self.incr_seq => {
                return Err("Found a non-monotonic sequence number");
            }
            Role::Increment => {
                self.incr_seq = part.seq;
                self.increments.push(part);
            }
        }
        Ok(())
    }
}

fn refused(line: usize, text: &[u8], what: &'static str) -> Refused {
    Refused { line, text: text.to_vec(), what }
}

/// In quotes if it would not be read as one word otherwise.
fn write_name(to: &mut Vec<u8>, name: &[u8]) {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if !name.is_empty() && name.iter().all(plain) {
        to.extend_from_slice(name);
    } else {
        stdx::words::quote(to, name);
    }
}

fn parse_line(text: &[u8]) -> Result<(Role, Part), &'static str> {
    let words = stdx::words::split(text).ok_or(FORMAT)?;
    if words.len() < 6 || words.len() % 2 != 0 {
        return Err(FORMAT);
    }
    let (mut name, mut seq, mut role) = (None, None, None);
    for pair in words.chunks_exact(2) {
        let (key, value) = (pair[0].to_ascii_lowercase(), &pair[1]);
        match &key[..] {
            b"file" if !is_bare(value) => return Err("File can't be a path, just a filename"),
            b"file" => name = Some(value.clone()),
            b"seq" => seq = parse_u64(value).filter(|seq| (1..=MAX_SEQ).contains(seq)),
            b"type" => role = Some(parse_role(value)),
            _ => {}
        }
    }
    match (name, seq, role) {
        (Some(name), Some(seq), Some(role)) => Ok((role?, Part { name, seq })),
        _ => Err(FORMAT),
    }
}

fn parse_role(text: &[u8]) -> Result<Role, &'static str> {
    match text {
        b"b" => Ok(Role::Base),
        b"h" => Ok(Role::History),
        b"i" => Ok(Role::Increment),
        _ => Err("Unknown AOF file type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STEM: &[u8] = b"appendonly.aof";

    fn text(manifest: &Manifest) -> String {
        String::from_utf8(manifest.to_bytes()).expect("ASCII")
    }

    #[test]
    fn a_life_of_rewrites() {
        let mut manifest = Manifest::default();
        assert!(manifest.is_empty() && text(&manifest).is_empty());
        manifest.replace_base(STEM, true, 0);
        manifest.add_increment(STEM);
        let first =
            "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
        assert_eq!(text(&manifest), first);
        // A rewrite that failed leaves an increment behind.
        manifest.add_increment(STEM);
        assert_eq!(manifest.add_increment(STEM).name, b"appendonly.aof.3.incr.aof");
        assert_eq!(manifest.next_base(STEM, false), b"appendonly.aof.2.base.aof");
        manifest.replace_base(STEM, false, 1);
        assert_eq!(
            text(&manifest),
            "file appendonly.aof.2.base.aof seq 2 type b\n\
             file appendonly.aof.1.incr.aof seq 1 type h\n\
             file appendonly.aof.2.incr.aof seq 2 type h\n\
             file appendonly.aof.1.base.rdb seq 1 type h\n\
             file appendonly.aof.3.incr.aof seq 3 type i\n"
        );
        assert_eq!(Manifest::parse(&manifest.to_bytes()).as_ref(), Ok(&manifest));
        assert_eq!(manifest.take_history().len(), 3);
        let loaded: Vec<_> = manifest.loaded().map(|(role, part)| (role, part.seq)).collect();
        assert_eq!(loaded, [(Role::Base, 2), (Role::Increment, 3)]);
    }

    #[test]
    fn an_old_file_becomes_the_base() {
        let mut manifest = Manifest::of_single_file(STEM);
        assert_eq!(text(&manifest), "file appendonly.aof seq 1 type b\n");
        assert_eq!(manifest.next_base(STEM, true), b"appendonly.aof.2.base.rdb");
        manifest.add_increment(STEM);
        assert_eq!(manifest.increments()[0].name, b"appendonly.aof.1.incr.aof");
    }

    #[test]
    fn what_peers_write_and_accept() {
        let lines = b"# a comment\n\
            file appendonly.aof.2.base.rdb seq 2 type b newkey newvalue\n\
            FILE \"appendonly aof.2.incr\\x00.aof\" type i SEQ 7 startoffset 8 endoffset 11\n";
        assert_eq!(
            Manifest::parse(lines).map_err(|error| error.what),
            Err("File can't be a path, just a filename")
        );
        let lines = b"# a comment\r\n\
            file appendonly.aof.2.base.rdb seq 2 type b newkey newvalue\r\n\
            FILE \"append only\\\".aof\" type i SEQ 7 startoffset 8 endoffset 11\n";
        let mut manifest = Manifest::parse(lines).expect("fine");
        assert_eq!(manifest.increments(), [Part { name: b"append only\".aof".to_vec(), seq: 7 }]);
        assert_eq!(manifest.add_increment(b"x y").name, b"x y.8.incr.aof");
        assert!(
            text(&manifest).ends_with(
                "file \"append only\\\".aof\" seq 7 type i\nfile \"x y.8.incr.aof\" seq 8 type i\n"
            )
        );
        assert_eq!(Manifest::parse(&manifest.to_bytes()), Ok(manifest));
        // Comments alone are a manifest without files.
        assert!(Manifest::parse(b"#\n").is_ok_and(|manifest| manifest.is_empty()));
    }

    #[test]
    fn errors_are_the_peers() {
        let base = "file a.1.base.rdb seq 1 type b\n";
        let long = format!("{}\n", base.trim().repeat(40));
        for (line, bytes, what) in [
            (0, "", "Found an empty AOF manifest"),
            (1, "\n", FORMAT),
            (2, &format!("{base}\n"), FORMAT),
            (2, &format!("{base}{base}"), "Found duplicate base file information"),
            (1, "file a seq 1 type x\n", "Unknown AOF file type"),
            (1, "file a seq 1 type base\n", "Unknown AOF file type"),
            (1, "filx a seq 1 type b\n", FORMAT),
            (1, "file a type b\n", FORMAT),
            (1, "file a seq 0 type b\n", FORMAT),
            (1, "file a seq -1 type b\n", FORMAT),
            (1, "file a seq 1x type b\n", FORMAT),
            (1, "file a seq 4611686018427387905 type b\n", FORMAT),
            (1, "file a seq 99999999999999999999 type b\n", FORMAT),
            (1, "file a seq 1 type i newkey\n", FORMAT),
            (1, "file \"a seq 1 type i\n", FORMAT),
            (1, "file /a seq 1 type i\n", "File can't be a path, just a filename"),
            (1, "file ../a seq 1 type i\n", "File can't be a path, just a filename"),
            (1, "file \"\" seq 1 type i\n", "File can't be a path, just a filename"),
            (2, "file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number"),
            (1, "file a seq 2 type i", "The AOF manifest file contains too long line"),
            (1, &long, "The AOF manifest file contains too long line"),
        ] {
            let error = Manifest::parse(bytes.as_bytes()).expect_err(bytes);
            assert_eq!((error.line, error.what), (line, what), "{bytes}");
        }
        let error = Manifest::parse(b"#\n!!!\n").expect_err("no line of a manifest");
        assert_eq!(error.to_string(), "Invalid AOF manifest file format (line 2: '!!!')");
    }

    proptest! {
        #[test]
        fn names_survive(stem in prop::collection::vec(1u8.., 1..20), steps in 0usize..5) {
            prop_assume!(is_bare(&stem));
            let mut manifest = Manifest::of_single_file(&stem);
            for _ in 0..steps {
                manifest.add_increment(&stem);
            }
            manifest.replace_base(&stem, true, 1);
            prop_assert_eq!(Manifest::parse(&manifest.to_bytes()), Ok(manifest));
        }
    }
}
