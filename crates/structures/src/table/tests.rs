//! The table against `std`'s, with `verify()` after each step.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

/// Mixes a number as a hash should be; `bad` keeps few bits, so that chains form.
#[derive(Clone, Copy)]
struct Mix {
    bad: bool,
}

impl Mix {
    fn of(self, n: u64) -> u64 {
        let mixed = (n ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mixed = mixed ^ mixed >> 32;
        if self.bad { mixed & 0x0300_0000_0000_0003 } else { mixed }
    }
}

impl Hashed<(u64, u64)> for Mix {
    fn hash(&self, item: &(u64, u64)) -> u64 {
        self.of(item.0)
    }
}

type Numbers = Table<Box<(u64, u64)>, Mix>;

fn numbers(range: std::ops::Range<u64>) -> Numbers {
    let mut table = Table::new(Mix { bad: false });
    range.for_each(|n| add(&mut table, n));
    table
}

fn add(table: &mut Numbers, n: u64) {
    let hash = table.hasher().of(n);
    table.insert_new(hash, Box::new((n, n)));
}

fn remove(table: &mut Numbers, n: u64) -> bool {
    let hash = table.hasher().of(n);
    table.find_slot(hash, |item| item.0 == n).map(Slot::remove).is_some()
}

fn has(table: &Numbers, n: u64) -> bool {
    table.find(table.hasher().of(n), |item| item.0 == n).is_some()
}

/// A generator good enough for the tests of uniformity.
fn dice(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }
}

#[derive(Debug, Clone)]
enum Op {
    Set(u64, u64),
    Remove(u64),
    Replace(u64, u64),
    Burst(u64, u64),
    Purge(u64, u64),
    Step(usize),
    Reserve(usize),
    Resize(u8),
    Retain(u64),
    Drain,
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0..400u64;
    prop_oneof![
        8 => (key.clone(), any::<u64>()).prop_map(|(k, v)| Op::Set(k, v)),
        8 => key.clone().prop_map(Op::Remove),
        4 => (key.clone(), any::<u64>()).prop_map(|(k, v)| Op::Replace(k, v)),
        3 => (key.clone(), 0..300u64).prop_map(|(from, n)| Op::Burst(from, n)),
        3 => (key.clone(), 0..400u64).prop_map(|(from, n)| Op::Purge(from, n)),
        2 => (0..20usize).prop_map(Op::Step),
        1 => (0..500usize).prop_map(Op::Reserve),
        2 => (0..6u8).prop_map(Op::Resize),
        1 => (2..7u64).prop_map(Op::Retain),
        1 => Just(Op::Drain),
    ]
}

fn apply(table: &mut Numbers, model: &mut HashMap<u64, u64>, op: &Op) {
    let set = |table: &mut Numbers, model: &mut HashMap<u64, u64>, k, v| {
        let hash = table.hasher().of(k);
        match table.lookup(hash, |item| item.0 == k) {
            Lookup::Found(slot) => {
                assert!(model.contains_key(&k));
                slot.into_mut().1 = v;
            }
            Lookup::Absent(vacant) => {
                assert!(!model.contains_key(&k));
                assert_eq!(*vacant.insert(Box::new((k, v))), (k, v));
            }
        }
        model.insert(k, v);
    };
    match *op {
        Op::Set(k, v) => set(table, model, k, v),
        Op::Remove(k) => assert_eq!(remove(table, k), model.remove(&k).is_some()),
        Op::Replace(k, v) => {
            let hash = table.hasher().of(k);
            let slot = table.find_slot(hash, |item| item.0 == k);
            assert_eq!(slot.is_some(), model.contains_key(&k));
            if let Some(mut slot) = slot {
                slot.replace_with(|item| Box::new((item.0, v)));
                assert_eq!(*slot.replace(Box::new((k, v))), (k, v));
                assert_eq!(slot.get().1, v);
                model.insert(k, v);
            }
        }
        Op::Burst(from, n) => (from..from + n).for_each(|k| set(table, model, k, k)),
        Op::Purge(from, n) => (from..from + n).for_each(|k| {
            assert_eq!(remove(table, k), model.remove(&k).is_some());
        }),
        Op::Step(buckets) => {
            table.rehash_step(buckets);
        }
        Op::Reserve(items) => table.reserve(items),
        Op::Resize(0) => table.set_resize(Policy::Avoid),
        Op::Resize(1) => table.set_resize(Policy::Forbid),
        Op::Resize(_) => table.set_resize(Policy::Allow),
        Op::Retain(n) => {
            table.retain(|item| item.0 % n != 0);
            model.retain(|&k, _| k % n != 0);
        }
        Op::Drain => {
            let mut drained = HashMap::new();
            table.drain(|item| assert!(drained.insert(item.0, item.1).is_none()));
            assert_eq!(&drained, model);
            model.clear();
            assert_eq!((table.buckets(), table.memory()), (0, 0));
        }
    }
}

