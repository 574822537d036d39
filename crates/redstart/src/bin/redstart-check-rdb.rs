//! `redstart-check-rdb`: is a snapshot whole, and what is in it?
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    redstart::check::run(redstart::check::rdb::main)
}
