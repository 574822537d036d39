//! Client-side caching: who is told that what it has read is no longer valid (CLIENT TRACKING).
//!
//! Two ways. By default the keys that a client reads are remembered, and it is told once when one of them changes, goes
//! or is forgotten here (`tracking-table-max-keys`). With BCAST nothing is remembered: the client is told of all keys
//! with its prefixes, those of one turn together ([`Engine::broadcast`](crate::Engine::broadcast)).
//!
//! Keys are known by name, whatever database they are in, as with the peers. A client that is gone, or no longer
//! tracks, is not looked for in the table: it is left out when its turn comes.
//!
//! While nobody tracks nothing is remembered or collected: readers have a gate ([`Gate::TRACKING`]), changes go through
//! the listeners.
//!
//! **Invariants**
//! 1. `clients` is the number of clients that have a [`Track`]; without any, both tables are empty.
//! 2. `keys[order[n]].at == n` for all n; `items` is the number of all readers. No key is without readers.
//! 3. A client is in a prefix's list exactly if the prefix is in its [`Track`]; lists are sorted and never empty.

mod notice;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keyspace::Seed;
use resp::Argv;

use crate::client::{Client, ClientSlot};
use crate::command::Flags;
use crate::gate::Gate;
use crate::keys::keys_of;
use crate::names::{ENTRY, Keyed, Name, NameTable};
use crate::post::mail;
use crate::registry::Entry;
use crate::state::ServerState;

pub(crate) use notice::{Notice, What};
pub(crate) use settings::forget;
pub use settings::{Choice, Options};

/// A client for ever: its slot, and enough of its id to tell it from those that had the slot before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    pub slot: ClientSlot,
    pub id: u32,
}

impl Who {
    /// A client, or the one whose script it runs.
    pub fn of(client: &Client) -> Self {
        client.about.acts_for.unwrap_or(Who { slot: client.slot, id: client.id as u32 })
    }
}

/// How a client tracks.
#[derive(Debug)]
pub struct Track {
    /// Id and slot of the client that is told in its place.
    pub(crate) redirect: Option<(u64, ClientSlot)>,
    pub options: Options,
    /// CLIENT CACHING was given for the next command.
    pub caching: bool,
    /// Who is to be told in its place is gone.
    pub broken: bool,
    pub prefixes: BTreeSet<Name>,
}

impl Track {
    /// The id of the client that is told; 0 = itself.
    pub fn redirect_id(&self) -> u64 {
        self.redirect.map_or(0, |(id, _)| id)
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        size_of::<Track>() + self.prefixes.iter().map(|prefix| prefix.len() + ENTRY).sum::<usize>()
    }
}

/// A key that somebody has read.
#[derive(Debug)]
struct Tracked {
    /// Where it stands in `order`.
    at: usize,
    readers: Vec<Who>,
}

/// A prefix that somebody is told of.
#[derive(Debug, Default)]
struct Prefix {
    clients: Vec<ClientSlot>,
    /// Keys that changed in this turn, and who was the last to change them.
    changed: BTreeMap<Vec<u8>, Option<Who>>,
}

#[derive(Debug)]
pub struct Tracking {
    keys: NameTable<Tracked>,
    order: Vec<Name>,
    items: usize,
    prefixes: BTreeMap<Name, Prefix>,
    clients: usize,
    /// A prefix has changed keys.
    pending: bool,
}

/// Keys forgotten at most in one go, if there are too many.
const EFFORT: usize = 100;

impl Tracking {
    pub(crate) fn new(seed: Seed) -> Self {
        Tracking {
            keys: NameTable::with_hasher(Keyed(seed)),
            order: Vec::new(),
            items: 0,
            prefixes: BTreeMap::new(),
            clients: 0,
            pending: false,
        }
    }

    /// How many clients track.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// How many keys are remembered.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// For how many clients they are, each key counted.
    pub fn items(&self) -> usize {
        self.items
    }

