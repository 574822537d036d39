//! EVAL and kin: a script, by its text or by the SHA-1 of it.

use engine::{Arg, Command, CommandError, Ctx, Result};

use super::{ARG, KEY, NUMKEYS, ONLY_READS, RUNS, key_count};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "EVAL",
        summary: "Runs a Lua script.",
        since: "2.6.0",
        args: &[Arg::string("script"), NUMKEYS, KEY, ARG],
        run: |ctx| eval(ctx, false),
        ..RUNS
    },
    Command {
        name: "EVAL_RO",
        summary: "Runs a Lua script that may only read.",
        since: "7.0.0",
        args: &[Arg::string("script"), NUMKEYS, KEY, ARG],
        run: |ctx| eval(ctx, true),
        ..ONLY_READS
    },
    Command {
        name: "EVALSHA",
        summary: "Runs a cached Lua script, named by its SHA-1.",
        since: "2.6.0",
        args: &[Arg::string("sha1"), NUMKEYS, KEY, ARG],
        run: |ctx| evalsha(ctx, false),
        ..RUNS
    },
    Command {
        name: "EVALSHA_RO",
        summary: "Runs a cached Lua script that may only read, named by its SHA-1.",
        since: "7.0.0",
        args: &[Arg::string("sha1"), NUMKEYS, KEY, ARG],
        run: |ctx| evalsha(ctx, true),
        ..ONLY_READS
    },
];

fn eval(ctx: &mut Ctx<'_>, read_only: bool) -> Result {
    ctx.show_monitors();
    let keys = key_count(ctx)?;
    let script = ctx.script_of(ctx.argv.at(1), true)?;
    ctx.run_script(script, keys, read_only)
}

