//! MULTI and EXEC: requests that are kept, and run together.
//!
//! Between MULTI and EXEC the gate IN_MULTI is up, and the check `path::checks::queued` keeps requests here. EXEC runs
//! them one after the other through `path`, each counted, timed, logged and shown to MONITOR like any other; only what
//! follows from them as a whole (serving waiting clients, propagation) waits for the end (`ServerState::depth`).
//!
//! A request that is refused on the way makes EXEC fail, and nothing is kept from then on; neither is anything once a
//! watched key has changed.
//!
//! **Invariants**
//! 1. A client's gate IN_MULTI is up exactly if its transaction is `open`.
//! 2. An idle client has no [`Transaction`]: it is there while one is open, keys are watched, or one has changed.

use keyspace::DbIndex;
use resp::Argv;
use resp::request::OwnedArgv;

use crate::client::Client;
use crate::command::Flags;
use crate::ctx::Ctx;
use crate::engine::Ahead;
use crate::error::{CommandError, Result};
use crate::gate::Gate;
use crate::path;
use crate::watch;

/// A request that waits for EXEC.
#[derive(Debug)]
struct Queued {
    request: OwnedArgv,
    ahead: Ahead,
}

/// A key that a client watches.
#[derive(Debug)]
pub(crate) struct Watched {
    pub db: DbIndex,
    pub key: Vec<u8>,
    /// Its time was up when WATCH came.
    pub expired: bool,
}

/// What a client that uses MULTI or WATCH holds.
#[derive(Debug, Default)]
pub struct Transaction {
    /// Between MULTI and EXEC.
    open: bool,
    queue: Vec<Queued>,
    /// Bytes of the queued requests.
    queue_bytes: usize,
    /// How many requests EXEC is running.
    running: usize,
    /// The command that runs them.
    exec: Option<u16>,
    /// Flags that at least one queued command has.
    any: Flags,
    /// The database that the last queued SELECT names.
    selected: Option<DbIndex>,
    /// A request was refused.
    failed: bool,
    /// A watched key has changed.
    pub(crate) dirty: bool,
    pub(crate) watched: Vec<Watched>,
    /// Bytes of the watched keys.
    pub(crate) watched_bytes: usize,
}

impl Transaction {
    /// How many requests wait for EXEC, or are run by it.
    pub fn len(&self) -> usize {
        self.queue.len().max(self.running)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// EXEC, while it runs: what the client is said to be doing.
    pub fn exec(&self) -> Option<u16> {
        self.exec
    }

    /// How many keys are watched.
    pub fn watched(&self) -> usize {
        self.watched.len()
    }

    /// Whether a watched key has changed.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        let watched = self.watched.capacity() * size_of::<Watched>() + self.watched_bytes;
        size_of::<Transaction>() + self.queue_memory() + watched
    }

    /// Bytes held by queued requests.
    pub fn queue_memory(&self) -> usize {
        self.queue.capacity() * size_of::<Queued>() + self.queue_bytes
    }

    pub(crate) fn drop_queue(&mut self) {
        self.queue = Vec::new();
        self.queue_bytes = 0;
        self.any = Flags::NONE;
    }
}

/// Keeps a request for EXEC, unless that will do nothing anyhow.
pub(crate) fn queue(client: &mut Client, argv: Argv<'_>, ahead: Ahead, flags: Flags) {
    let Some(transaction) = &mut client.transaction else { return };
    if transaction.failed || transaction.dirty {
        return;
    }
    let request = OwnedArgv::copy(argv);
    transaction.queue_bytes += request.memory();
    transaction.any = transaction.any.and(flags);
    transaction.queue.push(Queued { request, ahead });
}

/// Notes where queued requests will work from now on.
pub(crate) fn select(client: &mut Client, db: DbIndex) {
    if let Some(transaction) = &mut client.transaction {
        transaction.selected = Some(db);
    }
}

/// The database that the next request of a client will work in, if it is queued when the transaction runs.
pub(crate) fn database(client: &Client) -> DbIndex {
    client.transaction.as_ref().and_then(|transaction| transaction.selected).unwrap_or(client.db)
}

/// A request was refused: if the client is in a transaction, that fails.
pub(crate) fn fail(client: &mut Client) {
    if let Some(transaction) = &mut client.transaction
        && transaction.open
    {
        transaction.failed = true;
        transaction.drop_queue();
    }
}

/// Flags that at least one of the queued commands has.
pub(crate) fn flags(client: &Client) -> Flags {
    client.transaction.as_ref().map_or(Flags::NONE, |transaction| transaction.any)
}

/// Keeps invariant 2.
pub(crate) fn tidy(client: &mut Client) {
    if client.transaction.as_ref().is_some_and(|t| !t.open && !t.dirty && t.watched.is_empty()) {
        client.transaction = None;
    }
}

impl Ctx<'_> {
    /// MULTI: from here on requests are kept.
    pub fn begin_transaction(&mut self) {
        self.client.transaction.get_or_insert_default().open = true;
        self.client.transacted = true;
        self.client.gate.set(Gate::IN_MULTI, true);
    }

    /// Whether the client is between MULTI and EXEC.
    pub fn in_transaction(&self) -> bool {
        self.client.gate.meets(Gate::IN_MULTI)
    }

    /// Forgets queue, watched keys and what became of them (DISCARD, RESET, the end of EXEC).
    pub fn end_transaction(&mut self) {
        end(self.keyspace, self.server, self.client);
    }

    /// EXEC: runs what was kept, and answers with all replies; with a null array if a watched key has changed.
    pub fn run_transaction(&mut self) -> Result {
        // Keys that went by themselves since the last command count.
        path::follow_gone(self.keyspace, self.server, Some(self.client));
        let changed = watch::any_expired(self.keyspace, self.client);
        let Some(transaction) = &mut self.client.transaction else { return Ok(()) };
        if transaction.failed {
            self.end_transaction();
            return Err(CommandError::Line("EXECABORT Transaction discarded because of previous errors."));
        }
        if changed || transaction.dirty {
            self.end_transaction();
            return self.null_array();
        }
        let (queue, exec) = (std::mem::take(&mut transaction.queue), self.client.last_command);
        (transaction.running, transaction.exec, transaction.selected) = (queue.len(), exec, None);
        watch::forget(self.keyspace, self.server, self.client);
        self.client.out.array(queue.len());
        self.server.depth += 1;
        for Queued { request, ahead } in &queue {
            if let Err(error) = crate::acl::check_queued(
                self.server,
                self.registry,
                self.client,
                ahead.command,
                request.view(),
            ) {
                path::refuse_queued(self.server, self.client, *ahead, &error);
                continue;
            }
            path::run_with_care(
                self.keyspace,
                self.server,
                self.registry,
                self.host,
                self.client,
                request.view(),
                *ahead,
            );
        }
        self.server.depth -= 1;
        self.client.last_command = exec;
        self.end_transaction();
        Ok(())
    }
}

/// Makes a client one that is in no transaction and watches nothing.
pub(crate) fn end(
    keyspace: &mut keyspace::Keyspace,
    server: &mut crate::state::ServerState,
    client: &mut Client,
) {
    watch::forget(keyspace, server, client);
    client.transaction = None;
    client.gate.set(Gate::IN_MULTI, false);
}
