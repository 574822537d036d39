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
    use testkit::check;

    #[test]
    fn who_watches_sees_its_reply_first_and_touches_no_key() {
        check(
            r#"
            > MONITOR
            +OK
            > GET k
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
