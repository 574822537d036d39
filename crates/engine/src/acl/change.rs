//! Changes of users, and what they mean for those who are connected.
//!
//! Who is subscribed to a channel that its user may not use any more is cut off; so is whoever watches with MONITOR and
//! may not any more, and whoever has lost its user. The client that asks is not among `server.clients` and is handed in beside it; if it is to go it is answered first.

use acl::{User, UserId, file};

use crate::client::{Client, Close};
use crate::gate::Gate;
use crate::host::{Host, Level};
use crate::pubsub::Kind;
use crate::state::ServerState;

/// Makes a user or gives it other rights.
pub fn put_user(server: &mut ServerState, asking: Option<&mut Client>, name: &[u8], user: User) {
    let id = server.access.users.put(name, user);
    apply(server, asking, |client| client.user == id);
}

/// Removes users and closes their connections; how many there were. `default` stays.
pub fn delete_users(server: &mut ServerState, asking: Option<&mut Client>, names: &[&[u8]]) -> usize {
    let gone = names.iter().filter(|name| server.access.users.remove(name).is_some()).count();
    apply(server, asking, |_| true);
    gone
}

/// ACL LOAD: the users of the file and no others. The error is a line that tells all faults; nothing has changed then.
pub fn load_file(
    server: &mut ServerState,
    host: &mut dyn Host,
    asking: Option<&mut Client>,
) -> Result<(), Vec<u8>> {
    let name = String::from_utf8_lossy(&server.config.aclfile).into_owned();
    let text = host.read_file(&name).map_err(|why| {
        let why = crate::reconfigure::plain_reason(&why).to_owned();
        format!("Error loading ACLs, opening file '{name}': {why}").into_bytes()
    })?;
    let loaded = file::parse(&server.access.catalog, super::defaults(server), &name, &text)?;
    let users = &mut server.access.users;
    let old: Vec<Vec<u8>> = users.iter().map(|(name, _)| name.to_vec()).collect();
    for name in old.iter().filter(|name| !loaded.iter().any(|(kept, _)| kept == *name)) {
        if users.remove(name).is_none() {
            users.put(name, User::open(&server.access.catalog));
        }
    }
    for (name, user) in loaded {
        users.put(&name, user);
    }
    apply(server, asking, |_| true);
    Ok(())
}

/// ACL SAVE. False if the file could not be written; why is in the log.
pub fn save_file(server: &ServerState, host: &mut dyn Host) -> bool {
    let name = String::from_utf8_lossy(&server.config.aclfile).into_owned();
    let written = host.write_file(&name, &file::render(&server.access.users));
    if let Err(why) = &written {
        host.log(Level::Warning, &format!("ACL SAVE: '{name}' could not be written: {why}"));
    }
    written.is_ok()
}

/// `requirepass` is the password of the user `default`; none lets everybody in.
pub(crate) fn set_default_password(server: &mut ServerState) {
    let password = server.config.requirepass.clone().unwrap_or_default();
    let access = &mut server.access;
    let Some(mut user) = access.users.get(UserId::DEFAULT).cloned() else { return };
    user.passwords.clear();
    user.no_password = password.is_empty();
    if !password.is_empty() {
        user.passwords.push(acl::Digest::of(&password));
    }
    access.users.put(acl::DEFAULT, user);
    access.password_in_force = password;
}

/// Gives the user `default` the password of the configuration if that is a new one.
pub(crate) fn follow_password(server: &mut ServerState) {
    let wanted = server.config.requirepass.as_deref().unwrap_or_default();
    if server.access.password_in_force != wanted {
        set_default_password(server);
    }
    refresh_all(server);
}

/// Makes the rights in force hold for clients; those of `concerned` may have lost some.
fn apply(server: &mut ServerState, asking: Option<&mut Client>, concerned: impl Fn(&Client) -> bool) {
    if let Some(client) = asking {
        if concerned(client) && has_lost(server, client) {
            client.close(Close::AfterReply);
        }
        refresh(&server.access, client);
    }
    let lost = |client: &&Client| concerned(client) && has_lost(server, client);
    let lost: Vec<_> = server.clients.iter().filter(lost).map(|client| client.slot).collect();
    for slot in lost {
        server.close(slot, Close::Now);
    }
    refresh_all(server);
}

/// Whether a client must go: its user is gone, or it hears what it may not.
fn has_lost(server: &ServerState, client: &Client) -> bool {
    let Some(user) = server.access.user(client) else { return true };
    if client.monitor && !server.access.may_monitor(client) {
        return true;
    }
    let Some(own) = client.subscriptions.as_deref() else { return false };
    let may = |kind, pattern| own.iter(kind).all(|name| user.may_use_channel(name, pattern));
    !(may(Kind::Pattern, true) && may(Kind::Channel, false) && may(Kind::Shard, false))
}

/// Restores the gates of all clients but the one that is taken out.
fn refresh_all(server: &mut ServerState) {
    let ServerState { access, clients, .. } = server;
    clients.iter_mut().for_each(|client| refresh(access, client));
}

/// Restores the gates of a client.
pub(crate) fn refresh(access: &super::Access, client: &mut Client) {
    if access.users.get(client.user).is_none() {
        client.user = UserId::DEFAULT;
        client.about.user = acl::DEFAULT.to_vec();
        client.authenticated = false;
    }
    let restricted = !access.user(client).is_some_and(User::is_unrestricted);
    client.gate.set(Gate::NEEDS_AUTH, access.asks_for_password() && !client.authenticated);
    client.gate.set(Gate::RESTRICTED, restricted);
}
