//! `redis.register_function`, as libraries call it while they are loaded.

use crate::api::raise_error;
use crate::calls::{Flag, FunctionSpec};
use crate::lua::{Answer, Lua, Raise, TYPE_FUNCTION, TYPE_NIL, TYPE_NUMBER, TYPE_STRING, TYPE_TABLE};
use crate::machine;

/// What a library says of a function, as far as it has been read. The callback is on the stack.
#[derive(Default)]
struct Said {
    name: Option<Vec<u8>>,
    description: Option<Vec<u8>>,
    flags: Vec<Flag>,
    callback: Option<i32>,
}

pub(crate) fn register_function(lua: Lua) -> Answer {
    let said = match lua.top() {
        1 => named(lua)?,
        2 => positional(lua)?,
        _ => return Err(raise_error(lua, "wrong number of arguments to server.register_function")),
    };
    let Some(name) = said.name else {
        return Err(raise_error(lua, "server.register_function must get a function name argument"));
    };
    let Some(callback) = said.callback else {
        return Err(raise_error(lua, "server.register_function must get a callback argument"));
    };
    lua.push_copy(callback);
    let code = machine::keep_function(lua);
    let function = FunctionSpec { name, description: said.description, flags: said.flags, code };
    match lua.shared().ask(|calls| calls.register(function)) {
        Some(Ok(())) => Ok(0),
        Some(Err(why)) => {
            machine::forget_function(lua, code);
            Err(raise_error(lua, &why))
        }
        None => {
            machine::forget_function(lua, code);
            let text = "server.register_function can only be called on FUNCTION LOAD command";
            Err(raise_error(lua, text))
        }
    }
}

fn positional(lua: Lua) -> Result<Said, Raise> {
    if !matches!(lua.kind(1), TYPE_STRING | TYPE_NUMBER) {
        return Err(raise_error(lua, "first argument to server.register_function must be a string"));
    }
    if lua.kind(2) != TYPE_FUNCTION {
        return Err(raise_error(lua, "second argument to server.register_function must be a function"));
    }
    let name = lua.bytes(1).map(<[u8]>::to_vec);
    Ok(Said { name, callback: Some(2), ..Said::default() })
}

fn named(lua: Lua) -> Result<Said, Raise> {
    if lua.kind(1) != TYPE_TABLE {
        let text = "calling server.register_function with a single argument is only applicable to Lua table \
                    (representing named arguments).";
        return Err(raise_error(lua, text));
    }
    let mut said = Said::default();
    lua.push_nil();
    // Index 2 is kept for the callback.
    lua.push_nil();
    while lua.next(1) {
        let (key, value) = (lua.top() - 1, lua.top());
        if lua.kind(key) != TYPE_STRING {
            let text = "named argument key given to server.register_function is not a string";
            return Err(raise_error(lua, text));
        }
        match lua.bytes(key).unwrap_or_default() {
            name if name.eq_ignore_ascii_case(b"function_name") => {
                said.name = Some(text_of(lua, value, "function_name")?);
            }
            name if name.eq_ignore_ascii_case(b"description") => {
                said.description = Some(text_of(lua, value, "description")?);
            }
            name if name.eq_ignore_ascii_case(b"callback") => {
                if lua.kind(value) != TYPE_FUNCTION {
                    let text = "callback argument given to server.register_function must be a function";
                    return Err(raise_error(lua, text));
                }
                lua.push_copy(value);
                lua.replace(2);
                said.callback = Some(2);
            }
            name if name.eq_ignore_ascii_case(b"flags") => said.flags = flags(lua, value)?,
            _ => return Err(raise_error(lua, "unknown argument given to server.register_function")),
        }
        lua.set_top(key);
    }
    Ok(said)
}

fn text_of(lua: Lua, index: i32, argument: &str) -> Result<Vec<u8>, Raise> {
    match lua.kind(index) {
        TYPE_STRING | TYPE_NUMBER => Ok(lua.bytes(index).unwrap_or_default().to_vec()),
        _ => {
            let text = format!("{argument} argument given to server.register_function must be a string");
            Err(raise_error(lua, &text))
        }
    }
}

fn flags(lua: Lua, table: i32) -> Result<Vec<Flag>, Raise> {
    if lua.kind(table) != TYPE_TABLE {
        let text = "flags argument to server.register_function must be a table representing function flags";
        return Err(raise_error(lua, text));
    }
    let mut flags = Vec::new();
    for n in 1.. {
        lua.raw_get_at(table, n);
        if lua.kind(-1) == TYPE_NIL {
            lua.pop(1);
            break;
        }
        let flag = match lua.kind(-1) {
            TYPE_STRING => Flag::of_name(lua.bytes(-1).unwrap_or_default()),
            _ => None,
        };
        let Some(flag) = flag else { return Err(raise_error(lua, "unknown flag given")) };
        flags.push(flag);
        lua.pop(1);
    }
    flags.sort_unstable();
    flags.dedup();
    Ok(flags)
}
