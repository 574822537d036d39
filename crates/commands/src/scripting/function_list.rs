//! FUNCTION LIST.

use engine::scripting::library::flag_names;
use engine::{Arg, Arity, Command, CommandError, Ctx, Result};
use stdx::glob;

use super::function::FUNCTION;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "LIST",
    summary: "Lists libraries and their functions.",
    arity: Arity::AtLeast(2),
    args: &[
        Arg::string("library-name-pattern").token("LIBRARYNAME").optional(),
        Arg::word("withcode", "WITHCODE").optional(),
    ],
    reply: "an array of maps: name, engine, functions, and the text if asked",
    complexity: "O(N) for N functions",
    tips: &["nondeterministic_output_order"],
    run: list,
    ..FUNCTION
}];

fn list(ctx: &mut Ctx<'_>) -> Result {
    let (mut pattern, mut with_code, mut at) = (None, false, 2);
    while at < ctx.argv.len() {
        if !with_code && ctx.is(at, "WITHCODE") {
            with_code = true;
        } else if pattern.is_none() && ctx.is(at, "LIBRARYNAME") {
            at += 1;
            let Some(given) = ctx.argv.get(at) else {
                return Err(CommandError::Line("ERR library name argument was not given"));
            };
            pattern = Some(given);
        } else {
            let word = String::from_utf8_lossy(ctx.argv.at(at)).into_owned();
            return Err(CommandError::told(format!("ERR Unknown argument {word}")));
        }
        at += 1;
    }
    let out = &mut ctx.client.out;
    let matches = |name: &[u8]| pattern.is_none_or(|pattern| glob::matches(pattern, name, false));
    let shown = || ctx.server.scripting.libraries.iter().filter(|library| matches(&library.name));
    out.array(shown().count());
    for library in shown() {
        out.map(if with_code { 4 } else { 3 });
        out.text("library_name");
        out.bulk(&library.name);
        out.text("engine");
        out.text("LUA");
        out.text("functions");
        out.array(library.functions.len());
        for function in &library.functions {
            out.map(3);
            out.text("name");
            out.bulk(&function.name);
            out.text("description");
            match &function.description {
                Some(description) => out.bulk(description),
                None => out.null(),
            }
            out.text("flags");
            let flags = flag_names(&function.flags);
            out.set(flags.len());
            flags.for_each(|flag| out.simple(flag));
        }
        if with_code {
            out.text("library_code");
            out.bulk(&library.text);
        }
    }
    Ok(())
}
