//! A client that asks at random and knows what it must hear.
//!
//! Its keys are its own, and new ones with each connection: whatever became of the requests that a broken connection
//! had on its way, nobody else can tell. One counter is everybody's: what it answers never repeats.

use std::collections::VecDeque;

use fastrand::Rng;
use testkit::{Value, resp};
use world::{Clock, ConnId};

use crate::SimWorld;
use crate::model::{Condition, Model, Request, Window};

/// A key that all clients count up.
const SHARED: &[u8] = b"everybody's counter";

pub struct Client {
    number: usize,
    rng: Rng,
    conn: Option<ConnId>,
    connections: usize,
    model: Model,
    received: Vec<u8>,
    /// Asked, not answered: with the time it was asked at.
    waiting: VecDeque<(Asked, i64)>,
    /// Requests yet to be sent.
    left: usize,
    /// It does not read before then, milliseconds.
    asleep_until_ms: i64,
    /// It has sent bytes that are no request: an error, then the end.
    broke_protocol: bool,
    pub answers: usize,
    /// What the shared counter has answered.
    pub counted: Vec<i64>,
}

#[derive(Debug)]
enum Asked {
    Own(Request),
    Shared,
    /// What a transaction is told before EXEC.
    Status(&'static str),
    /// EXEC: the shared counter, counted up twice with nobody in between.
    SharedTwice,
    ProtocolError,
}

impl Client {
    pub fn new(number: usize, seed: u64, requests: usize) -> Self {
        Client {
            number,
            rng: Rng::with_seed(seed),
            conn: None,
            connections: 0,
            model: Model::default(),
            received: Vec::new(),
            waiting: VecDeque::new(),
            left: requests,
            asleep_until_ms: 0,
            broke_protocol: false,
            answers: 0,
            counted: Vec::new(),
        }
    }

    /// All is asked and answered.
    pub fn done(&self) -> bool {
        self.left == 0 && self.waiting.is_empty()
    }

    pub fn waiting(&self) -> String {
        format!("client {}: {} left, waits for {:?}", self.number, self.left, self.waiting.front())
    }

    /// Hears what has arrived, and perhaps asks something.
    pub fn act(&mut self, world: &mut SimWorld) -> Result<(), String> {
        let now_ms = world.now().wall_us / 1000;
        let Some(conn) = self.conn else {
            if !self.done() {
                self.connect(world);
            }
            return Ok(());
        };
        if now_ms < self.asleep_until_ms {
            return Ok(());
        }
        let most = if self.rng.bool() { usize::MAX } else { self.rng.usize(1..2000) };
        match world.client_receive(conn, most) {
            Some(bytes) => self.received.extend_from_slice(&bytes),
            None => return self.hung_up(world, conn),
        }
        self.hear(now_ms)?;
        if self.done() && !self.broke_protocol {
            self.leave(world, conn);
            return Ok(());
        }
        let resets = world.weather.resets;
        if resets > 0 && self.rng.u32(..resets) == 0 {
            world.client_reset(conn);
            self.forget(world, conn);
            return Ok(());
        }
        if self.rng.u32(..500) == 0 {
            self.asleep_until_ms = now_ms + self.rng.i64(1..300);
        }
        self.ask(world, conn, now_ms);
        Ok(())
    }

    fn connect(&mut self, world: &mut SimWorld) {
        self.conn = world.connect();
        self.connections += 1;
        self.model = Model::default();
        self.received.clear();
        self.waiting.clear();
        self.broke_protocol = false;
    }

    fn forget(&mut self, world: &mut SimWorld, conn: ConnId) {
        world.client_forget(conn);
        self.conn = None;
        self.waiting.clear();
    }

    /// Half-closes, or just goes.
    fn leave(&mut self, world: &mut SimWorld, conn: ConnId) {
        if self.rng.bool() {
            world.client_finish(conn);
            self.broke_protocol = true;
        } else {
            self.forget(world, conn);
        }
    }

    /// The server may hang up on us only if we gave it reason.
    fn hung_up(&mut self, world: &mut SimWorld, conn: ConnId) -> Result<(), String> {
        if !self.broke_protocol || !self.waiting.is_empty() {
            return Err(format!("hung up: {}", self.waiting()));
        }
        self.forget(world, conn);
        Ok(())
    }

    fn hear(&mut self, now_ms: i64) -> Result<(), String> {
        for value in resp::take_all(&mut self.received)? {
            let Some((asked, sent_ms)) = self.waiting.pop_front() else {
                return Err(format!("an answer to nothing: {value}"));
            };
            self.answers += 1;
            let window = Window { sent_ms, heard_ms: now_ms };
            let met = match &asked {
                Asked::Own(request) => self.model.check(request, &value, window),
                Asked::Shared => self.note_count(&value),
                Asked::Status(status) if value == Value::Simple(status.as_bytes().to_vec()) => Ok(()),
                Asked::Status(status) => Err(format!("expected {status}, got {value}")),
                Asked::SharedTwice => self.note_two_counts(&value),
                Asked::ProtocolError => match &value {
                    Value::Error(line) if line.starts_with(b"ERR Protocol error") => Ok(()),
                    other => Err(format!("expected a protocol error, got {other}")),
                },
            };
            met.map_err(|why| format!("client {}, {asked:?}: {why}", self.number))?;
        }
        Ok(())
    }

