//! What replicas are told of consumer groups: not what was asked, but what came of it.
//!
//! Who is given an entry depends on the moment, so the requests that did it are not repeated: each entry that changed
//! hands is told as an XCLAIM that leads to the same end wherever it runs, a group's progress as an XGROUP SETID.

use engine::Ctx;
use keyspace::stream::{Group, Pending, StreamId};

/// Requests to be told in place of the one that runs.
pub(super) struct Told<'a> {
    key: &'a [u8],
    /// Somebody listens.
    on: bool,
    requests: Vec<Vec<Vec<u8>>>,
}

impl<'a> Told<'a> {
    pub(super) fn new(ctx: &Ctx<'_>, key: &'a [u8]) -> Told<'a> {
        Told { key, on: ctx.server.listeners.feed, requests: Vec::new() }
    }

    fn push(&mut self, words: &[&[u8]]) {
        self.requests.push(words.iter().map(|word| word.to_vec()).collect());
    }

    /// An entry became pending, or its delivery changed.
    pub(super) fn claim(&mut self, group: &Group, id: StreamId, pending: &Pending) {
        if !self.on {
            return;
        }
        let consumer = group.consumer(pending.consumer()).name();
        let (time, count) = (pending.delivered_ms.to_string(), pending.deliveries.to_string());
        let (id, last) = (id.print(), group.last_id.print());
        self.push(&[
            b"XCLAIM",
            self.key,
            group.name(),
            consumer,
            b"0",
            id.bytes(),
            b"TIME",
            time.as_bytes(),
            b"RETRYCOUNT",
            count.as_bytes(),
            b"FORCE",
            b"JUSTID",
            b"LASTID",
            last.bytes(),
        ]);
    }

    /// The group went on.
    pub(super) fn progress(&mut self, group: &Group) {
        if self.on {
            let read = group.entries_read.map_or("-1".to_owned(), |read| read.to_string());
            let last = group.last_id.print();
            self.push(&[
                b"XGROUP",
                b"SETID",
                self.key,
                group.name(),
                last.bytes(),
                b"ENTRIESREAD",
                read.as_bytes(),
            ]);
        }
    }

    /// A consumer was made.
    pub(super) fn consumer(&mut self, group: &Group, name: &[u8]) {
        if self.on {
            self.push(&[b"XGROUP", b"CREATECONSUMER", self.key, group.name(), name]);
        }
    }

    /// Has these requests told, and not the one that runs.
    ///
    /// If there may be none, call [`Ctx::propagate_nothing`] before.
    pub(super) fn send(self, ctx: &mut Ctx<'_>) {
        for request in &self.requests {
            let words: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
            ctx.propagate_instead(&words);
        }
    }
}
