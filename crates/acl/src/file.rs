//! Users as text: a line for each, `user <name> <rules>`.
//!
//! Nothing is quoted, no comments: the file belongs to ACL SAVE, which would lose them. Empty lines are skipped. A file
//! with a single fault changes nothing; all faults are told together.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::rules::{RuleError, is_plain, merge_selectors};
use crate::user::{Defaults, User};
use crate::users::Users;

/// All users, in the order of their names.
pub fn render(users: &Users) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, user) in users.iter() {
        text.extend(line(name, user));
        text.push(b'\n');
    }
    text
}

/// One user, without an end of line.
pub fn line(name: &[u8], user: &User) -> Vec<u8> {
    [b"user ", name, b" ", &user.describe()].concat()
}

/// Reads a file. `name` is its own name, for the error: one line that tells of all faults.
pub fn parse(
    catalog: &Catalog,
    defaults: Defaults,
    name: &str,
    text: &[u8],
) -> Result<Vec<(Vec<u8>, User)>, Vec<u8>> {
    let mut reader = Reader { catalog, defaults, name, errors: Vec::new(), names: BTreeSet::new() };
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    let users: Vec<_> = lines.filter_map(|(at, line)| reader.line(at + 1, line)).collect();
    if reader.errors.is_empty() {
        return Ok(users);
    }
    let unchanged =
        b"WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
    reader.errors.extend(unchanged);
    Err(reader.errors)
}

struct Reader<'a> {
    catalog: &'a Catalog,
    defaults: Defaults,
    name: &'a str,
    errors: Vec<u8>,
    names: BTreeSet<Vec<u8>>,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &[u8]) -> Option<(Vec<u8>, User)> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return None;
        }
        let here = format!("{}:{number}", self.name);
        let mut words = line.split(|byte| *byte == b' ');
        let (keyword, name) = (words.next(), words.next());
        let Some(name) = name.filter(|_| keyword == Some(b"user")) else {
            self.fault(&[here.as_bytes(), b" should start with user keyword followed by the username. "]);
            return None;
        };
        if !is_plain(name) {
            self.fault(&[b"'", here.as_bytes(), b": username '", name, b"' contains invalid characters. "]);
            return None;
        }
        if !self.names.insert(name.to_vec()) {
            let place = format!("' found on line {number}. ");
            self.fault(&[b"WARNING: Duplicate user '", name, place.as_bytes()]);
            return None;
        }
        let words: Vec<&[u8]> = words.collect();
        let Ok(rules) = merge_selectors(&words) else {
            self.fault(&[here.as_bytes(), b": Unmatched parenthesis in selector definition."]);
            return None;
        };
        Some((name.to_vec(), self.user(&here, &rules)))
    }

    /// Unknown names are all told, with the rule; of other faults, which may show a secret, only that there is one.
    fn user(&mut self, here: &str, rules: &[Vec<u8>]) -> User {
        let mut user = User::new(self.defaults);
        let mut told = false;
        for rule in rules {
            let rule = rule.trim_ascii();
            match user.apply(self.catalog, self.defaults, rule) {
                Ok(()) => {}
                Err(why @ RuleError::UnknownName) => {
                    let why = why.text().as_bytes();
                    self.fault(&[
                        here.as_bytes(),
                        b": Error in applying operation '",
                        rule,
                        b"': ",
                        why,
                        b". ",
                    ]);
                }
                Err(_) if told => {}
                Err(why) => {
                    told = true;
                    self.fault(&[here.as_bytes(), b": ", why.text().as_bytes(), b". "]);
                }
            }
        }
        user
    }

    fn fault(&mut self, parts: &[&[u8]]) {
        self.errors.extend(parts.concat());
    }
}
