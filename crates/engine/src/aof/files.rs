//! The files by their names: the manifest read and written, what is no longer needed removed.

use config::Config;
use persist::aof::{Manifest, manifest};

use crate::host::{Host, Level};
use crate::state::ServerState;

/// The folder that all files lie in.
pub(super) fn folder(config: &Config) -> String {
    String::from_utf8_lossy(&config.appenddirname).into_owned()
}

/// Makes the folder if it is not there, and ours to the end of the process: two servers that append to the same files would
/// leave nothing that makes sense.
pub(super) fn take_folder(config: &Config, host: &mut dyn Host) -> Result<(), String> {
    let folder = folder(config);
    host.make_folder(&folder, 0o755)?;
    host.lock(&folder)
}

/// A file in it.
pub(super) fn path(config: &Config, name: &[u8]) -> String {
    format!("{}/{}", folder(config), String::from_utf8_lossy(name))
}

/// The file that changes are collected in until the first base is there.
pub(super) fn temporary_increment(config: &Config) -> Vec<u8> {
    [b"temp-", &config.appendfilename[..], b".incr"].concat()
}

/// The manifest; an empty one if there is none. The error is one line that says why the server must not start.
pub(super) fn read_manifest(server: &ServerState, host: &mut dyn Host) -> Result<Manifest, String> {
    let path = path(&server.config, &manifest::file_name(&server.config.appendfilename));
    if host.file_len(&path)?.is_none() {
        return Ok(Manifest::default());
    }
    let bytes = host.read_file(&path).map_err(|why| format!("Can't read the AOF manifest {path}: {why}"))?;
    Manifest::parse(&bytes).map_err(|refused| {
        host.log(Level::Warning, "*** FATAL AOF MANIFEST FILE ERROR ***");
        format!("{path}: {refused}")
    })
}

/// Puts a manifest in the place of the one before, durably.
pub(super) fn write_manifest(
    config: &Config,
    host: &mut dyn Host,
    manifest: &Manifest,
) -> Result<(), String> {
    let path = path(config, &manifest::file_name(&config.appendfilename));
    host.write_file(&path, &manifest.to_bytes())
        .inspect_err(|why| host.log(Level::Warning, &format!("Can't write the AOF manifest {path}: {why}")))
}

/// Removes the files that the manifest calls history. What cannot be removed is only waste.
pub(crate) fn collect_garbage(server: &mut ServerState, host: &mut dyn Host) {
    if server.config.aof_disable_auto_gc || server.aof.manifest.history().is_empty() {
        return;
    }
    let mut without = server.aof.manifest.clone();
    let history = without.take_history();
    if write_manifest(&server.config, host, &without).is_err() {
        return;
    }
    server.aof.manifest = without;
    for part in history {
        let name = String::from_utf8_lossy(&part.name).into_owned();
        host.log(Level::Notice, &format!("Removing the history file {name} in the background"));
        remove(host, &path(&server.config, &part.name));
    }
}

/// Removes a file; its bytes are given back to the disk on another thread, since that takes long for many.
pub(super) fn remove(host: &mut dyn Host, path: &str) {
    let kept = host.open_file(path);
    if let Err(why) = host.remove_file(path) {
        host.log(Level::Warning, &format!("Can't remove {path}: {why}"));
    }
    if let Ok(Some(file)) = kept {
        host.drop_later(Box::new(file.content));
    }
}

/// Files in the folder that look like parts of this append-only file.
pub(super) fn strays(config: &Config, host: &dyn Host) -> Vec<String> {
    let names = host.list(&folder(config)).unwrap_or_default();
    let is_part = |name: &String| {
        let rest =
            name.as_bytes().strip_prefix(&config.appendfilename[..]).and_then(|r| r.strip_prefix(b"."));
        let rest = rest.map(|rest| rest.trim_ascii_start().to_vec()).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && (rest[digits..].starts_with(b".base.") || rest[digits..].starts_with(b".incr."))
    };
    let mut strays: Vec<String> = names.into_iter().filter(is_part).collect();
    strays.sort();
    strays
}
