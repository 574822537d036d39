//! PING and ECHO: is anybody there.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Gate, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "PING",
        summary: "Answers PONG, or the message it was given.",
        arity: Arity::AtLeast(1),
        flags: Flags::FAST,
        args: &[Arg::string("message").optional()],
        reply: "PONG, or the message",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        run: ping,
        ..CONNECTION
    },
    Command {
        name: "ECHO",
        summary: "Answers the message it was given.",
        arity: Arity::Exactly(2),
        flags: Flags::FAST.and(Flags::LOADING).and(Flags::STALE),
        args: &[Arg::string("message")],
        reply: "the message",
        run: |ctx| ctx.bulk(ctx.argv.at(1)),
        ..CONNECTION
    },
];

const CONNECTION: Command = Command { group: Group::Connection, ..Command::BLANK };

/// A RESP2 subscriber gets the answer in the shape of a message, since it may send little else.
fn ping(ctx: &mut Ctx<'_>) -> Result {
    let message = ctx.argv.get(1);
    if ctx.argv.len() > 2 {
        return Err(CommandError::WrongArity(ctx.command.full_name.clone()));
    }
    let out = &mut ctx.client.out;
    if ctx.client.gate.meets(Gate::SUBSCRIBED) {
        out.array(2);
        out.bulk(b"pong");
        out.bulk(message.unwrap_or_default());
        return Ok(());
    }
    match message {
        Some(message) => out.bulk(message),
        None => out.pong(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn answers() {
        check(
            r#"
            > PING
            +PONG
            > PING "hello there"
            "hello there"
            > PING a b
            -ERR wrong number of arguments for 'ping' command
            > ECHO x
            "x"
            "#,
        );
    }

    #[test]
    fn whoever_speaks_http_is_sent_away() {
        check(
            r#"
            > POST / HTTP/1.1
            closed
            2> CONFIG SET requirepass x
            +OK
            3> NOSUCH
            -NOAUTH Authentication required.
            3> Host: a
            closed
            "#,
        );
    }
}
