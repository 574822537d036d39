//! Figures of the two indices of sorted sets: what decision 10 is made of.
//!
//! ```text
//!   target/release/examples/index tree all 1000000       bytes and nanoseconds, for members of 20 bytes
//!   target/release/examples/index skiplist all 1000000
//!   for what in add rescore rank range:
//!   valgrind --tool=callgrind --collect-atstart=no --toggle-collect='index::timed_*' \
//!       target/release/examples/index tree add 100000    instructions of an operation: the count, divided by ROUNDS
//! ```
//!
//! Each operation asserts its answers.

use std::hint::black_box;
use std::time::Instant;

use structures::index::skiplist::SkipList;
use structures::index::{OrderedIndex, Scored, Tree};
use structures::{Item, Ranked, Seed};

#[global_allocator]
static ALLOCATOR: alloc_count::Counted = alloc_count::Counted;

/// Operations of each kind.
const ROUNDS: usize = 10_000;

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

fn member(n: usize) -> [u8; 20] {
    let mut member = *b"member:0000000000000";
    let mut n = n;
    for digit in member.iter_mut().skip(7).rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
    member
}

fn score(dice: &mut Dice, count: usize) -> f64 {
    dice.below(count) as f64
}

fn filled<I: OrderedIndex<Item>>(count: usize) -> Ranked<I> {
    let (mut set, mut dice) = (Ranked::new(Seed { k0: 7, k1: 9 }), Dice(1));
    for n in 0..count {
        let score = score(&mut dice, count);
        set.update(&member(n), |_| Some(score));
    }
    set
}

#[inline(never)]
fn timed_add<I: OrderedIndex<Item>>(set: &mut Ranked<I>, news: &[([u8; 20], f64)]) {
    for (member, score) in news {
        set.update(black_box(member), |_| Some(*score));
    }
}

#[inline(never)]
fn timed_rank<I: OrderedIndex<Item>>(set: &Ranked<I>, members: &[([u8; 20], f64)]) -> usize {
    members.iter().filter_map(|(member, _)| set.rank(black_box(member))).map(|(rank, _)| rank).sum()
}

#[inline(never)]
fn timed_range<I: OrderedIndex<Item>>(set: &Ranked<I>, starts: &[usize]) -> usize {
    let bytes = |start: &usize| set.range(*start..start + 10).map(|item| item.member().len()).sum::<usize>();
    starts.iter().map(bytes).sum()
}

#[inline(never)]
fn timed_remove<I: OrderedIndex<Item>>(set: &mut Ranked<I>, members: &[([u8; 20], f64)]) -> usize {
    members.iter().filter(|(member, _)| set.remove(black_box(member)).is_some()).count()
}

fn report(what: &str, start: Instant) {
    println!("{what:<8} {:>8.0} ns", start.elapsed().as_nanos() as f64 / ROUNDS as f64);
}

fn run<I: OrderedIndex<Item>>(what: &str, count: usize) {
    let before = alloc_count::used();
    let mut set = filled::<I>(count);
    let bytes = (alloc_count::used() - before) as f64;
    let items: usize = set.iter().map(Item::memory).sum();
    let per = |bytes: f64| bytes / count as f64;
    let index = bytes - items as f64 - set.items().memory() as f64;
    println!(
        "bytes    {:>8.1}, of which items {:.1}, table {:.1}, index {:.1}",
        per(bytes),
        per(items as f64),
        per(set.items().memory() as f64),
        per(index)
    );
    let mut dice = Dice(99);
    let all = what == "all";
    let mut draw = |from: usize, below: usize| -> Vec<([u8; 20], f64)> {
        (0..ROUNDS)
            .map(|n| (member(if below == 0 { from + n } else { dice.below(below) }), score(&mut dice, count)))
            .collect()
    };
    let (news, olds, gone) = (draw(count, 0), draw(0, count), draw(0, count));
    if all || what == "rank" {
        let start = Instant::now();
        assert!(timed_rank(&set, &olds) > 0);
        report("rank", start);
    }
    if all || what == "range" {
        let starts: Vec<usize> = (0..ROUNDS).map(|_| dice.below(count - 10)).collect();
        let start = Instant::now();
        assert_eq!(timed_range(&set, &starts), 200 * ROUNDS);
        report("range", start);
    }
    if all || what == "rescore" {
        let start = Instant::now();
        timed_add(&mut set, &olds);
        report("rescore", start);
    }
    if all || what == "add" {
        let start = Instant::now();
        timed_add(&mut set, &news);
        report("add", start);
        assert_eq!(set.len(), count + ROUNDS);
    }
    if all || what == "remove" {
        let start = Instant::now();
        assert!(timed_remove(&mut set, &gone) > 0);
        report("remove", start);
    }
}

fn main() {
    alloc_count::own_this_thread();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [index, what, count] = args.as_slice() else {
        println!("index tree|skiplist all|add|rescore|rank|range|remove COUNT");
        return;
    };
    let count = count.parse().expect("a number of elements");
    match index.as_str() {
        "tree" => run::<Tree<Item>>(what, count),
        "skiplist" => run::<SkipList<Item>>(what, count),
        other => panic!("{other}: tree or skiplist"),
    }
}
