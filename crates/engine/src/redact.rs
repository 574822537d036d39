//! Words of a request that nobody but the server may see: MONITOR and COMMANDLOG show `(redacted)` in their place.

use resp::Argv;

use crate::command::{Command, Group};

/// What is shown instead.
pub const REDACTED: &[u8] = b"(redacted)";

/// The words of a request, secrets replaced.
pub fn words<'a>(command: &Command, argv: Argv<'a>) -> impl Iterator<Item = &'a [u8]> {
    let secrets = secrets(command, argv);
    argv.iter().enumerate().map(move |(n, word)| if secrets.contains(&n) { REDACTED } else { word })
}

/// The indices of passwords and the like. A renamed command keeps its secrets.
fn secrets(command: &Command, argv: Argv<'_>) -> Vec<usize> {
    match (command.group, command.name) {
        (Group::Connection, "AUTH") => (1..argv.len()).collect(),
        (Group::Connection, "HELLO") => of_hello(argv),
        (Group::Server, "SET") => of_config_set(argv),
        (Group::Server, "SETUSER" | "DELUSER") => (2..argv.len()).collect(),
        (Group::Generic, "MIGRATE") => of_migrate(argv),
        _ => Vec::new(),
    }
}

/// HELLO protover [AUTH user password] [SETNAME name]; what follows an error is shown as it is.
fn of_hello(argv: Argv<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    let mut n = 2;
    while n + 1 < argv.len() {
        if is(argv, n, "AUTH") && n + 2 < argv.len() {
            found.extend([n + 1, n + 2]);
            n += 3;
        } else if is(argv, n, "SETNAME") {
            n += 2;
        } else {
            break;
        }
    }
    found
}

/// CONFIG SET name value …
fn of_config_set(argv: Argv<'_>) -> Vec<usize> {
    let secret = |n: &usize| {
        argv.get(n - 1).is_some_and(|name| {
            config::find(name).is_some_and(|param| param.flags.has(config::Flags::SENSITIVE))
        })
    };
    (3..argv.len()).step_by(2).filter(secret).collect()
}

/// MIGRATE host port key db timeout … [AUTH password | AUTH2 user password]
fn of_migrate(argv: Argv<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    for n in 6..argv.len() {
        if is(argv, n, "AUTH") {
            found.push(n + 1);
        } else if is(argv, n, "AUTH2") {
            found.extend([n + 1, n + 2]);
        }
    }
    found
}

fn is(argv: Argv<'_>, n: usize, word: &str) -> bool {
    argv.get(n).is_some_and(|given| given.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(group: Group, name: &'static str, line: &str) -> String {
        let argv = resp::request::OwnedArgv::of(line.split(' '));
        let command = Command { group, name, ..Command::BLANK };
        let words = words(&command, argv.view());
        words.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn secrets_are_not_shown() {
        use Group::{Connection, Generic, Server};
        assert_eq!(shown(Connection, "AUTH", "auth me pass"), "auth (redacted) (redacted)");
        let hello = "hello 3 setname q auth me pass";
        assert_eq!(shown(Connection, "HELLO", hello), "hello 3 setname q auth (redacted) (redacted)");
        assert_eq!(shown(Connection, "HELLO", "hello 3 auth me"), "hello 3 auth me");
        let config = "config set port 1 requirepass pass";
        assert_eq!(shown(Server, "SET", config), "config set port 1 requirepass (redacted)");
        let migrate = "migrate h 1 k 0 1 auth2 me pass keys k";
        assert_eq!(
            shown(Generic, "MIGRATE", migrate),
            "migrate h 1 k 0 1 auth2 (redacted) (redacted) keys k"
        );
        assert_eq!(shown(Group::String, "SET", "set auth pass"), "set auth pass");
    }
}
