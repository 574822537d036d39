//! Loading: the files that the manifest names, one after the other, in steps, so that the server can answer in between that it
//! is loading.
//!
//! A file is a snapshot, or requests, or the one followed by the other. While requests are replayed no key is due: what they did
//! they did when it was not, and that it went later is told as well.
//!
//! A last file that ends too early is what a crash leaves behind: it is cut after the last whole unit if `aof-load-truncated`
//! says so. Anything else that is wrong ends the start, with the place, the reason and what to do; nothing is changed.

use std::collections::VecDeque;
use std::io::Read;

use keyspace::Keyspace;
use persist::aof::{Item, Marks, Reader, manifest};
use persist::{Error, Kind};

use super::files;
use super::replay::{self, Replay};
use super::rewrite::shown;
use crate::gate::Gate;
use crate::host::{Host, Level, OpenFile};
use crate::registry::Registry;
use crate::snapshot::{self, Duplicates, Progress};
use crate::state::ServerState;

/// A line for the log this often.
const LOG_EVERY_US: u64 = 5_000_000;
/// The clock is asked after so many requests.
const REQUESTS: u32 = 64;
/// What a snapshot begins with, in any of its versions.
const MAGIC: [&[u8]; 2] = [b"REDIS", b"VALKEY"];

/// A file that is to be loaded.
#[derive(Debug)]
struct Part {
    name: String,
    path: String,
    len: u64,
    /// Nothing is in those behind it.
    last: bool,
    began_us: u64,
}

enum Current {
    Snapshot,
    Requests(Box<Reader<Box<dyn Read + Send>>>),
}

pub struct Loading {
    to_come: VecDeque<Part>,
    part: Part,
    current: Option<Current>,
    replay: Replay,
    /// Bytes of all files; of those that are done.
    pub total: u64,
    done: u64,
    pub began_us: u64,
    pub began_wall_s: i64,
    logged_us: u64,
    held_before: bool,
    /// Where the last file is gone on with.
    marks: Marks,
}

impl Loading {
    /// Bytes loaded so far.
    pub fn offset(&self, server: &ServerState) -> u64 {
        let current = match &self.current {
            None => 0,
            Some(Current::Snapshot) => server.snapshot.loading.as_ref().map_or(0, |loading| loading.offset()),
            Some(Current::Requests(reader)) => reader.offset(),
        };
        self.done.saturating_add(current)
    }
}

/// Whether the append-only file is being loaded.
pub fn go_on(server: &ServerState) -> bool {
    server.aof.loading.is_some()
}

/// Prepares to load all files of the manifest. From then on [`step`] is to be called until it is done.
pub(super) fn begin(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
) -> Result<(), String> {
    let (mut parts, mut total, mut base) = (VecDeque::new(), 0u64, 0);
    for (role, part) in server.aof.manifest.loaded() {
        let (name, path) = (shown(&part.name), files::path(&server.config, &part.name));
        let len = host.file_len(&path)?;
        let len = len.ok_or_else(|| missing(&name))?;
        total = total.saturating_add(len);
        if role == manifest::Role::Base {
            base = len;
        }
        parts.push_back(Part { name, path, len, last: false, began_us: 0 });
    }
    // A file stays empty until the one before it is safe: when the power went, that one was the last.
    let empty_behind = parts.iter().rev().take_while(|part| part.len == 0).count();
    for part in parts.iter_mut().rev().take(empty_behind + 1) {
        part.last = true;
    }
    let Some(part) = parts.pop_front() else { return Ok(()) };
    (server.aof.size, server.aof.base_size, server.aof.truncated) = (total, base, 0);
    let mut loading = Loading {
        to_come: parts,
        part,
        current: None,
        replay: Replay::default(),
        total,
        done: 0,
        began_us: host.mono_us(),
        began_wall_s: server.wall_us / 1_000_000,
        logged_us: host.mono_us(),
        held_before: keyspace.env.hold_expiry,
        marks: Marks::new(0),
    };
    open(keyspace, server, host, &mut loading)?;
    server.aof.loading = Some(Box::new(loading));
    shut(keyspace, server);
    Ok(())
}

fn missing(name: &str) -> String {
    format!("Can't open the append log file {name} for reading: No such file or directory")
}

/// Nobody comes near the keys until all are there.
fn shut(keyspace: &mut Keyspace, server: &mut ServerState) {
    server.gate.set(Gate::LOADING, true);
    keyspace.env.hold_expiry = true;
}

