//! `table.insert`, `remove`, `sort`, `setn`: not on read-only tables, and not without end.

use crate::base::before;
use crate::guard;
use crate::lua::{Answer, Lua, Raise, TYPE_NUMBER, TYPE_STRING};

/// Changes the library that is on top of the stack.
pub(crate) fn install(lua: Lua) {
    for name in ["remove", "setn"] {
        before(lua, name, guard::only_changeable);
    }
    before(lua, "insert", insert_check);
    before(lua, "sort", sort_check);
}

/// `insert(t, at, v)` with a place far below the first element would shift nothing for hours.
fn insert_check(lua: Lua) -> Answer {
    guard::only_changeable(lua)?;
    if lua.top() == 3
        && let Some(at) = lua.number(2)
        && at < -1e6
    {
        return Err(lua.bad_argument(2, "position out of bounds"));
    }
    Ok(0)
}

/// Most elements that C Lua's sort is given, which is quadratic on order made for it, and cannot be stopped unless it
/// calls a function of the script.
const QUADRATIC: usize = 4096;

/// Sorts what has no order function here if it is long; what is short, or has one, is left to C Lua.
fn sort_check(lua: Lua) -> Answer {
    guard::only_changeable(lua)?;
    if lua.kind(1) != crate::lua::TYPE_TABLE || lua.raw_len(1) <= QUADRATIC || !lua.is_missing(2) {
        return Ok(0);
    }
    let len = i32::try_from(lua.raw_len(1)).map_err(|_| lua.fail("table is too long to sort"))?;
    sort_plain(lua, len)?;
    // What is left to C Lua then is an empty table.
    lua.set_top(0);
    lua.push_table(0, 0);
    Ok(0)
}

/// Numbers, or strings; anything else cannot be compared with all others (and gets C Lua's error).
fn sort_plain(lua: Lua, len: i32) -> Result<(), Raise> {
    let mut numbers = Vec::new();
    let mut strings = Vec::new();
    for n in 1..=len {
        lua.raw_get_at(1, n);
        match lua.kind(-1) {
            TYPE_NUMBER => numbers.push(lua.to_number(-1)),
            TYPE_STRING => strings.push(lua.bytes(-1).unwrap_or_default().to_vec()),
            _ => return Err(lua.fail("attempt to compare values that have no order")),
        }
        lua.pop(1);
    }
    if !numbers.is_empty() && !strings.is_empty() {
        return Err(lua.fail("attempt to compare number with string"));
    }
    if strings.is_empty() {
        numbers.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        for (n, number) in (1..).zip(&numbers) {
            lua.push_number(*number);
            lua.raw_set_at(1, n);
        }
    } else {
        strings.sort_unstable();
        for (n, string) in (1..).zip(&strings) {
            lua.push_bytes(string);
            lua.raw_set_at(1, n);
        }
    }
    Ok(())
}
