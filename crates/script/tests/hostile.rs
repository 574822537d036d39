//! Scripts that mean harm. Each must end, with an answer or an error; the interpreter must work as before afterwards, and
//! nothing that other scripts see may have changed.

use resp::request::OwnedArgv;
use resp::{Argv, Protocol};
use script::{Calls, FunctionSpec, Go, Kind, LogLevel, Machine, Replication, Version};

/// Bytes that an interpreter may hold here.
const LIMIT: usize = 64 << 20;
/// How often a script may be looked at before it is stopped (100,000 instructions each).
const TICKS: u32 = 60;

/// A server that answers every command with an integer, or with what `reply` says.
struct Server {
    reply: Vec<u8>,
    ticks: u32,
    log: Vec<Vec<u8>>,
}

impl Server {
    fn new() -> Self {
        Server { reply: b":7\r\n".to_vec(), ticks: 0, log: Vec::new() }
    }
}

impl Calls for Server {
    fn call(&mut self, argv: Argv<'_>) -> bool {
        assert!(!argv.is_empty());
        true
    }
    fn reply(&mut self) -> &[u8] {
        &self.reply
    }
    fn done(&mut self) {}
    fn set_protocol(&mut self, _: Protocol) {}
    fn set_replication(&mut self, _: Replication) {}
    fn log(&mut self, _: LogLevel, line: &[u8]) {
        self.log.push(line.to_vec());
    }
    fn may_run(&mut self, _: Argv<'_>) -> Option<bool> {
        Some(true)
    }
    fn clock_s(&mut self) -> f64 {
        0.0
    }
    fn tick(&mut self) -> Go {
        self.ticks += 1;
        if self.ticks > TICKS { Go::Stop("stopped") } else { Go::On }
    }
    fn register(&mut self, _: FunctionSpec) -> Result<(), String> {
        Err("not now".to_owned())
    }
}

fn machine() -> Machine {
    machine_of(LIMIT)
}

fn machine_of(limit: usize) -> Machine {
    let version = Version { redis: "7.2.4".into(), server: "9.1.2".into(), name: "test".into() };
    Machine::new(Kind::Eval, limit, 1, &version).expect("memory")
}

/// Runs a script; what it answers, or `-` and its error.
fn run_with(machine: &mut Machine, server: &mut Server, source: &[u8]) -> String {
    let function = match machine.compile(source) {
        Ok(function) => function,
        Err(why) => return format!("-compile: {why}"),
    };
    let (keys, args) = (OwnedArgv::of(["key"]), OwnedArgv::of(["one", "two"]));
    let ended = machine.run(function, keys.view(), args.view(), server);
    let mut out = Vec::new();
    let text = match ended {
        Ok(()) => {
            machine.answer(&mut out, Protocol::Resp2, Protocol::Resp2);
            String::from_utf8_lossy(&out).into_owned()
        }
        Err(failure) => format!("-{}", String::from_utf8_lossy(&failure.line)),
    };
    machine.forget(function);
    text
}

fn run(machine: &mut Machine, source: &str) -> String {
    run_with(machine, &mut Server::new(), source.as_bytes())
}

