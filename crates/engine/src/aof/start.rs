//! From the files to a running server: what is loaded, and what is appended to then.

use keyspace::Keyspace;
use persist::aof::{Manifest, Marks, manifest};

use super::{Mode, RESERVE, files, load, log, rewrite};
use crate::host::{Host, Level};
use crate::snapshot::{self, Begun, Duplicates, Plan, Purpose};
use crate::state::ServerState;

/// Opens what the configuration says is to be loaded: the append-only file, or else a snapshot. It is loaded turn by turn;
/// when that is done [`opened`] is to be called. The error says why the server must not start.
pub fn begin(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    if server.config.appendonly {
        files::take_folder(&server.config, host)?;
    }
    server.aof.manifest = files::read_manifest(server, host)?;
    if !server.config.appendonly {
        return snapshot::begin(keyspace, server, host, Duplicates::Refuse).map(drop);
    }
    upgrade(server, host)?;
    server.aof.rewrite.opening = true;
    if server.aof.manifest.loaded().next().is_some() {
        return load::begin(keyspace, server, host);
    }
    refuse_strays(server, host)?;
    if snapshot::begin(keyspace, server, host, Duplicates::Refuse)? == Begun::Yes {
        host.log(Level::Notice, "There is no append-only file: it begins with what the snapshot has.");
    }
    if snapshot::go_on(server) { Ok(()) } else { opened(keyspace, server, host) }
}

/// A single file of a server before version 7 becomes the base, in the folder.
fn upgrade(server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    let name = server.config.appendfilename.clone();
    let old = String::from_utf8_lossy(&name).into_owned();
    let (manifest, in_folder) = (&server.aof.manifest, files::path(&server.config, &name));
    let interrupted = manifest.increments().is_empty()
        && manifest.base().is_some_and(|base| base.name == name)
        && host.file_len(&in_folder)?.is_none();
    if host.file_len(&old)?.is_none() || !(manifest.loaded().next().is_none() || interrupted) {
        return Ok(());
    }
    let manifest = Manifest::of_single_file(&name);
    files::write_manifest(&server.config, host, &manifest)?;
    host.rename(&old, &in_folder).map_err(|why| format!("Can't move {old} to {in_folder}: {why}"))?;
    server.aof.manifest = manifest;
    let folder = files::folder(&server.config);
    host.log(
        Level::Notice,
        &format!("Moved an old-style AOF file ({old}) into the AOF directory ({folder})."),
    );
    Ok(())
}

/// A folder with files and no manifest has lost it. To begin anew would be to overwrite what there is.
fn refuse_strays(server: &ServerState, host: &mut dyn Host) -> Result<(), String> {
    let strays = files::strays(&server.config, host);
    let Some(first) = strays.first() else { return Ok(()) };
    let manifest = files::path(&server.config, &manifest::file_name(&server.config.appendfilename));
    Err(format!(
        "There is no {manifest}, but {first} lies beside it: restore the manifest, or move the files away"
    ))
}

/// All is loaded: what changes from now on is written. Does nothing if that is not wanted. The error says why the server must
/// not go on.
pub fn opened(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    if !std::mem::take(&mut server.aof.rewrite.opening) {
        return Ok(());
    }
    open_last(keyspace, server, host).map_err(|why| format!("Can't open the append-only file: {why}"))?;
    files::collect_garbage(server, host);
    Ok(())
}

fn open_last(keyspace: &mut Keyspace, server: &mut ServerState, host: &mut dyn Host) -> Result<(), String> {
    files::take_folder(&server.config, host)?;
    let stem = server.config.appendfilename.clone();
    let mut manifest = server.aof.manifest.clone();
    if manifest.loaded().next().is_none() {
        first_base(keyspace, server, host, &mut manifest)?;
    }
    make_durable(server, host, &manifest)?;
    let name = match manifest.increments().last() {
        Some(last) => {
            host.log(
                Level::Notice,
                &format!("Opening AOF incr file {} on server start", rewrite::shown(&last.name)),
            );
            last.name.clone()
        }
        None => {
            server.aof.marks = Marks::new(0);
            let name = manifest.add_increment(&stem).name.clone();
            host.log(
                Level::Notice,
                &format!("Creating AOF incr file {} on server start", rewrite::shown(&name)),
            );
            name
        }
    };
    let path = files::path(&server.config, &name);
    let len = host.journal_open(&path, RESERVE)?;
    if len != server.aof.marks.at() {
        return Err(format!(
            "{path} has {len} bytes, and not the {} that were loaded",
            server.aof.marks.at()
        ));
    }
    if manifest != server.aof.manifest {
        files::write_manifest(&server.config, host, &manifest)?;
        server.aof.manifest = manifest;
    }
    log::set_open(keyspace, server, Mode::On, true);
    Ok(())
}

/// What was loaded may be in the kernel only: the server before may have been killed before it synced a file that another one
/// follows. Nothing is to be written behind what can still be lost. (The last one is synced when it is opened.)
fn make_durable(server: &ServerState, host: &mut dyn Host, manifest: &Manifest) -> Result<(), String> {
    let Some((_, before)) = manifest.increments().split_last() else { return Ok(()) };
    for part in before {
        let path = files::path(&server.config, &part.name);
        if let Some(len) = host.file_len(&path)? {
            // Cutting it where it ends changes nothing, and syncs it.
            host.truncate(&path, len)?;
        }
    }
    Ok(())
}

/// A server without files begins with a base of what it has, which is nothing or a snapshot's content.
fn first_base(
    keyspace: &Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    manifest: &mut Manifest,
) -> Result<(), String> {
    let (stem, rdb) = (server.config.appendfilename.clone(), server.config.aof_use_rdb_preamble);
    let name = manifest.next_base(&stem, rdb);
    let path = files::path(&server.config, &name);
    let plan = Plan::of(server, host, Purpose::Rewrite, path.clone());
    host.log(Level::Notice, &format!("Creating AOF base file {} on server start", rewrite::shown(&name)));
    host.save_file(&path, plan.sync_every, &mut |to| plan.write(keyspace, to, &mut |_| true).map(drop))?;
    manifest.replace_base(&stem, rdb, 0);
    server.aof.base_size = 0;
    Ok(())
}
