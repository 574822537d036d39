//! What follows from a command: counted, told to listeners, propagated.
//!
//! **Invariant** 1. See `path`, invariant 2: EXEC and scripts do not propagate themselves on top of what they ran.

use keyspace::Keyspace;

use crate::blocked;
use crate::client::Client;
use crate::command::Flags;
use crate::ctx::Ctx;
use crate::evict;
use crate::feed::{self, Place};
use crate::outcome::{Details, Whole};
use crate::state::ServerState;
use crate::watch;

/// Acts on the outcome. Cold parts hang on `follow` as they are built: keyspace notifications and tracking.
#[inline]
pub(super) fn settle(ctx: &mut Ctx<'_>) {
    ctx.server.dirty += ctx.outcome.dirty;
    if ctx.keyspace.env.news {
        follow(ctx);
    }
}

/// Something happened that somebody minds. Who waits is served when the outermost command has ended.
#[cold]
fn follow(ctx: &mut Ctx<'_>) {
    let details = ctx.outcome.take_details();
    if let Some(details) = &details {
        follow_details(ctx.keyspace, ctx.server, ctx.client, details);
    }
    if ctx.server.listeners.feed {
        let alone = ctx.server.depth == 0 && ctx.command.record.flags.has(Flags::TOUCHES_ARBITRARY_KEYS);
        let env = &ctx.keyspace.env;
        feed::add_gone(
            ctx.server,
            &env.gone,
            &env.gone_fields,
            if alone { Place::Alone } else { Place::InUnit },
        );
        let propagation = details.map(|details| details.propagation).unwrap_or_default();
        ctx.server.feed.add(ctx.client.db, ctx.argv, ctx.outcome.dirty != 0, propagation);
        if ctx.server.depth == 0 {
            ctx.server.feed.close();
        }
    }
    touch_gone(ctx.keyspace, ctx.server, Some(ctx.client));
    evict::drop_garbage(ctx.keyspace, ctx.server, ctx.host);
    blocked::serve(ctx.keyspace, ctx.server, ctx.registry, ctx.host);
    if !ctx.server.blocked.is_serving() {
        watch::touch_missed(ctx.keyspace, ctx.server, ctx.client);
    }
}

fn follow_details(keyspace: &mut Keyspace, server: &mut ServerState, client: &mut Client, details: &Details) {
    for change in &details.changes {
        watch::touch(keyspace, server, Some(client), (change.db, &change.key), true);
        server.blocked.note_gone(change.db, &change.key);
    }
    for touched in &details.touched {
        watch::touch(keyspace, server, Some(client), (touched.db, &touched.key), touched.existed);
        server.blocked.note_gone(touched.db, &touched.key);
    }
    for whole in &details.wholes {
        if let Whole::Swapped(a, b) = *whole {
            server.blocked.note_all(a);
            server.blocked.note_all(b);
        }
    }
}

/// Tells of keys that went by themselves, before a command or without one. `current` is the client whose command runs,
/// if one does.
pub(crate) fn follow_gone(keyspace: &mut Keyspace, server: &mut ServerState, current: Option<&mut Client>) {
    feed::add_gone(server, &keyspace.env.gone, &keyspace.env.gone_fields, Place::Alone);
    touch_gone(keyspace, server, current);
}

fn touch_gone(keyspace: &mut Keyspace, server: &mut ServerState, mut current: Option<&mut Client>) {
    for gone in std::mem::take(&mut keyspace.env.gone) {
        watch::touch(keyspace, server, current.as_deref_mut(), (gone.db, &gone.key), true);
        server.blocked.note_gone(gone.db, &gone.key);
    }
    for gone in std::mem::take(&mut keyspace.env.gone_fields) {
        watch::touch(keyspace, server, current.as_deref_mut(), (gone.db, &gone.key), true);
        if gone.emptied {
            server.blocked.note_gone(gone.db, &gone.key);
        }
    }
}
