//! Messages that clients are sent without having asked just then: what is published, what is no longer valid.
//!
//! They may go to any client, at any time: also to the one whose command runs, and to those around it (a command of A
//! serves B, whose command publishes to A). Those are not among [`Clients`] meanwhile; what they are to be sent waits
//! in `late` and follows their reply when they are put back, whatever becomes of that (CLIENT REPLY OFF drops replies,
//! not messages).
//!
//! A message is encoded once; the two protocols differ in its first byte.
//!
//! **Invariant** 1. Nothing waits in `late` for a client that is among the clients.

use std::sync::Arc;

use config::Config;
use resp::{Protocol, reply};

use crate::client::{Client, ClientSlot, Clients, Close};
use crate::client_limits::over_output_limit;
use crate::ctx::Ctx;
use crate::gate::Gate;
use crate::state::{ServerState, Totals};
use crate::tracking::{Notice, What};

/// A message, encoded for RESP2: an array. As a push of RESP3 it begins with `>` instead of `*`.
pub(crate) struct Parcel {
    array: Vec<u8>,
    shared: [Option<Arc<[u8]>>; 2],
}

impl Parcel {
    /// `buffer` is used for the bytes; what was in it is gone.
    pub fn new(mut buffer: Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        buffer.clear();
        write(&mut buffer);
        Parcel { array: buffer, shared: [None, None] }
    }

    /// A message of words.
    pub fn of_words(buffer: Vec<u8>, words: &[&[u8]]) -> Self {
        Parcel::new(buffer, |out| {
            reply::array(out, words.len());
            words.iter().for_each(|word| reply::bulk(out, word));
        })
    }

    /// The buffer again, for the next one.
    pub fn into_buffer(self) -> Vec<u8> {
        self.array
    }

    fn shared(&mut self, protocol: Protocol) -> &Arc<[u8]> {
        let Parcel { array, shared } = self;
        shared[usize::from(protocol == Protocol::Resp3)].get_or_insert_with(|| {
            let mut bytes: Arc<[u8]> = Arc::from(array.as_slice());
            if protocol == Protocol::Resp3 {
                as_push(Arc::make_mut(&mut bytes));
            }
            bytes
        })
    }
}

fn as_push(message: &mut [u8]) {
    if let Some(first) = message.first_mut() {
        *first = b'>';
    }
}

/// What waits until a client is put back.
#[derive(Debug)]
pub(crate) struct Late {
    to: ClientSlot,
    what: Kept,
}

#[derive(Debug)]
enum Kept {
    /// It tracks, and these keys (`None`: all) are no longer valid.
    Invalid(What, Option<Vec<u8>>),
    /// The same for a client with this protocol that redirects to it.
    Forwarded(Protocol, Option<Vec<u8>>),
    /// An array.
    Message(Vec<u8>),
}

impl Late {
    pub fn message(to: ClientSlot, array: Vec<u8>) -> Self {
        Late { to, what: Kept::Message(array) }
    }

    pub fn invalid(to: ClientSlot, what: What, keys: Option<Vec<u8>>) -> Self {
        Late { to, what: Kept::Invalid(what, keys) }
    }

    pub fn forwarded(to: ClientSlot, protocol: Protocol, keys: Option<Vec<u8>>) -> Self {
        Late { to, what: Kept::Forwarded(protocol, keys) }
    }
}

/// The parts of the server that delivering needs, so that whoever delivers can look at the rest.
pub(crate) struct Mail<'a> {
    pub clients: &'a mut Clients,
    pub pending_writes: &'a mut Vec<ClientSlot>,
    pub closing: &'a mut Vec<ClientSlot>,
    pub late: &'a mut Vec<Late>,
    pub grown: &'a mut Vec<ClientSlot>,
    pub config: &'a Config,
    pub totals: &'a mut Totals,
    pub mono_us: u64,
}

