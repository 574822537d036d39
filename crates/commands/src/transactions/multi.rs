//! MULTI, EXEC, DISCARD: requests that run together, or not at all.

use engine::{Command, CommandError, Ctx, Flags, Result};

use super::{AT_ONCE, TRANSACTION};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "MULTI",
        summary: "Begins a transaction: requests are kept from now on, until EXEC runs them.",
        since: "1.2.0",
        flags: AT_ONCE.and(Flags::NO_MULTI),
        run: multi,
        ..TRANSACTION
    },
    Command {
        name: "EXEC",
        summary: "Runs the requests kept since MULTI, with nobody else's in between.",
        since: "1.2.0",
        flags: TRANSACTION.flags.and(Flags::SKIP_COMMANDLOG).and(Flags::UNQUEUED),
        reply: "the replies of all requests, in their order; null if a watched key has changed",
        complexity: "that of the requests",
        run: exec,
        ..TRANSACTION
    },
    Command {
        name: "DISCARD",
        summary: "Forgets the requests kept since MULTI, and the watched keys.",
        since: "2.0.0",
        flags: AT_ONCE.and(Flags::UNQUEUED),
        complexity: "O(N) for N requests",
        run: discard,
        ..TRANSACTION
    },
];

fn multi(ctx: &mut Ctx<'_>) -> Result {
    ctx.begin_transaction();
    ctx.ok()
}

fn exec(ctx: &mut Ctx<'_>) -> Result {
    if !ctx.in_transaction() {
        return Err(CommandError::Line("ERR EXEC without MULTI"));
    }
    ctx.run_transaction()
}

fn discard(ctx: &mut Ctx<'_>) -> Result {
    if !ctx.in_transaction() {
        return Err(CommandError::Line("ERR DISCARD without MULTI"));
    }
    ctx.end_transaction();
    ctx.ok()
}

#[cfg(test)]
mod tests {
    use testkit::Harness;
    use testkit::check;

    #[test]
    fn requests_are_kept_and_run_together() {
        check(
            r#"
            > MULTI
            +OK
            > SET k 1
            +QUEUED
            > INCR k
            +QUEUED
            > PING
            +QUEUED
            > NOSUCH2
            -ERR unknown command 'NOSUCH2'*
            > DISCARD
            +OK
            > EXISTS k
            :0
            > MULTI
            +OK
            > SET k 1
            +QUEUED
            2> EXISTS k
            :0
            > INCR k
            +QUEUED
            > MGET k
            +QUEUED
            > EXEC
            [+OK :2 ["2"]]
            2> GET k
            "2"
            > MULTI
            +OK
            > EXEC
            []
            > PING
            +PONG
            "#,
        );
    }

    #[test]
    fn a_command_that_fails_does_not_stop_the_others() {
        check(
            r#"
            > SET s text
            +OK
            > MULTI
            +OK
            > INCR s
            +QUEUED
            > SELECT 99
            +QUEUED
            > SET k v
            +QUEUED
            > EXEC
            [-"ERR value is not an integer or out of range" -"ERR DB index is out of range" +OK]
            > GET k
            "v"
            "#,
        );
    }

    #[test]
    fn what_is_refused_while_queueing_ends_it() {
        check(
            r#"
            > MULTI
            +OK
            > SET a
            -ERR wrong number of arguments for 'set' command
            > SET a 1
            +QUEUED
            > EXEC
            -EXECABORT Transaction discarded because of previous errors.
            > EXISTS a
            :0
            > MULTI
            +OK
            > CLIENT NOSUCH
            -ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.
            > EXEC
            -EXECABORT Transaction discarded because of previous errors.
            > MULTI
            +OK
            > MULTI
            -ERR Command 'multi' not allowed inside a transaction
            > WATCH a
            -ERR Command 'watch' not allowed inside a transaction
            > SHUTDOWN ABORT
            -ERR Command 'shutdown' not allowed inside a transaction
            > EXEC
            -EXECABORT Transaction discarded because of previous errors.
            > EXEC
            -ERR EXEC without MULTI
            > DISCARD
            -ERR DISCARD without MULTI
            "#,
        );
    }

