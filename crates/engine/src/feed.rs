//! What the append-only file and replicas are to be told: the requests that changed something, in units.
//!
//! A unit is what the outermost command did: one request, or all that EXEC ran; a unit of several must be applied as a
//! whole, so whoever writes it puts MULTI and EXEC around it. Clients that are served because of a command make units
//! of their own after its.
//!
//! Collected only while `Listeners::feed` is set: then `Env::news` stays up, so that every command is looked at. Whoever
//! sets it takes the units before each wait ([`Feed::take`]).

use keyspace::DbIndex;
use resp::Argv;

use crate::outcome::Propagation;

/// A request and the database it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fed {
    pub db: DbIndex,
    pub words: Vec<Vec<u8>>,
}

/// Requests that are applied together, in their order; never none.
pub type Unit = Vec<Fed>;

#[derive(Debug, Default)]
pub struct Feed {
    open: Unit,
    units: Vec<Unit>,
    /// Nobody is told of what happens now (`redis.set_repl`).
    muted: bool,
}

impl Feed {
    /// Adds what one command did. `dirty`: whether it changed anything.
    pub(crate) fn add(&mut self, db: DbIndex, argv: Argv<'_>, dirty: bool, propagation: Propagation) {
        if self.muted {
            return;
        }
        let requests = match propagation {
            Propagation::AsRequested if dirty => vec![argv.iter().map(<[u8]>::to_vec).collect()],
            Propagation::Instead(requests) => requests,
            Propagation::AsRequested | Propagation::Nothing => return,
        };
        self.open.extend(requests.into_iter().map(|words| Fed { db, words }));
    }

    /// Has nobody be told of what happens from now on, or everybody again; what was before.
    pub(crate) fn mute(&mut self, on: bool) -> bool {
        std::mem::replace(&mut self.muted, on)
    }

    /// The outermost command has ended.
    pub(crate) fn close(&mut self) {
        if !self.open.is_empty() {
            self.units.push(std::mem::take(&mut self.open));
        }
    }

    /// All units since the last call, in order.
    pub fn take(&mut self) -> Vec<Unit> {
        std::mem::take(&mut self.units)
    }
}
