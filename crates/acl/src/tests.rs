use super::*;

/// GET (read), SET (write), CONFIG with GET and SET (admin), SELECT, AUTH (free).
fn catalog() -> Catalog {
    let known = |name: &str, categories: u64| Known {
        name: name.to_owned(),
        subcommands: Vec::new(),
        nested: name.contains('|'),
        categories,
        free: name == "auth",
    };
    let mut commands = vec![
        known("get", 1),
        known("set", 2),
        known("config", 0),
        known("config|get", 4),
        known("config|set", 4),
        known("select", 8),
        known("auth", 8),
        known("publish", 8),
    ];
    commands[2].subcommands = vec![3, 4];
    Catalog::new(&["read", "write", "admin", "connection"], commands)
}

fn user(rules: &str) -> User {
    make(rules).unwrap_or_else(|why| panic!("{rules}: {}", String::from_utf8_lossy(&why)))
}

fn make(rules: &str) -> Result<User, Vec<u8>> {
    let users = Users::new(User::open(&catalog()));
    let words: Vec<&[u8]> = rules.split(' ').map(str::as_bytes).collect();
    users.with_rules(&catalog(), Defaults::default(), b"u", &words)
}

#[track_caller]
fn shown(rules: &str, expected: &str) {
    let text = String::from_utf8(user(rules).describe()).expect("text");
    assert_eq!(text, expected);
    // What is shown gives the same user again.
    assert_eq!(String::from_utf8(user(&text).describe()).expect("text"), expected);
}

#[track_caller]
fn refused(rules: &str, why: &str) {
    let told = make(rules).expect_err(rules);
    let told = String::from_utf8(told).expect("text");
    assert!(told.contains(why), "{told}");
}

fn touched<'a>(command: &str, keys: &[(&'a str, bool, bool)]) -> Touched<'a> {
    let key = |(at, (bytes, read, write)): (usize, &(&'a str, bool, bool))| Key {
        at: at + 1,
        bytes: bytes.as_bytes(),
        read: *read,
        write: *write,
    };
    Touched {
        command: catalog().lookup(command.as_bytes()).expect("known"),
        keys: keys.iter().enumerate().map(key).collect(),
        databases: vec![(0, 0)],
        ..Touched::default()
    }
}

fn verdict(user: &User, touched: &Touched<'_>) -> Option<(Reason, usize)> {
    user.check(&catalog(), touched).err().map(|denied| (denied.reason, denied.at))
}

#[test]
fn a_user_is_shown_as_rules() {
    shown("on", "on resetchannels -@all");
    shown(
        "on >p ~a %R~b &c +@all -get",
        &format!("on #{} ~a %R~b resetchannels &c +@all -get", Digest::of(b"p").hex()),
    );
    shown("%R~a %W~a %rw~b %w~c", "off ~a ~b %W~c resetchannels -@all");
    shown("allkeys allchannels allcommands nopass", "off nopass ~* &* +@all");
    shown(
        "db=3,1,3 (+GET ~x) ( resetdbs )",
        "off resetchannels db=1,3 -@all (~x resetchannels -@all +get) (resetchannels resetdbs -@all)",
    );
    shown("(+get) clearselectors", "off resetchannels -@all");
    shown(
        "+config|get +config|set -config|get +@READ",
        "off resetchannels -@all +config|set -config|get +@read",
    );
    shown("+config|get +config", "off resetchannels -@all +config");
    shown("+select|1 +select|0 +SELECT|1", "off resetchannels -@all +select|0 +select|1");
    shown("~a +get reset", "off resetchannels -@all");
}

#[test]
fn a_rule_that_makes_no_sense_is_refused() {
    for rule in ["nosuch", "%~a", "%", "%RR~a", "%X~a", ")", "(on)", "+get|", "db=", "db=1,", "db=a", "~a\tb"]
    {
        refused(rule, "Syntax error");
    }
    for rule in ["+nosuch", "-nosuch", "+@nosuch", "+", "-", "+config|x", "-config|", "-select|0"] {
        refused(rule, "Unknown command or category name");
    }
    refused("+config|get|x", "Allowing first-arg of a subcommand");
    refused("~* ~a", "'allkeys' flag");
    refused("&* &a", "'allchannels' flag");
    refused("<p", "does not exist");
    refused("#abc", "exactly 64 characters");
    refused("(+get ~a", "Unmatched parenthesis in acl selector starting at '(+get'.");
    for rule in ["db=-1", "db=2147483648", "db=99999999999999999999"] {
        refused(rule, "out of range");
    }
}

#[test]
fn passwords_let_in() {
    let mut known = user("on >a >b");
    assert!(known.admits(b"a") && known.admits(b"b") && !known.admits(b"") && !known.admits(b"ab"));
    known.enabled = false;
    assert!(!known.admits(b"a"));
    assert!(user("on nopass").admits(b"whatever"));
    assert!(!user("nopass").admits(b""));
    assert!(!user("on nopass >a").admits(b"b"));
    assert!(!user("on >a <a").admits(b"a"));
    assert!(!user("on nopass resetpass").admits(b""));
}

