//! Writing a snapshot.

use std::io;
use std::time::Duration;

use keyspace::Keyspace;
use persist::aof::dataset;
use persist::file::{About, AccessInfo, Saved};

use super::state::Purpose;
use super::{file_name, settings};
use crate::host::{Host, Level};
use crate::state::ServerState;

/// The file is synced each time so many bytes were written, if `rdb-save-incremental-fsync` says so.
const SYNC_EVERY: u64 = 4 << 20;

/// What a file says, and how it is written: taken before the fork, so that the child asks for nothing.
pub(crate) struct Plan {
    pub path: String,
    pub sync_every: u64,
    /// Of the child's process, if it shall have one.
    pub title: Option<String>,
    pub aux: Vec<(&'static str, String)>,
    pub functions: Vec<Vec<u8>>,
    pub settings: persist::Settings,
    pub checksum: bool,
    pub access: AccessInfo,
    /// As requests, and not as a snapshot; with this time, if there is one.
    pub requests: Option<Option<i64>>,
}

impl Plan {
    /// `path`: where it goes, a temporary file that takes the place of an older one when it is whole.
    pub fn of(server: &ServerState, host: &dyn Host, purpose: Purpose, path: String) -> Plan {
        let config = &server.config;
        let policy = config.maxmemory_policy;
        let access = if policy.is_lru() || policy.is_lfu() { AccessInfo::Kept } else { AccessInfo::None };
        let (incremental, base, title) = match purpose {
            Purpose::Snapshot => (config.rdb_save_incremental_fsync, "0", "redstart-rdb-bgsave"),
            Purpose::Rewrite => (config.aof_rewrite_incremental_fsync, "1", "redstart-aof-rewrite"),
        };
        let as_requests = purpose == Purpose::Rewrite && !config.aof_use_rdb_preamble;
        let stamp = config.aof_timestamp_enabled.then_some(server.wall_us / 1_000_000);
        Plan {
            path,
            title: config.set_proc_title.then(|| crate::cron::title::of(server, title)),
            sync_every: if incremental { SYNC_EVERY } else { 0 },
            aux: vec![
                ("redis-ver", crate::REDIS_VERSION.to_owned()),
                ("redstart-ver", env!("CARGO_PKG_VERSION").to_owned()),
                ("redis-bits", "64".to_owned()),
                ("ctime", (server.wall_us / 1_000_000).to_string()),
                ("used-mem", host.used_memory().to_string()),
                ("aof-base", base.to_owned()),
            ],
            functions: server.scripting.libraries.iter().map(|library| library.text.clone()).collect(),
            settings: settings(config),
            checksum: config.rdbchecksum,
            access,
            requests: as_requests.then_some(stamp),
        }
    }

    pub fn write(
        &self,
        keyspace: &Keyspace,
        to: &mut dyn io::Write,
        after_key: &mut dyn FnMut(u64) -> bool,
    ) -> io::Result<Saved> {
        if let Some(timestamp) = self.requests {
            let about = dataset::About { functions: &self.functions, timestamp, after_key };
            return dataset::save(keyspace, to, about);
        }
        let about = About {
            settings: self.settings,
            checksum: self.checksum,
            access: self.access,
            aux: &self.aux,
            functions: &self.functions,
            after_key,
        };
        persist::file::save(keyspace, to, about)
    }
}

/// Writes a snapshot while everybody waits. The error is one line for the log, where it is already.
pub fn save(keyspace: &Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    let plan = Plan::of(server, host, Purpose::Snapshot, file_name(&server.config));
    let (delay, sleep) = (server.config.rdb_key_save_delay, host.sleeper());
    let after_key = &mut |keys| {
        if let Some(time) = pause_after(delay, keys) {
            sleep(time);
        }
        true
    };
    let fill = &mut |to: &mut dyn io::Write| plan.write(keyspace, to, after_key).map(drop);
    let written = host.save_file(&plan.path, plan.sync_every, fill);
    if let Err(why) = written {
        host.log(Level::Warning, &format!("Error saving the DB: {why}"));
        return Err(why);
    }
    host.log(Level::Notice, "DB saved on disk");
    server.dirty = 0;
    done(server);
    Ok(())
}

/// `rdb-key-save-delay` and `key-load-delay`, for tests: positive, so many microseconds after each key; negative, one after
/// so many keys.
pub(super) fn pause_after(delay: i32, keys: u64) -> Option<Duration> {
    match u64::from(delay.unsigned_abs()) {
        0 => None,
        us if delay > 0 => Some(Duration::from_micros(us)),
        every => keys.is_multiple_of(every).then_some(Duration::from_micros(1)),
    }
}

/// A snapshot is complete.
pub(super) fn done(server: &mut ServerState) {
    server.snapshot.last_save_s = server.wall_us / 1_000_000;
    server.snapshot.last_ok = true;
    server.snapshot.saves += 1;
    super::background::note_health(server);
}