/// Begins to read `loading.part`.
fn open(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    loading: &mut Loading,
) -> Result<(), String> {
    loading.part.began_us = host.mono_us();
    let Part { name, path, .. } = &loading.part;
    let cannot = |why: String| format!("Can't open the append log file {name} for reading: {why}");
    let file = host.open_file(path).map_err(cannot)?;
    let OpenFile { mut content, len } = file.ok_or_else(|| missing(name))?;
    let mut head = Vec::new();
    content.by_ref().take(6).read_to_end(&mut head).map_err(|error| cannot(error.to_string()))?;
    if !MAGIC.iter().any(|magic| head.starts_with(magic)) {
        loading.current = Some(Current::Requests(Box::new(Reader::after(head, content, 0))));
        return Ok(());
    }
    host.log(Level::Notice, &format!("Reading the snapshot that {name} begins with"));
    let content: Box<dyn Read + Send> = Box::new(std::io::Cursor::new(head).chain(content));
    let file = (name.clone(), OpenFile { content, len });
    snapshot::begin_file(keyspace, server, host, Duplicates::Refuse, file, true)?;
    loading.current = Some(Current::Snapshot);
    Ok(())
}

/// Loads for about so many microseconds. After an error what was loaded so far is in the keyspace, and the server is good
/// for nothing else than to end (or to put back what it had before).
pub fn step(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    budget_us: u64,
) -> Result<Progress, String> {
    let Some(mut loading) = server.aof.loading.take() else { return Ok(Progress::Done) };
    let until_us = host.mono_us().saturating_add(budget_us);
    let progress = loop {
        match some(keyspace, server, registry, host, &mut loading, until_us) {
            Ok(Progress::More) => {}
            Ok(Progress::Done) => break next_part(keyspace, server, host, &mut loading),
            Err(why) => break Err(why),
        }
        let now_us = host.mono_us();
        if now_us.saturating_sub(loading.logged_us) >= LOG_EVERY_US {
            loading.logged_us = now_us;
            log_progress(server, host, &loading, now_us);
        }
        if now_us >= until_us || server.config.key_load_delay != 0 {
            break Ok(Progress::More);
        }
    };
    match progress {
        Ok(Progress::More) => server.aof.loading = Some(loading),
        Ok(Progress::Done) => {
            end(keyspace, server, &loading);
            finished(server, host, &loading);
        }
        Err(_) => {
            end(keyspace, server, &loading);
            server.snapshot.loading = None;
        }
    }
    progress
}

/// Some of the current file.
fn some(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    loading: &mut Loading,
    until_us: u64,
) -> Result<Progress, String> {
    match &mut loading.current {
        None => Ok(Progress::Done),
        Some(Current::Snapshot) => {
            let left_us = until_us.saturating_sub(host.mono_us());
            if snapshot::load_step(keyspace, server, host, left_us)? == Progress::Done {
                shut(keyspace, server);
                let rest = server.snapshot.rest.take();
                loading.current = rest.map(|rest| {
                    Current::Requests(Box::new(Reader::after(rest.ahead, rest.source, rest.offset)))
                });
            }
            Ok(Progress::More)
        }
        Some(Current::Requests(_)) => {
            server.depth += 1;
            let progress = requests(keyspace, server, registry, host, loading);
            server.depth -= 1;
            keyspace.env.set_now(server.now_ms());
            progress
        }
    }
}

fn requests(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    loading: &mut Loading,
) -> Result<Progress, String> {
    let Some(Current::Requests(reader)) = &mut loading.current else { return Ok(Progress::Done) };
    // The peers look at their clients after each request that was delayed.
    let count = if server.config.key_load_delay > 0 { 1 } else { REQUESTS };
    for _ in 0..count {
        // A slow script has others served, who have times of their own.
        keyspace.env.nothing_is_due();
        match reader.next() {
            Ok(Some(Item::Request(argv))) => {
                let run = replay::run(keyspace, server, registry, host, &mut loading.replay, argv);
                if let Err(why) = run {
                    return Err(refused(server, &loading.part, reader.offset(), &why));
                }
                if server.config.key_load_delay > 0 {
                    host.sleep(std::time::Duration::from_micros(
                        server.config.key_load_delay.unsigned_abs().into(),
                    ));
                }
            }
            Ok(Some(Item::Timestamp(_))) => {}
            Ok(None) => {
                loading.marks = reader.marks();
                return Ok(Progress::Done);
            }
            Err(error) => return broken(server, host, loading, error),
        }
    }
    Ok(Progress::More)
}