    pub fn prefixes(&self) -> usize {
        self.prefixes.len()
    }

    /// Whether anybody is to be told that this key has changed.
    pub(crate) fn minds(&self, key: &[u8]) -> bool {
        self.clients > 0 && (self.keys.contains_key(key) || self.broadcasts_of(key))
    }

    fn broadcasts_of(&self, key: &[u8]) -> bool {
        self.prefixes.keys().any(|prefix| key.starts_with(prefix))
    }

    fn remember(&mut self, key: &[u8], who: Who) {
        let readers = match self.keys.get_mut(key) {
            Some(tracked) => &mut tracked.readers,
            None => {
                let name: Name = Arc::from(key);
                self.order.push(name.clone());
                let tracked = Tracked { at: self.order.len() - 1, readers: Vec::new() };
                &mut self.keys.entry(name).or_insert(tracked).readers
            }
        };
        if let Err(at) = readers.binary_search(&who) {
            readers.insert(at, who);
            self.items += 1;
        }
    }

    /// Takes a key out of the table; who has read it.
    fn forget(&mut self, key: &[u8]) -> Option<Vec<Who>> {
        let Tracked { at, readers } = self.keys.remove(key)?;
        self.items -= readers.len();
        self.order.swap_remove(at);
        if let Some(moved) = self.order.get(at)
            && let Some(tracked) = self.keys.get_mut(moved)
        {
            tracked.at = at;
        }
        Some(readers)
    }

    fn forget_all(&mut self) {
        let Keyed(seed) = *self.keys.hasher();
        self.keys = NameTable::with_hasher(Keyed(seed));
        self.order = Vec::new();
        self.items = 0;
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self, server: &ServerState) {
        let tracks: Vec<&Client> = server.clients.iter().filter(|client| client.tracking.is_some()).collect();
        assert_eq!(tracks.len(), self.clients, "invariant 1");
        assert!(self.clients > 0 || (self.keys.is_empty() && self.prefixes.is_empty()), "invariant 1");
        assert_eq!(self.order.len(), self.keys.len(), "invariant 2");
        for (n, name) in self.order.iter().enumerate() {
            let tracked = &self.keys[name];
            assert!(tracked.at == n && !tracked.readers.is_empty(), "invariant 2");
        }
        let items: usize = self.keys.values().map(|tracked| tracked.readers.len()).sum();
        assert_eq!(items, self.items, "invariant 2");
        for (name, prefix) in &self.prefixes {
            assert!(!prefix.clients.is_empty() && prefix.clients.is_sorted(), "invariant 3");
            let has =
                |client: &Client| client.tracking.as_ref().is_some_and(|track| track.prefixes.contains(name));
            let own = tracks.iter().filter(|client| has(client)).map(|client| client.slot);
            assert!(own.eq(prefix.clients.iter().copied()), "invariant 3");
        }
    }
}

/// Remembers the keys that a command has read, if its client wants that.
pub(crate) fn remember(server: &mut ServerState, client: &Client, entry: &Entry, argv: Argv<'_>) {
    let Some(track) = &client.tracking else { return };
    let flags = entry.record.flags;
    let wanted = match track.options.choice {
        Choice::All => true,
        Choice::OptIn => track.caching,
        Choice::OptOut => !track.caching,
    };
    // What a script reads is remembered, not what it is said to read.
    if crate::scripting::runs_script(entry.record) {
        return;
    }
    if track.options.broadcast || !wanted || !flags.has(Flags::READONLY) || flags.has(Flags::PUBSUB) {
        return;
    }
    for (at, _) in keys_of(entry, argv).unwrap_or_default() {
        server.tracking.remember(argv.at(at), Who::of(client));
    }
    update_gate(server);
}

/// To be called when keys were added, or the limit has changed.
pub(crate) fn update_gate(server: &mut ServerState) {
    let full = is_too_large(server);
    server.gate.set(Gate::TRACKING_FULL, full);
}

