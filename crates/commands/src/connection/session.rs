//! SELECT, RESET, QUIT: where a connection is, back to its beginning, and its end.

use engine::client::ReplyMode;
use engine::{Arg, Arity, Close, Command, CommandError, Ctx, Flags, Gate, Group, Result, auth, monitor};
use resp::Protocol;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SELECT",
        summary: "Changes the database that the connection works in.",
        arity: Arity::Exactly(2),
        flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST).and(Flags::ALLOW_BUSY),
        args: &[Arg::integer("index")],
        reply: "OK",
        run: select,
        ..CONNECTION
    },
    Command {
        name: "RESET",
        summary: "Makes the connection what it was when it began.",
        since: "6.2.0",
        flags: ANY_TIME.and(Flags::UNQUEUED),
        reply: "RESET",
        run: reset,
        ..CONNECTION
    },
    Command {
        name: "QUIT",
        summary: "Closes the connection, after what was asked before has been answered.",
        arity: Arity::AtLeast(1),
        flags: ANY_TIME.and(Flags::UNQUEUED),
        reply: "OK",
        run: quit,
        ..CONNECTION
    },
];

const CONNECTION: Command = Command { group: Group::Connection, ..Command::BLANK };

const ANY_TIME: Flags = Flags::NOSCRIPT
    .and(Flags::LOADING)
    .and(Flags::STALE)
    .and(Flags::FAST)
    .and(Flags::NO_AUTH)
    .and(Flags::ALLOW_BUSY);

fn select(ctx: &mut Ctx<'_>) -> Result {
    let index = ctx.integer(1)?;
    match u32::try_from(index) {
        Ok(index) if index < ctx.keyspace.databases() => ctx.client.db = index,
        _ => return Err(CommandError::DbIndexOutOfRange),
    }
    ctx.ok()
}

/// The library's name and what the client said it is able to do stay: they are about the program, not the session.
/// RESET ends CLIENT REPLY OFF, and is itself answered; a CLIENT REPLY SKIP before it is obeyed.
fn reset(ctx: &mut Ctx<'_>) -> Result {
    monitor::unwatch(ctx.server, ctx.client);
    ctx.end_transaction();
    ctx.end_subscriptions();
    ctx.end_tracking();
    let client = &mut *ctx.client;
    client.db = 0;
    client.set_protocol(Protocol::Resp2);
    client.about.name.clear();
    client.no_evict = false;
    client.gate.set(Gate::NO_TOUCH.and(Gate::IMPORT_SOURCE), false);
    if client.reply_mode == ReplyMode::Off {
        client.set_reply_mode(ReplyMode::On);
    }
    auth::reset(&ctx.server.access, client);
    client.out.simple("RESET");
    Ok(())
}

fn quit(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.close(Close::AfterReply);
    ctx.ok()
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn databases_are_apart() {
        check(
            r#"
            > SELECT 3
            +OK
            > SET k v
            +OK
            > SELECT 0
            +OK
            > GET k
            nil
            > SELECT a
            -ERR value is not an integer or out of range
            > SELECT 99999999999999999999
            -ERR value is not an integer or out of range
            > SELECT -1
            -ERR DB index is out of range
            > SELECT 16
            -ERR DB index is out of range
            "#,
        );
    }

    #[test]
    fn reset_forgets_the_session() {
        check(
            r#"
            > HELLO 3 SETNAME me
            *
            > SELECT 3
            +OK
            > CLIENT NO-EVICT ON
            +OK
            > CLIENT SETINFO LIB-NAME mine
            +OK
            > RESET
            +RESET
            > CLIENT GETNAME
            nil
            > CLIENT LIST FLAGS e
            ""
            > CLIENT LIST DB 3
            ""
            > RESET now
            -ERR wrong number of arguments for 'reset' command
            "#,
        );
    }
}
