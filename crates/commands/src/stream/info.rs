//! XINFO: what is known of a stream, its groups and their consumers.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Outbox, Result};
use keyspace::stream::{self, Log};

use super::{info_stream, no_group_of, reply};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XINFO",
    summary: "What is known of streams.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(2),
    complexity: "",
    subcommands: &[SUBCOMMANDS],
    ..Command::BLANK
}];

static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "CONSUMERS",
        summary: "Lists the consumers of a group.",
        arity: Arity::Exactly(4),
        args: &[Arg::key("key"), Arg::string("group")],
        reply: "a map for each consumer",
        complexity: "O(N), N = consumers",
        history: &[("7.2.0", "The field `inactive`; `idle` counts from the last attempt.")],
        tips: &["nondeterministic_output"],
        run: consumers,
        ..XINFO
    },
    Command {
        name: "GROUPS",
        summary: "Lists the consumer groups of a stream.",
        arity: Arity::Exactly(3),
        args: &[Arg::key("key")],
        reply: "a map for each group",
        complexity: "O(N), N = groups",
        history: &[("7.0.0", "The fields `entries-read` and `lag`.")],
        run: groups,
        ..XINFO
    },
    Command {
        name: "HELP",
        summary: "Lists the subcommands.",
        arity: Arity::Exactly(2),
        flags: Flags::LOADING.and(Flags::STALE),
        keys: &[],
        reply: "lines",
        run: |ctx| {
            ctx.client.out.lines(HELP);
            Ok(())
        },
        ..XINFO
    },
    Command {
        name: "STREAM",
        summary: "Tells what is known of a stream.",
        arity: Arity::AtLeast(3),
        args: &[
            Arg::key("key"),
            Arg::block(
                "full-block",
                &[Arg::word("full", "FULL"), Arg::integer("count").token("COUNT").optional()],
            )
            .optional(),
        ],
        reply: "a map",
        complexity: "O(N), N = nodes of the stream, and entries that are shown",
        history: &[
            ("6.0.0", "The option `FULL`."),
            (
                "7.0.0",
                "`max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read`, `lag`.",
            ),
            ("7.2.0", "`active-time`; `seen-time` is that of the last attempt."),
        ],
        run: info_stream::stream,
        ..XINFO
    },
];

const XINFO: Command = Command {
    since: "5.0.0",
    group: Group::Stream,
    flags: Flags::READONLY,
    keys: &[KeySpec::at(2).ro().access()],
    ..Command::BLANK
};

const HELP: &[&str] = &[
    "XINFO <subcommand> [<argument> ...]. The subcommands:",
    "CONSUMERS <key> <group>",
    "    The consumers of a group.",
    "GROUPS <key>",
    "    The groups of a stream.",
    "STREAM <key> [FULL [COUNT <count>]]",
    "    The stream; FULL: with its entries, groups and consumers, of each not more than the count.",
    "HELP",
    "    This list.",
];

/// The count of a group, and how far behind it is.
pub(super) fn progress(out: &mut Outbox, log: &Log, group: &stream::Group) {
    out.text("last-delivered-id");
    reply::id(out, group.last_id);
    out.text("entries-read");
    match group.entries_read {
        Some(read) => out.integer(read as i64),
        None => out.null(),
    }
    out.text("lag");
    match log.lag(group) {
        Some(lag) => out.integer(lag),
        None => out.null(),
    }
}

fn groups(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(2);
    let out = &mut ctx.client.out;
    let stream = ctx.keyspace.db(ctx.client.db).stream(key)?.ok_or(CommandError::NoSuchKey)?;
    out.array(stream.groups.len());
    for group in stream.groups.iter() {
        out.map(6);
        out.text("name");
        out.bulk(group.name());
        out.text("consumers");
        out.integer(group.consumers().len() as i64);
        out.text("pending");
        out.integer(group.pending().len() as i64);
        progress(out, &stream.log, group);
    }
    Ok(())
}

