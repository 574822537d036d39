//! Lua 5.1's C library behind calls that Rust code can live with. All `unsafe` of this crate is in this folder.
//!
//! C Lua raises errors with `longjmp`, which may not jump over Rust values that want to be dropped. So this crate
//! keeps to one rule, and everything else follows from it:
//!
//! **Invariants**
//! 1. *No Lua error passes through a Rust frame that owns something.* Host code (callbacks, and whatever runs outside
//!    of [`Lua::call`]) runs in *host mode*, in which the allocator never answers "no memory": being over the limit is
//!    noted, and raised when the callback has returned. Host code uses raw accesses only, which call no metamethod.
//!    A callback that wants to raise returns [`Raise`]; only `entry`, whose frame owns nothing, jumps.
//! 2. Lua code runs only within `lua_pcall`, so the panic function is never called.
//! 3. A panic in a callback is caught, kept, and continued when Lua has been left: it does not unwind through C.
//! 4. The collector runs no code of scripts: userdata, and with it `__gc`, cannot be made by them.
//! 5. Indices are positive (what is beyond the top reads as none), or negative and within the stack: the methods
//!    assert it. Bytes lent by [`Lua::bytes`] are used while their string is on the stack.
//! 6. Before a callback pushes more than the twenty slots that Lua promises, it asks for room ([`Lua::room`]).

mod alloc;
mod ffi;
mod shared;

use std::ffi::{CStr, c_char, c_int, c_void};

pub(crate) use ffi::{
    TYPE_BOOLEAN, TYPE_FUNCTION, TYPE_LIGHT, TYPE_NIL, TYPE_NONE, TYPE_NUMBER, TYPE_STRING, TYPE_TABLE,
};
pub(crate) use shared::Shared;

/// The value on top of the stack is to be raised as an error.
#[derive(Debug)]
pub(crate) struct Raise;

/// How many values on top of the stack a callback answers, or that it raises.
pub(crate) type Answer = std::result::Result<i32, Raise>;

/// How many instructions run between two hooks. Few, since an instruction may copy megabytes.
const HOOK_COUNT: i32 = 5000;

/// A thread of the interpreter: the main one, or a coroutine. Valid while its [`State`] lives.
#[derive(Clone, Copy)]
pub(crate) struct Lua {
    raw: *mut ffi::State,
}

/// A function of C Lua's own libraries, to be called as it is.
#[derive(Clone, Copy)]
pub(crate) struct Native(ffi::CFunction);

/// An interpreter.
pub(crate) struct State {
    lua: Lua,
    shared: *mut Shared,
}

impl State {
    /// A new interpreter, with its libraries base, table, string and math. `None`: no memory.
    pub fn new(limit: usize) -> Option<State> {
        let shared = Box::into_raw(Box::new(Shared::new(limit)));
        // SAFETY: `grow` keeps the contract of a Lua allocator, and `shared` lives until `drop`.
        let raw = unsafe { ffi::lua_newstate(alloc::grow, shared.cast()) };
        if raw.is_null() {
            // SAFETY: it came from `into_raw` above, and nobody else has it.
            drop(unsafe { Box::from_raw(shared) });
            return None;
        }
        let state = State { lua: Lua { raw }, shared };
        state.lua.shared().enter_host();
        for open in [ffi::luaopen_base, ffi::luaopen_table, ffi::luaopen_string, ffi::luaopen_math] {
            // The libraries register themselves with calls that may raise only when there is no memory, and each needs
            // an environment of a C function.
            state.lua.push_native(Native(open));
            if state.lua.call(0, 0, 0).is_err() {
                return None;
            }
        }
        Some(state)
    }

    pub fn lua(&self) -> Lua {
        self.lua
    }
}

/// An interpreter that is only to be closed, by whichever thread.
pub(crate) struct Closing {
    _state: State,
}

