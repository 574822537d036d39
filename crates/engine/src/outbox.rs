//! What a client is still to be sent.
//!
//! Replies are appended to `tail`; when that has grown to a block it moves behind the `full` ones, so that a long
//! reply is never copied to a longer buffer. An idle client's outbox holds no memory.
//!
//! A message that many clients are sent is encoded once. A client that has nothing to send yet only takes a share of
//! it (`first`), and so does any client if the message is as large as a block; else it is copied behind what waits.
//!
//! ```text
//! leaves →   first (shared)   full[0] full[1] …   tail   ← appended to
//! ```
//!
//! **Invariants**
//! 1. The first `sent` bytes of the first piece (`first`, else of `full`, else `tail`) have left already.
//! 2. `queued` is the length of `first` and all blocks of `full` together; none of them is empty. `held` is the memory
//!    of those of `full`: limits ask for it with every command of a client that does not read.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;

use resp::{Protocol, reply};
use structures::Element;

/// Length at which `tail` becomes a block of its own.
pub const BLOCK: usize = 16 * 1024;

#[derive(Debug, Default)]
pub struct Outbox {
    tail: Vec<u8>,
    full: VecDeque<Block>,
    first: Option<Arc<[u8]>>,
    queued: usize,
    held: usize,
    sent: usize,
    pub protocol: Protocol,
}

/// Bytes that wait behind others.
#[derive(Debug)]
enum Block {
    Own(Vec<u8>),
    Shared(Arc<[u8]>),
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Block::Own(bytes) => bytes,
            Block::Shared(bytes) => bytes,
        }
    }
}

impl Block {
    /// Bytes held. Those that are shared count for each who has a share: limits are about what a client lets wait.
    fn memory(&self) -> usize {
        match self {
            Block::Own(bytes) => bytes.capacity() + size_of::<Block>(),
            Block::Shared(bytes) => bytes.len() + size_of::<Block>(),
        }
    }
}

/// A place to return to (see [`Outbox::rewind`]).
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    blocks: usize,
    tail: usize,
}

