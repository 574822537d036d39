use crate::run;

/// Seeds of every day; `cargo run -p sim` has more.
const SEEDS: u64 = 40;

/// Seeds that found something once.
const KEPT: &[u64] = &[];

#[test]
fn no_seed_finds_a_wrong_answer() {
    for seed in (0..SEEDS).chain(KEPT.iter().copied()) {
        if let Err(failure) = run(seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [1, 2, 3] {
        assert_eq!(run(seed).ok(), run(seed).ok());
    }
}