#[test]
fn commands_keys_and_channels_must_all_be_allowed() {
    let user = user("+get +set|k %R~r* %W~w* &c +publish db=0");
    assert_eq!(verdict(&user, &touched("get", &[("r1", true, false)])), None);
    assert_eq!(
        verdict(&user, &touched("get", &[("r1", true, false), ("w1", true, false)])),
        Some((Reason::Key, 2))
    );
    assert_eq!(verdict(&user, &touched("get", &[("r1", false, true)])), Some((Reason::Key, 1)));
    assert_eq!(verdict(&user, &touched("get", &[("r1", true, true)])), Some((Reason::Key, 1)));
    assert_eq!(verdict(&user, &touched("set", &[("w", false, true)])), Some((Reason::Command, 0)));
    let first = Touched { first_arg: Some(b"K"), ..touched("set", &[("w", false, true)]) };
    assert_eq!(verdict(&user, &first), None);
    assert_eq!(verdict(&user, &touched("auth", &[])), None);
    let channel = |name: &'static str, pattern| Touched {
        channels: vec![(1, name.as_bytes(), pattern)],
        ..touched("publish", &[])
    };
    assert_eq!(verdict(&user, &channel("c", true)), None);
    assert_eq!(verdict(&user, &channel("d", false)), Some((Reason::Channel, 1)));
    let elsewhere = Touched { databases: vec![(1, 1), (0, 0)], ..touched("get", &[]) };
    assert_eq!(verdict(&user, &elsewhere), Some((Reason::Database, 1)));
    let everywhere = Touched { all_databases: true, ..touched("get", &[]) };
    assert_eq!(verdict(&user, &everywhere), Some((Reason::Database, 0)));
}

#[test]
fn one_selector_must_allow_all_of_it() {
    let user = user("(+get ~a) (+set ~b) (+get ~c db=1)");
    assert_eq!(verdict(&user, &touched("get", &[("a", true, false)])), None);
    assert_eq!(verdict(&user, &touched("get", &[("b", true, false)])), Some((Reason::Key, 1)));
    assert_eq!(verdict(&user, &touched("get", &[("c", true, false)])), Some((Reason::Key, 1)));
    assert_eq!(verdict(&user, &touched("select", &[])), Some((Reason::Command, 0)));
}

#[test]
fn everything_is_everything() {
    assert!(User::open(&catalog()).is_unrestricted());
    assert!(user("(+@all ~* &*)").is_unrestricted());
    for rules in ["+@all ~* &* db=1", "+@all -get ~* &*", "+@all ~* &a", "+@all ~a &*"] {
        assert!(!user(rules).is_unrestricted(), "{rules}");
    }
}

#[test]
fn users_keep_their_ids() {
    let mut users = Users::new(User::open(&catalog()));
    let bob = users.put(b"bob", user("on"));
    assert_eq!(users.put(b"bob", user("off")), bob);
    assert_eq!(users.remove(b"bob"), Some(bob));
    assert_eq!(users.remove(b"default"), None);
    assert_ne!(users.put(b"bob", user("on")), bob);
    assert!(users.get(bob).is_none());
    assert_eq!(
        users.iter().map(|(name, _)| name.to_vec()).collect::<Vec<_>>(),
        [b"bob".to_vec(), DEFAULT.to_vec()]
    );
}

#[test]
fn a_file_is_read_as_it_is_written() {
    let text = b"user bob on nopass ~a resetchannels -@all +get (~b resetchannels -@all +set)\nuser default on nopass ~* &* +@all\n";
    let mut users = Users::new(User::open(&catalog()));
    for (name, user) in file::parse(&catalog(), Defaults::default(), "f", text).expect("good") {
        users.put(&name, user);
    }
    assert_eq!(file::render(&users), text);
}

#[test]
fn all_faults_of_a_file_are_told() {
    let text =
        b"user a +nosuch\nuser a on\n\nuser b on >x %z <y +foo\nuser c (+get\n# comment\nuser\nUSER d on";
    let told = file::parse(&catalog(), Defaults::default(), "f", text).expect_err("faults");
    let expected = "f:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. \
        WARNING: Duplicate user 'a' found on line 2. f:4: Syntax error. \
        f:4: Error in applying operation '+foo': Unknown command or category name in ACL. \
        f:5: Unmatched parenthesis in selector definition.\
        f:6 should start with user keyword followed by the username. \
        f:7 should start with user keyword followed by the username. \
        f:8 should start with user keyword followed by the username. \
        WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
    assert_eq!(String::from_utf8(told).expect("text"), expected);
}

#[test]
fn equal_entries_of_the_log_are_counted() {
    let mut log = Log::default();
    let entry = |object: &str| NewEntry {
        reason: Reason::Key,
        context: Context::TopLevel,
        object: object.into(),
        user: b"u".to_vec(),
        client: String::new(),
    };
    for (object, ms) in [("a", 0), ("b", 1), ("a", 2), ("a", 60_003)] {
        log.add(entry(object), ms, 128);
    }
    let seen: Vec<_> = log.iter().map(|e| (e.what.object.clone(), e.count, e.id, e.created_ms)).collect();
    assert_eq!(seen, [(b"a".to_vec(), 1, 2, 60_003), (b"a".to_vec(), 2, 0, 0), (b"b".to_vec(), 1, 1, 1)]);
    log.add(entry("c"), 60_004, 2);
    assert_eq!(log.iter().len(), 2);
    log.add(entry("d"), 60_004, 0);
    assert_eq!(log.iter().len(), 0);
}
