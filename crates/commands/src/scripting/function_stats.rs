//! FUNCTION STATS: what runs, and how much there is.

use engine::{Arity, Command, Ctx, Flags, Result};

use super::function::FUNCTION;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "STATS",
    summary: "Shows the function that runs, and how many there are.",
    arity: Arity::Exactly(2),
    flags: FUNCTION.flags.and(Flags::ALLOW_BUSY),
    reply: "a map: the function that runs or null, and the engines",
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    run: stats,
    ..FUNCTION
}];

fn stats(ctx: &mut Ctx<'_>) -> Result {
    let now_us = ctx.host.mono_us();
    let out = &mut ctx.client.out;
    let scripting = &ctx.server.scripting;
    out.map(2);
    out.text("running_script");
    match &scripting.running {
        None => out.null(),
        Some(running) => {
            out.map(3);
            out.text("name");
            out.bulk(&running.name);
            out.text("command");
            out.array(running.command.len());
            running.command.iter().for_each(|word| out.bulk(word));
            out.text("duration_ms");
            out.integer((now_us.saturating_sub(running.began_us) / 1000) as i64);
        }
    }
    out.text("engines");
    out.map(1);
    out.text("LUA");
    out.map(2);
    out.text("libraries_count");
    out.integer(scripting.libraries.len() as i64);
    out.text("functions_count");
    out.integer(scripting.libraries.functions() as i64);
    Ok(())
}
