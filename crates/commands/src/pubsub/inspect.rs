//! PUBSUB: which channels there are, and how many are subscribed.

use engine::pubsub::Kind;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};

use super::PUBSUB;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "PUBSUB",
    summary: "A container for commands that look at channels and patterns.",
    since: "2.8.0",
    group: Group::PubSub,
    arity: Arity::AtLeast(2),
    complexity: "",
    subcommands: &[SUBCOMMANDS],
    ..Command::BLANK
}];

static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "CHANNELS",
        summary: "Answers the channels that somebody is subscribed to.",
        args: &[Arg::pattern("pattern").optional()],
        reply: "the names, in no order",
        run: |ctx| channels(ctx, Kind::Channel),
        ..LOOK
    },
    Command {
        name: "HELP",
        summary: "Tells what PUBSUB can do.",
        since: "6.2.0",
        arity: Arity::Exactly(2),
        flags: Flags::LOADING.and(Flags::STALE),
        reply: "lines of text",
        complexity: "O(1)",
        run: |ctx| {
            ctx.client.out.lines(HELP);
            Ok(())
        },
        ..LOOK
    },
    Command {
        name: "NUMPAT",
        summary: "Answers how many different patterns somebody is subscribed to.",
        arity: Arity::Exactly(2),
        reply: "the number",
        complexity: "O(1)",
        run: |ctx| ctx.int(ctx.server.pubsub.count(Kind::Pattern) as i64),
        ..LOOK
    },
    Command {
        name: "NUMSUB",
        summary: "Answers how many clients are subscribed to channels. Patterns are not counted.",
        args: &[Arg::string("channel").optional().many()],
        reply: "names and numbers in turn",
        run: |ctx| subscribers(ctx, Kind::Channel),
        ..LOOK
    },
    Command {
        name: "SHARDCHANNELS",
        summary: "Answers the shard channels that somebody is subscribed to.",
        since: "7.0.0",
        args: &[Arg::pattern("pattern").optional()],
        reply: "the names, in no order",
        run: |ctx| channels(ctx, Kind::Shard),
        ..LOOK
    },
    Command {
        name: "SHARDNUMSUB",
        summary: "Answers how many clients are subscribed to shard channels.",
        since: "7.0.0",
        args: &[Arg::string("shardchannel").optional().many()],
        reply: "names and numbers in turn",
        run: |ctx| subscribers(ctx, Kind::Shard),
        ..LOOK
    },
];

const LOOK: Command = Command { since: "2.8.0", arity: Arity::AtLeast(2), complexity: "O(N)", ..PUBSUB };

const HELP: &[&str] = &[
    "PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CHANNELS [<pattern>]",
    "    The channels that somebody is subscribed to; those that match the pattern.",
    "NUMPAT",
    "    How many different patterns somebody is subscribed to.",
    "NUMSUB [<channel> ...]",
    "    How many clients are subscribed to each of the channels, patterns not counted.",
    "SHARDCHANNELS [<pattern>]",
    "    As CHANNELS, of shard channels.",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    As NUMSUB, of shard channels.",
    "HELP",
    "    This text.",
];

fn channels(ctx: &mut Ctx<'_>, kind: Kind) -> Result {
    if ctx.argv.len() > 3 {
        let word = String::from_utf8_lossy(ctx.argv.at(1));
        return Err(CommandError::told(format!(
            "ERR unknown subcommand or wrong number of arguments for '{word}'. Try PUBSUB HELP."
        )));
    }
    let pattern = ctx.argv.get(2);
    let takes = |name: &&[u8]| pattern.is_none_or(|pattern| stdx::glob::matches(pattern, name, false));
    let names: Vec<&[u8]> = ctx.server.pubsub.channels(kind).filter(takes).collect();
    ctx.client.out.array(names.len());
    names.iter().for_each(|name| ctx.client.out.bulk(name));
    Ok(())
}

fn subscribers(ctx: &mut Ctx<'_>, kind: Kind) -> Result {
    let names = ctx.argv.from(2);
    let out = &mut ctx.client.out;
    out.array(names.len() * 2);
    for name in names.iter() {
        out.bulk(name);
        out.integer(ctx.server.pubsub.subscribers(kind, name) as i64);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn is_a_container() {
        check(
            r#"
            > PUBSUB
            -ERR wrong number of arguments for 'pubsub' command
            > PUBSUB nosuch
            -ERR unknown subcommand 'nosuch'. Try PUBSUB HELP.
            > PUBSUB help
            *
            > PUBSUB HELP me
            -ERR wrong number of arguments for 'pubsub|help' command
            > PUBSUB NUMPAT x
            -ERR wrong number of arguments for 'pubsub|numpat' command
            > PUBSUB CHANNELS a b
            -ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.
            "#,
        );
    }

    #[test]
    fn channels_exist_while_somebody_listens() {
        check(
            r#"
            > PUBSUB CHANNELS
            []
            > PUBSUB NUMSUB
            []
            > PUBSUB NUMSUB a
            ["a" :0]
            2> SUBSCRIBE abc xyz
            *
            *
            3> SUBSCRIBE abc
            *
            3> PSUBSCRIBE p* q*
            *
            *
            2> PSUBSCRIBE p*
            *
            2> SSUBSCRIBE shard
            *
            > PUBSUB CHANNELS a*
            ["abc"]
            > PUBSUB CHANNELS shard
            []
            > PUBSUB NUMSUB abc nope xyz abc
            ["abc" :2 "nope" :0 "xyz" :1 "abc" :2]
            > PUBSUB NUMPAT
            :2
            > PUBSUB SHARDCHANNELS
            ["shard"]
            > PUBSUB SHARDCHANNELS x*
            []
            > PUBSUB SHARDNUMSUB shard abc
            ["shard" :1 "abc" :0]
            2> UNSUBSCRIBE abc xyz
            *
            *
            > PUBSUB CHANNELS
            ["abc"]
            3> RESET
            +RESET
            > PUBSUB CHANNELS
            []
            > PUBSUB NUMPAT
            :1
            "#,
        );
    }
}
