//! Append-only files: cut at every byte, damaged at every bit, of the peers, large ones.

use std::io::Read;

use keyspace::{Keyspace, Seed};
use persist::aof::{Item, Manifest, Marks, Reader, encode, is_preamble};
use persist::file::{self, Loader, Options};
use persist::{Error, Kind, Modules};

/// What a file says, as text.
type Told = Vec<String>;

struct Outcome {
    told: Told,
    /// Ends of the items in `told`.
    ends: Vec<u64>,
    good_to: u64,
    marks: Marks,
    checked: u64,
    ended: Result<(), Error>,
}

fn read_from<R: Read>(mut reader: Reader<R>) -> Outcome {
    let (mut told, mut ends) = (Vec::new(), Vec::new());
    let ended = loop {
        let line = match reader.next() {
            Ok(Some(Item::Request(argv))) => {
                argv.iter().map(|word| word.escape_ascii().to_string()).collect::<Vec<_>>().join(" ")
            }
            Ok(Some(Item::Timestamp(seconds))) => format!("at {seconds}"),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        told.push(line);
        ends.push(reader.offset());
    };
    if let Err(error) = &ended {
        assert_eq!(reader.next().map(|_| ()), Err(error.clone()), "an error stays");
    }
    let (checked, marks) = (reader.marks_checked(), reader.marks());
    Outcome { told, ends, good_to: reader.good_to(), marks, checked, ended }
}

fn read(bytes: &[u8]) -> Outcome {
    let outcome = read_from(Reader::new(bytes));
    assert!(outcome.good_to <= bytes.len() as u64);
    assert_eq!(outcome.marks.at(), outcome.good_to);
    outcome
}

/// A writer, and what it wrote: the offsets at which nothing is open.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    whole: Vec<usize>,
}

/// Items of all kinds, with a mark behind every `every`th group of them; 0 for none. `begun`: with one in front, too.
fn sample(every: usize, begun: bool) -> Written {
    let mut marks = Marks::new(0);
    let mut written = Written::default();
    if begun {
        marks.mark(&mut written.bytes);
        written.whole.push(written.bytes.len());
    }
    let groups: [fn(&mut Vec<u8>); 6] = [
        |to| encode::timestamp(to, 1_700_000_001),
        |to| encode::select(to, 3),
        |to| encode::request(to, [&b"SET"[..], b"k", b"v\r\n#CRC:1:0"]),
        |to| {
            encode::multi(to);
            encode::request(to, [&b"INCR"[..], b"a"]);
            encode::timestamp(to, 1_700_000_002);
            encode::request(to, [&b"APPEND"[..], b"b", &[b'x'; 120]]);
            encode::exec(to);
        },
        |to| to.extend_from_slice(b"# something else\r\n"),
        |to| encode::request(to, [&b"DEL"[..], b"", b"\0"]),
    ];
    for (n, group) in groups.iter().enumerate() {
        let before = written.bytes.len();
        group(&mut written.bytes);
        marks.add(&written.bytes[before..]);
        written.whole.push(written.bytes.len());
        if every > 0 && n % every == every - 1 {
            marks.mark(&mut written.bytes);
            written.whole.push(written.bytes.len());
        }
    }
    written
}

const TOLD: [&str; 9] = [
    "at 1700000001",
    "SELECT 3",
    "SET k v\\r\\n#CRC:1:0",
    "MULTI",
    "INCR a",
    "at 1700000002",
    "", // long, see below
    "EXEC",
    "DEL  \\x00",
];

fn all_told() -> Told {
    let mut told: Told = TOLD.iter().map(|line| (*line).to_owned()).collect();
    told[6] = format!("APPEND b {}", "x".repeat(120));
    told
}

#[test]
fn a_file_is_told_as_it_was_written() {
    for every in [0, 1, 2, 6] {
        let written = sample(every, false);
        let outcome = read(&written.bytes);
        assert_eq!((outcome.told, outcome.ended), (all_told(), Ok(())), "{every}");
        assert_eq!(outcome.good_to, written.bytes.len() as u64);
        assert_eq!(outcome.checked, 6u64.checked_div(every as u64).unwrap_or(0));
    }
}

