//! Keyspace notifications: what happens to keys is published, as `notify-keyspace-events` says.
//!
//! ```text
//! __keyspace@0__:KEY    event      with K
//! __keyevent@0__:EVENT  key        with E
//! ```
//!
//! Nothing is collected for a class that is not asked for, or while nobody is subscribed to anything: the classes that
//! are published just now are in `Listeners::published`, kept by `listeners::refresh`. Events are published when their
//! command has been settled, in the order in which they happened.

use config::KeyspaceEvents as Events;
use keyspace::{DbIndex, Why};

use crate::outcome::Class;
use crate::pubsub::{self, Kind};
use crate::state::ServerState;

/// The classes of which events are published just now.
pub(crate) fn published(server: &ServerState) -> Events {
    let wanted = server.config.notify_keyspace_events;
    let anywhere = wanted.any_of(Events::KEYSPACE.and(Events::KEYEVENT));
    if anywhere && !server.pubsub.is_deaf() { wanted } else { Events::NONE }
}

/// The letter of a class.
pub(crate) fn class(class: Class) -> Events {
    match class {
        Class::Generic => Events::GENERIC,
        Class::String => Events::STRING,
        Class::List => Events::LIST,
        Class::Set => Events::SET,
        Class::SortedSet => Events::ZSET,
        Class::Hash => Events::HASH,
        Class::Stream => Events::STREAM,
        Class::Expired => Events::EXPIRED,
        Class::Evicted => Events::EVICTED,
        Class::New => Events::NEW,
    }
}

/// Class and name of what happened by the way.
pub(crate) fn of(why: Why) -> (Events, &'static str) {
    match why {
        Why::Expired => (Events::EXPIRED, "expired"),
        Why::Evicted => (Events::EVICTED, "evicted"),
        Why::Added => (Events::NEW, "new"),
        Why::Missed => (Events::MISSED, "keymiss"),
    }
}

/// Publishes an event, if its class is asked for.
pub(crate) fn publish(server: &mut ServerState, db: DbIndex, key: &[u8], class: Events, event: &str) {
    let wanted = server.listeners.published;
    if !wanted.has(class) {
        return;
    }
    if wanted.has(Events::KEYSPACE) {
        let channel = channel("__keyspace@", db, key);
        pubsub::publish(server, Kind::Channel, &channel, event.as_bytes());
    }
    if wanted.has(Events::KEYEVENT) {
        let channel = channel("__keyevent@", db, event.as_bytes());
        pubsub::publish(server, Kind::Channel, &channel, key);
    }
}

fn channel(prefix: &str, db: DbIndex, name: &[u8]) -> Vec<u8> {
    let mut digits = stdx::num::Decimal::new();
    [prefix.as_bytes(), digits.of(i64::from(db)), b"__:", name].concat()
}
