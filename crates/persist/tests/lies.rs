//! Lengths that lie, and how much memory is asked for because of them. The only test of its process: what the kernel
//! says of the process is about nothing else.

mod made;

use made::*;

/// What a length may say instead of the truth.
const LIES: [&[u8]; 6] = [
    b"\x7f\xff",
    b"\x80\x00\x10\x00\x00",
    b"\x80\xff\xff\xff\xff",
    b"\x81\x00\x00\x01\x00\x00\x00\x00\x00",
    b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x81\xff\xff\xff\xff\xff\xff\xff\xff",
];
/// The samples are smaller than 4 KiB. Where nobody knows how much will come, pieces of 256 KiB are asked for, and room
/// for that many elements.
const ALLOWED: u64 = 64 << 20;

/// The most address space the process has had, in bytes: also of what was never touched.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"))?;
    line.trim().split(' ').next()?.parse::<u64>().ok().map(|kib| kib << 10)
}

#[test]
fn lies_are_found_out_before_memory_is_asked_for() {
    let samples = samples();
    let before = peak();
    for (good, _) in samples {
        assert!(good.len() < 4096);
        for at in 9..good.len() {
            for lie in LIES {
                let bad = [&good[..at], lie, &good[at + 1..]].concat();
                for len in [Some(bad.len() as u64), None] {
                    let mut keyspace = keyspace();
                    if let Err(error) = load_with(&bad, len, false, &mut keyspace) {
                        assert!(error.offset <= bad.len() as u64, "{error}");
                    }
                }
            }
        }
    }
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before <= ALLOWED, "{} bytes more", after - before);
    }
}
