//! The same transcripts against a real server: Valkey, Redis, or our own program.
//!
//! What a peer answers is what is right. A transcript that says something about us alone has a line
//! `# only here: why`, and is left out.
//!
//! **Invariant** 1. Each transcript begins with an empty server, the parameters that the server was started with, and
//! connections of its own; it cannot tell whether others were played before.

mod connection;
mod sources;

use std::io;
use std::path::Path;
use std::time::Duration;

pub use connection::Connection;
pub use sources::{Source, find, in_text};

use crate::Value;
use crate::transcript::{self, Action, Difference, Player, Step};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long we look for an answer where none is expected.
const GLANCE: Duration = Duration::from_millis(10);

/// A server that transcripts are played against, one after the other.
pub struct Peer {
    address: String,
    admin: Connection,
    /// What CONFIG GET * answered at first.
    parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Peer {
    pub fn connect(address: &str) -> io::Result<Self> {
        let mut admin = Connection::open(address)?;
        let parameters = parameters(&mut admin);
        Ok(Peer { address: address.to_owned(), admin, parameters })
    }

    /// Plays a transcript; the differences, or what is wrong with the transcript.
    pub fn play(&mut self, transcript: &str) -> Result<Vec<Difference>, String> {
        let steps = transcript::parse(transcript)?;
        self.reset();
        let differences = transcript::play(&steps, &mut Play { peer: self, clients: Vec::new() });
        self.restore_parameters();
        Ok(differences)
    }

    fn order(&mut self, line: &str) -> Option<Value> {
        self.admin.send(&stdx::words::split(line.as_bytes())?).ok()?;
        self.admin.receive(1, PATIENCE).pop()
    }

    fn reset(&mut self) {
        self.forget_users();
        for line in ["CLIENT UNPAUSE", "FLUSHALL", "CONFIG RESETSTAT", "SLOWLOG RESET", "LATENCY RESET"] {
            self.order(line);
        }
        // COMMANDLOG is Valkey's; elsewhere this is an error that nobody minds.
        for kind in ["large-request", "large-reply"] {
            self.order(&format!("COMMANDLOG RESET {kind}"));
        }
    }

    /// Only the user `default` is left, and may do everything.
    fn forget_users(&mut self) {
        self.order("ACL SETUSER default reset on nopass ~* &* +@all");
        let users = self.order("ACL USERS");
        for name in users.iter().flat_map(Value::elements).filter_map(Value::bytes) {
            let _ = self.admin.send(&[b"ACL".as_slice(), b"DELUSER", name]);
            self.admin.receive(1, PATIENCE);
        }
        self.order("ACL LOG RESET");
    }

    fn restore_parameters(&mut self) {
        let now = parameters(&mut self.admin);
        for (name, value) in self.parameters.iter().filter(|pair| !now.contains(pair)) {
            let _ = self.admin.send(&[b"CONFIG".as_slice(), b"SET", name, value]);
            self.admin.receive(1, PATIENCE);
        }
    }
}

fn parameters(admin: &mut Connection) -> Vec<(Vec<u8>, Vec<u8>)> {
    let _ = admin.send(&["CONFIG", "GET", "*"]);
    let answer = admin.receive(1, PATIENCE);
    let all = answer.first().map(Value::elements).unwrap_or_default();
    let bytes = |value: &Value| value.bytes().unwrap_or_default().to_vec();
    all.chunks_exact(2).map(|pair| (bytes(&pair[0]), bytes(&pair[1]))).collect()
}

/// One transcript being played.
struct Play<'p> {
    peer: &'p mut Peer,
    clients: Vec<(usize, Connection)>,
}

impl Play<'_> {
    fn client(&mut self, number: usize) -> io::Result<&mut Connection> {
        if let Some(at) = self.clients.iter().position(|(other, _)| *other == number) {
            return Ok(&mut self.clients[at].1);
        }
        let connection = Connection::open(&self.peer.address)?;
        self.clients.push((number, connection));
        let last = self.clients.len() - 1;
        Ok(&mut self.clients[last].1)
    }
}

impl Player for Play<'_> {
    fn act(&mut self, step: &Step) -> Result<Vec<Value>, String> {
        match &step.action {
            Action::Wait(ms) => std::thread::sleep(Duration::from_millis(*ms)),
            Action::Config { name, value } => {
                let admin = &mut self.peer.admin;
                admin
                    .send(&[b"CONFIG".as_slice(), b"SET", name.as_bytes(), value])
                    .map_err(|e| e.to_string())?;
                match admin.receive(1, PATIENCE).pop() {
                    Some(Value::Simple(_)) => {}
                    other => return Err(other.map_or("no answer".to_owned(), |value| value.to_string())),
                }
            }
            Action::Request { client, words } => {
                let client = self.client(*client).map_err(|error| error.to_string())?;
                if !words.is_empty() && client.send(words).is_err() {
                    return Ok(vec![Value::Closed]);
                }
                let count = step.expected.len();
                return Ok(client.receive(count, if count == 0 { GLANCE } else { PATIENCE }));
            }
        }
        Ok(Vec::new())
    }
}

/// Plays all transcripts below a folder; prints what differs. How many were played, and how many differ.
pub fn replay(root: &Path, address: &str, only: &str) -> io::Result<(usize, usize)> {
    let mut peer = Peer::connect(address)?;
    let (mut played, mut differ) = (0, 0);
    for source in find(root)?.iter().filter(|source| source.path.contains(only)) {
        played += 1;
        let report = match peer.play(&source.transcript) {
            Ok(differences) if differences.is_empty() => continue,
            Ok(differences) => report(source, &differences),
            Err(why) => format!("{}:{}: {why}\n", source.path, source.line),
        };
        differ += 1;
        print!("{report}");
    }
    Ok((played, differ))
}

fn report(source: &Source, differences: &[Difference]) -> String {
    let one = |difference: &Difference| {
        let line = source.line + difference.line - 1;
        let report = transcript::report(std::slice::from_ref(difference));
        let report = report.split_once(": ").map_or(report.as_str(), |(_, rest)| rest);
        format!("{}:{line}: {report}", source.path)
    };
    differences.iter().map(one).collect()
}