#[test]
fn every_cut_gives_the_whole_items_before_it() {
    for every in [0, 1, 2, 3] {
        let written = sample(every, false);
        let whole = read(&written.bytes);
        for cut in 0..written.bytes.len() {
            let outcome = read(&written.bytes[..cut]);
            let items = whole.ends.iter().take_while(|end| **end <= cut as u64).count();
            assert_eq!(outcome.told, whole.told[..items], "{cut}");
            let good = written.whole.iter().copied().filter(|end| *end <= cut).max().unwrap_or(0);
            assert_eq!(outcome.good_to, good as u64, "{cut}");
            match outcome.ended {
                Ok(()) => assert_eq!(good, cut),
                Err(error) => assert_eq!((error.kind, good < cut), (Kind::Cut, true), "{cut}: {error}"),
            }
        }
    }
}

#[test]
fn a_writer_goes_on_where_the_file_is_whole() {
    for every in [0, 1, 2] {
        let written = sample(every, false);
        for cut in 0..=written.bytes.len() {
            let outcome = read(&written.bytes[..cut]);
            let (mut bytes, mut marks) = (written.bytes[..outcome.good_to as usize].to_vec(), outcome.marks);
            let mut more = Vec::new();
            encode::request(&mut more, [&b"PING"[..]]);
            marks.add(&more);
            marks.mark(&mut more);
            bytes.extend_from_slice(&more);
            let again = read(&bytes);
            assert_eq!(again.ended, Ok(()), "{cut}");
            assert_eq!(again.told.last().map(String::as_str), Some("PING"));
        }
    }
}

#[test]
fn every_flipped_bit_before_a_mark_is_found() {
    for (every, begun) in [(1, true), (2, false), (3, true), (6, false), (6, true)] {
        let (good, all) = (sample(every, begun).bytes, all_told());
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let outcome = read(&bad);
                let error = outcome.ended.expect_err(&format!("byte {at}, bit {bit}"));
                assert!(error.offset <= good.len() as u64);
                // What is believed is what was written, if a mark begins the file.
                let sound = outcome.ends.iter().take_while(|end| **end <= outcome.good_to).count();
                assert!(!begun || outcome.told[..sound] == all[..sound], "byte {at}, bit {bit}: {error}");
                // Only the line end of the last mark can look as if the file had been cut.
                assert!(error.kind == Kind::Corrupt || at + 2 >= good.len(), "byte {at}, bit {bit}: {error}");
            }
        }
    }
}

#[test]
fn reasons_and_places_are_told() {
    let checks: [(&[u8], Kind, u64, u64, &str); 10] = [
        (b"*1\r\n$1\r\na\r\n!!!", Kind::Corrupt, 11, 11, "neither a request nor an annotation"),
        (b"*1\r\n$1\r\na\r\n*1\r\n$5\r\nab", Kind::Cut, 21, 11, "ends inside of the item that begins at 11"),
        (b"*1\r\n$5\r\nMULTI\r\n*1\r\n$1\r\na\r\n", Kind::Cut, 26, 0, "MULTI that begins at 0"),
        (b"*1\r\n$5\r\nmulti\r\n*1\r\n$5\r\nMulti\r\n", Kind::Corrupt, 15, 0, "MULTI inside of a MULTI"),
        (b"*1\r\n$1\r\na\r\n*1\r\n$4\r\nexec\r\n", Kind::Corrupt, 11, 11, "EXEC without a MULTI"),
        (b"#TS:12x\r\n", Kind::Corrupt, 4, 0, "timestamp that is no number"),
        (b"#TS:12\r\n#CRC:7:0000000000000000\r\n", Kind::Corrupt, 8, 0, "one of another place"),
        (b"#TS:12\r\n#CRC:8:0000000000000000\r\n", Kind::Corrupt, 8, 0, "not that of the bytes 0 to 8"),
        (b"#CRC:0:0000000000000000\r\n*1\r\n$1\r\na\r\n!", Kind::Corrupt, 36, 25, "neither a request"),
        (b"*1\r\n$1\r\na\r\n\0\0\0\0\0", Kind::Cut, 11, 11, "only zero bytes follow"),
    ];
    for (bytes, kind, offset, good_to, what) in checks {
        let outcome = read(bytes);
        let error = outcome.ended.expect_err(what);
        assert!(error.what.contains(what), "{error}");
        assert_eq!((error.kind, error.offset, outcome.good_to), (kind, offset, good_to), "{error}");
    }
}

