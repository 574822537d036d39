//! AUTH: gives the password.
//!
//! With one word it is the password of the user `default`. Where there is none to ask for, the one-word form is an
//! error, since whoever sends it believes that the server is protected; the two-word form takes any.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result, auth};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "AUTH",
    summary: "Tells the server who the client is, by a password.",
    group: Group::Connection,
    arity: Arity::AtLeast(2),
    flags: Flags::NOSCRIPT
        .and(Flags::LOADING)
        .and(Flags::STALE)
        .and(Flags::FAST)
        .and(Flags::NO_AUTH)
        .and(Flags::ALLOW_BUSY),
    args: &[Arg::string("username").since("6.0.0").optional(), Arg::string("password")],
    reply: "OK, or an error that says no more than that it was wrong",
    complexity: "O(N) where N is the length of the password",
    history: &[("6.0.0", "A user name may come before the password.")],
    run: auth,
    ..Command::BLANK
}];

fn auth(ctx: &mut Ctx<'_>) -> Result {
    let (user, password) = match ctx.argv.len() {
        2 if is_without_password(ctx) => return Err(CommandError::Line(NO_PASSWORD)),
        2 => (auth::DEFAULT_USER, ctx.argv.at(1)),
        3 => (ctx.argv.at(1), ctx.argv.at(2)),
        _ => return Err(CommandError::Syntax),
    };
    ctx.authenticate(user, password)?;
    ctx.ok()
}

/// Whether any password would do for the user `default`, so that giving one is a mistake.
fn is_without_password(ctx: &Ctx<'_>) -> bool {
    ctx.server.access.users.named(auth::DEFAULT_USER).is_some_and(|user| user.no_password)
}

const NO_PASSWORD: &str = "ERR AUTH <password> called without any password configured for the default user. \
    Are you sure your configuration is correct?";

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn without_a_password_nobody_needs_one() {
        check(
            r#"
            > AUTH x
            -ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?
            > AUTH default anything
            +OK
            > AUTH bob x
            -WRONGPASS invalid username-password pair or user is disabled.
            > AUTH a b c
            -ERR syntax error
            > PING
            +PONG
            "#,
        );
    }

    #[test]
    fn with_a_password_others_wait_outside() {
        check(
            r#"
            > PING
            +PONG
            ! config requirepass secret
            # Who was inside stays inside.
            > PING
            +PONG
            2> PING
            -NOAUTH Authentication required.
            2> NOSUCH
            -NOAUTH Authentication required.
            2> HELLO 3
            -NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH *
            2> AUTH wrong
            -WRONGPASS invalid username-password pair or user is disabled.
            2> HELLO 2 AUTH default wrong
            -WRONGPASS invalid username-password pair or user is disabled.
            2> PING
            -NOAUTH Authentication required.
            2> AUTH secret
            +OK
            2> PING
            +PONG
            2> RESET
            +RESET
            2> PING
            -NOAUTH Authentication required.
            2> AUTH default secret
            +OK
            ! config requirepass ""
            3> PING
            +PONG
            "#,
        );
    }
}
