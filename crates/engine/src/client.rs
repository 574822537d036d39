//! Clients: the session side of a connection. The socket side is `server::connection`; they share a number.
//!
//! While a client's command runs it is taken out of [`Clients`], so that the command can have it and all the others.
//!
//! *Not here*: sockets, query buffers.

use resp::Protocol;

use crate::gate::Gate;
use crate::outbox::Outbox;

/// The index of a client; reused after it is gone. The `id` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientSlot(pub u32);

/// When a connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Close {
    #[default]
    No,
    /// After what is in the outbox has left (QUIT, protocol errors).
    AfterReply,
    /// At once (CLIENT KILL, limits).
    Now,
}

/// CLIENT REPLY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ReplyMode {
    #[default]
    On,
    Off,
    /// The reply of the next command is dropped: CLIENT REPLY SKIP has just run.
    SkipNext,
    /// The reply of the command that runs now is dropped.
    Skipping,
}

/// The classes of `client-output-buffer-limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Normal,
    Replica,
    PubSub,
}

pub struct Client {
    pub id: u64,
    pub slot: ClientSlot,
    /// What is unusual about this client.
    pub gate: Gate,
    pub db: u32,
    pub out: Outbox,
    pub close: Close,
    /// It is in `ServerState::pending_writes`.
    pub write_pending: bool,
    /// It is in `ServerState::closing`.
    pub close_noted: bool,
    pub authenticated: bool,
    /// Whose rights it has; `about.user` is the name.
    pub user: acl::UserId,
    pub no_evict: bool,
    pub monitor: bool,
    /// Its request waits for the end of a pause; it is in `ServerState::held`.
    pub held: bool,
    /// Its password came too early; it is in `acl::throttle`.
    pub throttled: bool,
    pub reply_mode: ReplyMode,
    /// Index of the last command in the registry.
    pub last_command: Option<u16>,
    pub last_active_us: u64,
    pub total_commands: u64,
    pub net_in: u64,
    pub net_out: u64,
    /// What the socket side holds for it, in bytes; kept up to date by the server.
    pub query_used: usize,
    pub query_capacity: usize,
    pub argv_memory: usize,
    /// The socket side waits for room to write; kept up to date by the server.
    pub wants_room: bool,
    /// What it waits for (BLPOP …).
    pub waiting: Option<Box<crate::blocked::Waiting>>,
    /// What it has queued and watches (MULTI, WATCH).
    pub transaction: Option<Box<crate::transaction::Transaction>>,
    /// What it is subscribed to.
    pub subscriptions: Option<Box<crate::pubsub::Subscriptions>>,
    /// How it tracks what it has read.
    pub tracking: Option<Box<crate::tracking::Track>>,
    /// It has used MULTI or WATCH: CLIENT LIST shows `multi=0` from then on, as the peers do.
    pub transacted: bool,
    /// What of its memory has been counted (`maxmemory-clients`).
    pub(crate) account: crate::client_memory::Account,
    /// Since when the soft output limit has been exceeded, monotonic microseconds.
    pub over_soft_limit_since: Option<u64>,
    /// Biggest recent reply, and when it was (the reply buffer shrinks by it).
    pub about: Box<About>,
}

/// What is rarely asked of a client.
#[derive(Debug, Default, Clone)]
pub struct About {
    /// `ip:port`, `[ip6]:port`, or the path of a Unix socket and `:0`.
    pub address: String,
    pub local_address: String,
    pub unix: bool,
    pub fd: i32,
    pub created_us: u64,
    pub created_wall_ms: i64,
    pub name: Vec<u8>,
    pub lib_name: Vec<u8>,
    pub lib_version: Vec<u8>,
    pub user: Vec<u8>,
    /// CLIENT CAPA redirect.
    pub redirect_capable: bool,
    /// Of the client of scripts: whose script it is that runs.
    pub acts_for: Option<crate::tracking::Who>,
}

impl About {
    /// Bytes of the texts, some of which the client chose.
    fn memory(&self) -> usize {
        let texts = [&self.name, &self.lib_name, &self.lib_version, &self.user];
        let addresses = self.address.capacity() + self.local_address.capacity();
        texts.iter().map(|text| text.capacity()).sum::<usize>() + addresses
    }
}

