//! `string.find`, `match`, `gmatch`, `gsub`, `rep`: over [`crate::pattern`], and bounded in time and memory.

use crate::lua::{Answer, Lua, Raise, TYPE_FUNCTION, TYPE_NUMBER, TYPE_STRING, TYPE_TABLE};
use crate::pattern::{Caught, Fault, Matcher, seen};

/// Changes the library that is on top of the stack.
pub(crate) fn install(lua: Lua) {
    lua.push_function(find, 0);
    lua.set_field(-2, "find");
    lua.push_function(first_match, 0);
    lua.set_field(-2, "match");
    for name in ["gmatch", "gfind"] {
        lua.push_function(gmatch, 0);
        lua.set_field(-2, name);
    }
    lua.push_function(gsub, 0);
    lua.set_field(-2, "gsub");
    lua.push_function(rep, 0);
    lua.set_field(-2, "rep");
}

/// Raises what is wrong with a pattern, or the end of the script's time (which `must_stop` has pushed).
fn raise(lua: Lua, fault: Fault) -> Raise {
    match fault {
        Fault::Text(text) => lua.fail(text),
        Fault::Stopped => Raise,
    }
}

fn push_caught(lua: Lua, caught: Caught<'_>) {
    match caught {
        Caught::Bytes(bytes) => lua.push_bytes(bytes),
        Caught::Position(at) => lua.push_number(at as f64),
    }
}

/// Pushes all captures of a match, or the whole of it.
fn push_captures(lua: Lua, matcher: &Matcher<'_, '_>, from: usize, to: usize, whole: bool) -> Answer {
    let count = matcher.count(whole);
    if !lua.room(count as i32) {
        return Err(lua.fail("too many captures"));
    }
    for n in 0..count {
        let caught = matcher.caught(n, from, to).map_err(|fault| raise(lua, fault))?;
        push_caught(lua, caught);
    }
    Ok(count as i32)
}

/// Where to begin: the third argument, counted from 1, or from the end if negative.
fn start(lua: Lua, len: usize) -> Result<usize, Raise> {
    let init = lua.optional_integer(3, 1)?;
    let from = if init < 0 { (len as i64).saturating_add(init) } else { init - 1 };
    Ok(usize::try_from(from).unwrap_or(0).min(len))
}

const SPECIAL: &[u8] = b"^$*+?.([%-";

fn find(lua: Lua) -> Answer {
    let (text, pattern) = (lua.check_bytes(1)?, lua.check_bytes(2)?);
    let from = start(lua, text.len())?;
    let plain = lua.boolean(4) || !pattern.iter().any(|byte| SPECIAL.contains(byte));
    if !plain {
        return search(lua, text, pattern, from, true);
    }
    match memchr::memmem::find(&text[from..], pattern) {
        Some(at) => {
            lua.push_number((from + at + 1) as f64);
            lua.push_number((from + at + pattern.len()) as f64);
            Ok(2)
        }
        None => nothing(lua),
    }
}

fn nothing(lua: Lua) -> Answer {
    lua.push_nil();
    Ok(1)
}

fn first_match(lua: Lua) -> Answer {
    let (text, pattern) = (lua.check_bytes(1)?, lua.check_bytes(2)?);
    let from = start(lua, text.len())?;
    search(lua, text, pattern, from, false)
}

/// Answers the first match from a place on: with `places`, where it is before what it caught.
fn search(lua: Lua, text: &[u8], pattern: &[u8], mut from: usize, places: bool) -> Answer {
    let pattern = seen(pattern);
    let anchored = pattern.first() == Some(&b'^');
    let pattern = if anchored { &pattern[1..] } else { pattern };
    let mut go_on = || !lua.must_stop();
    let mut matcher = Matcher::new(text, pattern, &mut go_on);
    loop {
        if let Some(to) = matcher.match_at(from).map_err(|fault| raise(lua, fault))? {
            if !places {
                return push_captures(lua, &matcher, from, to, true);
            }
            lua.push_number((from + 1) as f64);
            lua.push_number(to as f64);
            return Ok(2 + push_captures(lua, &matcher, from, to, false)?);
        }
        from += 1;
        if anchored || from > text.len() {
            return nothing(lua);
        }
    }
}

/// An iterator with text, pattern and place as upvalues; the place is a table of one number, since upvalues cannot be set
/// from here.
fn gmatch(lua: Lua) -> Answer {
    lua.check_bytes(1)?;
    lua.check_bytes(2)?;
    lua.set_top(2);
    lua.push_table(1, 0);
    lua.push_function(gmatch_next, 3);
    Ok(1)
}

