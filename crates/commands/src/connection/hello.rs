//! HELLO: chooses the protocol, and may give a password and a name on the way.
//!
//! Nothing is done unless all of the words can be; only a password that was right stays given.
//!
//! The answer names the server, and in `version` the version of Redis whose commands clients may count on.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Gate, Group, Result};
use resp::Protocol;

use super::name;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "HELLO",
    summary: "Chooses the protocol of a connection, and tells about the server.",
    since: "6.0.0",
    group: Group::Connection,
    arity: Arity::AtLeast(1),
    flags: Flags::NOSCRIPT
        .and(Flags::LOADING)
        .and(Flags::STALE)
        .and(Flags::FAST)
        .and(Flags::NO_AUTH)
        .and(Flags::ALLOW_BUSY),
    args: &[Arg::block(
        "arguments",
        &[
            Arg::integer("protover"),
            Arg::block("auth", &[Arg::string("username"), Arg::string("password")]).token("AUTH").optional(),
            Arg::string("clientname").token("SETNAME").optional(),
        ],
    )
    .optional()],
    reply: "a map: server, version, proto, id, mode, role, modules, and availability_zone if there is one",
    history: &[
        ("6.2.0", "`protover` may be left out."),
        ("8.1.0", "Tells `availability_zone` if `availability-zone` is set."),
    ],
    run: hello,
    ..Command::BLANK
}];

/// What was asked for.
#[derive(Default)]
struct Wish<'a> {
    protocol: Option<Protocol>,
    login: Option<(&'a [u8], &'a [u8])>,
    name: Option<&'a [u8]>,
}

fn hello(ctx: &mut Ctx<'_>) -> Result {
    let wish = wish(ctx)?;
    if let Some((user, password)) = wish.login {
        ctx.authenticate(user, password)?;
    }
    if ctx.client.gate.meets(Gate::NEEDS_AUTH) {
        return Err(CommandError::Line(NOT_YET));
    }
    if let Some(name) = wish.name {
        ctx.client.about.name = name.to_vec();
    }
    if let Some(protocol) = wish.protocol {
        ctx.client.set_protocol(protocol);
    }
    answer(ctx);
    Ok(())
}

const NOT_YET: &str = "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
    HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol \
    version at the same time";

fn wish<'a>(ctx: &Ctx<'a>) -> Result<Wish<'a>> {
    let mut wish = Wish::default();
    let argv = ctx.argv;
    if let Some(version) = argv.get(1) {
        wish.protocol = Some(match stdx::num::parse_i64(version) {
            Some(2) => Protocol::Resp2,
            Some(3) => Protocol::Resp3,
            Some(_) => return Err(CommandError::Line("NOPROTO unsupported protocol version")),
            None => {
                return Err(CommandError::Line("ERR Protocol version is not an integer or out of range"));
            }
        });
    }
    let mut at = 2;
    while let Some(option) = argv.get(at) {
        match (argv.get(at + 1), argv.get(at + 2)) {
            (Some(user), Some(password)) if ctx.is(at, "AUTH") => {
                wish.login = Some((user, password));
                at += 3;
            }
            (Some(given), _) if ctx.is(at, "SETNAME") => {
                if !name::is_plain(given) {
                    return Err(CommandError::Line(name::NOT_PLAIN));
                }
                wish.name = Some(given);
                at += 2;
            }
            _ => {
                let option = String::from_utf8_lossy(option);
                return Err(CommandError::told(format!("ERR Syntax error in HELLO option '{option}'")));
            }
        }
    }
    Ok(wish)
}

fn answer(ctx: &mut Ctx<'_>) {
    let zone = &ctx.server.config.availability_zone;
    let id = ctx.client.id as i64;
    let out = &mut ctx.client.out;
    out.map(7 + usize::from(!zone.is_empty()));
    let texts = [("server", "redstart"), ("version", engine::REDIS_VERSION)];
    for (field, value) in texts {
        out.text(field);
        out.text(value);
    }
    out.text("proto");
    out.integer(if out.protocol == Protocol::Resp3 { 3 } else { 2 });
    out.text("id");
    out.integer(id);
    for (field, value) in [("mode", "standalone"), ("role", "master")] {
        out.text(field);
        out.text(value);
    }
    out.text("modules");
    out.array(0);
    if !zone.is_empty() {
        out.text("availability_zone");
        out.bulk(zone);
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn chooses_the_protocol() {
        check(
            r#"
            > HELLO
            ["server" * "version" * "proto" :2 "id" * "mode" "standalone" "role" "master" "modules" *]
            > HELLO 3
            {"server" * "version" * "proto" :3 "id" * "mode" "standalone" "role" "master" "modules" *}
            > GET nothing
            nil
            > HELLO 2 AUTH default x SETNAME me
            *
            > CLIENT GETNAME
            "me"
            "#,
        );
    }

    #[test]
    fn does_nothing_by_halves() {
        check(
            r#"
            > HELLO x
            -ERR Protocol version is not an integer or out of range
            > HELLO 4
            -NOPROTO unsupported protocol version
            > HELLO 3 SETNAME me FOO
            -ERR Syntax error in HELLO option 'FOO'
            > HELLO 3 AUTH a
            -ERR Syntax error in HELLO option 'AUTH'
            > HELLO 3 setname
            -ERR Syntax error in HELLO option 'setname'
            > HELLO 2 AUTH bob x SETNAME "a b"
            -ERR Client names cannot contain spaces, newlines or special characters.
            > HELLO 2 SETNAME me AUTH bob x
            -WRONGPASS invalid username-password pair or user is disabled.
            > CLIENT GETNAME
            nil
            "#,
        );
    }
}
