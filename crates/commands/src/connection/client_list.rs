//! CLIENT LIST, INFO, ID: who is connected. A client's line is written by `engine::client_list`.
//!
//! The client that asks is not among `server.clients` while its command runs; it is put back in its place by its id,
//! since the peers list clients in the order in which they came.

use engine::client_list::write_line;
use engine::{Arg, Arity, Client, Close, Command, CommandError, Ctx, Result};

use super::client_filter::{Filter, Me};
use super::{CLIENT, OF_ADMIN, WHILE_BUSY};

pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "LIST",
        summary: "Shows the connections, a line each.",
        arity: Arity::AtLeast(2),
        flags: OF_ADMIN,
        args: LIST_ARGS,
        reply: "a line of fields for each connection",
        complexity: "O(N) where N is the number of clients",
        tips: &["nondeterministic_output"],
        history: &[
            ("2.8.12", "A number for each client: `id`."),
            ("5.0.0", "`TYPE`."),
            ("6.0.0", "The field `user`."),
            ("6.2.0", "`ID`; the fields `argv-mem`, `tot-mem`, `laddr` and `redir`."),
            ("7.0.0", "The fields `resp`, `multi-mem`, `rbs` and `rbp`."),
            ("7.0.3", "The field `ssub`."),
            ("8.0.0", "`TYPE` knows `primary` beside `master`."),
            ("8.1.0", "`USER`, `ADDR`, `LADDR`, `SKIPME` and `MAXAGE`."),
            (
                "9.0.0",
                "`NAME`, `IDLE`, `FLAGS`, `LIB-NAME`, `LIB-VER`, `DB`, `CAPA`, `IP`, and `NOT-` before most of them.",
            ),
        ],
        run: list,
        ..CLIENT
    },
    Command {
        name: "INFO",
        summary: "Shows this connection, as CLIENT LIST does.",
        since: "6.2.0",
        arity: Arity::Exactly(2),
        reply: "the line",
        tips: &["nondeterministic_output"],
        run: info,
        ..CLIENT
    },
    Command {
        name: "ID",
        summary: "Answers the number of this connection.",
        since: "5.0.0",
        arity: Arity::Exactly(2),
        flags: WHILE_BUSY,
        reply: "a number that no other connection had or will have",
        run: |ctx| ctx.int(ctx.client.id as i64),
        ..CLIENT
    },
];

const LIST_ARGS: &[Arg] = &[
    Arg::one_of(
        "client-type",
        &[
            Arg::word("normal", "NORMAL"),
            Arg::word("master", "MASTER"),
            Arg::word("replica", "REPLICA"),
            Arg::word("pubsub", "PUBSUB"),
        ],
    )
    .token("TYPE")
    .since("5.0.0")
    .optional(),
    Arg::integer("client-id").token("ID").since("6.2.0").optional().many(),
    Arg::string("username").token("USER").since("8.1.0").optional(),
    Arg::string("addr").token("ADDR").since("8.1.0").shown_as("ip:port").optional(),
    Arg::string("laddr").token("LADDR").since("8.1.0").shown_as("ip:port").optional(),
    Arg::one_of("skipme", &[Arg::word("yes", "YES"), Arg::word("no", "NO")])
        .token("SKIPME")
        .since("8.1.0")
        .optional(),
    Arg::integer("maxage").token("MAXAGE").since("8.1.0").optional(),
    Arg::string("name").token("NAME").since("9.0.0").optional(),
    Arg::integer("idle").token("IDLE").since("9.0.0").optional(),
    Arg::string("flags").token("FLAGS").since("9.0.0").optional(),
    Arg::string("lib-name").token("LIB-NAME").since("9.0.0").optional(),
    Arg::string("lib-ver").token("LIB-VER").since("9.0.0").optional(),
    Arg::integer("db").token("DB").since("9.0.0").optional(),
    Arg::string("capa").token("CAPA").since("9.0.0").optional(),
    Arg::string("ip").token("IP").since("9.0.0").optional(),
    Arg::one_of(
        "not-client-type",
        &[
            Arg::word("normal", "NORMAL"),
            Arg::word("master", "MASTER"),
            Arg::word("replica", "REPLICA"),
            Arg::word("pubsub", "PUBSUB"),
        ],
    )
    .token("NOT-TYPE")
    .since("9.0.0")
    .optional(),
    Arg::integer("not-client-id").token("NOT-ID").since("9.0.0").optional().many(),
    Arg::string("not-username").token("NOT-USER").since("9.0.0").optional(),
    Arg::string("not-addr").token("NOT-ADDR").since("9.0.0").shown_as("ip:port").optional(),
    Arg::string("not-laddr").token("NOT-LADDR").since("9.0.0").shown_as("ip:port").optional(),
    Arg::string("not-name").token("NOT-NAME").since("9.0.0").optional(),
    Arg::string("not-flags").token("NOT-FLAGS").since("9.0.0").optional(),
    Arg::string("not-lib-name").token("NOT-LIB-NAME").since("9.0.0").optional(),
    Arg::string("not-lib-ver").token("NOT-LIB-VER").since("9.0.0").optional(),
    Arg::integer("not-db").token("NOT-DB").since("9.0.0").optional(),
    Arg::string("not-capa").token("NOT-CAPA").since("9.0.0").optional(),
    Arg::string("not-ip").token("NOT-IP").since("9.0.0").optional(),
];

