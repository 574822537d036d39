//! `shutdown-on-sigint`, `shutdown-on-sigterm`: the options of the SHUTDOWN that a signal stands for.

use crate::error::Why;
use crate::field::Field;
use crate::kind::Kind;

/// No option set is `default`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShutdownOn {
    pub save: bool,
    pub nosave: bool,
    pub now: bool,
    pub force: bool,
    pub safe: bool,
    pub failover: bool,
}

const NAMES: &[&str] = &["default", "save", "nosave", "now", "force", "safe", "failover"];

impl ShutdownOn {
    pub(crate) fn contradicts_itself(self) -> bool {
        self.save && self.nosave
    }

    fn option(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "save" => Some(&mut self.save),
            "nosave" => Some(&mut self.nosave),
            "now" => Some(&mut self.now),
            "force" => Some(&mut self.force),
            "safe" => Some(&mut self.safe),
            "failover" => Some(&mut self.failover),
            _ => None,
        }
    }
}

impl Field for ShutdownOn {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        let mut next = ShutdownOn::default();
        for word in words {
            let name = NAMES.iter().find(|name| name.as_bytes().eq_ignore_ascii_case(word));
            let name = name.ok_or(Why::OneOf(NAMES))?;
            // `default` beside other options adds nothing, and is not refused by the peers.
            if let Some(option) = next.option(name) {
                *option = true;
            }
        }
        *self = next;
        Ok(())
    }

    fn show(&self, _: &Kind) -> Vec<u8> {
        let mut copy = *self;
        let set: Vec<&str> =
            NAMES.iter().copied().filter(|name| copy.option(name).is_some_and(|option| *option)).collect();
        if set.is_empty() { b"default".into() } else { set.join(" ").into_bytes() }
    }
}
