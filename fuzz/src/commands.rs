//! Requests made of bytes, against an engine: nothing that a client can send makes it panic, or answer what is no
//! reply.

use testkit::Harness;

/// Words that mean something somewhere.
const WORDS: &[&str] = &[
    "k",
    "k1",
    "k2",
    "list",
    "",
    "0",
    "1",
    "-1",
    "2",
    "10",
    "100",
    "3.5",
    "-0",
    "1e3",
    "inf",
    "nan",
    "0x10",
    " 1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "4294967295",
    "4294967296",
    "1048576",
    "8388608",
    "*",
    "k*",
    "[",
    "a-z",
    "\\",
    "EX",
    "PX",
    "EXAT",
    "PXAT",
    "KEEPTTL",
    "NX",
    "XX",
    "GT",
    "LT",
    "GET",
    "IFEQ",
    "MATCH",
    "COUNT",
    "TYPE",
    "string",
    "LEN",
    "IDX",
    "MINMATCHLEN",
    "WITHMATCHLEN",
    "BIT",
    "BYTE",
    "AND",
    "OR",
    "XOR",
    "NOT",
    "DIFF",
    "SET",
    "INCRBY",
    "OVERFLOW",
    "WRAP",
    "SAT",
    "FAIL",
    "u8",
    "i64",
    "u63",
    "i1",
    "u64",
    "#0",
    "#1000000",
    "DB",
    "REPLACE",
    "ASYNC",
    "SYNC",
    "ID",
    "ADDR",
    "LADDR",
    "USER",
    "SKIPME",
    "YES",
    "NO",
    "ON",
    "OFF",
    "SKIP",
    "WRITE",
    "ALL",
    "MAXAGE",
    "LIST",
    "HELP",
    "maxmemory",
    "save",
    "maxmemory-policy",
    "allkeys-lru",
    "noeviction",
    "appendonly",
    "port",
    "FILTERBY",
    "PATTERN",
    "MODULE",
    "ACLCAT",
    "AUTH",
    "SETNAME",
    "2",
    "3",
    "default",
    "everything",
    "keyspace",
    "stats",
    "RESET",
    "slow",
    "large-reply",
    "PERSIST",
    "FREQ",
    "SAMPLES",
];

/// Of DEBUG and its like: those that are asked to crash, stop or sleep do so.
const LEFT_OUT: &[&str] = &["debug", "shutdown"];

/// The first byte of a request chooses the command, the next ones its words; 0xFF ends it.
pub fn commands(bytes: &[u8]) {
    let mut harness = Harness::new();
    let _ = harness.config("proto-max-bulk-len", b"1mb");
    let names: Vec<Vec<Vec<u8>>> = harness
        .engine
        .registry
        .iter()
        .filter(|(_, entry)| !LEFT_OUT.iter().any(|name| entry.full_name.starts_with(name)))
        .map(|(_, entry)| entry.full_name.split('|').map(|word| word.as_bytes().to_vec()).collect())
        .collect();
    let mut bytes = bytes.iter().copied();
    let mut requests = 0;
    while let Some(choice) = bytes.next() {
        let second = usize::from(bytes.next().unwrap_or(0));
        let mut words = names[(usize::from(choice) + second * 256) % names.len()].clone();
        while let Some(byte) = bytes.next().filter(|byte| *byte != 0xff) {
            words.push(word(byte, &mut bytes));
        }
        requests += 1;
        harness.exchange(1 + requests % 3, &words);
        if requests % 16 == 0 {
            harness.advance(u64::from(choice));
        }
    }
}

/// A word of the list, or some bytes as they are.
fn word(byte: u8, rest: &mut impl Iterator<Item = u8>) -> Vec<u8> {
    match byte {
        0..240 => WORDS[usize::from(byte) % WORDS.len()].as_bytes().to_vec(),
        240..250 => rest.take(usize::from(byte - 239)).collect(),
        _ => vec![b'x'; usize::from(byte) * 40],
    }
}
