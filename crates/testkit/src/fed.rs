//! What an engine tells its followers, as text.

use ::resp::Argv;
use ::resp::request::{Limits, Parsed, parse};

use crate::Harness;

impl Harness {
    /// A server of which somebody follows what it does.
    pub fn fed() -> Harness {
        let mut harness = Harness::new();
        harness.engine.set_feed(true);
        harness
    }

    /// The units that followers were told since the last call, each as its requests with `; ` between them. Requests of other
    /// databases than the first begin with `@` and its number.
    pub fn told(&mut self) -> Vec<String> {
        let units = units(self.engine.server.feed.units());
        self.engine.server.feed.taken();
        // Each call begins in a database of its own.
        self.engine.server.feed.reselect();
        units
    }
}

/// The requests in these bytes, one after the other; panics if they are no requests.
pub fn requests(mut bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let limits = Limits { max_bulk: 512 << 20, authenticated: true };
    let mut requests = Vec::new();
    while !bytes.is_empty() {
        if bytes[0] == b'#' {
            let end = bytes.iter().position(|byte| *byte == b'\n').expect("an annotation is a line");
            bytes = &bytes[end + 1..];
            continue;
        }
        let (mut words, mut progress) = (Vec::new(), None);
        let Parsed::Complete { used } = parse(bytes, limits, &mut words, &mut progress) else {
            panic!("no request: {}", bytes.escape_ascii());
        };
        requests.push(Argv::new(&bytes[..used], &words).iter().map(<[u8]>::to_vec).collect());
        bytes = &bytes[used..];
    }
    requests
}

/// See [`Harness::told`].
pub fn units(bytes: &[u8]) -> Vec<String> {
    let (mut db, mut units, mut open): (_, _, Option<Vec<String>>) = (Vec::new(), Vec::new(), None);
    for words in requests(bytes) {
        match words[0].as_slice() {
            b"SELECT" => db = words[1].clone(),
            b"MULTI" => assert!(open.replace(Vec::new()).is_none(), "MULTI in MULTI"),
            b"EXEC" => units.push(open.take().expect("EXEC without MULTI").join("; ")),
            _ => {
                let line = words.join(&b' ').escape_ascii().to_string();
                let line = if db == b"0" { line } else { format!("@{} {line}", db.escape_ascii()) };
                match &mut open {
                    Some(unit) => unit.push(line),
                    None => units.push(line),
                }
            }
        }
    }
    assert!(open.is_none(), "MULTI without EXEC");
    units
}