/// [`Mail`] of a server, of which other fields stay free.
macro_rules! mail {
    ($server:expr) => {
        $crate::post::Mail {
            clients: &mut $server.clients,
            pending_writes: &mut $server.pending_writes,
            closing: &mut $server.closing,
            late: &mut $server.late,
            grown: &mut $server.client_memory.grown,
            config: &$server.config,
            totals: &mut $server.totals,
            mono_us: $server.mono_us,
        }
    };
}
pub(crate) use mail;

impl Mail<'_> {
    /// Sends a message to a client, or keeps it until the client is put back. `O(length)`, or `O(1)` for a client that
    /// is sent nothing else.
    pub fn deliver(&mut self, to: ClientSlot, parcel: &mut Parcel) {
        let Some(client) = self.clients.get_mut(to) else {
            return self.late.push(Late::message(to, parcel.array.clone()));
        };
        if client.close != Close::No {
            return;
        }
        client.out.share(parcel.shared(client.out.protocol));
        if !client.write_pending {
            client.write_pending = true;
            self.pending_writes.push(to);
        } else if self.config.maxmemory_clients != 0 && self.grown.last() != Some(&to) {
            // Its socket may be full: then nothing is sent that it would be counted after.
            self.grown.push(to);
        }
        if close_if_over(client, self.config, self.totals, self.mono_us) && !client.close_noted {
            client.close_noted = true;
            self.closing.push(to);
        }
    }
}

/// Closes a client for which more waits than its class may hold, and drops that. True if it did.
pub(crate) fn close_if_over(client: &mut Client, config: &Config, totals: &mut Totals, now_us: u64) -> bool {
    let over = client.out.has_whole_blocks() && over_output_limit(client, config, now_us);
    if over {
        totals.output_limit_disconnections += 1;
        client.out.clear();
        client.close(Close::Now);
    }
    over
}

impl ServerState {
    /// Sends a client what was kept for it before its command has run. (Not while replies are dropped: they are told from
    /// messages by where they begin.)
    pub(crate) fn deliver_before_reply(&mut self, client: &mut Client) {
        if client.gate.meets(Gate::MUTED) || !self.late.iter().any(|late| late.to == client.slot) {
            return;
        }
        let stand_in = Client::new(client.id, client.slot, Default::default());
        let own = Box::new(std::mem::replace(client, stand_in));
        if let Some(same) = self.deliver_late(own) {
            *client = *same;
        }
    }

    /// Sends a client that is being put back what was kept for it: what is no longer valid last, as with the peers.
    #[cold]
    pub(crate) fn deliver_late(&mut self, client: Box<Client>) -> Option<Box<Client>> {
        let slot = client.slot;
        self.clients.put(client);
        let mine: Vec<Late> = self.late.extract_if(.., |late| late.to == slot).collect();
        let (last, first): (Vec<Late>, Vec<Late>) =
            mine.into_iter().partition(|late| matches!(late.what, Kept::Invalid(..)));
        let mut mail = mail!(self);
        for Late { to, what } in first.into_iter().chain(last) {
            match what {
                Kept::Invalid(what, keys) => Notice::kept(keys).tell(&mut mail, to, what),
                Kept::Forwarded(protocol, keys) => Notice::kept(keys).forward(&mut mail, to, protocol),
                Kept::Message(array) => mail.deliver(to, &mut Parcel { array, shared: [None, None] }),
            }
        }
        self.clients.take(slot)
    }
}

impl Ctx<'_> {
    /// Answers with a message, as SUBSCRIBE and its like do. It is sent even if the client wants no replies.
    pub fn answer_with_message(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let client = &mut *self.client;
        if client.gate.meets(Gate::MUTED) {
            let mut message = Vec::new();
            write(&mut message);
            return self.server.late.push(Late::message(client.slot, message));
        }
        let out = client.out.buffer();
        let begin = out.len();
        write(out);
        if client.out.protocol == Protocol::Resp3 {
            as_push(&mut client.out.buffer()[begin..]);
        }
        client.out.settle();
    }
}
