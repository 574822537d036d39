//! Access control: users as the server holds them, and what a client may do.
//!
//! The rules are the business of the crate `acl`. Here they meet clients: a client of a user who may do everything
//! never gets here, since its gate RESTRICTED is down; for all others every request is looked at before it runs, when
//! it is queued and when EXEC runs it, when a script calls it ([`permitted`]), and once more when it has waited.
//!
//! **Invariants**
//! 1. A client's gate RESTRICTED is up exactly if its user may not do everything; restored by [`refresh`] whenever
//!    users change.
//! 2. A client whose user was removed is the user `default`, is not authenticated, and is being closed.

mod change;
mod startup;
pub(crate) mod throttle;
mod touched;

use acl::{Catalog, Context, Defaults, Denied, Known, Log, NewEntry, Reason, User, UserId, Users};
use config::choices::AclPubsubDefault;
use resp::Argv;

use crate::categories;
use crate::client::Client;
use crate::command::Flags;
use crate::ctx::Ctx;
use crate::error::CommandError;
use crate::gate::Gate;
use crate::registry::{Entry, Registry};
use crate::state::ServerState;

pub use change::{delete_users, load_file, put_user, save_file};
pub(crate) use change::{follow_password, refresh, set_default_password};
pub use startup::{config_lines, load_at_start};

/// Longer objects are cut in the log: what a client is refused must not fill the memory.
const LOGGED_OBJECT_MAX: usize = 4096;

/// What the server knows of users.
pub struct Access {
    pub catalog: Catalog,
    pub users: Users,
    pub log: Log,
    pub denied: Counts,
    pub(crate) throttle: throttle::Throttle,
    /// The `requirepass` that the user `default` was last given.
    pub(crate) password_in_force: Vec<u8>,
}

/// How often something was refused, for INFO.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub auth: u64,
    pub command: u64,
    pub key: u64,
    pub channel: u64,
    pub database: u64,
}

impl Access {
    pub(crate) fn new(registry: &Registry) -> Self {
        let catalog = catalog(registry);
        let users = Users::new(User::open(&catalog));
        Access {
            catalog,
            users,
            log: Log::default(),
            denied: Counts::default(),
            throttle: Default::default(),
            password_in_force: Vec::new(),
        }
    }

    /// The user of a client.
    pub fn user(&self, client: &Client) -> Option<&User> {
        self.users.get(client.user)
    }

    /// Whether a client must say who it is before it may do anything.
    pub fn asks_for_password(&self) -> bool {
        !self.users.get(UserId::DEFAULT).is_some_and(User::is_open)
    }

    /// Whether a client's user may run MONITOR.
    pub(crate) fn may_monitor(&self, client: &Client) -> bool {
        let monitor = self.catalog.lookup(b"monitor");
        let touched = |command| acl::Touched { command, ..acl::Touched::default() };
        let may = |user: &User| monitor.is_some_and(|id| user.check(&self.catalog, &touched(id)).is_ok());
        self.user(client).is_some_and(may)
    }

    /// The name of a command that renaming does not change.
    fn command_name(&self, id: u16) -> &str {
        self.catalog.get(id).map_or("", |known| &known.name)
    }
}

/// Commands by their numbers in the registry, under the names that they were born with.
fn catalog(registry: &Registry) -> Catalog {
    let known = |entry: &Entry| {
        let name = entry.record.name.to_ascii_lowercase();
        let name = match entry.parent {
            Some(parent) => format!("{}|{name}", registry.entry(parent).record.name.to_ascii_lowercase()),
            None => name,
        };
        let is_in = |(bit, category): (usize, &&str)| u64::from(categories::is_in(entry, category)) << bit;
        Known {
            name,
            subcommands: entry.subcommands.clone(),
            nested: entry.parent.is_some(),
            categories: categories::ALL.iter().enumerate().map(is_in).sum(),
            free: entry.record.flags.has(Flags::NO_AUTH),
        }
    };
    Catalog::new(categories::ALL, registry.iter().map(|(_, entry)| known(entry)).collect())
}

/// What users and selectors get unasked.
pub fn defaults(server: &ServerState) -> Defaults {
    Defaults { all_channels: server.config.acl_pubsub_default == AclPubsubDefault::Allchannels }
}

/// Whether a client may run a request now. Notes nothing: see [`refused`].
pub fn permitted(
    server: &ServerState,
    registry: &Registry,
    client: &Client,
    id: u16,
    argv: Argv<'_>,
) -> Result<(), Denied> {
    if !client.gate.meets(Gate::RESTRICTED) {
        return Ok(());
    }
    let db = crate::transaction::database(client);
    match server.access.user(client) {
        Some(user) => allowed_to(server, registry, user, db, id, argv),
        None => Err(Denied { reason: Reason::Command, at: 0 }),
    }
}

/// Whether a user may run a request, from a database.
pub fn allowed_to(
    server: &ServerState,
    registry: &Registry,
    user: &User,
    db: u32,
    id: u16,
    argv: Argv<'_>,
) -> Result<(), Denied> {
    let touched = touched::of(registry.entry(id), id, argv, db, server.config.databases);
    user.check(&server.access.catalog, &touched)
}