fn agree(table: &Numbers, model: &HashMap<u64, u64>) {
    table.verify();
    assert_eq!(table.len(), model.len());
    assert_eq!(&table.iter().copied().collect::<HashMap<_, _>>(), model);
    for (&k, &v) in model {
        let hash = table.hasher().of(k);
        table.prefetch_bucket(hash);
        table.prefetch_items(hash);
        assert_eq!(table.find(hash, |item| item.0 == k).map(|item| item.1), Some(v));
    }
    assert!(!has(table, 1 << 40));
    let stats = table.stats();
    assert_eq!(stats.main.items + stats.old.map_or(0, |old| old.items), model.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn table_is_a_map(ops in proptest::collection::vec(op(), 1..60), bad: bool) {
        let (mut table, mut model) = (Numbers::new(Mix { bad }), HashMap::new());
        for op in &ops {
            apply(&mut table, &mut model, op);
            agree(&table, &model);
        }
    }

    #[test]
    fn scan_misses_nothing_that_stays(
        stays in 0..600u64,
        ops in proptest::collection::vec(op(), 1..40),
        bad: bool,
        calls_between in 1..5usize,
    ) {
        // What stays is above 10 000, where no operation reaches.
        let mut table = Numbers::new(Mix { bad });
        (10_000..10_000 + stays).for_each(|n| add(&mut table, n));
        let mut model = HashMap::new();
        let mut seen = HashSet::new();
        let mut cursor = 0;
        let harmless = ops.iter().filter(|op| !matches!(op, Op::Retain(_) | Op::Drain));
        let mut rounds = harmless.cycle();
        for call in 0..100_000 {
            cursor = table.scan(cursor, |item| { seen.insert(item.0); });
            if cursor == 0 {
                break;
            }
            prop_assert!(call < 99_999, "the scan ends");
            if call % calls_between == 0 && call < 5_000 && let Some(op) = rounds.next() {
                apply(&mut table, &mut model, op);
            }
        }
        for n in 10_000..10_000 + stays {
            prop_assert!(seen.contains(&n), "{n} was there all the time");
        }
    }
}

#[test]
fn scan_of_a_quiet_table_emits_each_item_once() {
    for count in [0, 1, 9, 10, 100, 5_000] {
        let mut table = numbers(0..count);
        while table.rehash_step(100) {}
        let (mut seen, mut cursor) = (Vec::new(), 0);
        loop {
            cursor = table.scan(cursor, |item| seen.push(item.0));
            if cursor == 0 {
                break;
            }
        }
        seen.sort_unstable();
        assert!(seen.iter().copied().eq(0..count));
    }
}

#[test]
fn an_empty_table_allocates_nothing_and_one_of_nine_a_line() {
    let mut table = numbers(0..0);
    assert_eq!((table.memory(), table.buckets()), (0, 0));
    (0..9).for_each(|n| add(&mut table, n));
    assert_eq!((table.memory(), table.buckets()), (64, 1));
    (0..9).for_each(|n| assert!(remove(&mut table, n)));
    assert_eq!((table.memory(), table.buckets()), (0, 0));
}

#[test]
fn a_table_is_filled_before_it_grows_and_shrinks_when_it_is_nearly_empty() {
    let mut table = numbers(0..9 * 1024);
    while table.rehash_step(100) {}
    assert_eq!(table.buckets(), 1024);
    add(&mut table, 1 << 30);
    assert!(table.is_rehashing());
    for n in 0..9 * 1024 {
        assert!(remove(&mut table, n));
    }
    while table.rehash_step(100) {}
    table.verify();
    assert!(table.buckets() <= 2, "{}", table.buckets());
    assert!(has(&table, 1 << 30));
}

#[test]
fn while_a_fork_is_under_way_chains_grow_instead() {
    let mut table = numbers(0..9);
    table.set_resize(Policy::Avoid);
    (9..45).for_each(|n| add(&mut table, n));
    assert_eq!((table.buckets(), table.is_rehashing()), (1, false));
    table.verify();
    (45..200).for_each(|n| add(&mut table, n));
    assert!(table.buckets() > 1);
    table.set_resize(Policy::Forbid);
    let before = table.buckets();
    (200..5_000).for_each(|n| add(&mut table, n));
    assert_eq!(table.buckets(), before);
    table.verify();
    table.set_resize(Policy::Allow);
    while table.rehash_step(10) {}
    assert_eq!(table.buckets(), 1024);
    table.verify();
}

#[test]
fn a_table_of_mapped_arrays_grows_shrinks_and_gives_all_back() {
    let count = 200_000;
    let mut table = numbers(0..count);
    table.verify();
    assert!(table.buckets() * 64 >= pages::MAPPED_MIN);
    assert!((0..count).all(|n| has(&table, n)));
    assert!((0..count - 3).all(|n| remove(&mut table, n)));
    while table.rehash_step(1_000) {}
    table.verify();
    assert!(table.memory() <= 128, "{}", table.memory());
}

#[test]
fn reserved_room_is_kept_until_it_is_filled() {
    let mut table = numbers(0..0);
    table.reserve(9_000);
    let memory = table.memory();
    assert_eq!(table.buckets(), 1024);
    for n in 0..9_000 {
        add(&mut table, n);
        assert!(!table.is_rehashing());
    }
    table.verify();
    let children = table.stats().children;
    assert_eq!(table.memory(), memory + 64 * children);
}

/// Each item is drawn as often as any other: chi-square against its distribution's far tail.
fn draws_are_uniform(table: &Numbers) {
    let mut next = dice(7);
    let draws = 200 * table.len();
    let mut count = HashMap::new();
    for _ in 0..draws {
        *count.entry(table.random(&mut next).expect("not empty").0).or_insert(0u64) += 1;
    }
    let (freedom, expected) = (table.len() as f64 - 1.0, 200.0);
    let missing = (table.len() - count.len()) as f64 * expected;
    let chi: f64 = count.values().map(|&n| (n as f64 - expected).powi(2) / expected).sum::<f64>() + missing;
    assert!(chi < freedom + 4.5 * (2.0 * freedom).sqrt() + 10.0, "chi-square {chi} of {freedom}");
}

#[test]
fn random_is_uniform_in_quiet_tables_and_in_every_phase_of_a_rehash() {
    for count in [1, 2, 9, 10, 100, 1_000] {
        let mut table = numbers(0..count);
        draws_are_uniform(&table);
        while table.rehash_step(10) {}
        draws_are_uniform(&table);
    }
    let mut growing = numbers(0..1_153);
    assert!(growing.is_rehashing());
    while growing.is_rehashing() {
        draws_are_uniform(&growing);
        growing.rehash_step(30);
    }
    let mut shrinking = numbers(0..1_200);
    while shrinking.rehash_step(100) {}
    (0..1_060).for_each(|n| assert!(remove(&mut shrinking, n)));
    while shrinking.rehash_step(3) {
        draws_are_uniform(&shrinking);
    }
}

#[test]
fn random_is_uniform_over_long_chains() {
    let mut table = Numbers::new(Mix { bad: true });
    (0..300).for_each(|n| add(&mut table, n));
    assert!(table.stats().children > 20);
    draws_are_uniform(&table);
}

#[test]
fn random_slots_empty_the_table() {
    let (mut table, mut next) = (numbers(0..3_000), dice(3));
    let mut seen = HashSet::new();
    while let Some(slot) = table.random_slot(&mut next) {
        assert!(seen.insert(slot.remove().0));
    }
    assert_eq!(seen.len(), 3_000);
    table.verify();
}

#[test]
fn samples_are_items_and_enough_of_them() {
    let (table, mut next) = (numbers(0..3_000), dice(5));
    for n in [1, 5, 16, 64] {
        let mut seen = HashSet::new();
        table.sample(&mut next, n, |item| assert!(item.0 < 3_000 && seen.insert(item.0)));
        assert!(seen.len() >= n && seen.len() < n + 40);
    }
    let mut all = HashSet::new();
    numbers(0..5).sample(&mut next, 50, |item| assert!(all.insert(item.0)));
    assert_eq!(all.len(), 5);
}

#[test]
fn an_item_whose_replacement_panics_is_gone_and_the_table_whole() {
    let mut table = Numbers::new(Mix { bad: true });
    (0..200).for_each(|n| add(&mut table, n));
    for n in 0..100 {
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let hash = table.hasher().of(n);
            let mut slot = table.find_slot(hash, |item| item.0 == n).expect("is there");
            slot.replace_with(|_| std::panic::resume_unwind(Box::new(())));
        }));
        assert!(broken.is_err() && !has(&table, n));
        table.verify();
    }
    assert_eq!(table.len(), 100);
}

