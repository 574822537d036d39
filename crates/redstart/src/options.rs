//! The command line, and the configuration that it and the files it names add up to.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use config::{Config, Loaded, Source};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the user wants.
pub enum Wish {
    Say(String),
    Serve(Box<Serve>),
}

pub struct Serve {
    pub config: Config,
    pub loaded: Loaded,
    /// Absolute path of the configuration file.
    pub file: Option<String>,
    pub multiplexer: Option<String>,
}

const HELP: &str = "\
Usage: redstart-server [FILE] [--NAME VALUE...]...
       redstart-server -            reads the configuration from standard input
       redstart-server --version | --help

FILE is a redis.conf or valkey.conf; every parameter of it can be given as --NAME VALUE and wins over the file:
       redstart-server --port 7777 --maxmemory 1gb --bind 127.0.0.1 ::1

--multiplexer epoll|kqueue|poll      chooses how the kernel is asked for events";

pub fn parse(mut args: Vec<Vec<u8>>) -> Result<Wish, String> {
    match args.first().map(Vec::as_slice) {
        Some(b"-v" | b"--version") => return Ok(Wish::Say(version())),
        Some(b"-h" | b"--help") => return Ok(Wish::Say(HELP.to_owned())),
        _ => {}
    }
    let multiplexer = take_multiplexer(&mut args)?;
    let line = config::command_line(&args);
    let mut config = Config::default();
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    let mut file = None;
    if let Some(path) = &line.file {
        let path = String::from_utf8_lossy(path).into_owned();
        let text =
            std::fs::read(&path).map_err(|error| format!("Can't open the config file '{path}': {error}"))?;
        file = Some(absolute(&path));
        texts.push((path, text));
    }
    if line.stdin {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text).map_err(|error| format!("Can't read standard input: {error}"))?;
        texts.push(("standard input".to_owned(), text));
    }
    texts.push(("the command line".to_owned(), line.overrides));
    let sources: Vec<Source<'_>> = texts.iter().map(|(name, text)| Source { name, text }).collect();
    let loaded = config::load(&mut config, &sources, &mut include).map_err(|error| error.report(VERSION))?;
    Ok(Wish::Serve(Box::new(Serve { config, loaded, file, multiplexer })))
}

fn version() -> String {
    format!("Redstart server v={VERSION} sha=00000000:0 malloc={} bits=64 build=0", alloc_count::name())
}

/// Takes `--multiplexer NAME` out: it is about the world, not a parameter of the server.
fn take_multiplexer(args: &mut Vec<Vec<u8>>) -> Result<Option<String>, String> {
    let Some(at) = args.iter().position(|arg| arg == b"--multiplexer") else { return Ok(None) };
    if at + 1 >= args.len() {
        return Err("--multiplexer needs a name: epoll, kqueue or poll".to_owned());
    }
    let name = args.drain(at..at + 2).nth(1).unwrap_or_default();
    Ok(Some(String::from_utf8_lossy(&name).into_owned()))
}

fn absolute(path: &str) -> String {
    std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path)).display().to_string()
}

/// The files that an `include` names; the last part of the path may be a pattern.
fn include(pattern: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    if stdx::glob::is_literal(pattern.as_bytes()) {
        return Ok(vec![(pattern.to_owned(), std::fs::read(pattern)?)]);
    }
    let path = Path::new(pattern);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let last = path.file_name().unwrap_or_default().as_encoded_bytes();
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if stdx::glob::matches(last, entry.file_name().as_encoded_bytes(), false) {
            found.push(entry.path());
        }
    }
    found.sort();
    found.into_iter().map(|path| Ok((path.display().to_string(), std::fs::read(&path)?))).collect()
}