    #[test]
    fn exec_itself_may_be_refused() {
        check(
            r#"
            > MULTI
            +OK
            > EXEC now
            -EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
            > EXEC
            -ERR EXEC without MULTI
            > EXEC now
            -EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
            > MULTI
            +OK
            > DISCARD now
            -ERR wrong number of arguments for 'discard' command
            > DISCARD
            +OK
            > MULTI now
            -ERR wrong number of arguments for 'multi' command
            > MULTI
            +OK
            > SET k v
            +QUEUED
            ! config maxmemory 1
            > EXEC
            -EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.
            > GET k
            nil
            > MULTI
            +OK
            > GET k
            +QUEUED
            > SET k v
            -OOM command not allowed when used memory > 'maxmemory'.
            > EXEC
            -EXECABORT Transaction discarded because of previous errors.
            > MULTI
            +OK
            > GET k
            +QUEUED
            > EXEC
            [nil]
            "#,
        );
    }

    #[test]
    fn reset_and_quit_are_not_kept() {
        check(
            r#"
            > MULTI
            +OK
            > SET k v
            +QUEUED
            > RESET
            +RESET
            > EXEC
            -ERR EXEC without MULTI
            2> MULTI
            +OK
            2> SET k v
            +QUEUED
            2> QUIT
            +OK
            2> PING
            closed
            > EXISTS k
            :0
            "#,
        );
    }

    #[test]
    fn the_database_and_the_protocol_may_change_inside() {
        check(
            r#"
            > MULTI
            +OK
            > SELECT 5
            +QUEUED
            > SET k v
            +QUEUED
            > HELLO 3
            +QUEUED
            > GET nope
            +QUEUED
            > EXEC
            [+OK +OK {"server" * "version" * "proto" :3 "id" * "mode" * "role" * "modules" *} nil]
            > GET k
            "v"
            > SELECT 0
            +OK
            > EXISTS k
            :0
            "#,
        );
    }

    #[test]
    fn statistics_and_lists_tell_of_it() {
        check(
            r#"
            > MULTI
            +OK
            > GET a
            +QUEUED
            > CLIENT LIST FLAGS x
            +QUEUED
            2> CLIENT LIST FLAGS x
            *
            2> CLIENT LIST FLAGS d
            ""
            > DISCARD
            +OK
            2> CLIENT LIST FLAGS x
            ""
            "#,
        );
        let mut h = Harness::new();
        let line = |h: &mut Harness| {
            let list = h.client(2).send("CLIENT LIST SKIPME yes").to_string();
            let field = |name: &str| {
                let from = list.find(&format!(" {name}=")).expect("a field") + name.len() + 2;
                list[from..].split(' ').next().unwrap_or_default().to_owned()
            };
            (field("flags"), field("multi"), field("watch"), field("cmd"))
        };
        let is = |flags: &str, multi: &str, watch: &str, cmd: &str| {
            (flags.to_owned(), multi.to_owned(), watch.to_owned(), cmd.to_owned())
        };
        h.send("WATCH a b");
        assert_eq!(line(&mut h), is("N", "0", "2", "watch"));
        h.send("MULTI");
        h.send("SET a 1");
        h.send("SET b 1");
        assert_eq!(line(&mut h), is("x", "2", "2", "set"));
        h.client(2).send("SET a 1");
        assert_eq!(line(&mut h), is("xd", "0", "0", "set"));
        h.send("EXEC");
        assert_eq!(line(&mut h), is("N", "0", "0", "exec"));
    }

    #[test]
    fn each_request_is_counted() {
        let mut h = Harness::new();
        for line in
            ["MULTI", "SET k 1", "INCR k", "GET", "EXEC", "MULTI", "INCR k", "SET s a", "INCR s", "EXEC"]
        {
            h.send(line);
        }
        let stats = h.send("INFO commandstats").to_string();
        let has = |name: &str, calls: u64, rejected: u64, failed: u64| {
            let line = stats.split("\\r\\n").find(|line| line.starts_with(&format!("cmdstat_{name}:")));
            let line = line.unwrap_or_else(|| panic!("{name} in {stats}"));
            assert!(line.contains(&format!(":calls={calls},")), "{line}");
            assert!(line.ends_with(&format!("rejected_calls={rejected},failed_calls={failed}")), "{line}");
        };
        has("multi", 2, 0, 0);
        has("exec", 2, 0, 1);
        has("get", 0, 1, 0);
        has("set", 1, 0, 0);
        has("incr", 2, 0, 1);
    }

