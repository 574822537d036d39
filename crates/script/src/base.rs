//! The global functions that are not Lua's own: those that would get around read-only tables, stop the collector, load
//! bytecode or overflow.

use crate::guard;
use crate::lua::{Answer, Lua, Raise, TYPE_FUNCTION, TYPE_NIL, TYPE_STRING};
use crate::machine::kept;

/// What scripts have no business with.
const GONE: [&str; 10] = [
    "dofile", "loadfile", "print", "newproxy", "getfenv", "setfenv", "require", "module", "debug", "package",
];

/// Changes the table of globals on top of the stack.
pub(crate) fn install(lua: Lua) {
    for name in GONE {
        lua.push_nil();
        lua.set_field(-2, name);
    }
    for name in ["rawset", "setmetatable"] {
        before(lua, name, guard::only_changeable);
    }
    for name in ["next", "rawget"] {
        before(lua, name, guard::real_first);
    }
    // `pairs` hands out Lua's own `next`, which is quicker, for all but fronts.
    lua.raw_field(-1, "next");
    lua.keep(kept::NEXT);
    lua.push_function(pairs, 0);
    lua.set_field(-2, "pairs");
    lua.push_function(getmetatable, 0);
    lua.set_field(-2, "getmetatable");
    lua.push_function(unpack, 0);
    lua.set_field(-2, "unpack");
    lua.push_function(collectgarbage, 0);
    lua.set_field(-2, "collectgarbage");
    lua.push_function(loadstring, 0);
    lua.set_field(-2, "loadstring");
    lua.push_function(load, 0);
    lua.set_field(-2, "load");
    lua.push_function(xpcall, 0);
    lua.set_field(-2, "xpcall");
}

/// Puts a check before a function of the table on top.
pub(crate) fn before<F: Fn(Lua) -> Answer + Copy>(lua: Lua, name: &str, check: F) {
    lua.raw_field(-1, name);
    let native = lua.native(-1);
    lua.pop(1);
    if let Some(native) = native {
        lua.push_before(check, native);
        lua.set_field(-2, name);
    }
}

fn pairs(lua: Lua) -> Answer {
    lua.check_table(1)?;
    let front = guard::push_real(lua, 1);
    lua.set_top(1);
    lua.push_kept(if front { kept::NEXT } else { kept::NATIVE_NEXT });
    lua.push_copy(1);
    lua.push_nil();
    Ok(3)
}

fn getmetatable(lua: Lua) -> Answer {
    lua.check_any(1)?;
    if guard::push_shown(lua, 1) {
        return Ok(1);
    }
    if lua.kind(1) == TYPE_STRING {
        lua.push_kept(kept::STRING_METATABLE);
        return Ok(1);
    }
    if !lua.push_metatable(1) {
        lua.push_nil();
        return Ok(1);
    }
    if lua.raw_field(-1, "__metatable") == TYPE_NIL {
        lua.pop(1);
    }
    Ok(1)
}

/// The numbers from `i` to `e` are counted in 64 bits, and must have room on the stack.
fn unpack(lua: Lua) -> Answer {
    lua.check_table(1)?;
    let first = lua.optional_integer(2, 1)?;
    let last = lua.optional_integer(3, lua.raw_len(1) as i64)?;
    if first > last {
        return Ok(0);
    }
    let count = i128::from(last) - i128::from(first) + 1;
    let fits = i32::try_from(count).ok().filter(|count| *count < 8000 && lua.room(*count));
    let (Some(count), Ok(first), Ok(last)) = (fits, i32::try_from(first), i32::try_from(last)) else {
        return Err(lua.fail("too many results to unpack"));
    };
    for n in first..=last {
        lua.raw_get_at(1, n);
    }
    Ok(count)
}

/// Counts and collects; whoever wants to stop or slow the collector is told that it was done.
fn collectgarbage(lua: Lua) -> Answer {
    let option: &[u8] = if lua.is_missing(1) { b"collect" } else { lua.check_bytes(1)? };
    let argument = lua.optional_integer(2, 0)?;
    match option {
        b"collect" => {
            lua.collect(true, 0);
            lua.push_number(0.0);
        }
        b"step" => {
            let done = lua.collect(false, argument.clamp(0, 1 << 20) as i32);
            lua.push_boolean(done);
        }
        b"count" => lua.push_number(lua.shared().used() as f64 / 1024.0),
        b"stop" | b"restart" => lua.push_number(0.0),
        b"setpause" | b"setstepmul" => lua.push_number(200.0),
        other => {
            let what = format!("invalid option '{}'", String::from_utf8_lossy(other));
            return Err(lua.bad_argument(1, &what));
        }
    }
    Ok(1)
}

/// The handler runs when the error has passed, not where it was raised: an error that ends a script is raised in a hook,
/// and what Lua calls from there no hook can end.
fn xpcall(lua: Lua) -> Answer {
    lua.check_any(2)?;
    lua.set_top(2);
    lua.push_copy(1);
    if lua.call(0, -1, 0).is_ok() {
        lua.push_boolean(true);
        lua.insert(3);
        return Ok(lua.top() - 2);
    }
    lua.push_copy(2);
    lua.insert(3);
    if lua.call(1, 1, 0).is_err() {
        lua.push_text("error in error handling");
    }
    lua.push_boolean(false);
    let top = lua.top();
    lua.insert(top - 1);
    Ok(2)
}

fn loadstring(lua: Lua) -> Answer {
    let source = lua.check_bytes(1)?;
    let name = if lua.is_missing(2) { source } else { lua.check_bytes(2)? };
    compile(lua, source, name)
}

/// The pieces are collected first: no code of the script runs while the parser does.
fn load(lua: Lua) -> Answer {
    lua.check_kind(1, TYPE_FUNCTION, "function")?;
    let name: Vec<u8> = if lua.is_missing(2) { b"=(load)".to_vec() } else { lua.check_bytes(2)?.to_vec() };
    let mut source = Vec::new();
    loop {
        lua.push_copy(1);
        lua.call(0, 1, 0)?;
        match (lua.kind(-1), lua.bytes(-1)) {
            (TYPE_NIL, _) => break,
            (TYPE_STRING, Some([])) => break,
            (TYPE_STRING, Some(piece)) => source.extend_from_slice(piece),
            _ => {
                lua.push_nil();
                lua.push_text("reader function must return a string");
                return Ok(2);
            }
        }
        lua.pop(1);
        if source.len() > MOST_LOADED {
            return Err(lua.fail("chunk is too long"));
        }
    }
    compile(lua, &source, &name)
}

/// Most that `load` collects, in bytes.
const MOST_LOADED: usize = 64 << 20;

fn compile(lua: Lua, source: &[u8], name: &[u8]) -> Answer {
    // A name is shown up to its first NUL, as C sees it, and never in great length.
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len()).min(1 << 16);
    let name = std::ffi::CString::new(&name[..end]).unwrap_or_default();
    match lua.load(source, &name) {
        Ok(()) => Ok(1),
        Err(Raise) => {
            lua.push_nil();
            let top = lua.top();
            lua.insert(top - 1);
            Ok(2)
        }
    }
}