fn evalsha(ctx: &mut Ctx<'_>, read_only: bool) -> Result {
    ctx.show_monitors();
    // What cannot be a digest is no reason to look at the rest.
    if ctx.argv.at(1).len() != 40 {
        return Err(CommandError::Line("NOSCRIPT No matching script."));
    }
    let keys = key_count(ctx)?;
    let found = ctx.server.scripting.cache.find_sha(ctx.argv.at(1));
    let script = found.ok_or(CommandError::Line("NOSCRIPT No matching script."))?;
    ctx.run_script(script, keys, read_only)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn values_become_replies_and_replies_values() {
        check(
            r#"
            > EVAL "return 1" 0
            :1
            > EVAL "return 3.99" 0
            :3
            > EVAL "return 'x'" 0
            "x"
            > EVAL "return {1,2,{3,'four'},nil,5}" 0
            [:1 :2 [:3 "four"]]
            > EVAL "return {ok='fine'}" 0
            +fine
            > EVAL "return {err='MY fault'}" 0
            -MY fault
            > EVAL "return nil" 0
            nil
            > EVAL "return false" 0
            nil
            > EVAL "return true" 0
            :1
            > EVAL "return {KEYS[1],KEYS[2],ARGV[1],#KEYS,#ARGV}" 2 a b c
            ["a" "b" "c" :2 :1]
            > EVAL "return redis.call('SET',KEYS[1],ARGV[1])" 1 k v
            +OK
            > EVAL "return redis.call('GET',KEYS[1])" 1 k
            "v"
            > EVAL "return redis.call('GET','none')" 0
            nil
            > EVAL "return type(redis.call('GET','none'))" 0
            "boolean"
            > EVAL "return redis.call('MGET','k','none')" 0
            ["v" nil]
            > EVAL "return redis.call('APPEND','k',12)" 0
            :3
            > EVAL "return redis.call('SET','n',3.5)" 0
            +OK
            > GET n
            "3.5"
            > EVAL "return redis.status_reply('fine')" 0
            +fine
            > EVAL "return redis.error_reply('MY fault')" 0
            -MY fault
            > EVAL "return redis.error_reply('fault')" 0
            -ERR fault
            > EVAL "return redis.error_reply('-MY other fault')" 0
            -MY other fault
            > EVAL "return redis.sha1hex('')" 0
            "da39a3ee5e6b4b0d3255bfef95601890afd80709"
            > EVAL "return {redis.LOG_WARNING, redis.REPL_ALL, redis.REDIS_VERSION, redis.REDIS_VERSION_NUM}" 0
            [:3 :3 "7.2.4" :459268]
            "#,
        );
    }

    #[test]
    fn errors_tell_where_they_were() {
        check(
            r#"
            > EVAL "return redis.call('NOSUCH')" 0
            -ERR Unknown command called from script script: on @user_script:1.
            > EVAL "return redis.call('GET')" 0
            -ERR Wrong number of args calling command from script script: on @user_script:1.
            > EVAL "\n\nreturn redis.call('MULTI')" 0
            -ERR This Valkey command is not allowed from script script: on @user_script:3.
            > EVAL "return redis.call()" 0
            -ERR Please specify at least one argument for this call script: on @user_script:1.
            > EVAL "return redis.call({})" 0
            -ERR Command arguments must be strings or integers script: on @user_script:1.
            > EVAL "return redis.pcall({})" 0
            -ERR Command arguments must be strings or integers
            > EVAL "error('x')" 0
            -ERR user_script:1: x script: on @user_script:1.
            > EVAL "error({err='MY thing'})" 0
            -MY thing script: on @user_script:1.
            > EVAL "error({})" 0
            -ERR unknown error script: on @user_script:1.
            > EVAL "error()" 0
            -ERR nil script: on @user_script:1.
            > EVAL "return 1 + nil" 0
            -ERR user_script:1: attempt to perform arithmetic on a nil value script: on @user_script:1.
            > EVAL "return 1 +" 0
            -ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'
            > SET s text
            +OK
            > EVAL "redis.call('INCR','s')" 0
            -ERR value is not an integer or out of range script: on @user_script:1.
            > EVAL "local t = redis.pcall('INCR','s') return t.err" 0
            "ERR value is not an integer or out of range"
            > EVAL "local t = redis.pcall('INCR','s') return t" 0
            -ERR value is not an integer or out of range
            > EVAL "return 1" x
            -ERR value is not an integer or out of range
            > EVAL "return 1" 2 a
            -ERR Number of keys can't be greater than number of args
            > EVAL "return 1" -1 a
            -ERR Number of keys can't be negative
            > EVAL "return 1"
            -ERR wrong number of arguments for 'eval' command
            "#,
        );
    }

    #[test]
    fn codes_that_scripts_make_up_are_counted_together_once_there_are_many() {
        let mut harness = testkit::Harness::new();
        for n in 0..200 {
            harness.send(&format!("EVAL \"return redis.error_reply('C{n} x')\" 0"));
            harness.send(&format!("EVAL \"error({{err='D{n} x'}})\" 0"));
        }
        harness.send("SET k");
        harness.send("EVAL \"return redis.error_reply('C3 x')\" 0");
        let shown = harness.send("INFO errorstats").to_string();
        assert!(shown.contains("errorstat_ERRORSTATS_OVERFLOW:count=272"), "{shown}");
        assert!(shown.contains("errorstat_ERR:count=1"), "{shown}");
        assert!(shown.contains("errorstat_C3:count=2"), "{shown}");
    }

    #[test]
    fn globals_and_libraries_can_only_be_read() {
        check(
            r#"
            > EVAL "x=1" 0
            -ERR user_script:1: Attempt to modify a readonly table script: on @user_script:1.
            > EVAL "return x" 0
            -ERR user_script:1: Script attempted to access nonexistent global variable 'x' script: on @user_script:1.
            > EVAL "rawset(_G,'x',1)" 0
            -ERR Attempt to modify a readonly table script: on @user_script:1.
            > EVAL "setmetatable(_G,{})" 0
            -ERR Attempt to modify a readonly table script: on @user_script:1.
            > EVAL "getmetatable(_G).__index={}" 0
            -ERR user_script:1: Attempt to modify a readonly table script: on @user_script:1.
            > EVAL "getmetatable('').__index={}" 0
            -ERR user_script:1: Attempt to modify a readonly table script: on @user_script:1.
            > EVAL "redis.call=1" 0
            -ERR user_script:1: Attempt to modify a readonly table script: on @user_script:1.
            > EVAL "table.insert(_G,1)" 0
            -ERR Attempt to modify a readonly table script: on @user_script:1.
            > EVAL "KEYS=1" 0
            -ERR user_script:1: Attempt to modify a readonly table script: on @user_script:1.
            > EVAL "KEYS[1]='other' return KEYS[1]" 1 k
            "other"
            > EVAL "local n = 0 for k,v in pairs(cjson) do n = n + 1 end return n" 0
            :13
            > EVAL "return {redis == server, getmetatable(redis) == nil, rawget(_G, 'redis') == redis}" 0
            [:1 :1 :1]
            > EVAL "return loadstring(string.dump(function() end))" 0
            nil
            > EVAL "return select(2, loadstring(string.dump(function() end), '=chunk'))" 0
            "chunk:1: unexpected symbol near 'char(27)'"
            "#,
        );
    }

    #[test]
    fn a_first_line_declares_what_a_script_may_do() {
        check(
            r##"
            > EVAL "#!lua flags=no-writes\nreturn redis.call('SET','k','v')" 0
            -ERR Write commands are not allowed from read-only scripts. script: on @user_script:2.
            > EVAL "#!lua flags=no-writes\nreturn redis.call('GET','k')" 0
            nil
            > EVAL "#!lua flags=foo\nreturn 1" 0
            -ERR Unexpected flag in script shebang: foo
            > EVAL "#!lua foo=foo\nreturn 1" 0
            -ERR Unknown lua shebang option: foo=foo
            > EVAL "#!js\nreturn 1" 0
            -ERR Could not find scripting engine 'js'
            > EVAL "#!\nreturn 1" 0
            -ERR Could not find scripting engine ''
            > EVAL "#!lua" 0
            -ERR Invalid script shebang
            > EVAL "#!lua flags=\nreturn 1" 0
            :1
            > EVAL_RO "#!lua\nreturn 1" 0
            -ERR Can not execute a script with write flag using *_ro command.
            > EVAL_RO "return redis.call('SET','k','v')" 0
            -ERR Write commands are not allowed from read-only scripts. script: on @user_script:1.
            > EVAL_RO "return redis.call('GET','k')" 0
            nil
            "##,
        );
    }

    #[test]
    fn a_script_has_its_own_protocol_and_database() {
        check(
            r#"
            > HELLO 3
            *
            > EVAL "redis.setresp(3) return {true,false,{double=1.5}}" 0
            [#t #f ,1.5]
            > EVAL "return {map={a=1}}" 0
            {"a" :1}
            > EVAL "return {set={a=true}}" 0
            ~["a"]
            > EVAL "return {big_number='123'}" 0
            (123
            > EVAL "return {verbatim_string={format='txt',string='hi'}}" 0
            txt"hi"
            > EVAL "return nil" 0
            nil
            > EVAL "redis.setresp(3) return redis.call('GET','none') == nil" 0
            #t
            > EVAL "redis.setresp(4)" 0
            -ERR RESP version must be 2 or 3. script: on @user_script:1.
            > EVAL "redis.call('SELECT', 5) return redis.call('SET','k','five')" 0
            +OK
            > GET k
            nil
            > SELECT 5
            +OK
            > GET k
            "five"
            "#,
        );
    }

    #[test]
    fn a_cached_script_is_found_by_its_digest() {
        check(
            r#"
            > SCRIPT FLUSH
            +OK
            > EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
            -NOSCRIPT No matching script.
            > EVAL "return 1" 0
            :1
            > EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
            :1
            > EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0
            :1
            > EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
            :1
            > EVALSHA abc 0
            -NOSCRIPT No matching script.
            > EVALSHA abc x
            -NOSCRIPT No matching script.
            > EVALSHA_RO abc -1
            -NOSCRIPT No matching script.
            > EVALSHA 0000000000000000000000000000000000000000 x
            -ERR value is not an integer or out of range
            "#,
        );
    }
}
