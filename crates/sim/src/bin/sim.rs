//! Runs seeds until one fails: `--seed N` one, `--from N --count N` many; with `--durability` of servers that die.

use std::process::ExitCode;

use sim::{Failure, durability};

fn main() -> ExitCode {
    let (mut from, mut count, mut dies) = (0u64, 1000u64, false);
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        if option == "--durability" {
            dies = true;
            continue;
        }
        let value = args.next().and_then(|value| value.parse().ok());
        match (option.as_str(), value) {
            ("--seed", Some(seed)) => (from, count) = (seed, 1),
            ("--from", Some(first)) => from = first,
            ("--count" | "--seeds", Some(many)) => count = many,
            _ => {
                eprintln!("[--durability] --seed N, or --from N --count N");
                return ExitCode::FAILURE;
            }
        }
    }
    let seeds = from..from.saturating_add(count);
    let done = if dies { all_deaths(seeds) } else { all(seeds) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn all(mut seeds: std::ops::Range<u64>) -> Result<(), Box<Failure>> {
    seeds.try_for_each(|seed| {
        println!("seed {seed}: {:?}", sim::run(seed)?);
        Ok(())
    })
}

fn all_deaths(seeds: std::ops::Range<u64>) -> Result<(), Box<Failure>> {
    let mut sum = durability::Report::default();
    for seed in seeds.clone() {
        sum += durability::run(seed)?;
    }
    println!("{} seeds: {sum}", seeds.count());
    Ok(())
}