fn list(ctx: &mut Ctx<'_>) -> Result {
    let filter = match ctx.argv.len() {
        2 => Filter::all(Me::Included),
        3 => return Err(CommandError::Syntax),
        _ => Filter::parse(ctx, Me::Included)?,
    };
    let mut text = String::new();
    count_own_words(ctx, |ctx| {
        for client in clients(ctx, &filter) {
            write_line(&mut text, client, ctx.registry, ctx.server.mono_us);
            text.push('\n');
        }
    });
    ctx.client.out.verbatim(&text);
    Ok(())
}

fn info(ctx: &mut Ctx<'_>) -> Result {
    let mut text = String::new();
    count_own_words(ctx, |ctx| write_line(&mut text, ctx.client, ctx.registry, ctx.server.mono_us));
    text.push('\n');
    ctx.client.out.verbatim(&text);
    Ok(())
}

/// The clients that a filter lets through, by id. Those that were killed are gone, whether or not their sockets are.
pub(super) fn clients<'c>(ctx: &'c Ctx<'_>, filter: &Filter<'_>) -> Vec<&'c Client> {
    let now_us = ctx.server.mono_us;
    let all = ctx.server.clients.iter().chain(std::iter::once(&*ctx.client));
    let mut chosen: Vec<&Client> = all
        .filter(|client| client.close != Close::Now && filter.admits(client, ctx.client.id, now_us))
        .collect();
    chosen.sort_unstable_by_key(|client| client.id);
    chosen
}

/// `argv-mem` of the client that asks is the request at hand.
fn count_own_words(ctx: &mut Ctx<'_>, mut show: impl FnMut(&Ctx<'_>)) {
    let own = ctx.argv.iter().map(<[u8]>::len).sum();
    let before = std::mem::replace(&mut ctx.client.argv_memory, own);
    show(ctx);
    ctx.client.argv_memory = before;
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn lists_those_that_are_asked_for() {
        check(
            r#"
            > CLIENT ID
            *
            > CLIENT LIST
            *
            > CLIENT INFO
            *
            > CLIENT LIST ID 1000000 1000001 TYPE normal
            ""
            > CLIENT LIST TYPE replica
            ""
            > CLIENT LIST TYPE pubsub
            ""
            > CLIENT LIST NOT-TYPE normal
            ""
            > CLIENT LIST NAME nobody
            ""
            > CLIENT LIST NAME ""
            ""
            > CLIENT LIST LIB-NAME nothing
            ""
            > CLIENT LIST NOT-FLAGS N
            ""
            > CLIENT LIST FLAGS eT
            ""
            > CLIENT LIST CAPA r
            ""
            > CLIENT LIST NOT-USER default
            ""
            > CLIENT LIST NOT-DB 0
            ""
            "#,
        );
    }

    #[test]
    fn filters_must_make_sense() {
        check(
            r#"
            > CLIENT LIST ID
            -ERR syntax error
            > CLIENT LIST ID 0
            -ERR client-id should be greater than 0
            > CLIENT LIST ID 5 a
            -ERR syntax error
            > CLIENT LIST ID 5 TYPE foo
            -ERR Unknown client type 'foo'
            > CLIENT LIST IDLE a
            -ERR idle is not an integer or out of range
            > CLIENT LIST IDLE 0
            -ERR idle should be greater than 0
            > CLIENT LIST MAXAGE -1
            -ERR maxage should be greater than 0
            > CLIENT LIST NOT-MAXAGE 1
            -ERR syntax error
            > CLIENT LIST NOT-IDLE 1
            -ERR syntax error
            > CLIENT LIST FLAGS xyz
            -ERR Unknown flags found in the provided filter: xyz
            > CLIENT LIST NOT-FLAGS z
            -ERR Unknown flags found in the NOT-FLAGS filter: z
            > CLIENT LIST CAPA x
            -ERR Unknown capa found in the provided filter: x
            > CLIENT LIST NOT-CAPA x
            -ERR Unknown capa found in the NOT-CAPA filter: x
            > CLIENT LIST DB 16
            -ERR DB number should be between 0 and 15
            > CLIENT LIST NOT-DB -1
            -ERR NOT-DB number should be between 0 and 15
            > CLIENT LIST DB a
            -ERR DB is not an integer or out of range
            > CLIENT LIST USER bob
            -ERR No such user 'bob'
            > CLIENT LIST SKIPME maybe
            -ERR syntax error
            "#,
        );
    }
}
