//! `redstart-server`: puts the command table, an operating system and the loop together.
//!
//! Whatever is wrong with what the user gave (an option, a file, a port) ends in one clear line and exit code 1.
#![forbid(unsafe_code)]

mod options;
mod start;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: alloc_count::Counted = alloc_count::Counted;

fn main() -> ExitCode {
    let args: Vec<Vec<u8>> =
        std::env::args_os().skip(1).map(std::os::unix::ffi::OsStringExt::into_vec).collect();
    match options::parse(args) {
        Ok(options::Wish::Say(text)) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Ok(options::Wish::Serve(wish)) => start::serve(*wish),
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
