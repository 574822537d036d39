//! CLIENT SETNAME, GETNAME, SETINFO, CAPA, NO-EVICT, NO-TOUCH, REPLY: what a client says about itself and asks for
//! itself.

use engine::client::ReplyMode;
use engine::{Arg, Arity, Command, CommandError, Ctx, Gate, Result};

use super::name;
use super::{CLIENT, OF_ADMIN, WHILE_BUSY};

pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "SETNAME",
        summary: "Names the connection.",
        since: "2.6.9",
        arity: Arity::Exactly(3),
        args: &[Arg::string("connection-name")],
        reply: "OK",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        run: set_name,
        ..SETTING
    },
    Command {
        name: "GETNAME",
        summary: "Answers the name of the connection.",
        since: "2.6.9",
        arity: Arity::Exactly(2),
        reply: "the name, or null",
        run: get_name,
        ..SETTING
    },
    Command {
        name: "SETINFO",
        summary: "Tells which library the client uses.",
        since: "7.2.0",
        arity: Arity::Exactly(4),
        args: &[Arg::one_of(
            "attr",
            &[Arg::string("libname").token("LIB-NAME"), Arg::string("libver").token("LIB-VER")],
        )],
        reply: "OK",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        run: set_info,
        ..SETTING
    },
    Command {
        name: "CAPA",
        summary: "Tells what the client is able to do.",
        since: "8.0.0",
        arity: Arity::AtLeast(3),
        args: &[Arg::string("capability").many()],
        reply: "OK",
        run: capa,
        ..SETTING
    },
    Command {
        name: "NO-EVICT",
        summary: "Keeps the connection when memory for connections runs out.",
        since: "7.0.0",
        arity: Arity::Exactly(3),
        flags: OF_ADMIN.and(WHILE_BUSY),
        args: &[ON_OFF],
        reply: "OK",
        run: no_evict,
        ..SETTING
    },
    Command {
        name: "NO-TOUCH",
        summary: "Says whether the client's commands count as use of their keys.",
        since: "7.2.0",
        arity: Arity::Exactly(3),
        args: &[ON_OFF],
        reply: "OK",
        run: no_touch,
        ..SETTING
    },
    Command {
        name: "IMPORT-SOURCE",
        summary: "Says whether the client brings data from elsewhere, and with it when keys expire.",
        since: "8.1.0",
        arity: Arity::Exactly(3),
        flags: CLIENT.flags,
        args: &[ON_OFF],
        reply: "OK",
        run: import_source,
        ..SETTING
    },
    Command {
        name: "REPLY",
        summary: "Says whether the client is answered.",
        since: "3.2.0",
        arity: Arity::Exactly(3),
        flags: WHILE_BUSY.and(engine::Flags::NO_MULTI),
        args: &[Arg::one_of(
            "action",
            &[Arg::word("on", "ON"), Arg::word("off", "OFF"), Arg::word("skip", "SKIP")],
        )],
        reply: "OK to ON, nothing to OFF and SKIP",
        run: reply,
        ..SETTING
    },
];

const SETTING: Command = Command { flags: WHILE_BUSY, ..CLIENT };

const ON_OFF: Arg = Arg::one_of("enabled", &[Arg::word("on", "ON"), Arg::word("off", "OFF")]);

/// An empty name takes the name away.
fn set_name(ctx: &mut Ctx<'_>) -> Result {
    let given = ctx.argv.at(2);
    if !name::is_plain(given) {
        return Err(CommandError::Line(name::NOT_PLAIN));
    }
    ctx.client.about.name = given.to_vec();
    ctx.ok()
}

fn get_name(ctx: &mut Ctx<'_>) -> Result {
    let client = &mut *ctx.client;
    match client.about.name.as_slice() {
        [] => client.out.null(),
        name => client.out.bulk(name),
    }
    Ok(())
}

fn set_info(ctx: &mut Ctx<'_>) -> Result {
    let value = ctx.argv.at(3);
    let shown = String::from_utf8_lossy(ctx.argv.at(2));
    let about = &mut ctx.client.about;
    let place = match ctx.argv.at(2).to_ascii_lowercase().as_slice() {
        b"lib-name" => &mut about.lib_name,
        b"lib-ver" => &mut about.lib_version,
        _ => return Err(CommandError::told(format!("ERR Unrecognized option '{shown}'"))),
    };
    if !name::is_plain(value) {
        let line = format!("ERR {shown} cannot contain spaces, newlines or special characters.");
        return Err(CommandError::told(line));
    }
    *place = value.to_vec();
    ctx.ok()
}

/// Words that are not known are for servers to come, and no error.
fn capa(ctx: &mut Ctx<'_>) -> Result {
    for index in 2..ctx.argv.len() {
        if ctx.is(index, "REDIRECT") {
            ctx.client.about.redirect_capable = true;
        }
    }
    ctx.ok()
}

fn no_evict(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.no_evict = switch(ctx)?;
    ctx.ok()
}

fn no_touch(ctx: &mut Ctx<'_>) -> Result {
    let on = switch(ctx)?;
    ctx.client.gate.set(Gate::NO_TOUCH, on);
    ctx.ok()
}

fn import_source(ctx: &mut Ctx<'_>) -> Result {
    if !ctx.server.config.import_mode && !ctx.is(2, "OFF") {
        return Err(CommandError::Line("ERR Server is not in import mode"));
    }
    let on = switch(ctx)?;
    ctx.client.gate.set(Gate::IMPORT_SOURCE, on);
    ctx.ok()
}

