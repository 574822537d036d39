//! Parameters whose value has a grammar of its own. Each type reads and shows itself.

mod addresses;
mod keyspace_events;
mod numbers;
mod output_buffer;
mod replica_of;
mod save;
mod shutdown;

pub use keyspace_events::KeyspaceEvents;
pub use numbers::{OomScores, Percentiles};
pub use output_buffer::{OutputBufferLimit, OutputBufferLimits};
pub use replica_of::ReplicaOf;
pub use save::{SaveRule, SaveRules};
pub use shutdown::ShutdownOn;

/// What a file needs behind a name for an empty value.
fn or_empty_quotes(text: Vec<u8>) -> Vec<u8> {
    if text.is_empty() { b"\"\"".into() } else { text }
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<u8> {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(" ").into_bytes()
}

/// A number as C's `strtoll` would take it whole: a sign is allowed, blanks and other letters are not.
fn number<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    std::str::from_utf8(word).ok()?.parse().ok()
}
