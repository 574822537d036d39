//! The commands of the group `list`.
//!
//! A body searches a key once, changes the list and writes the reply from within the change: elements go from the
//! list into the outbox, and nowhere else. Even those that move from one list to another do: they are taken from the
//! reply.

mod block_pop;
mod index;
mod insert;
mod length;
mod mpop;
mod pop;
mod position;
mod push;
mod range;
mod remove;
mod set;
mod shift;
mod shift_many;
mod trim;

use std::ops::ControlFlow;

use engine::outbox::Outbox;
use engine::outcome::Class;
use engine::{Arg, Command, CommandError, Ctx, Group, Result};
use keyspace::{DbMut, End, Key, List, ListView, view_of};
use resp::reply;
use structures::listpack::{Element, Iter};
use structures::quicklist::Run;

pub(crate) static LISTS: &[&[Command]] = &[
    block_pop::COMMANDS,
    index::COMMANDS,
    insert::COMMANDS,
    length::COMMANDS,
    mpop::COMMANDS,
    pop::COMMANDS,
    position::COMMANDS,
    push::COMMANDS,
    range::COMMANDS,
    remove::COMMANDS,
    set::COMMANDS,
    shift::COMMANDS,
    shift_many::COMMANDS,
    trim::COMMANDS,
];

const LIST: Command = Command { group: Group::List, ..Command::BLANK };

const ENDS: &[Arg] = &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")];
const FROM: Arg = Arg::one_of("wherefrom", ENDS);
const TO: Arg = Arg::one_of("whereto", ENDS);

/// LEFT or RIGHT.
fn end_at(ctx: &Ctx<'_>, index: usize) -> Result<End> {
    match ctx.argv.get(index) {
        Some(word) if word.eq_ignore_ascii_case(b"LEFT") => Ok(End::Head),
        Some(word) if word.eq_ignore_ascii_case(b"RIGHT") => Ok(End::Tail),
        _ => Err(CommandError::Syntax),
    }
}

/// The word at an index as a number that is not negative; else an error with a text of the command's own.
fn count_at(ctx: &Ctx<'_>, index: usize, least: i64, error: &'static str) -> Result<usize> {
    let number = ctx.integer(index).ok().filter(|number| *number >= least);
    number.and_then(|number| usize::try_from(number).ok()).ok_or(CommandError::Line(error))
}

/// The word at an index as a number whose opposite is one, too.
fn signed_at(ctx: &Ctx<'_>, index: usize) -> Result<i64> {
    match ctx.integer(index)? {
        i64::MIN => Err(CommandError::Line(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )),
        number => Ok(number),
    }
}

/// An index, which counts from the end if negative, as one from the beginning; `None` before the beginning.
fn from_start(index: i64, len: usize) -> Option<usize> {
    if index >= 0 {
        return Some(usize::try_from(index).unwrap_or(usize::MAX));
    }
    len.checked_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
}

/// Index of the first, and number, of the elements from `start` to `stop`, which count from the end if negative.
fn span(start: i64, stop: i64, len: usize) -> (usize, usize) {
    let first = from_start(start, len).unwrap_or(0);
    let Some(last) = from_start(stop, len) else { return (0, 0) };
    let end = last.saturating_add(1).min(len);
    if first < end { (first, end - first) } else { (0, 0) }
}

/// Whether a list is under a key, without counting a hit or a miss.
fn has_list(db: DbMut<'_>, key: Key<'_>) -> Result<bool> {
    match db.write(key) {
        Some(entry) => Ok(view_of::<List>(entry).map(|_| true)?),
        None => Ok(false),
    }
}

#[inline(never)]
fn put(out: &mut Outbox, element: Element<'_>) {
    match element {
        Element::Str(bytes) => out.bulk(bytes),
        Element::Int(int) => {
            reply::bulk_integer(out.buffer(), int);
            out.settle();
        }
    }
}

/// Answers an array of so many elements, from an index on in a direction.
fn put_range(out: &mut Outbox, list: ListView<'_>, from: End, index: usize, count: usize) {
    out.array(count);
    match from {
        End::Head => put_forward(out, list, index, count),
        End::Tail => list.range(from, index, count, |element| put(out, element)),
    }
}

/// One loop for all encodings, which is worth half the time of a long range.
fn put_forward(out: &mut Outbox, list: ListView<'_>, index: usize, count: usize) {
    let (mut bulks, mut left) = (reply::Bulks::default(), count);
    if count == 0 {
        return;
    }
    let _ = list.runs(index, |run| {
        match run {
            Run::Plain(bytes) => {
                out.bulk(bytes);
                left -= 1;
            }
            Run::Pack(elements) => left = put_run(out, &mut bulks, elements, left),
        }
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
}

/// Answers elements, at most so many; returns how many are left to be answered.
fn put_run(out: &mut Outbox, bulks: &mut reply::Bulks, mut elements: Iter<'_>, most: usize) -> usize {
    let mut left = most;
    while left > 0
        && let Some(element) = elements.next()
    {
        match element {
            Element::Str(bytes) => {
                bulks.put(out.buffer(), bytes);
                out.settle();
            }
            Element::Int(_) => put(out, element),
        }
        left -= 1;
    }
    left
}

/// The name of the event.
fn push_event(end: End) -> &'static str {
    match end {
        End::Head => "lpush",
        End::Tail => "rpush",
    }
}

/// The name of the event.
fn pop_event(end: End) -> &'static str {
    match end {
        End::Head => "lpop",
        End::Tail => "rpop",
    }
}

/// States that elements were added to a list.
#[inline]
fn added(ctx: &mut Ctx<'_>, key: Key<'_>, event: &'static str, count: usize) {
    ctx.outcome.dirty += count as u64;
    ctx.event(ctx.client.db, key.bytes, Class::List, event);
    // A list that was there before may hold enough now for somebody who waits for several elements.
    ctx.ready(key.bytes);
}

/// States that elements were taken out of a list, and that its key is gone if none are left.
#[inline]
fn taken(ctx: &mut Ctx<'_>, key: Key<'_>, event: &'static str, count: usize, gone: bool) {
    ctx.outcome.dirty += count as u64;
    ctx.event(ctx.client.db, key.bytes, Class::List, event);
    if gone {
        ctx.event(ctx.client.db, key.bytes, Class::Generic, "del");
    }
}
