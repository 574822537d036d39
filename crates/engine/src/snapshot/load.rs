//! Loading a snapshot, in steps, so that the server can answer in between that it is loading.
//!
//! Where a key belongs in the table is a cache miss. So entries are made first and put there later, some at a time: by
//! then the lines of memory that they need have come.
//!
//! **Invariant**: between two steps no entry waits.

use std::io::Read;

use keyspace::{Access, DbIndex, EntryBox, Key, Keyspace, Lfu, Value, access};
use persist::Error;
use persist::file::{Item, Loader, Record};

use super::save::pause_after;
use super::state::Loads;
use super::{file_name, load_options};
use crate::gate::Gate;
use crate::host::{Host, Level, OpenFile};
use crate::state::ServerState;

/// What becomes of a key that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// The file is no good.
    Refuse,
    /// It is replaced.
    Replace,
}

/// A file that is being loaded.
pub struct Loading {
    loader: Loader<Box<dyn Read + Send>>,
    duplicates: Duplicates,
    name: String,
    /// Commands follow it, be it in this file or in others: keys whose time is up are kept, since what follows may have
    /// given them more, and the rest of the file is left in [`super::SnapshotState::rest`].
    preamble: bool,
    /// Bytes of the file; 0 if nobody knows.
    pub total: u64,
    pub began_us: u64,
    pub began_wall_s: i64,
    /// Memory that the writer had in use, as the file says.
    pub used_memory: u64,
    logged_us: u64,
    loads: Loads,
    of_modules: u64,
    empty: u64,
    functions: Vec<Vec<u8>>,
    held_before: bool,
    waiting: Vec<Waiting>,
}

/// An entry that is to be put under its key.
struct Waiting {
    db: DbIndex,
    hash: u64,
    entry: EntryBox<Value>,
    /// Where in the file it ends.
    offset: u64,
}

impl Loading {
    /// Bytes loaded so far.
    pub fn offset(&self) -> u64 {
        self.loader.offset()
    }
}

/// How long the rest takes if each byte takes as long as it did so far.
pub(crate) fn seconds_left(elapsed_us: u64, done: u64, total: u64) -> u64 {
    let left_us = u128::from(elapsed_us) * u128::from(total.saturating_sub(done)) / u128::from(done.max(1));
    u64::try_from(left_us / 1_000_000).unwrap_or(u64::MAX)
}

/// Whether there is something to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    Yes,
    /// There is no file.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    More,
    Done,
}

/// A line for the log this often.
const LOG_EVERY_US: u64 = 5_000_000;
/// Keys that are left out are named in the log, up to so many.
const LOGGED_EMPTY: u64 = 10;
/// The clock is asked after so many items.
const ITEMS: u32 = 64;
/// So many entries wait at most.
const WAITING: usize = 32;
/// Room for keys that are announced is made for as many as could be in the rest of the file if each had so many bytes:
/// a table has eight for each key, or sixteen. Shorter ones, or a file that lies, make it grow as it always does.
const LEAST_EXPECTED: u64 = 8;

/// Opens the file. From then on [`step`] is to be called until it is done.
pub fn begin(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    duplicates: Duplicates,
) -> Result<Begun, String> {
    let name = file_name(&server.config);
    let Some(file) = host.open_file(&name)? else { return Ok(Begun::Nothing) };
    begin_file(keyspace, server, host, duplicates, (name, file), false)?;
    Ok(Begun::Yes)
}

/// The same with a file that is open, `preamble` as in [`Loading`].
pub(crate) fn begin_file(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    duplicates: Duplicates,
    (name, file): (String, OpenFile),
    preamble: bool,
) -> Result<(), String> {
    let loader =
        Loader::new(file.content, file.len, load_options(server)).map_err(|error| told(&name, &error))?;
    host.log(Level::Notice, &format!("Loading a snapshot of format version {}", loader.version().0));
    server.snapshot.loading = Some(Box::new(Loading {
        loader,
        duplicates,
        name,
        preamble,
        total: file.len.unwrap_or(0),
        began_us: host.mono_us(),
        began_wall_s: server.wall_us / 1_000_000,
        used_memory: 0,
        logged_us: host.mono_us(),
        loads: Loads::default(),
        of_modules: 0,
        empty: 0,
        functions: Vec::new(),
        held_before: keyspace.env.hold_expiry,
        waiting: Vec::with_capacity(WAITING),
    }));
    server.gate.set(Gate::LOADING, true);
    keyspace.env.hold_expiry = true;
    Ok(())
}

fn told(name: &str, error: &Error) -> String {
    format!("{name}: {error}")
}

