//! Snapshots of the dataset: files written and loaded, by request, by rule and at the end.
//!
//! ```text
//!   SAVE                       file                        everybody waits                       save.rs
//!   BGSAVE, rules, schedule    fork -> child -> file       the cron hears of the child's end     background.rs
//!     or                     walk -> thread -> file      slices of turns                       versioned.rs
//!   start, DEBUG RELOAD        file -> keys                step by step, or at once              load.rs
//!   SHUTDOWN, signals          save, or not                                                      end.rs
//! ```
//!
//! *Not here*: the format (`persist`), files and processes (the host).

mod background;
mod end;
mod load;
mod save;
mod state;
mod versioned;

use config::Config;
use config::choices::{RdbModuleData, RdbVersion, RdbVersionCheck, SanitizeDumpPayload};
use persist::{Modules, Settings, Version};

use crate::state::ServerState;

pub use background::{cancel, end_walk, forget_child, poll, start, step};
pub(crate) use background::{end_child, log_ending, note_health, refuses_writes, start_for};
pub use end::{EndOptions, prepare_end};
pub(crate) use load::begin_file;
pub(crate) use load::seconds_left;
pub use load::{Begun, Duplicates, Loading, Progress, Rest, begin, go_on, load_whole, step as load_step};
pub(crate) use save::Plan;
pub use save::save;
pub use state::{Ending, Loads, Purpose, Saving, SnapshotState};
pub use versioned::{Walk, queued, slice_us, walk, walk_due_us};

/// How values are written.
pub fn settings(config: &Config) -> Settings {
    let version = match config.rdb_version {
        RdbVersion::V9 => Version::OLDEST_WRITTEN,
        RdbVersion::V10 => Version(10),
        RdbVersion::V11 => Version::COMMON,
        RdbVersion::V12 => Version::REDIS_8,
        RdbVersion::V80 => Version::VALKEY_9,
    };
    Settings { version, compress: config.rdbcompression }
}

/// Whether versions of the format are tried that are not known.
pub fn takes_any_version(config: &Config) -> bool {
    config.rdb_version_check == RdbVersionCheck::Relaxed
}

fn load_options(server: &ServerState) -> persist::file::Options {
    let config = &server.config;
    persist::file::Options {
        any_version: takes_any_version(config),
        checksum: config.rdbchecksum && !server.debug.skip_checksums,
        modules: match config.rdb_module_data {
            RdbModuleData::Refuse => Modules::Refuse,
            RdbModuleData::Skip => Modules::Skip,
        },
        check_duplicates: config.sanitize_dump_payload == SanitizeDumpPayload::Yes,
        databases: config.databases,
    }
}

fn file_name(config: &Config) -> String {
    String::from_utf8_lossy(&config.dbfilename).into_owned()
}
