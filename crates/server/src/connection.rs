//! The socket side of a client: its query buffer, and what is known of a request that has not arrived whole.
//!
//! Buffers come from a pool and go back when nothing is left in them: an idle connection holds none. A connection whose
//! requests come in pieces keeps its buffer for the next one, and loses it when it idles ([`Connection::fit`]): as with
//! the peers, this is what CLIENT LIST's `qbuf` and `qbuf-free` tell of.
//!
//! **Invariants**
//! 1. `input[..done]` has been executed; `input[done..]` begins with a request.
//! 2. Nothing removes bytes from `input`, or moves it, while requests of it are in a batch.

use engine::ClientSlot;
use resp::request::Progress;
use world::ConnId;

/// Size of the buffers in the pool, and of an ordinary read.
pub const BUFFER: usize = 16 * 1024;
/// Most that one read asks for.
const READ_MAX: usize = 1024 * 1024;
/// A buffer of a busy connection is made smaller only if it is larger than this.
const RESIZE_FROM: usize = 32 * 1024;

/// Whose buffer `input` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Buffer {
    /// Lent from the pool, for as long as there is something in it.
    Lent,
    /// The connection's, because a request came in pieces.
    Own,
}

/// What a connection did lately, as far as its buffer is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lately {
    Idle,
    Busy,
}

pub struct Connection {
    pub conn: ConnId,
    pub slot: ClientSlot,
    pub input: Vec<u8>,
    pub done: usize,
    buffer: Buffer,
    /// Most bytes in `input` since [`Connection::fit`] looked.
    peak: usize,
    pub progress: Option<Box<Progress>>,
    /// Bytes that the unfinished request still needs at least; 0 if there is none.
    pub missing: usize,
    /// Its next request waits for the client to be resumed.
    pub held: bool,
    /// The session was told that there is an input, last time it was told of it.
    pub noted: bool,
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
            buffer: Buffer::Lent,
            peak: 0,
            progress: None,
            missing: 0,
            held: false,
            noted: false,
            unfinished: false,
            refused: false,
        }
    }

    /// How much the next read shall ask for: more when a long word is on its way. There is room for it in `input`.
    #[inline]
    pub fn room(&mut self) -> usize {
        let spare = self.input.capacity() - self.input.len();
        let room = BUFFER.max(self.missing.min(READ_MAX));
        if spare >= room { room } else { self.make_room(spare, room) }
    }

    /// What a long word still lacks may fit. If not, the buffer grows by as much as the word needs, but never by more than
    /// a read or a quarter: nobody gets memory for what he only announces, and the buffer ends no larger than the word.
    #[cold]
    fn make_room(&mut self, spare: usize, room: usize) -> usize {
        if self.missing > 0 && spare >= self.missing {
            return spare;
        }
        if self.missing == 0 || self.held {
            self.input.reserve(room);
        } else {
            let quarter = self.input.len() / 4;
            self.input.reserve_exact(room.max(quarter.min(self.missing)));
        }
        room
    }

    /// Takes a buffer if there is none.
    #[inline]
    pub fn lend(&mut self, pool: &mut Vec<Vec<u8>>) {
        if self.input.capacity() == 0 {
            self.input = pool.pop().unwrap_or_else(|| Vec::with_capacity(BUFFER));
        }
    }

    /// Forgets executed bytes; gives an empty buffer back if it is lent.
    #[inline]
    pub fn tidy(&mut self, pool: &mut Vec<Vec<u8>>) {
        if self.done < self.input.len() {
            return self.part_is_left();
        }
        self.done = 0;
        self.missing = 0;
        if self.buffer == Buffer::Lent {
            recycle(std::mem::take(&mut self.input), pool);
        } else {
            self.peak = self.peak.max(self.input.len());
            self.input.clear();
        }
    }

    fn part_is_left(&mut self) {
        self.buffer = Buffer::Own;
        self.peak = self.peak.max(self.input.len());
        if self.done > 0 {
            self.input.drain(..self.done);
            self.done = 0;
        }
    }

    /// Makes its own buffer smaller if it is too large for what it is used for: to what is in it if the connection is
    /// idle, else to what it held at most since the last call. Called now and then.
    pub fn fit(&mut self, lately: Lately, pool: &mut Vec<Vec<u8>>) {
        let capacity = self.input.capacity();
        // A long word that was announced needs its room.
        let peak = self.peak.max(self.input.len() + self.missing.min(READ_MAX));
        self.peak = self.input.len();
        match lately {
            Lately::Idle if self.input.is_empty() => {
                self.buffer = Buffer::Lent;
                recycle(std::mem::take(&mut self.input), pool);
            }
            Lately::Idle => self.input.shrink_to_fit(),
            Lately::Busy if capacity > RESIZE_FROM && peak < capacity / 2 => {
                self.input.shrink_to(peak.max(BUFFER));
            }
            Lately::Busy => {}
        }
    }
}

