//! What a script declares decides how its request is treated before it runs.

use testkit::check;

#[test]
fn memory_is_asked_for_before_anything_else() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=l\nserver.register_function('f', function() return 1 end)\nserver.register_function{function_name='g', callback=function() return 2 end, flags={'no-writes'}}\nserver.register_function{function_name='h', callback=function() return 3 end, flags={'allow-oom'}}"
        "l"
        > SCRIPT LOAD "#!lua\nreturn 4"
        "f310ce338ecfad1d6e7af5f879fbb55dab148581"
        > CONFIG SET maxmemory 1
        +OK
        > EVAL "#!lua\nreturn 1" 0
        -OOM command not allowed when used memory > 'maxmemory'.
        > EVAL "#!lua\nreturn 1" x
        -OOM command not allowed when used memory > 'maxmemory'.
        > EVALSHA f310ce338ecfad1d6e7af5f879fbb55dab148581 0
        -OOM command not allowed when used memory > 'maxmemory'.
        > EVAL "#!lua flags=allow-oom\nreturn 1" 0
        :1
        > EVAL "#!lua flags=no-writes\nreturn 1" 0
        :1
        > EVAL "return 1" 0
        :1
        > EVAL_RO "#!lua flags=allow-oom\nreturn 1" 0
        -ERR Can not execute a script with write flag using *_ro command.
        > EVAL "#!lua flags=no-cluster\nreturn 1" 0
        -OOM command not allowed when used memory > 'maxmemory'.
        > FCALL f 0
        -OOM command not allowed when used memory > 'maxmemory'.
        > FCALL_RO f 0
        -OOM command not allowed when used memory > 'maxmemory'.
        > FCALL g 0
        :2
        > FCALL h 0
        :3
        > FCALL nosuch 0
        -ERR Function not found
        > MULTI
        +OK
        > EVAL "#!lua\nreturn 1" 0
        -OOM command not allowed when used memory > 'maxmemory'.
        > EXEC
        -EXECABORT Transaction discarded because of previous errors.
        > MULTI
        +OK
        > EVAL "#!lua flags=no-writes\nreturn 1" 0
        +QUEUED
        > EXEC
        [:1]
        "##,
    );
}

#[test]
fn a_pause_of_writes_holds_what_may_write() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=l\nserver.register_function{function_name='g', callback=function() return 2 end, flags={'no-writes'}}"
        "l"
        > PFADD hll a
        :1
        > CLIENT PAUSE 60000 WRITE
        +OK
        > EVAL "#!lua flags=no-writes\nreturn 1" 0
        :1
        > EVAL_RO "return 1" 0
        :1
        > FCALL g 0
        :2
        > MULTI
        +OK
        > EVAL "#!lua flags=no-writes\nreturn 3" 0
        +QUEUED
        > EXEC
        [:3]
        > EVAL_RO "return redis.call('PUBLISH','c','m')" 0
        -ERR Write commands are not allowed from read-only scripts. script: on @user_script:1.
        2> EVAL "return 4" 0
        3> EVAL "#!lua\nreturn 5" 0
        4> PFCOUNT hll
        5> PUBLISH c m
        > CLIENT UNPAUSE
        +OK
        2>
        :4
        3>
        :5
        4>
        :1
        5>
        :0
        "##,
    );
}

#[test]
fn a_script_acts_for_its_client() {
    check(
        r#"
        > HELLO 3
        *
        > CLIENT TRACKING ON NOLOOP
        +OK
        > SET k 1
        +OK
        > GET k
        "1"
        > EVAL "return redis.call('SET','k','2')" 1 k
        +OK
        > GET k
        "2"
        > EVAL "return redis.call('GET','read')" 1 other
        nil
        > EVAL_RO "return 1" 1 other
        :1
        2> SET other 1
        +OK
        2> SET read 1
        +OK
        >
        >["invalidate" ["read"]]
        > CONFIG SET slowlog-log-slower-than 0
        +OK
        > CLIENT SETNAME me
        +OK
        > SLOWLOG RESET
        +OK
        > EVAL "return redis.call('ECHO','x')" 0
        "x"
        > CONFIG SET slowlog-log-slower-than -1
        +OK
        > SLOWLOG GET -1
        [* [* * * ["ECHO" "x"] "127.0.0.1:50001" "me"] *]
        "#,
    );
}
