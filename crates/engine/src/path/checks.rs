//! What is looked at before a command runs, in this order. The order can be seen by clients.
//!
//! Each check is a small function that lets the request pass or says what becomes of it. They run only if a gate is
//! up, or if the request is no good at all; so none of them needs to be fast.

use keyspace::Keyspace;
use resp::Argv;

use crate::client::Client;
use crate::command::{Command, Flags};
use crate::engine::{Ahead, Engine};
use crate::error::CommandError;
use crate::gate::Gate;
use crate::host::Host;
use crate::registry::Entry;
use crate::scripting;
use crate::state::ServerState;
use crate::transaction;

pub enum Check {
    Pass,
    Refuse(CommandError),
    /// It must wait.
    Hold,
    /// It is kept for EXEC; the command's flags.
    Queue(Flags),
    /// The client is being closed.
    Drop,
}

struct Request<'a> {
    engine: &'a mut Engine,
    host: &'a mut dyn Host,
    client: &'a mut Client,
    argv: Argv<'a>,
    ahead: Ahead,
    /// Of the command, or as its script declares.
    flags: Flags,
}

impl Request<'_> {
    fn entry(&self) -> Option<&Entry> {
        self.engine.registry.get(self.ahead.command)
    }

    /// EXEC is all that it will run.
    fn flags(&self) -> Flags {
        match self.entry() {
            Some(entry) if entry.record.name == "EXEC" => {
                entry.record.flags.and(transaction::flags(self.client))
            }
            _ => self.flags,
        }
    }
}

