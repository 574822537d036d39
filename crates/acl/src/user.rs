//! A user: a name, passwords, and what may be done under that name.

use crate::catalog::Catalog;
use crate::password::Digest;
use crate::rules::RuleError;
use crate::selector::Selector;

/// What a new user, and a new selector, have without having been given it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// `acl-pubsub-default allchannels`.
    pub all_channels: bool,
}

#[derive(Clone, Debug)]
pub struct User {
    pub enabled: bool,
    /// Any password lets in.
    pub no_password: bool,
    pub passwords: Vec<Digest>,
    /// The rights outside of brackets.
    pub root: Selector,
    /// Those in brackets.
    pub selectors: Vec<Selector>,
}

impl User {
    /// Disabled, without a password, without rights.
    pub fn new(defaults: Defaults) -> Self {
        User {
            enabled: false,
            no_password: false,
            passwords: Vec::new(),
            root: Selector::new(defaults.all_channels),
            selectors: Vec::new(),
        }
    }

    /// The user `default` as it comes: everything is allowed to everybody.
    pub fn open(catalog: &Catalog) -> Self {
        let mut user = User::new(Defaults { all_channels: true });
        for rule in [b"+@all".as_slice(), b"~*", b"on", b"nopass"] {
            // Rules that are known cannot be refused.
            let applied = user.apply(catalog, Defaults::default(), rule);
            debug_assert_eq!(applied, Ok(()));
        }
        user
    }

    pub fn selectors(&self) -> impl Iterator<Item = &Selector> {
        std::iter::once(&self.root).chain(&self.selectors)
    }

    /// No request can be refused.
    pub fn is_unrestricted(&self) -> bool {
        self.selectors().any(Selector::is_unrestricted)
    }

    /// Whether who gives this password may come in. Takes a time that does not depend on which password it is.
    pub fn admits(&self, password: &[u8]) -> bool {
        let given = Digest::of(password);
        let known = self.passwords.iter().fold(false, |known, digest| known | (*digest == given));
        self.enabled && (self.no_password || known)
    }

    /// Whether everybody is this user without asking (if it is the default one).
    pub fn is_open(&self) -> bool {
        self.enabled && self.no_password
    }

    /// Applies one rule. `skip-sanitize-payload` and its opposite are accepted for old files' sake: payloads are
    /// always checked.
    pub fn apply(&mut self, catalog: &Catalog, defaults: Defaults, rule: &[u8]) -> Result<(), RuleError> {
        match rule {
            [] => return Ok(()),
            [b'>', password @ ..] => return self.add_password(Some(Digest::of(password))),
            [b'#', hash @ ..] => return self.add_password(Digest::parse(hash)),
            [b'<', password @ ..] => return self.remove_password(Some(Digest::of(password))),
            [b'!', hash @ ..] => return self.remove_password(Digest::parse(hash)),
            [b'(', rules @ .., b')'] => return self.add_selector(catalog, defaults, rules),
            _ => {}
        }
        match rule.to_ascii_lowercase().as_slice() {
            b"on" => self.enabled = true,
            b"off" => self.enabled = false,
            b"sanitize-payload" | b"skip-sanitize-payload" => {}
            b"nopass" => self.set_password(true),
            b"resetpass" => self.set_password(false),
            b"clearselectors" => self.selectors.clear(),
            b"reset" => *self = User::new(defaults),
            _ => return self.root.apply(catalog, rule),
        }
        Ok(())
    }

    fn set_password(&mut self, none: bool) {
        self.no_password = none;
        self.passwords.clear();
    }

    fn add_password(&mut self, digest: Option<Digest>) -> Result<(), RuleError> {
        let digest = digest.ok_or(RuleError::BadHash)?;
        if !self.passwords.contains(&digest) {
            self.passwords.push(digest);
        }
        self.no_password = false;
        Ok(())
    }

    fn remove_password(&mut self, digest: Option<Digest>) -> Result<(), RuleError> {
        let digest = digest.ok_or(RuleError::BadHash)?;
        let at = self.passwords.iter().position(|known| *known == digest).ok_or(RuleError::NoSuchPassword)?;
        self.passwords.remove(at);
        Ok(())
    }

    fn add_selector(&mut self, catalog: &Catalog, defaults: Defaults, rules: &[u8]) -> Result<(), RuleError> {
        let mut selector = Selector::new(defaults.all_channels);
        for rule in rules.split(|byte| byte.is_ascii_whitespace()).filter(|rule| !rule.is_empty()) {
            selector.apply(catalog, rule)?;
        }
        self.selectors.push(selector);
        Ok(())
    }

    /// `on`, `off`, `nopass`.
    pub fn flags(&self) -> impl Iterator<Item = &'static str> {
        let state = if self.enabled { "on" } else { "off" };
        std::iter::once(state).chain(self.no_password.then_some("nopass"))
    }

    /// The rules that make this user out of a new one.
    pub fn describe(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for flag in self.flags() {
            text.extend(flag.bytes());
            text.push(b' ');
        }
        for digest in &self.passwords {
            text.push(b'#');
            text.extend(digest.hex().bytes());
            text.push(b' ');
        }
        self.root.describe(&mut text);
        for selector in &self.selectors {
            text.extend(b" (");
            selector.describe(&mut text);
            text.push(b')');
        }
        text
    }
}
