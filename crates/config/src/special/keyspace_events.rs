//! `notify-keyspace-events`: which changes are published, as one letter each.

use crate::error::Why;
use crate::field::{Field, in_quotes, only};
use crate::kind::Kind;

/// A set of event classes. `K` and `E` say where events are published, the other letters which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyspaceEvents(u32);

/// Letter and class, in the order in which the peers show them. `A` stands for all up to `d`.
const CLASSES: [(u8, KeyspaceEvents); 14] = [
    (b'g', KeyspaceEvents::GENERIC),
    (b'$', KeyspaceEvents::STRING),
    (b'l', KeyspaceEvents::LIST),
    (b's', KeyspaceEvents::SET),
    (b'h', KeyspaceEvents::HASH),
    (b'z', KeyspaceEvents::ZSET),
    (b'x', KeyspaceEvents::EXPIRED),
    (b'e', KeyspaceEvents::EVICTED),
    (b't', KeyspaceEvents::STREAM),
    (b'd', KeyspaceEvents::MODULE),
    (b'n', KeyspaceEvents::NEW),
    (b'K', KeyspaceEvents::KEYSPACE),
    (b'E', KeyspaceEvents::KEYEVENT),
    (b'm', KeyspaceEvents::MISSED),
];

impl KeyspaceEvents {
    pub const NONE: Self = Self(0);
    pub const KEYSPACE: Self = Self(1 << 0);
    pub const KEYEVENT: Self = Self(1 << 1);
    pub const GENERIC: Self = Self(1 << 2);
    pub const STRING: Self = Self(1 << 3);
    pub const LIST: Self = Self(1 << 4);
    pub const SET: Self = Self(1 << 5);
    pub const HASH: Self = Self(1 << 6);
    pub const ZSET: Self = Self(1 << 7);
    pub const EXPIRED: Self = Self(1 << 8);
    pub const EVICTED: Self = Self(1 << 9);
    pub const STREAM: Self = Self(1 << 10);
    pub const MISSED: Self = Self(1 << 11);
    pub const MODULE: Self = Self(1 << 12);
    pub const NEW: Self = Self(1 << 13);
    /// `A`: everything but missed and new keys.
    pub const ALL: Self = Self(
        Self::GENERIC.0
            | Self::STRING.0
            | Self::LIST.0
            | Self::SET.0
            | Self::HASH.0
            | Self::ZSET.0
            | Self::EXPIRED.0
            | Self::EVICTED.0
            | Self::STREAM.0
            | Self::MODULE.0,
    );

    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn any_of(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub const fn bits(self) -> u32 {
        self.0
    }

    pub fn parse(letters: &[u8]) -> Option<Self> {
        letters.iter().try_fold(Self::NONE, |set, &letter| {
            let class = match letter {
                b'A' => Self::ALL,
                _ => CLASSES.iter().find(|(known, _)| *known == letter)?.1,
            };
            Some(Self(set.0 | class.0))
        })
    }

    fn letters(self, hide: Self) -> Vec<u8> {
        let all = self.has(Self::ALL);
        let mut letters = if all { b"A".to_vec() } else { Vec::new() };
        for (letter, class) in CLASSES {
            let within_a = all && Self::ALL.has(class);
            if self.has(class) && !within_a && class != hide {
                letters.push(letter);
            }
        }
        letters
    }
}

impl Field for KeyspaceEvents {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        let set = Self::parse(only(words)?);
        *self = set.ok_or(Why::Rule("Invalid event class character. Use 'Ag$lshzxeKEtmdn'."))?;
        Ok(())
    }

    /// Beside `A` the peers (Valkey 9.1, Redis 7 and 8) leave `n` out, though it is in force.
    fn show(&self, _: &Kind) -> Vec<u8> {
        let hide = if self.has(Self::ALL) { Self::NEW } else { Self::NONE };
        self.letters(hide)
    }

    /// In a file nothing is left out: the next start has to know.
    fn write(&self, _: &Kind) -> Vec<Vec<u8>> {
        vec![in_quotes(&self.letters(Self::NONE))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_come_back_in_the_peers_order() {
        for (asked, shown) in [
            ("KEA", "AKE"),
            ("mKEg$", "g$KEm"),
            ("AKEnm", "AKEm"),
            ("nmdtxezhsl$g", "Am"),
            ("nK", "nK"),
            ("", ""),
        ] {
            let set = KeyspaceEvents::parse(asked.as_bytes()).expect("known letters");
            assert_eq!(String::from_utf8_lossy(&set.show(&Kind::Special)), shown, "{asked}");
        }
        assert_eq!(KeyspaceEvents::parse(b"q"), None);
    }
}
