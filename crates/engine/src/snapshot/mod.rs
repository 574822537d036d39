//! Snapshots of the dataset: files written and loaded, by request, by rule and at the end.

use config::Config;
use config::choices::{RdbVersion, RdbVersionCheck};
use persist::{Settings, Version};

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
