//! What those who track are told: that keys, or all of them, are no longer valid.
//!
//! ```text
//! >2 invalidate [key …]                         RESP3: to the client, or to whom it redirects
//! *3 message __redis__:invalidate [key …]       RESP2: to whom it redirects, if that is subscribed to anything
//! ```
//!
//! With null in place of the keys all are meant. A RESP2 client that does not redirect cannot be told.

use resp::{Protocol, reply};

use crate::client::ClientSlot;
use crate::post::{Late, Mail, Parcel};

/// The channel that RESP2 clients are subscribed to.
const CHANNEL: &[u8] = b"__redis__:invalidate";

/// Why a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It has read the key. `own`: it is the one that changed it.
    Read { own: bool },
    /// It is told of the prefix.
    Prefix,
    /// All keys of a database are gone.
    Everything,
}

/// A message, encoded when it is first needed, for all who are sent it.
pub(crate) struct Notice {
    /// An array of keys; `None`: all.
    keys: Option<Vec<u8>>,
    /// By the protocol of who tracks, which decides how null is written.
    push: [Option<Parcel>; 2],
    message: [Option<Parcel>; 2],
}

impl Notice {
    pub fn of_keys(keys: &[&[u8]]) -> Self {
        let mut array = Vec::new();
        reply::array(&mut array, keys.len());
        keys.iter().for_each(|key| reply::bulk(&mut array, key));
        Notice { keys: Some(array), push: [None, None], message: [None, None] }
    }

    pub fn of_everything() -> Self {
        Notice { keys: None, push: [None, None], message: [None, None] }
    }

    /// One that was kept.
    pub fn kept(keys: Option<Vec<u8>>) -> Self {
        Notice { keys, push: [None, None], message: [None, None] }
    }

    /// Tells a client that tracks, or whom it redirects to.
    pub fn tell(&mut self, mail: &mut Mail<'_>, slot: ClientSlot, what: What) {
        let Some(client) = mail.clients.get(slot) else {
            return mail.late.push(Late::invalid(slot, what, self.keys.clone()));
        };
        let protocol = client.out.protocol;
        let Some(track) = &client.tracking else { return };
        let skipped = match what {
            // What was read before it changed its mode is nothing to it.
            What::Read { own } => track.options.broadcast || (own && track.options.no_loop),
            What::Prefix | What::Everything => false,
        };
        match track.redirect {
            _ if skipped => {}
            Some((id, to)) => self.redirect(mail, (slot, protocol), (id, to)),
            None if protocol == Protocol::Resp3 => mail.deliver(slot, self.push(protocol)),
            None => {}
        }
    }

    fn redirect(
        &mut self,
        mail: &mut Mail<'_>,
        (slot, protocol): (ClientSlot, Protocol),
        (id, to): (u64, ClientSlot),
    ) {
        if mail.clients.is(to, id as u32) {
            return self.forward(mail, to, protocol);
        }
        if let Some(track) = mail.clients.get_mut(slot).and_then(|client| client.tracking.as_mut()) {
            track.broken = true;
        }
        if protocol == Protocol::Resp3 {
            mail.deliver(slot, &mut broken(id));
        }
    }

    /// Tells the client that another one redirects to. `protocol`: of that other one.
    pub fn forward(&mut self, mail: &mut Mail<'_>, to: ClientSlot, protocol: Protocol) {
        let Some(client) = mail.clients.get(to) else {
            return mail.late.push(Late::forwarded(to, protocol, self.keys.clone()));
        };
        if client.out.protocol == Protocol::Resp3 {
            mail.deliver(to, self.push(protocol));
        } else if client.subscriptions.is_some() {
            mail.deliver(to, self.message(protocol));
        }
    }

    fn push(&mut self, protocol: Protocol) -> &mut Parcel {
        let Notice { keys, push, .. } = self;
        push[usize::from(protocol == Protocol::Resp3)].get_or_insert_with(|| {
            Parcel::new(Vec::new(), |out| {
                reply::array(out, 2);
                reply::bulk(out, b"invalidate");
                write(out, keys.as_deref(), protocol);
            })
        })
    }

    fn message(&mut self, protocol: Protocol) -> &mut Parcel {
        let Notice { keys, message, .. } = self;
        message[usize::from(protocol == Protocol::Resp3)].get_or_insert_with(|| {
            Parcel::new(Vec::new(), |out| {
                reply::array(out, 3);
                reply::bulk(out, b"message");
                reply::bulk(out, CHANNEL);
                write(out, keys.as_deref(), protocol);
            })
        })
    }
}

fn write(out: &mut Vec<u8>, keys: Option<&[u8]>, protocol: Protocol) {
    match keys {
        Some(keys) => out.extend_from_slice(keys),
        None => reply::null(out, protocol),
    }
}

fn broken(id: u64) -> Parcel {
    Parcel::new(Vec::new(), |out| {
        reply::array(out, 2);
        reply::bulk(out, b"tracking-redir-broken");
        reply::integer(out, id as i64);
    })
}