/// Loads for about so many microseconds. After an error what was loaded so far is in the keyspace, and the server is good
/// for nothing else than to end (or to put back what it had before).
pub fn step(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    budget_us: u64,
) -> Result<Progress, String> {
    let Some(mut loading) = server.snapshot.loading.take() else { return Ok(Progress::Done) };
    let until_us = host.mono_us().saturating_add(budget_us);
    loop {
        match some(keyspace, server, host, &mut loading) {
            Ok(Progress::More) => {}
            Ok(Progress::Done) => {
                end(keyspace, server, &loading);
                let seed = keyspace.env.rng.u32(..);
                crate::scripting::replace_libraries(server, host, seed, &loading.functions)
                    .map_err(|error| format!("functions: {}", error.to_line()))?;
                finished(server, host, &loading);
                if loading.preamble {
                    server.snapshot.rest = Some(Rest::of(*loading));
                }
                return Ok(Progress::Done);
            }
            Err(error) => {
                end(keyspace, server, &loading);
                let line = told(&loading.name, &error);
                host.log(Level::Warning, &line);
                return Err(line);
            }
        }
        let now_us = host.mono_us();
        if now_us.saturating_sub(loading.logged_us) >= LOG_EVERY_US {
            loading.logged_us = now_us;
            log_progress(host, &loading, now_us);
        }
        if now_us >= until_us || server.config.key_load_delay != 0 {
            server.snapshot.loading = Some(loading);
            return Ok(Progress::More);
        }
    }
}

/// Some items; none of them waits in the end.
fn some(
    keyspace: &mut Keyspace,
    server: &ServerState,
    host: &mut dyn Host,
    loading: &mut Loading,
) -> Result<Progress, Error> {
    // The peers look at their clients after each key that was delayed.
    let items = if server.config.key_load_delay > 0 { 1 } else { ITEMS };
    let mut progress = Progress::More;
    for _ in 0..items {
        progress = next(keyspace, server, host, loading)?;
        if progress == Progress::Done || loading.waiting.len() == WAITING {
            settle(keyspace, host, loading)?;
        }
        if progress == Progress::Done {
            break;
        }
    }
    settle(keyspace, host, loading)?;
    Ok(progress)
}

/// Whether there is a file being loaded.
pub fn go_on(server: &ServerState) -> bool {
    server.snapshot.loading.is_some()
}

/// Loads all of it at once. `false`: there is no file.
pub fn load_whole(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    duplicates: Duplicates,
) -> Result<bool, String> {
    if begin(keyspace, server, host, duplicates)? == Begun::Nothing {
        return Ok(false);
    }
    while step(keyspace, server, host, u64::MAX)? == Progress::More {}
    Ok(true)
}

fn log_progress(host: &mut dyn Host, loading: &Loading, now_us: u64) {
    let (done, keys, total) = (loading.offset(), loading.loads.keys, loading.total);
    let took_us = now_us.saturating_sub(loading.began_us).max(1);
    let rate = u128::from(keys) * 1_000_000 / u128::from(took_us);
    let mut line = format!("Loading: {keys} keys, {rate} keys/s, {done} bytes");
    if let Some(percent) = done.saturating_mul(100).checked_div(total) {
        let left_s = seconds_left(now_us.saturating_sub(loading.began_us), loading.offset(), loading.total);
        line.push_str(&format!(" of {total} ({percent}%), about {left_s} s to go"));
    }
    host.log(Level::Notice, &line);
}

fn next(
    keyspace: &mut Keyspace,
    server: &ServerState,
    host: &mut dyn Host,
    loading: &mut Loading,
) -> Result<Progress, Error> {
    match loading.loader.next(&keyspace.env)? {
        Item::Record(record) => {
            take(keyspace, loading, record);
            if let Some(time) = pause_after(server.config.key_load_delay, loading.loads.keys) {
                host.sleep(time);
            }
        }
        Item::Aux { name, value } => aux(server, host, loading, &name, &value),
        Item::Function(code) => loading.functions.push(code),
        Item::Sizes { db, keys, .. } => expect(keyspace, loading, db, keys),
        Item::Empty { key } => empty(host, loading, &key),
        Item::OfModule => loading.of_modules += 1,
        Item::End => return Ok(Progress::Done),
    }
    Ok(Progress::More)
}

/// Makes room for the keys that the file says are to come, as far as it can have so many.
fn expect(keyspace: &mut Keyspace, loading: &Loading, db: DbIndex, keys: u64) {
    let left = loading.total.saturating_sub(loading.offset());
    let keys = keys.min(left / LEAST_EXPECTED);
    keyspace.db(db).expect(usize::try_from(keys).unwrap_or(0));
}

fn empty(host: &mut dyn Host, loading: &mut Loading, key: &[u8]) {
    if loading.empty < LOGGED_EMPTY {
        let name = String::from_utf8_lossy(key);
        host.log(Level::Notice, &format!("Loading: skipping empty key: {name}"));
    }
    loading.empty += 1;
}

