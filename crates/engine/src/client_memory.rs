//! `maxmemory-clients`: what all clients hold together, and who is closed when that is too much.
//!
//! A client's memory ([`Client::memory`]) is counted again whenever it may have changed: after its requests of a turn,
//! after it was sent something, and by the cron. So the sum is known at any time, and a client is found by its size
//! without asking all of them: those that may be closed stand in buckets, one for each power of two.
//!
//! Nothing is kept while there is no limit.
//!
//! **Invariants**
//! 1. `total` is the sum of `bytes` of all accounts that are `open` in this epoch.
//! 2. A client stands in bucket `b` at place `p` exactly if its account says so: `buckets[b][p]` is its slot.
//! 3. A client whose account is of another epoch is counted nowhere.

use config::Config;

use crate::client::{Class, Client, ClientSlot, Clients, Close};
use crate::engine::Engine;
use crate::host::{Host, Level};
use crate::registry::Registry;
use crate::state::ServerState;

/// The first bucket is for all up to 2^15 bytes, the last for all from 2^32 on; peers have the same.
const FIRST: u32 = 15;
const LAST: u32 = 33;
const BUCKETS: usize = (LAST - FIRST + 1) as usize;
/// Less than this would keep everybody out, and who would set it right?
const LEAST: u64 = 128 * 1024;

/// How many clients that were answered in a turn are counted again before a key is evicted.
const ANSWERED_MAX: usize = 256;

/// What has been counted of a client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    /// 0: never counted.
    epoch: u32,
    bytes: usize,
    place: Option<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    bucket: u8,
    index: u32,
}

#[derive(Default)]
pub struct ClientMemory {
    /// In bytes; 0 = none.
    limit: u64,
    total: usize,
    epoch: u32,
    buckets: [Vec<ClientSlot>; BUCKETS],
    /// Clients that were told something when more waited for them, to be counted again.
    pub(crate) grown: Vec<ClientSlot>,
}

/// The limit in bytes: a percentage (kept as a negative number) is of `maxmemory`, and nothing without that.
fn limit_of(config: &Config) -> u64 {
    let limit = match config.maxmemory_clients {
        0 => return 0,
        percent @ ..0 if config.maxmemory > 0 => {
            let bytes = u128::from(config.maxmemory) * u128::from(percent.unsigned_abs()) / 100;
            u64::try_from(bytes).unwrap_or(u64::MAX)
        }
        ..0 => return 0,
        bytes => bytes.unsigned_abs(),
    };
    limit.max(LEAST)
}

/// The bucket for so many bytes: by the number of their binary digits.
fn bucket_of(bytes: usize) -> u8 {
    let digits = usize::BITS - bytes.leading_zeros();
    (digits.clamp(FIRST, LAST) - FIRST) as u8
}

/// Replicas and our primary are not closed for their size; nor is who asked not to be.
fn may_be_closed(client: &Client) -> bool {
    !client.no_evict && client.close != Close::Now && client.class() != Class::Replica
}

/// Counts everybody anew if there is a limit now and was none, forgets all if there is none any more.
pub(crate) fn limit_changed(server: &mut ServerState) {
    let limit = limit_of(&server.config);
    let before = std::mem::replace(&mut server.client_memory.limit, limit);
    if (limit == 0) == (before == 0) {
        return;
    }
    let epoch = server.client_memory.epoch.wrapping_add(1).max(1);
    server.client_memory = ClientMemory { limit, epoch, ..ClientMemory::default() };
    for slot in 0..server.clients.slots() {
        server.reckon(ClientSlot(slot as u32));
    }
}

impl ServerState {
    /// Whether anybody asks for the memory of clients, so that they are to be counted again.
    #[inline]
    pub fn counts_client_memory(&self) -> bool {
        self.client_memory.limit > 0
    }

    /// Counts a client's memory again. `O(1)` but for the prefixes it tracks; nothing without a limit.
    #[inline]
    pub fn reckon(&mut self, slot: ClientSlot) {
        if self.client_memory.limit > 0 {
            self.reckon_now(slot);
        }
    }

    #[cold]
    fn reckon_now(&mut self, slot: ClientSlot) {
        let ServerState { clients, client_memory, .. } = self;
        let Some(mut client) = clients.take(slot) else { return };
        client_memory.count(clients, &mut client);
        clients.put(client);
    }
}

impl ClientMemory {
    fn count(&mut self, clients: &mut Clients, client: &mut Client) {
        if client.account.epoch != self.epoch {
            client.account = Account { epoch: self.epoch, ..Account::default() };
        }
        let bytes = if client.class() == Class::Replica { 0 } else { client.memory() };
        self.total = self.total - client.account.bytes + bytes;
        client.account.bytes = bytes;
        let wanted = may_be_closed(client).then(|| bucket_of(bytes));
        if client.account.place.map(|place| place.bucket) != wanted {
            self.leave(clients, client);
            if let Some(bucket) = wanted {
                let slots = &mut self.buckets[usize::from(bucket)];
                client.account.place = Some(Place { bucket, index: slots.len() as u32 });
                slots.push(client.slot);
            }
        }
    }

