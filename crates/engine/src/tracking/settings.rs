//! Turning tracking on and off for a client, and what it asks for.

use std::sync::Arc;

use keyspace::Keyspace;

use super::Track;
use crate::client::Client;
use crate::ctx::Ctx;
use crate::error::{CommandError, Result};
use crate::gate::Gate;
use crate::names::Name;
use crate::state::ServerState;

/// Of which commands the keys are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Choice {
    #[default]
    All,
    /// Those after CLIENT CACHING YES.
    OptIn,
    /// All but those after CLIENT CACHING NO.
    OptOut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Options {
    pub broadcast: bool,
    pub choice: Choice,
    /// The client is not told of what it changed itself.
    pub no_loop: bool,
}

impl Ctx<'_> {
    /// Turns tracking on for the client, or gives it other options. The caller has checked that they go together and
    /// with those it had. Without prefixes all keys are broadcast.
    pub fn track(&mut self, redirect: Option<u64>, options: Options, prefixes: &[&[u8]]) -> Result {
        let redirect = match redirect {
            None => None,
            Some(id) => Some((id, self.slot_of(id).ok_or(NO_SUCH_CLIENT)?)),
        };
        let tracking = &mut self.server.tracking;
        tracking.clients += usize::from(self.client.tracking.is_none());
        let old = self.client.tracking.take().map(|old| *old);
        let (caching, known) = old.map_or((false, Default::default()), |old| (old.caching, old.prefixes));
        let mut track = Box::new(Track { redirect, options, caching, broken: false, prefixes: known });
        let everything: &[&[u8]] = &[b""];
        let prefixes = if prefixes.is_empty() { everything } else { prefixes };
        for prefix in prefixes.iter().filter(|_| options.broadcast) {
            let name: Name = tracking
                .prefixes
                .get_key_value(*prefix)
                .map_or_else(|| Arc::from(*prefix), |(n, _)| n.clone());
            if track.prefixes.insert(name.clone()) {
                let clients = &mut tracking.prefixes.entry(name).or_default().clients;
                if let Err(at) = clients.binary_search(&self.client.slot) {
                    clients.insert(at, self.client.slot);
                }
            }
        }
        self.client.tracking = Some(track);
        self.client.gate.set(Gate::TRACKING, true);
        crate::listeners::refresh(self.keyspace, self.server);
        Ok(())
    }

    /// Turns tracking off for the client.
    pub fn end_tracking(&mut self) {
        forget(self.keyspace, self.server, self.client);
    }

    fn slot_of(&self, id: u64) -> Option<crate::ClientSlot> {
        let own = (id == self.client.id).then_some(self.client.slot);
        own.or_else(|| self.server.clients.iter().find(|client| client.id == id).map(|client| client.slot))
    }

    /// Whether a client with this id is there.
    pub fn has_client(&self, id: i64) -> bool {
        u64::try_from(id).is_ok_and(|id| self.slot_of(id).is_some())
    }
}

const NO_SUCH_CLIENT: CommandError =
    CommandError::Line("ERR The client ID you want redirect to does not exist");

/// A client tracks no more, or is gone. Keys that it has read stay in the table until they change, unless nobody
/// tracks any more.
pub(crate) fn forget(keyspace: &mut Keyspace, server: &mut ServerState, client: &mut Client) {
    let Some(track) = client.tracking.take() else { return };
    let tracking = &mut server.tracking;
    for name in &track.prefixes {
        let Some(prefix) = tracking.prefixes.get_mut(name) else { continue };
        if let Ok(at) = prefix.clients.binary_search(&client.slot) {
            prefix.clients.remove(at);
        }
        if prefix.clients.is_empty() {
            tracking.prefixes.remove(name);
        }
    }
    tracking.clients -= 1;
    if tracking.clients == 0 {
        tracking.forget_all();
    }
    client.gate.set(Gate::TRACKING, false);
    crate::listeners::refresh(keyspace, server);
}
