//! FLUSHDB and FLUSHALL: empty a database, or all of them.
//!
//! The content is taken out whole and an empty table put in its place, so the command takes no longer for many
//! keys; the old content is freed on another thread, unless SYNC (or `lazyfree-lazy-user-flush no`) says here
//! and now.

use engine::{Arg, Arity, Command, CommandError, Ctx, Effect, Flags, Group, Result, snapshot};
use keyspace::DbIndex;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "FLUSHDB",
        summary: "Removes all keys of a database.",
        run: |ctx| {
            let free = Free::parse(ctx)?;
            let here = ctx.client.db;
            let removed = empty(ctx, here, free);
            ctx.outcome.dirty += removed;
            // It is told to followers even if there was nothing, as with the peers.
            if removed == 0 {
                let words: Vec<&[u8]> = ctx.argv.iter().collect();
                ctx.propagate_instead(&words);
            }
            ctx.ok()
        },
        ..FLUSH
    },
    Command { name: "FLUSHALL", summary: "Removes all keys of all databases.", run: flush_all, ..FLUSH },
];

const FLUSH: Command = Command {
    group: Group::Server,
    arity: Arity::AtLeast(1),
    flags: Flags::WRITE,
    acl: &["keyspace", "dangerous"],
    args: &[Arg::one_of(
        "flush-type",
        &[Arg::word("async", "ASYNC").since("4.0.0"), Arg::word("sync", "SYNC").since("6.2.0")],
    )
    .optional()],
    reply: "OK",
    complexity: "O(N)",
    history: &[("4.0.0", "The mode `ASYNC`."), ("6.2.0", "The mode `SYNC`.")],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    ..Command::BLANK
};

/// Where the old content is freed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Free {
    Here,
    Elsewhere,
}

impl Free {
    fn parse(ctx: &Ctx<'_>) -> Result<Free> {
        match ctx.argv.len() {
            1 if ctx.server.config.lazyfree_lazy_user_flush => Ok(Free::Elsewhere),
            1 => Ok(Free::Here),
            2 if ctx.is(1, "ASYNC") => Ok(Free::Elsewhere),
            2 if ctx.is(1, "SYNC") => Ok(Free::Here),
            _ => Err(CommandError::Syntax),
        }
    }
}

/// Counts as a change even if all was empty, as with Valkey.
fn flush_all(ctx: &mut Ctx<'_>) -> Result {
    let free = Free::parse(ctx)?;
    // A snapshot that is being written has what goes now; and what is gone shall not come back with the next start.
    snapshot::forget_child(ctx.keyspace, ctx.server, ctx.host);
    let removed: u64 = (0..ctx.keyspace.databases()).map(|index| empty(ctx, index, free)).sum();
    ctx.outcome.dirty += removed.max(1);
    if !ctx.server.config.save.is_empty() {
        ctx.server.effects.push(Effect::Save);
    }
    ctx.ok()
}

/// Empties one database; how many keys it had.
fn empty(ctx: &mut Ctx<'_>, index: DbIndex, free: Free) -> u64 {
    ctx.emptying(index);
    let keys = ctx.keyspace.look(index).len() as u64;
    // What a snapshot has to write first is dropped elsewhere in any case, when it is written.
    let content = ctx.keyspace.take(index);
    if free == Free::Elsewhere && keys > 0 {
        ctx.server.totals.lazy_freed += keys;
        if let Some(content) = content {
            ctx.host.drop_later(Box::new(content));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn flushdb_empties_this_database_only() {
        check(
            r#"
            > SET a 1
            +OK
            > SWAPDB 0 1
            +OK
            > SET a 1
            +OK
            > SET b 2
            +OK
            > SET c 3
            +OK
            > FLUSHDB
            +OK
            > DBSIZE
            :0
            > FLUSHDB sync
            +OK
            > SWAPDB 0 1
            +OK
            > DBSIZE
            :1
            > EXISTS a
            :1
            "#,
        );
    }

    #[test]
    fn flushall_empties_all() {
        check(
            r#"
            > SET a 1
            +OK
            > EXPIRE a 100
            :1
            > SWAPDB 0 1
            +OK
            > SET b 1
            +OK
            > FLUSHALL ASYNC
            +OK
            > DBSIZE
            :0
            > SWAPDB 0 1
            +OK
            > DBSIZE
            :0
            > SET a 1
            +OK
            > TTL a
            :-1
            > FLUSHALL sync
            +OK
            > DBSIZE
            :0
            "#,
        );
    }

    #[test]
    fn other_words_are_refused() {
        check(
            r#"
            > SET a 1
            +OK
            > FLUSHDB foo
            -ERR syntax error
            > FLUSHDB SYNC ASYNC
            -ERR syntax error
            > FLUSHALL foo
            -ERR syntax error
            > DBSIZE
            :1
            "#,
        );
    }

    #[test]
    fn each_key_is_a_change_and_an_empty_flushall_is_one() {
        let mut h = Harness::new();
        // With rules FLUSHALL saves, and nothing is unsaved afterwards.
        h.config("save", b"").expect("no rules");
        let mut changes = |request: &str| {
            let before = h.engine.server.dirty;
            h.send(request);
            h.engine.server.dirty - before
        };
        assert_eq!((changes("FLUSHDB"), changes("FLUSHALL")), (0, 1));
        assert_eq!((changes("SET a 1"), changes("SET b 1"), changes("FLUSHDB")), (1, 1, 2));
        assert_eq!((changes("SET a 1"), changes("SET b 1"), changes("FLUSHALL SYNC")), (1, 1, 2));
        assert_eq!((changes("SWAPDB 0 0"), changes("SWAPDB 0 1")), (1, 1));
    }
}