/// Puts a buffer of the usual size back into the pool; others are freed.
fn recycle(mut buffer: Vec<u8>, pool: &mut Vec<Vec<u8>>) {
    if (BUFFER..=2 * BUFFER).contains(&buffer.capacity()) && pool.len() < 64 {
        buffer.clear();
        pool.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes arrive, and `done` of them are executed.
    fn arrive(connection: &mut Connection, pool: &mut Vec<Vec<u8>>, bytes: usize, done: usize) {
        connection.lend(pool);
        connection.input.resize(connection.input.len() + bytes, b'x');
        connection.done += done;
        connection.tidy(pool);
    }

    #[test]
    fn whole_requests_leave_no_buffer_behind() {
        let (mut connection, mut pool) = (Connection::new(ConnId(0), ClientSlot(0)), Vec::new());
        arrive(&mut connection, &mut pool, 100, 100);
        assert_eq!((connection.input.capacity(), pool.len()), (0, 1));
    }

    #[test]
    fn a_request_in_pieces_keeps_the_buffer_until_the_connection_idles() {
        let (mut connection, mut pool) = (Connection::new(ConnId(0), ClientSlot(0)), Vec::new());
        arrive(&mut connection, &mut pool, 100, 60);
        assert_eq!(connection.input.len(), 40);
        arrive(&mut connection, &mut pool, 10, 50);
        arrive(&mut connection, &mut pool, 10, 10);
        assert_eq!(connection.input.capacity(), BUFFER);
        connection.fit(Lately::Busy, &mut pool);
        assert_eq!(connection.input.capacity(), BUFFER);
        connection.fit(Lately::Idle, &mut pool);
        assert_eq!((connection.input.capacity(), pool.len()), (0, 1));
        arrive(&mut connection, &mut pool, 10, 10);
        assert_eq!((connection.input.capacity(), pool.len()), (0, 1));
    }

    #[test]
    fn a_large_buffer_follows_its_peak_down() {
        let (mut connection, mut pool) = (Connection::new(ConnId(0), ClientSlot(0)), Vec::new());
        arrive(&mut connection, &mut pool, 10, 0);
        arrive(&mut connection, &mut pool, 400_000, 400_010);
        connection.fit(Lately::Busy, &mut pool);
        assert!(connection.input.capacity() >= 400_000, "it was all used since the last look");
        arrive(&mut connection, &mut pool, 100, 100);
        connection.fit(Lately::Busy, &mut pool);
        assert_eq!(connection.input.capacity(), BUFFER);
        arrive(&mut connection, &mut pool, 10, 0);
        connection.missing = 100_000;
        connection.room();
        connection.fit(Lately::Busy, &mut pool);
        assert!(connection.input.capacity() >= 100_000, "more is on its way");
        connection.fit(Lately::Idle, &mut pool);
        assert_eq!((connection.input.capacity(), connection.input.len()), (10, 10));
    }

    #[test]
    fn a_long_word_gets_the_room_it_needs_and_no_more() {
        let mut connection = Connection::new(ConnId(0), ClientSlot(0));
        let announced = 3_000_000;
        while connection.input.len() < announced {
            connection.missing = announced - connection.input.len();
            let room = connection.room();
            assert!((1..=READ_MAX).contains(&room));
            let spare = connection.input.capacity() - connection.input.len();
            assert!(spare >= room, "room is there already");
            let most = connection.input.len() / 4;
            assert!(spare <= room.max(most), "not more than has come gives a right to");
            let arrives = room.min(connection.missing).min(100_000);
            connection.input.extend(std::iter::repeat_n(0, arrives));
        }
        assert!(connection.input.capacity() < announced + 2 * BUFFER, "{}", connection.input.capacity());
    }
}
