//! Files that the power cut off while they were written, with holes in what had not been synced; and damage, which is not
//! to be taken for that.

use fastrand::Rng;
use persist::aof::torn::{Verdict, judge};
use persist::aof::{Item, Marks, Reader, encode};
use persist::{Error, Kind};

const BLOCK: usize = 512;

/// A file as a server writes it: hand-overs, some of them followed by a sync.
struct Written {
    bytes: Vec<u8>,
    /// Ends of hand-overs, of which nothing is seen before they are whole.
    ends: Vec<usize>,
    synced: usize,
}

fn write(rng: &mut Rng, most: usize, closed: bool) -> Written {
    let (mut marks, mut bytes) = (Marks::new(0), Vec::new());
    let (mut ends, mut synced) = (vec![0], 0);
    for n in 0..rng.usize(1..most) {
        let before = bytes.len();
        let value = match rng.u8(..8) {
            0 => vec![0; rng.usize(..3000)],
            1 => vec![b'v'; rng.usize(..3000)],
            _ => vec![b'w'; rng.usize(..200)],
        };
        let several = rng.u8(..4) == 0;
        if several {
            encode::multi(&mut bytes);
        }
        encode::request(&mut bytes, [&b"SET"[..], n.to_string().as_bytes(), &value]);
        if several {
            encode::request(&mut bytes, [&b"INCR"[..], b"n"]);
            encode::exec(&mut bytes);
        }
        marks.add(&bytes[before..]);
        // A server puts a mark before the first long one.
        if marks.uncovered() > 2000 || marks.looks_lost() || bytes.len() - before > BLOCK {
            marks.mark_synced(&mut bytes, synced as u64);
        }
        ends.push(bytes.len());
        if rng.u8(..6) == 0 {
            synced = bytes.len();
        }
    }
    if closed {
        synced = bytes.len();
        marks.mark_synced(&mut bytes, synced as u64);
        ends.push(bytes.len());
        synced = bytes.len();
    }
    Written { bytes, ends, synced }
}

fn told(bytes: &[u8]) -> (Vec<String>, Reader<&[u8]>, Result<(), Error>) {
    let (mut reader, mut told) = (Reader::new(bytes), Vec::new());
    loop {
        match reader.next() {
            Ok(Some(Item::Request(argv))) => {
                told.push(argv.iter().map(|word| word.escape_ascii().to_string() + " ").collect());
            }
            Ok(Some(Item::Timestamp(_))) => {}
            Ok(None) => return (told, reader, Ok(())),
            Err(error) => return (told, reader, Err(error)),
        }
    }
}

/// What a server keeps of a file; none if it refuses it.
fn kept(bytes: &[u8]) -> Option<usize> {
    let (_, reader, ended) = told(bytes);
    match ended.map_err(|error| error.kind) {
        Ok(()) => Some(bytes.len()),
        Err(Kind::Cut) => Some(reader.good_to() as usize),
        Err(_) => match judge(bytes, reader.evidence()).expect("it can be read") {
            Verdict::Torn { good, hole } => {
                assert!(good.at() <= hole);
                Some(good.at() as usize)
            }
            Verdict::Damage { .. } => None,
        },
    }
}

/// The power goes: of the blocks that were not synced some are as they were at some time before.
fn lose(written: &Written, rng: &mut Rng) -> Vec<u8> {
    let synced = written.synced;
    let mut left = written.bytes[..rng.usize(synced..=written.bytes.len())].to_vec();
    for block in synced / BLOCK..left.len().div_ceil(BLOCK) {
        if rng.bool() {
            let (from, to) = (block * BLOCK, left.len().min((block + 1) * BLOCK));
            // What the disk has of it ends where a hand-over did, or where what was synced does.
            let earlier =
                written.ends.iter().copied().filter(|end| (from..to).contains(end) && *end > synced);
            let earlier: Vec<usize> = earlier.collect();
            let old = rng.choice(&earlier).copied().filter(|_| rng.bool()).unwrap_or(synced);
            left[old.clamp(from, to)..to].fill(0);
        }
    }
    left
}

#[test]
fn holes_in_what_was_not_synced_are_the_end_and_nothing_synced_is_lost() {
    let (mut torn, mut whole) = (0, 0);
    for seed in 0..1500 {
        let mut rng = Rng::with_seed(seed);
        let written = write(&mut rng, 60, false);
        let bytes = lose(&written, &mut rng);
        let Some(kept) = kept(&bytes) else {
            panic!("seed {seed}: refused, {} synced of {}", written.synced, bytes.len())
        };
        assert!(kept >= written.synced, "seed {seed}: {kept} of {}", written.synced);
        assert_eq!(
            bytes[..kept].escape_ascii().to_string(),
            written.bytes[..kept].escape_ascii().to_string(),
            "seed {seed}"
        );
        assert_eq!(told(&bytes[..kept]).2, Ok(()), "seed {seed}");
        *if kept < bytes.len() { &mut torn } else { &mut whole } += 1;
    }
    assert!(torn > 500 && whole > 50, "{torn} {whole}");
}

