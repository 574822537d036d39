//! `cargo x TASK`: what is done around the code.
#![forbid(unsafe_code)]

mod peers;

use std::process::ExitCode;

const TASKS: &[(&str, &str, fn(&[String]) -> Result<(), String>)] = &[(
    "peers",
    "plays the transcripts against real servers: --addr HOST:PORT, --server PATH or $PEERS",
    peers::run,
)];

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