// SAFETY: nothing reads a `Closing` but its drop, which closes the interpreter. That owns all that it points to: its
// memory and `Shared` are reached from nowhere else once the `State` was given away (`Lua` is a copy of the pointer that
// no caller keeps beyond a borrow of its machine), it has no thread of its own, and what it closes with runs no script:
// there are no finalizers written in Lua (the sandbox has no `newproxy`). The allocator frees what any thread allocated.
unsafe impl Send for Closing {}

impl Closing {
    /// No script runs in it: whoever runs one has borrowed the machine.
    pub fn new(state: State) -> Self {
        Closing { _state: state }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: both came from `new`; the interpreter is closed before what its allocator uses goes.
        unsafe {
            ffi::lua_close(self.lua.raw);
            drop(Box::from_raw(self.shared));
        }
    }
}

/// A callback as C sees it. `F` is the type of a plain function, which has no size.
unsafe extern "C-unwind" fn entry<F: Fn(Lua) -> Answer + Copy>(raw: *mut ffi::State) -> c_int {
    match body::<F>(raw) {
        count if count >= 0 => count,
        // SAFETY: this frame owns nothing (invariant 1); the error value is on top of the stack.
        _ => unsafe { ffi::lua_error(raw) },
    }
}

/// Runs a callback in host mode; -1: the error on top of the stack is to be raised.
fn body<F: Fn(Lua) -> Answer + Copy>(raw: *mut ffi::State) -> c_int {
    const { assert!(size_of::<F>() == 0) }
    // SAFETY: a value of a type without size is read from anywhere; one existed, since `push_function` was given it.
    let function = unsafe { std::ptr::NonNull::<F>::dangling().read() };
    let lua = Lua { raw };
    let shared = lua.shared();
    shared.enter_host();
    let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| function(lua)));
    let answer = match answer {
        Ok(Ok(_)) if shared.has_worked() && lua.must_stop() => {
            lua.watch(ffi::MASK_LINE | ffi::MASK_COUNT);
            -1
        }
        Ok(Ok(_)) if shared.is_over() => {
            lua.push_bytes(OUT_OF_MEMORY);
            -1
        }
        Ok(Ok(count)) => count,
        Ok(Err(Raise)) => -1,
        Err(panic) => {
            shared.keep_panic(panic);
            lua.push_bytes(b"the server has failed");
            -1
        }
    };
    shared.leave_host();
    answer
}

const OUT_OF_MEMORY: &[u8] = b"not enough memory";

/// A callback that does something first and then becomes a function of C Lua's own (upvalue 1), called with what is on
/// the stack.
unsafe extern "C-unwind" fn entry_before<F: Fn(Lua) -> Answer + Copy>(raw: *mut ffi::State) -> c_int {
    if body::<F>(raw) < 0 {
        // SAFETY: as in `entry`.
        return unsafe { ffi::lua_error(raw) };
    }
    // SAFETY: upvalue 1 is the C function that `push_before` put there; this frame owns nothing.
    unsafe {
        match ffi::lua_tocfunction(raw, ffi::GLOBALS - 1) {
            Some(native) => native(raw),
            None => 0,
        }
    }
}

/// `t[k]` with metamethods: for [`Lua::call`], since it may raise.
unsafe extern "C-unwind" fn index(raw: *mut ffi::State) -> c_int {
    // SAFETY: called with two values; owns nothing.
    unsafe { ffi::lua_gettable(raw, 1) };
    1
}

/// Looks at the time, every so many instructions; raises if the script is to end.
unsafe extern "C-unwind" fn hook(raw: *mut ffi::State, _: *mut ffi::Debug) {
    if interrupted(raw) {
        // SAFETY: as in `entry`; hooks may raise.
        unsafe { ffi::lua_error(raw) };
    }
}

