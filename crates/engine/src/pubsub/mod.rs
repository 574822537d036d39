//! Channels and patterns: who is subscribed to what.
//!
//! A channel exists while somebody is subscribed to it. Names are held once and shared: by the table of the server
//! (name → clients) and by each of its subscribers (a set of names), so that both a message and the end of a client
//! find what they need.
//!
//! Shard channels are a namespace of their own, in which patterns do not listen.
//!
//! A client that speaks RESP2 and is subscribed may do little else ([`Gate::SUBSCRIBED`]): its replies could not be
//! told from messages. With RESP3 it may do everything.
//!
//! **Invariants**
//! 1. A client is in the list of a name exactly if the name is in its [`Subscriptions`]. No list is empty.
//! 2. Lists are sorted by slot.
//! 3. A client without subscriptions has no [`Subscriptions`].

mod publish;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keyspace::{Keyspace, Seed};
use resp::{Protocol, reply};

use crate::client::{Client, ClientSlot};
use crate::ctx::Ctx;
use crate::gate::Gate;
use crate::names::{ENTRY, Keyed, Name, NameTable};
use crate::state::ServerState;

pub(crate) use publish::publish;

/// What can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Channel,
    Pattern,
    Shard,
}

/// All channels and patterns with their subscribers.
#[derive(Debug)]
pub struct PubSub {
    channels: NameTable<Vec<ClientSlot>>,
    shards: NameTable<Vec<ClientSlot>>,
    /// In the order of their names, which is that of delivery.
    patterns: BTreeMap<Name, Vec<ClientSlot>>,
    clients: usize,
    /// Where messages are encoded.
    buffer: Vec<u8>,
}

/// What one client is subscribed to.
#[derive(Debug, Default)]
pub struct Subscriptions {
    channels: BTreeSet<Name>,
    patterns: BTreeSet<Name>,
    shards: BTreeSet<Name>,
    name_bytes: usize,
}

impl Subscriptions {
    pub fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Channel => self.channels.len(),
            Kind::Pattern => self.patterns.len(),
            Kind::Shard => self.shards.len(),
        }
    }

    /// The names of a kind.
    pub fn iter(&self, kind: Kind) -> impl Iterator<Item = &[u8]> {
        let names = match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shards,
        };
        names.iter().map(|name| &**name)
    }

    fn names(&mut self, kind: Kind) -> &mut BTreeSet<Name> {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
            Kind::Shard => &mut self.shards,
        }
    }

    fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.patterns.is_empty() && self.shards.is_empty()
    }

    /// Bytes held; a name counts for each who is subscribed to it.
    pub fn memory(&self) -> usize {
        let count = self.channels.len() + self.patterns.len() + self.shards.len();
        size_of::<Subscriptions>() + self.name_bytes + count * ENTRY
    }
}

impl PubSub {
    pub(crate) fn new(seed: Seed) -> Self {
        PubSub {
            channels: NameTable::with_hasher(Keyed(seed)),
            shards: NameTable::with_hasher(Keyed(seed)),
            patterns: BTreeMap::new(),
            clients: 0,
            buffer: Vec::new(),
        }
    }