    #[test]
    fn monitors_see_each_request_when_it_runs_and_exec_last() {
        check(
            r#"
            2> MONITOR
            +OK
            > MULTI
            +OK
            > SET k v
            +QUEUED
            > GET k
            +QUEUED
            > EXEC
            [+OK "v"]
            2>
            * * * *
            "#,
        );
        let mut h = Harness::new();
        h.client(2).send("MONITOR");
        for line in ["MULTI", "SET k v", "GET k", "EXEC", "MULTI", "EXEC now"] {
            h.send(line);
        }
        let seen = h.client(2).received();
        let words: Vec<String> = seen
            .iter()
            .map(|line| line.to_string().split("] ").nth(1).unwrap_or_default().to_owned())
            .collect();
        let words: Vec<String> = words.iter().map(|line| line.replace(['"', '\\'], "")).collect();
        assert_eq!(words, ["MULTI", "SET k v", "GET k", "EXEC", "MULTI", "EXEC now"]);
    }

    #[test]
    fn replies_may_be_off() {
        check(
            r#"
            > CLIENT REPLY OFF
            > MULTI
            > SET k v
            > EXEC
            > CLIENT REPLY ON
            +OK
            > GET k
            "v"
            > MULTI
            +OK
            > CLIENT REPLY SKIP
            -ERR Command 'client|reply' not allowed inside a transaction
            > DISCARD
            +OK
            > CLIENT REPLY SKIP
            > MULTI
            > GET k
            +QUEUED
            > EXEC
            ["v"]
            "#,
        );
    }

    #[test]
    fn a_pause_holds_exec_if_it_would_write() {
        check(
            r#"
            > MULTI
            +OK
            > SET k v
            +QUEUED
            2> MULTI
            +OK
            2> GET k
            +QUEUED
            3> CLIENT PAUSE 100000 WRITE
            +OK
            > EXEC
            2> EXEC
            [nil]
            3> CLIENT UNPAUSE
            +OK
            >
            [+OK]
            "#,
        );
    }

    #[test]
    fn queued_requests_count_as_memory_of_the_client() {
        let mut h = Harness::new();
        h.send("MULTI");
        let memory = |h: &Harness| h.engine.server.clients.iter().next().expect("a client").memory();
        let before = memory(&h);
        h.send(&format!("SET k {}", "x".repeat(10_000)));
        assert!(memory(&h) >= before + 10_000);
        h.send("NOSUCH");
        assert!(memory(&h) < before + 1_000, "nothing is kept of a transaction that failed");
        h.send("DISCARD");
        assert!(h.engine.server.clients.iter().all(|client| client.transaction.is_none()));
    }

    #[test]
    fn a_transaction_is_told_to_followers_as_one_unit() {
        let mut h = Harness::fed();
        let lines =
            ["SET a 1", "GET a", "MULTI", "INCR a", "GET a", "SELECT 2", "SET b 1 EX 10", "EXEC", "DEL x"];
        for line in lines {
            h.send(line);
        }
        let told = h.told();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0], "SET a 1");
        assert!(told[1].starts_with("INCR a; @2 SET b 1 PXAT "), "{told:?}");
        assert!(h.told().is_empty());
    }

    #[test]
    fn who_hangs_up_leaves_nothing() {
        let mut h = Harness::new();
        h.send("WATCH a b");
        h.send("MULTI");
        h.send("SET a 1");
        assert_eq!((h.engine.server.watches.clients(), h.engine.server.watches.keys()), (1, 2));
        h.hang_up(1);
        assert_eq!((h.engine.server.watches.clients(), h.engine.server.watches.keys()), (0, 0));
        assert!(!h.engine.keyspace.env.tell_gone && !h.engine.server.listeners.changes);
    }
}
