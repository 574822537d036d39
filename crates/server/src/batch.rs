//! Requests of many connections, parsed and not yet executed.
//!
//! Parsing ahead has no side effect: what a request does to its connection (RESET, CLIENT KILL, a protocol error)
//! is found out when it is executed, and those of that connection that follow are dropped or kept.

use std::ops::Range;

use engine::Ahead;
use resp::{Argv, ProtocolError, Span};

pub struct Request {
    /// Index of the connection.
    pub conn: u32,
    pub ahead: Ahead,
    /// Where its bytes are in the connection's input.
    pub bytes: Range<u32>,
    /// Where its words are in `Batch::spans`.
    pub words: Range<u32>,
    /// Index into `Batch::texts` of the unpacked words of an inline request.
    pub text: Option<u32>,
    pub error: Option<ProtocolError>,
}

#[derive(Default)]
pub struct Batch {
    pub requests: Vec<Request>,
    pub spans: Vec<Span>,
    pub texts: Vec<Vec<u8>>,
    /// Connections that have requests here.
    pub conns: Vec<u32>,
}

impl Batch {
    pub fn clear(&mut self) {
        self.requests.clear();
        self.spans.clear();
        self.texts.clear();
        self.conns.clear();
    }

    /// The words of a request whose connection's input is given.
    #[inline]
    pub fn argv<'a>(&'a self, request: &Request, input: &'a [u8]) -> Argv<'a> {
        let words = &self.spans[request.words.start as usize..request.words.end as usize];
        match request.text {
            None => Argv::new(&input[request.bytes.start as usize..request.bytes.end as usize], words),
            Some(text) => Argv::new(&self.texts[text as usize], words),
        }
    }
}
