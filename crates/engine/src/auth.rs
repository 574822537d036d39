//! Who may speak: passwords, and what a connection is before and after it gave one.
//!
//! There is one user, `default`; its password is `requirepass`, and without one everybody may come in.
//!
//! **Invariant** 1. A client's `NEEDS_AUTH` gate is up exactly if a password is set and the client is not
//! authenticated. Taking the password away lets everybody in; setting one turns nobody out who was let in before.

use config::Config;

use crate::client::Client;
use crate::error::{CommandError, Result};
use crate::gate::Gate;
use crate::state::ServerState;

/// The only user.
pub const DEFAULT_USER: &[u8] = b"default";

/// The password of the user `default`.
fn password(config: &Config) -> Option<&[u8]> {
    config.requirepass.as_deref().map(AsRef::as_ref).filter(|pass: &&[u8]| !pass.is_empty())
}

/// Whether the user `default` has a password.
pub fn has_password(config: &Config) -> bool {
    password(config).is_some()
}

/// Whether there is a user of this name.
pub fn user_exists(name: &[u8]) -> bool {
    name == DEFAULT_USER
}

/// Makes a client what it is right after it connected: the user `default`, let in if there is no password.
pub fn reset(config: &Config, client: &mut Client) {
    let required = has_password(config);
    client.about.user = DEFAULT_USER.to_vec();
    client.authenticated = !required;
    client.gate.set(Gate::NEEDS_AUTH, required);
}

/// Lets a client in if the password is right; counts the attempt if it is not.
pub fn authenticate(server: &mut ServerState, client: &mut Client, user: &[u8], given: &[u8]) -> Result {
    let right = user_exists(user) && password(&server.config).is_none_or(|password| same(password, given));
    if !right {
        server.totals.acl_denied_auth += 1;
        return Err(CommandError::WrongPass);
    }
    sign_in(client, user);
    Ok(())
}

/// Lets a client in as a user, who need give no password.
pub(crate) fn sign_in(client: &mut Client, user: &[u8]) {
    client.about.user = user.to_vec();
    client.authenticated = true;
    client.gate.set(Gate::NEEDS_AUTH, false);
}

/// Restores invariant 1 after `requirepass` may have changed.
pub fn password_changed(server: &mut ServerState) {
    let required = has_password(&server.config);
    for client in server.clients.iter_mut() {
        let out = required && !client.authenticated;
        client.gate.set(Gate::NEEDS_AUTH, out);
    }
}

/// Compares in a time that depends on the length of `given` alone, so that it tells nothing about the secret.
fn same(secret: &[u8], given: &[u8]) -> bool {
    let mut differs = usize::from(secret.len() != given.len());
    for (n, byte) in given.iter().enumerate() {
        let expected = secret.get(n % secret.len().max(1)).copied().unwrap_or_default();
        differs |= usize::from(std::hint::black_box(byte ^ expected));
    }
    differs == 0
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_the_password_is_the_password() {
        assert!(same(b"secret", b"secret"));
        for wrong in [b"".as_slice(), b"s", b"secre", b"secrets", b"secretsecret", b"Secret"] {
            assert!(!same(b"secret", wrong));
        }
    }
}