/// Counts and logs a refusal. `id` and `argv` are the request's that was refused, which a script may have made.
pub fn refused(
    server: &mut ServerState,
    registry: &Registry,
    client: &Client,
    (id, argv): (u16, Argv<'_>),
    denied: Denied,
    context: Context,
) {
    let object = match denied.reason {
        Reason::Command => server.access.command_name(id).as_bytes().to_vec(),
        _ => argv.get(denied.at).unwrap_or_default().to_vec(),
    };
    let user = server.access.users.name(client.user).to_vec();
    note(server, registry, client, (denied.reason, object, user), context);
}

/// Whether a password of this client would be looked at now.
pub(crate) fn may_log_in(server: &ServerState, client: &Client) -> bool {
    !throttle::is_early(server, client)
}

/// A wrong password: `word` is the command as it was written, `user` who the client wanted to be.
pub(crate) fn refused_login(
    server: &mut ServerState,
    registry: &Registry,
    client: &Client,
    word: &[u8],
    user: &[u8],
) {
    note(server, registry, client, (Reason::Auth, word.to_vec(), user.to_vec()), context_of(client));
    throttle::failed(server, client);
}

fn note(
    server: &mut ServerState,
    registry: &Registry,
    client: &Client,
    (reason, mut object, mut user): (Reason, Vec<u8>, Vec<u8>),
    context: Context,
) {
    let denied = &mut server.access.denied;
    *match reason {
        Reason::Command => &mut denied.command,
        Reason::Key => &mut denied.key,
        Reason::Channel => &mut denied.channel,
        Reason::Database => &mut denied.database,
        Reason::Auth => &mut denied.auth,
    } += 1;
    let max = usize::try_from(server.config.acllog_max_len).unwrap_or(usize::MAX);
    let mut line = String::new();
    if max > 0 {
        crate::client_list::write_line(&mut line, client, registry, server.mono_us);
    }
    object.truncate(LOGGED_OBJECT_MAX);
    user.truncate(LOGGED_OBJECT_MAX);
    let now_ms = server.now_ms();
    server.access.log.add(NewEntry { reason, context, object, user, client: line }, now_ms, max);
}

/// Where a request of a client comes from, if not from a script.
pub fn context_of(client: &Client) -> Context {
    if client.gate.meets(Gate::IN_MULTI) { Context::Multi } else { Context::TopLevel }
}

/// The message for a client: which key it was is told to nobody who may not see it.
pub fn message(server: &ServerState, user: &[u8], id: u16, denied: Denied) -> String {
    match denied.reason {
        Reason::Command | Reason::Auth => format!(
            "User {} has no permissions to run the '{}' command",
            String::from_utf8_lossy(user),
            server.access.command_name(id)
        ),
        Reason::Key => "No permissions to access a key".to_owned(),
        Reason::Channel => "No permissions to access a channel".to_owned(),
        Reason::Database => "No permissions to access database".to_owned(),
    }
}

/// The message with all details, for ACL DRYRUN.
pub fn full_message(server: &ServerState, user: &[u8], id: u16, argv: Argv<'_>, denied: Denied) -> Vec<u8> {
    let object = argv.get(denied.at).unwrap_or_default();
    let before: &[u8] = b" has no permissions to access ";
    match denied.reason {
        Reason::Command | Reason::Auth => message(server, user, id, denied).into_bytes(),
        Reason::Key => [b"User ", user, before, b"the '", object, b"' key"].concat(),
        Reason::Channel => [b"User ", user, before, b"the '", object, b"' channel"].concat(),
        Reason::Database => [b"User ", user, before, b"database ", object].concat(),
    }
}

/// The check of the path: logs, and says what the client is told.
pub(crate) fn check(
    server: &mut ServerState,
    registry: &Registry,
    client: &Client,
    id: u16,
    argv: Argv<'_>,
) -> Result<(), CommandError> {
    let Err(denied) = permitted(server, registry, client, id, argv) else { return Ok(()) };
    refused(server, registry, client, (id, argv), denied, context_of(client));
    let user = server.access.users.name(client.user);
    Err(CommandError::Told(format!("NOPERM {}", message(server, user, id, denied))))
}

/// The same for a request that was queued when it was still allowed, in the words of EXEC.
pub(crate) fn check_queued(
    server: &mut ServerState,
    registry: &Registry,
    client: &Client,
    id: u16,
    argv: Argv<'_>,
) -> Result<(), CommandError> {
    let Err(denied) = permitted(server, registry, client, id, argv) else { return Ok(()) };
    refused(server, registry, client, (id, argv), denied, Context::Multi);
    let why = match denied.reason {
        Reason::Command => "no permission to execute the command or subcommand",
        Reason::Key => "no permission to touch the specified keys",
        Reason::Channel => "no permission to access one of the channels used as arguments",
        Reason::Database | Reason::Auth => "no permission",
    };
    Err(CommandError::Told(format!(
        "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This \
         command is no longer allowed for the following reason: {why}"
    )))
}

impl Ctx<'_> {
    /// Whether the client may run this command, and read all keys there are (SORT's BY and GET).
    pub fn may_read_everything(&self) -> bool {
        if !self.client.gate.meets(Gate::RESTRICTED) {
            return true;
        }
        let Some(id) = self.server.access.catalog.lookup(self.command.record.name.as_bytes()) else {
            return false;
        };
        let (db, databases) = (self.client.db, self.server.config.databases);
        let touched = touched::of(self.command, id, self.argv, db, databases);
        let user = self.server.access.user(self.client);
        user.is_some_and(|user| user.may_read_everything(&self.server.access.catalog, &touched))
    }
}
