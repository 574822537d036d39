//! The commands of the group `server`.

mod command;
mod command_docs;
mod config;
mod debug;
mod digest;
mod local;
mod lolwut;
mod role;
mod shutdown;
mod time;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[
    command::COMMANDS,
    config::COMMANDS,
    debug::COMMANDS,
    lolwut::COMMANDS,
    role::COMMANDS,
    shutdown::COMMANDS,
    time::COMMANDS,
];
