//! CLIENT PAUSE, UNPAUSE, UNBLOCK: holding clients, and letting them go. How requests are held: `engine::pause`.

use engine::blocked::{self, Release};
use engine::state::Pause;
use engine::{Arg, Arity, Command, CommandError, Ctx, Result, pause};

use super::{CLIENT, OF_ADMIN};

pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "PAUSE",
        summary: "Holds the requests of all clients, or those that write, for a while.",
        since: "3.0.0",
        arity: Arity::AtLeast(3),
        args: &[
            Arg::integer("timeout"),
            Arg::one_of("mode", &[Arg::word("write", "WRITE"), Arg::word("all", "ALL")])
                .since("6.2.0")
                .optional(),
        ],
        reply: "OK",
        history: &[("6.2.0", "WRITE holds only what may change the dataset; the `mode` is an argument.")],
        run: begin,
        ..ADMIN
    },
    Command {
        name: "UNPAUSE",
        summary: "Ends a pause.",
        since: "6.2.0",
        arity: Arity::Exactly(2),
        reply: "OK",
        complexity: "O(N) where N is the number of clients that are held",
        run: end,
        ..ADMIN
    },
    Command {
        name: "UNBLOCK",
        summary: "Ends the waiting of a client in a blocking command.",
        since: "5.0.0",
        arity: Arity::AtLeast(3),
        args: &[
            Arg::integer("client-id"),
            Arg::one_of("unblock-type", &[Arg::word("timeout", "TIMEOUT"), Arg::word("error", "ERROR")])
                .optional(),
        ],
        reply: "1 if the client was waiting, else 0",
        complexity: "O(log N) where N is the number of clients",
        run: unblock,
        ..ADMIN
    },
];

const ADMIN: Command = Command { flags: OF_ADMIN, ..CLIENT };

/// Words after the mode are not looked at, as with the peers.
fn begin(ctx: &mut Ctx<'_>) -> Result {
    let all = match ctx.argv.len() {
        3 => true,
        _ if ctx.is(3, "WRITE") => false,
        _ if ctx.is(3, "ALL") => true,
        _ => return Err(CommandError::Line("ERR CLIENT PAUSE mode must be WRITE or ALL")),
    };
    let timeout = stdx::num::parse_i64(ctx.argv.at(2)).ok_or(CommandError::TimeoutNotInteger)?;
    if timeout < 0 {
        return Err(CommandError::TimeoutNegative);
    }
    let until_ms =
        ctx.now_ms().checked_add(timeout).ok_or(CommandError::Line("ERR timeout is out of range"))?;
    pause::begin(ctx.keyspace, ctx.server, Pause { until_ms, all });
    ctx.ok()
}

fn end(ctx: &mut Ctx<'_>) -> Result {
    pause::end(ctx.keyspace, ctx.server);
    ctx.ok()
}

/// Clients that a pause holds are not meant.
fn unblock(ctx: &mut Ctx<'_>) -> Result {
    if ctx.argv.len() > 3 && !ctx.is(3, "TIMEOUT") && !ctx.is(3, "ERROR") {
        return Err(CommandError::Line("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
    }
    let how = if ctx.argv.len() > 3 && ctx.is(3, "ERROR") { Release::Error } else { Release::TimeUp };
    let id = ctx.integer(2)?;
    let found = ctx.server.clients.iter().find(|client| i64::try_from(client.id) == Ok(id));
    let released = match found.map(|client| client.slot) {
        Some(slot) => blocked::release(ctx.keyspace, ctx.server, slot, how),
        None => false,
    };
    ctx.int(i64::from(released))
}

#[cfg(test)]
mod tests {
    use testkit::Harness;
    use testkit::check;

    #[test]
    fn arguments() {
        check(
            r#"
            > CLIENT PAUSE a
            -ERR timeout is not an integer or out of range
            > CLIENT PAUSE -1
            -ERR timeout is negative
            > CLIENT PAUSE 9223372036854775807
            -ERR timeout is out of range
            > CLIENT PAUSE 10 foo
            -ERR CLIENT PAUSE mode must be WRITE or ALL
            > CLIENT UNPAUSE
            +OK
            > CLIENT UNBLOCK 1
            :0
            > CLIENT UNBLOCK -1 error
            :0
            > CLIENT UNBLOCK a
            -ERR value is not an integer or out of range
            > CLIENT UNBLOCK 1 foo
            -ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR
            "#,
        );
    }

    #[test]
    fn writers_wait_for_the_end() {
        check(
            r#"
            > CLIENT PAUSE 100000 WRITE
            +OK
            > CLIENT PAUSE 1 WRITE
            +OK
            2> GET k
            nil
            2> SET k v
            ! wait 50
            > CLIENT LIST NOT-FLAGS b TYPE pubsub
            ""
            > GET k
            nil
            2>
            > CLIENT UNPAUSE
            +OK
            2>
            +OK
            > GET k
            "v"
            "#,
        );
    }

    #[test]
    fn everybody_waits_for_the_time() {
        check(
            r#"
            2> PING
            +PONG
            > CLIENT PAUSE 300
            +OK
            > GET k
            2> CLIENT UNPAUSE
            ! wait 500
            3> PING
            +PONG
            >
            nil
            2>
            +OK
            "#,
        );
    }

    #[test]
    fn nothing_expires_meanwhile() {
        let mut harness = Harness::new();
        harness.send("SET k v");
        let keyspace = &mut harness.engine.keyspace;
        let (key, at) = (keyspace.key(b"k"), keyspace.env.now_ms + 100);
        keyspace.db(0).set_expire(key, Some(at));
        harness.send("CLIENT PAUSE 1000 WRITE");
        harness.advance(200);
        assert_eq!(harness.send("GET k").to_string(), "nil");
        assert_eq!(harness.engine.keyspace.look(0).len(), 1, "hidden, not gone");
        harness.send("CLIENT UNPAUSE");
        assert_eq!(harness.send("GET k").to_string(), "nil");
        assert_eq!(harness.engine.keyspace.look(0).len(), 0);
    }

    #[test]
    fn readers_do_not_notice_a_pause_of_writers() {
        check(
            r#"
            > CLIENT PAUSE 100000 WRITE
            +OK
            > GET k
            nil
            > CLIENT PAUSE 0 WRITE
            +OK
            > CLIENT UNPAUSE
            +OK
            > SET k v
            +OK
            "#,
        );
    }
}
