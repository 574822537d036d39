//! Snapshots while the server serves: by a child, or without one ([`super::versioned`]), as `snapshot-method` says.
//!
//! While there is a child, tables keep their size as long as they can: what the parent writes to is copied, and moving
//! buckets writes to everything.

use std::time::Duration;

use config::choices::SnapshotMethod;
use keyspace::{Keyspace, Policy};

use super::file_name;
use super::save::{self, Plan};
use super::state::{Ending, Purpose, Saving};
use super::versioned;
use crate::host::{ChildHost, ChildNews, Host, Level};
use crate::state::ServerState;

/// After a failure rules wait so long.
const RETRY_US: u64 = 5_000_000;
/// The child reports when it has done so many keys more, and so much time has passed.
const REPORT_KEYS: u64 = 1024;
const REPORT_US: u64 = 1_000_000;

/// Begins a snapshot in the background. The error is one line, in the log already.
pub fn start(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    server.snapshot.last_try_us = server.mono_us;
    let path = file_name(&server.config);
    if let Err(why) = start_for(keyspace, server, host, Purpose::Snapshot, path) {
        server.snapshot.last_ok = false;
        note_health(server);
        return Err(why);
    }
    server.snapshot.scheduled = false;
    Ok(())
}

/// Begins to write the dataset, as it is now, into the file `path`; the cron hears of the end, and whoever it is for is
/// told ([`ended`]). There must be no other on its way. The error is one line, in the log already.
pub(crate) fn start_for(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    purpose: Purpose,
    path: String,
) -> Result<(), String> {
    let plan = Plan::of(server, host, purpose, path);
    let begun = match server.config.snapshot_method {
        SnapshotMethod::Versioned if plan.requests.is_none() => {
            versioned::start(keyspace, server, host, &plan).map(|()| 0).map_err(|why| (why, ""))
        }
        _ => fork(keyspace, server, host, &plan).map_err(|why| (why, "fork: ")),
    };
    let pid = match begun {
        Ok(pid) => pid,
        Err((why, step)) => {
            let what = match purpose {
                Purpose::Snapshot => "save in background",
                Purpose::Rewrite => "rewrite append only file in background",
            };
            host.log(Level::Warning, &format!("Can't {what}: {step}{why}"));
            return Err(why);
        }
    };
    server.snapshot.saving = Some(Saving {
        purpose,
        pid,
        began_us: server.mono_us,
        dirty_before: server.dirty,
        keys_done: 0,
        keys_total: keyspace.all().map(|(_, db)| db.len() as u64).sum(),
        copied: 0,
        copied_peak: 0,
        told_us: server.mono_us,
        cancelled: false,
    });
    set_policy(keyspace, server);
    let what = match purpose {
        Purpose::Snapshot => "saving",
        Purpose::Rewrite => "append only file rewriting",
    };
    let by = if pid > 0 { format!("by pid {pid}") } else { "without a child".to_owned() };
    host.log(Level::Notice, &format!("Background {what} started {by}"));
    Ok(())
}

/// Splits off a child that writes.
fn fork(
    keyspace: &Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    plan: &Plan,
) -> Result<u32, String> {
    let (delay, began_us) = (server.config.rdb_key_save_delay, host.mono_us());
    let pid = host.fork(&mut |child| write(keyspace, plan, delay, child))?;
    server.snapshot.fork_us = host.mono_us().saturating_sub(began_us);
    server.snapshot.forks += 1;
    server.note_latency("fork", server.snapshot.fork_us);
    Ok(pid)
}

/// What the child does.
fn write(keyspace: &Keyspace, plan: &Plan, delay: i32, child: &dyn ChildHost) -> bool {
    if let Some(title) = &plan.title {
        child.title(title);
    }
    let (mut told_us, mut keys_done) = (0, 0);
    let saved = child.save_file(&plan.path, plan.sync_every, &mut |to| {
        let after_key = &mut |keys| {
            keys_done = keys;
            if let Some(time) = save::pause_after(delay, keys) {
                child.sleep(time);
            }
            if keys % REPORT_KEYS == 1 && child.mono_us().saturating_sub(told_us) >= REPORT_US {
                told_us = child.mono_us();
                child.report(keys);
            }
            true
        };
        plan.write(keyspace, to, after_key).map(drop)
    });
    child.report(keys_done);
    saved.is_ok()
}

/// Tables keep their size while a child shares the memory, or DEBUG says so.
fn set_policy(keyspace: &mut Keyspace, server: &ServerState) {
    let child = server.snapshot.saving.is_some_and(|saving| saving.has_child());
    let policy = match (server.debug.dict_resizing, child) {
        (false, _) => Policy::Forbid,
        (true, true) => Policy::Avoid,
        (true, false) => Policy::Allow,
    };
    keyspace.set_resize(policy);
}

/// A step of the cron: what the child has to tell, then what rules and schedule ask for.
pub fn step(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    poll(keyspace, server, host);
    if server.snapshot.saving.is_some() || server.snapshot.loading.is_some() {
        return;
    }
    let may_try =
        server.snapshot.last_ok || server.mono_us.saturating_sub(server.snapshot.last_try_us) > RETRY_US;
    if !may_try {
        return;
    }
    if let Some(line) = due(server) {
        host.log(Level::Notice, &line);
        // That it failed is in the log, and will be tried again.
        let _ = start(keyspace, server, host);
    } else if server.snapshot.scheduled {
        let _ = start(keyspace, server, host);
    }
}