#[test]
fn a_table_may_be_dropped_by_another_thread() {
    let table = numbers(0..10_000);
    std::thread::spawn(move || drop(table)).join().unwrap();
}

/// Each item is in the home that its hash names, and in no other.
fn homes_are_numbered(table: &Numbers) {
    let mut seen = 0;
    for number in 0..table.homes() {
        table.prefetch_home(number);
        table.emit_home(number, |item| {
            assert_eq!(table.home_number(table.hasher().of(item.0)), number);
            seen += 1;
        });
    }
    assert_eq!(seen, table.len());
    table.emit_home(table.homes(), |_| panic!("there is no such home"));
}

#[test]
fn homes_have_numbers_in_every_phase_of_a_rehash_and_keep_them_while_it_is_forbidden() {
    homes_are_numbered(&Numbers::new(Mix { bad: false }));
    let mut growing = numbers(0..9 * 128);
    add(&mut growing, 5_000);
    while growing.rehash_step(5) {
        homes_are_numbered(&growing);
    }
    let mut shrinking = numbers(0..1_200);
    while shrinking.rehash_step(100) {}
    (0..1_060).for_each(|n| assert!(remove(&mut shrinking, n)));
    while shrinking.rehash_step(3) {
        homes_are_numbered(&shrinking);
    }
    let mut frozen = numbers(0..9 * 64);
    add(&mut frozen, 5_000);
    assert!(frozen.is_rehashing());
    frozen.set_resize(Policy::Forbid);
    let before: Vec<usize> = (0..4_000).map(|n| frozen.home_number(frozen.hasher().of(n))).collect();
    (9 * 64..4_000).for_each(|n| add(&mut frozen, n));
    (0..4_000).for_each(|n| assert!(remove(&mut frozen, n)));
    assert!(remove(&mut frozen, 5_000) && frozen.is_empty());
    add(&mut frozen, 1);
    let after: Vec<usize> = (0..4_000).map(|n| frozen.home_number(frozen.hasher().of(n))).collect();
    assert_eq!(before, after);
    homes_are_numbered(&frozen);
}
