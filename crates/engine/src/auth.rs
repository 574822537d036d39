//! Who may speak: what a connection is before and after it gave a password.
//!
//! Everybody is the user `default` at first, and is let in at once if that user is enabled and has no password.
//!
//! **Invariant** 1. A client's `NEEDS_AUTH` gate is up exactly if `default` is not open to everybody and the client is
//! not authenticated. Opening it lets everybody in; closing it turns nobody out who was let in before.

use acl::UserId;

use crate::acl::{self as access, Access};
use crate::client::Client;
use crate::ctx::Ctx;
use crate::error::{CommandError, Result};
use crate::gate::Gate;

/// Who everybody is at first.
pub const DEFAULT_USER: &[u8] = acl::DEFAULT;

/// Makes a client what it is right after it connected: the user `default`, let in if it is open.
pub fn reset(access: &Access, client: &mut Client) {
    let required = access.asks_for_password();
    let open = access.users.get(UserId::DEFAULT).is_some_and(acl::User::is_unrestricted);
    client.user = UserId::DEFAULT;
    client.about.user = DEFAULT_USER.to_vec();
    client.authenticated = !required;
    client.gate.set(Gate::NEEDS_AUTH, required);
    client.gate.set(Gate::RESTRICTED, !open);
}

/// Lets a client in as a user, who need give no password any more.
pub(crate) fn sign_in(access: &Access, client: &mut Client, id: UserId) {
    client.user = id;
    client.about.user = access.users.name(id).to_vec();
    client.authenticated = true;
    access::refresh(access, client);
}

impl Ctx<'_> {
    /// Lets the client in as a user if the password is right; counts and logs the attempt if it is not.
    pub fn authenticate(&mut self, name: &[u8], password: &[u8]) -> Result {
        let users = &self.server.access.users;
        let admits = |id: &UserId| users.get(*id).is_some_and(|user| user.admits(password));
        let in_time = access::may_log_in(self.server, self.client);
        let known = users.find(name).filter(|id| in_time && admits(id));
        let Some(id) = known else {
            access::refused_login(self.server, self.registry, self.client, self.argv.at(0), name);
            return Err(CommandError::WrongPass);
        };
        sign_in(&self.server.access, self.client, id);
        if self.client.monitor && !self.server.access.may_monitor(self.client) {
            crate::monitor::unwatch(self.server, self.client);
        }
        Ok(())
    }
}
