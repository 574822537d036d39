//! What eviction and the expire cycle cost per key removed, in nanoseconds: `sweep [keys]`. Seconds, so for
//! reports only.

use std::time::Instant;

use keyspace::{Cycle, EvictPolicy, Expire, Keyspace, Seed};

fn main() {
    let keys = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000u32);
    for (name, policy) in [
        ("allkeys-lru", EvictPolicy::AllKeysLru),
        ("allkeys-random", EvictPolicy::AllKeysRandom),
        ("volatile-ttl", EvictPolicy::VolatileTtl),
    ] {
        for nth in [10, 1000] {
            let mut ks = filled(keys, nth);
            let (started, evictions) = (Instant::now(), keys / nth / 2);
            for _ in 0..evictions {
                assert!(ks.evict_one(policy).is_some());
            }
            report(&format!("{name}, one in {nth} volatile"), started, evictions as usize);
        }
    }
    for nth in [1, 10, 1000] {
        let mut ks = filled(keys, nth);
        ks.env.set_now(i64::from(keys) + 1_000_000);
        let (started, mut expired, mut steps) = (Instant::now(), 0, 0);
        while ks.look(0).volatile() > 0 {
            expired += ks.expire_step(Cycle::Slow, 1, &mut || true).expired;
            steps += 1;
        }
        report(&format!("expire, one in {nth} due, {steps} steps"), started, expired);
    }
}

/// Every `nth` key ends at its number of milliseconds past a thousand seconds.
fn filled(keys: u32, nth: u32) -> Keyspace {
    let mut ks = Keyspace::new(16, Seed { k0: 1, k1: 2 }, 3);
    for n in 0..keys {
        let name = format!("key:{n:012}");
        let key = ks.key(name.as_bytes());
        let expire = if n.is_multiple_of(nth) { Expire::At(1_000_000 + i64::from(n)) } else { Expire::Clear };
        ks.db(0).set_str(key, b"0123456789abcdef", expire);
    }
    while ks.rehash_step(&mut || true) {}
    ks
}

fn report(name: &str, started: Instant, keys: usize) {
    println!("{name:>40} {:6} ns/key, {keys} keys", started.elapsed().as_nanos() as usize / keys.max(1));
}
