//! The commands of the group `server`.

mod acl;
mod acl_log;
mod acl_users;
mod bgrewriteaof;
mod command;
mod command_docs;
mod commandlog;
mod config;
mod dbsize;
mod debug;
mod debug_lists;
mod debug_tables;
mod digest;
mod flush;
mod info;
mod latency;
mod local;
mod lolwut;
mod memory;
mod reload;
mod role;
mod save;
mod shutdown;
mod swapdb;
mod time;

use engine::Command;

pub(crate) static LISTS: &[&[Command]] = &[
    acl::COMMANDS,
    bgrewriteaof::COMMANDS,
    command::COMMANDS,
    commandlog::COMMANDS,
    config::COMMANDS,
    dbsize::COMMANDS,
    debug::COMMANDS,
    flush::COMMANDS,
    info::COMMANDS,
    latency::COMMANDS,
    lolwut::COMMANDS,
    memory::COMMANDS,
    role::COMMANDS,
    save::COMMANDS,
    shutdown::COMMANDS,
    swapdb::COMMANDS,
    time::COMMANDS,
];
