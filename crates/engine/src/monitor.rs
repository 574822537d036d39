//! MONITOR: a line for each command that ran, to each client that watches.
//!
//! The peers write it when the command has run and before its effects spread; so SELECT shows the new database, and a
//! client that watches itself sees its reply first. Commands that were refused are not shown, and neither are
//! administrative ones and those that show themselves (`SKIP_MONITOR`). Passwords are not shown (`observe::secrets`).

use resp::Argv;

use crate::client::{Client, ClientSlot, Close, ReplyMode};
use crate::command::{Command, Flags};
use crate::gate::Gate;
use crate::observe::{REDACTED, secrets};
use crate::post;
use crate::registry::{Entry, Registry};
use crate::state::ServerState;

/// Whether those who watch are told of a command.
pub fn shows(command: &Command) -> bool {
    !command.flags.has(Flags::SKIP_MONITOR) && !command.flags.has(Flags::ADMIN)
}

/// Makes the client whose command runs one of those who watch. False if it is one already.
pub fn watch(server: &mut ServerState, client: &mut Client) -> bool {
    if client.monitor {
        return false;
    }
    client.monitor = true;
    client.gate.set(Gate::WATCHER, true);
    server.monitors.push(client.slot);
    server.gate.set(Gate::MONITORED, true);
    true
}

/// The client whose command runs watches no more.
pub fn unwatch(server: &mut ServerState, client: &mut Client) {
    if client.monitor {
        client.monitor = false;
        client.gate.set(Gate::WATCHER, false);
        forget(server, client.slot);
    }
}

/// Takes a client from the list of those who watch.
pub(crate) fn forget(server: &mut ServerState, slot: ClientSlot) {
    server.monitors.retain(|other| *other != slot);
    server.gate.set(Gate::MONITORED, !server.monitors.is_empty());
}

/// Writes the line `+1700000000.123456 [0 127.0.0.1:5000] "set" "k" "v"` to every monitor. `client` is the one
/// whose command it was; it is not among `server.clients` now.
pub(crate) fn feed(
    server: &mut ServerState,
    client: &mut Client,
    registry: &Registry,
    command: &Entry,
    argv: Argv<'_>,
) {
    let hidden = secrets(registry, command, argv);
    let line = line(server, client, argv, &hidden);
    for slot in server.monitors.clone() {
        if slot == client.slot {
            show(client, &line);
        } else if let Some(mut monitor) = server.clients.take(slot) {
            monitor.out.lend(&mut server.reply_pool);
            show(&mut monitor, &line);
            post::close_if_over(&mut monitor, &server.config, &mut server.totals, server.mono_us);
            server.put_back(monitor);
        }
    }
}

impl crate::Ctx<'_> {
    /// Shows the command that runs before what it calls is shown (scripts).
    pub fn show_monitors(&mut self) {
        if self.server.gate.meets(Gate::MONITORED) {
            feed(self.server, self.client, self.registry, self.command, self.argv);
        }
    }
}

fn line(server: &ServerState, client: &Client, argv: Argv<'_>, hidden: &[usize]) -> Vec<u8> {
    let (s, us) = (server.wall_us / 1_000_000, server.wall_us % 1_000_000);
    let address = &client.about.address;
    let from = if client.about.acts_for.is_some() {
        "lua".to_owned()
    } else if client.about.unix {
        format!("unix:{}", address.strip_suffix(":0").unwrap_or(address))
    } else {
        address.clone()
    };
    let mut line = format!("{s}.{us:06} [{} {from}]", client.db).into_bytes();
    for (index, word) in argv.iter().enumerate() {
        line.push(b' ');
        stdx::words::quote(&mut line, if hidden.contains(&index) { REDACTED } else { word });
    }
    line
}

/// A monitor that wants no replies is shown nothing either.
fn show(monitor: &mut Client, line: &[u8]) {
    if monitor.reply_mode != ReplyMode::Off && monitor.close == Close::No {
        resp::reply::simple(monitor.out.buffer(), line);
        monitor.out.settle();
    }
}
