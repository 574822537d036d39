//! TIME: what time it is.

use engine::{Arity, Command, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "TIME",
    summary: "Answers the server's time.",
    since: "2.6.0",
    group: Group::Server,
    arity: Arity::Exactly(1),
    flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
    reply: "seconds since 1970, and microseconds of the second",
    tips: &["nondeterministic_output"],
    run: time,
    ..Command::BLANK
}];

/// Read anew, not the time that is frozen for the turn: people measure with this.
fn time(ctx: &mut Ctx<'_>) -> Result {
    // Time stands still for a script.
    let scripted = ctx.server.scripting.running.is_some();
    let now_us = if scripted { ctx.server.wall_us } else { ctx.host.wall_us() };
    let out = &mut ctx.client.out;
    out.array(2);
    out.text(&now_us.div_euclid(1_000_000).to_string());
    out.text(&now_us.rem_euclid(1_000_000).to_string());
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn answers_two_numbers_as_text() {
        check(
            r#"
            > TIME
            [* *]
            > TIME x
            -ERR wrong number of arguments for 'time' command
            "#,
        );
    }
}
