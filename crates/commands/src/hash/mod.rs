//! The commands of the group `hash`.

mod del;
mod expire;
mod get;
mod getall;
mod getdel;
mod getex;
mod incr;
mod persist;
mod random;
mod scan;
mod set;
mod setex;
mod terms;
mod ttl;

use engine::outcome::Class;
use engine::{Command, Ctx, Outbox};
use keyspace::{Key, Str};
use structures::listpack::Element;

pub(crate) static LISTS: &[&[Command]] = &[
    del::COMMANDS,
    expire::COMMANDS,
    get::COMMANDS,
    getall::COMMANDS,
    getdel::COMMANDS,
    getex::COMMANDS,
    incr::COMMANDS,
    persist::COMMANDS,
    random::COMMANDS,
    scan::COMMANDS,
    set::COMMANDS,
    setex::COMMANDS,
    ttl::COMMANDS,
];

/// Answers a field or a value.
#[inline]
fn answer(out: &mut Outbox, element: Element<'_>) {
    out.string(match element {
        Element::Int(int) => Str::Int(int),
        Element::Str(bytes) => Str::Bytes(bytes),
    });
}

/// So many fields of this key went since their time was up, or made room for others.
fn note_expired(ctx: &mut Ctx<'_>, key: Key<'_>, fields: usize) {
    if fields > 0 {
        ctx.keyspace.env.stats.expired_fields += fields as u64;
        ctx.event(ctx.client.db, key.bytes, Class::Hash, "hexpired");
    }
}

/// So many fields of this key were changed, at least one.
fn note_changed(ctx: &mut Ctx<'_>, key: Key<'_>, fields: usize, event: &'static str) {
    ctx.outcome.dirty += fields as u64 - 1;
    ctx.changed(key.bytes, Class::Hash, event);
}

/// Whether the last field went, and the key with it.
fn note_gone(ctx: &mut Ctx<'_>, key: Key<'_>, gone: bool) {
    if gone {
        ctx.event(ctx.client.db, key.bytes, Class::Generic, "del");
    }
}
