//! One hot path, many times, for instruction counts:
//!
//! ```text
//!   cargo build --release -p keyspace --example hot
//!   valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/hot get 10000
//! ```
//!
//! A count is the difference of runs of 20,000 and 10,000 steps, divided by 10,000. All cases include the loop; those
//! that hash include the hash, whose own count is the case `hash`.

use std::hint::black_box;

use keyspace::{Expire, Keyspace, Seed};

/// Keys in the table: all cases walk through them.
const KEYS: usize = 1000;

fn main() {
    let mut args = std::env::args().skip(1);
    let case = args.next().unwrap_or_default();
    let steps = args.next().and_then(|n| n.parse().ok()).unwrap_or(10_000usize);
    let mut ks = Keyspace::new(16, Seed { k0: 1, k1: 2 }, 3);
    ks.env.set_now(1_700_000_000_000);
    let expire = match case.contains("-ex") {
        true => Expire::At(ks.env.now_ms + 100_000),
        false => Expire::Clear,
    };
    let value: &[u8] = if case.contains("-int") { b"12345" } else { b"0123456789abcdef" };
    let other: &[u8] = if case.contains("-int") { b"54321" } else { b"fedcba9876543210" };
    let names: Vec<String> = (0..KEYS).map(|n| format!("key:{n:012}")).collect();
    for name in &names {
        let key = ks.key(name.as_bytes());
        ks.db(0).set_str(key, value, expire);
        if case.starts_with("setbit") || case.starts_with("append") {
            ks.db(0).grow_str(key, value.len());
        }
    }
    while ks.rehash_step(&mut || true) {}
    let mut sum = 0;
    for step in 0..steps {
        let key = ks.key(black_box(names[step % KEYS].as_bytes()));
        sum += step_of(
            &case,
            &mut ks,
            key,
            if (step / KEYS).is_multiple_of(2) { other } else { value },
            expire,
            step,
        );
    }
    println!("{sum}");
}

#[inline(always)]
fn step_of(
    case: &str,
    ks: &mut Keyspace,
    key: keyspace::Key<'_>,
    value: &[u8],
    expire: Expire,
    step: usize,
) -> usize {
    match case.as_bytes()[0..3].first_chunk::<3>() {
        Some(b"has") => (key.hash & 1) as usize,
        Some(b"get") => get(ks, key),
        Some(b"wri") => write(ks, key),
        Some(b"set") if case.starts_with("setbit") => setbit(ks, key),
        Some(b"set") => set(ks, key, value, expire),
        Some(b"app") => append(ks, key, step),
        _ => 0,
    }
}

#[inline(never)]
fn get(ks: &mut Keyspace, key: keyspace::Key<'_>) -> usize {
    match ks.db(0).read_str(key) {
        Ok(Some(keyspace::Str::Bytes(bytes))) => bytes.len(),
        Ok(Some(keyspace::Str::Int(int))) => int as usize,
        _ => 0,
    }
}

#[inline(never)]
fn write(ks: &mut Keyspace, key: keyspace::Key<'_>) -> usize {
    usize::from(ks.db(0).write(key).is_some())
}

#[inline(never)]
fn set(ks: &mut Keyspace, key: keyspace::Key<'_>, value: &[u8], expire: Expire) -> usize {
    ks.db(0).set_str(key, value, expire);
    1
}

#[inline(never)]
fn setbit(ks: &mut Keyspace, key: keyspace::Key<'_>) -> usize {
    let bytes = ks.db(0).grow_str(key, 12);
    bytes[11] ^= 1;
    1
}

/// Appends two bytes each time.
#[inline(never)]
fn append(ks: &mut Keyspace, key: keyspace::Key<'_>, step: usize) -> usize {
    let len = 16 + (step / KEYS + 1) * 2;
    let bytes = ks.db(0).grow_str(key, len);
    bytes[len - 2] = 1;
    len
}
