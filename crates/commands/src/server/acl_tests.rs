use testkit::{Harness, Value, check};

#[test]
fn users_are_made_shown_and_removed() {
    check(
        r#"
        > ACL USERS
        ["default"]
        > ACL LIST
        ["user default on nopass ~* &* +@all"]
        > ACL SETUSER bob
        +OK
        > ACL LIST
        ["user bob off resetchannels -@all" "user default on nopass ~* &* +@all"]
        > ACL SETUSER bob on >p ~a* %R~b &c db=3,1 +@all -get +config|get (+set ~x db=0)
        +OK
        > ACL GETUSER bob
        ["flags" ["on"]
          "passwords" ["148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940"]
          "commands" "+@all -get +config|get" "keys" "~a* %R~b" "channels" "&c" "databases" "db=1,3"
          "selectors" [["commands" "-@all +set" "keys" "~x" "channels" "" "databases" "db=0"]]]
        > ACL LIST
        ["user bob on #148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940 ~a* %R~b resetchannels &c db=1,3 +@all -get +config|get (~x resetchannels db=0 -@all +set)"
          "user default on nopass ~* &* +@all"]
        > ACL GETUSER nosuch
        nil
        > ACL USERS
        ["bob" "default"]
        > ACL DELUSER nosuch bob bob
        :1
        > ACL DELUSER bob default
        -ERR The 'default' user cannot be removed
        > ACL USERS
        ["default"]
        > ACL SETUSER "a b"
        -ERR Usernames can't contain spaces or null characters
        "#,
    );
}