/// The rule that is due, as a line for the log.
fn due(server: &ServerState) -> Option<String> {
    let since = server.wall_us / 1_000_000 - server.snapshot.last_save_s;
    let since = u64::try_from(since).unwrap_or(0);
    let rules = &server.config.save.0;
    let rule = rules.iter().find(|rule| server.dirty >= rule.changes && since > rule.seconds)?;
    Some(format!("{} changes in {} seconds. Saving...", rule.changes, rule.seconds))
}

/// Hears what the child has to tell.
pub fn poll(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    if server.snapshot.saving.is_none() {
        return;
    }
    if server.snapshot.walk.is_some() {
        if let Some(ok) = versioned::ended(keyspace, server, host) {
            ended(keyspace, server, host, ok, None);
        }
        return;
    }
    for news in host.child_news() {
        match news {
            ChildNews::Progress { keys, copied } => progress(server, keys, copied),
            ChildNews::Ended { ok, signal } => ended(keyspace, server, host, ok, signal),
        }
    }
}

pub(super) fn progress(server: &mut ServerState, keys: u64, copied: u64) {
    let told_us = server.mono_us;
    if let Some(saving) = &mut server.snapshot.saving {
        let copied_peak = saving.copied_peak.max(copied);
        *saving = Saving { keys_done: keys, copied, copied_peak, told_us, ..*saving };
    }
}

fn ended(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    ok: bool,
    signal: Option<i32>,
) {
    let Some(saving) = server.snapshot.saving.take() else { return };
    set_policy(keyspace, server);
    let ending = match ok {
        true => Ending::Done,
        false if saving.cancelled => Ending::Cancelled,
        false => Ending::Failed(signal),
    };
    match saving.purpose {
        Purpose::Snapshot => snapshot_ended(server, host, saving, ending),
        Purpose::Rewrite => crate::aof::rewrite_ended(keyspace, server, host, saving, ending),
    }
}

fn snapshot_ended(server: &mut ServerState, host: &mut dyn Host, saving: Saving, ending: Ending) {
    server.snapshot.last_took_s = Some(server.mono_us.saturating_sub(saving.began_us) / 1_000_000);
    server.snapshot.last_copied = saving.copied_peak;
    if ending == Ending::Done && saving.has_child() {
        host.log(Level::Notice, &format!("Fork CoW for RDB: {} MB", saving.copied_peak >> 20));
    }
    log_ending(host, "saving", "error", ending);
    match ending {
        Ending::Done => {
            server.dirty = server.dirty.saturating_sub(saving.dirty_before);
            return save::done(server);
        }
        Ending::Cancelled => {}
        Ending::Failed(_) => server.snapshot.last_ok = false,
    }
    note_health(server);
}

/// Tells the log how something in the background ended. `failed`: the word for a failure.
pub(crate) fn log_ending(host: &mut dyn Host, what: &str, failed: &str, ending: Ending) {
    let (level, how) = match ending {
        Ending::Done => (Level::Notice, "terminated with success".to_owned()),
        Ending::Cancelled => (Level::Notice, "was ended".to_owned()),
        Ending::Failed(Some(signal)) => (Level::Warning, format!("terminated by signal {signal}")),
        Ending::Failed(None) => (Level::Warning, failed.to_owned()),
    };
    host.log(level, &format!("Background {what} {how}"));
}

/// Ends the snapshot that is being written, if one is; its end will be heard of. False if there was none.
pub fn cancel(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> bool {
    if !server.snapshot.saving_for(Purpose::Snapshot) {
        return false;
    }
    tell_to_end(keyspace, server, host);
    true
}

fn tell_to_end(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    if let Some(saving) = &mut server.snapshot.saving {
        saving.cancelled = true;
        if !versioned::give_up(keyspace, server, host) {
            host.end_child();
        }
    }
}

/// Ends the snapshot that is being written, if one is, and waits for its end: before one that everybody waits for.
pub fn forget_child(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    if server.snapshot.saving_for(Purpose::Snapshot) {
        end_child(keyspace, server, host);
    }
}

/// The same, of what is written without a child: before databases are taken out that may come back.
pub fn end_walk(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    if server.snapshot.walk.is_some() {
        end_child(keyspace, server, host);
    }
}

/// Ends what is being written in the background, whatever it is for, and waits for its end.
pub(crate) fn end_child(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) {
    tell_to_end(keyspace, server, host);
    // A child was killed, a thread ends with the piece it is at: milliseconds, if the disk is well.
    for _ in 0..5000 {
        poll(keyspace, server, host);
        if server.snapshot.saving.is_none() {
            return;
        }
        host.sleep(Duration::from_millis(1));
    }
}

/// Raises or lowers the gate before commands that write: they are refused while snapshots cannot be written.
pub(crate) fn note_health(server: &mut ServerState) {
    let refused = refuses_writes(server);
    server.refuse_writes(refused);
}

/// Whether snapshots are wanted that cannot be written, so that nothing shall change.
pub(crate) fn refuses_writes(server: &ServerState) -> bool {
    let config = &server.config;
    !server.snapshot.last_ok && config.stop_writes_on_bgsave_error && !config.save.is_empty()
}
