//! SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE: the client is sent what others publish.
//!
//! There is a reply for each name, and it is a message itself: also to a client that wants no replies, and with RESP3
//! a push.

use engine::pubsub::Kind;
use engine::{Arg, Arity, Command, Ctx, Result};

use super::{SHARD_CHANNELS, SUBSCRIPTION};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SUBSCRIBE",
        summary: "Has the client be sent what is published to channels.",
        args: &[Arg::string("channel").many()],
        run: |ctx| subscribe(ctx, Kind::Channel),
        ..SUBSCRIBE
    },
    Command {
        name: "PSUBSCRIBE",
        summary: "Has the client be sent what is published to channels whose names match patterns.",
        args: &[Arg::pattern("pattern").many()],
        run: |ctx| subscribe(ctx, Kind::Pattern),
        ..SUBSCRIBE
    },
    Command {
        name: "SSUBSCRIBE",
        summary: "Has the client be sent what is published to shard channels.",
        since: "7.0.0",
        keys: SHARD_CHANNELS,
        args: &[Arg::string("shardchannel").many()],
        run: |ctx| subscribe(ctx, Kind::Shard),
        ..SUBSCRIBE
    },
];

const SUBSCRIBE: Command = Command {
    arity: Arity::AtLeast(2),
    reply: "for each name a message: `subscribe` (or its like), the name, and to how many the client is subscribed",
    ..SUBSCRIPTION
};

fn subscribe(ctx: &mut Ctx<'_>, kind: Kind) -> Result {
    let argv = ctx.argv;
    argv.from(1).iter().for_each(|name| ctx.subscribe(kind, name));
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn channels_and_patterns_are_counted_together() {
        check(
            r#"
            > SUBSCRIBE a b a
            ["subscribe" "a" :1]
            ["subscribe" "b" :2]
            ["subscribe" "a" :2]
            > PSUBSCRIBE a* a*
            ["psubscribe" "a*" :3]
            ["psubscribe" "a*" :3]
            > SSUBSCRIBE a c
            ["ssubscribe" "a" :1]
            ["ssubscribe" "c" :2]
            2> PUBLISH a 1
            :2
            2> PUBLISH b 1
            :1
            2> SPUBLISH a 2
            :1
            >
            ["message" "a" "1"]
            ["pmessage" "a*" "a" "1"]
            ["message" "b" "1"]
            ["smessage" "a" "2"]
            2> SUBSCRIBE
            -ERR wrong number of arguments for 'subscribe' command
            2> PSUBSCRIBE
            -ERR wrong number of arguments for 'psubscribe' command
            2> SSUBSCRIBE
            -ERR wrong number of arguments for 'ssubscribe' command
            "#,
        );
    }

    #[test]
    fn a_resp2_subscriber_may_do_little_else() {
        check(
            r#"
            > SUBSCRIBE a
            ["subscribe" "a" :1]
            > GET k
            -ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
            > CLIENT ID
            -ERR Can't execute 'client|id': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
            > SLOWLOG RESET
            -ERR Can't execute 'slowlog|reset': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
            > HELLO 3
            -ERR Can't execute 'hello': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
            > GET
            -ERR wrong number of arguments for 'get' command
            > NOSUCH
            -ERR unknown command*
            > PING
            ["pong" ""]
            > PING hey
            ["pong" "hey"]
            > PUNSUBSCRIBE
            ["punsubscribe" nil :1]
            > UNSUBSCRIBE a
            ["unsubscribe" "a" :0]
            > PING
            +PONG
            > SSUBSCRIBE a
            ["ssubscribe" "a" :1]
            > RESET
            +RESET
            > GET k
            nil
            2> SPUBLISH a 1
            :0
            > SUBSCRIBE a
            ["subscribe" "a" :1]
            > QUIT
            +OK
            >
            closed
            2> PUBLISH a 1
            :0
            "#,
        );
    }

    #[test]
    fn a_resp3_subscriber_may_do_everything() {
        check(
            r#"
            > HELLO 3
            *
            > SUBSCRIBE a
            >["subscribe" "a" :1]
            > PSUBSCRIBE ?
            >["psubscribe" "?" :2]
            > SET k v
            +OK
            > GET k
            "v"
            > PING
            +PONG
            > UNSUBSCRIBE nope
            >["unsubscribe" "nope" :2]
            # its own message follows the reply
            > PUBLISH a 1
            :2
            >["message" "a" "1"]
            >["pmessage" "?" "a" "1"]
            > HELLO 2
            *
            > PING
            ["pong" ""]
            > GET k
            -ERR Can't execute 'get'*
            2> PUBLISH a 2
            :2
            >
            ["message" "a" "2"]
            ["pmessage" "?" "a" "2"]
            > UNSUBSCRIBE
            ["unsubscribe" "a" :1]
            > PUNSUBSCRIBE
            ["punsubscribe" "?" :0]
            "#,
        );
    }

    #[test]
    fn within_a_transaction_messages_follow_all_replies() {
        check(
            r#"
            > MULTI
            +OK
            > SUBSCRIBE z
            +QUEUED
            > PUBLISH z 1
            +QUEUED
            > GET q
            +QUEUED
            > EXEC
            [["subscribe" "z" :1] :1 nil]
            ["message" "z" "1"]
            > MULTI
            -ERR Can't execute 'multi'*
            2> HELLO 3
            *
            2> MULTI
            +OK
            2> PUBLISH z 2
            +QUEUED
            2> SET k v
            +QUEUED
            2> EXEC
            [:1 +OK]
            >
            ["message" "z" "2"]
            "#,
        );
    }

    #[test]
    fn messages_go_to_those_who_want_no_replies() {
        check(
            r#"
            > HELLO 3
            *
            > CLIENT REPLY OFF
            > SUBSCRIBE a
            >["subscribe" "a" :1]
            > PUBLISH a 1
            >["message" "a" "1"]
            > GET k
            > CLIENT REPLY SKIP
            > CLIENT REPLY ON
            +OK
            > CLIENT REPLY SKIP
            > SUBSCRIBE b
            >["subscribe" "b" :2]
            > GET k
            nil
            > CLIENT REPLY SKIP
            > PUBLISH a 2
            >["message" "a" "2"]
            > GET k
            nil
            "#,
        );
    }

    #[test]
    fn the_list_of_clients_shows_subscribers() {
        check(
            r#"
            > HELLO 3 SETNAME me
            *
            > CLIENT LIST TYPE pubsub
            txt""
            > SUBSCRIBE a b
            >["subscribe" "a" :1]
            >["subscribe" "b" :2]
            > PSUBSCRIBE c
            >["psubscribe" "c" :3]
            > SSUBSCRIBE a
            >["ssubscribe" "a" :1]
            > CLIENT LIST TYPE pubsub NAME me FLAGS P
            *
            > CLIENT LIST NOT-TYPE pubsub NAME me
            txt""
            > CLIENT LIST TYPE normal NAME me
            txt""
            2> CLIENT KILL TYPE pubsub
            :1
            >
            closed
            2> PUBLISH a 1
            :0
            2> SPUBLISH a 1
            :0
            2> PUBLISH c 1
            :0
            "#,
        );
    }
}
