//! The socket side of a client: its query buffer, and what is known of a request that has not arrived whole.
//!
//! Buffers come from a pool and go back when nothing is left in them: an idle connection holds none.
//!
//! **Invariants**
//! 1. `input[..done]` has been executed; `input[done..]` begins with a request.
//! 2. Nothing removes bytes from `input` while requests of it are in a batch.

use engine::ClientSlot;
use resp::request::Progress;
use world::ConnId;

/// Size of the buffers in the pool, and of an ordinary read.
pub const BUFFER: usize = 16 * 1024;
/// Most that one read asks for.
const READ_MAX: usize = 1024 * 1024;

pub struct Connection {
    pub conn: ConnId,
    pub slot: ClientSlot,
    pub input: Vec<u8>,
    pub done: usize,
    pub progress: Option<Box<Progress>>,
    /// Bytes that the unfinished request still needs at least.
    pub missing: usize,
    /// Its next request waits for the client to be resumed.
    pub held: bool,
    /// The world was asked to tell when there is room to write.
    pub wants_room: bool,
    /// It is in the list of connections to be parsed again.
    pub unfinished: bool,
    /// A request of it was refused: whatever follows is not read.
    pub refused: bool,
}

impl Connection {
    pub fn new(conn: ConnId, slot: ClientSlot) -> Self {
        Connection {
            conn,
            slot,
            input: Vec::new(),
            done: 0,
            progress: None,
            missing: 0,
            held: false,
            wants_room: false,
            unfinished: false,
            refused: false,
        }
    }

    /// How much the next read shall ask for: more when a long word is on its way.
    #[inline]
    pub fn room(&self) -> usize {
        BUFFER.max(self.missing.min(READ_MAX))
    }

    /// Takes a buffer if there is none.
    #[inline]
    pub fn lend(&mut self, pool: &mut Vec<Vec<u8>>) {
        if self.input.capacity() == 0 {
            self.input = pool.pop().unwrap_or_else(|| Vec::with_capacity(BUFFER));
        }
    }

    /// Forgets executed bytes; gives an empty buffer back.
    #[inline]
    pub fn tidy(&mut self, pool: &mut Vec<Vec<u8>>) {
        if self.done == self.input.len() {
            self.done = 0;
            let mut buffer = std::mem::take(&mut self.input);
            if (BUFFER..=2 * BUFFER).contains(&buffer.capacity()) && pool.len() < 64 {
                buffer.clear();
                pool.push(buffer);
            }
        } else if self.done > 0 {
            self.input.drain(..self.done);
            self.done = 0;
        }
    }
}
