//! `cjson`: JSON with the ways of lua-cjson 2.1.0.
//!
//! A table is an array if its keys are positive integers without too many holes; the empty table is an object; `/` is
//! written as `\/`; numbers have 14 digits; null is a light userdata that is NULL.

mod decode;
mod encode;

use crate::lua::{Answer, Lua, Raise, TYPE_BOOLEAN, TYPE_STRING};

/// What scripts may set. Each run begins with [`Options::DEFAULT`]: a script cannot change it for others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    sparse_convert: bool,
    sparse_ratio: i64,
    sparse_safe: i64,
    encode_depth: i64,
    decode_depth: i64,
    precision: i64,
    invalid: Invalid,
    decode_invalid: bool,
    keep_buffer: bool,
}

/// What becomes of a number that JSON does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalid {
    Refused,
    Written,
    Null,
}

impl Options {
    pub const DEFAULT: Options = Options {
        sparse_convert: false,
        sparse_ratio: 2,
        sparse_safe: 10,
        encode_depth: 1000,
        decode_depth: 1000,
        precision: 14,
        invalid: Invalid::Refused,
        decode_invalid: true,
        keep_buffer: true,
    };
}

/// Deepest nesting whatever a script sets: what the stack bears.
const DEEPEST: i64 = 2000;

/// NULL, as a mark.
pub(crate) const NULL: usize = 0;

/// Pushes the library.
pub(crate) fn push(lua: Lua) {
    lua.push_table(0, 16);
    macro_rules! add {
        ($($name:literal: $function:expr),* $(,)?) => {
            $(lua.push_function($function, 0); lua.set_field(-2, $name);)*
        };
    }
    add! {
        "encode": encode::encode,
        "decode": decode::decode,
        "encode_sparse_array": encode_sparse_array,
        "encode_max_depth": |lua: Lua| integer(lua, 1, i64::from(i32::MAX), |o| &mut o.encode_depth),
        "decode_max_depth": |lua: Lua| integer(lua, 1, i64::from(i32::MAX), |o| &mut o.decode_depth),
        "encode_number_precision": |lua: Lua| integer(lua, 1, 14, |o| &mut o.precision),
        "encode_keep_buffer": |lua: Lua| switch(lua, 1, |o| &mut o.keep_buffer),
        "decode_invalid_numbers": |lua: Lua| switch(lua, 1, |o| &mut o.decode_invalid),
        "encode_invalid_numbers": encode_invalid_numbers,
        "new": |lua: Lua| { push(lua); Ok(1) },
    }
    lua.push_mark(NULL);
    lua.set_field(-2, "null");
    lua.push_text("cjson");
    lua.set_field(-2, "_NAME");
    lua.push_text("2.1.0");
    lua.set_field(-2, "_VERSION");
}

fn most_one(lua: Lua, most: i32) -> Result<(), Raise> {
    if lua.top() > most { Err(lua.bad_argument(most + 1, "found too many arguments")) } else { Ok(()) }
}

fn change(lua: Lua, change: impl FnOnce(&mut Options)) {
    let mut options = lua.shared().json.get();
    change(&mut options);
    lua.shared().json.set(options);
}

/// The argument as an integer within bounds, if it is there.
fn bounded(lua: Lua, index: i32, min: i64, max: i64) -> Result<Option<i64>, Raise> {
    if lua.is_missing(index) {
        return Ok(None);
    }
    let value = lua.check_integer(index)?;
    if !(min..=max).contains(&value) {
        let what = format!("expected integer between {min} and {max}");
        return Err(lua.bad_argument(index, &what));
    }
    Ok(Some(value))
}

fn integer(lua: Lua, min: i64, max: i64, field: fn(&mut Options) -> &mut i64) -> Answer {
    most_one(lua, 1)?;
    if let Some(value) = bounded(lua, 1, min, max)? {
        change(lua, |options| *field(options) = value);
    }
    lua.push_number(*field(&mut lua.shared().json.get()) as f64);
    Ok(1)
}

/// A switch: a boolean, or `on` and `off`.
fn switch(lua: Lua, most: i32, field: fn(&mut Options) -> &mut bool) -> Answer {
    most_one(lua, most)?;
    if !lua.is_missing(1) {
        let on = match lua.kind(1) {
            TYPE_BOOLEAN => lua.boolean(1),
            _ => match lua.check_bytes(1)? {
                b"on" => true,
                b"off" => false,
                other => return Err(bad_option(lua, other)),
            },
        };
        change(lua, |options| *field(options) = on);
    }
    lua.push_boolean(*field(&mut lua.shared().json.get()));
    Ok(1)
}

fn bad_option(lua: Lua, option: &[u8]) -> Raise {
    lua.bad_argument(1, &format!("invalid option '{}'", String::from_utf8_lossy(option)))
}

fn encode_sparse_array(lua: Lua) -> Answer {
    most_one(lua, 3)?;
    let max = i64::from(i32::MAX);
    let (ratio, safe) = (bounded(lua, 2, 0, max)?, bounded(lua, 3, 0, max)?);
    let convert = (!lua.is_missing(1)).then(|| lua.boolean(1));
    change(lua, |options| {
        options.sparse_convert = convert.unwrap_or(options.sparse_convert);
        options.sparse_ratio = ratio.unwrap_or(options.sparse_ratio);
        options.sparse_safe = safe.unwrap_or(options.sparse_safe);
    });
    let options = lua.shared().json.get();
    lua.push_boolean(options.sparse_convert);
    lua.push_number(options.sparse_ratio as f64);
    lua.push_number(options.sparse_safe as f64);
    Ok(3)
}

fn encode_invalid_numbers(lua: Lua) -> Answer {
    most_one(lua, 1)?;
    if !lua.is_missing(1) {
        let invalid = match (lua.kind(1), lua.bytes(1)) {
            (TYPE_BOOLEAN, _) if lua.boolean(1) => Invalid::Written,
            (TYPE_BOOLEAN, _) | (TYPE_STRING, Some(b"off")) => Invalid::Refused,
            (TYPE_STRING, Some(b"on")) => Invalid::Written,
            (TYPE_STRING, Some(b"null")) => Invalid::Null,
            _ => return Err(bad_option(lua, lua.check_bytes(1)?)),
        };
        change(lua, |options| options.invalid = invalid);
    }
    match lua.shared().json.get().invalid {
        Invalid::Refused => lua.push_boolean(false),
        Invalid::Written => lua.push_boolean(true),
        Invalid::Null => lua.push_text("null"),
    }
    Ok(1)
}
