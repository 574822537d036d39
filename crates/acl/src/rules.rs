//! What rules have in common: what can be wrong with them, and which bytes they may hold.
//!
//! Rules are written to files, one user a line, words separated by blanks and nothing quoted; so no word may hold what
//! would end it or the line. The peers let a first argument (`+get|a b`) hold a blank, and stop when they list it.

/// Why a rule was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleError {
    UnknownName,
    Syntax,
    KeyAfterAll,
    ChannelAfterAll,
    NoSuchPassword,
    BadHash,
    FirstArgOfSubcommand,
    DatabaseRange,
}

impl RuleError {
    /// In the peers' words.
    pub fn text(self) -> &'static str {
        match self {
            RuleError::UnknownName => "Unknown command or category name in ACL",
            RuleError::Syntax => "Syntax error",
            RuleError::KeyAfterAll => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                 effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            RuleError::ChannelAfterAll => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have \
                 any effect. Try 'resetchannels' to start with an empty list of channels"
            }
            RuleError::NoSuchPassword => "The password you are trying to remove from the user does not exist",
            RuleError::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
            }
            RuleError::FirstArgOfSubcommand => "Allowing first-arg of a subcommand is not supported",
            RuleError::DatabaseRange => "The provided database ID is out of range",
        }
    }
}

/// White space as C has it, and NUL.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0)
}

/// Whether a word can stand in a line of a file as it is.
pub(crate) fn is_plain(word: &[u8]) -> bool {
    !word.iter().any(|byte| is_space(*byte))
}

/// Joins words from one that begins with `(` to one that ends with `)`. The error is the word whose bracket stays open.
pub fn merge_selectors(words: &[&[u8]]) -> Result<Vec<Vec<u8>>, Vec<u8>> {
    let mut merged: Vec<Vec<u8>> = Vec::new();
    let mut open: Option<(&[u8], Vec<u8>)> = None;
    for &word in words {
        match &mut open {
            Some((_, selector)) => {
                selector.push(b' ');
                selector.extend(word);
                if word.ends_with(b")") {
                    merged.extend(open.take().map(|(_, selector)| selector));
                }
            }
            None if word.starts_with(b"(") && !word.ends_with(b")") => open = Some((word, word.to_vec())),
            None => merged.push(word.to_vec()),
        }
    }
    match open {
        Some((first, _)) => Err(first.to_vec()),
        None => Ok(merged),
    }
}