impl Outbox {
    /// Nothing to send.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.tail.is_empty() && self.queued == 0
    }

    /// Bytes to send.
    #[inline]
    pub fn len(&self) -> usize {
        self.queued + self.tail.len() - self.sent
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        self.queue_memory() + self.tail.capacity()
    }

    /// Bytes of memory held by whole blocks (CLIENT LIST's `omem`).
    pub fn queue_memory(&self) -> usize {
        let first = self.first.as_ref().map_or(0, |bytes| if bytes.len() >= BLOCK { bytes.len() } else { 0 });
        first + self.held
    }

    /// Capacity of the current block (CLIENT LIST's `rbs`).
    pub fn tail_capacity(&self) -> usize {
        self.tail.capacity()
    }

    /// Bytes in the current block (CLIENT LIST's `obl`).
    pub fn tail_len(&self) -> usize {
        self.tail.len()
    }

    /// Whether so much waits that limits are worth looking at.
    #[inline]
    pub(crate) fn has_whole_blocks(&self) -> bool {
        self.queued >= BLOCK
    }

    /// Whole blocks that wait (CLIENT LIST's `oll`).
    pub fn blocks(&self) -> usize {
        self.full.len()
    }

    /// Gives the outbox a buffer to write into, if it has none.
    #[inline]
    pub fn lend(&mut self, pool: &mut Vec<Vec<u8>>) {
        if self.tail.capacity() == 0 {
            self.tail = pool.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK + 1024));
        }
    }

    /// The slices to send, in order.
    pub fn slices<'a>(&'a self, into: &mut Vec<&'a [u8]>) {
        let mut skip = self.sent;
        if let Some(first) = &self.first {
            into.push(&first[skip..]);
            skip = 0;
        }
        for block in &self.full {
            into.push(&block[skip..]);
            skip = 0;
        }
        if self.tail.len() > skip {
            into.push(&self.tail[skip..]);
        }
    }

    /// The bytes to send if they are in one piece: the usual case.
    #[inline]
    pub fn single(&self) -> Option<&[u8]> {
        if self.queued == 0 { Some(&self.tail[self.sent..]) } else { self.single_shared() }
    }

    #[cold]
    fn single_shared(&self) -> Option<&[u8]> {
        let alone = self.full.is_empty() && self.tail.is_empty();
        self.first.as_ref().filter(|_| alone).map(|first| &first[self.sent..])
    }

    /// Marks bytes as sent; emptied buffers go back to the pool.
    pub fn advance(&mut self, mut count: usize, pool: &mut Vec<Vec<u8>>) {
        while self.queued > 0 {
            let first = self.first.as_deref().or_else(|| self.full.front().map(Deref::deref));
            let len = first.map_or(0, <[u8]>::len);
            if count < len - self.sent {
                self.sent += count;
                return;
            }
            count -= len - self.sent;
            self.sent = 0;
            self.queued -= len;
            if self.first.take().is_none()
                && let Some(block) = self.full.pop_front()
            {
                self.held -= block.memory();
                if let Block::Own(block) = block {
                    recycle(block, pool);
                }
            }
        }
        self.sent += count;
        if self.sent == self.tail.len() {
            self.sent = 0;
            recycle(std::mem::take(&mut self.tail), pool);
        }
    }

    /// Forgets everything that was to be sent.
    pub fn clear(&mut self) {
        *self = Outbox { protocol: self.protocol, ..Outbox::default() };
    }

    /// Where the next reply will begin.
    pub fn mark(&self) -> Mark {
        Mark { blocks: self.full.len(), tail: self.tail.len() }
    }

    /// Takes back everything appended since the mark; nothing may have been sent since.
    pub fn rewind(&mut self, mark: Mark) {
        if self.full.len() > mark.blocks {
            let dropped: usize = self.full.range(mark.blocks..).map(|block| block.len()).sum();
            self.queued -= dropped;
            self.held -= self.full.range(mark.blocks..).map(Block::memory).sum::<usize>();
            self.tail = match self.full.drain(mark.blocks..).next() {
                Some(Block::Own(block)) => block,
                Some(Block::Shared(_)) | None => Vec::new(),
            };
        }
        self.tail.truncate(mark.tail);
    }

    /// The buffer that replies are appended to. Call [`Outbox::settle`] after much was written.
    #[inline]
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.tail
    }

    /// Whether what was appended is a block, and was not moved behind the others yet.
    #[inline]
    pub fn tail_is_full(&self) -> bool {
        self.tail.len() >= BLOCK
    }

    /// Moves a full tail behind the other blocks.
    #[inline]
    pub fn settle(&mut self) {
        if self.tail_is_full() {
            self.push_block();
        }
    }

    #[cold]
    fn push_block(&mut self) {
        self.queued += self.tail.len();
        let block = std::mem::replace(&mut self.tail, Vec::with_capacity(BLOCK + 1024));
        self.hold(Block::Own(block));
    }

    fn hold(&mut self, block: Block) {
        self.held += block.memory();
        self.full.push_back(block);
    }

    /// Appends a message that others are sent as well, as a whole; not between a mark and its rewinding.
    pub fn share(&mut self, message: &Arc<[u8]>) {
        if self.is_empty() && !message.is_empty() {
            self.queued = message.len();
            self.first = Some(message.clone());
        } else if message.len() >= BLOCK {
            self.queued += self.tail.len() + message.len();
            if !self.tail.is_empty() {
                let mut block = std::mem::take(&mut self.tail);
                block.shrink_to_fit();
                self.hold(Block::Own(block));
            }
            self.hold(Block::Shared(message.clone()));
        } else {
            self.tail.extend_from_slice(message);
            self.settle();
        }
    }

    pub fn ok(&mut self) {
        self.buffer().extend_from_slice(b"+OK\r\n");
    }
    pub fn queued(&mut self) {
        self.buffer().extend_from_slice(b"+QUEUED\r\n");
    }
    pub fn pong(&mut self) {
        self.buffer().extend_from_slice(b"+PONG\r\n");
    }
    pub fn simple(&mut self, line: &str) {
        reply::simple(self.buffer(), line.as_bytes());
    }
    pub fn error(&mut self, line: &str) {
        reply::error(self.buffer(), line.as_bytes());
    }
    #[inline]
    pub fn integer(&mut self, value: i64) {
        reply::integer(self.buffer(), value);
    }
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        reply::bulk(self.buffer(), bytes);
        self.settle();
    }
    pub fn text(&mut self, text: &str) {
        self.bulk(text.as_bytes());
    }
    #[inline]
    pub fn string(&mut self, string: keyspace::Str<'_>) {
        match string {
            keyspace::Str::Bytes(bytes) => self.bulk(bytes),
            keyspace::Str::Int(int) => reply::bulk_integer(self.buffer(), int),
        }
    }
    /// What writes many short strings; see [`Bulks`].
    #[inline]
    pub fn bulks(&mut self) -> Bulks<'_> {
        let at = self.tail.len();
        Bulks { out: self, at }
    }
    pub fn null(&mut self) {
        let protocol = self.protocol;
        reply::null(self.buffer(), protocol);
    }
    pub fn null_array(&mut self) {
        let protocol = self.protocol;
        reply::null_array(self.buffer(), protocol);
    }
    pub fn array(&mut self, len: usize) {
        reply::array(self.buffer(), len);
        self.settle();
    }
    pub fn map(&mut self, len: usize) {
        let protocol = self.protocol;
        reply::map(self.buffer(), len, protocol);
    }
    pub fn set(&mut self, len: usize) {
        let protocol = self.protocol;
        reply::set(self.buffer(), len, protocol);
    }
    pub fn push(&mut self, len: usize) {
        let protocol = self.protocol;
        reply::push(self.buffer(), len, protocol);
    }
    pub fn boolean(&mut self, value: bool) {
        let protocol = self.protocol;
        reply::boolean(self.buffer(), value, protocol);
    }
    pub fn double(&mut self, value: f64) {
        let protocol = self.protocol;
        reply::double(self.buffer(), value, protocol);
    }
    /// A double that has been printed already.
    pub fn double_text(&mut self, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                self.tail.push(b',');
                self.tail.extend_from_slice(text);
                self.tail.extend_from_slice(b"\r\n");
                self.settle();
            }
        }
    }
    pub fn verbatim(&mut self, text: &str) {
        let protocol = self.protocol;
        reply::verbatim(self.buffer(), b"txt", text.as_bytes(), protocol);
        self.settle();
    }
    /// An array of status lines, as HELP subcommands answer.
    pub fn lines(&mut self, lines: &[&str]) {
        self.array(lines.len());
        for line in lines {
            self.simple(line);
        }
    }
}

