//! `cargo x peers`: the program is testkit's, since this one knows nothing but files.

use std::process::Command;

pub fn run(args: &[String]) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--package", "testkit", "--bin", "peers", "--"])
        .args(args)
        .status()
        .map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err("the peers answer otherwise".to_owned()) }
}
