//! Requests of many connections, parsed and not yet executed.
//!
//! Parsing ahead has no side effect: what a request does to its connection (RESET, CLIENT KILL, a protocol error)
//! is found out when it is executed, and those of that connection that follow are dropped or kept.

use engine::Ahead;
use resp::{Argv, ProtocolError, Span};

/// What a request is besides words in the connection's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// Its words are in `Batch::texts`, at this index.
    Text(u32),
    Error(ProtocolError),
}

pub struct Request {
    /// Index of the connection.
    pub conn: u32,
    /// Where its bytes are in the connection's input.
    pub from: u32,
    pub to: u32,
    /// Where its words are in `Batch::spans`.
    pub words_from: u32,
    pub words_to: u32,
    /// The database to prefetch from; what it runs in is known when it runs.
    pub db: u32,
    pub ahead: Ahead,
    pub kind: Kind,
}

impl Request {
    /// No less than its bytes as an array of bulk strings. An inline line has less framing than that: 32 bytes for
    /// each of its words make up for it.
    #[inline]
    pub fn wire_size(&self, words: usize) -> u32 {
        let bytes = self.to - self.from;
        match self.kind {
            Kind::Plain | Kind::Error(_) => bytes,
            Kind::Text(_) => bytes.saturating_add(32 * (words as u32 + 1)),
        }
    }
}

#[derive(Default)]
pub struct Batch {
    pub requests: Vec<Request>,
    pub spans: Vec<Span>,
    pub texts: Vec<Vec<u8>>,
    /// Connections that have requests here.
    pub conns: Vec<u32>,
}

/// Room for so many words is kept from one batch to the next: 128 KiB. One request of a million must not hold eight
/// megabytes for ever.
const KEPT_WORDS: usize = 16 * 1024;

impl Batch {
    pub fn clear(&mut self) {
        self.requests.clear();
        self.spans.clear();
        if self.spans.capacity() > KEPT_WORDS {
            self.spans.shrink_to(KEPT_WORDS);
        }
        self.texts.clear();
        self.conns.clear();
    }

    /// The words of a request whose connection's input is given.
    #[inline]
    pub fn argv<'a>(&'a self, request: &Request, input: &'a [u8]) -> Argv<'a> {
        let words = &self.spans[request.words_from as usize..request.words_to as usize];
        match request.kind {
            Kind::Text(text) => Argv::new(&self.texts[text as usize], words),
            Kind::Plain | Kind::Error(_) => {
                Argv::new(&input[request.from as usize..request.to as usize], words)
            }
        }
    }
}
