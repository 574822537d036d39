//! SET: gives a key a value.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Expire;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SET",
    summary: "Sets a key to a string, whatever it held.",
    group: Group::String,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::DENYOOM),
    keys: &[KeySpec::at(1).rw().access().update().with(engine::KeyFlags::VARIABLE_FLAGS)],
    args: &[Arg::key("key"), Arg::string("value")],
    reply: "OK",
    run: set,
    ..Command::BLANK
}];

fn set(ctx: &mut Ctx<'_>) -> Result {
    let (key, value) = (ctx.key(1), ctx.argv.at(2));
    ctx.db().set_str(key, value, Expire::Clear);
    ctx.changed(key.bytes, Class::String, "set");
    ctx.ok()
}