fn gmatch_next(lua: Lua) -> Answer {
    lua.set_top(0);
    for upvalue in 1..=3 {
        lua.push_upvalue(upvalue);
    }
    let (text, pattern) = (lua.check_bytes(1)?, seen(lua.check_bytes(2)?));
    lua.raw_get_at(3, 1);
    let mut from = lua.to_number(-1) as usize;
    lua.pop(1);
    let mut go_on = || !lua.must_stop();
    let mut matcher = Matcher::new(text, pattern, &mut go_on);
    while from <= text.len() {
        if let Some(to) = matcher.match_at(from).map_err(|fault| raise(lua, fault))? {
            // An empty match is followed by one that begins later.
            let next = if to == from { to + 1 } else { to };
            lua.push_number(next as f64);
            lua.raw_set_at(3, 1);
            return push_captures(lua, &matcher, from, to, true);
        }
        from += 1;
    }
    nothing(lua)
}

fn gsub(lua: Lua) -> Answer {
    let (text, pattern) = (lua.check_bytes(1)?, lua.check_bytes(2)?);
    let kind = lua.kind(3);
    if !matches!(kind, TYPE_NUMBER | TYPE_STRING | TYPE_FUNCTION | TYPE_TABLE) {
        return Err(lua.bad_argument(3, "string/function/table expected"));
    }
    let most = lua.optional_integer(4, text.len() as i64 + 1)?;
    lua.set_top(3);
    let pattern = seen(pattern);
    let anchored = pattern.first() == Some(&b'^');
    let pattern = if anchored { &pattern[1..] } else { pattern };
    let mut go_on = || !lua.must_stop();
    let mut matcher = Matcher::new(text, pattern, &mut go_on);
    let (mut out, mut from, mut count) = (Vec::new(), 0, 0i64);
    while count < most {
        let found = matcher.match_at(from).map_err(|fault| raise(lua, fault))?;
        if let Some(to) = found {
            count += 1;
            add(lua, &matcher, &mut out, text, from, to)?;
            lua.set_top(3);
            if out.len() > lua.shared().most_bytes() {
                return Err(lua.fail("resulting string too large"));
            }
        }
        match found {
            Some(to) if to > from => from = to,
            _ if from < text.len() => {
                out.push(text[from]);
                from += 1;
            }
            _ => break,
        }
        if anchored {
            break;
        }
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    lua.push_bytes(&out);
    lua.push_number(count as f64);
    Ok(2)
}

/// Appends what stands in for a match.
fn add(
    lua: Lua,
    matcher: &Matcher<'_, '_>,
    out: &mut Vec<u8>,
    text: &[u8],
    from: usize,
    to: usize,
) -> Result<(), Raise> {
    match lua.kind(3) {
        TYPE_FUNCTION => {
            lua.push_copy(3);
            let args = push_captures(lua, matcher, from, to, true)?;
            lua.call(args, 1, 0)?;
        }
        TYPE_TABLE => {
            lua.push_copy(3);
            push_caught(lua, matcher.caught(0, from, to).map_err(|fault| raise(lua, fault))?);
            lua.index()?;
        }
        _ => return add_template(lua, matcher, out, from, to),
    }
    if matches!(lua.kind(-1), crate::lua::TYPE_NIL | crate::lua::TYPE_BOOLEAN) && !lua.boolean(-1) {
        out.extend_from_slice(&text[from..to]);
    } else if let Some(bytes) = lua.bytes(-1) {
        out.extend_from_slice(bytes);
    } else {
        return Err(lua.fail(&format!("invalid replacement value (a {})", lua.kind_name(-1))));
    }
    Ok(())
}

/// A replacement text, in which `%1` stands for a capture and `%0` for the match.
fn add_template(
    lua: Lua,
    matcher: &Matcher<'_, '_>,
    out: &mut Vec<u8>,
    from: usize,
    to: usize,
) -> Result<(), Raise> {
    let template = lua.check_bytes(3)?;
    let mut at = 0;
    while at < template.len() {
        if template[at] != b'%' {
            out.push(template[at]);
            at += 1;
            continue;
        }
        // A lone % at the end stands for the NUL that C finds there.
        match template.get(at + 1).copied().unwrap_or(0) {
            digit @ b'0'..=b'9' => {
                let caught = match digit {
                    b'0' => Ok(Caught::Bytes(matcher.whole(from, to))),
                    _ => matcher.caught(usize::from(digit - b'1'), from, to),
                };
                match caught.map_err(|fault| raise(lua, fault))? {
                    Caught::Bytes(bytes) => out.extend_from_slice(bytes),
                    Caught::Position(place) => out.extend_from_slice(place.to_string().as_bytes()),
                }
            }
            other => out.push(other),
        }
        at += 2;
    }
    Ok(())
}

fn rep(lua: Lua) -> Answer {
    let text = lua.check_bytes(1)?;
    let times = usize::try_from(lua.check_integer(2)?).unwrap_or(0);
    match text.len().checked_mul(times) {
        Some(len) if len <= lua.shared().most_bytes() => {
            lua.push_bytes(&text.repeat(if text.is_empty() { 0 } else { times }));
            Ok(1)
        }
        _ => Err(lua.fail("resulting string too large")),
    }
}