/// The list. Redis 7 asks for the command before it asks for a password; Valkey 9.1, which we follow, tells nothing
/// to who has not authenticated.
const CHECKS: &[fn(&mut Request<'_>) -> Check] = &[
    closing,
    blocked,
    no_browser,
    authenticated,
    known,
    arity,
    throttled,
    allowed_in_multi,
    permitted,
    busy,
    memory,
    tracking,
    saved,
    subscribed,
    loading,
    watcher,
    paused,
    queued,
];

pub(super) fn walk(
    engine: &mut Engine,
    host: &mut dyn Host,
    client: &mut Client,
    argv: Argv<'_>,
    ahead: Ahead,
) -> Check {
    let entry = engine.registry.get(ahead.command);
    let flags = entry.map_or(Flags::NONE, |e| scripting::flags_of(&engine.server, e.record, argv));
    let mut request = Request { engine, host, client, argv, ahead, flags };
    for check in CHECKS {
        match check(&mut request) {
            Check::Pass => {}
            verdict => return verdict,
        }
    }
    Check::Pass
}

/// Nothing runs for a client that is being closed.
fn closing(r: &mut Request<'_>) -> Check {
    if r.client.gate.meets(Gate::CLOSING) { Check::Drop } else { Check::Pass }
}

/// A client that waits in a blocking command, or does not read its replies, has its next requests kept.
fn blocked(r: &mut Request<'_>) -> Check {
    if r.client.gate.meets(Gate::BLOCKED.and(Gate::FLOODED).and(Gate::UNSYNCED).and(Gate::AWAITS)) {
        Check::Hold
    } else {
        Check::Pass
    }
}

/// Whoever speaks HTTP is turned away at once, with or without a password: its next lines could be commands.
fn no_browser(r: &mut Request<'_>) -> Check {
    if r.entry().is_some() || !is_http(r.argv) {
        return Check::Pass;
    }
    let line = format!(
        "Client {} closed: it speaks HTTP, which may be somebody's browser led astray.",
        r.client.about.address
    );
    r.host.log(crate::host::Level::Warning, &line);
    r.client.close(crate::client::Close::Now);
    Check::Drop
}

/// NOAUTH; commands with NO_AUTH are exempt.
fn authenticated(r: &mut Request<'_>) -> Check {
    let exempt = r.entry().is_some() && r.flags().has(Flags::NO_AUTH);
    if r.client.gate.meets(Gate::NEEDS_AUTH) && !exempt {
        return Check::Refuse(CommandError::NoAuth);
    }
    Check::Pass
}

/// `unknown command`, `unknown subcommand`.
fn known(r: &mut Request<'_>) -> Check {
    match r.entry() {
        None => Check::Refuse(CommandError::unknown_command(r.argv)),
        Some(entry) if !entry.subcommands.is_empty() && r.argv.len() > 1 => {
            Check::Refuse(CommandError::unknown_subcommand(r.argv))
        }
        Some(_) => Check::Pass,
    }
}

/// The first words of an HTTP request whose sender may be made to send more by somebody else.
fn is_http(argv: Argv<'_>) -> bool {
    [&b"post"[..], b"host:"].iter().any(|word| argv.at(0).eq_ignore_ascii_case(word))
}

/// `wrong number of arguments`.
fn arity(r: &mut Request<'_>) -> Check {
    match r.entry() {
        Some(entry) if !entry.record.arity.admits(r.argv.len()) => {
            Check::Refuse(CommandError::WrongArity(entry.full_name.clone()))
        }
        _ => Check::Pass,
    }
}

/// Some commands make no sense between MULTI and EXEC.
fn allowed_in_multi(r: &mut Request<'_>) -> Check {
    match r.entry() {
        Some(entry) if r.client.gate.meets(Gate::IN_MULTI) && entry.record.flags.has(Flags::NO_MULTI) => {
            let name = &entry.full_name;
            Check::Refuse(CommandError::Told(format!(
                "ERR Command '{name}' not allowed inside a transaction"
            )))
        }
        _ => Check::Pass,
    }
}

/// While a slow script runs others may end it, and do what needs no key.
fn busy(r: &mut Request<'_>) -> Check {
    let running = r.engine.server.scripting.running.as_ref();
    match running.filter(|_| r.engine.server.gate.meets(Gate::BUSY)) {
        Some(running) if !r.flags().has(Flags::ALLOW_BUSY) => {
            Check::Refuse(CommandError::Line(crate::scripting::busy_line(running.eval)))
        }
        _ => Check::Pass,
    }
}

/// A password from where too many were wrong has to wait.
fn throttled(r: &mut Request<'_>) -> Check {
    let password = r.entry().is_some_and(|entry| crate::registry::takes_password(entry.record));
    if password && r.argv.len() > 1 && !crate::acl::may_log_in(&r.engine.server, r.client) {
        crate::acl::throttle::hold(&mut r.engine.server, r.client);
        return Check::Hold;
    }
    Check::Pass
}

/// NOPERM: the rules of the client's user.
fn permitted(r: &mut Request<'_>) -> Check {
    let Engine { server, registry, .. } = &mut *r.engine;
    match crate::acl::check(server, registry, r.client, r.ahead.command, r.argv) {
        Ok(()) => Check::Pass,
        Err(error) => Check::Refuse(error),
    }
}

/// OOM: keys are evicted until the memory limit is met; if that cannot be, DENYOOM commands are refused.
fn memory(r: &mut Request<'_>) -> Check {
    let flags = r.flags();
    let Engine { keyspace, server, registry } = &mut *r.engine;
    if server.gate.meets(Gate::MAXMEMORY)
        && !crate::evict::is_met(server, r.host)
        && !crate::client_memory::evict_before_keys(server, registry, r.host, r.client)
    {
        return Check::Drop;
    }
    let room = has_room(keyspace, server, &mut *r.host, flags);
    if !keyspace.env.gone.is_empty() {
        super::follow_gone(keyspace, server, Some(r.client));
        server.deliver_before_reply(r.client);
    }
    if room { Check::Pass } else { Check::Refuse(CommandError::OutOfMemory) }
}

/// Evicts keys if memory is short. False if that did not help and a command with these flags must not run then.
pub(crate) fn has_room(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    host: &mut dyn Host,
    flags: Flags,
) -> bool {
    // Nothing is evicted during a pause: replicas may be catching up.
    if !server.gate.meets(Gate::MAXMEMORY) || server.gate.meets(Gate::PAUSED) {
        return true;
    }
    crate::evict::make_room(keyspace, server, host) || !flags.has(Flags::DENYOOM)
}

/// What is refused while snapshots cannot be written: writes, and PING, by which somebody may be watching.
pub(crate) fn is_refused_unsaved(record: &Command) -> bool {
    let named = matches!(record.name, "PING" | "EXEC");
    named || record.flags.has(Flags::WRITE) || scripting::runs_script(record)
}

/// MISCONF: the dataset must not change while what changes might be lost.
fn saved(r: &mut Request<'_>) -> Check {
    let refused = r.flags().has(Flags::WRITE) || r.entry().is_some_and(|entry| entry.record.name == "PING");
    if r.engine.server.gate.meets(Gate::UNSAVED) && refused {
        return Check::Refuse(crate::aof::health::refusal(&r.engine.server));
    }
    Check::Pass
}

/// Clients are told, before they are answered, of keys that are not remembered any more.
fn tracking(r: &mut Request<'_>) -> Check {
    let Engine { keyspace, server, .. } = &mut *r.engine;
    if server.gate.meets(Gate::TRACKING_FULL) {
        crate::tracking::shrink(server, &mut keyspace.env.rng);
        server.deliver_before_reply(r.client);
    }
    Check::Pass
}

pub(crate) const UNSAVED: &str = concat!(
    "MISCONF Redstart is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that ",
    "may modify the data set are disabled, because this instance is configured to report errors during writes if RDB ",
    "snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redstart logs for details about the RDB ",
    "error."
);

/// LOADING: only what needs no keys runs before they are all there.
fn loading(r: &mut Request<'_>) -> Check {
    if r.engine.server.gate.meets(Gate::LOADING) && !r.flags().has(Flags::LOADING) {
        return Check::Refuse(CommandError::Loading);
    }
    Check::Pass
}

/// A subscriber that speaks RESP2 could not tell replies from messages.
fn subscribed(r: &mut Request<'_>) -> Check {
    const ALLOWED: [&str; 9] = [
        "PING",
        "SUBSCRIBE",
        "SSUBSCRIBE",
        "PSUBSCRIBE",
        "UNSUBSCRIBE",
        "SUNSUBSCRIBE",
        "PUNSUBSCRIBE",
        "QUIT",
        "RESET",
    ];
    let may = |entry: &Entry| entry.parent.is_none() && ALLOWED.contains(&entry.record.name);
    match r.entry() {
        Some(entry) if r.client.gate.meets(Gate::SUBSCRIBED) && !may(entry) => {
            let name = &entry.full_name;
            Check::Refuse(CommandError::Told(format!(
                "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are \
                 allowed in this context"
            )))
        }
        _ => Check::Pass,
    }
}

/// A client that watches with MONITOR is a kind of replica to the peers: it may ask about the server, not about keys.
fn watcher(r: &mut Request<'_>) -> Check {
    let flags = r.flags();
    let keyspace = flags.has(Flags::WRITE) || flags.has(Flags::READONLY) || flags.has(Flags::MAY_REPLICATE);
    if r.client.gate.meets(Gate::WATCHER) && keyspace {
        return Check::Refuse(CommandError::Line("ERR Replica can't interact with the keyspace"));
    }
    Check::Pass
}

/// CLIENT PAUSE: ALL holds everything, CLIENT UNPAUSE included; WRITE what may change the dataset.
fn paused(r: &mut Request<'_>) -> Check {
    let Engine { keyspace, server, .. } = &mut *r.engine;
    crate::pause::step(keyspace, server, server.now_ms());
    let Some(pause) = server.pause else { return Check::Pass };
    let writes = r.flags().has(Flags::WRITE) || r.flags().has(Flags::MAY_REPLICATE);
    if !pause.all && !writes {
        return Check::Pass;
    }
    crate::pause::hold(&mut r.engine.server, r.client);
    Check::Hold
}

/// Between MULTI and EXEC requests are kept; what ends the transaction, or the session, runs.
fn queued(r: &mut Request<'_>) -> Check {
    let flags = r.flags();
    if r.client.gate.meets(Gate::IN_MULTI) && !flags.has(Flags::UNQUEUED) {
        if r.entry().is_some_and(|entry| entry.record.name == "SELECT") {
            note_select(r);
        }
        return Check::Queue(flags);
    }
    Check::Pass
}

/// A queued SELECT: what follows it is checked for the database that it names.
fn note_select(r: &mut Request<'_>) {
    let named = stdx::num::parse_i64(r.argv.at(1)).and_then(|index| u32::try_from(index).ok());
    if let Some(index) = named.filter(|index| *index < r.engine.keyspace.databases()) {
        transaction::select(r.client, index);
    }
}
