//! CLIENT: the container, and CLIENT HELP. The subcommands are in the `client_*` files beside this one.

use engine::{Arity, Command, Ctx, Flags, Group, Result};

use super::{CLIENT, client_kill, client_list, client_pause, client_settings, client_tracking};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "CLIENT",
    summary: "A container for commands about connections.",
    since: "2.4.0",
    group: Group::Connection,
    arity: Arity::AtLeast(2),
    complexity: "",
    subcommands: &[
        HELP_COMMANDS,
        client_kill::COMMANDS,
        client_list::COMMANDS,
        client_pause::COMMANDS,
        client_settings::COMMANDS,
        client_tracking::COMMANDS,
    ],
    ..Command::BLANK
}];

static HELP_COMMANDS: &[Command] = &[Command {
    name: "HELP",
    summary: "Tells what CLIENT can do.",
    since: "5.0.0",
    arity: Arity::Exactly(2),
    flags: Flags::LOADING.and(Flags::STALE),
    reply: "lines of text",
    run: help,
    ..CLIENT
}];

fn help(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.lines(HELP);
    Ok(())
}

const HELP: &[&str] = &[
    "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CACHING (YES|NO)",
    "    Whether the keys of the next command are remembered (TRACKING with OPTIN or OPTOUT).",
    "CAPA <capability> [<capability> ...]",
    "    Tells what the client is able to do: REDIRECT = it follows redirections to the primary.",
    "GETNAME",
    "    The name of this connection.",
    "GETREDIR",
    "    Which connection is told in place of this one: its number, 0 = none, -1 = this one does not track.",
    "ID",
    "    The number of this connection.",
    "INFO",
    "    The line of CLIENT LIST about this connection.",
    "KILL <ip:port>",
    "    Closes the connection from an address.",
    "KILL <filter> <value> [<filter> <value> ...]",
    "    Closes the connections that all filters (see LIST) let through, but not this one (SKIPME NO: this one too).",
    "LIST [<filter> <value> ...]",
    "    A line for each connection that all filters let through:",
    "    * ID <id> [<id> ...], TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB), USER <name>, ADDR <ip:port>, LADDR <ip:port>,",
    "      IP <ip>, NAME <name>, LIB-NAME <name>, LIB-VER <version>, DB <index>, FLAGS <letters>, CAPA <letters>;",
    "      with NOT- before the word they let through the others;",
    "    * MAXAGE <seconds>: connected for that long at least; IDLE <seconds>: idle for that long at least;",
    "    * SKIPME (YES|NO): leaves out this connection.",
    "NO-EVICT (ON|OFF)",
    "    Keeps this connection when memory for connections runs out.",
    "NO-TOUCH (ON|OFF)",
    "    Commands of this connection do not count as use of their keys.",
    "PAUSE <milliseconds> [WRITE|ALL]",
    "    Holds the requests of all connections, or those that write.",
    "REPLY (ON|OFF|SKIP)",
    "    Whether this connection is answered; SKIP leaves out one answer.",
    "SETINFO (LIB-NAME|LIB-VER) <value>",
    "    Tells which library the client uses.",
    "SETNAME <name>",
    "    Names this connection.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT] [NOLOOP]",
    "    Whether this connection is told when keys that it has read change.",
    "TRACKINGINFO",
    "    How this connection tracks.",
    "UNBLOCK <id> [TIMEOUT|ERROR]",
    "    Ends the waiting of a connection in a blocking command.",
    "UNPAUSE",
    "    Ends a pause.",
    "HELP",
    "    This text.",
];

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn is_a_container() {
        check(
            r#"
            > CLIENT
            -ERR wrong number of arguments for 'client' command
            > CLIENT nosuch
            -ERR unknown subcommand 'nosuch'. Try CLIENT HELP.
            > CLIENT help
            *
            "#,
        );
    }
}
