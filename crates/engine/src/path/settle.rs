//! What follows from a command: counted, told to listeners, propagated.
//!
//! **Invariant** 1. See `path`, invariant 2: EXEC and scripts do not propagate themselves on top of what they ran.

use config::KeyspaceEvents as Events;
use keyspace::{Keyspace, Why};

use crate::blocked;
use crate::client::Client;
use crate::command::Flags;
use crate::ctx::Ctx;
use crate::evict;
use crate::feed::{self, Place};
use crate::notify;
use crate::outcome::{Details, Propagation, Whole};
use crate::state::ServerState;
use crate::tracking::{self, Who};
use crate::watch;

/// Acts on the outcome. Cold parts hang on `follow` as they are built: keyspace notifications and tracking.
#[inline]
pub(super) fn settle(ctx: &mut Ctx<'_>) {
    ctx.server.dirty += ctx.outcome.dirty;
    if ctx.keyspace.env.news {
        follow(ctx);
    } else if ctx.server.listeners.feed && ctx.outcome.dirty != 0 {
        feed_plainly(ctx);
    }
}

/// What there is to do for a command that wrote and did nothing else that somebody minds: most that write.
fn feed_plainly(ctx: &mut Ctx<'_>) {
    ctx.server.feed.add_request(ctx.client.db, ctx.argv);
    end_of_command(ctx);
}

/// The outermost command closes its unit. Those within it see to it that it is looked at.
fn end_of_command(ctx: &mut Ctx<'_>) {
    if ctx.server.depth == 0 {
        ctx.server.feed.close();
    } else if ctx.server.feed.is_open() {
        ctx.keyspace.env.news = true;
    }
}

/// Something happened that somebody minds. Who waits is served when the outermost command has ended.
#[cold]
fn follow(ctx: &mut Ctx<'_>) {
    let mut details = ctx.outcome.take_details();
    if ctx.server.listeners.feed {
        let propagation = details.as_mut().map(|details| std::mem::take(&mut details.propagation));
        feed(ctx, &propagation.unwrap_or_default());
    }
    if let Some(details) = &details {
        follow_details(ctx.keyspace, ctx.server, ctx.client, details);
    }
    touch_gone(ctx.keyspace, ctx.server, Some(ctx.client));
    evict::drop_garbage(ctx.keyspace, ctx.server, ctx.host);
    blocked::serve(ctx.keyspace, ctx.server, ctx.registry, ctx.host);
    if !ctx.server.blocked.is_serving() {
        watch::touch_missed(ctx.keyspace, ctx.server, ctx.client);
    }
}

/// Has replicas and the append-only file told of what the command did, and of what went by itself meanwhile.
fn feed(ctx: &mut Ctx<'_>, propagation: &Propagation) {
    let alone = ctx.server.depth == 0 && ctx.command.record.flags.has(Flags::TOUCHES_ARBITRARY_KEYS);
    let place = if alone { Place::Alone } else { Place::InUnit };
    feed::add_gone(ctx.server, &ctx.keyspace.env.gone, &ctx.keyspace.env.gone_fields, place);
    ctx.server.feed.add(ctx.client.db, ctx.argv, ctx.outcome.dirty != 0, propagation);
    end_of_command(ctx);
}

fn follow_details(keyspace: &mut Keyspace, server: &mut ServerState, client: &mut Client, details: &Details) {
    let mut gone = std::mem::take(&mut keyspace.env.gone).into_iter();
    let mut told = 0;
    for change in &details.changes {
        // What happened by the way is told in between, where it happened.
        for gone in gone.by_ref().take(change.after.saturating_sub(told)) {
            told += 1;
            follow_one(keyspace, server, Some(client), &gone);
        }
        let by = Some(Who::of(client));
        tracking::invalidate(server, &change.key, by, by);
        notify::publish(server, change.db, &change.key, notify::class(change.class), change.event);
        watch::touch(keyspace, server, Some(client), (change.db, &change.key), true);
        server.blocked.note_gone(change.db, &change.key);
    }
    keyspace.env.gone = gone.collect();
    for touched in &details.touched {
        watch::touch(keyspace, server, Some(client), (touched.db, &touched.key), touched.existed);
        server.blocked.note_gone(touched.db, &touched.key);
        if details.wholes.is_empty() {
            let by = Some(Who::of(client));
            tracking::invalidate(server, &touched.key, by, by);
        }
    }
    if details.wholes.iter().any(|whole| matches!(whole, Whole::Emptied(_))) {
        tracking::invalidate_all(server, client);
    }
    for whole in &details.wholes {
        if let Whole::Swapped(a, b) = *whole {
            server.blocked.note_all(a);
            server.blocked.note_all(b);
        }
    }
}

/// Tells of keys and fields that went by themselves (and of what else is in `Env::gone`), before a command or without
/// one. `current` is the client whose command runs, if one does.
pub(crate) fn follow_gone(keyspace: &mut Keyspace, server: &mut ServerState, current: Option<&mut Client>) {
    feed::add_gone(server, &keyspace.env.gone, &keyspace.env.gone_fields, Place::Alone);
    touch_gone(keyspace, server, current);
}

fn touch_gone(keyspace: &mut Keyspace, server: &mut ServerState, mut current: Option<&mut Client>) {
    for gone in std::mem::take(&mut keyspace.env.gone) {
        follow_one(keyspace, server, current.as_deref_mut(), &gone);
    }
    for gone in std::mem::take(&mut keyspace.env.gone_fields) {
        tracking::invalidate(server, &gone.key, None, current.as_deref().map(Who::of));
        notify::publish(server, gone.db, &gone.key, Events::HASH, "hexpired");
        watch::touch(keyspace, server, current.as_deref_mut(), (gone.db, &gone.key), true);
        if gone.emptied {
            notify::publish(server, gone.db, &gone.key, Events::GENERIC, "del");
            server.blocked.note_gone(gone.db, &gone.key);
        }
    }
}

fn follow_one(
    keyspace: &mut Keyspace,
    server: &mut ServerState,
    current: Option<&mut Client>,
    gone: &keyspace::Gone,
) {
    let (class, event) = notify::of(gone.why);
    let went = matches!(gone.why, Why::Expired | Why::Evicted);
    if went {
        tracking::invalidate(server, &gone.key, None, current.as_deref().map(Who::of));
    }
    notify::publish(server, gone.db, &gone.key, class, event);
    if went {
        watch::touch(keyspace, server, current, (gone.db, &gone.key), true);
        server.blocked.note_gone(gone.db, &gone.key);
    }
}
