//! Runs seeds until one fails: `--seed N` one, `--from N --count N` many.

use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut from, mut count) = (0u64, 1000u64);
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        let value = args.next().and_then(|value| value.parse().ok());
        match (option.as_str(), value) {
            ("--seed", Some(seed)) => (from, count) = (seed, 1),
            ("--from", Some(first)) => from = first,
            ("--count", Some(many)) => count = many,
            _ => {
                eprintln!("--seed N, or --from N --count N");
                return ExitCode::FAILURE;
            }
        }
    }
    for seed in from..from.saturating_add(count) {
        match sim::run(seed) {
            Ok(report) => println!("seed {seed}: {report:?}"),
            Err(failure) => {
                println!("{failure}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
