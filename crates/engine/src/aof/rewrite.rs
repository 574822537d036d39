//! The dataset is written into a new base, so that what was done to get there can be forgotten.
//!
//! ```text
//!   begin     base 1  incr 1  incr 2            2 is new, named by the manifest, and appended to from now on
//!             the snapshot is taken at this moment
//!   end       base 2  incr 2                    base 1 and incr 1 are history, and are removed
//!   failure   base 1  incr 1  incr 2            nothing is lost; there is one file more
//! ```
//!
//! When `appendonly` was just switched on there is nothing yet that the new increment could follow, so it has a temporary name
//! and is in no manifest until the base is whole ([`Mode::First`]).

use keyspace::Keyspace;
use persist::aof::Marks;

use super::{Mode, RESERVE, files, health, log};
use crate::host::{Host, Level};
use crate::snapshot::{Ending, Purpose, Saving, log_ending};
use crate::state::ServerState;

/// After so many failures in a row, those that nobody asked for wait: a minute, then twice as long each time, up to an hour.
const FAILURES: u64 = 3;
const MOST_MINUTES: u64 = 60;

#[derive(Debug)]
pub struct Rewrite {
    /// One is to begin as soon as it can.
    pub scheduled: bool,
    pub last_ok: bool,
    /// Seconds that the last one took.
    pub last_took_s: Option<u64>,
    pub last_copied: u64,
    pub count: u64,
    pub failures: u64,
    delay_minutes: u64,
    not_before_us: Option<u64>,
    /// Of the one that goes on: how many of the manifest's increments its base will have made superfluous, and its form.
    covers: usize,
    rdb: bool,
    /// When all is loaded a file is to be opened: the server has just started.
    pub(super) opening: bool,
}

impl Default for Rewrite {
    fn default() -> Self {
        Rewrite {
            scheduled: false,
            last_ok: true,
            last_took_s: None,
            last_copied: 0,
            count: 0,
            failures: 0,
            delay_minutes: 0,
            not_before_us: None,
            covers: 0,
            rdb: true,
            opening: false,
        }
    }
}

/// What became of a wish for a rewrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    Now,
    /// As soon as it can.
    Later,
    /// There is one already.
    Already,
    /// The reason is in the log.
    Failed,
}

