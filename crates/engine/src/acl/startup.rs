//! Users in the configuration file: where they come from at the start, and what CONFIG REWRITE writes.

use std::collections::BTreeSet;

use acl::{User, UserId, file, is_good_name, merge_selectors};

use crate::host::{Host, Level};
use crate::state::ServerState;

/// Takes the `user` lines of the configuration, or the ACL file. The error says why the server must not start: rules that
/// are half in force are worse than none.
pub fn load_at_start(
    server: &mut ServerState,
    host: &mut dyn Host,
    lines: &[Vec<Vec<u8>>],
) -> Result<(), String> {
    if server.config.aclfile.is_empty() {
        let mut seen = BTreeSet::new();
        let twice = lines.iter().find(|line| !seen.insert(line.first()));
        if let Some(name) = twice.and_then(|line| line.first()) {
            return Err(format!(
                "Duplicate user '{}' found: a user can be defined only once",
                String::from_utf8_lossy(name)
            ));
        }
        return lines.iter().try_for_each(|line| load_line(server, host, line));
    }
    if !lines.is_empty() {
        return Err("Users are defined both by `user` lines of the configuration and by an aclfile: which of them are \
                    meant cannot be told. Please keep only one of the two."
            .to_owned());
    }
    super::load_file(server, host, None)
        .map_err(|why| format!("Not started because of the ACL file: {}", String::from_utf8_lossy(&why)))
}

/// `name rule…`. The user `default` begins without rights here, as every other one.
fn load_line(server: &mut ServerState, host: &mut dyn Host, line: &[Vec<u8>]) -> Result<(), String> {
    let Some((name, rules)) = line.split_first() else { return Ok(()) };
    let shown = String::from_utf8_lossy(name).into_owned();
    if !is_good_name(name) {
        return Err(format!("The name of the user '{shown}' must not hold blanks"));
    }
    let words: Vec<&[u8]> = rules.iter().map(Vec::as_slice).collect();
    let rules = merge_selectors(&words)
        .map_err(|_| format!("Unmatched parenthesis in the rules of the user '{shown}'"))?;
    let defaults = super::defaults(server);
    let mut user = User::new(defaults);
    for rule in &rules {
        user.apply(&server.access.catalog, defaults, rule)
            .map_err(|why| format!("The user '{shown}': error in rule '{}': {}", masked(rule), why.text()))?;
    }
    if !user.enabled {
        let line = format!("The user '{shown}' is disabled: there is no 'on' among its rules.");
        host.log(Level::Notice, &line);
    }
    super::put_user(server, None, name, user);
    Ok(())
}

/// A rule for the log: no passwords.
fn masked(rule: &[u8]) -> String {
    match rule {
        [sign @ (b'>' | b'<' | b'#' | b'!'), ..] => format!("{}(not shown)", char::from(*sign)),
        _ => String::from_utf8_lossy(rule).into_owned(),
    }
}

/// The `user` lines of a configuration file that make these users. The user `default` has none if it is as
/// `requirepass` alone makes it. With an ACL file, users are none of the configuration's.
pub fn config_lines(server: &ServerState) -> Vec<Vec<u8>> {
    if !server.config.aclfile.is_empty() {
        return Vec::new();
    }
    let access = &server.access;
    let mut plain = User::open(&access.catalog);
    let password = server.config.requirepass.as_deref().unwrap_or_default();
    if !password.is_empty() {
        plain.no_password = false;
        plain.passwords.push(acl::Digest::of(password));
    }
    let plain = plain.describe();
    let is_plain = |name: &[u8], user: &User| {
        access.users.find(name) == Some(UserId::DEFAULT) && user.describe() == plain
    };
    access
        .users
        .iter()
        .filter(|(name, user)| !is_plain(name, user))
        .map(|(name, user)| file::line(name, user))
        .collect()
}