/// What any script relies on.
const SOUND: &str = r#"
    local n = 0
    for name in pairs(_G) do n = n + 1 end
    for name in pairs(redis) do n = n + 1 end
    assert(getmetatable('').__index == string)
    assert(('x'):upper() == 'X' and ('x'):rep(3) == 'xxx' and string.format('%d', 5) == '5')
    assert(pcall(function() x = 1 end) == false and pcall(function() return y end) == false)
    assert(redis.call('PING') == 7 and table.concat({1, 2}, ',') == '1,2')
    assert(cjson.encode({1, {a = 'b'}}) == '[1,{"a":"b"}]' and cjson.decode('[[1]]')[1][1] == 1)
    assert(KEYS[1] == 'key' and #ARGV == 2 and redis == server and redis._sign == nil)
    assert(1 + 1 == 2 and nil == nil and #'abc' == 3)
    return n
"#;

/// Each of these must end, and leave everything as it was.
#[track_caller]
fn survives(scripts: &[&str]) {
    let mut machine = machine();
    let sound = run(&mut machine, SOUND);
    assert!(sound.starts_with(':'), "{sound}");
    for source in scripts {
        run(&mut machine, source);
        assert_eq!(run(&mut machine, SOUND), sound, "after: {source}");
        assert!(machine.memory() < LIMIT + (LIMIT >> 1), "memory after: {source}");
    }
}

/// Each must end in an error that says this.
#[track_caller]
fn fails(cases: &[(&str, &str)]) {
    let mut machine = machine();
    let sound = run(&mut machine, SOUND);
    assert!(sound.starts_with(':'), "{sound}");
    for (source, error) in cases {
        let answer = run(&mut machine, source);
        assert!(answer.starts_with('-') && answer.contains(error), "{source}\n  answered: {answer}");
        assert_eq!(run(&mut machine, SOUND), sound, "after: {source}");
    }
}

#[test]
fn recursion_ends() {
    fails(&[
        ("local function f() return 1 + f() end f()", "stack overflow"),
        ("local function f() return pcall(f) and error('x') or f() end return 1 + f()", ""),
        (
            "local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x",
            "stack overflow",
        ),
        ("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x", "loop in gettable"),
        ("local t = setmetatable({}, {}) getmetatable(t).__newindex = t t.x = 1", "loop in settable"),
        (
            "local t t = setmetatable({}, {__eq = function(a, b) return a == b end}) \
          return t == setmetatable({}, getmetatable(t))",
            "stack overflow",
        ),
        (
            "local t t = setmetatable({}, {__concat = function(a, b) return a .. b end}) return t .. t",
            "stack overflow",
        ),
        (
            "local t t = setmetatable({}, {__call = function(self) return 1 + self() end}) return t()",
            "stack overflow",
        ),
        ("local function f() return coroutine.wrap(f)() end f()", "stack overflow"),
        ("local function f(s) return (s:gsub('.', f)) end f('x')", "stack overflow"),
        (
            "local s = string.rep('(', 100000) .. '1' .. string.rep(')', 100000) assert(loadstring('return ' .. s))",
            "too many",
        ),
        ("assert(loadstring(string.rep('do ', 100000) .. string.rep('end ', 100000)))", "too many"),
        ("assert(loadstring('return ' .. string.rep('{', 100000)))", "too many"),
        ("assert(loadstring('return ' .. string.rep('not ', 100000) .. '1'))", ""),
        (
            "local s = 'a' for i = 1, 300 do s = s .. '.a' end s = string.rep('a(', 100000) \
          assert(loadstring('return ' .. s))",
            "too many",
        ),
        ("error(setmetatable({}, {__tostring = function() error('x') end}))", "unknown error"),
    ]);
    survives(&[
        "xpcall(function() error('x') end, function(e) error(e) end)",
        "local function f() xpcall(f, f) end f()",
        "local function f() pcall(f) end f()",
        "local t = {} t[1] = t return t",
        "local t = {} for i = 1, 100000 do t = {t} end return t",
        "local t = {} t.err = t t.ok = t t.set = {[t] = true} return t",
        "return setmetatable({}, {__index = function(t, k) return t end})",
        "for i = 1, 190 do local co = coroutine.wrap(function() coroutine.yield() end) co() end",
        "local t = {} table.sort({3, 2, 1}, function(a, b) table.sort({2, 1}, function() error('x') end) end)",
    ]);
}

/// Values that hold each other, or the same one many times, are answered only so far.
#[test]
fn what_is_answered_is_limited() {
    let mut machine = machine_of(1 << 20);
    for source in [
        "local t = {1, 1} for i = 1, 40 do t = {t, t} end return t",
        "local t = {1, 1} for i = 1, 40 do t = {t, t} end return pcall(cjson.encode, t)",
        "local t = {1, 1} for i = 1, 14 do t = {t, t, t, t} end return pcall(cmsgpack.pack, t)",
        "local t = {} t.map = {[t] = t} t.map[1] = t return t",
        "local t = {} for i = 1, 100 do t = {t, t, map = {a = t}} end return t",
    ] {
        assert!(run(&mut machine, source).len() < 8 << 20, "{source}");
    }
    assert!(run(&mut machine, SOUND).starts_with(':'));
}

#[test]
fn memory_is_limited() {
    fails(&[
        ("return string.rep('x', 1e9)", "too large"),
        ("return string.rep('x', 2^53)", "too large"),
        ("return string.rep('', 2^40) .. string.rep('xy', 2^62)", "too large"),
        ("local s = 'x' while true do s = s .. s end", "not enough memory"),
        (
            "local t = {} for i = 1, 4e6 do t[i] = i end for i = 1, 4e6 do t[i] = nil t[i .. ''] = i end",
            "not enough memory",
        ),
        ("local t = {} for i = 1, 1e9 do t[i] = {} end", "not enough memory"),
        ("local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end", "not enough memory"),
        (
            "local s = string.rep('x', 1e6) local t = {} for i = 1, 100 do t[i] = s end \
          return table.concat(t)",
            "not enough memory",
        ),
        ("local s = string.rep('x', 30e6) return {s:gsub('x', 'yyyyyyyyyy')}", "too large"),
        ("return cjson.decode('[' .. string.rep('[],', 2e6) .. '1]')", "not enough memory"),
        ("return cmsgpack.unpack(string.rep('\\144', 3e6))", ""),
        ("collectgarbage('stop') local t for i = 1, 1e9 do t = {t} end", "not enough memory"),
        ("return struct.pack('c0', string.rep('x', 40e6)) .. string.rep('y', 40e6)", "not enough memory"),
    ]);
    survives(&[
        "collectgarbage('stop') collectgarbage('setpause', 2^31) collectgarbage('setstepmul', 0)",
        "for i = 1, 200 do local s = string.rep('x', 1e6) .. i end",
        "local ok, e = pcall(string.rep, 'x', 1e9) assert(not ok)",
        "while true do pcall(string.rep, 'xy', 20e6) end",
        "local t = {} for i = 1, 1e4 do t[i] = string.rep('x', i) end",
        "collectgarbage('step', 2^31) collectgarbage('collect') collectgarbage('count')",
    ]);
}

#[test]
fn counts_and_positions_do_not_overflow() {
    fails(&[
        ("return unpack({}, 0, 2147483647)", "too many results to unpack"),
        ("return unpack({1, 2, 3}, -2147483648, -2)", "too many results to unpack"),
        ("return unpack({}, -2147483648, 2147483647)", "too many results to unpack"),
        ("return unpack({}, 1, 1e300)", "too many results to unpack"),
        ("return unpack({}, -1e300, 1e300)", "too many results to unpack"),
        ("return unpack({}, 1, 7999, 1)", ""),
        ("return select(-2147483648, 1)", "out of range"),
        ("return select(-2, 1)", "out of range"),
        ("return string.byte(string.rep('x', 1e6), 1, -1)", "string slice too long"),
        ("return string.char(unpack({}, 1, 5))", ""),
        ("return string.char(256)", "invalid value"),
        ("return string.format('%999999d', 1)", "invalid format"),
        ("return string.format('%0100.100f', 1)", "invalid format"),
        ("return string.format('%', 1)", "invalid option"),
        ("return struct.pack('>I2147483648', 10)", "integral size"),
        ("return struct.pack('i99', 10)", "larger than limit"),
        ("return struct.pack('!3i', 10)", "power of 2"),
        ("return struct.pack('!0i', 10)", "power of 2"),
        ("return struct.unpack('c0', 'abc')", "needs a previous size"),
        ("return struct.unpack('>lc0', '\\127\\255\\255\\255\\255\\255\\255\\255x')", "too short"),
        ("return struct.unpack('i', 'abcdefgh', 2^52)", "too short"),
        ("return struct.unpack('i', 'abcd', -1)", "offset must be"),
        ("return struct.unpack(string.rep('b', 9000), string.rep('x', 9000))", "too many results"),
        ("return struct.unpack('s', 'abc')", "unfinished"),
        ("return table.insert({}, -2147483648, 1)", "out of bounds"),
        ("return table.concat({}, 'x', 1, 2147483647)", "invalid value"),
        ("return math.random(2147483647, -2147483648)", "interval is empty"),
        ("return cmsgpack.unpack_limit('x', -1)", "Invalid request"),
        ("return cmsgpack.unpack_one('x', 10)", "greater than input"),
        ("return cmsgpack.unpack('\\221\\255\\255\\255\\255')", "Missing bytes"),
        ("return cmsgpack.unpack('\\223\\255\\255\\255\\255')", "Missing bytes"),
        ("return cmsgpack.unpack('\\219\\255\\255\\255\\255')", "Missing bytes"),
        ("return cmsgpack.unpack('\\193')", "Bad data"),
        ("return cmsgpack.unpack('\\129\\192\\1')", "table index"),
        ("return cmsgpack.unpack(string.rep('\\145', 100000))", "stack overflow"),
    ]);
    survives(&[
        "return bit.tohex(65535, -2147483648)",
        "return {bit.tohex(1, 2147483647), bit.lshift(1, 2^40), bit.arshift(-1, -1), bit.band(0/0)}",
        "return {('x'):sub(-2^53, 2^53), ('x'):sub(2^31, -2^31), ('x'):byte(-2^31)}",
        "return string.format('%99.99f', 1e308)",
        "return string.format('%s %q', string.rep('x', 1e6), string.rep('\\0', 1e5))",
        "local t = {} t[2^31] = 1 t[-2^31] = 1 t[2^53] = 1 t[0.5] = 1 t[1/0] = 1 return #t",
        "local t = {} t[0/0] = 1",
        "local t = {n = 2^31} return table.getn(t)",
        "for i = 2^53, 2^53 + 2 do break end",
        "return {tonumber('0x' .. string.rep('f', 1000)), tonumber(string.rep('9', 100000)), tonumber('10', 99)}",
        "return {math.floor(1e300), math.fmod(1, 0), -2^63, 0/0}",
        "math.randomseed(2^40) math.randomseed(-1) math.randomseed(0/0)",
        "return {cmsgpack.unpack(cmsgpack.pack(2^63, -2^63, 0/0, 1/0, 1e300, -1.5, {1, nil, 3}))}",
        "return struct.pack('>!16 i16 I32 l h d f s x', 1, 2^70, -5, 1e9, 1, 2, 'x')",
        "return struct.size('i0 I32 !8 l c5')",
    ]);
}

#[test]
fn patterns_end() {
    fails(&[
        ("return (string.rep('a', 3e5)):match(string.rep('a?', 3e5) .. 'b')", "too complex"),
        ("return (string.rep('a', 3e5)):match(string.rep('a-', 3e5) .. 'b')", "too complex"),
        ("return (string.rep('x', 50)):find(string.rep('x*', 30) .. 'y')", "stopped"),
        ("return (string.rep('a', 4e4)):find(string.rep('a-', 6) .. 'b')", "stopped"),
        ("return ('x'):rep(1e4):gsub('.-.-.-.-b', '')", "stopped"),
        ("return ('x'):find('%')", "ends with '%'"),
        ("return ('x'):find('[')", "missing ']'"),
        ("return ('x'):find('[%')", "missing ']'"),
        ("return ('x'):find('[^')", "missing ']'"),
        ("return ('x'):find('[]')", "missing ']'"),
        ("return ('x'):find('[a-')", "missing ']'"),
        ("return ('x'):find('%f')", "missing '['"),
        ("return ('x'):find('%b')", "unbalanced"),
        ("return ('x'):find('%bx')", "unbalanced"),
        ("return ('x'):find('%1')", "invalid capture"),
        ("return ('x'):find('(x)%2')", "invalid capture"),
        ("return ('x'):find('(%1)')", "invalid capture"),
        ("return ('x'):find('(()')", "unfinished capture"),
        ("return ('x'):find(string.rep('(', 33))", "too many captures"),
        ("return ('x'):gsub('x', '%2')", "invalid capture"),
        ("return ('x'):gsub('x', function() return {} end)", "invalid replacement"),
        ("return ('x'):gsub('x', setmetatable({}, {__index = function() error('deep') end}))", "deep"),
        ("return ('x'):gsub('x', function() error('inner') end)", "inner"),
        ("return ('x'):gsub('x', function() while true do end end)", "stopped"),
        ("return ('x'):gsub('x', nil)", "string/function/table expected"),
    ]);
    survives(&[
        "for w in ('x'):rep(1000):gmatch('.-') do end",
        "for a, b in ('x'):gmatch('()()') do end",
        "return ('a\\0b'):find('\\0')",
        "return ('a\\0b'):gsub('%z', '0')",
        "return ('abc'):gsub('', '%')",
        "return ('abc'):find('b', 1e300)",
        "return ('abc'):find('b', -1e300)",
        "return ('abc'):find('', 10)",
        "return (string.rep('(', 1e6)):match('%b()')",
        "return ('x'):rep(1e6):find('[^x]')",
        "local it = ('abc'):gmatch('.') it() it = nil collectgarbage()",
    ]);
}

#[test]
fn bytecode_is_text_that_does_not_parse() {
    fails(&[
        ("return assert(loadstring(string.dump(function() end)))", "unexpected symbol near 'char(27)'"),
        ("return assert(loadstring('\\27Lua'))", "unexpected symbol"),
        ("return assert(load(function() return nil end))()()", "attempt to call"),
        (
            "local s = string.dump(function() end) local i = 0 \
          return assert(load(function() i = i + 1 if i <= #s then return s:sub(i, i) end end))",
            "unexpected symbol",
        ),
        ("return assert(load(function() return 5 end))", ""),
        ("return assert(load(function() error('reader') end))", "reader"),
        ("return assert(load(function() return {} end))", "must return a string"),
        ("return assert(load(function() return string.rep('x', 1e6) end))", "too long"),
        ("return assert(loadstring('x', string.rep('n', 1e6)))", ""),
        ("return dofile('/etc/passwd')", "nonexistent global variable 'dofile'"),
        ("return loadfile('/etc/passwd')", "nonexistent global variable 'loadfile'"),
    ]);
    let mut machine = machine();
    let answer = run_with(&mut machine, &mut Server::new(), b"\x1bLua\x51\x00\x01\x04\x08\x04\x08\x00");
    assert_eq!(answer, "-compile: user_script:1: unexpected symbol near 'char(27)'");
    survives(&[
        "return loadstring('return 1', '=' .. string.rep('n', 1e5))()",
        "return load(function() coroutine.yield() end)",
        "return coroutine.wrap(function() return load(function() coroutine.yield('x') end) end)()",
        "for i = 1, 500 do loadstring('local a' .. i .. ' = {' .. i .. '} return function() return a' .. i .. ' end') end",
        "return loadstring('return [' .. string.rep('=', 1e5) .. '[x]' .. string.rep('=', 1e5) .. ']')",
        "return loadstring(string.rep('\\n', 1e6) .. 'x x')",
        "return loadstring('\\0\\0\\0')",
        "return loadstring('local a' .. string.rep(',a', 300))",
        "return loadstring('return ' .. string.rep('a..', 1e4) .. 'a')",
        "return loadstring(string.rep('goto x ', 10))",
    ]);
}

#[test]
fn the_sandbox_has_no_door() {
    fails(&[
        ("x = 1", "readonly"),
        ("_G.x = 1", "readonly"),
        ("rawset(_G, 'x', 1)", "readonly"),
        ("rawset(redis, 'call', 1)", "readonly"),
        ("table.insert(_G, 1)", "readonly"),
        ("table.insert(redis, 1, 1)", "readonly"),
        ("table.remove(_G)", "readonly"),
        ("table.sort(string)", "readonly"),
        ("table.setn(_G, 5)", "readonly"),
        ("setmetatable(_G, {})", "readonly"),
        ("setmetatable(string, nil)", "readonly"),
        ("getmetatable(_G).__index = {}", "readonly"),
        ("getmetatable('').__index = {}", "readonly"),
        ("getmetatable('').__add = function() end", "readonly"),
        ("rawset(getmetatable(''), '__index', {})", "readonly"),
        ("setmetatable(getmetatable(''), {})", "readonly"),
        ("rawset(getmetatable(_G), '__index', {})", "readonly"),
        ("string.upper = 1", "readonly"),
        ("local _, t = pairs(_G) t.x = 1", "readonly"),
        ("local _, t = pairs(redis) rawset(t, 'call', 1)", "readonly"),
        ("getmetatable('').__index.upper = 1", "readonly"),
        ("cjson.null = 1", "readonly"),
        ("getmetatable(cjson).__index = 1", "attempt to index"),
        ("getmetatable(getmetatable('')).__index = 1", "attempt to index"),
        ("getmetatable(nil).__index = 1", "attempt to index"),
        ("getmetatable(function() end).__index = 1", "attempt to index"),
        ("getmetatable(5).__index = 1", "attempt to index"),
        ("getmetatable(cjson.null).__index = 1", "attempt to index"),
        ("getmetatable(coroutine.create(print or type)).__index = 1", ""),
        ("return getfenv(0)", "nonexistent global variable 'getfenv'"),
        ("return setfenv(1, {})", "nonexistent global variable 'setfenv'"),
        ("return newproxy(true)", "nonexistent global variable 'newproxy'"),
        ("return require('os')", "nonexistent global variable 'require'"),
        ("return module('x')", "nonexistent global variable 'module'"),
        ("return package.loadlib('x', 'y')", "nonexistent global variable 'package'"),
        ("return io.open('x')", "nonexistent global variable 'io'"),
        ("return debug.getregistry()", "nonexistent global variable 'debug'"),
        ("return print('x')", "nonexistent global variable 'print'"),
        ("return os.execute('x')", "attempt to call"),
        ("return os.getenv('PATH')", "attempt to call"),
        ("loadstring('x = 1')()", "readonly"),
        ("coroutine.wrap(function() x = 1 end)()", "readonly"),
        ("error(redis)", "unknown error"),
        ("error(_G)", "unknown error"),
    ]);
    survives(&[
        "for _, t in pairs({_G, redis, string, table, math, cjson, bit, struct, cmsgpack, os, coroutine}) do \
           for _, f in pairs({function() t.x = 1 end, function() rawset(t, 'x', 1) end, \
             function() table.insert(t, 1) end, function() setmetatable(t, {}) end, \
             function() next(t, 'nosuch') end}) do assert(not pcall(f)) end end",
        "for k, v in next, redis do end local k, v = next(redis) return k",
        "setmetatable({}, redis) setmetatable({}, _G) setmetatable({}, getmetatable(''))",
        "local t = setmetatable({}, {__index = _G}) t.redis = 1 return t.redis",
        "local t = setmetatable({}, {__metatable = 'mine'}) return {getmetatable(t), pcall(setmetatable, t, {})}",
        "cjson.encode_max_depth(1) cjson.encode_number_precision(1) cjson.decode_invalid_numbers(false)",
        "cjson.encode_sparse_array(true, 0, 0) cjson.encode_invalid_numbers('null') cjson.encode_keep_buffer(false)",
        "local c = cjson.new() c.encode = 1 return cjson.encode({1})",
        "local f = redis.call redis.pcall(f and 'x') return f('x')",
        "KEYS[1] = nil ARGV = nil",
        "KEYS[1] = nil ARGV[1] = nil",
        "return pcall(redis.call, _G)",
        "return {pcall(getmetatable), pcall(setmetatable, 1, 2), pcall(rawget), pcall(next), pcall(pairs)}",
    ]);
}

#[test]
fn nothing_runs_for_ever() {
    fails(&[
        ("while true do end", "stopped"),
        ("repeat until false", "stopped"),
        ("for i = 1, 1/0 do end", "stopped"),
        ("while true do pcall(function() while true do end end) end", "stopped"),
        (
            "while true do local co = coroutine.wrap(function() while true do end end) pcall(co) end",
            "stopped",
        ),
        (
            "local co = coroutine.create(function() while true do coroutine.yield() end end) \
          while true do coroutine.resume(co) end",
            "stopped",
        ),
        ("local function f() return f() end f()", "stopped"),
        (
            "xpcall(function() while true do end end, function() while true do end end) while true do end",
            "stopped",
        ),
        ("local t = {} for i = 1, 2e5 do t[i] = i % 7 end table.sort(t, function(a, b) return true end)", ""),
        ("table.sort({1, 2, 3, 'x'})", "attempt to compare"),
        (
            "local t = {} for i = 1, 1e5 do t[i] = (i % 2 == 0) and i or 'x' end table.sort(t)",
            "attempt to compare",
        ),
    ]);
    survives(&[
        "local t = {} for i = 1, 2e5 do t[i] = (i * 7919) % 100003 end table.sort(t) \
         for i = 2, #t do assert(t[i - 1] <= t[i]) end",
        "coroutine.yield(1)",
        "coroutine.wrap(coroutine.yield)()",
        "local co co = coroutine.create(function() coroutine.resume(co) end) coroutine.resume(co)",
        "coroutine.wrap(function() redis.call('x') coroutine.yield() end)()",
        "local co = coroutine.create(function() error({}) end) coroutine.resume(co) coroutine.resume(co)",
        "return coroutine.running()",
        "coroutine.resume(coroutine.create(unpack), {}, 0, 1e9)",
    ]);
}

#[test]
fn what_a_server_replies_is_not_trusted_either() {
    let mut machine = machine();
    let mut server = Server::new();
    for reply in [
        &b""[..],
        b"$",
        b"$5\r\nab",
        b"$-5\r\n",
        b"$99999999999999999999\r\nx\r\n",
        b"*2147483647\r\n",
        b"*3\r\n:1\r\n",
        b"%2\r\n+a\r\n",
        b"%1\r\n_\r\n:1\r\n",
        b"~1\r\n,nan\r\n",
        b",nan\r\n",
        b"=3\r\nabc\r\n",
        b"=-1\r\n\r\n",
        b"|99999999999\r\n",
        b"!\r\n",
        b":x\r\n",
        b"(\r\n",
        b"#x\r\n",
    ] {
        server.reply = reply.to_vec();
        run_with(&mut machine, &mut server, b"return cjson.encode({redis.pcall('x')})");
    }
    server.reply = b"*1\r\n".repeat(100_000);
    run_with(&mut machine, &mut server, b"return redis.call('x')");
    server.reply = b"+a\r\n".to_vec();
    let answer = run_with(&mut machine, &mut server, b"return redis.error_reply('X a\\r\\n+OK')");
    assert_eq!(answer, "-X a  +OK\r\n");
    let answer = run_with(&mut machine, &mut server, b"return {ok = 'a\\r\\n:1'}");
    assert_eq!(answer, "+a  :1\r\n");
    assert!(run(&mut machine, SOUND).starts_with(':'));
}

#[test]
fn json_is_read_and_written_as_lua_cjson_does() {
    let cases = [
        ("cjson.encode({})", "{}"),
        ("cjson.encode({1,2,3})", "[1,2,3]"),
        ("cjson.encode({[1]=1,[3]=3})", "[1,null,3]"),
        ("cjson.encode({a={}})", r#"{"a":{}}"#),
        ("cjson.encode('a/b\"\\\\\\n\\1\\127')", r#""a\/b\"\\\n\u0001\u007f""#),
        ("cjson.encode(1e15)", "1e+15"),
        ("cjson.encode(0.1)", "0.1"),
        ("cjson.encode(cjson.null)", "null"),
        (
            "cjson.encode(cjson.decode('[1.5,\"\\\\u00e9\\\\ud83d\\\\ude00\",true,null,{}]'))",
            "[1.5,\"é😀\",true,null,{}]",
        ),
        (
            "select(2, pcall(cjson.encode, {[1]=1,[1000]=2}))",
            "Cannot serialise table: excessively sparse array",
        ),
        ("select(2, pcall(cjson.encode, function() end))", "Cannot serialise function: type not supported"),
        ("select(2, pcall(cjson.encode, 0/0))", "Cannot serialise number: must not be NaN or Inf"),
        (
            "select(2, pcall(cjson.decode, '[1'))",
            "Expected comma or array end but found T_END at character 3",
        ),
        (
            "select(2, pcall(cjson.decode, '{1}'))",
            "Expected object key string but found T_NUMBER at character 2",
        ),
        ("select(2, pcall(cjson.decode, ''))", "Expected value but found T_END at character 1"),
        ("select(2, pcall(cjson.decode, 'x'))", "Expected value but found invalid token at character 1"),
        ("select(2, pcall(cjson.decode, '[1] 2'))", "Expected the end but found T_NUMBER at character 5"),
        (
            "select(2, pcall(cjson.decode, '\"a'))",
            "Expected value but found unexpected end of string at character 3",
        ),
    ];
    let mut machine = machine();
    for (source, expected) in cases {
        let answer = run(&mut machine, &format!("return {source}"));
        assert_eq!(answer, format!("${}\r\n{expected}\r\n", expected.len()), "{source}");
    }
    fails(&[
        ("local t = {} t[1] = t return cjson.encode(t)", "excessive depth"),
        ("return cjson.decode(string.rep('[', 1e6))", "too many nested"),
        ("return cjson.decode(string.rep('{\"a\":', 1e6))", "too many nested"),
        ("cjson.encode_max_depth(2^31 - 1) local t = {} t[1] = t return cjson.encode(t)", "excessive depth"),
        ("cjson.decode_max_depth(2^31 - 1) return cjson.decode(string.rep('[', 1e6))", "too many nested"),
        ("return cjson.encode_number_precision(15)", "expected integer between 1 and 14"),
        ("return cjson.encode_max_depth(0)", "expected integer between 1"),
        ("return cjson.decode('\\0[1]')", "UTF-16"),
        ("return cjson.encode({[{}] = 1})", "must be a number or string"),
        ("return cjson.decode('\"\\\\ud800\"')", "invalid unicode escape"),
        ("return cjson.decode('\"\\\\x\"')", "invalid escape"),
    ]);
}

#[test]
fn an_interpreter_may_be_closed_by_another_thread() {
    for source in
        ["return 1", "local t = {} for n = 1, 200000 do t[n] = {n, tostring(n)} end return #t", "return ("]
    {
        let mut machine = machine();
        run(&mut machine, source);
        run(&mut machine, "local s = cjson.encode({1, 2}) return cmsgpack.pack(s)");
        let waste = machine.discard();
        std::thread::spawn(move || drop(waste)).join().expect("it ends well");
    }
    assert!(run(&mut machine(), SOUND).starts_with(':'));
}
