//! What follows from a command: counted, told to listeners, propagated.
//!
//! **Invariant** 1. See `path`, invariant 2: EXEC and scripts do not propagate themselves on top of what they ran.

use crate::ctx::Ctx;

/// Acts on the outcome. Cold parts hang here as they are built: the append-only file and replicas (the feed), keyspace
/// notifications, tracking and WATCH (the changes).
#[inline]
pub(super) fn settle(ctx: &mut Ctx<'_>) {
    ctx.server.dirty += ctx.outcome.dirty;
    if !ctx.keyspace.env.gone.is_empty() {
        // Nobody listens yet who could be told; the list must not grow.
        ctx.keyspace.env.gone.clear();
    }
}