#[test]
fn a_writer_goes_on_behind_what_is_good() {
    for seed in 0..300 {
        let mut rng = Rng::with_seed(seed);
        let bytes = lose(&write(&mut rng, 60, false), &mut rng);
        let (_, reader, ended) = told(&bytes);
        if ended.is_ok() {
            continue;
        }
        if let Verdict::Torn { good: mut marks, .. } = judge(&bytes[..], reader.evidence()).expect("bytes") {
            let (mut bytes, mut more) = (bytes[..marks.at() as usize].to_vec(), Vec::new());
            encode::request(&mut more, [&b"PING"[..]]);
            marks.add(&more);
            marks.mark_synced(&mut more, 3);
            bytes.extend_from_slice(&more);
            assert_eq!(told(&bytes).2, Ok(()), "seed {seed}");
        }
    }
}

#[test]
fn no_flipped_bit_of_what_was_synced_is_taken_for_a_torn_end() {
    for seed in 0..2 {
        let written = write(&mut Rng::with_seed(seed), 9, true);
        let all = told(&written.bytes).0;
        for at in 0..written.bytes.len() {
            for bit in 0..8 {
                let mut bad = written.bytes.clone();
                bad[at] ^= 1 << bit;
                if let Some(kept) = kept(&bad) {
                    assert_eq!(told(&bad[..kept]).0, all, "seed {seed}: byte {at}, bit {bit}");
                }
            }
        }
    }
}

#[test]
fn no_lost_block_of_what_was_synced_is_taken_for_a_torn_end() {
    for seed in 0..60 {
        let written = write(&mut Rng::with_seed(seed), 40, true);
        let all = told(&written.bytes).0;
        // The block that has the closing mark in it can tell of nothing.
        let whole = written.bytes.len().saturating_sub(100) / BLOCK;
        for block in 0..whole {
            let mut bad = written.bytes.clone();
            bad[block * BLOCK..(block + 1) * BLOCK].fill(0);
            if let Some(kept) = kept(&bad) {
                assert_eq!(told(&bad[..kept]).0, all, "seed {seed}: block {block}");
            }
        }
    }
}

fn set(key: &str, value: &[u8]) -> Vec<u8> {
    let mut to = Vec::new();
    encode::request(&mut to, [&b"SET"[..], key.as_bytes(), value]);
    to
}

#[test]
fn files_of_others_are_judged_as_ever() {
    // Zeros in a whole value are what was written.
    let whole = set("k", &[0; 5000]);
    assert_eq!(kept(&whole), Some(whole.len()));
    // A hole in a long file without marks is damage; in a short one it is where the power went.
    let mut long = set("k", &[b'x'; 9000]);
    let (one, item) = (long.len(), set("k", b"v"));
    long.resize(one.next_multiple_of(BLOCK), 0);
    long.extend_from_slice(&item);
    assert_eq!(kept(&long), None);
    let mut short = item.clone();
    short.resize(BLOCK, 0);
    short.extend_from_slice(&item);
    assert_eq!(kept(&short), Some(item.len()));
    // Behind a mark that closes the file another server may have written zeros.
    let (mut closed, mut marks) = (item.clone(), Marks::new(0));
    marks.add(&item);
    marks.mark_synced(&mut closed, item.len() as u64);
    closed.extend_from_slice(&set("zeros", &[0; 3000]));
    assert_eq!(kept(&closed), Some(closed.len()));
}

#[test]
fn a_mark_inside_of_a_value_only_refuses() {
    let (mut bytes, mut marks) = (set("k", b"v"), Marks::new(0));
    marks.add(&bytes.clone());
    marks.mark_synced(&mut bytes, 5);
    bytes.extend_from_slice(&set("k", b"w"));
    let good = bytes.len();
    bytes.resize(2 * BLOCK, 0);
    bytes.extend_from_slice(&set("k", b"w"));
    assert_eq!(kept(&bytes), Some(good));
    let lie = format!("#CRC:{}:0123456789abcdef:{}\r\n", bytes.len() + 27, good + 1);
    bytes.extend_from_slice(&set("k", lie.as_bytes()));
    let stands = bytes.windows(5).rposition(|five| five == b"#CRC:").expect("the lie");
    let text = format!("#CRC:{stands}:0123456789abcdef:{}\r\n", good + 1);
    bytes[stands..stands + text.len()].copy_from_slice(text.as_bytes());
    assert_eq!(kept(&bytes), None);
}