/// BGREWRITEAOF.
pub fn bgrewrite(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Started {
    if server.snapshot.saving_for(Purpose::Rewrite) {
        return Started::Already;
    }
    if server.snapshot.saving.is_some() || server.depth > 0 {
        server.aof.rewrite.scheduled = true;
        server.aof.rewrite.failures = 0;
        host.log(Level::Notice, "Background append only file rewriting scheduled.");
        return Started::Later;
    }
    match begin(keyspace, server, host) {
        Ok(()) => Started::Now,
        Err(_) => Started::Failed,
    }
}

/// Begins a rewrite. There must be nothing else that is written in the background, and no unit that is open in the feed. The
/// error is in the log already.
pub(super) fn begin(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
) -> Result<(), String> {
    let begun = try_begin(keyspace, server, host);
    if begun.is_err() {
        server.aof.rewrite.last_ok = false;
    }
    begun
}

fn try_begin(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    let folder = files::folder(&server.config);
    files::take_folder(&server.config, host).inspect_err(|why| {
        host.log(Level::Warning, &format!("Can't open or create append-only dir {folder}: {why}"));
    })?;
    let covers = server.aof.manifest.increments().len();
    match server.aof.mode {
        Mode::Off => {}
        Mode::On => next_increment(server, host)?,
        Mode::First => open_temporary(keyspace, server, host)?,
    }
    let rdb = server.config.aof_use_rdb_preamble;
    let base = server.aof.manifest.next_base(&server.config.appendfilename, rdb);
    let path = files::path(&server.config, &base);
    server.aof.rewrite.count += 1;
    crate::snapshot::start_for(keyspace, server, host, Purpose::Rewrite, path)?;
    let rewrite = &mut server.aof.rewrite;
    (rewrite.scheduled, rewrite.covers, rewrite.rdb) = (false, covers, rdb);
    Ok(())
}

/// Has what is done from now on be written to a new file.
fn next_increment(server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    let mut manifest = server.aof.manifest.clone();
    let name = manifest.add_increment(&server.config.appendfilename).name.clone();
    let path = files::path(&server.config, &name);
    let failed = |host: &mut dyn Host, why: &String| {
        host.log(Level::Warning, &format!("Can't open the append-only file {path}: {why}"));
    };
    host.write_file(&path, b"").inspect_err(|why| failed(host, why))?;
    files::write_manifest(&server.config, host, &manifest)?;
    log::mark_end(server, host);
    if let Err(why) = host.journal_open(&path, RESERVE) {
        failed(host, &why);
        // The file before is the last one again; should this fail, the empty one behind it does no harm.
        let _ = files::write_manifest(&server.config, host, &server.aof.manifest);
        return Err(why);
    }
    server.aof.manifest = manifest;
    server.aof.health.opened();
    if server.aof.health.makes_up() {
        server.feed.taken();
    }
    begin_file(server);
    host.log(Level::Notice, &format!("Creating AOF incr file {} on background rewrite", shown(&name)));
    Ok(())
}

fn open_temporary(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
) -> Result<(), String> {
    let path = files::path(&server.config, &files::temporary_increment(&server.config));
    let opened = host.write_file(&path, b"").and_then(|()| host.journal_open(&path, RESERVE));
    if let Err(why) = opened {
        host.log(Level::Warning, &format!("Can't open the append-only file {path}: {why}"));
        return Err(why);
    }
    log::set_open(keyspace, server, Mode::First, true);
    begin_file(server);
    server.aof.size = 0;
    Ok(())
}

/// What is appended from now on is in a file of its own.
fn begin_file(server: &mut ServerState) {
    server.feed.reselect();
    server.aof.marks = Marks::new(0);
    server.aof.stamped_s = 0;
}

pub(super) fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// The base is written, or is not.
pub(crate) fn rewrite_ended(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    saving: Saving,
    ending: Ending,
) {
    log_ending(host, "AOF rewrite", "terminated with error", ending);
    let took_s = server.mono_us.saturating_sub(saving.began_us) / 1_000_000;
    server.aof.rewrite.last_took_s = Some(took_s);
    server.aof.rewrite.last_copied = saving.copied_peak;
    let done = match ending {
        Ending::Done => replace_base(server, host).is_ok(),
        Ending::Cancelled | Ending::Failed(_) => false,
    };
    let rewrite = &mut server.aof.rewrite;
    if done {
        (rewrite.last_ok, rewrite.failures) = (true, 0);
        host.log(Level::Notice, "Background AOF rewrite finished successfully");
        health::made_up(server, host);
    } else if ending != Ending::Cancelled {
        (rewrite.last_ok, rewrite.failures) = (false, rewrite.failures + 1);
    }
    if !done && server.aof.mode == Mode::First {
        give_up_temporary(keyspace, server, host);
        server.aof.rewrite.scheduled = true;
    }
}

/// Puts the new base in the place of all that it makes superfluous.
fn replace_base(server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    let mut manifest = server.aof.manifest.clone();
    let stem = server.config.appendfilename.clone();
    let base = manifest.next_base(&stem, server.aof.rewrite.rdb);
    let mut renamed = None;
    if server.aof.mode == Mode::First {
        let name = manifest.add_increment(&stem).name.clone();
        let to = files::path(&server.config, &name);
        let from = files::path(&server.config, &files::temporary_increment(&server.config));
        host.rename(&from, &to).inspect_err(|why| {
            host.log(Level::Warning, &format!("Can't rename {from} into {to}: {why}"));
        })?;
        renamed = Some(to);
    }
    let keep = manifest.increments().len() - server.aof.rewrite.covers.min(manifest.increments().len());
    manifest.replace_base(&stem, server.aof.rewrite.rdb, keep);
    if let Err(why) = files::write_manifest(&server.config, host, &manifest) {
        files::remove(host, &files::path(&server.config, &base));
        if let Some(path) = renamed {
            files::remove(host, &path);
        }
        return Err(why);
    }
    server.aof.manifest = manifest;
    if server.aof.mode != Mode::Off {
        let base_len = host.file_len(&files::path(&server.config, &base)).ok().flatten().unwrap_or(0);
        server.aof.size = base_len.saturating_add(server.aof.marks.at());
        server.aof.base_size = server.aof.size;
        log::set_mode_on(server);
    }
    files::collect_garbage(server, host);
    Ok(())
}

/// What was collected for a base that did not come is of no use.
pub(super) fn give_up_temporary(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    if !server.aof.open {
        return;
    }
    let mode = server.aof.mode;
    log::set_open(keyspace, server, mode, false);
    // Nobody was promised anything of this file.
    let _ = host.journal_close();
    health::forget(server);
    let name = files::temporary_increment(&server.config);
    host.log(Level::Notice, &format!("Removing the temp incr aof file {} in the background", shown(&name)));
    files::remove(host, &files::path(&server.config, &name));
}

/// Ends a rewrite that goes on, and waits for its end.
pub(crate) fn cancel(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    if server.snapshot.saving_for(Purpose::Rewrite) {
        let pid = server.snapshot.saving.map_or(0, |saving| saving.pid);
        host.log(Level::Notice, &format!("Killing running AOF rewrite child: {pid}"));
        crate::snapshot::end_child(keyspace, server, host);
    }
}

/// A step of the cron: rewrites that wait for their turn, or that are due because the files have grown.
pub(crate) fn step(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    if server.snapshot.saving.is_some() || crate::snapshot::go_on(server) || super::go_on(server) {
        return;
    }
    if server.aof.health.wants_rewrite(server.mono_us) {
        server.aof.health.rewrite_tried(server.mono_us);
        let _ = begin(keyspace, server, host);
        return;
    }
    let growth = growth(server);
    if (server.aof.rewrite.scheduled || growth.is_some()) && !is_limited(server, host) {
        if let Some(growth) = growth {
            host.log(Level::Notice, &format!("Starting automatic rewriting of AOF on {growth}% growth"));
        }
        // That it failed is in the log, and will be tried again.
        if begin(keyspace, server, host).is_err() {
            server.aof.rewrite.failures += 1;
        }
    }
}

/// By how many per cent the files have grown, if it is time to do something about it.
fn growth(server: &ServerState) -> Option<u128> {
    let (aof, config) = (&server.aof, &server.config);
    let wanted = aof.mode == Mode::On && config.auto_aof_rewrite_percentage > 0;
    if !wanted || aof.size <= config.auto_aof_rewrite_min_size {
        return None;
    }
    let base = u128::from(aof.base_size.max(1));
    let growth = (u128::from(aof.size) * 100 / base).saturating_sub(100);
    Some(growth).filter(|growth| *growth >= u128::from(config.auto_aof_rewrite_percentage))
}

/// After failures a rewrite that nobody asked for waits.
fn is_limited(server: &mut ServerState, host: &mut dyn Host) -> bool {
    let (rewrite, now_us) = (&mut server.aof.rewrite, server.mono_us);
    if rewrite.failures < FAILURES {
        (rewrite.delay_minutes, rewrite.not_before_us) = (0, None);
        return false;
    }
    if let Some(at_us) = rewrite.not_before_us {
        if now_us >= at_us {
            rewrite.not_before_us = None;
        }
        return now_us < at_us;
    }
    rewrite.delay_minutes = (rewrite.delay_minutes * 2).clamp(1, MOST_MINUTES);
    rewrite.not_before_us = Some(now_us + rewrite.delay_minutes * 60_000_000);
    let line = format!(
        "Background AOF rewrite failed {} times, which triggered the limit: the next try is in {} minutes",
        rewrite.failures, rewrite.delay_minutes
    );
    host.log(Level::Warning, &line);
    true
}