/// What the server says that cannot take a request for its own.
fn refused(server: &ServerState, part: &Part, offset: u64, why: &str) -> String {
    format!("{why} reading the append only file {}, before offset {offset}: {}", part.name, remedy(server))
}

fn remedy(server: &ServerState) -> String {
    let manifest = files::path(&server.config, &manifest::file_name(&server.config.appendfilename));
    format!("make a backup of the files, then use redstart-check-aof --fix {manifest}")
}

/// The file cannot be read on: that is well only if it is the end of the last one that is missing.
fn broken(
    server: &mut ServerState,
    host: &mut dyn Host,
    loading: &mut Loading,
    error: Error,
) -> Result<Progress, String> {
    let Some(Current::Requests(reader)) = &mut loading.current else { return Err(error.to_string()) };
    let (part, good_to) = (&loading.part, reader.good_to());
    let name = &part.name;
    match error.kind {
        Kind::Cut if !part.last => Err(format!(
            "The append only file {name} ends at offset {} ({}), and is not the last one: {}",
            error.offset,
            error.what,
            remedy(server)
        )),
        Kind::Cut if !server.config.aof_load_truncated => Err(format!(
            "Unexpected end of file reading the append only file {name} at offset {}: {}. To lose what follows \
             offset {good_to}, {}; or set aof-load-truncated to yes",
            error.offset,
            error.what,
            remedy(server)
        )),
        Kind::Cut => {
            let lost = part.len.saturating_sub(good_to);
            host.log(Level::Warning, &format!("!!! The AOF file {name} ends too early: {} !!!", error.what));
            host.truncate(&part.path, good_to)
                .map_err(|why| format!("Can't cut the AOF file {name} at offset {good_to}: {why}"))?;
            let line =
                format!("!!! {name} was cut at offset {good_to}: {lost} bytes of no whole unit are lost !!!");
            host.log(Level::Warning, &line);
            server.aof.truncated = lost;
            server.aof.size = server.aof.size.saturating_sub(lost);
            loading.marks = reader.marks();
            loading.replay.forget_open();
            Ok(Progress::Done)
        }
        _ => Err(format!(
            "Bad file format reading the append only file {name} at offset {}: {}. What is before offset {good_to} \
             is good; {}",
            error.offset,
            error.what,
            remedy(server)
        )),
    }
}

/// A file is done.
fn next_part(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    loading: &mut Loading,
) -> Result<Progress, String> {
    let took_s = host.mono_us().saturating_sub(loading.part.began_us) as f64 / 1e6;
    host.log(Level::Notice, &format!("DB loaded from file {}: {took_s:.3} seconds", loading.part.name));
    loading.done = loading.done.saturating_add(loading.part.len);
    loading.current = None;
    match loading.to_come.pop_front() {
        None => Ok(Progress::Done),
        Some(part) => {
            loading.part = part;
            loading.marks = Marks::new(0);
            open(keyspace, server, host, loading)?;
            Ok(Progress::More)
        }
    }
}

fn log_progress(server: &ServerState, host: &mut dyn Host, loading: &Loading, now_us: u64) {
    let (done, total) = (loading.offset(server), loading.total);
    let elapsed_us = now_us.saturating_sub(loading.began_us).max(1);
    let percent = done.saturating_mul(100).checked_div(total).unwrap_or(0);
    let left_s =
        u128::from(elapsed_us) * u128::from(total.saturating_sub(done)) / u128::from(done.max(1)) / 1_000_000;
    let requests = loading.replay.requests;
    let rate = u128::from(requests) * 1_000_000 / u128::from(elapsed_us);
    let line = format!(
        "Loading {}: {percent}% ({done} of {total} bytes), {requests} requests, {rate} a second, {left_s} s to go",
        loading.part.name
    );
    host.log(Level::Notice, &line);
}

fn end(keyspace: &mut Keyspace, server: &mut ServerState, loading: &Loading) {
    server.gate.set(Gate::LOADING, false);
    keyspace.env.hold_expiry = loading.held_before;
    server.snapshot.rest = None;
}

fn finished(server: &mut ServerState, host: &mut dyn Host, loading: &Loading) {
    server.aof.marks = loading.marks;
    let took_s = host.mono_us().saturating_sub(loading.began_us) as f64 / 1e6;
    if loading.replay.passed_over > 0 || loading.replay.failed > 0 {
        let Replay { passed_over, failed, .. } = &loading.replay;
        let line = format!("{passed_over} requests that change no data were passed over, {failed} failed");
        host.log(Level::Notice, &line);
    }
    host.log(Level::Notice, &format!("DB loaded from append only file: {took_s:.3} seconds"));
}
