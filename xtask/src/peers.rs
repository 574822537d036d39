//! `cargo x peers` and `cargo x random`: the programs are testkit's, since this one knows nothing but files.

use std::process::Command;

pub fn run(args: &[String]) -> Result<(), String> {
    testkit("peers", args, "the peers answer otherwise")
}

pub fn random(args: &[String]) -> Result<(), String> {
    testkit("random", args, "the two servers part")
}

fn testkit(program: &str, args: &[String], failed: &str) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--package", "testkit", "--bin", program, "--"])
        .args(args)
        .status()
        .map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(failed.to_owned()) }
}
