//! Error values as scripts see them: `{err = "CODE message"}`, and what the handler adds of the place.

use crate::lua::{Answer, Lua, TYPE_STRING, TYPE_TABLE};

/// Pushes the error table of a text. `-CODE message` keeps its code; anything else gets `ERR`.
pub(crate) fn push_error(lua: Lua, text: &[u8]) {
    let (code, message): (&[u8], &[u8]) = match text.strip_prefix(b"-") {
        None => (b"ERR", text),
        Some(rest) => match rest.iter().position(|byte| *byte == b' ') {
            None => (b"ERR", rest),
            Some(at) => (&rest[..at], &rest[at + 1..]),
        },
    };
    let message = trimmed(message);
    push_error_line(lua, &[code, b" ", message].concat());
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    let breaks = |byte: &u8| matches!(byte, b'\r' | b'\n');
    while let Some((last, rest)) = text.split_last().filter(|(last, _)| breaks(last)) {
        let _ = last;
        text = rest;
    }
    while let Some((_, rest)) = text.split_first().filter(|(first, _)| breaks(first)) {
        text = rest;
    }
    text
}

/// Pushes the error table of a whole line.
pub(crate) fn push_error_line(lua: Lua, line: &[u8]) {
    lua.push_table(0, 1);
    lua.push_bytes(line);
    lua.set_field(-2, "err");
}

/// Has the error table on top say that the error has been counted already.
pub(crate) fn mark_counted(lua: Lua) {
    lua.push_boolean(true);
    lua.set_field(-2, "ignore_error_stats_update");
}

/// The handler of scripts: makes a table of what was raised, and adds where that was.
pub(crate) fn handler(lua: Lua) -> Answer {
    lua.set_top(1);
    let place = match lua.level(1) {
        Some(level) if level.is_native => lua.level(2),
        level => level,
    };
    if lua.kind(1) != TYPE_TABLE {
        let text: Vec<u8> = match lua.kind(1) {
            crate::lua::TYPE_NIL => b"nil".to_vec(),
            crate::lua::TYPE_BOOLEAN => lua.boolean(1).to_string().into_bytes(),
            _ => match lua.bytes(1) {
                Some(bytes) => bytes.to_vec(),
                None => format!("{}: {:#x}", lua.kind_name(1), lua.address(1)).into_bytes(),
            },
        };
        lua.set_top(0);
        push_error_line(lua, &[b"ERR ", text.as_slice()].concat());
    }
    let front = crate::guard::push_real(lua, 1);
    lua.set_top(1);
    if let Some(place) = place.filter(|_| !front) {
        lua.push_text(&place.source);
        lua.set_field(1, "source");
        lua.push_number(f64::from(place.line));
        lua.set_field(1, "line");
    }
    Ok(1)
}

/// The line of the error table (or text) on top, without the place, and whether it has been counted.
pub(crate) fn line_of(lua: Lua) -> (Vec<u8>, bool) {
    if lua.kind(-1) != TYPE_TABLE {
        let text = lua.bytes(-1).unwrap_or(b"execution failure");
        return ([b"ERR ", text].concat(), false);
    }
    lua.room(4);
    let line = field(lua, "err").unwrap_or_else(|| b"ERR unknown error".to_vec());
    lua.raw_field(-1, "ignore_error_stats_update");
    let counted = lua.boolean(-1);
    lua.pop(1);
    (line, counted)
}

/// ` script: on @user_script:1.`, if the error table on top says where it was.
pub(crate) fn place_of(lua: Lua) -> Option<(Vec<u8>, Vec<u8>)> {
    if lua.kind(-1) != TYPE_TABLE {
        return None;
    }
    Some((field(lua, "source")?, field(lua, "line")?))
}

/// A field that is text (or a number).
fn field(lua: Lua, name: &str) -> Option<Vec<u8>> {
    let kind = lua.raw_field(-1, name);
    let text = match kind {
        TYPE_STRING | crate::lua::TYPE_NUMBER => lua.bytes(-1).map(<[u8]>::to_vec),
        _ => None,
    };
    lua.pop(1);
    text
}