    /// How many clients are subscribed to anything.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// How many channels, or different patterns, somebody is subscribed to.
    pub fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Channel => self.channels.len(),
            Kind::Pattern => self.patterns.len(),
            Kind::Shard => self.shards.len(),
        }
    }

    /// How many clients are subscribed to a name.
    pub fn subscribers(&self, kind: Kind, name: &[u8]) -> usize {
        self.list(kind, name).map_or(0, |(_, list)| list.len())
    }

    /// The channels that there are, in any order. `kind` is no pattern's.
    pub fn channels(&self, kind: Kind) -> impl Iterator<Item = &[u8]> {
        let table = if kind == Kind::Shard { &self.shards } else { &self.channels };
        table.keys().map(|name| &**name)
    }

    /// Whether nobody would be sent what is published to a plain channel.
    pub(crate) fn is_deaf(&self) -> bool {
        self.channels.is_empty() && self.patterns.is_empty()
    }

    fn list(&self, kind: Kind, name: &[u8]) -> Option<(&Name, &Vec<ClientSlot>)> {
        match kind {
            Kind::Channel => self.channels.get_key_value(name),
            Kind::Shard => self.shards.get_key_value(name),
            Kind::Pattern => self.patterns.get_key_value(name),
        }
    }

    fn list_mut(&mut self, kind: Kind, name: &[u8]) -> Option<&mut Vec<ClientSlot>> {
        match kind {
            Kind::Channel => self.channels.get_mut(name),
            Kind::Shard => self.shards.get_mut(name),
            Kind::Pattern => self.patterns.get_mut(name),
        }
    }

    fn insert(&mut self, kind: Kind, name: Name, slot: ClientSlot) {
        let list = vec![slot];
        match kind {
            Kind::Channel => self.channels.insert(name, list),
            Kind::Shard => self.shards.insert(name, list),
            Kind::Pattern => self.patterns.insert(name, list),
        };
    }

    fn remove(&mut self, kind: Kind, name: &[u8]) {
        match kind {
            Kind::Channel => drop(self.channels.remove(name)),
            Kind::Shard => drop(self.shards.remove(name)),
            Kind::Pattern => drop(self.patterns.remove(name)),
        }
    }

    /// Puts a client into the list of a name; `None` if it is there already.
    fn enter(&mut self, kind: Kind, name: &[u8], slot: ClientSlot) -> Option<Name> {
        let Some((known, list)) = self.list(kind, name) else {
            let made: Name = Arc::from(name);
            self.insert(kind, made.clone(), slot);
            return Some(made);
        };
        let (Err(at), known) = (list.binary_search(&slot), known.clone()) else { return None };
        if let Some(list) = self.list_mut(kind, name) {
            list.insert(at, slot);
        }
        Some(known)
    }

    fn leave(&mut self, kind: Kind, name: &[u8], slot: ClientSlot) {
        let Some(list) = self.list_mut(kind, name) else { return };
        if let Ok(at) = list.binary_search(&slot) {
            list.remove(at);
        }
        if list.is_empty() {
            self.remove(kind, name);
        }
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self, server: &ServerState) {
        let mut seen = 0;
        let lists = |kind| {
            let names: Vec<&Name> = match kind {
                Kind::Channel => self.channels.keys().collect(),
                Kind::Shard => self.shards.keys().collect(),
                Kind::Pattern => self.patterns.keys().collect(),
            };
            names.into_iter().filter_map(move |name| self.list(kind, name))
        };
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            for (name, list) in lists(kind) {
                assert!(!list.is_empty() && list.is_sorted(), "invariants 1 and 2");
                for slot in list {
                    let client = server.clients.get(*slot).expect("invariant 1: the client is there");
                    let own = client.subscriptions.as_ref().expect("invariant 1");
                    let names = [&own.channels, &own.patterns, &own.shards];
                    let at = [Kind::Channel, Kind::Pattern, Kind::Shard].iter().position(|k| *k == kind);
                    assert!(names[at.expect("listed")].contains(name), "invariant 1");
                    seen += 1;
                }
            }
        }
        let own = server.clients.iter().filter_map(|client| client.subscriptions.as_deref());
        let all: Vec<&Subscriptions> = own.collect();
        assert!(all.iter().all(|own| !own.is_empty()), "invariant 3");
        assert_eq!(all.len(), self.clients, "invariant 3");
        let held: usize = all.iter().map(|s| s.channels.len() + s.patterns.len() + s.shards.len()).sum();
        assert_eq!(held, seen, "invariant 1");
    }
}