    /// Takes a client from its bucket; the last one of it takes the place.
    fn leave(&mut self, clients: &mut Clients, client: &mut Client) {
        let Some(place) = client.account.place.take() else { return };
        let slots = &mut self.buckets[usize::from(place.bucket)];
        slots.swap_remove(place.index as usize);
        if let Some(moved) = slots.get(place.index as usize)
            && let Some(moved) = clients.get_mut(*moved)
        {
            moved.account.place = Some(place);
        }
    }

    /// A client is gone.
    pub(crate) fn forget(&mut self, clients: &mut Clients, client: &mut Client) {
        if client.account.epoch == self.epoch && self.limit > 0 {
            self.leave(clients, client);
            self.total -= std::mem::take(&mut client.account).bytes;
        }
    }

    /// One of the largest clients that may be closed.
    fn largest(&self) -> Option<ClientSlot> {
        self.buckets.iter().rev().find_map(|slots| slots.first()).copied()
    }
}

impl Engine {
    /// Closes clients, the largest first, until all of them hold less than the limit. True if there were any; they are in
    /// `ServerState::closing` then. To be called between commands, when what could be sent has been sent.
    #[inline]
    pub fn evict_clients(&mut self, host: &mut dyn Host) -> bool {
        for slot in std::mem::take(&mut self.server.client_memory.grown) {
            self.server.reckon(slot);
        }
        let memory = &self.server.client_memory;
        memory.limit > 0 && memory.total as u64 >= memory.limit && self.evict_some(host)
    }

    #[cold]
    fn evict_some(&mut self, host: &mut dyn Host) -> bool {
        evict(&mut self.server, &self.registry, host)
    }
}

/// Closes the largest clients until all of them hold less than the limit. True if there were any.
fn evict(server: &mut ServerState, registry: &Registry, host: &mut dyn Host) -> bool {
    let mut any = false;
    while server.client_memory.total as u64 >= server.client_memory.limit {
        let Some(slot) = server.client_memory.largest() else {
            host.log(Level::Verbose, "Over maxmemory-clients, and no client is left that may be closed.");
            break;
        };
        any = true;
        evict_client(server, registry, host, slot);
    }
    any
}

fn evict_client(server: &mut ServerState, registry: &Registry, host: &mut dyn Host, slot: ClientSlot) {
    let ServerState { clients, client_memory, config, mono_us, totals, .. } = &mut *server;
    let Some(mut client) = clients.take(slot) else { return };
    let mut line = String::from("Evicting client: ");
    let shown = crate::client_list::Names::for_log(config);
    crate::client_list::write(&mut line, &client, registry, *mono_us, shown);
    host.log(Level::Notice, &line);
    totals.evicted_clients += 1;
    client_memory.forget(clients, &mut client);
    // Nobody will read it, and somebody may be about to evict keys for it.
    client.out.clear();
    clients.put(client);
    server.close(slot, Close::Now);
}

/// Before keys are evicted: if clients hold more than they may, the largest of them go. False if the one whose request
/// is to run, and which is not among `server.clients`, is one of those.
pub(crate) fn evict_before_keys(
    server: &mut ServerState,
    registry: &Registry,
    host: &mut dyn Host,
    client: &mut Client,
) -> bool {
    if server.client_memory.limit == 0 {
        return true;
    }
    let slot = client.slot;
    let stand_in = Client::new(client.id, slot, Default::default());
    server.clients.put(Box::new(std::mem::replace(client, stand_in)));
    server.reckon(slot);
    // What others were answered in this turn has not been counted yet.
    for at in 0..server.pending_writes.len().min(ANSWERED_MAX) {
        server.reckon(server.pending_writes[at]);
    }
    evict(server, registry, host);
    if let Some(own) = server.clients.take(slot) {
        *client = *own;
    }
    client.close != Close::Now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_powers_of_two() {
        assert_eq!(bucket_of(0), 0);
        assert_eq!(bucket_of((1 << 15) - 1), 0);
        assert_eq!(bucket_of(1 << 15), 1);
        assert_eq!(bucket_of((1 << 16) - 1), 1);
        assert_eq!(bucket_of((1 << 32) - 1), 17);
        assert_eq!(usize::from(bucket_of(usize::MAX)), BUCKETS - 1);
    }

    #[test]
    fn a_percentage_is_of_maxmemory() {
        let limit = |maxmemory, maxmemory_clients| {
            limit_of(&Config { maxmemory, maxmemory_clients, ..Config::default() })
        };
        assert_eq!(limit(0, 0), 0);
        assert_eq!(limit(0, -10), 0);
        assert_eq!(limit(100 << 20, -10), 10 << 20);
        assert_eq!(limit(u64::MAX, -100), u64::MAX);
        assert_eq!(limit(0, 1), LEAST);
        assert_eq!(limit(1 << 20, -1), LEAST);
        assert_eq!(limit(0, 5 << 20), 5 << 20);
    }
}