/// Whether the script is to end; the error value is on the stack then.
fn interrupted(raw: *mut ffi::State) -> bool {
    let lua = Lua { raw };
    let shared = lua.shared();
    if !shared.is_stopping() && !shared.count_hook() {
        return false;
    }
    shared.enter_host();
    let stop = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lua.must_stop()));
    let stop = stop.unwrap_or_else(|panic| {
        shared.keep_panic(panic);
        lua.push_bytes(b"the server has failed");
        true
    });
    // Whoever catches the error is stopped again at the next line.
    lua.watch(if stop { ffi::MASK_LINE | ffi::MASK_COUNT } else { ffi::MASK_COUNT });
    shared.leave_host();
    stop
}

/// What `lua_load` reads from.
struct Chunk<'a> {
    pieces: [&'a [u8]; 2],
    next: usize,
}

unsafe extern "C-unwind" fn read(_: *mut ffi::State, data: *mut c_void, len: *mut usize) -> *const c_char {
    // SAFETY: `data` is the `Chunk` that `load` lent, and nobody else uses it meanwhile; `len` is Lua's to be written.
    unsafe {
        let chunk = &mut *data.cast::<Chunk<'_>>();
        let piece = chunk.pieces.get(chunk.next).copied().unwrap_or_default();
        chunk.next += 1;
        *len = piece.len();
        if piece.is_empty() { std::ptr::null() } else { piece.as_ptr().cast() }
    }
}

/// Longest source text, in bytes: far below where the lexer's 32-bit counts end.
const MAX_SOURCE: usize = 256 << 20;

