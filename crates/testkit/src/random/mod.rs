//! Random commands, of the table's own grammar, sent to two servers: what one answers the other must.
//!
//! Requests come in *runs*: both servers are emptied and given the same limits of encodings, then a few hundred
//! requests go to both and their replies are compared ([`compare`]). A run that differs is cut down, request by
//! request, to the shortest one that still does, and printed; the seed replays it.
//!
//! *Not here*: where the servers come from (`bin/random.rs`).

pub mod compare;
pub mod grammar;

use std::io;
use std::time::Duration;

use crate::peer::Connection;
use crate::value::Value;

/// A request.
pub type Words = Vec<Vec<u8>>;

const PATIENCE: Duration = Duration::from_secs(5);
/// Requests on their way at once.
const BATCH: usize = 50;

/// Two servers that should be told apart by nothing.
pub struct Pair {
    connections: [Connection; 2],
}

/// Where two servers parted.
pub struct Parting {
    /// The requests that lead to it; the last one was answered differently.
    pub requests: Vec<Words>,
    pub replies: [Value; 2],
}

impl Pair {
    pub fn open(a: &str, b: &str) -> io::Result<Self> {
        Ok(Pair { connections: [Connection::open(a)?, Connection::open(b)?] })
    }

    /// The commands that both know.
    pub fn known(&mut self) -> io::Result<Vec<String>> {
        let [a, b] = self.ask(&[words("COMMAND LIST")])?;
        let names = |all: &[Value]| -> Vec<String> {
            let all = all.iter().flat_map(Value::elements).filter_map(Value::bytes);
            all.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
        };
        let theirs = names(&b);
        Ok(names(&a).into_iter().filter(|name| theirs.contains(name)).collect())
    }

    /// Plays a run from an empty database; the first difference, if there is one.
    pub fn play(&mut self, run: &[Words]) -> io::Result<Option<Parting>> {
        self.ask(&[words("FLUSHALL")])?;
        for (nth, batch) in run.chunks(BATCH).enumerate() {
            let [ours, theirs] = self.ask(batch)?;
            for (n, request) in batch.iter().enumerate() {
                let replies = [ours[n].clone(), theirs[n].clone()];
                if !compare::agree(request, &replies[0], &replies[1]) {
                    let requests = run[..=nth * BATCH + n].to_vec();
                    return Ok(Some(Parting { requests, replies }));
                }
            }
        }
        Ok(None)
    }

    /// Leaves out requests as long as the last one is still answered differently.
    pub fn shorten(&mut self, mut parting: Parting) -> io::Result<Parting> {
        let mut piece = parting.requests.len() / 2;
        while piece > 0 {
            let mut from = 0;
            while from + piece < parting.requests.len() {
                let mut fewer = parting.requests.clone();
                fewer.drain(from..from + piece);
                match self.play(&fewer)? {
                    Some(shorter) => parting = shorter,
                    None => from += piece,
                }
            }
            piece /= 2;
        }
        Ok(parting)
    }

    /// The replies of both to the same requests.
    fn ask(&mut self, requests: &[Words]) -> io::Result<[Vec<Value>; 2]> {
        for connection in &mut self.connections {
            requests.iter().try_for_each(|request| connection.send(request))?;
        }
        let mut answers = [Vec::new(), Vec::new()];
        for (connection, answers) in self.connections.iter_mut().zip(&mut answers) {
            while answers.len() < requests.len() {
                let more = connection.receive(requests.len() - answers.len(), PATIENCE);
                if more.is_empty() || more.contains(&Value::Closed) {
                    let last = requests.get(answers.len() + more.len().saturating_sub(1));
                    let last = last.map(|request| shown(request)).unwrap_or_default();
                    return Err(io::Error::other(format!("no answer to: {last}")));
                }
                answers.extend(more);
            }
        }
        Ok(answers)
    }
}

/// A line as the words of a request.
pub fn words(line: &str) -> Words {
    line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

/// A request as a line of a transcript.
pub fn shown(request: &[Vec<u8>]) -> String {
    let quoted = |word: &Vec<u8>| {
        let plain = !word.is_empty() && word.iter().all(|&b| b.is_ascii_graphic() && b != b'"' && b != b'\'');
        if plain {
            String::from_utf8_lossy(word).into_owned()
        } else {
            format!("\"{}\"", word.escape_ascii())
        }
    };
    request.iter().map(quoted).collect::<Vec<_>>().join(" ")
}
