//! Append-only files and manifests from anywhere: read to an end or to an offset, in whatever pieces they come, and what is
//! whole stays whole.

use std::io::Read;

use persist::aof::{Item, Manifest, Marks, Reader, encode};
use persist::{Error, Kind};

/// What a file says, and with which offset each item ends.
#[derive(Debug, PartialEq)]
struct Told {
    items: Vec<(Vec<Vec<u8>>, u64)>,
    good_to: u64,
    marks: Marks,
    error: Option<Error>,
}

fn read(source: impl Read) -> Told {
    let mut reader = Reader::new(source);
    let (mut items, mut before) = (Vec::new(), 0);
    let error = loop {
        let words: Vec<Vec<u8>> = match reader.next() {
            Ok(Some(Item::Request(argv))) => argv.iter().map(<[u8]>::to_vec).collect(),
            Ok(Some(Item::Timestamp(seconds))) => vec![format!("#{seconds}").into_bytes()],
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        assert!(!words.is_empty() && reader.item_start() >= before && reader.offset() > reader.item_start());
        before = reader.offset();
        items.push((words, before));
    };
    let marks = reader.marks();
    Told { items, good_to: reader.good_to(), marks, error }
}

/// Three bytes at a time.
struct Pieces<'a>(&'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = into.len().min(3);
        self.0.read(&mut into[..most])
    }
}

pub fn append_only(bytes: &[u8]) {
    let whole = read(bytes);
    assert_eq!(whole, read(Pieces(bytes)));
    assert!(whole.good_to <= bytes.len() as u64);
    if let Some(error) = &whole.error {
        assert!(error.offset <= bytes.len() as u64 && error.kind != Kind::Io, "{error}");
    } else {
        assert_eq!(whole.good_to, bytes.len() as u64);
    }
    go_on(bytes, whole);
}

/// What is whole is appended to, and read again.
fn go_on(bytes: &[u8], whole: Told) {
    let mut file = bytes[..whole.good_to as usize].to_vec();
    let Told { mut items, mut marks, good_to, .. } = whole;
    items.retain(|(_, end)| *end <= good_to);
    let mut more = Vec::new();
    encode::request(&mut more, [&b"SET"[..], b"k", b""]);
    marks.add(&more);
    marks.mark(&mut more);
    file.extend_from_slice(&more);
    let again = read(&file[..]);
    assert_eq!(again.error, None);
    assert_eq!((again.good_to, again.marks.uncovered()), (file.len() as u64, 0));
    assert_eq!(again.items[..items.len()], items);
    assert_eq!(again.items.len(), items.len() + 1);
}

/// What is read is written, and read as the same.
pub fn manifest(bytes: &[u8]) {
    let Ok(mut manifest) = Manifest::parse(bytes) else { return };
    let same = |manifest: &Manifest| {
        let text = manifest.to_bytes();
        let again = Manifest::parse(&text);
        // Without files there are no lines. What history there is says nothing about the numbers that were given.
        assert!(text.is_empty() || again.as_ref().map(Manifest::to_bytes) == Ok(text));
    };
    same(&manifest);
    manifest.add_increment(b"a b");
    manifest.replace_base(b"\xff\"", bytes.len() % 2 == 0, 1);
    same(&manifest);
    manifest.take_history();
    same(&manifest);
    assert_eq!(manifest.loaded().count(), 2);
}
