//! GET: the value of a key.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "GET",
    summary: "Answers the string under a key.",
    group: Group::String,
    arity: Arity::Exactly(2),
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key")],
    reply: "the value, or null",
    run: get,
    ..Command::BLANK
}];

fn get(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    match ctx.keyspace.db(ctx.client.db).read_str(key)? {
        Some(value) => ctx.client.out.string(value),
        None => ctx.client.out.null(),
    }
    Ok(())
}
