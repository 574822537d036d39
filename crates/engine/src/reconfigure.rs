//! What a change of the configuration sets in motion.
//!
//! [`change`] is CONFIG SET: the values are taken all or none, then each reaction whose parameters changed is called. If one
//! fails, the old values are put back, and the reactions that had succeeded are called once more, to follow them.

use std::mem;

use config::{Config, Param};
use keyspace::{Access, Keyspace, Lazy, Lfu, Limits};

use crate::client::Client;
use crate::error::{CommandError, Result};
use crate::evict;
use crate::gate::Gate;
use crate::host::{Host, Level};
use crate::state::{Effect, ServerState, Thresholds};

/// File descriptors for other things than clients.
const RESERVED_FILES: u64 = 32;

/// What a reaction may touch.
pub struct Change<'a> {
    pub keyspace: &'a mut Keyspace,
    pub server: &'a mut ServerState,
    pub host: &'a mut dyn Host,
    /// The client that asks, which is not among `server.clients` meanwhile.
    pub client: &'a mut Client,
}

struct Reaction {
    params: &'static [&'static str],
    /// Also told which parameter it is called for. An error is the reason that the client is told.
    act: fn(&mut Change<'_>, &Param) -> std::result::Result<(), String>,
}

/// Those that may fail come first, so that little is to be undone.
const REACTIONS: &[Reaction] = &[
    Reaction { params: &["dir"], act: dir },
    Reaction { params: &["maxclients"], act: maxclients },
    Reaction { params: &["appendonly"], act: appendonly },
    Reaction { params: ENCRYPTION, act: encrypt },
    // A file that is at fault is blamed before the port.
    Reaction { params: &["tls-port"], act: encrypt },
    Reaction { params: &["port", "bind", "unixsocket", "tls-port"], act: listen },
    Reaction { params: &["aof-disable-auto-gc"], act: collect_garbage },
    Reaction { params: &["oom-score-adj", "oom-score-adj-values"], act: oom_score },
    Reaction { params: &["loglevel"], act: loglevel },
    Reaction { params: &["requirepass"], act: requirepass },
    Reaction { params: &["maxmemory"], act: maxmemory },
    Reaction { params: &["latency-tracking"], act: latency_tracking },
    Reaction { params: &["proc-title-template", "port", "bind", "tls-port"], act: title },
];

/// What `Host::encrypt` goes by.
const ENCRYPTION: &[&str] = &[
    "tls-cert-file",
    "tls-key-file",
    "tls-key-file-pass",
    "tls-client-cert-file",
    "tls-client-key-file",
    "tls-client-key-file-pass",
    "tls-dh-params-file",
    "tls-ca-cert-file",
    "tls-ca-cert-dir",
    "tls-auth-clients",
    "tls-auth-clients-user",
    "tls-protocols",
    "tls-ciphers",
    "tls-ciphersuites",
    "tls-prefer-server-ciphers",
    "tls-session-caching",
    "tls-session-cache-size",
    "tls-session-cache-timeout",
    "max-new-tls-connections-per-cycle",
];

fn collect_garbage(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    crate::aof::files::collect_garbage(c.server, c.host);
    Ok(())
}

fn appendonly(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    if c.server.config.appendonly {
        return crate::aof::switch::on(c.keyspace, c.server, c.host);
    }
    crate::aof::switch::off(c.keyspace, c.server, c.host);
    Ok(())
}

/// Gives parameters new values and acts on it: all or nothing.
pub fn change(mut c: Change<'_>, pairs: &[(&[u8], &[u8])], allow_protected: bool) -> Result {
    let before = c.server.config.clone();
    let here = c.host.here();
    let changed = c
        .server
        .config
        .set_many(pairs, allow_protected)
        .map_err(|error| CommandError::Told(error.to_line()))?;
    let due: Vec<(&Reaction, &Param)> =
        REACTIONS.iter().filter_map(|r| Some((r, concerned(r, &changed)?))).collect();
    for (at, (reaction, param)) in due.iter().enumerate() {
        if let Err(why) = (reaction.act)(&mut c, param) {
            let line =
                format!("ERR CONFIG SET failed (possibly related to argument '{}') - {why}", param.name);
            undo(&mut c, before, &here, &due[..at]);
            return Err(CommandError::Told(line));
        }
    }
    apply_all(c.keyspace, c.server);
    Ok(())
}

