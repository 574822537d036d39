//! Many connections in lock-step: each sends its requests, then each reads its replies, then those who listen read what
//! they were sent.
//!
//! A request of a workload may be several commands (`MULTI; …; EXEC`). What is pushed in between (`>`) counts for nothing,
//! but is read.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;

use super::definition::{Definition, Workload};
use super::reply;
use super::server::Brake;

/// Preparation is asked for in pipelines of so many.
const TOGETHER: usize = 100;

/// The connections of a workload.
pub struct Stage {
    pub peers: Vec<Peer>,
    subscribers: Vec<Peer>,
}

impl Stage {
    /// Prepares the keys and the connections.
    pub fn prepare(port: u16, definition: &Definition, workload: &Workload) -> Result<Stage> {
        let mut first = Peer::connect(port)?;
        if !workload.before.is_empty() {
            let keys: Vec<usize> = (0..definition.keys).collect();
            for some in keys.chunks(TOGETHER) {
                let request = |key| bytes(&workload.before, definition, || key);
                let all: Vec<u8> = some.iter().flat_map(|key| request(*key)).collect();
                first.ask(&all, some.len() * commands(&workload.before))?;
            }
        }
        let mut peers = vec![first];
        while peers.len() < definition.connections {
            peers.push(Peer::connect(port)?);
        }
        for peer in peers.iter_mut().filter(|_| !workload.session.is_empty()) {
            peer.ask(&bytes(&workload.session, definition, || 0), commands(&workload.session))?;
        }
        let mut subscribers = Vec::new();
        for _ in 0..workload.subscribers {
            let mut peer = Peer::connect(port)?;
            peer.ask(&bytes("SUBSCRIBE channel", definition, || 0), 1)?;
            subscribers.push(peer);
        }
        Ok(Stage { peers, subscribers })
    }

    /// Every connection sends what `requests` gives for its number, `pipeline` requests, and gets its answers. With a
    /// brake the server is stopped while they send, so that it always finds all of them ready: how many requests share a
    /// turn would else depend on how busy the machine is, and two runs would differ by some per cent.
    pub fn round(
        &mut self,
        workload: &Workload,
        pipeline: usize,
        mut brake: Option<&mut Brake>,
        mut requests: impl FnMut(usize) -> Vec<u8>,
    ) -> Result<()> {
        if let Some(brake) = &mut brake {
            brake.pull("STOP")?;
        }
        for (number, peer) in self.peers.iter_mut().enumerate() {
            peer.stream.write_all(&requests(number))?;
        }
        if let Some(brake) = &mut brake {
            brake.pull("CONT")?;
        }
        let each = commands(&workload.request);
        for peer in &mut self.peers {
            peer.expect(pipeline * each, each, &workload.reply)?;
        }
        let messages = self.peers.len() * pipeline;
        for peer in &mut self.subscribers {
            peer.expect(messages, 1, "*3")?;
        }
        Ok(())
    }
}

/// How many commands these words are: `; ` is between two.
pub fn commands(words: &str) -> usize {
    words.split("; ").count()
}

/// Fills in the blanks of a request.
pub fn bytes(words: &str, definition: &Definition, mut key: impl FnMut() -> usize) -> Vec<u8> {
    let mut out = Vec::new();
    for command in words.split("; ") {
        let words: Vec<&str> = command.split(' ').collect();
        out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            let word = match word {
                "{key}" => format!("key:{:012}", key()),
                "{n}" => key().to_string(),
                "{value}" => "x".repeat(definition.value_bytes),
                other => other.to_owned(),
            };
            out.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
        }
    }
    out
}

pub struct Peer {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Peer {
    fn connect(port: u16) -> Result<Peer> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Peer { stream, received: Vec::new() })
    }

    fn ask(&mut self, bytes: &[u8], count: usize) -> Result<()> {
        self.stream.write_all(bytes)?;
        self.expect(count, 1, "")
    }

    /// Reads so many replies; each that ends a request of `each` commands must begin as the definition says.
    fn expect(&mut self, count: usize, each: usize, reply: &str) -> Result<()> {
        let (mut seen, mut at) = (0, 0);
        loop {
            while seen < count
                && let Some(len) = reply::len(&self.received[at..])
            {
                let got = &self.received[at..at + len];
                at += len;
                if got.starts_with(b">") {
                    continue;
                }
                seen += 1;
                let last = seen % each == 0;
                if got.starts_with(b"-") || last && !got.starts_with(reply.as_bytes()) {
                    let got = String::from_utf8_lossy(got).into_owned();
                    return Err(Error::new(ErrorKind::InvalidData, format!("expected {reply}, got {got}")));
                }
            }
            self.received.drain(..std::mem::take(&mut at));
            if seen >= count {
                return Ok(());
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Result<()> {
        let mut buffer = [0; 64 * 1024];
        let count = self.stream.read(&mut buffer)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.received.extend_from_slice(&buffer[..count]);
        Ok(())
    }
}

/// Keys in an order that is the same every time (Knuth's 64-bit generator).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