impl Ctx<'_> {
    /// Subscribes the client, and tells it so.
    pub fn subscribe(&mut self, kind: Kind, name: &[u8]) {
        let client = &mut *self.client;
        if let Some(name) = self.server.pubsub.enter(kind, name, client.slot) {
            self.server.pubsub.clients += usize::from(client.subscriptions.is_none());
            let own = client.subscriptions.get_or_insert_default();
            own.name_bytes += name.len();
            own.names(kind).insert(name);
            update_gate(client);
            crate::listeners::refresh(self.keyspace, self.server);
        }
        let word = match kind {
            Kind::Channel => "subscribe",
            Kind::Pattern => "psubscribe",
            Kind::Shard => "ssubscribe",
        };
        self.confirm(word, kind, Some(name));
    }

    /// Ends a subscription of the client, if there is one, and tells it so.
    pub fn unsubscribe(&mut self, kind: Kind, name: &[u8]) {
        leave(self.server, self.client, kind, name);
        crate::listeners::refresh(self.keyspace, self.server);
        self.confirm(word_of_end(kind), kind, Some(name));
    }

    /// Ends all subscriptions of a kind, and tells the client of each; at least once.
    pub fn unsubscribe_all(&mut self, kind: Kind) {
        let names = self.client.subscriptions.as_mut().map(|own| own.names(kind).clone()).unwrap_or_default();
        if names.is_empty() {
            self.confirm(word_of_end(kind), kind, None);
        }
        for name in names {
            self.unsubscribe(kind, &name);
        }
    }

    /// Ends all subscriptions; the client is told nothing (RESET).
    pub fn end_subscriptions(&mut self) {
        forget(self.keyspace, self.server, self.client);
    }

    /// Publishes a message; how many clients, or subscriptions of clients, it went to.
    pub fn publish(&mut self, kind: Kind, channel: &[u8], message: &[u8]) -> usize {
        publish(self.server, kind, channel, message)
    }

    /// `subscribe`, a name, and how many channels and patterns the client is subscribed to now (or shard channels).
    fn confirm(&mut self, word: &str, kind: Kind, name: Option<&[u8]>) {
        let count = self.client.subscriptions.as_ref().map_or(0, |own| match kind {
            Kind::Shard => own.count(Kind::Shard),
            Kind::Channel | Kind::Pattern => own.count(Kind::Channel) + own.count(Kind::Pattern),
        });
        let protocol = self.client.protocol();
        self.answer_with_message(|out| {
            reply::array(out, 3);
            reply::bulk(out, word.as_bytes());
            match name {
                Some(name) => reply::bulk(out, name),
                None => reply::null(out, protocol),
            }
            reply::integer(out, count as i64);
        });
    }
}

fn word_of_end(kind: Kind) -> &'static str {
    match kind {
        Kind::Channel => "unsubscribe",
        Kind::Pattern => "punsubscribe",
        Kind::Shard => "sunsubscribe",
    }
}

fn leave(server: &mut ServerState, client: &mut Client, kind: Kind, name: &[u8]) {
    let Some(own) = &mut client.subscriptions else { return };
    if !own.names(kind).remove(name) {
        return;
    }
    own.name_bytes -= name.len();
    server.pubsub.leave(kind, name, client.slot);
    if own.is_empty() {
        client.subscriptions = None;
        server.pubsub.clients -= 1;
        update_gate(client);
    }
}

/// Ends all subscriptions of a client that may be gone already.
pub(crate) fn forget(keyspace: &mut Keyspace, server: &mut ServerState, client: &mut Client) {
    let Some(own) = client.subscriptions.take() else { return };
    for (kind, names) in
        [(Kind::Channel, own.channels), (Kind::Pattern, own.patterns), (Kind::Shard, own.shards)]
    {
        names.iter().for_each(|name| server.pubsub.leave(kind, name, client.slot));
    }
    server.pubsub.clients -= 1;
    update_gate(client);
    crate::listeners::refresh(keyspace, server);
}

/// To be called whenever a client's subscriptions, or its protocol, have changed.
pub(crate) fn update_gate(client: &mut Client) {
    let restricted = client.subscriptions.is_some() && client.out.protocol == Protocol::Resp2;
    client.gate.set(Gate::SUBSCRIBED, restricted);
}
