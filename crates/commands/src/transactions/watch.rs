//! WATCH, UNWATCH: a transaction that happens only if nobody else was quicker.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};

use super::{AT_ONCE, TRANSACTION};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "WATCH",
        summary: "Has the next EXEC do nothing if one of the keys has changed by then.",
        since: "2.2.0",
        arity: Arity::AtLeast(2),
        flags: AT_ONCE.and(Flags::NO_MULTI),
        keys: &[KeySpec::from(1).ro()],
        args: &[Arg::key("key").many()],
        complexity: "O(1) for each key",
        run: watch,
        ..TRANSACTION
    },
    Command {
        name: "UNWATCH",
        summary: "Forgets all watched keys.",
        since: "2.2.0",
        flags: AT_ONCE,
        run: unwatch,
        ..TRANSACTION
    },
];

fn watch(ctx: &mut Ctx<'_>) -> Result {
    let argv = ctx.argv;
    for key in argv.from(1).iter() {
        ctx.watch(key);
    }
    ctx.ok()
}

fn unwatch(ctx: &mut Ctx<'_>) -> Result {
    ctx.unwatch();
    ctx.ok()
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn a_change_by_anybody_aborts() {
        check(
            r#"
            > SET k 1
            +OK
            > WATCH k other
            +OK
            2> SET k 2
            +OK
            > MULTI
            +OK
            > SET k 3
            +QUEUED
            > EXEC
            nil*
            > GET k
            "2"
            > MULTI
            +OK
            > SET k 3
            +QUEUED
            > EXEC
            [+OK]
            # its own change, too
            > WATCH k
            +OK
            > SET k 4
            +OK
            > MULTI
            +OK
            > PING
            +QUEUED
            > EXEC
            nil*
            > WATCH k
            +OK
            > MULTI
            +OK
            2> DEL k
            :1
            > PING
            +QUEUED
            > EXEC
            nil*
            > WATCH k
            +OK
            2> GET k
            nil
            2> DEL k
            :0
            2> SET l 1
            +OK
            > MULTI
            +OK
            > SET k 1
            +QUEUED
            > EXEC
            [+OK]
            "#,
        );
    }

    #[test]
    fn what_comes_after_exec_or_unwatch_does_not_count() {
        check(
            r#"
            > WATCH k
            +OK
            2> SET k 1
            +OK
            > UNWATCH
            +OK
            > MULTI
            +OK
            > PING
            +QUEUED
            > EXEC
            [+PONG]
            > WATCH k
            +OK
            2> SET k 1
            +OK
            > MULTI
            +OK
            > DISCARD
            +OK
            > MULTI
            +OK
            > PING
            +QUEUED
            > EXEC
            [+PONG]
            > WATCH k
            +OK
            > MULTI
            +OK
            > EXEC
            []
            2> SET k 2
            +OK
            > MULTI
            +OK
            > EXEC
            []
            > WATCH
            -ERR wrong number of arguments for 'watch' command
            > UNWATCH k
            -ERR wrong number of arguments for 'unwatch' command
            > MULTI
            +OK
            > UNWATCH
            +QUEUED
            > EXEC
            [+OK]
            "#,
        );
    }

    #[test]
    fn keys_are_those_of_the_database() {
        check(
            r#"
            > WATCH k
            +OK
            > SELECT 1
            +OK
            > WATCH j
            +OK
            > SET k 1
            +OK
            > SELECT 0
            +OK
            > SET j 1
            +OK
            > MULTI
            +OK
            > PING
            +QUEUED
            > EXEC
            [+PONG]
            > WATCH j
            +OK
            2> MOVE j 2
            :1
            > MULTI
            +OK
            > EXEC
            nil*
            > SELECT 2
            +OK
            > WATCH x
            +OK
            2> SET x 1
            +OK
            2> MOVE x 2
            :1
            > MULTI
            +OK
            > EXEC
            nil*
            "#,
        );
    }

    #[test]
    fn renaming_and_copying_change_both_ends() {
        check(
            r#"
            > SET a 1
            +OK
            > WATCH a
            +OK
            2> RENAME a b
            +OK
            > MULTI
            +OK
            > EXEC
            nil*
            > WATCH a
            +OK
            2> RENAME b a
            +OK
            > MULTI
            +OK
            > EXEC
            nil*
            > WATCH a
            +OK
            2> COPY a c
            :1
            > MULTI
            +OK
            > EXEC
            []
            > WATCH c
            +OK
            2> COPY a c REPLACE
            :1
            > MULTI
            +OK
            > EXEC
            nil*
            > WATCH a
            +OK
            2> EXPIRE a 100
            :1
            > MULTI
            +OK
            > EXEC
            nil*
            > WATCH a
            +OK
            2> EXPIRE a 200 LT
            :0
            > MULTI
            +OK
            > EXEC
            []
            "#,
        );
    }

    #[test]
    fn emptied_databases_matter_if_the_key_was_there() {
        check(
            r#"
            > WATCH k
            +OK
            2> FLUSHDB
            +OK
            2> FLUSHALL
            +OK
            > MULTI
            +OK
            > EXEC
            []
            > SET k 1
            +OK
            > WATCH k
            +OK
            2> FLUSHDB
            +OK
            > MULTI
            +OK
            > EXEC
            nil*
            > SET k 1
            +OK
            > WATCH k
            +OK
            2> SELECT 1
            +OK
            2> FLUSHDB
            +OK
            > MULTI
            +OK
            > EXEC
            []
            > WATCH k
            +OK
            2> FLUSHALL
            +OK
            > MULTI
            +OK
            > EXEC
            nil*
            "#,
        );
    }

    #[test]
    fn swapped_databases_matter_if_the_key_is_in_either() {
        check(
            r#"
            > WATCH k
            +OK
            2> SWAPDB 0 1
            +OK
            > MULTI
            +OK
            > EXEC
            []
            > SET k 1
            +OK
            > WATCH k
            +OK
            2> SWAPDB 0 0
            +OK
            > MULTI
            +OK
            > EXEC
            []
            > WATCH k
            +OK
            2> SWAPDB 0 1
            +OK
            > MULTI
            +OK
            > EXEC
            nil*
            > WATCH k
            +OK
            2> SWAPDB 1 0
            +OK
            > MULTI
            +OK
            > EXEC
            nil*
            > WATCH k
            +OK
            2> SWAPDB 2 1
            +OK
            > MULTI
            +OK
            > EXEC
            []
            "#,
        );
    }

    #[test]
    fn a_key_whose_time_ends_meanwhile_aborts() {
        check(
            r#"
            > SET k 1 PX 20
            +OK
            > WATCH k
            +OK
            ! wait 60
            > MULTI
            +OK
            > PING
            +QUEUED
            > EXEC
            nil*
            > SET k 1 PX 20
            +OK
            > WATCH k
            +OK
            ! wait 60
            2> GET k
            nil
            > MULTI
            +OK
            > PING
            +QUEUED
            > EXEC
            nil*
            "#,
        );
    }

    #[test]
    fn a_key_whose_time_was_up_before_does_not_abort_unless_it_is_made_again() {
        check(
            r#"
            > DEBUG SET-ACTIVE-EXPIRE 0
            +OK
            > SET k 1 PX 20
            +OK
            ! wait 60
            > WATCH k
            +OK
            2> GET k
            nil
            > MULTI
            +OK
            > PING
            +QUEUED
            > EXEC
            [+PONG]
            > SET k 1 PX 20
            +OK
            ! wait 60
            > WATCH k
            +OK
            2> SET k 2
            +OK
            > MULTI
            +OK
            > PING
            +QUEUED
            > EXEC
            nil*
            > SET k 1 PX 20
            +OK
            ! wait 60
            > WATCH k
            +OK
            > MULTI
            +OK
            > GET k
            +QUEUED
            > EXEC
            [nil]
            > SET k 1 PX 20
            +OK
            ! wait 60
            > WATCH k
            +OK
            2> FLUSHALL
            +OK
            > MULTI
            +OK
            > EXEC
            []
            > DEBUG SET-ACTIVE-EXPIRE 1
            +OK
            "#,
        );
    }

    #[test]
    fn swapping_expired_keys_is_no_change() {
        check(
            r#"
            > DEBUG SET-ACTIVE-EXPIRE 0
            +OK
            > SET k 1 PX 20
            +OK
            ! wait 60
            > WATCH k
            +OK
            2> SWAPDB 0 1
            +OK
            > MULTI
            +OK
            > EXEC
            []
            > WATCH k
            +OK
            2> SWAPDB 0 1
            +OK
            > MULTI
            +OK
            > EXEC
            []
            > DEBUG SET-ACTIVE-EXPIRE 1
            +OK
            "#,
        );
    }

    #[test]
    fn an_evicted_key_aborts() {
        let mut h = testkit::Harness::new();
        h.send("SET k v");
        h.send("CONFIG SET maxmemory-policy allkeys-random");
        h.send("WATCH k");
        h.send("MULTI");
        h.host.used_memory = 1000;
        h.config("maxmemory", b"10").unwrap();
        h.client(2).send("GET nothing");
        assert_eq!(h.engine.keyspace.env.stats.evicted, 1);
        h.config("maxmemory", b"0").unwrap();
        assert_eq!(h.send("EXEC").to_string(), "nil*");
    }

    #[test]
    fn the_watchers_own_eviction_aborts() {
        let mut h = testkit::Harness::new();
        h.send("SET k v");
        h.send("CONFIG SET maxmemory-policy allkeys-random");
        h.send("WATCH k");
        h.send("MULTI");
        h.host.used_memory = 1000;
        h.config("maxmemory", b"10").unwrap();
        assert_eq!(h.send("EXEC").to_string(), "nil*");
        assert_eq!(h.engine.keyspace.env.stats.evicted, 1);
    }
}
