//! Connections without a kernel: bytes take their time, come in pieces, and sometimes not at all.
//!
//! **Invariants**
//! 1. Bytes of one direction arrive in the order they were sent in.
//! 2. After a reset nothing that was on its way arrives, on either side.

use std::collections::VecDeque;

use fastrand::Rng;

/// Bytes on their way.
struct Segment {
    arrives_us: u64,
    bytes: Vec<u8>,
}

/// One direction of a connection.
#[derive(Default)]
pub struct Pipe {
    flying: VecDeque<Segment>,
    /// Arrived, not received.
    pub here: VecDeque<u8>,
    /// The sender will send no more; true for the receiver when all has arrived.
    pub finished: bool,
}

impl Pipe {
    /// Bytes on their way or waiting to be received.
    pub fn held(&self) -> usize {
        self.here.len() + self.flying.iter().map(|segment| segment.bytes.len()).sum::<usize>()
    }

    /// Sends bytes in pieces, each later than the one before.
    pub fn send(&mut self, mut bytes: &[u8], now_us: u64, weather: &Weather, rng: &mut Rng) {
        while !bytes.is_empty() {
            let len = weather.cut(bytes.len(), rng);
            let after = self.flying.back().map_or(now_us, |segment| segment.arrives_us);
            let arrives_us = after.max(now_us) + weather.delay(rng);
            self.flying.push_back(Segment { arrives_us, bytes: bytes[..len].to_vec() });
            bytes = &bytes[len..];
        }
    }

    /// Moves what has arrived by now.
    pub fn pass(&mut self, now_us: u64) {
        while self.flying.front().is_some_and(|segment| segment.arrives_us <= now_us) {
            if let Some(segment) = self.flying.pop_front() {
                self.here.extend(segment.bytes);
            }
        }
    }

    pub fn next_us(&self) -> Option<u64> {
        self.flying.front().map(|segment| segment.arrives_us)
    }

    /// Nothing is left and nothing will come.
    pub fn ended(&self) -> bool {
        self.finished && self.here.is_empty() && self.flying.is_empty()
    }

    pub fn lose(&mut self) {
        self.flying.clear();
        self.here.clear();
    }

    /// Takes at most so many bytes that have arrived.
    pub fn receive(&mut self, most: usize) -> Vec<u8> {
        let count = most.min(self.here.len());
        self.here.drain(..count).collect()
    }
}

/// How bad the network is in a run.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Longest time that a piece takes.
    pub delay_us: u64,
    /// Longest piece; small ones find what is wrong with reading in parts.
    pub piece: usize,
    /// Bytes that a connection holds for a client that does not read.
    pub window: usize,
    /// One in so many steps of a client breaks its connection.
    pub resets: u32,
}

impl Weather {
    pub fn of(rng: &mut Rng) -> Weather {
        Weather {
            delay_us: [0, 50, 1000, 20_000][rng.usize(..4)],
            piece: [1, 7, 100, 1500, 100_000][rng.usize(..5)],
            window: [64, 1000, 50_000, 1 << 20][rng.usize(..4)],
            resets: [0, 0, 300, 2000][rng.usize(..4)],
        }
    }

    fn cut(&self, len: usize, rng: &mut Rng) -> usize {
        // Long messages are not cut to single bytes throughout: that would only take long.
        let most = self.piece.max(len / 64);
        rng.usize(1..=most).min(len)
    }

    fn delay(&self, rng: &mut Rng) -> u64 {
        if self.delay_us == 0 || rng.u8(..4) > 0 { 0 } else { rng.u64(..=self.delay_us) }
    }
}

/// Both directions, and what the server asked for.
pub struct Link {
    pub to_server: Pipe,
    pub to_client: Pipe,
    pub reset: bool,
    /// The server has closed it.
    pub closed: bool,
    pub wants_bytes: bool,
    pub wants_room: bool,
    /// The server has accepted it.
    pub accepted: bool,
}

impl Link {
    pub fn new() -> Self {
        Link {
            to_server: Pipe::default(),
            to_client: Pipe::default(),
            reset: false,
            closed: false,
            wants_bytes: true,
            wants_room: false,
            accepted: false,
        }
    }

    pub fn pass(&mut self, now_us: u64) {
        self.to_server.pass(now_us);
        self.to_client.pass(now_us);
    }

    /// Breaks it (invariant 2).
    pub fn break_off(&mut self) {
        self.reset = true;
        self.to_server.lose();
        self.to_client.lose();
    }

    pub fn next_us(&self) -> Option<u64> {
        [self.to_server.next_us(), self.to_client.next_us()].into_iter().flatten().min()
    }

    pub fn room(&self, weather: &Weather) -> usize {
        weather.window.saturating_sub(self.to_client.held())
    }

    /// There is something for the server to receive, if only an end.
    pub fn readable(&self) -> bool {
        !self.to_server.here.is_empty() || self.to_server.ended() || self.reset
    }
}
