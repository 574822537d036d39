//! `redstart-check-aof`: are the append-only files whole, and if not, where does the whole part end?
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    redstart::check::run(redstart::check::aof::main)
}