fn consumers(ctx: &mut Ctx<'_>) -> Result {
    let (key, name, now) = (ctx.key(2), ctx.argv.at(3), ctx.clock_ms());
    let out = &mut ctx.client.out;
    let stream = ctx.keyspace.db(ctx.client.db).stream(key)?.ok_or(CommandError::NoSuchKey)?;
    let group = stream.groups.get(name).ok_or_else(|| no_group_of(key.bytes, name))?;
    out.array(group.consumers().len());
    for consumer in group.consumers() {
        out.map(4);
        out.text("name");
        out.bulk(consumer.name());
        out.text("pending");
        out.integer(consumer.pending_len() as i64);
        out.text("idle");
        out.integer(now.saturating_sub(consumer.seen_ms).max(0));
        out.text("inactive");
        out.integer(consumer.active_ms.map_or(-1, |active| now.saturating_sub(active)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn groups_and_consumers_are_listed() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XINFO GROUPS s
            []
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP GROUP g b STREAMS s >
            [["s" [["1-1" ["f" "v"]]]]]
            > XGROUP CREATECONSUMER s g a
            :1
            > XINFO GROUPS s
            [["name" "g" "consumers" :2 "pending" :1 "last-delivered-id" "1-1" "entries-read" :1 "lag" :0]]
            > XINFO CONSUMERS s g
            [["name" "a" "pending" :0 "idle" * "inactive" :-1] ["name" "b" "pending" :1 "idle" * "inactive" *]]
            "#,
        );
    }

    #[test]
    fn the_lag_is_only_told_where_it_is_known() {
        check(
            r#"
            > XADD s 1-0 f v
            "1-0"
            > XADD s 2-0 f v
            "2-0"
            > XADD s 3-0 f v
            "3-0"
            > XADD s 4-0 f v
            "4-0"
            > XGROUP CREATE s g 0 ENTRIESREAD 17
            +OK
            > XREADGROUP GROUP g c COUNT 1 STREAMS s >
            [["s" [["1-0" ["f" "v"]]]]]
            > XINFO GROUPS s
            [["name" "g" "consumers" :1 "pending" :1 "last-delivered-id" "1-0" "entries-read" :1 "lag" :3]]
            > XDEL s 2-0
            :1
            > XINFO GROUPS s
            [["name" "g" "consumers" :1 "pending" :1 "last-delivered-id" "1-0" "entries-read" :1 "lag" nil]]
            > XTRIM s MINID 3-0
            :1
            > XINFO GROUPS s
            [["name" "g" "consumers" :1 "pending" :1 "last-delivered-id" "1-0" "entries-read" :1 "lag" nil]]
            > XGROUP SETID s g 0
            +OK
            > XINFO GROUPS s
            [["name" "g" "consumers" :1 "pending" :1 "last-delivered-id" "0-0" "entries-read" nil "lag" :2]]
            > XGROUP SETID s g 9
            +OK
            > XINFO GROUPS s
            [["name" "g" "consumers" :1 "pending" :1 "last-delivered-id" "9-0" "entries-read" nil "lag" nil]]
            > XTRIM s MAXLEN 0
            :2
            > XGROUP SETID s g 2
            +OK
            > XINFO GROUPS s
            [["name" "g" "consumers" :1 "pending" :1 "last-delivered-id" "2-0" "entries-read" nil "lag" :0]]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XINFO GROUPS nope
            -ERR no such key
            > XINFO CONSUMERS nope g
            -ERR no such key
            > XADD s 1-1 f v
            "1-1"
            > XINFO CONSUMERS s g
            -NOGROUP No such consumer group 'g' for key name 's'
            > XINFO HELP x
            -ERR wrong number of arguments for 'xinfo|help' command
            > XINFO NOSUCH s
            -ERR unknown subcommand 'NOSUCH'. Try XINFO HELP.
            > SET str x
            +OK
            > XINFO GROUPS str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XINFO CONSUMERS str g
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XINFO STREAM str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