#[test]
fn zeros_at_the_end_are_no_damage_and_zeros_in_the_middle_are() {
    let item = b"*2\r\n$1\r\na\r\n$9\r\n123456789\r\n";
    for kept in 0..item.len() {
        let mut bytes = [&item[..], &item[..kept]].concat();
        bytes.extend_from_slice(&vec![0; 1_000_000]);
        let outcome = read(&bytes);
        assert_eq!(outcome.ended.map_err(|error| error.kind), Err(Kind::Cut), "{kept}");
        assert_eq!(outcome.good_to, item.len() as u64);
        bytes.extend_from_slice(item);
        assert_eq!(read(&bytes).ended.map_err(|error| error.kind), Err(Kind::Corrupt), "{kept}");
    }
}

#[test]
fn announced_sizes_cost_no_memory() {
    for bytes in [&b"*2147483647\r\n$4294967000\r\nabc"[..], b"*1\r\n$4294967000\r\nabc", b"*2147483647\r\n"]
    {
        assert_eq!(read(bytes).ended.map_err(|error| error.kind), Err(Kind::Cut));
    }
    let refused = read(b"*1\r\n$4294967295\r\n").ended.expect_err("too long");
    assert_eq!((refused.kind, refused.offset), (Kind::Corrupt, 5));
}

/// Gives so many bytes at a time, and an interruption now and then.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1 % 7 + 1;
        if self.1 == 3 {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let most = self.1.min(into.len());
        self.0.read(&mut into[..most])
    }
}

#[test]
fn words_larger_than_any_buffer_and_requests_of_very_many() {
    let mut bytes = Vec::new();
    let (large, small) = (vec![b'l'; 9_000_000], vec![b's'; 70_000]);
    let mut marks = Marks::new(0);
    for n in 0..40u32 {
        let before = bytes.len();
        encode::request(&mut bytes, [&b"SET"[..], &n.to_le_bytes(), if n == 17 { &large } else { &small }]);
        marks.add(&bytes[before..]);
        marks.mark(&mut bytes);
    }
    encode::request(&mut bytes, (0..1_200_000).map(|_| &b"w"[..]).collect::<Vec<_>>());
    let outcome = read_from(Reader::new(Slow(&bytes, 0)));
    assert_eq!((outcome.ended, outcome.told.len(), outcome.checked), (Ok(()), 41, 40));
    assert_eq!(outcome.told[17].len(), 9_000_000 + "SET \\x11\\x00\\x00\\x00 ".len());
    assert_eq!(outcome.told[40].len(), 2 * 1_200_000 - 1);
    assert_eq!(outcome.good_to, bytes.len() as u64);
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk is gone"))
    }
}

#[test]
fn trouble_with_reading_is_no_end() {
    let source = (&b"*1\r\n$1\r\na\r\n*1"[..]).chain(Broken);
    let outcome = read_from(Reader::new(source));
    let error = outcome.ended.expect_err("it can't be read");
    assert_eq!((error.kind, outcome.good_to), (Kind::Io, 0), "{error}");
}

const PEERS: [(&str, [&[u8]; 4]); 2] = [
    (
        "Valkey 9.1.2",
        [
            include_bytes!("data/valkey-9.1.2.manifest"),
            include_bytes!("data/valkey-9.1.2.base.aof"),
            include_bytes!("data/valkey-9.1.2.incr.aof"),
            include_bytes!("data/valkey-9.1.2.preamble.aof"),
        ],
    ),
    (
        "Redis 8.0.6",
        [
            include_bytes!("data/redis-8.0.6.manifest"),
            include_bytes!("data/redis-8.0.6.base.aof"),
            include_bytes!("data/redis-8.0.6.incr.aof"),
            include_bytes!("data/redis-8.0.6.preamble.aof"),
        ],
    ),
];

