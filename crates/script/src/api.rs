//! `redis` and `server`: one table with what scripts may ask of the server.

use resp::Protocol;

use crate::calls::{LogLevel, Replication};
use crate::errors::{mark_counted, push_error, push_error_line};
use crate::lua::{Answer, Lua, Raise, TYPE_NUMBER, TYPE_STRING};
use crate::machine::Version;
use crate::{convert, functions};

/// Whom the table is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Scripts,
    Functions,
    /// Libraries while they are loaded.
    Loading,
}

/// Pushes the table.
pub(crate) fn push(lua: Lua, who: For, version: &Version) {
    lua.push_table(0, 24);
    let numbers = [("LOG_DEBUG", 0.0), ("LOG_VERBOSE", 1.0), ("LOG_NOTICE", 2.0), ("LOG_WARNING", 3.0)];
    for (name, number) in numbers {
        lua.push_number(number);
        lua.set_field(-2, name);
    }
    for (name, text) in [
        ("REDIS_VERSION", &version.redis),
        ("VALKEY_VERSION", &version.server),
        ("SERVER_NAME", &version.name),
    ] {
        lua.push_text(text);
        lua.set_field(-2, name);
    }
    for (name, text) in [("REDIS_VERSION_NUM", &version.redis), ("VALKEY_VERSION_NUM", &version.server)] {
        lua.push_number(number_of(text));
        lua.set_field(-2, name);
    }
    lua.push_function(log, 0);
    lua.set_field(-2, "log");
    if who == For::Loading {
        lua.push_function(functions::register_function, 0);
        return lua.set_field(-2, "register_function");
    }
    push_running(lua);
    if who == For::Scripts {
        lua.push_function(replicate_commands, 0);
        lua.set_field(-2, "replicate_commands");
        for name in ["breakpoint", "debug"] {
            lua.push_function(no_debugger, 0);
            lua.set_field(-2, name);
        }
    }
}

/// What needs a running script.
fn push_running(lua: Lua) {
    for (name, number) in
        [("REPL_NONE", 0.0), ("REPL_AOF", 1.0), ("REPL_SLAVE", 2.0), ("REPL_REPLICA", 2.0), ("REPL_ALL", 3.0)]
    {
        lua.push_number(number);
        lua.set_field(-2, name);
    }
    lua.push_function(call, 0);
    lua.set_field(-2, "call");
    lua.push_function(pcall, 0);
    lua.set_field(-2, "pcall");
    lua.push_function(error_reply, 0);
    lua.set_field(-2, "error_reply");
    lua.push_function(status_reply, 0);
    lua.set_field(-2, "status_reply");
    lua.push_function(sha1hex, 0);
    lua.set_field(-2, "sha1hex");
    lua.push_function(setresp, 0);
    lua.set_field(-2, "setresp");
    lua.push_function(set_repl, 0);
    lua.set_field(-2, "set_repl");
    lua.push_function(acl_check_cmd, 0);
    lua.set_field(-2, "acl_check_cmd");
}

/// `7.2.4` as 0x00070204.
fn number_of(version: &str) -> f64 {
    let parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0) & 0xff);
    f64::from(parts.take(3).fold(0, |number, part| number << 8 | part))
}

/// Raises an error table.
pub(crate) fn raise_error(lua: Lua, text: &str) -> Raise {
    push_error(lua, text.as_bytes());
    Raise
}

fn call(lua: Lua) -> Answer {
    if run_command(lua)? { Ok(1) } else { Err(Raise) }
}

fn pcall(lua: Lua) -> Answer {
    match run_command(lua) {
        Ok(_) | Err(Raise) => Ok(1),
    }
}

/// Runs the command that the arguments are, and pushes its reply; false if that is an error.
fn run_command(lua: Lua) -> Result<bool, Raise> {
    let shared = lua.shared();
    let mut words = shared.words.take();
    words.clear();
    let gathered = gather(lua, &mut words);
    let answer = match gathered {
        Ok(()) => shared
            .ask(|calls| {
                let ran = calls.call(words.view());
                let reply = calls.reply();
                let good = ran && reply.first() != Some(&b'-');
                if ran {
                    convert::push_reply(lua, reply);
                } else {
                    push_error_line(lua, reply);
                    mark_counted(lua);
                }
                calls.done();
                Ok(good)
            })
            .unwrap_or_else(|| Err(raise_error(lua, "server.call/pcall can only be called inside a script"))),
        Err(Raise) => Err(Raise),
    };
    words.shrink();
    shared.words.replace(words);
    answer
}

/// The arguments as words of a request.
fn gather(lua: Lua, words: &mut resp::request::OwnedArgv) -> Result<(), Raise> {
    let count = lua.top();
    if count == 0 {
        return Err(raise_error(lua, "Please specify at least one argument for this call"));
    }
    for n in 1..=count {
        match lua.kind(n) {
            TYPE_STRING => words.push(lua.bytes(n).unwrap_or_default()),
            TYPE_NUMBER => push_number(words, lua.to_number(n)),
            _ => return Err(raise_error(lua, "Command arguments must be strings or integers")),
        }
    }
    Ok(())
}

/// A number as the peers send it: whole ones without a fraction, others with 17 digits.
fn push_number(words: &mut resp::request::OwnedArgv, number: f64) {
    let mut text = Vec::with_capacity(32);
    if number.fract() == 0.0 && number.abs() < 9.2e18 {
        stdx::num::write_i64(&mut text, number as i64);
    } else {
        crate::format::general(&mut text, number, 17);
    }
    words.push(&text);
}

