//! Tables that scripts may read and not change: globals, libraries, metatables of basic types.
//!
//! Lua 5.1 has none. So what a script sees is an empty table, a *front*, whose hidden metatable sends reading to the
//! real one and refuses writing:
//!
//! ```text
//!   redis ──▶ front {}  ──metatable──▶ { __index = real, __newindex = refuse, [REAL] = real, [SHOWN] = … }
//! ```
//!
//! What would get around metatables (`rawset`, `rawget`, `next`, `pairs`, `setmetatable`, `getmetatable`, `table.insert`
//! and kin) is replaced by functions that know fronts.
//!
//! **Invariants**
//! 1. Scripts never hold a real table or a hidden metatable.
//! 2. A front stays empty, so every write of a key meets `__newindex`.

use crate::lua::{Answer, Lua, Raise, TYPE_TABLE};

/// Under this the hidden metatable keeps the real table.
const REAL: usize = 1;
/// Under this, what `getmetatable` shows of a front; nil: no metatable.
const SHOWN: usize = 2;

pub(crate) const READ_ONLY: &str = "Attempt to modify a readonly table";

fn refuse(lua: Lua) -> Answer {
    Err(lua.fail(READ_ONLY))
}

/// Replaces the table on top by a front of it. `shown`: whether `getmetatable` shows a front of the real table's own
/// metatable.
pub(crate) fn protect(lua: Lua, shown: bool) {
    lua.room(8);
    let real = lua.top();
    lua.push_table(0, 0);
    lua.push_table(0, 4);
    lua.push_copy(real);
    lua.set_field(-2, "__index");
    lua.push_function(refuse, 0);
    lua.set_field(-2, "__newindex");
    lua.push_mark(REAL);
    lua.push_copy(real);
    lua.raw_set(-3);
    if shown && lua.push_metatable(real) {
        protect(lua, false);
        lua.push_mark(SHOWN);
        let top = lua.top();
        lua.insert(top - 1);
        lua.raw_set(-3);
    }
    lua.set_metatable(-2);
    lua.replace(real);
}

/// Pushes what a front's hidden metatable keeps under a mark; pushes nothing if the value is no front.
fn push_hidden(lua: Lua, index: i32, mark: usize) -> bool {
    if lua.kind(index) != TYPE_TABLE || !lua.push_metatable(index) {
        return false;
    }
    lua.push_mark(REAL);
    lua.raw_get(-2);
    let is_front = lua.kind(-1) == TYPE_TABLE;
    if !is_front {
        lua.pop(2);
        return false;
    }
    if mark != REAL {
        lua.pop(1);
        lua.push_mark(mark);
        lua.raw_get(-2);
    }
    let metatable = lua.top() - 1;
    lua.remove(metatable);
    true
}

/// Pushes the real table behind a front.
pub(crate) fn push_real(lua: Lua, index: i32) -> bool {
    push_hidden(lua, index, REAL)
}

/// Pushes what `getmetatable` shows of a front.
pub(crate) fn push_shown(lua: Lua, index: i32) -> bool {
    push_hidden(lua, index, SHOWN)
}

/// Refuses the first argument if it is a front.
pub(crate) fn only_changeable(lua: Lua) -> Answer {
    if push_real(lua, 1) {
        lua.push_text(READ_ONLY);
        return Err(Raise);
    }
    Ok(0)
}

/// Puts the real table in the place of a front that is the first argument.
pub(crate) fn real_first(lua: Lua) -> Answer {
    if push_real(lua, 1) {
        lua.replace(1);
    }
    Ok(0)
}

/// Makes the table on top the one that the hidden metatable below it sends to, and takes it off.
pub(crate) fn set_real(lua: Lua) {
    lua.push_copy(-1);
    lua.set_field(-3, "__index");
    lua.push_mark(REAL);
    let top = lua.top();
    lua.insert(top - 1);
    lua.raw_set(-3);
}