impl Client {
    pub fn new(id: u64, slot: ClientSlot, about: About) -> Self {
        let last_active_us = about.created_us;
        Client {
            id,
            slot,
            gate: Gate::NONE,
            db: 0,
            out: Outbox::default(),
            close: Close::No,
            write_pending: false,
            close_noted: false,
            authenticated: false,
            user: acl::UserId::DEFAULT,
            no_evict: false,
            monitor: false,
            held: false,
            throttled: false,
            reply_mode: ReplyMode::On,
            last_command: None,
            last_active_us,
            total_commands: 0,
            net_in: 0,
            net_out: 0,
            query_used: 0,
            query_capacity: 0,
            argv_memory: 0,
            wants_room: false,
            waiting: None,
            transaction: None,
            subscriptions: None,
            tracking: None,
            transacted: false,
            account: Default::default(),
            over_soft_limit_since: None,
            about: Box::new(about),
        }
    }

    pub fn class(&self) -> Class {
        if self.subscriptions.is_some() { Class::PubSub } else { Class::Normal }
    }

    /// Bytes held for this client, wherever they are.
    pub fn memory(&self) -> usize {
        let waiting = self.waiting.as_ref().map_or(0, |waiting| waiting.memory());
        let transaction = self.transaction.as_ref().map_or(0, |transaction| transaction.memory());
        let subscriptions = self.subscriptions.as_ref().map_or(0, |own| own.memory());
        let tracking = self.tracking.as_ref().map_or(0, |track| track.memory());
        let session =
            size_of::<Client>() + size_of::<About>() + waiting + transaction + subscriptions + tracking;
        session + self.about.memory() + self.query_capacity + self.argv_memory + self.out.memory()
    }

    pub fn protocol(&self) -> Protocol {
        self.out.protocol
    }

    /// Changes the protocol of everything that is sent from now on.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.out.protocol = protocol;
        crate::pubsub::update_gate(self);
    }

    /// CLIENT REPLY, from the next request on.
    pub fn set_reply_mode(&mut self, mode: ReplyMode) {
        self.reply_mode = mode;
        self.gate.set(Gate::MUTED, mode != ReplyMode::On);
    }

    /// Asks for the connection to be closed; `Now` wins over `AfterReply`.
    pub fn close(&mut self, when: Close) {
        if self.close != Close::Now {
            self.close = when;
        }
        self.gate.set(Gate::CLOSING, true);
    }
}

/// All clients.
#[derive(Default)]
pub struct Clients {
    slots: Vec<Option<Box<Client>>>,
    /// The ids of those who are there, taken out or not, by their slots; else 0.
    ids: Vec<u64>,
    free: Vec<ClientSlot>,
    count: usize,
    next_id: u64,
}

impl Clients {
    /// Adds a client and returns its slot.
    pub fn add(&mut self, about: About) -> ClientSlot {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.ids.push(0);
            ClientSlot(self.slots.len() as u32 - 1)
        });
        self.next_id += 1;
        self.slots[slot.0 as usize] = Some(Box::new(Client::new(self.next_id, slot, about)));
        self.ids[slot.0 as usize] = self.next_id;
        self.count += 1;
        slot
    }

    /// Removes a client for good.
    pub fn remove(&mut self, slot: ClientSlot) -> Option<Box<Client>> {
        let client = self.slots.get_mut(slot.0 as usize)?.take()?;
        self.ids[slot.0 as usize] = 0;
        self.free.push(slot);
        self.count -= 1;
        Some(client)
    }

    /// Whether the client in a slot has an id that ends with these 32 bits, be it taken out or not.
    pub(crate) fn is(&self, slot: ClientSlot, id: u32) -> bool {
        self.ids.get(slot.0 as usize).is_some_and(|own| *own != 0 && *own as u32 == id)
    }

    /// Takes a client out for as long as its command runs.
    #[inline]
    pub fn take(&mut self, slot: ClientSlot) -> Option<Box<Client>> {
        self.slots.get_mut(slot.0 as usize)?.take()
    }

    /// Puts back what `take` took.
    #[inline]
    pub fn put(&mut self, client: Box<Client>) {
        let slot = client.slot.0 as usize;
        self.slots[slot] = Some(client);
    }

    #[inline]
    pub fn get(&self, slot: ClientSlot) -> Option<&Client> {
        self.slots.get(slot.0 as usize)?.as_deref()
    }

    #[inline]
    pub fn get_mut(&mut self, slot: ClientSlot) -> Option<&mut Client> {
        self.slots.get_mut(slot.0 as usize)?.as_deref_mut()
    }

    /// All but the one that is taken out.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.slots.iter().flatten().map(Box::as_ref)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        self.slots.iter_mut().flatten().map(Box::as_mut)
    }

    /// How many there are, the one that is taken out included.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Slots in use or once used: the bound for walking them step by step.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The id that the next client will get.
    pub fn last_id(&self) -> u64 {
        self.next_id
    }
}
