//! Sending a message to all who are subscribed: those of the channel first, in the order of their slots, then those of
//! each pattern that matches, pattern after pattern.

use super::Kind;
use crate::client::ClientSlot;
use crate::post::{Mail, Parcel, mail};
use crate::state::ServerState;

/// Publishes a message; how many clients it went to, one counted for each of its subscriptions. `kind` is a channel's.
/// `O(subscribers + patterns)`, the message is encoded once, and once more for each pattern that matches.
pub(crate) fn publish(server: &mut ServerState, kind: Kind, channel: &[u8], message: &[u8]) -> usize {
    let mut buffer = std::mem::take(&mut server.pubsub.buffer);
    let pubsub = &server.pubsub;
    let mut mail = mail!(server);
    let mut receivers = 0;
    if let Some((_, list)) = pubsub.list(kind, channel) {
        let word: &[u8] = if kind == Kind::Shard { b"smessage" } else { b"message" };
        (receivers, buffer) = to_all(&mut mail, list, buffer, &[word, channel, message]);
    }
    if kind == Kind::Channel {
        for (pattern, list) in &pubsub.patterns {
            if stdx::glob::matches(pattern, channel, false) {
                let words = [b"pmessage", &**pattern, channel, message];
                let count;
                (count, buffer) = to_all(&mut mail, list, buffer, &words);
                receivers += count;
            }
        }
    }
    // One that has become huge is not kept.
    if buffer.capacity() <= crate::outbox::BLOCK {
        server.pubsub.buffer = buffer;
    }
    receivers
}

fn to_all(mail: &mut Mail<'_>, list: &[ClientSlot], buffer: Vec<u8>, words: &[&[u8]]) -> (usize, Vec<u8>) {
    let mut parcel = Parcel::of_words(buffer, words);
    list.iter().for_each(|slot| mail.deliver(*slot, &mut parcel));
    (list.len(), parcel.into_buffer())
}