/// The first changed parameter that a reaction is about.
fn concerned(reaction: &Reaction, changed: &[&'static Param]) -> Option<&'static Param> {
    changed.iter().copied().find(|param| reaction.params.contains(&param.name))
}

/// `here`: the working directory before, which the old configuration may name as `.`.
fn undo(c: &mut Change<'_>, before: Config, here: &str, done: &[(&Reaction, &Param)]) {
    c.server.config = before;
    for (reaction, param) in done {
        if param.name == "dir" {
            c.server.config.dir = here.as_bytes().to_vec();
        }
        if let Err(why) = (reaction.act)(c, param) {
            c.host.log(
                Level::Warning,
                &format!("CONFIG SET: the old {} could not be restored: {why}", param.name),
            );
        }
    }
}

/// Derives everything that the engine keeps beside the configuration. Cheap; called at the start and after each
/// CONFIG SET.
pub fn apply_all(keyspace: &mut Keyspace, server: &mut ServerState) {
    let config = &server.config;
    keyspace.env.access = if config.maxmemory_policy.is_lfu() { Access::Lfu } else { Access::Lru };
    keyspace.env.lfu = Lfu { log_factor: config.lfu_log_factor, decay_minutes: config.lfu_decay_time };
    keyspace.env.lazy = Lazy {
        expire: config.lazyfree_lazy_expire,
        evict: config.lazyfree_lazy_eviction,
        server: config.lazyfree_lazy_server_del,
    };
    keyspace.env.evict_samples = config.maxmemory_samples as usize;
    // DEBUG's own, which is no parameter.
    let list_packed_threshold = keyspace.env.limits.list_packed_threshold;
    keyspace.env.limits = Limits { list_packed_threshold, ..limits(config) };
    let ticks = server.ticks_per_us;
    server.thresholds = thresholds(config, ticks);
    let limited = config.maxmemory > 0;
    server.gate.set(Gate::MAXMEMORY, limited);
    server.gate.set(Gate::IMPORTING, server.config.import_mode);
    crate::import::leave(keyspace, server);
    crate::snapshot::note_health(server);
    crate::acl::follow_password(server);
    crate::client_memory::limit_changed(server);
    crate::listeners::refresh(keyspace, server);
    crate::tracking::update_gate(server);
}

/// What is written down of commands; `ticks` of them to a microsecond.
fn thresholds(config: &Config, ticks: u64) -> Thresholds {
    let slow_us = threshold(config.commandlog_execution_slower_than);
    Thresholds {
        slow_ticks: slow_us.map_or(u64::MAX, |us| us.saturating_mul(ticks)),
        latency_ticks: match config.latency_monitor_threshold {
            0 => u64::MAX,
            ms => ms.saturating_mul(1000).saturating_mul(ticks),
        },
        large_request: threshold(config.commandlog_request_larger_than).unwrap_or(u64::MAX),
        large_reply: threshold(config.commandlog_reply_larger_than).unwrap_or(u64::MAX),
    }
}

/// The sizes at which encodings change.
fn limits(config: &Config) -> Limits {
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Limits {
        hash_max_listpack_entries: size(config.hash_max_listpack_entries),
        hash_max_listpack_value: size(config.hash_max_listpack_value),
        list_max_listpack_size: config.list_max_listpack_size,
        list_compress_depth: config.list_compress_depth,
        list_packed_threshold: 0,
        set_max_intset_entries: size(config.set_max_intset_entries),
        set_max_listpack_entries: size(config.set_max_listpack_entries),
        set_max_listpack_value: size(config.set_max_listpack_value),
        zset_max_listpack_entries: size(config.zset_max_listpack_entries),
        zset_max_listpack_value: size(config.zset_max_listpack_value),
        stream_node_max_bytes: size(config.stream_node_max_bytes),
        stream_node_max_entries: size(config.stream_node_max_entries),
    }
}

fn threshold(value: i64) -> Option<u64> {
    u64::try_from(value).ok()
}

/// The last part of a reason of the world's (`enter /x: No such file or directory (os error 2)`): what the peers tell.
pub fn plain_reason(reason: &str) -> &str {
    let reason = reason.rsplit(": ").next().unwrap_or(reason);
    reason.split(" (os error").next().unwrap_or(reason)
}

fn dir(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    let wanted = String::from_utf8_lossy(&c.server.config.dir).into_owned();
    c.host.enter(&wanted).map_err(|why| plain_reason(&why).to_owned())?;
    // Told, and written to the file, as a path that is good from anywhere.
    c.server.config.dir = c.host.here().into_bytes();
    Ok(())
}

fn maxclients(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    let wanted = u64::from(c.server.config.maxclients) + RESERVED_FILES;
    let granted = c.host.open_files(wanted);
    if granted >= wanted {
        return Ok(());
    }
    let possible = granted.saturating_sub(RESERVED_FILES);
    Err(format!(
        "The operating system is not able to handle the specified number of clients, try with {possible}"
    ))
}

/// New sockets are bound before the old ones are closed, by the host: a failure leaves everything as it was.
fn listen(c: &mut Change<'_>, param: &Param) -> std::result::Result<(), String> {
    c.host.listen(&c.server.config).map_err(|why| {
        c.host.log(Level::Warning, &format!("CONFIG SET: {why}"));
        match param.name {
            "bind" => "Failed to bind to specified addresses.".to_owned(),
            _ => "Unable to listen on this port. Check server logs.".to_owned(),
        }
    })
}

fn encrypt(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    c.host.encrypt(&c.server.config).map_err(|why| {
        c.host.log(Level::Warning, &why);
        "Unable to update TLS configuration. Check server logs.".to_owned()
    })
}

fn oom_score(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    crate::oom::follow(c.server, c.host).map_err(|why| {
        c.host.log(Level::Warning, &format!("CONFIG SET: oom_score_adj: {why}"));
        "Failed to set current oom_score_adj. Check server logs.".to_owned()
    })
}

fn loglevel(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    c.host.set_log_level(c.server.config.loglevel);
    Ok(())
}

/// A new password does not throw out who is in; without one, nobody has to wait at the door. The others are seen to by
/// [`apply_all`], but who asks is not among them.
fn requirepass(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    crate::acl::set_default_password(c.server);
    crate::acl::refresh(&c.server.access, c.client);
    Ok(())
}

fn maxmemory(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    let (limit, used) = (c.server.config.maxmemory, c.host.used_memory());
    if limit > 0 && used > limit {
        let line = format!(
            "maxmemory is {limit} now, but {used} bytes are in use: keys are evicted, or writes refused"
        );
        c.host.log(Level::Warning, &line);
        evict::make_room(c.keyspace, c.server, c.host);
    }
    Ok(())
}

/// Histograms are what says that latencies are tracked.
fn latency_tracking(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    if !c.server.config.latency_tracking {
        c.server.commands.iter_mut().for_each(|command| command.latency = None);
    }
    Ok(())
}

fn title(c: &mut Change<'_>, _: &Param) -> std::result::Result<(), String> {
    c.server.cron.refresh_title();
    c.server.effects.push(Effect::Title);
    Ok(())
}

/// CONFIG RESETSTAT: counts from now on. The peak of memory, the logs and the latency monitor have resets of their own.
pub fn reset_statistics(keyspace: &mut Keyspace, server: &mut ServerState) {
    keyspace.env.stats = Default::default();
    server.commands.iter_mut().for_each(|command| *command = Default::default());
    server.errors.clear();
    server.samples = Default::default();
    server.access.denied = Default::default();
    let old = mem::take(&mut server.totals);
    server.totals.peak_memory = old.peak_memory;
    server.totals.peak_memory_wall_s = old.peak_memory_wall_s;
}
