//! SLOWLOG and COMMANDLOG: the last commands that were slow, or had a large request or reply.
//!
//! SLOWLOG is the older name of one of the three logs, so all share their bodies. What is logged, and how words are
//! cut and hidden, is in `engine::observe`.

use engine::observe::{LogEntry, LogKind};
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SLOWLOG",
        summary: "Commands about the log of slow commands.",
        since: "2.2.12",
        arity: Arity::AtLeast(2),
        complexity: "",
        subcommands: &[SLOWLOG],
        ..SERVER
    },
    Command {
        name: "COMMANDLOG",
        summary: "Commands about the logs of slow commands, large requests and large replies.",
        since: "8.1.0",
        arity: Arity::AtLeast(2),
        complexity: "",
        subcommands: &[COMMANDLOG],
        ..SERVER
    },
];

static SLOWLOG: &[Command] = &[
    Command {
        name: "GET",
        summary: "Lists the newest entries of the slow log.",
        since: "2.2.12",
        arity: Arity::AtLeast(2),
        args: &[Arg::integer("count").optional()],
        reply: "entries, newest first: id, time, microseconds, words, client address, client name",
        complexity: "O(N) with N the number of entries",
        history: &[("4.0.0", "Entries tell the address and the name of the client.")],
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        run: slowlog_get,
        ..LOG
    },
    Command {
        name: "LEN",
        summary: "Counts the entries of the slow log.",
        since: "2.2.12",
        arity: Arity::Exactly(2),
        reply: "the number of entries",
        tips: LEN_TIPS,
        run: |ctx| len(ctx, LogKind::Slow),
        ..LOG
    },
    Command {
        name: "RESET",
        summary: "Empties the slow log.",
        since: "2.2.12",
        arity: Arity::Exactly(2),
        reply: "OK",
        complexity: "O(N) with N the number of entries",
        tips: RESET_TIPS,
        run: |ctx| reset(ctx, LogKind::Slow),
        ..LOG
    },
    Command { name: "HELP", since: "6.2.0", run: |ctx| help(ctx, SLOWLOG_HELP), ..HELP },
];

static COMMANDLOG: &[Command] = &[
    Command {
        name: "GET",
        summary: "Lists the newest entries of a log.",
        arity: Arity::Exactly(4),
        args: &[Arg::integer("count"), TYPE],
        reply: "entries, newest first: id, time, microseconds or bytes, words, client address, client name",
        complexity: "O(N) with N the number of entries",
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        run: commandlog_get,
        ..LOG
    },
    Command {
        name: "LEN",
        summary: "Counts the entries of a log.",
        arity: Arity::Exactly(3),
        args: &[TYPE],
        reply: "the number of entries",
        tips: LEN_TIPS,
        run: |ctx| len(ctx, kind(ctx, 2)?),
        ..LOG
    },
    Command {
        name: "RESET",
        summary: "Empties a log.",
        arity: Arity::Exactly(3),
        args: &[TYPE],
        reply: "OK",
        complexity: "O(N) with N the number of entries",
        tips: RESET_TIPS,
        run: |ctx| reset(ctx, kind(ctx, 2)?),
        ..LOG
    },
    Command { name: "HELP", run: |ctx| help(ctx, COMMANDLOG_HELP), ..HELP },
];

const SERVER: Command = Command { group: Group::Server, ..Command::BLANK };
const LOG: Command =
    Command { since: "8.1.0", flags: Flags::ADMIN.and(Flags::LOADING).and(Flags::STALE), ..SERVER };
const HELP: Command = Command {
    summary: "Shows the subcommands.",
    since: "8.1.0",
    arity: Arity::Exactly(2),
    flags: Flags::LOADING.and(Flags::STALE),
    reply: "lines of text",
    ..SERVER
};
const LEN_TIPS: &[&str] = &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"];
const RESET_TIPS: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];
const TYPE: Arg = Arg::one_of(
    "type",
    &[
        Arg::word("slow", "SLOW"),
        Arg::word("large-request", "LARGE-REQUEST"),
        Arg::word("large-reply", "LARGE-REPLY"),
    ],
);

/// Entries that SLOWLOG GET shows if it is not told how many.
const SHOWN: usize = 10;

fn slowlog_get(ctx: &mut Ctx<'_>) -> Result {
    let shown = match ctx.argv.len() {
        2 => SHOWN,
        3 => count(ctx, 2)?,
        _ => {
            let word = String::from_utf8_lossy(ctx.argv.at(1));
            let line = format!(
                "ERR unknown subcommand or wrong number of arguments for '{word}'. Try SLOWLOG HELP."
            );
            return Err(CommandError::told(line));
        }
    };
    list(ctx, LogKind::Slow, shown)
}

fn commandlog_get(ctx: &mut Ctx<'_>) -> Result {
    let shown = count(ctx, 2)?;
    list(ctx, kind(ctx, 3)?, shown)
}

/// How many entries to show; -1 is all of them.
fn count(ctx: &Ctx<'_>, index: usize) -> Result<usize> {
    match ctx.integer(index) {
        Ok(-1) => Ok(usize::MAX),
        Ok(count @ 0..) => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        _ => Err(CommandError::Line("ERR count should be greater than or equal to -1")),
    }
}

