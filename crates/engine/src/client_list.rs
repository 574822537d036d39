//! A client in one line, as CLIENT LIST and CLIENT INFO show it.
//!
//! The fields and their order are the peers'. `sub psub ssub` are 0 and `redir` -1 until
//! there is something to count. `events` says what the socket waits for: `w` only if it could not take all output.

use std::fmt::Write;

use resp::Protocol;

use crate::client::{Client, Close};
use crate::gate::Gate;
use crate::pubsub::Kind;
use crate::registry::Registry;

/// The letters of `flags` that there are; filters refuse others. Some stand for what is not here (replicas `S`,
/// unblocked `u`, read-only `r`, slot migration `i` `E`).
pub const FLAG_LETTERS: &[u8] = b"bcdeirtuxABEIMNOPRSTU";

/// The letters of `capa`.
pub const CAPA_LETTERS: &[u8] = b"r";

/// What is unusual about a client, a letter each; `N` if nothing is.
pub fn flags(client: &Client) -> String {
    let gate = |bit| client.gate.meets(bit);
    let letters = [
        (client.monitor, 'O'),
        (client.subscriptions.is_some(), 'P'),
        (gate(Gate::IN_MULTI), 'x'),
        (gate(Gate::BLOCKED.and(Gate::AWAITS)) || client.held, 'b'),
        (client.tracking.is_some(), 't'),
        (client.tracking.as_ref().is_some_and(|track| track.broken), 'R'),
        (client.tracking.as_ref().is_some_and(|track| track.options.broadcast), 'B'),
        (client.transaction.as_ref().is_some_and(|transaction| transaction.is_dirty()), 'd'),
        (client.close == Close::AfterReply, 'c'),
        (client.close == Close::Now, 'A'),
        (client.about.unix, 'U'),
        (client.no_evict, 'e'),
        (gate(Gate::NO_TOUCH), 'T'),
        (gate(Gate::IMPORT_SOURCE), 'I'),
    ];
    let flags: String = letters.iter().filter(|(on, _)| *on).map(|(_, letter)| *letter).collect();
    if flags.is_empty() { "N".into() } else { flags }
}

/// What a client said it is able to do, a letter each.
pub fn capabilities(client: &Client) -> &'static str {
    if client.about.redirect_capable { "r" } else { "" }
}

/// Seconds since a client connected.
pub fn age_s(client: &Client, now_us: u64) -> u64 {
    now_us.saturating_sub(client.about.created_us) / 1_000_000
}

/// Seconds since its last command.
pub fn idle_s(client: &Client, now_us: u64) -> u64 {
    now_us.saturating_sub(client.last_active_us) / 1_000_000
}

/// What is told of names that people have chosen, for the client and for its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    Shown,
    Hidden,
}

impl Names {
    /// As `hide-user-data-from-log` wants it.
    pub fn for_log(config: &config::Config) -> Names {
        if config.hide_user_data_from_log { Names::Hidden } else { Names::Shown }
    }
}

/// Appends the line, without an end of line.
pub fn write_line(line: &mut String, client: &Client, registry: &Registry, now_us: u64) {
    write(line, client, registry, now_us, Names::Shown);
}

/// The same for the log, from which names may have to be kept.
pub fn write(line: &mut String, client: &Client, registry: &Registry, now_us: u64, names: Names) {
    let about = &client.about;
    let text = String::from_utf8_lossy;
    let name = |name| if names == Names::Shown { text(name) } else { "*redacted*".into() };
    let transaction = client.transaction.as_deref();
    let command = transaction.and_then(|transaction| transaction.exec()).or(client.last_command);
    let command = command.and_then(|id| registry.get(id)).map_or("NULL", |entry| &entry.full_name);
    let out = &client.out;
    let events = if !out.is_empty() && !client.write_pending { "rw" } else { "r" };
    let resp = if client.protocol() == Protocol::Resp3 { 3 } else { 2 };
    let multi = transaction.map_or(-i64::from(!client.transacted), |transaction| transaction.len() as i64);
    let watch = transaction.map_or(0, |transaction| transaction.watched());
    let multi_mem = transaction.map_or(0, |transaction| transaction.queue_memory());
    let redirect = client.tracking.as_ref().map_or(-1, |track| track.redirect_id() as i64);
    let subscribed = |kind| client.subscriptions.as_ref().map_or(0, |own| own.count(kind));
    // Writing to a String cannot fail.
    let _ = write!(
        line,
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} capa={} db={} sub={} psub={} ssub={} multi={multi} watch={watch} \
         qbuf={} qbuf-free={} argv-mem={} multi-mem={multi_mem} rbs={} rbp={} obl={} oll={} omem={} tot-mem={} events={events} \
         cmd={command} user={} redir={redirect} resp={resp} lib-name={} lib-ver={} tot-net-in={} tot-net-out={} tot-cmds={}",
        client.id,
        about.address,
        about.local_address,
        about.fd,
        name(&about.name),
        age_s(client, now_us),
        idle_s(client, now_us),
        flags(client),
        capabilities(client),
        client.db,
        subscribed(Kind::Channel),
        subscribed(Kind::Pattern),
        subscribed(Kind::Shard),
        client.query_used,
        client.query_capacity.saturating_sub(client.query_used),
        client.argv_memory,
        out.tail_capacity(),
        out.tail_capacity(),
        out.tail_len(),
        out.blocks(),
        out.queue_memory(),
        client.memory(),
        name(&about.user),
        text(&about.lib_name),
        text(&about.lib_version),
        client.net_in,
        client.net_out,
        client.total_commands,
    );
}