    fn note_count(&mut self, value: &Value) -> Result<(), String> {
        let Some(count) = value.integer() else { return Err(format!("expected a count, got {value}")) };
        if self.counted.last().is_some_and(|last| count <= *last) {
            return Err(format!("the counter went back: {:?}, then {count}", self.counted.last()));
        }
        self.counted.push(count);
        Ok(())
    }

    fn note_two_counts(&mut self, value: &Value) -> Result<(), String> {
        let counts: Vec<i64> = value.elements().iter().filter_map(Value::integer).collect();
        let [first, second] = counts[..] else { return Err(format!("expected two counts, got {value}")) };
        if second != first + 1 {
            return Err(format!("somebody counted between {first} and {second}"));
        }
        value.elements().iter().try_for_each(|count| self.note_count(count))
    }

    fn ask(&mut self, world: &mut SimWorld, conn: ConnId, now_ms: i64) {
        let pipeline = [1, 1, 3, 20][self.rng.usize(..4)];
        if self.broke_protocol || self.left == 0 || self.waiting.len() >= pipeline {
            return;
        }
        let mut bytes = Vec::new();
        for _ in 0..self.rng.usize(1..=pipeline).min(self.left) {
            self.left -= 1;
            let asked = self.next_request(&mut bytes, now_ms);
            self.broke_protocol = matches!(asked, Asked::ProtocolError);
            self.waiting.push_back((asked, now_ms));
            if self.broke_protocol {
                break;
            }
        }
        world.client_send(conn, &bytes);
    }

    /// Decides on a request and writes it down.
    fn next_request(&mut self, bytes: &mut Vec<u8>, now_ms: i64) -> Asked {
        if self.rng.u32(..1000) == 0 {
            bytes.extend_from_slice(
                [b"*1\r\n!1\r\n".as_slice(), b"*x\r\n", b"GET \"a\r\n"][self.rng.usize(..3)],
            );
            return Asked::ProtocolError;
        }
        if self.rng.u32(..20) == 0 {
            bytes.extend(resp::request(&[b"INCR".as_slice(), SHARED]));
            return Asked::Shared;
        }
        if self.rng.u32(..30) == 0 {
            for words in [&[b"MULTI".as_slice()][..], &[b"INCR", SHARED], &[b"INCR", SHARED], &[b"EXEC"]] {
                bytes.extend(resp::request(words));
            }
            for status in ["OK", "QUEUED", "QUEUED"] {
                self.waiting.push_back((Asked::Status(status), now_ms));
            }
            return Asked::SharedTwice;
        }
        let request = self.own_request();
        let words = request.words();
        let long = words.iter().map(Vec::len).sum::<usize>() > 1000;
        if self.rng.u32(..8) == 0 && !long {
            let mut line = Vec::new();
            for word in &words {
                stdx::words::quote(&mut line, word);
                line.push(b' ');
            }
            line.extend_from_slice(b"\r\n");
            bytes.extend(line);
        } else {
            bytes.extend(resp::request(&words));
        }
        Asked::Own(request)
    }

    fn own_request(&mut self) -> Request {
        let key = self.key();
        match self.rng.u32(..100) {
            0..25 => Request::Get(key),
            25..45 => self.set(key),
            45..50 => Request::Del(key),
            50..53 => Request::Exists(key),
            53..60 => Request::IncrBy(key, self.rng.i64(-5..100)),
            60..66 => Request::Append(key, self.value()),
            66..69 => Request::Strlen(key),
            69..73 => Request::SetRange(key, self.rng.usize(..300), self.value()),
            73..76 => Request::GetRange(key, self.rng.i64(-50..50), self.rng.i64(-50..50)),
            76..82 => Request::PExpire(key, self.rng.i64(1..500)),
            82..84 => Request::Persist(key),
            84..88 => Request::Pttl(key),
            88..90 => Request::GetDel(key),
            90..93 => Request::MSet((0..self.rng.usize(1..5)).map(|_| (self.key(), self.value())).collect()),
            93..96 => Request::MGet((0..self.rng.usize(1..5)).map(|_| self.key()).collect()),
            96 => Request::Unknown,
            97 => Request::Echo(self.value()),
            _ => Request::Ping,
        }
    }

    fn set(&mut self, key: Vec<u8>) -> Request {
        let px = (self.rng.u8(..3) == 0).then(|| self.rng.i64(1..500));
        let condition =
            [Condition::None, Condition::None, Condition::IfMissing, Condition::IfThere][self.rng.usize(..4)];
        Request::Set { key, value: self.value(), px, condition }
    }

    fn key(&mut self) -> Vec<u8> {
        format!("{}.{}:{}", self.number, self.connections, self.rng.u32(..30)).into_bytes()
    }

    fn value(&mut self) -> Vec<u8> {
        match self.rng.u32(..100) {
            0..40 => self.rng.i64(-1000..1000).to_string().into_bytes(),
            40..45 => Vec::new(),
            45..97 => (0..self.rng.usize(..100)).map(|_| self.rng.u8(..)).collect(),
            97..99 => vec![b'x'; self.rng.usize(..5000)],
            _ => vec![b'y'; self.rng.usize(..100_000)],
        }
    }
}
