//! What a request that runs a script counts as, before it runs: the script's own declaration says, if it has one.
//!
//! So a script that declares `no-writes` is not held by a pause of writes, and one that does not declare `allow-oom` is
//! refused, or makes its transaction fail, where any command that needs memory would be.

use resp::Argv;
use script::Flag;

use super::{Flags, Header};
use crate::command::{Command, Flags as CommandFlags};
use crate::state::ServerState;

/// What names the script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Text,
    Sha,
    Function,
}

fn by(command: &Command) -> Option<By> {
    match command.name {
        "EVAL" | "EVAL_RO" => Some(By::Text),
        "EVALSHA" | "EVALSHA_RO" => Some(By::Sha),
        "FCALL" | "FCALL_RO" => Some(By::Function),
        _ => None,
    }
}

/// Whether a command runs a script or function.
pub(crate) fn runs_script(command: &Command) -> bool {
    by(command).is_some()
}

/// The flags of a request: those of its command, or what its script declares. O(bytes of the script's first line).
pub(crate) fn flags_of(server: &ServerState, command: &Command, argv: Argv<'_>) -> CommandFlags {
    let declared = by(command).filter(|_| argv.len() > 1).and_then(|by| declared(server, by, argv.at(1)));
    match declared {
        Some(flags) if !flags.undeclared => as_command(command.flags, &flags),
        _ => command.flags,
    }
}

fn declared(server: &ServerState, by: By, word: &[u8]) -> Option<Flags> {
    let scripting = &server.scripting;
    match by {
        By::Text => Header::of_script(word).ok().map(|header| header.flags),
        By::Sha => scripting.cache.peek(word).map(|script| script.flags.clone()),
        By::Function => {
            let function = scripting.libraries.function(word)?;
            Some(Flags { undeclared: false, list: function.flags.clone() })
        }
    }
}

fn as_command(flags: CommandFlags, declared: &Flags) -> CommandFlags {
    let (reads, oom) = (declared.has(Flag::NoWrites), declared.has(Flag::AllowOom));
    let mut flags = flags
        .without(CommandFlags::MAY_REPLICATE)
        .without(CommandFlags::STALE)
        .without(CommandFlags::DENYOOM)
        .without(CommandFlags::WRITE);
    if declared.has(Flag::AllowStale) {
        flags = flags.and(CommandFlags::STALE);
    }
    if !reads {
        flags = flags.and(CommandFlags::WRITE);
    }
    if !reads && !oom {
        flags = flags.and(CommandFlags::DENYOOM);
    }
    flags
}