// SAFETY (of every block here that calls into Lua): `raw` is a live thread of a live interpreter; indices are checked
// (`at`); host mode makes calls that allocate not raise, and the other ones never do (invariant 1). Blocks that rest on
// more than this say so.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Lua {
    /// An index that is safe to use.
    #[inline]
    fn at(self, index: i32) -> c_int {
        assert!(index > 0 || -index <= self.top(), "no such place on the stack");
        index
    }

    #[inline]
    pub fn shared<'a>(self) -> &'a Shared {
        let mut data = std::ptr::null_mut();
        unsafe {
            ffi::lua_getallocf(self.raw, &mut data);
            // SAFETY: `State::new` made it the allocator's data, and it lives as long as the interpreter.
            &*data.cast::<Shared>()
        }
    }

    #[inline]
    pub fn top(self) -> i32 {
        unsafe { ffi::lua_gettop(self.raw) }
    }

    /// Takes values off until so many are left.
    pub fn set_top(self, top: i32) {
        assert!((0..=self.top()).contains(&top), "the stack only shrinks");
        unsafe { ffi::lua_settop(self.raw, top) };
    }

    pub fn pop(self, count: i32) {
        self.set_top(self.top() - count);
    }

    /// Room for so many values more; false if the stack would become too long.
    #[inline]
    pub fn room(self, count: i32) -> bool {
        unsafe { ffi::lua_checkstack(self.raw, count) != 0 }
    }

    #[inline]
    pub fn kind(self, index: i32) -> i32 {
        unsafe { ffi::lua_type(self.raw, self.at(index)) }
    }

    pub fn kind_name<'a>(self, index: i32) -> &'a str {
        let name = unsafe { ffi::lua_typename(self.raw, self.kind(index)) };
        // SAFETY: names of types are constants.
        unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default()
    }

    /// A number, or a string that reads as one.
    pub fn number(self, index: i32) -> Option<f64> {
        let index = self.at(index);
        unsafe { (ffi::lua_isnumber(self.raw, index) != 0).then(|| ffi::lua_tonumber(self.raw, index)) }
    }

    /// The number at a place that holds one; 0 elsewhere.
    #[inline]
    pub fn to_number(self, index: i32) -> f64 {
        unsafe { ffi::lua_tonumber(self.raw, self.at(index)) }
    }

    #[inline]
    pub fn boolean(self, index: i32) -> bool {
        unsafe { ffi::lua_toboolean(self.raw, self.at(index)) != 0 }
    }

    /// The bytes of a string, or of a number, which becomes a string. They stay as long as it is on the stack.
    #[inline]
    pub fn bytes<'a>(self, index: i32) -> Option<&'a [u8]> {
        let (index, mut len) = (self.at(index), 0);
        unsafe {
            let text = ffi::lua_tolstring(self.raw, index, &mut len);
            // SAFETY: Lua's strings have `len` bytes and stay where they are; see invariant 5.
            (!text.is_null()).then(|| std::slice::from_raw_parts(text.cast(), len))
        }
    }

    pub fn raw_len(self, index: i32) -> usize {
        unsafe { ffi::lua_objlen(self.raw, self.at(index)) }
    }

    pub fn native(self, index: i32) -> Option<Native> {
        unsafe { ffi::lua_tocfunction(self.raw, self.at(index)).map(Native) }
    }

    /// Where a light userdata, table or function is.
    pub fn address(self, index: i32) -> usize {
        unsafe { ffi::lua_topointer(self.raw, self.at(index)) as usize }
    }

    pub fn push_nil(self) {
        unsafe { ffi::lua_pushnil(self.raw) };
    }
    #[inline]
    pub fn push_number(self, value: f64) {
        unsafe { ffi::lua_pushnumber(self.raw, value) };
    }
    pub fn push_boolean(self, value: bool) {
        unsafe { ffi::lua_pushboolean(self.raw, c_int::from(value)) };
    }
    #[inline]
    pub fn push_bytes(self, bytes: &[u8]) {
        debug_assert!(self.shared().in_host());
        unsafe { ffi::lua_pushlstring(self.raw, bytes.as_ptr().cast(), bytes.len()) };
        if bytes.len() > 4096 {
            // Lua may have had the string already; to make it has taken time all the same.
            self.shared().work(bytes.len());
        }
    }
    pub fn push_text(self, text: &str) {
        self.push_bytes(text.as_bytes());
    }
    /// A light userdata that is equal to others of this number, and to nothing else.
    pub fn push_mark(self, mark: usize) {
        unsafe { ffi::lua_pushlightuserdata(self.raw, mark as *mut c_void) };
    }
    pub fn push_copy(self, index: i32) {
        unsafe { ffi::lua_pushvalue(self.raw, self.at(index)) };
    }
    pub fn push_table(self, array: usize, records: usize) {
        let bound = |n: usize| n.min(1 << 20) as c_int;
        unsafe { ffi::lua_createtable(self.raw, bound(array), bound(records)) };
    }
    pub fn push_native(self, native: Native) {
        unsafe { ffi::lua_pushcclosure(self.raw, native.0, 0) };
    }
    /// A callback with the topmost values as upvalues.
    pub fn push_function<F: Fn(Lua) -> Answer + Copy>(self, _: F, upvalues: i32) {
        assert!(upvalues <= self.top());
        unsafe { ffi::lua_pushcclosure(self.raw, entry::<F>, upvalues) };
    }
    /// A callback that goes before a function of C Lua's own.
    pub fn push_before<F: Fn(Lua) -> Answer + Copy>(self, _: F, native: Native) {
        self.push_native(native);
        unsafe { ffi::lua_pushcclosure(self.raw, entry_before::<F>, 1) };
    }
    pub fn push_upvalue(self, number: i32) {
        assert!((1..=8).contains(&number));
        unsafe { ffi::lua_pushvalue(self.raw, ffi::GLOBALS - number) };
    }
    /// The table of this thread's globals.
    pub fn push_globals(self) {
        unsafe { ffi::lua_pushvalue(self.raw, ffi::GLOBALS) };
    }
    /// Makes the topmost table that of the globals of what is loaded from now on.
    pub fn set_globals(self) {
        assert_eq!(self.kind(-1), TYPE_TABLE);
        unsafe { ffi::lua_replace(self.raw, ffi::GLOBALS) };
    }
    /// A value of the registry, by number.
    #[inline]
    pub fn push_kept(self, number: i32) {
        unsafe { ffi::lua_rawgeti(self.raw, ffi::REGISTRY, number) };
    }
    /// Keeps the topmost value (nil: forgets) in the registry under a number.
    pub fn keep(self, number: i32) {
        self.at(-1);
        unsafe { ffi::lua_rawseti(self.raw, ffi::REGISTRY, number) };
    }

    pub fn insert(self, index: i32) {
        assert!(index > 0 && index <= self.top());
        unsafe { ffi::lua_insert(self.raw, index) };
    }
    /// Puts the topmost value in a place.
    pub fn replace(self, index: i32) {
        assert!(index > 0 && index <= self.top());
        unsafe { ffi::lua_replace(self.raw, index) };
    }
    pub fn remove(self, index: i32) {
        assert!(index > 0 && index <= self.top());
        unsafe { ffi::lua_remove(self.raw, index) };
    }

    /// The index of a table, from the bottom.
    fn table(self, index: i32) -> c_int {
        let index = if index < 0 { self.top() + 1 + index } else { index };
        assert_eq!(self.kind(index), TYPE_TABLE, "a table is wanted");
        index
    }

    /// Replaces the key on top by its value.
    pub fn raw_get(self, table: i32) {
        let table = self.table(table);
        unsafe { ffi::lua_rawget(self.raw, table) };
    }
    #[inline]
    pub fn raw_get_at(self, table: i32, n: i32) {
        let table = self.table(table);
        unsafe { ffi::lua_rawgeti(self.raw, table, n) };
    }
    /// Pushes the value under a name, without metamethods.
    pub fn raw_field(self, table: i32, name: &str) -> i32 {
        let table = self.table(table);
        self.push_text(name);
        unsafe { ffi::lua_rawget(self.raw, table) };
        self.kind(-1)
    }
    /// Takes key and value off the stack and sets them. The key must be neither nil nor NaN.
    pub fn raw_set(self, table: i32) {
        let table = self.table(table);
        assert!(self.top() >= table + 2 && self.kind(-2) != TYPE_NIL);
        assert!(self.kind(-2) != TYPE_NUMBER || !self.to_number(-2).is_nan());
        unsafe { ffi::lua_rawset(self.raw, table) };
    }
    #[inline]
    pub fn raw_set_at(self, table: i32, n: i32) {
        let table = self.table(table);
        assert!(self.top() > table);
        unsafe { ffi::lua_rawseti(self.raw, table, n) };
    }
    /// Sets a field to the value on top, which is taken off.
    pub fn set_field(self, table: i32, name: &str) {
        let table = self.table(table);
        self.push_text(name);
        let top = self.top();
        self.insert(top - 1);
        self.raw_set(table);
    }
    /// Replaces the key on top by key and value of the next pair; false at the end. The key must have come from here.
    pub fn next(self, table: i32) -> bool {
        let table = self.table(table);
        unsafe { ffi::lua_next(self.raw, table) != 0 }
    }
    pub fn push_metatable(self, index: i32) -> bool {
        unsafe { ffi::lua_getmetatable(self.raw, self.at(index)) != 0 }
    }
    /// Makes the table on top the metatable of a value.
    pub fn set_metatable(self, index: i32) {
        assert!(matches!(self.kind(-1), TYPE_TABLE | TYPE_NIL));
        let index = if index < 0 { self.top() + 1 + index } else { index };
        unsafe { ffi::lua_setmetatable(self.raw, self.at(index)) };
    }

    /// Calls a function with arguments; an error is on the stack instead of the results. `handler`: 0, or where a
    /// function is that sees errors first.
    pub fn call(self, args: i32, results: i32, handler: i32) -> std::result::Result<(), Raise> {
        assert!(args >= 0 && args < self.top() && handler >= 0);
        let depth = self.shared().leave_all();
        let status = unsafe { ffi::lua_pcall(self.raw, args, results, handler) };
        self.shared().return_to(depth);
        if status == ffi::ERR_MEMORY {
            self.shared().note_starved();
        }
        if status == ffi::OK { Ok(()) } else { Err(Raise) }
    }

    /// Replaces a table (or what else can be indexed) and a key on top by the value, metamethods and all.
    pub fn index(self) -> std::result::Result<(), Raise> {
        assert!(self.top() >= 2);
        self.push_native(Native(index));
        let top = self.top();
        self.insert(top - 2);
        self.call(2, 1, 0)
    }

    /// Compiles a source text and pushes the function, or what is wrong with it.
    ///
    /// Bytecode is refused: a blank before its first byte makes it a text that does not parse. The name is on the stack
    /// and the collector stands still while the parser runs, which does not anchor what it makes.
    pub fn load(self, source: &[u8], name: &CStr) -> std::result::Result<(), Raise> {
        if source.len() > MAX_SOURCE {
            self.push_bytes(b"chunk is too long");
            return Err(Raise);
        }
        let before: &[u8] = if source.first() == Some(&0x1b) { b" " } else { b"" };
        let pieces = if before.is_empty() { [source, b""] } else { [before, source] };
        let mut chunk = Chunk { pieces, next: 0 };
        self.push_bytes(name.to_bytes());
        let anchor = self.top();
        let depth = self.shared().leave_all();
        let status = unsafe {
            ffi::lua_gc(self.raw, ffi::GC_STOP, 0);
            let data = (&raw mut chunk).cast();
            let status = ffi::lua_load(self.raw, read, data, name.as_ptr());
            ffi::lua_gc(self.raw, ffi::GC_RESTART, 0);
            status
        };
        self.shared().return_to(depth);
        self.remove(anchor);
        if status == ffi::OK { Ok(()) } else { Err(Raise) }
    }

    /// A full collection, or a step of one.
    pub fn collect(self, full: bool, size: i32) -> bool {
        let (what, size) = if full { (ffi::GC_COLLECT, 0) } else { (ffi::GC_STEP, size.clamp(0, 1 << 20)) };
        let done = unsafe { ffi::lua_gc(self.raw, what, size) != 0 };
        self.shared().forgive();
        done
    }

    /// Has the hook called every so many instructions, and for each line if asked.
    fn watch(self, mask: c_int) {
        let count = if mask == ffi::MASK_COUNT { HOOK_COUNT } else { 1 };
        unsafe { ffi::lua_sethook(self.raw, Some(hook), mask, count) };
    }

    /// The same, from a whole count on.
    pub fn watch_anew(self) {
        self.watch(ffi::MASK_COUNT);
    }

    /// Where a function of the call stack is; 0 is the one that runs.
    pub fn level(self, level: i32) -> Option<Level> {
        // SAFETY: all fields may be zero.
        let mut debug: ffi::Debug = unsafe { std::mem::zeroed() };
        unsafe {
            if ffi::lua_getstack(self.raw, level, &mut debug) == 0 {
                return None;
            }
            ffi::lua_getinfo(self.raw, c"nSl".as_ptr(), &mut debug);
        }
        // SAFETY: `lua_getinfo` has filled these with strings that end with a NUL, or left them null.
        let text = |text: *const c_char| match text.is_null() {
            true => String::new(),
            false => unsafe { String::from_utf8_lossy(CStr::from_ptr(text).to_bytes()).into_owned() },
        };
        Some(Level {
            name: text(debug.name),
            is_method: text(debug.namewhat) == "method",
            is_native: text(debug.what) == "C",
            source: text(debug.source),
            short_source: text(debug.short_src.as_ptr()),
            line: debug.currentline,
        })
    }
}

/// A function of the call stack.
pub(crate) struct Level {
    pub name: String,
    pub is_method: bool,
    pub is_native: bool,
    pub source: String,
    pub short_source: String,
    pub line: i32,
}
