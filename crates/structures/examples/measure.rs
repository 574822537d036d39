//! Figures of the table and the entry: what the budgets of the design are compared with.
//!
//! ```text
//!   MIMALLOC_ALLOW_THP=0 target/release/examples/measure grow 20000000       the longest pauses, bytes per key
//!                                     (else the first touch of each huge page of the allocator: 2 ms on a guest)
//!   target/release/examples/measure noise 20000000                           those of the machine alone
//!   valgrind --tool=callgrind --collect-atstart=no --toggle-collect='measure::get_hits' \
//!       target/release/examples/measure get 100000                           instructions of a hit
//! ```
//!
//! Each definition asserts its answers.

use std::hint::black_box;
use std::time::Instant;

use structures::{EntryBox, KeyTable, Lookup, Seed, ValueRef};

#[global_allocator]
static ALLOCATOR: alloc_count::Counted = alloc_count::Counted;

type Keys = KeyTable<String>;

fn key(n: usize) -> [u8; 16] {
    let mut key = *b"key:000000000000";
    let mut n = n;
    for digit in key.iter_mut().skip(4).rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
    key
}

fn filled(count: usize) -> Keys {
    let mut table = Keys::new(Seed { k0: 7, k1: 9 });
    for n in 0..count {
        let key = key(n);
        table.insert_new(table.hash(&key), EntryBox::new_bytes(&key, b"a value of 16 b.", false, None));
    }
    while table.rehash_step(1_000) {}
    table
}

fn hashed(table: &Keys, count: usize) -> Vec<([u8; 16], u64)> {
    (0..count).map(|n| (key(n), table.hash(&key(n)))).collect()
}

#[inline(never)]
fn get_hits(table: &Keys, keys: &[([u8; 16], u64)]) -> usize {
    let mut bytes = 0;
    for (key, hash) in keys {
        if let Some(ValueRef::Bytes { bytes: value, .. }) =
            table.get(black_box(key), *hash).map(|e| e.value())
        {
            bytes += value.len();
        }
    }
    bytes
}

#[inline(never)]
fn overwrites(table: &mut Keys, keys: &[([u8; 16], u64)]) -> usize {
    let mut done = 0;
    for (key, hash) in keys {
        if let Some(mut slot) = table.slot(black_box(key), *hash) {
            done += usize::from(slot.get_mut().try_overwrite_bytes(black_box(b"another value 16"), false));
        }
    }
    done
}

#[inline(never)]
fn replacements(table: &mut Keys, keys: &[([u8; 16], u64)]) -> usize {
    let mut done = 0;
    for (key, hash) in keys {
        if let Lookup::Found(mut slot) = table.lookup_key(black_box(key), *hash) {
            slot.replace_with(|entry| {
                entry.with_bytes(black_box(b"a value that is of another class"), false, None)
            });
            done += 1;
        }
    }
    done
}

#[inline(never)]
fn inserts(table: &mut Keys, keys: &[([u8; 16], u64)]) {
    for (key, hash) in keys {
        table.insert_new(*hash, EntryBox::new_bytes(key, b"a value of 16 b.", false, None));
    }
}

#[inline(never)]
fn removals(table: &mut Keys, keys: &[([u8; 16], u64)]) -> usize {
    keys.iter().filter(|(key, hash)| table.remove(key, *hash).is_some()).count()
}

#[inline(never)]
fn hashes(table: &Keys, keys: &[([u8; 16], u64)]) -> u64 {
    keys.iter().fold(0, |sum, (key, _)| sum ^ table.hash(key))
}

/// The CPU time of this thread: pauses of the machine's other guests are not ours.
fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live `timespec`.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(rc, 0);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn grow(count: usize) {
    alloc_count::own_this_thread();
    let mut table = Keys::new(Seed { k0: 7, k1: 9 });
    let mut pauses: Vec<(u64, u64, bool, usize)> = Vec::new();
    let (mut over_50, mut over_100, mut over_500) = (0, 0, 0);
    let begun = Instant::now();
    for n in 0..count {
        let key = key(n);
        let entry = EntryBox::new_bytes(&key, b"a value of 16 b.", false, None);
        let hash = table.hash(&key);
        let (wall, cpu) = (Instant::now(), cpu_ns());
        table.insert_new(hash, entry);
        let (cpu, wall) = (cpu_ns() - cpu, wall.elapsed().as_nanos() as u64);
        over_50 += usize::from(cpu > 50_000);
        over_100 += usize::from(cpu > 100_000);
        over_500 += usize::from(cpu > 500_000);
        if pauses.len() < 8 || pauses.last().is_some_and(|&(least, ..)| cpu > least) {
            pauses.push((cpu, wall, table.is_rehashing(), n));
            pauses.sort_unstable_by(|a, b| b.cmp(a));
            pauses.truncate(8);
        }
        if (n + 1) % (count / 8).max(1) == 0 {
            let per_key = table.memory() as f64 / (n + 1) as f64;
            let used = alloc_count::used() as f64 / (n + 1) as f64;
            println!("{:>10} keys  {per_key:6.2} B of table, {used:6.2} B in all per key", n + 1);
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{count} inserts in {seconds:.1} s; cpu over 50 us {over_50}, 100 us {over_100}, 500 us {over_500}"
    );
    for (cpu, wall, rehashing, n) in pauses {
        let (cpu, wall) = (cpu as f64 / 1e3, wall as f64 / 1e3);
        println!("  {cpu:8.1} us cpu  {wall:8.1} us wall  at {n}, rehashing {rehashing}");
    }
    assert_eq!(table.len(), count);
    let before = Instant::now();
    drop(table);
    println!("dropped in {:.2} s; {} B still counted", before.elapsed().as_secs_f64(), alloc_count::used());
}

/// The same clock over nothing at all: what of the pauses is the machine's.
fn noise(count: usize) {
    let mut worst = Vec::new();
    for n in 0..count {
        let (wall, cpu) = (Instant::now(), cpu_ns());
        black_box(key(n));
        worst.push((cpu_ns() - cpu, wall.elapsed().as_nanos() as u64));
    }
    worst.sort_unstable_by(|a, b| b.cmp(a));
    worst.truncate(8);
    println!("nothing, timed: worst (cpu ns, wall ns) {worst:?}");
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let what = args.get(1).map_or("grow", String::as_str);
    let count = args.get(2).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    if what == "grow" {
        return grow(count);
    }
    if what == "noise" {
        return noise(count);
    }
    let mut table = if what == "insert" { Keys::new(Seed { k0: 7, k1: 9 }) } else { filled(count) };
    let keys = hashed(&table, count);
    let before = Instant::now();
    match what {
        "get" => assert_eq!(get_hits(&table, &keys), 16 * count),
        "overwrite" => assert_eq!(overwrites(&mut table, &keys), count),
        "replace" => assert_eq!(replacements(&mut table, &keys), count),
        "insert" => inserts(&mut table, &keys),
        "remove" => assert_eq!(removals(&mut table, &keys), count),
        "hash" => assert_ne!(hashes(&table, &keys), 0),
        other => panic!("no measurement is called {other}"),
    }
    println!("{what}: {:.1} ns each", before.elapsed().as_nanos() as f64 / count as f64);
}
