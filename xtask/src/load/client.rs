//! Many connections in lock-step: each sends its requests, then each reads its replies.
//!
//! The server is stopped while they send, so that it always finds all of them ready: how many requests share a turn
//! would else depend on how busy the machine is, and two runs would differ by some per cent.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;

use super::definition::{Definition, Workload};
use super::server::Brake;

/// Prepares the keys and the connections.
pub fn prepare(port: u16, definition: &Definition, workload: &Workload) -> Result<Vec<Peer>> {
    let mut first = Peer::connect(port)?;
    if !workload.before.is_empty() {
        for key in 0..definition.keys {
            first.ask(&request(&workload.before, definition, || key), 1, "")?;
        }
    }
    let mut peers = vec![first];
    while peers.len() < definition.connections {
        peers.push(Peer::connect(port)?);
    }
    Ok(peers)
}

/// Sends so many requests.
pub fn drive(
    peers: &mut [Peer],
    brake: &mut Brake,
    definition: &Definition,
    workload: &Workload,
    pipeline: usize,
    requests: usize,
) -> Result<()> {
    let mut dice = Dice(1);
    for _ in 0..requests / (definition.connections * pipeline) {
        brake.pull("STOP")?;
        for peer in peers.iter_mut() {
            let mut bytes = Vec::new();
            for _ in 0..pipeline {
                bytes.extend(request(&workload.request, definition, || dice.below(definition.keys)));
            }
            peer.stream.write_all(&bytes)?;
        }
        brake.pull("CONT")?;
        for peer in peers.iter_mut() {
            peer.expect(pipeline, &workload.reply)?;
        }
    }
    Ok(())
}

/// Fills in the blanks of a request.
fn request(words: &str, definition: &Definition, mut key: impl FnMut() -> usize) -> Vec<u8> {
    let words: Vec<&str> = words.split(' ').collect();
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = match word {
            "{key}" => format!("key:{:012}", key()),
            "{n}" => key().to_string(),
            "{value}" => "x".repeat(definition.value_bytes),
            other => other.to_owned(),
        };
        out.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
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

    fn ask(&mut self, bytes: &[u8], count: usize, reply: &str) -> Result<()> {
        self.stream.write_all(bytes)?;
        self.expect(count, reply)
    }

    /// Reads replies; each must begin as the definition says.
    fn expect(&mut self, count: usize, reply: &str) -> Result<()> {
        let (mut seen, mut at) = (0, 0);
        loop {
            while let Some(len) = reply_len(&self.received[at..]) {
                let got = &self.received[at..at + len];
                if !got.starts_with(reply.as_bytes()) {
                    let got = String::from_utf8_lossy(got).into_owned();
                    return Err(Error::new(ErrorKind::InvalidData, format!("expected {reply}, got {got}")));
                }
                at += len;
                seen += 1;
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

/// Length of the reply at the head: a line, a line and a string, or a line and so many replies.
fn reply_len(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|two| two == b"\r\n")? + 2;
    let announced = || std::str::from_utf8(&bytes[1..line - 2]).ok()?.parse::<i64>().ok();
    let len = match bytes.first()? {
        b'$' => usize::try_from(announced()?).map_or(line, |bytes| line + bytes + 2),
        b'*' => (0..announced()?).try_fold(line, |at, _| Some(at + reply_len(bytes.get(at..)?)?))?,
        _ => line,
    };
    (bytes.len() >= len).then_some(len)
}

/// Keys in an order that is the same every time (Knuth's 64-bit generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
