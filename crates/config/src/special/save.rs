//! `save <seconds> <changes> …`: when a snapshot is due. `save ""` is never.

use super::{joined, number, or_empty_quotes};
use crate::error::Why;
use crate::field::Field;
use crate::kind::Kind;

/// Due when this many changes have been waiting for this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaveRule {
    pub seconds: u64,
    pub changes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SaveRules(pub Vec<SaveRule>);

impl SaveRules {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Field for SaveRules {
    fn read(&mut self, _: &Kind, words: &[&[u8]]) -> Result<(), Why> {
        if words == [b""] {
            self.0.clear();
            return Ok(());
        }
        let invalid = Why::Rule("Invalid save parameters");
        if !words.len().is_multiple_of(2) {
            return Err(invalid);
        }
        let rules: Option<Vec<SaveRule>> = words.chunks_exact(2).map(|pair| rule(pair[0], pair[1])).collect();
        self.0 = rules.ok_or(invalid)?;
        Ok(())
    }

    fn show(&self, _: &Kind) -> Vec<u8> {
        joined(self.0.iter().map(|rule| format!("{} {}", rule.seconds, rule.changes)))
    }

    fn write(&self, kind: &Kind) -> Vec<Vec<u8>> {
        vec![or_empty_quotes(self.show(kind))]
    }
}

fn rule(seconds: &[u8], changes: &[u8]) -> Option<SaveRule> {
    let seconds = number::<u64>(seconds).filter(|&seconds| seconds > 0)?;
    let changes = number::<u32>(changes).filter(|&changes| changes <= i32::MAX as u32)?;
    Some(SaveRule { seconds, changes: changes.into() })
}
