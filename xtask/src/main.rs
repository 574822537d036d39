//! `cargo x TASK`: what is done around the code. It knows files and processes, and none of our crates, so that it is
//! built in a second and says something even when nothing else can be built.
#![forbid(unsafe_code)]

mod bench_ir;
mod commands;
mod generate;
mod load;
mod peers;
mod side;
mod tidy;
mod tree;

use std::process::ExitCode;

type Task = fn(&[String]) -> Result<(), String>;

const TASKS: &[(&str, &str, Task)] = &[
    (
        "tidy",
        "checks what the compiler does not: crate edges, lists, lengths, links (also `cargo test -p xtask`)",
        tidy::run,
    ),
    ("gen", "writes docs/COMMANDS.md, and lowers the numbers in xtask/ratchet.txt", generate::run),
    (
        "peers",
        "plays the transcripts against real servers: --addr HOST:PORT, --server PATH or $PEERS",
        peers::run,
    ),
    (
        "random",
        "sends random commands to two servers: --a HOST:PORT --b HOST:PORT, --only, --count",
        peers::random,
    ),
    (
        "bench-ir",
        "instructions for a request under callgrind, against the record: --update, --only, --server PATH",
        bench_ir::run,
    ),
    (
        "side",
        "plays the workloads on two programs in turns: --a PATH --b PATH, --only, --rounds, --seconds, --tls PLAYER",
        side::run,
    ),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let asked = args.first().map(String::as_str).unwrap_or_default();
    let Some((_, _, run)) = TASKS.iter().find(|(name, _, _)| *name == asked) else {
        eprintln!("cargo x TASK, where TASK is one of");
        for (name, what, _) in TASKS {
            eprintln!("  {name:10} {what}");
        }
        return ExitCode::FAILURE;
    };
    match run(&args[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