/// The keys of the snapshot before the requests, and what is behind it.
fn read_with_preamble(bytes: &[u8]) -> (Vec<String>, Outcome) {
    assert!(is_preamble(bytes));
    let options = Options {
        any_version: false,
        checksum: true,
        modules: Modules::Refuse,
        check_duplicates: true,
        databases: 16,
    };
    let env = Keyspace::new(1, Seed { k0: 1, k1: 2 }, 3).env;
    let mut loader = Loader::new(bytes, Some(bytes.len() as u64), options).expect("a magic");
    let mut keys = Vec::new();
    loop {
        match loader.next(&env).expect("whole") {
            file::Item::End => break,
            file::Item::Record(record) => {
                keys.push(String::from_utf8(record.entry.key().to_vec()).expect("text"))
            }
            _ => {}
        }
    }
    let offset = loader.offset();
    let (ahead, source) = loader.into_rest();
    keys.sort();
    (keys, read_from(Reader::after(ahead, source, offset)))
}

#[test]
fn files_of_the_peers() {
    for (peer, [manifest, base, incr, preamble]) in PEERS {
        let manifest = Manifest::parse(manifest).expect(peer);
        assert_eq!(manifest.base().map(|part| &part.name[..]), Some(&b"appendonly.aof.2.base.rdb"[..]));
        assert_eq!(manifest.increments().len(), 1);
        let base = read(base);
        assert_eq!(base.ended, Ok(()), "{peer}");
        assert_eq!(base.told[1..4], ["SELECT 0", "SET a 1", "RPUSH l a b"]);
        let incr = read(incr);
        assert_eq!(incr.ended, Ok(()), "{peer}");
        assert_eq!(incr.told.len(), 19);
        assert_eq!(incr.told[1..7], ["MULTI", "SELECT 0", "set b 2", "incr b", "EXEC", "SELECT 3"]);
        assert!(incr.told[0].starts_with("at 17"));
        let (keys, rest) = read_with_preamble(preamble);
        assert_eq!(keys, ["a", "big", "l"], "{peer}");
        assert_eq!((rest.ended, rest.told), (Ok(()), incr.told));
        assert_eq!(rest.good_to, preamble.len() as u64);
    }
}

#[test]
fn marks_behind_a_preamble_count_from_the_start_of_the_file() {
    let (_, [_, _, incr, preamble]) = PEERS[0];
    let mut bytes = preamble.to_vec();
    let mut marks = Marks::new((preamble.len() - incr.len()) as u64);
    marks.add(incr);
    marks.mark(&mut bytes);
    let (_, rest) = read_with_preamble(&bytes);
    assert_eq!((rest.ended, rest.checked), (Ok(()), 1));
}

/// `cargo test --release -p persist --test aof -- --ignored --nocapture speed`
#[test]
#[ignore = "a measurement"]
fn speed() {
    for every in [0, 16 << 10] {
        let (mut bytes, mut marks) = (Vec::new(), Marks::new(0));
        for n in 0..1_000_000u32 {
            let (before, key) = (bytes.len(), format!("key:{n:012}"));
            encode::request(&mut bytes, [&b"SET"[..], key.as_bytes(), &[b'x'; 32]]);
            marks.add(&bytes[before..]);
            if every > 0 && marks.uncovered() > every {
                marks.mark(&mut bytes);
            }
        }
        for _ in 0..5 {
            let begun = std::time::Instant::now();
            let (mut reader, mut requests, mut size) = (Reader::new(&bytes[..]), 0, 0);
            while let Some(item) = reader.next().expect("whole") {
                if let Item::Request(argv) = item {
                    requests += 1;
                    size += argv[2].len();
                }
            }
            let seconds = begun.elapsed().as_secs_f64();
            assert_eq!((requests, size), (1_000_000, 32_000_000));
            let (megabytes, checked) = (bytes.len() as f64 / 1e6, reader.marks_checked());
            println!(
                "{megabytes:.0} MB, {checked} marks: {:.0} MB/s, {:.1} ns a request",
                megabytes / seconds,
                seconds * 1e3
            );
        }
    }
}