/// Writes many bulk strings: room is made for some dozens of them at once, and given back in the end. Integers and long
/// strings may be among them.
///
/// **Invariant** 1. Of the tail, `at` bytes are reply, what follows is room.
pub struct Bulks<'o> {
    out: &'o mut Outbox,
    at: usize,
}

/// Room made at once: as much as a block has beyond [`BLOCK`], so that it never grows for it.
const ROOM: usize = 1024;

impl Bulks<'_> {
    #[inline(always)]
    pub fn push(&mut self, bytes: &[u8]) {
        match self.room().first_chunk_mut() {
            Some(room) if bytes.len() <= reply::SHORT => self.at += reply::short_bulk(room, bytes),
            _ => self.push_slowly(bytes),
        }
    }

    #[inline]
    pub fn push_integer(&mut self, value: i64) {
        match self.room().first_chunk_mut() {
            Some(room) => self.at += reply::short_bulk_integer(room, value),
            None => {
                self.make_room();
                self.push_integer(value);
            }
        }
    }

    /// Writes one after the other, at most so many, and returns how many: 50 instructions for a string of 16
    /// bytes of a listpack, its decoding included.
    #[inline]
    pub fn extend<'e>(&mut self, mut elements: impl Iterator<Item = Element<'e>>, most: usize) -> usize {
        let mut left = most;
        loop {
            let mut room = self.room();
            let before = room.len();
            let (other, after) = loop {
                if left == 0 {
                    break (None, room.len());
                }
                let Some(here) = room.first_chunk_mut() else { break (None, room.len()) };
                match elements.next() {
                    Some(Element::Str(bytes)) if bytes.len() <= reply::SHORT => {
                        let used = reply::short_bulk(here, bytes);
                        room = &mut room[used..];
                        left -= 1;
                    }
                    Some(other) => break (Some(other), room.len()),
                    None => {
                        self.at += before - room.len();
                        return most - left;
                    }
                }
            };
            self.at += before - after;
            match other {
                None if left == 0 => return most,
                None => {
                    self.make_room();
                    continue;
                }
                Some(Element::Str(bytes)) => self.push_slowly(bytes),
                Some(Element::Int(value)) => self.push_integer(value),
            }
            left -= 1;
        }
    }

    #[inline(always)]
    fn room(&mut self) -> &mut [u8] {
        self.out.tail.get_mut(self.at..).unwrap_or_default()
    }

    /// The string is long, or there is no room.
    #[inline(never)]
    fn push_slowly(&mut self, bytes: &[u8]) {
        self.out.tail.truncate(self.at);
        self.out.bulk(bytes);
        self.at = self.out.tail.len();
        self.make_room();
    }

    #[inline(never)]
    fn make_room(&mut self) {
        self.out.tail.truncate(self.at);
        self.out.settle();
        self.at = self.out.tail.len();
        self.out.tail.resize(self.at + ROOM, 0);
    }
}

