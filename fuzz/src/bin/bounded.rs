//! Every target for some seconds: inputs are made from the examples by small accidents, from a fixed seed. Bytes that
//! break something are shown and kept under `artifacts`.
//!
//! `bounded [SECONDS] [TARGET] [SEED]`; the target `canary` must fail, and shows that failures are seen.
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use redstart_fuzz::{TARGETS, Target, made_examples};

const CANARY: Target = Target {
    name: "canary",
    run: |bytes| assert!(!bytes.windows(2).any(|two| two == b"!!"), "the canary sings"),
    examples: &[b"a!b", b"c!d"],
};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, or: u64| args.get(at).and_then(|arg| arg.parse().ok()).unwrap_or(or);
    let (seconds, only, seed) = (number(0, 10), args.get(1), number(2, 1));
    if let Some(file) = args.get(3) {
        return again(only.map(String::as_str).unwrap_or_default(), file);
    }
    std::panic::set_hook(Box::new(|_| {}));
    if fuzz(&CANARY, Duration::from_secs(5), seed).is_ok() {
        println!("canary: it lives, so nothing below can be believed");
        return ExitCode::FAILURE;
    }
    let mut code = ExitCode::SUCCESS;
    for target in TARGETS.iter().filter(|target| only.is_none_or(|only| only == target.name)) {
        match fuzz(target, Duration::from_secs(seconds), seed) {
            Ok(count) => println!("{}: {count} inputs", target.name),
            Err((why, input)) => {
                let shown: String = input.escape_ascii().to_string();
                println!("{} FAILS: {why}\n  {shown}", target.name);
                keep(target.name, &input);
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

/// One kept input, with the whole message.
fn again(name: &str, file: &str) -> ExitCode {
    match (TARGETS.iter().find(|target| target.name == name), std::fs::read(file)) {
        (Some(target), Ok(bytes)) => (target.run)(&bytes),
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

fn keep(name: &str, input: &[u8]) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
    let path = folder.join(name);
    if std::fs::create_dir_all(folder).is_ok() && std::fs::write(&path, input).is_ok() {
        println!("  again: cargo run --bin bounded -- 0 {name} 0 {}", path.display());
    }
}

fn fuzz(target: &Target, time: Duration, seed: u64) -> Result<usize, (String, Vec<u8>)> {
    let mut dice = Dice(seed);
    let mut inputs: Vec<Vec<u8>> = target.examples.iter().map(|example| example.to_vec()).collect();
    inputs.extend(made_examples(target.name));
    let (given, until) = (inputs.len(), Instant::now() + time);
    let mut count = 0;
    while Instant::now() < until {
        for _ in 0..16 {
            let input = dice.mutated(&inputs);
            run(target, &input).map_err(|why| (why, input.clone()))?;
            count += 1;
            // A walk, not a star: accidents happen to what accidents have made.
            if dice.below(8) == 0 && input.len() < 4000 {
                let at = given + dice.below(64);
                if at < inputs.len() { inputs[at] = input } else { inputs.push(input) }
            }
        }
    }
    Ok(count)
}

fn run(target: &Target, input: &[u8]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or(panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}

/// Knuth's 64-bit generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    fn mutated(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut input = inputs[self.below(inputs.len())].clone();
        for _ in 0..=self.below(6) {
            self.accident(&mut input, inputs);
        }
        input
    }

    fn accident(&mut self, input: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let to = (at + self.below(16)).min(input.len());
        match self.below(8) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.below(256) as u8,
            2 => input.insert(at, self.below(256) as u8),
            3 => drop(input.drain(at..to)),
            4 => {
                let piece = input[at..to].to_vec();
                let place = self.below(input.len() + 1);
                input.splice(place..place, piece);
            }
            5 => {
                let other = inputs[self.below(inputs.len())].clone();
                let from = self.below(other.len() + 1);
                input.splice(at..at, other[from..].iter().copied());
            }
            6 => {
                let numbers: [&[u8]; 6] =
                    [b"0", b"-1", b"2147483648", b"9223372036854775807", b"\r\n", b"\xff"];
                input.splice(at..at, numbers[self.below(6)].iter().copied());
            }
            _ => input.extend((0..self.below(12)).map(|_| self.below(256) as u8).collect::<Vec<u8>>()),
        }
    }
}
