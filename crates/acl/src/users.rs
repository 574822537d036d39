//! All users.
//!
//! A client remembers its user as a [`UserId`], so that rules changed while it is connected hold for it at once.
//!
//! **Invariants**
//! 1. There is always a user `default`, and its id never changes.
//! 2. An id is never used for another user: one that is gone finds nothing, and nothing is allowed to nobody.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::rules::{RuleError, is_plain, merge_selectors};
use crate::user::{Defaults, User};

/// The user everybody is at first.
pub const DEFAULT: &[u8] = b"default";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(u64);

impl UserId {
    /// `default`.
    pub const DEFAULT: UserId = UserId(0);
}

impl Default for UserId {
    fn default() -> Self {
        UserId::DEFAULT
    }
}

#[derive(Clone, Debug)]
pub struct Users {
    by_id: BTreeMap<UserId, (Vec<u8>, User)>,
    by_name: BTreeMap<Vec<u8>, UserId>,
    next: u64,
}

impl Users {
    /// Only the user `default`.
    pub fn new(default: User) -> Self {
        Users {
            by_id: BTreeMap::from([(UserId::DEFAULT, (DEFAULT.to_vec(), default))]),
            by_name: BTreeMap::from([(DEFAULT.to_vec(), UserId::DEFAULT)]),
            next: 1,
        }
    }

    pub fn get(&self, id: UserId) -> Option<&User> {
        self.by_id.get(&id).map(|(_, user)| user)
    }

    pub fn name(&self, id: UserId) -> &[u8] {
        self.by_id.get(&id).map_or(b"", |(name, _)| name)
    }

    pub fn find(&self, name: &[u8]) -> Option<UserId> {
        self.by_name.get(name).copied()
    }

    pub fn named(&self, name: &[u8]) -> Option<&User> {
        self.get(self.find(name)?)
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &User)> {
        self.by_name.iter().filter_map(|(name, id)| Some((name.as_slice(), self.get(*id)?)))
    }

    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Makes a user, or gives one other rights.
    pub fn put(&mut self, name: &[u8], user: User) -> UserId {
        let id = self.find(name).unwrap_or_else(|| {
            let id = UserId(self.next);
            self.next += 1;
            self.by_name.insert(name.to_vec(), id);
            id
        });
        self.by_id.insert(id, (name.to_vec(), user));
        id
    }

    /// Removes a user; never `default`.
    pub fn remove(&mut self, name: &[u8]) -> Option<UserId> {
        if name == DEFAULT {
            return None;
        }
        let id = self.by_name.remove(name)?;
        self.by_id.remove(&id);
        Some(id)
    }

    /// What a user would be after these rules, all of them or none; nobody is changed. `words` may spread a selector
    /// over several of them. The error is what a client is told.
    pub fn with_rules(
        &self,
        catalog: &Catalog,
        defaults: Defaults,
        name: &[u8],
        words: &[&[u8]],
    ) -> Result<User, Vec<u8>> {
        let rules = merge_selectors(words).map_err(|open| {
            [b"Unmatched parenthesis in acl selector starting at '", open.as_slice(), b"'."].concat()
        })?;
        let mut user = self.named(name).cloned().unwrap_or_else(|| User::new(defaults));
        for rule in &rules {
            user.apply(catalog, defaults, rule).map_err(|why| refusal(rule, why))?;
        }
        Ok(user)
    }
}

fn refusal(rule: &[u8], why: RuleError) -> Vec<u8> {
    [b"Error in ACL SETUSER modifier '", rule, b"': ", why.text().as_bytes()].concat()
}

/// Whether this can be the name of a user.
pub fn is_good_name(name: &[u8]) -> bool {
    is_plain(name)
}