impl Drop for Bulks<'_> {
    fn drop(&mut self) {
        self.out.tail.truncate(self.at);
        self.out.settle();
    }
}

fn recycle(mut block: Vec<u8>, pool: &mut Vec<Vec<u8>>) {
    if (BLOCK..=2 * BLOCK).contains(&block.capacity()) && pool.len() < 64 {
        block.clear();
        pool.push(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_order_whatever_the_pieces() {
        let (mut out, mut pool) = (Outbox::default(), Vec::new());
        let mut sent = Vec::new();
        for n in 0..5000u32 {
            out.bulk(format!("value number {n}").as_bytes());
        }
        let total = out.len();
        assert!(out.blocks() > 2);
        while !out.is_empty() {
            let mut slices = Vec::new();
            out.slices(&mut slices);
            let all = slices.concat();
            assert_eq!(all.len(), out.len());
            let take = all.len().min(7001);
            sent.extend_from_slice(&all[..take]);
            out.advance(take, &mut pool);
        }
        assert_eq!(sent.len(), total);
        assert!(sent.ends_with(b"$17\r\nvalue number 4999\r\n"));
        assert_eq!(out.memory(), 0);
    }

    #[test]
    fn shared_messages_leave_in_order_with_the_others() {
        let small: Arc<[u8]> = Arc::from(&b"small"[..]);
        let large: Arc<[u8]> = Arc::from(vec![b'x'; BLOCK + 1]);
        for step in [1, 3, 7, 5000, 100_000] {
            let (mut out, mut pool, mut sent) = (Outbox::default(), Vec::new(), Vec::new());
            out.share(&small);
            assert_eq!((out.single(), out.memory(), out.len()), (Some(&b"small"[..]), 0, 5));
            out.ok();
            out.share(&large);
            out.share(&small);
            let mark = out.mark();
            (0..3000).for_each(|_| out.bulk(b"taken back"));
            out.rewind(mark);
            out.ok();
            let expected = [b"small+OK\r\n", &large[..], b"small+OK\r\n"].concat();
            assert_eq!(out.len(), expected.len());
            while !out.is_empty() {
                let mut slices = Vec::new();
                out.slices(&mut slices);
                let all = slices.concat();
                let take = all.len().min(step);
                sent.extend_from_slice(&all[..take]);
                out.advance(take, &mut pool);
            }
            assert_eq!(sent, expected);
            assert_eq!((out.memory(), Arc::strong_count(&small), Arc::strong_count(&large)), (0, 1, 1));
        }
    }

    #[test]
    fn many_strings_are_written_as_one_by_one() {
        for step in [1, 7, 300] {
            let (mut one_by_one, mut together) = (Outbox::default(), Outbox::default());
            together.ok();
            one_by_one.ok();
            let mut bulks = together.bulks();
            for n in 0..3000usize {
                let text = vec![b'a' + (n % 26) as u8; n * step % 90];
                one_by_one.bulk(&text);
                bulks.push(&text);
                reply::bulk_integer(one_by_one.buffer(), n as i64 - 5);
                bulks.push_integer(n as i64 - 5);
                one_by_one.bulk(&text);
                reply::bulk_integer(one_by_one.buffer(), i64::MIN);
                bulks.extend([Element::Str(&text), Element::Int(i64::MIN), Element::Int(0)].into_iter(), 2);
            }
            drop(bulks);
            let all = |out: &Outbox| {
                let mut slices = Vec::new();
                out.slices(&mut slices);
                slices.concat()
            };
            assert!(all(&one_by_one) == all(&together), "step {step}");
            assert_eq!(together.len(), one_by_one.len());
        }
    }

    #[test]
    fn a_reply_can_be_taken_back() {
        let mut out = Outbox::default();
        out.ok();
        let mark = out.mark();
        for _ in 0..10_000 {
            out.bulk(b"0123456789");
        }
        out.rewind(mark);
        assert_eq!(out.single(), Some(b"+OK\r\n".as_slice()));
    }
}
