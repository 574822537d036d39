//! `cargo x random`: sends random commands to two servers and prints where they part.
//!
//! ```text
//! random --a HOST:PORT --b HOST:PORT     two servers that run (they will be flushed!)
//!        --only WORD                     a group (`list`) or a command (`LPUSH`); may be given again
//!        --count N                       so many commands (100000)
//!        --seed N                        the first run's seed (1)
//!        --differences N                 stop after so many (10)
//! ```

use std::process::ExitCode;

use testkit::random::{Pair, Parting, Words, grammar::Grammar, shown};

/// Commands from one emptying of the servers to the next.
const RUN: usize = 400;

struct Wish {
    a: String,
    b: String,
    only: Vec<String>,
    count: usize,
    seed: u64,
    differences: usize,
}

fn main() -> ExitCode {
    match wish(std::env::args().skip(1)).and_then(|wish| run(&wish)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn wish(mut args: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut wish = Wish {
        a: String::new(),
        b: String::new(),
        only: Vec::new(),
        count: 100_000,
        seed: 1,
        differences: 10,
    };
    let number = |text: &str| text.parse().map_err(|_| format!("{text}: no number"));
    while let Some(option) = args.next() {
        let value = args.next().ok_or(format!("{option} wants a value"))?;
        match option.as_str() {
            "--a" => wish.a = value,
            "--b" => wish.b = value,
            "--only" => wish.only.push(value),
            "--count" => wish.count = number(&value)?,
            "--seed" => wish.seed = number(&value)? as u64,
            "--differences" => wish.differences = number(&value)?,
            other => return Err(format!("{other}: not known")),
        }
    }
    if wish.a.is_empty() || wish.b.is_empty() {
        return Err("two servers are needed: --a HOST:PORT --b HOST:PORT".to_owned());
    }
    Ok(wish)
}

/// How many differences were found.
fn run(wish: &Wish) -> Result<usize, String> {
    let registry = commands::registry();
    let unreachable = |error: std::io::Error| error.to_string();
    let known = Pair::open(&wish.a, &wish.b).and_then(|mut pair| pair.known()).map_err(unreachable)?;
    let (mut sent, mut seed, mut found) = (0, wish.seed, 0);
    while sent < wish.count && found < wish.differences {
        let mut grammar = Grammar::new(&registry, &wish.only, &known, seed);
        if grammar.is_empty() {
            return Err("no command is of that name".to_owned());
        }
        let mut requests = grammar.limits();
        requests.extend((0..RUN).map(|_| grammar.request()));
        match differs(wish, &requests) {
            Ok(Some(parting)) => {
                report(seed, &parting);
                found += 1;
            }
            Ok(None) => sent += requests.len(),
            // A mistake may have made a client wait for ever: on both servers, then.
            Err(why) => println!("seed {seed}: {why}"),
        }
        seed += 1;
    }
    println!("{sent} commands, {found} differences, seeds {} to {}", wish.seed, seed - 1);
    Ok(found)
}

/// The shortest requests that still differ.
fn differs(wish: &Wish, requests: &[Words]) -> std::io::Result<Option<Parting>> {
    let mut pair = Pair::open(&wish.a, &wish.b)?;
    // What does not come again was a matter of a millisecond.
    if pair.play(requests)?.is_none() {
        return Ok(None);
    }
    match pair.play(requests)? {
        Some(parting) => pair.shorten(parting).map(Some),
        None => Ok(None),
    }
}

fn report(seed: u64, parting: &Parting) {
    println!("seed {seed}:");
    for request in &parting.requests {
        println!("  > {}", shown(request));
    }
    println!("  a: {}\n  b: {}", parting.replies[0], parting.replies[1]);
}