/// ON or OFF.
fn switch(ctx: &Ctx<'_>) -> Result<bool> {
    match (ctx.is(2, "ON"), ctx.is(2, "OFF")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(CommandError::Syntax),
    }
}

/// The path drops replies (`ReplyMode`); this says which. SKIP means nothing while replies are off.
fn reply(ctx: &mut Ctx<'_>) -> Result {
    if ctx.is(2, "ON") {
        ctx.client.set_reply_mode(ReplyMode::On);
        ctx.client.out.ok();
    } else if ctx.is(2, "OFF") {
        ctx.client.set_reply_mode(ReplyMode::Off);
    } else if !ctx.is(2, "SKIP") {
        return Err(CommandError::Syntax);
    } else if ctx.client.reply_mode != ReplyMode::Off {
        ctx.client.set_reply_mode(ReplyMode::SkipNext);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn who_fills_a_server_says_when_keys_expire() {
        let mut harness = testkit::Harness::new();
        let mut told = |number: usize, line: &str| harness.client(number).send(line).to_string();
        assert_eq!(told(1, "CLIENT IMPORT-SOURCE ON"), "-ERR Server is not in import mode");
        assert_eq!(told(1, "CLIENT IMPORT-SOURCE OFF"), "+OK");
        told(1, "CONFIG SET import-mode yes");
        assert_eq!(told(1, "CLIENT IMPORT-SOURCE ON"), "+OK");
        assert!(told(1, "CLIENT INFO").contains("flags=I "));
        told(1, "SET a 1 PX 10");
        told(1, "SET b 1 PX 10");
        assert_eq!(told(1, "SET gone 1 PXAT 5"), "+OK");
        harness.advance(500);
        let mut told = |number: usize, line: &str| harness.client(number).send(line).to_string();
        assert_eq!(told(1, "GET a"), "\"1\"", "to the source it is there");
        assert_eq!(told(1, "EXISTS a b gone"), ":3");
        assert_eq!(told(1, "EVAL \"return redis.call('EXISTS','a')\" 0"), ":1");
        assert_eq!(told(2, "GET a"), "nil", "to others it is not");
        assert_eq!(told(2, "KEYS *"), "[]");
        assert_eq!(told(2, "DBSIZE"), ":3", "but nothing expires by itself");
        assert_eq!(told(2, "INCR b"), ":1", "who writes to it makes it anew");
        assert_eq!(told(1, "TTL b"), ":-1");
        assert_eq!(told(1, "EXPIREAT a 5"), ":1");
        assert_eq!(told(1, "DEL a"), ":1", "the source says what has expired");
        told(1, "CONFIG SET import-mode no");
        harness.advance(500);
        assert_eq!(harness.client(2).send("DBSIZE").to_string(), ":1");
    }

    use testkit::check;

    #[test]
    fn names_are_plain_words() {
        check(
            r#"
            > CLIENT GETNAME
            nil
            > CLIENT SETNAME me
            +OK
            > CLIENT GETNAME
            "me"
            > CLIENT SETNAME "a b"
            -ERR Client names cannot contain spaces, newlines or special characters.
            > CLIENT SETNAME "a\x7f"
            -ERR Client names cannot contain spaces, newlines or special characters.
            > CLIENT SETNAME "a\"b"
            +OK
            > CLIENT SETNAME ""
            +OK
            > CLIENT GETNAME
            nil
            > CLIENT SETINFO LIB-NAME "a b"
            -ERR LIB-NAME cannot contain spaces, newlines or special characters.
            > CLIENT SETINFO lib-ver 1.2
            +OK
            > CLIENT SETINFO FOO a
            -ERR Unrecognized option 'FOO'
            "#,
        );
    }

    #[test]
    fn replies_can_be_left_out() {
        check(
            r#"
            > CLIENT REPLY SKIP
            > PING
            > PING a
            "a"
            > CLIENT REPLY SKIP
            > CLIENT REPLY SKIP
            > PING 1
            > PING 2
            "2"
            > CLIENT REPLY SKIP
            > NOSUCH
            > PING 3
            "3"
            > CLIENT REPLY SKIP
            > CLIENT REPLY ON
            +OK
            > CLIENT REPLY OFF
            > PING
            > NOSUCH
            > CLIENT REPLY SKIP
            > PING
            > SET k v
            > CLIENT REPLY ON
            +OK
            > GET k
            "v"
            > CLIENT REPLY OFF
            > RESET
            +RESET
            > PING
            +PONG
            > CLIENT REPLY SKIP
            > RESET
            > PING b
            "b"
            "#,
        );
    }

    #[test]
    fn switches() {
        check(
            r#"
            > CLIENT NO-EVICT on
            +OK
            > CLIENT NO-EVICT maybe
            -ERR syntax error
            > CLIENT NO-TOUCH ON
            +OK
            > CLIENT NO-TOUCH maybe
            -ERR syntax error
            > CLIENT CAPA redirect whatever
            +OK
            > CLIENT CAPA
            -ERR wrong number of arguments for 'client|capa' command
            > CLIENT REPLY maybe
            -ERR syntax error
            > CLIENT REPLY ON
            +OK
            "#,
        );
    }
}
