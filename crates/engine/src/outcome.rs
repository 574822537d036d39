//! What a command did, as data: the path acts on it after the body has returned.
//!
//! AOF, replication, keyspace notifications, client tracking, WATCH and blocked clients all hang on this one value,
//! so bodies state facts (`ctx.changed(key, event)`) and never know who listens.

/// The class of an event, as `notify-keyspace-events` groups them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    Stream,
    Expired,
    Evicted,
    New,
}

/// A key was changed (or removed, or made).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub db: keyspace::DbIndex,
    pub key: Vec<u8>,
    pub class: Class,
    /// The name of the event (`set`, `del`, `rename_from`).
    pub event: &'static str,
    /// How much had been told in `keyspace::Env::gone` when this happened.
    pub after: usize,
}

/// What to tell replicas and the append-only file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Propagation {
    /// The request itself, if it changed anything.
    #[default]
    AsRequested,
    /// These requests in its place: relative times made absolute, random choices made definite.
    Instead(Vec<Vec<Vec<u8>>>),
    /// Nothing, whatever changed.
    Nothing,
}

#[derive(Debug, Default)]
pub struct Outcome {
    /// How many changes were made to the dataset: what `rdb_changes_since_last_save` counts.
    pub dirty: u64,
    /// What listeners are to be told; absent while nobody listens, so that it costs a command nothing.
    details: Option<Box<Details>>,
}

/// What became of a whole database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    Emptied(keyspace::DbIndex),
    Swapped(keyspace::DbIndex, keyspace::DbIndex),
}

/// A key that somebody minds, in a database that changed as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    pub db: keyspace::DbIndex,
    pub key: Vec<u8>,
    /// It was there before.
    pub existed: bool,
}

#[derive(Debug, Default)]
pub struct Details {
    pub changes: Vec<Change>,
    pub wholes: Vec<Whole>,
    pub touched: Vec<Touched>,
    pub propagation: Propagation,
}

impl Outcome {
    pub fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    /// The end of an outcome. In the usual case there is nothing to free, and nothing is looked at.
    #[inline]
    pub(crate) fn end(self) {
        if self.details.is_none() {
            std::mem::forget(self);
        }
    }

    pub fn take_details(&mut self) -> Option<Box<Details>> {
        self.details.take()
    }
}
