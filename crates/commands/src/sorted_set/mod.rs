//! The commands of the group `sorted-set`.

mod add;
mod algebra;
mod block;
mod count;
mod difference;
mod intersect;
mod interval;
mod pop;
mod random;
mod range;
mod range_store;
mod rank;
mod remove;
mod remove_range;
mod scan;
mod score;
mod union;

use engine::outbox::Outbox;
use engine::{Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Key, SortedSet, SortedSetView};
use structures::Element;

pub(crate) static LISTS: &[&[Command]] = &[
    add::COMMANDS,
    block::COMMANDS,
    count::COMMANDS,
    difference::COMMANDS,
    intersect::COMMANDS,
    pop::COMMANDS,
    random::COMMANDS,
    range::COMMANDS,
    range_store::COMMANDS,
    rank::COMMANDS,
    remove::COMMANDS,
    remove_range::COMMANDS,
    scan::COMMANDS,
    score::COMMANDS,
    union::COMMANDS,
];

/// What commands that only look at one sorted set have in common.
const READS: Command = Command {
    group: Group::SortedSet,
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    ..Command::BLANK
};

/// The sorted set under a key, for reading.
#[inline]
fn view<'c>(ctx: &'c mut Ctx<'_>, key: Key<'_>) -> Result<(Option<SortedSetView<'c>>, &'c mut Outbox)> {
    let view = ctx.keyspace.db(ctx.client.db).view::<SortedSet>(key)?;
    Ok((view, &mut ctx.client.out))
}

/// A member as a reply.
#[inline]
fn member(out: &mut Outbox, member: Element<'_>) {
    match member {
        Element::Str(bytes) => out.bulk(bytes),
        Element::Int(int) => out.string(keyspace::Str::Int(int)),
    }
}

/// How many pairs there are to tell: in RESP3 each pair is an array of its own.
fn pairs(out: &mut Outbox, count: usize) {
    out.array(if out.protocol == resp::Protocol::Resp3 { count } else { 2 * count });
}

/// A member and its score, in an array of their own in RESP3.
#[inline]
fn pair(out: &mut Outbox, name: Element<'_>, score: f64) {
    if out.protocol == resp::Protocol::Resp3 {
        out.array(2);
    }
    member(out, name);
    out.double(score);
}

/// The word at an index as a score or an increment.
#[inline]
fn score(ctx: &Ctx<'_>, index: usize) -> Result<f64> {
    let word = ctx.argv.at(index);
    match stdx::num::parse_i64(word) {
        Some(whole) => Ok(whole as f64),
        None => stdx::num::parse_f64(word).ok_or(CommandError::NotFloat),
    }
}
