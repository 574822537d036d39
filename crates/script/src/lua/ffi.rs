//! What we use of Lua 5.1's C interface, declared.

use std::ffi::{c_char, c_int, c_void};

/// `lua_State`.
#[repr(C)]
pub struct State {
    _opaque: [u8; 0],
}

pub type CFunction = unsafe extern "C-unwind" fn(*mut State) -> c_int;
pub type Hook = unsafe extern "C-unwind" fn(*mut State, *mut Debug);
pub type Alloc = unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, usize, usize) -> *mut c_void;
pub type Reader = unsafe extern "C-unwind" fn(*mut State, *mut c_void, *mut usize) -> *const c_char;

pub const REGISTRY: c_int = -10000;
pub const GLOBALS: c_int = -10002;

pub const OK: c_int = 0;
pub const ERR_MEMORY: c_int = 4;

pub const TYPE_NONE: c_int = -1;
pub const TYPE_NIL: c_int = 0;
pub const TYPE_BOOLEAN: c_int = 1;
pub const TYPE_LIGHT: c_int = 2;
pub const TYPE_NUMBER: c_int = 3;
pub const TYPE_STRING: c_int = 4;
pub const TYPE_TABLE: c_int = 5;
pub const TYPE_FUNCTION: c_int = 6;

pub const GC_STOP: c_int = 0;
pub const GC_RESTART: c_int = 1;
pub const GC_COLLECT: c_int = 2;
pub const GC_STEP: c_int = 5;

pub const MASK_LINE: c_int = 1 << 2;
pub const MASK_COUNT: c_int = 1 << 3;

/// `lua_Debug`.
#[repr(C)]
pub struct Debug {
    pub event: c_int,
    pub name: *const c_char,
    pub namewhat: *const c_char,
    pub what: *const c_char,
    pub source: *const c_char,
    pub currentline: c_int,
    pub nups: c_int,
    pub linedefined: c_int,
    pub lastlinedefined: c_int,
    pub short_src: [c_char; 60],
    pub i_ci: c_int,
}

unsafe extern "C-unwind" {
    pub fn lua_newstate(alloc: Alloc, data: *mut c_void) -> *mut State;
    pub fn lua_close(l: *mut State);
    pub fn lua_getallocf(l: *mut State, data: *mut *mut c_void) -> Option<Alloc>;

    pub fn lua_gettop(l: *mut State) -> c_int;
    pub fn lua_settop(l: *mut State, index: c_int);
    pub fn lua_pushvalue(l: *mut State, index: c_int);
    pub fn lua_remove(l: *mut State, index: c_int);
    pub fn lua_insert(l: *mut State, index: c_int);
    pub fn lua_replace(l: *mut State, index: c_int);
    pub fn lua_checkstack(l: *mut State, size: c_int) -> c_int;

    pub fn lua_type(l: *mut State, index: c_int) -> c_int;
    pub fn lua_typename(l: *mut State, kind: c_int) -> *const c_char;
    pub fn lua_isnumber(l: *mut State, index: c_int) -> c_int;
    pub fn lua_tonumber(l: *mut State, index: c_int) -> f64;
    pub fn lua_toboolean(l: *mut State, index: c_int) -> c_int;
    pub fn lua_tolstring(l: *mut State, index: c_int, len: *mut usize) -> *const c_char;
    pub fn lua_objlen(l: *mut State, index: c_int) -> usize;
    pub fn lua_tocfunction(l: *mut State, index: c_int) -> Option<CFunction>;
    pub fn lua_topointer(l: *mut State, index: c_int) -> *const c_void;

    pub fn lua_pushnil(l: *mut State);
    pub fn lua_pushnumber(l: *mut State, n: f64);
    pub fn lua_pushlstring(l: *mut State, s: *const c_char, len: usize);
    pub fn lua_pushcclosure(l: *mut State, f: CFunction, upvalues: c_int);
    pub fn lua_pushboolean(l: *mut State, b: c_int);
    pub fn lua_pushlightuserdata(l: *mut State, p: *mut c_void);

    pub fn lua_gettable(l: *mut State, index: c_int);
    pub fn lua_rawget(l: *mut State, index: c_int);
    pub fn lua_rawgeti(l: *mut State, index: c_int, n: c_int);
    pub fn lua_createtable(l: *mut State, array: c_int, records: c_int);
    pub fn lua_getmetatable(l: *mut State, index: c_int) -> c_int;
    pub fn lua_rawset(l: *mut State, index: c_int);
    pub fn lua_rawseti(l: *mut State, index: c_int, n: c_int);
    pub fn lua_setmetatable(l: *mut State, index: c_int) -> c_int;

    pub fn lua_pcall(l: *mut State, args: c_int, results: c_int, handler: c_int) -> c_int;
    pub fn lua_load(l: *mut State, reader: Reader, data: *mut c_void, name: *const c_char) -> c_int;
    pub fn lua_gc(l: *mut State, what: c_int, data: c_int) -> c_int;
    pub fn lua_error(l: *mut State) -> c_int;
    pub fn lua_next(l: *mut State, index: c_int) -> c_int;

    pub fn lua_getstack(l: *mut State, level: c_int, debug: *mut Debug) -> c_int;
    pub fn lua_getinfo(l: *mut State, what: *const c_char, debug: *mut Debug) -> c_int;
    pub fn lua_sethook(l: *mut State, hook: Option<Hook>, mask: c_int, count: c_int) -> c_int;

    pub fn luaopen_base(l: *mut State) -> c_int;
    pub fn luaopen_table(l: *mut State) -> c_int;
    pub fn luaopen_string(l: *mut State) -> c_int;
    pub fn luaopen_math(l: *mut State) -> c_int;
}