fn single_field(lua: Lua, field: &str) -> Answer {
    if lua.top() != 1 || lua.kind(1) != TYPE_STRING {
        push_error(lua, b"wrong number or type of arguments");
        return Ok(1);
    }
    lua.push_table(0, 1);
    lua.push_copy(1);
    lua.set_field(-2, field);
    Ok(1)
}

fn status_reply(lua: Lua) -> Answer {
    single_field(lua, "ok")
}

fn error_reply(lua: Lua) -> Answer {
    if lua.top() != 1 || lua.kind(1) != TYPE_STRING {
        push_error(lua, b"wrong number or type of arguments");
        return Ok(1);
    }
    let text = lua.bytes(1).unwrap_or_default();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    push_error(lua, &[b"-", text].concat());
    Ok(1)
}

fn sha1hex(lua: Lua) -> Answer {
    if lua.top() != 1 {
        return Err(raise_error(lua, "wrong number of arguments"));
    }
    let text = hex(&sha1(lua.bytes(1).unwrap_or_default()));
    lua.push_text(&text);
    Ok(1)
}

/// The digest by which scripts are called.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    use sha1::Digest;
    sha1::Sha1::digest(bytes).into()
}

/// Forty hex digits.
pub fn hex(digest: &[u8; 20]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn log(lua: Lua) -> Answer {
    let count = lua.top();
    if count < 2 {
        return Err(raise_error(lua, "server.log() requires two arguments or more."));
    }
    let Some(level) = lua.number(1) else {
        return Err(raise_error(lua, "First argument must be a number (log level)."));
    };
    let level = match level as i64 {
        0 => LogLevel::Debug,
        1 => LogLevel::Verbose,
        2 => LogLevel::Notice,
        3 => LogLevel::Warning,
        _ => return Err(raise_error(lua, "Invalid log level.")),
    };
    let mut line = Vec::new();
    for n in 2..=count {
        if let Some(bytes) = lua.bytes(n) {
            if n > 2 {
                line.push(b' ');
            }
            line.extend_from_slice(bytes);
        }
    }
    lua.shared().ask(|calls| calls.log(level, &line));
    Ok(0)
}

fn setresp(lua: Lua) -> Answer {
    if lua.top() != 1 {
        return Err(raise_error(lua, "server.setresp() requires one argument."));
    }
    let protocol = match lua.number(1) {
        Some(2.0) => Protocol::Resp2,
        Some(3.0) => Protocol::Resp3,
        _ => return Err(raise_error(lua, "RESP version must be 2 or 3.")),
    };
    lua.shared().ask(|calls| calls.set_protocol(protocol));
    Ok(0)
}

fn set_repl(lua: Lua) -> Answer {
    if lua.top() != 1 {
        return Err(raise_error(lua, "server.set_repl() requires one argument."));
    }
    let flags = lua.number(1).unwrap_or(0.0) as i64;
    if flags & !3 != 0 {
        let text = "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.";
        return Err(raise_error(lua, text));
    }
    let to = Replication { append_only_file: flags & 1 != 0, replicas: flags & 2 != 0 };
    lua.shared().ask(|calls| calls.set_replication(to));
    Ok(0)
}

/// Scripts are replicated by what they do, always.
fn replicate_commands(lua: Lua) -> Answer {
    lua.push_boolean(true);
    Ok(1)
}

/// There is no debugger, so nothing ever stops.
fn no_debugger(lua: Lua) -> Answer {
    lua.push_boolean(false);
    Ok(1)
}

fn acl_check_cmd(lua: Lua) -> Answer {
    let shared = lua.shared();
    let mut words = shared.words.take();
    words.clear();
    let may = gather(lua, &mut words).map(|()| shared.ask(|calls| calls.may_run(words.view())).flatten());
    shared.words.replace(words);
    match may? {
        Some(may) => lua.push_boolean(may),
        None => return Err(raise_error(lua, "Invalid command passed to server.acl_check_cmd()")),
    }
    Ok(1)
}

/// Replaces `math.random` and `math.randomseed` in the library on top.
pub(crate) fn install_random(lua: Lua) {
    lua.push_function(random, 0);
    lua.set_field(-2, "random");
    lua.push_function(randomseed, 0);
    lua.set_field(-2, "randomseed");
}

fn random(lua: Lua) -> Answer {
    let shared = lua.shared();
    let mut state = shared.random.get();
    let fraction = state.fraction();
    shared.random.set(state);
    let (low, high) = match lua.top() {
        0 => {
            lua.push_number(fraction);
            return Ok(1);
        }
        1 => (1, lua.check_integer(1)?),
        2 => (lua.check_integer(1)?, lua.check_integer(2)?),
        _ => return Err(lua.fail("wrong number of arguments")),
    };
    // As in 32 bits.
    let (low, high) = (low as i32, high as i32);
    if low > high {
        return Err(lua.bad_argument(lua.top(), "interval is empty"));
    }
    let span = f64::from(high) - f64::from(low) + 1.0;
    lua.push_number((fraction * span).floor() + f64::from(low));
    Ok(1)
}

fn randomseed(lua: Lua) -> Answer {
    let seed = lua.check_integer(1)?;
    lua.shared().random.set(crate::random::Random::seeded(seed as u32));
    Ok(0)
}

/// Pushes a table with `os.clock`, all that there is of `os`.
pub(crate) fn push_os(lua: Lua) {
    lua.push_table(0, 1);
    lua.push_function(clock, 0);
    lua.set_field(-2, "clock");
}

/// Seconds, as the engine's host tells them.
fn clock(lua: Lua) -> Answer {
    let seconds = lua.shared().ask(|calls| calls.clock_s()).unwrap_or(0.0);
    lua.push_number(seconds);
    Ok(1)
}
