//! MONITOR: shows each command that runs, as it runs. The feed itself is `engine::monitor`.

use engine::{Command, Ctx, Flags, Group, Result, monitor};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "MONITOR",
    summary: "Shows every command that the server runs, until the connection ends or is RESET.",
    group: Group::Server,
    flags: Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE),
    reply: "OK, and then a status line for each command",
    complexity: "",
    run: watch,
    ..Command::BLANK
}];

/// Who watches already is not answered, as with the peers.
fn watch(ctx: &mut Ctx<'_>) -> Result {
    if monitor::watch(ctx.server, ctx.client) {
        ctx.client.out.ok();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::Harness;
    use testkit::check;

    #[test]
    fn shows_what_ran_and_no_passwords() {
        let mut harness = Harness::new();
        harness.client(1).send("MONITOR");
        for line in [
            "select 3",
            "get",
            "nosuch",
            "auth x",
            "hello 2 auth default y setname me",
            "client list",
            "set \"a b\" 1",
        ] {
            harness.client(2).send(line);
        }
        let shown = harness.client(1).received();
        let shown: Vec<String> =
            shown.iter().map(|line| line.to_string().split_once(' ').expect("time").1.into()).collect();
        let expected = [
            r#"[3 127.0.0.1:50002] "select" "3""#,
            r#"[3 127.0.0.1:50002] "auth" "(redacted)""#,
            r#"[3 127.0.0.1:50002] "hello" "2" "auth" "(redacted)" "(redacted)" "setname" "me""#,
            r#"[3 127.0.0.1:50002] "set" "a b" "1""#,
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn who_wants_no_replies_is_shown_nothing() {
        check(
            r#"
            > CLIENT REPLY OFF
            > MONITOR
            2> PING
            +PONG
            > PING
            > CLIENT REPLY ON
            +OK
            +*
            2> PING
            +PONG
            >
            +*
            "#,
        );
    }

    #[test]
    fn who_may_not_watch_any_more_is_shown_nothing() {
        check(
            r#"
            > ACL SETUSER bob on >p +@all ~* &*
            +OK
            > ACL SETUSER eve on >p -@all
            +OK
            2> AUTH bob p
            +OK
            3> AUTH bob p
            +OK
            2> MONITOR
            +OK
            3> MONITOR
            +OK
            3> AUTH eve p
            +OK
            > ECHO both
            "both"
            2>
            +*
            +*
            3>
            > ACL SETUSER bob -monitor
            +OK
            > INFO clients
            *
            > CLIENT LIST USER bob
            ""
            "#,
        );
    }

    #[test]
    fn scripts_are_shown_before_what_they_call() {
        let mut harness = Harness::new();
        harness.client(1).send("MONITOR");
        harness.client(2).send("EVAL \"return redis.call('SET','k','v')\" 0");
        harness.client(2).send("EVAL broken x");
        let lines = harness.client(1).received();
        let shown: Vec<String> =
            lines.iter().map(|line| line.to_string().split_once(' ').expect("time").1.into()).collect();
        let expected = [
            r#"[0 127.0.0.1:50002] "EVAL" "return redis.call('SET','k','v')" "0""#,
            r#"[0 lua] "SET" "k" "v""#,
            r#"[0 127.0.0.1:50002] "EVAL" "broken" "x""#,
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn who_watches_sees_its_reply_first_and_touches_no_key() {
        check(
            r#"
            > MONITOR
            +OK
            > PING
            +PONG
            +*
            > GET k
            -ERR Replica can't interact with the keyspace
            > EVAL "return 1" 0
            -ERR Replica can't interact with the keyspace
            > PUBLISH c m
            -ERR Replica can't interact with the keyspace
            > RESET
            +RESET
            > GET k
            nil
            > MONITOR now
            -ERR wrong number of arguments for 'monitor' command
            "#,
        );
    }
}
