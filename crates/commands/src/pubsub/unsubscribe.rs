//! UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE: the client is sent no more of this. Without names: of anything of the kind.

use engine::pubsub::Kind;
use engine::{Arg, Arity, Command, Ctx, Result};

use super::{SHARD_CHANNELS, SUBSCRIPTION};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "UNSUBSCRIBE",
        summary: "Ends subscriptions to channels.",
        args: &[Arg::string("channel").optional().many()],
        run: |ctx| unsubscribe(ctx, Kind::Channel),
        ..UNSUBSCRIBE
    },
    Command {
        name: "PUNSUBSCRIBE",
        summary: "Ends subscriptions to patterns.",
        args: &[Arg::pattern("pattern").optional().many()],
        run: |ctx| unsubscribe(ctx, Kind::Pattern),
        ..UNSUBSCRIBE
    },
    Command {
        name: "SUNSUBSCRIBE",
        summary: "Ends subscriptions to shard channels.",
        since: "7.0.0",
        keys: SHARD_CHANNELS,
        args: &[Arg::string("shardchannel").optional().many()],
        run: |ctx| unsubscribe(ctx, Kind::Shard),
        ..UNSUBSCRIBE
    },
];

const UNSUBSCRIBE: Command = Command {
    arity: Arity::AtLeast(1),
    reply: "for each name a message: `unsubscribe` (or its like), the name, and to how many the client is subscribed \
            still; one with null for the name if there was nothing to end",
    ..SUBSCRIPTION
};

fn unsubscribe(ctx: &mut Ctx<'_>, kind: Kind) -> Result {
    let argv = ctx.argv;
    if argv.len() == 1 {
        ctx.unsubscribe_all(kind);
    }
    argv.from(1).iter().for_each(|name| ctx.unsubscribe(kind, name));
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn names_and_all_names() {
        check(
            r#"
            > UNSUBSCRIBE
            ["unsubscribe" nil :0]
            > PUNSUBSCRIBE
            ["punsubscribe" nil :0]
            > SUNSUBSCRIBE
            ["sunsubscribe" nil :0]
            > UNSUBSCRIBE a a
            ["unsubscribe" "a" :0]
            ["unsubscribe" "a" :0]
            > SUBSCRIBE a b
            ["subscribe" "a" :1]
            ["subscribe" "b" :2]
            > SSUBSCRIBE s t
            ["ssubscribe" "s" :1]
            ["ssubscribe" "t" :2]
            > SUNSUBSCRIBE a s
            ["sunsubscribe" "a" :2]
            ["sunsubscribe" "s" :1]
            > PSUBSCRIBE a*
            ["psubscribe" "a*" :3]
            > UNSUBSCRIBE
            ["unsubscribe" * :2]
            ["unsubscribe" * :1]
            2> PUBLISH a 1
            :1
            >
            ["pmessage" "a*" "a" "1"]
            > PUNSUBSCRIBE x a*
            ["punsubscribe" "x" :1]
            ["punsubscribe" "a*" :0]
            > PING
            ["pong" ""]
            > SUNSUBSCRIBE
            ["sunsubscribe" "t" :0]
            > PING
            +PONG
            "#,
        );
    }

    #[test]
    fn resp3_clients_are_told_by_push() {
        check(
            r#"
            > HELLO 3
            *
            > UNSUBSCRIBE
            >["unsubscribe" nil :0]
            > MULTI
            +OK
            > SUNSUBSCRIBE
            +QUEUED
            > EXEC
            [>["sunsubscribe" nil :0]]
            "#,
        );
    }
}
