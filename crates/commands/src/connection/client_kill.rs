//! CLIENT KILL: closes connections.
//!
//! The old form names one address, includes the client itself, and is answered OK or an error. The form with filters
//! leaves the client itself alone unless SKIPME NO, and is answered with a number. Who kills itself is answered first.

use engine::{Arg, Arity, ClientSlot, Close, Command, CommandError, Ctx, Result};

use super::client_filter::{Filter, Me};
use super::client_list::clients;
use super::{CLIENT, OF_ADMIN};

pub(super) static COMMANDS: &[Command] = &[Command {
    name: "KILL",
    summary: "Closes connections.",
    arity: Arity::AtLeast(3),
    flags: OF_ADMIN,
    args: KILL_ARGS,
    reply: "OK to the old form, else how many connections were closed",
    complexity: "O(N) where N is the number of clients",
    history: &[
        ("2.8.12", "The form with filters."),
        ("2.8.12", "`ID`."),
        ("3.2.0", "`TYPE` knows `master`."),
        ("5.0.0", "`TYPE` knows `replica` beside `slave`."),
        ("6.2.0", "`LADDR`."),
        ("8.0.0", "`MAXAGE`."),
        ("8.0.0", "`TYPE` knows `primary` beside `master`."),
        ("8.1.0", "`ID` takes several numbers."),
        (
            "9.0.0",
            "`NAME`, `IDLE`, `FLAGS`, `LIB-NAME`, `LIB-VER`, `DB`, `CAPA`, `IP`, and `NOT-` before most filters.",
        ),
    ],
    run: kill,
    ..CLIENT
}];

const KILL_ARGS: &[Arg] = &[Arg::one_of(
    "filter",
    &[
        Arg::string("old-format").deprecated("2.8.12").shown_as("ip:port"),
        Arg::one_of("new-format", FILTER_ARGS).many(),
    ],
)];

const FILTER_ARGS: &[Arg] = &[
    Arg::integer("client-id").token("ID").since("2.8.12").optional().many(),
    Arg::one_of(
        "client-type",
        &[
            Arg::word("normal", "NORMAL"),
            Arg::word("master", "MASTER").since("3.2.0"),
            Arg::word("primary", "PRIMARY").since("8.0.0"),
            Arg::word("slave", "SLAVE"),
            Arg::word("replica", "REPLICA").since("5.0.0"),
            Arg::word("pubsub", "PUBSUB"),
        ],
    )
    .token("TYPE")
    .since("2.8.12")
    .optional(),
    Arg::string("username").token("USER").optional(),
    Arg::string("addr").token("ADDR").shown_as("ip:port").optional(),
    Arg::string("laddr").token("LADDR").since("6.2.0").shown_as("ip:port").optional(),
    Arg::one_of("skipme", &[Arg::word("yes", "YES"), Arg::word("no", "NO")]).token("SKIPME").optional(),
    Arg::integer("maxage").token("MAXAGE").since("8.0.0").optional(),
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
            Arg::word("primary", "PRIMARY"),
            Arg::word("slave", "SLAVE"),
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

fn kill(ctx: &mut Ctx<'_>) -> Result {
    if ctx.argv.len() > 3 {
        let filter = Filter::parse(ctx, Me::Skipped)?;
        let killed = close_all(ctx, &filter);
        return ctx.int(killed as i64);
    }
    match close_all(ctx, &Filter::at(ctx.argv.at(2))) {
        0 => Err(CommandError::Line("ERR No such client")),
        _ => ctx.ok(),
    }
}

/// Closes the clients that a filter lets through; how many there were.
fn close_all(ctx: &mut Ctx<'_>, filter: &Filter<'_>) -> usize {
    let chosen: Vec<ClientSlot> = clients(ctx, filter).iter().map(|client| client.slot).collect();
    for slot in &chosen {
        if *slot == ctx.client.slot {
            ctx.client.close(Close::AfterReply);
        } else {
            ctx.server.close(*slot, Close::Now);
        }
    }
    chosen.len()
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn who_is_killed_is_gone() {
        check(
            r#"
            2> CLIENT SETNAME victim
            +OK
            > CLIENT KILL NAME victim
            :1
            > CLIENT LIST NAME victim
            ""
            > CLIENT KILL NAME victim TYPE normal
            :0
            2> PING
            closed
            3> CLIENT SETNAME victim
            +OK
            3> CLIENT KILL NAME victim SKIPME yes
            :0
            3> CLIENT KILL NAME victim SKIPME no
            :1
            3> PING
            closed
            "#,
        );
    }

    #[test]
    fn what_is_not_there_is_not_killed() {
        check(
            r#"
            > CLIENT KILL
            -ERR wrong number of arguments for 'client|kill' command
            > CLIENT KILL 1.2.3.4:5
            -ERR No such client
            > CLIENT KILL ID 1000000 1000001 ID 1000002
            :0
            > CLIENT KILL TYPE pubsub SKIPME no
            :0
            > CLIENT KILL ID -1 TYPE normal
            -ERR client-id should be greater than 0
            > CLIENT KILL ID 5 SKIPME
            -ERR syntax error
            > CLIENT KILL a b c
            -ERR syntax error
            > CLIENT KILL USER bob
            -ERR No such user 'bob'
            "#,
        );
    }
}