#[test]
fn rules_are_taken_all_or_none() {
    check(
        r#"
        > ACL SETUSER bob on +nosuch
        -ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL
        > ACL SETUSER bob on nonsense
        -ERR Error in ACL SETUSER modifier 'nonsense': Syntax error
        > ACL SETUSER bob db=99999999999
        -ERR Error in ACL SETUSER modifier 'db=99999999999': The provided database ID is out of range
        > ACL SETUSER bob ~* ~a
        -ERR Error in ACL SETUSER modifier '~a': Adding a pattern after*
        > ACL SETUSER bob &* &a
        -ERR Error in ACL SETUSER modifier '&a': Adding a pattern after*
        > ACL SETUSER bob <p
        -ERR Error in ACL SETUSER modifier '<p': The password you are trying to remove from the user does not exist
        > ACL SETUSER bob #p
        -ERR Error in ACL SETUSER modifier '#p': The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters
        > ACL SETUSER bob +config|get|x
        -ERR Error in ACL SETUSER modifier '+config|get|x': Allowing first-arg of a subcommand is not supported
        > ACL SETUSER bob (+get ~a) (+set
        -ERR Unmatched parenthesis in acl selector starting at '(+set'.
        > ACL USERS
        ["default"]
        ! config acl-pubsub-default allchannels
        > ACL SETUSER bob (+get ~a)
        +OK
        > ACL LIST
        ["user bob off &* -@all (~a &* -@all +get)" "user default on nopass ~* &* +@all"]
        "#,
    );
}

#[test]
fn a_user_may_do_what_its_rules_say() {
    check(
        r#"
        > ACL SETUSER bob on nopass +@all -config +config|get -set ~a* resetchannels
        +OK
        2> AUTH bob whatever
        +OK
        2> ACL WHOAMI
        "bob"
        2> GET a1
        nil
        2> GET b
        -NOPERM No permissions to access a key
        2> SET a1 x
        -NOPERM User bob has no permissions to run the 'set' command
        2> CONFIG GET nosuch
        []
        2> CONFIG SET nosuch x
        -NOPERM User bob has no permissions to run the 'config|set' command
        2> PUBLISH c x
        -NOPERM No permissions to access a channel
        2> SET
        -ERR wrong number of arguments for 'set' command
        2> NOSUCH
        -ERR unknown command 'NOSUCH'*
        > ACL SETUSER bob +set
        +OK
        2> SET a1 x
        +OK
        > ACL SETUSER bob (+@all ~* &* db=0)
        +OK
        2> SET b x
        +OK
        2> SELECT 1
        +OK
        2> SET b x
        -NOPERM No permissions to access a key
        2> RESET
        +RESET
        2> ACL WHOAMI
        "default"
        "#,
    );
}

#[test]
fn a_transaction_is_checked_twice() {
    check(
        r#"
        > ACL SETUSER bob on nopass +@all ~* &* db=3
        +OK
        2> AUTH bob x
        +OK
        2> MULTI
        +OK
        2> SELECT 3
        +QUEUED
        2> GET k
        +QUEUED
        2> SELECT 1
        -NOPERM No permissions to access database
        2> EXEC
        -EXECABORT Transaction discarded because of previous errors.
        2> SELECT 3
        +OK
        2> MULTI
        +OK
        2> GET k
        +QUEUED
        2> SET k v
        +QUEUED
        2> PUBLISH c x
        +QUEUED
        > ACL SETUSER bob -get resetkeys resetchannels
        +OK
        2> EXEC
        [-"NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to execute the command or subcommand"
          -"NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to touch the specified keys"
          -"NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to access one of the channels used as arguments"]
        2> MULTI
        +OK
        > ACL SETUSER bob -exec
        +OK
        2> EXEC
        -EXECABORT Transaction discarded because of: NOPERM User bob has no permissions to run the 'exec' command
        "#,
    );
}

#[test]
fn a_client_that_waited_is_checked_again() {
    check(
        r#"
        > ACL SETUSER bob on nopass +@all ~*
        +OK
        2> AUTH bob x
        +OK
        2> BLPOP l 0
        > ACL SETUSER bob -blpop
        +OK
        > RPUSH l a
        :1
        2>
        -NOPERM User bob has no permissions to run the 'blpop' command
        > LLEN l
        :1
        "#,
    );
}

#[test]
fn who_lost_what_it_hears_is_cut_off() {
    check(
        r#"
        > ACL SETUSER bob on nopass +@all ~* &c* &p*
        +OK
        2> AUTH bob x
        +OK
        2> SUBSCRIBE c1
        ["subscribe" "c1" :1]
        3> AUTH bob x
        +OK
        3> PSUBSCRIBE p*
        ["psubscribe" "p*" :1]
        4> AUTH bob x
        +OK
        > ACL SETUSER bob resetchannels &p*
        +OK
        2> PING
        closed
        3> PING
        ["pong" ""]
        4> PING
        +PONG
        > ACL DELUSER bob
        :1
        3> PING
        closed
        4> PING
        closed
        > ACL SETUSER eve on nopass +@all ~* &*
        +OK
        5> AUTH eve x
        +OK
        5> ACL DELUSER eve
        :1
        5> PING
        closed
        "#,
    );
}

#[test]
fn the_default_user_is_the_door() {
    check(
        r#"
        > ACL SETUSER default off
        +OK
        > PING
        +PONG
        2> PING
        -NOAUTH Authentication required.
        2> AUTH default x
        -WRONGPASS invalid username-password pair or user is disabled.
        > ACL SETUSER default on
        +OK
        2> PING
        +PONG
        > ACL SETUSER default resetpass >a >b
        +OK
        > PING
        +PONG
        3> PING
        -NOAUTH Authentication required.
        3> AUTH c
        -WRONGPASS invalid username-password pair or user is disabled.
        3> AUTH b
        +OK
        > CONFIG SET requirepass c
        +OK
        > ACL GETUSER default
        ["flags" ["on"] "passwords" ["2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"]
          "commands" "+@all" "keys" "~*" "channels" "&*" "databases" "alldbs" "selectors" []]
        > ACL SETUSER default resetpass >d
        +OK
        > CONFIG GET requirepass
        ["requirepass" "c"]
        # The old value is not taken again.
        > CONFIG SET requirepass c
        +OK
        4> AUTH c
        -WRONGPASS invalid username-password pair or user is disabled.
        4> AUTH d
        +OK
        > CONFIG SET requirepass ""
        +OK
        5> PING
        +PONG
        > ACL SETUSER default -@all +acl +ping
        +OK
        5> GET a
        -NOPERM User default has no permissions to run the 'get' command
        6> GET a
        -NOPERM User default has no permissions to run the 'get' command
        6> PING
        +PONG
        "#,
    );
}

#[test]
fn sort_looks_up_only_for_who_may_read_everything() {
    check(
        r#"
        > RPUSH l 2 1
        :2
        > ACL SETUSER bob on nopass +@all ~l
        +OK
        2> AUTH bob x
        +OK
        2> SORT l
        ["1" "2"]
        2> SORT l BY nosort
        ["2" "1"]
        2> SORT l BY w*
        -ERR BY option of SORT denied due to insufficient ACL permissions.
        2> SORT l GET #
        -ERR GET option of SORT denied due to insufficient ACL permissions.
        2> SORT_RO l GET w*
        -ERR GET option of SORT denied due to insufficient ACL permissions.
        > ACL SETUSER bob %R~*
        +OK
        2> SORT l BY w* GET #
        ["1" "2"]
        "#,
    );
}

#[test]
fn without_a_file_nothing_is_loaded_or_saved() {
    check(
        r#"
        > ACL LOAD
        -ERR This instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command*
        > ACL SAVE
        -ERR This instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command*
        "#,
    );
}

fn with_file() -> Harness {
    let mut harness = Harness::new();
    harness.engine.server.config.aclfile = b"users.acl".to_vec();
    harness
}

fn write(harness: &mut Harness, text: &str) {
    harness.host.files.insert("/data/users.acl".to_owned(), text.as_bytes().to_vec());
}

#[test]
fn the_file_is_what_was_saved() {
    let mut harness = with_file();
    harness.send("ACL SETUSER bob on nopass +get ~a (+set ~b)");
    assert_eq!(harness.send("ACL SAVE").to_string(), "+OK");
    let text = "user bob on nopass ~a resetchannels -@all +get (~b resetchannels -@all +set)\nuser default on nopass ~* &* +@all\n";
    assert_eq!(harness.host.files["/data/users.acl"], text.as_bytes());
    harness.send("ACL DELUSER bob");
    harness.send("ACL SETUSER eve on nopass +@all");
    harness.client(2).send("AUTH eve x");
    assert_eq!(harness.send("ACL LOAD").to_string(), "+OK");
    assert_eq!(harness.send("ACL USERS").to_string(), "[\"bob\" \"default\"]");
    assert_eq!(harness.exchange(2, &["PING"]), [Value::Closed]);
}

#[test]
fn a_file_with_a_fault_changes_nothing() {
    let mut harness = with_file();
    let why = harness.send("ACL LOAD").to_string();
    assert_eq!(why, "-ERR Error loading ACLs, opening file 'users.acl': No such file or directory");
    write(&mut harness, "user bob on +nosuch\nuser default off\n");
    let why = harness.send("ACL LOAD").to_string();
    assert_eq!(
        why,
        "-ERR users.acl:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. \
         WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
    );
    assert_eq!(harness.send("ACL USERS").to_string(), "[\"default\"]");
    // A file that does not speak of the user `default` opens it.
    harness.send("ACL SETUSER default >secret");
    write(&mut harness, "user bob on\n");
    assert_eq!(harness.send("ACL LOAD").to_string(), "+OK");
    assert_eq!(harness.client(2).send("PING").to_string(), "+PONG");
}
