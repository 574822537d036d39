//! Loading a snapshot, in steps, so that the server can answer in between that it is loading.

use std::io::Read;

use keyspace::{Access, Keyspace, Lfu, access};
use persist::file::{Item, Loader, Record};
use persist::{Error, Loaded};

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
}

impl Loading {
    /// Bytes loaded so far.
    pub fn offset(&self) -> u64 {
        self.loader.offset()
    }
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
const ITEMS: u32 = 16;

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
        for _ in 0..ITEMS {
            match next(keyspace, server, host, &mut loading) {
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
                    return Err(told(&loading.name, &error));
                }
            }
        }
        let now_us = host.mono_us();
        if now_us.saturating_sub(loading.logged_us) >= LOG_EVERY_US {
            loading.logged_us = now_us;
            log_progress(host, &loading);
        }
        if now_us >= until_us || server.config.key_load_delay != 0 {
            server.snapshot.loading = Some(loading);
            return Ok(Progress::More);
        }
    }
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

fn log_progress(host: &mut dyn Host, loading: &Loading) {
    let (done, keys) = (loading.offset(), loading.loads.keys);
    let percent = done.saturating_mul(100).checked_div(loading.total).unwrap_or(0);
    host.log(Level::Notice, &format!("Loading: {percent}% ({done} of {} bytes), {keys} keys", loading.total));
}

fn next(
    keyspace: &mut Keyspace,
    server: &ServerState,
    host: &mut dyn Host,
    loading: &mut Loading,
) -> Result<Progress, Error> {
    match loading.loader.next(&keyspace.env)? {
        Item::Record(record) => {
            apply(keyspace, host, loading, record)?;
            delay(host, server.config.key_load_delay, loading.loads.keys);
        }
        Item::Aux { name, value } => aux(server, host, loading, &name, &value),
        Item::Function(code) => loading.functions.push(code),
        Item::Sizes { .. } => {}
        Item::End => return Ok(Progress::Done),
    }
    Ok(Progress::More)
}

/// `key-load-delay`, for tests: positive, so many microseconds after each key; negative, one after so many keys.
fn delay(host: &mut dyn Host, delay: i32, keys: u64) {
    let magnitude = u64::from(delay.unsigned_abs());
    if delay > 0 {
        host.sleep(std::time::Duration::from_micros(magnitude));
    } else if delay < 0 && keys.is_multiple_of(magnitude) {
        host.sleep(std::time::Duration::from_micros(1));
    }
}

fn apply(
    keyspace: &mut Keyspace,
    host: &mut dyn Host,
    loading: &mut Loading,
    record: Record,
) -> Result<(), Error> {
    match record.value {
        Loaded::Empty => {
            if loading.empty < LOGGED_EMPTY {
                let name = String::from_utf8_lossy(&record.key).into_owned();
                host.log(Level::Notice, &format!("Loading: skipping empty key: {name}"));
            }
            loading.empty += 1;
            return Ok(());
        }
        Loaded::OfModule => {
            loading.of_modules += 1;
            return Ok(());
        }
        _ => {}
    }
    if !loading.preamble && record.expire.is_some_and(|at| at <= keyspace.env.now_ms) {
        loading.loads.expired += 1;
        return Ok(());
    }
    let key = keyspace.key(&record.key);
    let there = keyspace.look(record.db).table().get(key.bytes, key.hash).is_some();
    if there && loading.duplicates == Duplicates::Refuse {
        let name = String::from_utf8_lossy(&record.key).into_owned();
        host.log(
            Level::Warning,
            &format!("The snapshot has the key '{name}' of database {} twice", record.db),
        );
        let what = format!("the key '{name}' is there twice").into();
        return Err(Error { kind: persist::Kind::Corrupt, offset: loading.offset(), what });
    }
    let bits = access_bits(keyspace, record.idle_s, record.frequency);
    record.value.store(keyspace.db(record.db), key, record.expire);
    if let Some(bits) = bits
        && let Some(entry) = keyspace.look(record.db).table().get(key.bytes, key.hash)
    {
        entry.set_access(bits);
    }
    loading.loads.keys += 1;
    Ok(())
}

fn access_bits(keyspace: &Keyspace, idle_s: Option<u64>, frequency: Option<u8>) -> Option<u32> {
    let now = keyspace.env.now_ms;
    match keyspace.env.access {
        Access::Lru => idle_s.map(|idle| access::lru_idle_for(idle, now)),
        Access::Lfu => frequency.map(|counter| Lfu::with_counter(counter, now)),
    }
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
    host.log(Level::Notice, &format!("Done loading RDB, keys loaded: {keys}, keys expired: {expired}."));
    if loading.empty + loading.of_modules > 0 {
        let (empty, modules) = (loading.empty, loading.of_modules);
        host.log(Level::Warning, &format!("Left out: {empty} empty keys, {modules} keys of modules."));
    }
    host.log(Level::Notice, &format!("DB loaded from disk: {took:.3} seconds"));
}
