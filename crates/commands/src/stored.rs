//! Results that are kept under a key (the STORE commands): whatever was there goes, also if there is no result.

use engine::Ctx;
use engine::outcome::Class;
use keyspace::{Collection, Key};

/// Puts a collection under a key of the client's database, or removes the key if the collection is empty. Said to be one
/// change. `O(1)`, and what it takes to free what was there.
pub(crate) fn store<T: Collection>(
    ctx: &mut Ctx<'_>,
    key: Key<'_>,
    result: T,
    class: Class,
    event: &'static str,
) {
    ctx.db().expire_if_due(key);
    let before = ctx.db().remove(key);
    let replaced = before.is_some();
    if let Some(entry) = before {
        let lazy = ctx.server.config.lazyfree_lazy_server_del;
        ctx.free(entry, lazy);
    }
    if !result.is_empty() {
        ctx.db().put_collection(key, result);
        ctx.changed(key.bytes, class, event);
    } else if replaced {
        ctx.changed(key.bytes, Class::Generic, "del");
    }
}
