//! The commands of the group `server`.

mod command;
mod command_docs;
mod config;
mod dbsize;
mod debug;
mod digest;
mod flush;
mod local;
mod lolwut;
mod role;
mod shutdown;
mod swapdb;
mod time;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[
    command::COMMANDS,
    config::COMMANDS,
    dbsize::COMMANDS,
    debug::COMMANDS,
    flush::COMMANDS,
    lolwut::COMMANDS,
    role::COMMANDS,
    shutdown::COMMANDS,
    swapdb::COMMANDS,
    time::COMMANDS,
];