/// Whether more keys are remembered than may be.
pub(crate) fn is_too_large(server: &ServerState) -> bool {
    let max = server.config.tracking_table_max_keys;
    max > 0 && server.tracking.keys() as u64 > max
}

/// Forgets keys, any, if there are too many (before the next command, whoever's, or in the cron); their readers are told as if they had changed.
pub(crate) fn shrink(server: &mut ServerState, rng: &mut fastrand::Rng) {
    for _ in 0..EFFORT {
        if !is_too_large(server) {
            break;
        }
        let key = server.tracking.order[rng.usize(..server.tracking.order.len())].clone();
        tell_readers(server, &key, None);
    }
    update_gate(server);
}

/// A key has changed, or is gone. `by`: the client that changed it; `current`: the one whose command runs.
pub(crate) fn invalidate(server: &mut ServerState, key: &[u8], by: Option<Who>, current: Option<Who>) {
    let tracking = &mut server.tracking;
    if tracking.clients == 0 {
        return;
    }
    for (name, prefix) in &mut tracking.prefixes {
        if key.starts_with(name) {
            prefix.changed.insert(key.to_vec(), by);
            tracking.pending = true;
        }
    }
    tell_readers(server, key, current);
}

fn tell_readers(server: &mut ServerState, key: &[u8], current: Option<Who>) {
    let Some(readers) = server.tracking.forget(key) else { return };
    let mut notice = Notice::of_keys(&[key]);
    let mut mail = mail!(server);
    for who in readers {
        if mail.clients.is(who.slot, who.id) {
            let own = current == Some(who);
            notice.tell(&mut mail, who.slot, What::Read { own });
        }
    }
}

/// A whole database is gone: nothing that anybody has read is valid.
pub(crate) fn invalidate_all(server: &mut ServerState, current: &Client) {
    server.tracking.forget_all();
    if server.tracking.clients == 0 {
        return;
    }
    let tracks = |client: &&Client| client.tracking.is_some();
    let others = server.clients.iter().filter(tracks).map(|client| client.slot);
    let own = current.tracking.is_some().then_some(Who::of(current).slot);
    let slots: Vec<ClientSlot> = others.chain(own).collect();
    let mut notice = Notice::of_everything();
    let mut mail = mail!(server);
    slots.into_iter().for_each(|slot| notice.tell(&mut mail, slot, What::Everything));
}

/// Tells those who are told by prefix what has changed since the last time.
pub(crate) fn broadcast(server: &mut ServerState) {
    if !std::mem::take(&mut server.tracking.pending) {
        return;
    }
    let mut mail = mail!(server);
    for prefix in server.tracking.prefixes.values_mut() {
        let changed = std::mem::take(&mut prefix.changed);
        if changed.is_empty() {
            continue;
        }
        let keys: Vec<&[u8]> = changed.keys().map(Vec::as_slice).collect();
        let mut all = Notice::of_keys(&keys);
        for slot in &prefix.clients {
            let Some(client) = mail.clients.get(*slot) else { continue };
            if !client.tracking.as_ref().is_some_and(|track| track.options.no_loop) {
                all.tell(&mut mail, *slot, What::Prefix);
                continue;
            }
            let own = Some(Who::of(client));
            let others = changed.iter().filter(|(_, by)| **by != own).map(|(key, _)| key.as_slice());
            let others: Vec<&[u8]> = others.collect();
            if !others.is_empty() {
                Notice::of_keys(&others).tell(&mut mail, *slot, What::Prefix);
            }
        }
    }
}

/// The command after CLIENT CACHING has run (`entry`; none was found).
pub(crate) fn end_caching(client: &mut Client, registry: &crate::Registry, entry: Option<&Entry>) {
    let parent = entry.and_then(|entry| entry.parent).and_then(|parent| registry.get(parent)).or(entry);
    if let Some(track) = &mut client.tracking
        && parent.is_none_or(|parent| parent.record.name != "CLIENT")
    {
        track.caching = false;
    }
}
