//! The commands of the group `connection`, and MONITOR.

mod auth;
mod client;
mod client_filter;
mod client_kill;
mod client_list;
mod client_pause;
mod client_settings;
mod client_tracking;
mod hello;
mod monitor;
mod name;
mod ping;
mod session;

use engine::{Command, Flags, Group};

pub(crate) static LISTS: &[&[Command]] = &[
    auth::COMMANDS,
    client::COMMANDS,
    hello::COMMANDS,
    monitor::COMMANDS,
    ping::COMMANDS,
    session::COMMANDS,
];

/// What the subcommands of CLIENT have in common.
const CLIENT: Command = Command {
    group: Group::Connection,
    since: "2.4.0",
    flags: Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE),
    ..Command::BLANK
};

/// Subcommands that a client may use while a script keeps the server busy.
const WHILE_BUSY: Flags = CLIENT.flags.and(Flags::ALLOW_BUSY);

/// Subcommands that look at, or act on, other clients.
const OF_ADMIN: Flags = CLIENT.flags.and(Flags::ADMIN);