/// Prepares for a key, and for where it will be put.
fn take(keyspace: &Keyspace, loading: &mut Loading, record: Record) {
    let Record { db, entry, idle_s, frequency } = record;
    if !loading.preamble && entry.expire().is_some_and(|at| at <= keyspace.env.now_ms) {
        loading.loads.expired += 1;
        return;
    }
    entry.set_access(access_bits(keyspace, idle_s, frequency));
    let hash = keyspace.hash(entry.key());
    keyspace.look(db).prefetch_bucket(hash);
    loading.loads.keys += 1;
    loading.waiting.push(Waiting { db, hash, entry, offset: loading.loader.offset() });
}

/// Puts what waits under its keys.
fn settle(keyspace: &mut Keyspace, host: &mut dyn Host, loading: &mut Loading) -> Result<(), Error> {
    for Waiting { db, hash, entry, offset } in loading.waiting.drain(..) {
        let Err(entry) = keyspace.db(db).insert(hash, entry) else { continue };
        if loading.duplicates == Duplicates::Refuse {
            let name = String::from_utf8_lossy(entry.key());
            host.log(Level::Warning, &format!("The snapshot has the key '{name}' of database {db} twice"));
            let what = format!("the key '{name}' is there twice").into();
            return Err(Error { kind: persist::Kind::Corrupt, offset, what });
        }
        replace(keyspace, db, hash, entry);
    }
    Ok(())
}

fn replace(keyspace: &mut Keyspace, db: DbIndex, hash: u64, entry: EntryBox<Value>) {
    let mut db = keyspace.db(db);
    drop(db.remove(Key { bytes: entry.key(), hash }));
    let again = db.insert(hash, entry);
    debug_assert!(again.is_ok(), "it was removed");
}

fn access_bits(keyspace: &Keyspace, idle_s: Option<u64>, frequency: Option<u8>) -> u32 {
    let now = keyspace.env.now_ms;
    let told = match keyspace.env.access {
        Access::Lru => idle_s.map(|idle| access::lru_idle_for(idle, now)),
        Access::Lfu => frequency.map(|counter| Lfu::with_counter(counter, now)),
    };
    told.unwrap_or_else(|| keyspace.env.fresh_access())
}

/// What the file says about itself. Names that nobody knows are no trouble.
fn aux(server: &ServerState, host: &mut dyn Host, loading: &mut Loading, name: &[u8], value: &[u8]) {
    let text = String::from_utf8_lossy(value);
    let number = stdx::num::parse_i64(value).unwrap_or(0);
    let line = match name {
        b"redis-ver" | b"valkey-ver" | b"redstart-ver" => {
            let name = String::from_utf8_lossy(name);
            format!("Loading RDB produced by version {text} ({})", name.trim_end_matches("-ver"))
        }
        b"ctime" => {
            let age = (server.wall_us / 1_000_000).saturating_sub(number).max(0);
            format!("RDB age {age} seconds")
        }
        b"used-mem" => {
            loading.used_memory = u64::try_from(number).unwrap_or(0);
            format!("RDB memory usage when created {:.2} Mb", number as f64 / f64::from(1 << 20))
        }
        _ => return,
    };
    host.log(Level::Notice, &line);
}

fn end(keyspace: &mut Keyspace, server: &mut ServerState, loading: &Loading) {
    server.gate.set(Gate::LOADING, false);
    keyspace.env.hold_expiry = loading.held_before;
}

/// What follows a snapshot in its file.
pub struct Rest {
    /// Read already.
    pub ahead: Vec<u8>,
    pub source: Box<dyn Read + Send>,
    /// Where in the file it begins.
    pub offset: u64,
}

impl Rest {
    fn of(loading: Loading) -> Rest {
        let offset = loading.offset();
        let (ahead, source) = loading.loader.into_rest();
        Rest { ahead, source, offset }
    }
}

fn finished(server: &mut ServerState, host: &mut dyn Host, loading: &Loading) {
    let Loads { keys, expired } = loading.loads;
    server.snapshot.last_load = loading.loads;
    let took = host.mono_us().saturating_sub(loading.began_us) as f64 / 1e6;
    let (empty, modules) = (loading.empty, loading.of_modules);
    let mut line = format!("Done loading RDB, keys loaded: {keys}, keys expired: {expired}");
    if empty > 0 {
        line.push_str(&format!(", empty keys skipped: {empty}"));
    }
    if modules > 0 {
        line.push_str(&format!(", keys of modules left out: {modules}"));
    }
    host.log(Level::Notice, &format!("{line}."));
    host.log(Level::Notice, &format!("DB loaded from disk: {took:.3} seconds"));
}
