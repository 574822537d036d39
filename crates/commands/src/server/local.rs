//! What may be allowed to everybody, to nobody, or to who is on this machine: `enable-debug-command` and its kin.

use config::choices::Allowed;
use engine::Client;

pub(super) fn permitted(allowed: Allowed, client: &Client) -> bool {
    match allowed {
        Allowed::No => false,
        Allowed::Yes => true,
        Allowed::Local => is_local(client),
    }
}

fn is_local(client: &Client) -> bool {
    let address = &client.about.address;
    client.about.unix || ["127.", "::1:", "[::1]:"].iter().any(|start| address.starts_with(start))
}
