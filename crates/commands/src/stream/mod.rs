//! The commands of the group `stream`.

mod ack;
mod add;
mod autoclaim;
mod claim;
mod del;
mod delex;
mod group;
mod id;
mod info;
mod info_stream;
mod pending;
mod range;
mod read;
mod readgroup;
mod reply;
mod setid;
mod told;
mod trim;

use engine::outcome::Class;
use engine::{Command, CommandError, Ctx};
use keyspace::stream::{ConsumerIndex, Group};

pub(crate) static LISTS: &[&[Command]] = &[
    ack::COMMANDS,
    add::COMMANDS,
    autoclaim::COMMANDS,
    claim::COMMANDS,
    del::COMMANDS,
    delex::COMMANDS,
    group::COMMANDS,
    info::COMMANDS,
    pending::COMMANDS,
    range::COMMANDS,
    read::COMMANDS,
    readgroup::COMMANDS,
    setid::COMMANDS,
    trim::COMMANDS,
];

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Neither the key nor the group can be missing.
fn no_group(key: &[u8], group: &[u8]) -> CommandError {
    CommandError::Told(format!("NOGROUP No such key '{}' or consumer group '{}'", text(key), text(group)))
}

/// The key is there, the group is not.
fn no_group_of(key: &[u8], group: &[u8]) -> CommandError {
    CommandError::Told(format!(
        "NOGROUP No such consumer group '{}' for key name '{}'",
        text(group),
        text(key)
    ))
}

/// What becoming known of a consumer sets in motion.
fn consumer_made(ctx: &mut Ctx<'_>, key: &[u8]) {
    ctx.changed(key, Class::Stream, "xgroup-createconsumer");
}

/// The consumer of a name, seen now, and whether it was made for this.
fn seen(group: &mut Group, name: &[u8], now_ms: i64) -> (ConsumerIndex, bool) {
    let (index, made) = group.ensure_consumer(name, now_ms);
    group.consumer_mut(index).seen_ms = now_ms;
    (index, made)
}