fn kind(ctx: &Ctx<'_>, index: usize) -> Result<LogKind> {
    LogKind::named(ctx.argv.at(index)).ok_or(CommandError::Line(
        "ERR type should be one of the following: slow, large-request, large-reply",
    ))
}

fn list(ctx: &mut Ctx<'_>, kind: LogKind, shown: usize) -> Result {
    let entries = &ctx.server.commandlog.of(kind).entries;
    let out = &mut ctx.client.out;
    out.array(shown.min(entries.len()));
    for LogEntry { id, wall_s, value, words, client, client_name } in entries.iter().take(shown) {
        out.array(6);
        out.integer(*id as i64);
        out.integer(*wall_s);
        out.integer(*value as i64);
        out.array(words.len());
        words.iter().for_each(|word| out.bulk(word));
        out.text(client);
        out.bulk(client_name);
    }
    Ok(())
}

fn len(ctx: &mut Ctx<'_>, kind: LogKind) -> Result {
    ctx.int(ctx.server.commandlog.of(kind).entries.len() as i64)
}

fn reset(ctx: &mut Ctx<'_>, kind: LogKind) -> Result {
    ctx.server.commandlog.of_mut(kind).entries.clear();
    ctx.ok()
}

fn help(ctx: &mut Ctx<'_>, lines: &[&str]) -> Result {
    ctx.client.out.lines(lines);
    Ok(())
}

const SLOWLOG_HELP: &[&str] = &[
    "SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GET [<count>]",
    "    The newest entries: ten, or <count>, or with -1 all of them. Each has an id, the",
    "    time it was made, its microseconds, its words, the client's address and name.",
    "LEN",
    "    How many entries there are.",
    "RESET",
    "    Forget all entries.",
    "HELP",
    "    Print this help.",
];

const COMMANDLOG_HELP: &[&str] = &[
    "COMMANDLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GET <count> <type>",
    "    The newest <count> entries of a log, with -1 all of them. <type> is slow,",
    "    large-request or large-reply. Each has an id, the time it was made, its",
    "    microseconds (slow) or bytes, its words, the client's address and name.",
    "LEN <type>",
    "    How many entries the log has.",
    "RESET <type>",
    "    Forget all entries of the log.",
    "HELP",
    "    Print this help.",
];

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn entries_are_listed_newest_first() {
        check(
            r#"
            ! config slowlog-log-slower-than 0
            > SLOWLOG RESET
            +OK
            > SET k 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
            +OK
            > GET k
            *
            > SLOWLOG LEN
            :3
            > SLOWLOG GET 3
            [[* * * ["SLOWLOG" "LEN"] * ""]
             [* * * ["GET" "k"] * ""]
             [* * * ["SET" "k" "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567... (2 more bytes)"] * ""]]
            > SLOWLOG GET 0
            []
            "#,
        );
    }

    #[test]
    fn requests_and_replies_are_measured_as_they_go_over_the_wire() {
        check(
            r#"
            > COMMANDLOG LEN large-request
            :0
            ! config commandlog-request-larger-than 20
            ! config commandlog-reply-larger-than 7
            > PING
            +PONG
            > GET k
            nil
            > SET key value
            +OK
            ! config commandlog-request-larger-than -1
            ! config commandlog-reply-larger-than -1
            > COMMANDLOG GET 2 Large-Request
            [[* * :33 ["SET" "key" "value"] * ""] [* * :20 ["GET" "k"] * ""]]
            > COMMANDLOG GET -1 large-reply
            [[* * :7 ["PING"] * ""]]
            > COMMANDLOG RESET large-request
            +OK
            > COMMANDLOG LEN LARGE-REQUEST
            :0
            "#,
        );
    }

    #[test]
    fn long_requests_are_cut() {
        check(
            r#"
            ! config slowlog-log-slower-than 0
            > PING 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
            -ERR wrong number of arguments for 'ping' command
            > SLOWLOG GET 1
            [[* * * ["PING" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19" "20"
              "21" "22" "23" "24" "25" "26" "27" "28" "29" "30" "... (2 more arguments)"] * *]]
            "#,
        );
    }

    #[test]
    fn secrets_are_hidden() {
        check(
            r#"
            ! config slowlog-log-slower-than 0
            > CONFIG SET maxmemory 0 RequirePass ""
            +OK
            > SLOWLOG GET 1
            [[* * * ["CONFIG" "SET" "maxmemory" "0" "RequirePass" "(redacted)"] * *]]
            "#,
        );
    }

    #[test]
    fn wrong_words_are_refused() {
        check(
            r#"
            > SLOWLOG GET -2
            -ERR count should be greater than or equal to -1
            > SLOWLOG GET a
            -ERR count should be greater than or equal to -1
            > SLOWLOG GET 1 2
            -ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.
            > COMMANDLOG GET x nosuch
            -ERR count should be greater than or equal to -1
            > COMMANDLOG GET 1 nosuch
            -ERR type should be one of the following: slow, large-request, large-reply
            > COMMANDLOG LEN nosuch
            -ERR type should be one of the following: slow, large-request, large-reply
            > COMMANDLOG GET 1
            -ERR wrong number of arguments for 'commandlog|get' command
            > SLOWLOG NOSUCH
            -ERR unknown subcommand 'NOSUCH'. Try SLOWLOG HELP.
            > SLOWLOG
            -ERR wrong number of arguments for 'slowlog' command
            "#,
        );
    }
}
