//! Running what the append-only file says, for a client that is nobody: without rules, without being counted or answered.
//!
//! What stands between MULTI and EXEC is kept until EXEC comes: a file may end in between, and then nothing of it counts.
//! Requests that change no data, and that no server writes (SUBSCRIBE, SHUTDOWN …), are passed over.

use keyspace::Keyspace;
use resp::Argv;
use resp::request::OwnedArgv;

use crate::client::{About, Client, ClientSlot};
use crate::command::{Flags, Group};
use crate::engine::Ahead;
use crate::host::Host;
use crate::path;
use crate::registry::{Entry, Registry};
use crate::state::ServerState;

pub(super) struct Replay {
    client: Box<Client>,
    /// What follows a MULTI.
    open: Option<Vec<OwnedArgv>>,
    pub requests: u64,
    pub passed_over: u64,
    pub failed: u64,
}

impl Default for Replay {
    fn default() -> Self {
        let about = About { address: "aof".to_owned(), fd: -1, ..About::default() };
        let mut client = Box::new(Client::new(0, ClientSlot(u32::MAX), about));
        client.authenticated = true;
        Replay { client, open: None, requests: 0, passed_over: 0, failed: 0 }
    }
}

impl Replay {
    /// What follows a MULTI is not done: there was no EXEC.
    pub fn forget_open(&mut self) {
        self.open = None;
    }
}

/// Runs a request. The error says what is wrong with it.
pub(super) fn run(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    replay: &mut Replay,
    argv: Argv<'_>,
) -> Result<(), String> {
    replay.requests += 1;
    if argv.len() == 1 && argv[0].eq_ignore_ascii_case(b"MULTI") {
        replay.open = Some(Vec::new());
        return Ok(());
    }
    if argv.len() == 1 && argv[0].eq_ignore_ascii_case(b"EXEC") {
        for request in replay.open.take().unwrap_or_default() {
            one(keyspace, server, registry, host, replay, request.view())?;
        }
        return Ok(());
    }
    match &mut replay.open {
        Some(open) => open.push(OwnedArgv::of(argv.iter())),
        None => one(keyspace, server, registry, host, replay, argv)?,
    }
    Ok(())
}

fn one(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    replay: &mut Replay,
    argv: Argv<'_>,
) -> Result<(), String> {
    let mut ahead = Ahead::of(registry, keyspace, argv, 0);
    if registry.get(ahead.command).is_none() {
        ahead.command = by_first_name(registry, argv)?;
    }
    let entry = registry.entry(ahead.command);
    if !entry.record.arity.admits(argv.len()) {
        return Err(format!("Wrong number of arguments for '{}'", entry.full_name));
    }
    if !entry.subcommands.is_empty() && argv.len() > 1 {
        return Err(unknown(argv));
    }
    if !is_of_data(entry) {
        replay.passed_over += 1;
        return Ok(());
    }
    let ok = path::replay(keyspace, server, registry, host, &mut replay.client, argv, ahead);
    replay.failed += u64::from(!ok);
    let out = &mut replay.client.out;
    if out.blocks() > 0 {
        out.clear();
    } else {
        out.buffer().clear();
    }
    Ok(())
}

fn unknown(argv: Argv<'_>) -> String {
    format!("Unknown command '{}'", String::from_utf8_lossy(&argv[0]))
}

/// A command that was given another name (`rename-command`) stands in files under its own as well.
#[cold]
fn by_first_name(registry: &Registry, argv: Argv<'_>) -> Result<u16, String> {
    let name = |entry: &Entry| entry.record.name.as_bytes().eq_ignore_ascii_case(&argv[0]);
    let mut commands = registry.commands().filter(|(_, entry)| entry.subcommands.is_empty());
    commands.find(|(_, entry)| name(entry)).map(|(id, _)| id).ok_or_else(|| unknown(argv))
}

/// Whether a command can have to do with what the dataset is.
fn is_of_data(entry: &Entry) -> bool {
    let record = entry.record;
    let mut data = [Flags::WRITE, Flags::READONLY, Flags::MAY_REPLICATE].into_iter();
    let selects = record.name == "SELECT" && entry.parent.is_none();
    data.any(|flag| record.flags.has(flag)) || selects || record.group == Group::Scripting
}
