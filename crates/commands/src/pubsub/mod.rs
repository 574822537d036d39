//! The commands of the group `pubsub`. What they do: `engine::pubsub`.

mod inspect;
mod publish;
mod subscribe;
mod unsubscribe;

use engine::{Command, Flags, Group, KeyFlags, KeySpec};

pub(crate) static LISTS: &[&[Command]] =
    &[inspect::COMMANDS, publish::COMMANDS, subscribe::COMMANDS, unsubscribe::COMMANDS];

/// What all of them have in common.
const PUBSUB: Command = Command {
    group: Group::PubSub,
    flags: Flags::PUBSUB.and(Flags::LOADING).and(Flags::STALE),
    ..Command::BLANK
};

/// What those that subscribe and unsubscribe have in common.
const SUBSCRIPTION: Command =
    Command { since: "2.0.0", flags: PUBSUB.flags.and(Flags::NOSCRIPT), complexity: "O(N)", ..PUBSUB };

/// Shard channels are found in a request as keys are, but are none.
const SHARD_CHANNELS: &[KeySpec] = &[KeySpec::from(1).with(KeyFlags::NOT_KEY)];

#[cfg(test)]
mod events;
