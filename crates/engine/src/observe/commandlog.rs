//! COMMANDLOG: the last commands that were slow, or had a large request or reply.
//!
//! Entries keep at most 32 words of 128 bytes each, as the peers do; what is left out is counted in the last one.
//! Secrets among the words were hidden before (`redact`).

use std::collections::VecDeque;

use config::Config;
use resp::Argv;

use crate::client::Client;

const MAX_WORDS: usize = 32;
const MAX_WORD: usize = 128;
/// Stands for a word that must not be shown.
pub(crate) const REDACTED: &[u8] = b"(redacted)";

/// The three logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    Slow,
    LargeRequest,
    LargeReply,
}

impl LogKind {
    const NAMES: [(LogKind, &'static str); 3] = [
        (LogKind::Slow, "slow"),
        (LogKind::LargeRequest, "large-request"),
        (LogKind::LargeReply, "large-reply"),
    ];

    /// As COMMANDLOG's last word names it.
    pub fn named(name: &[u8]) -> Option<LogKind> {
        let is = |(_, other): &&(LogKind, &str)| name.eq_ignore_ascii_case(other.as_bytes());
        LogKind::NAMES.iter().find(is).map(|(kind, _)| *kind)
    }

    pub(super) fn max_len(self, config: &Config) -> u64 {
        match self {
            LogKind::Slow => config.commandlog_slow_execution_max_len,
            LogKind::LargeRequest => config.commandlog_large_request_max_len,
            LogKind::LargeReply => config.commandlog_large_reply_max_len,
        }
    }
}

#[derive(Clone, Debug)]
pub struct LogEntry {
    pub id: u64,
    pub wall_s: i64,
    /// Microseconds or bytes, as the log is.
    pub value: u64,
    pub words: Vec<Vec<u8>>,
    pub client: String,
    pub client_name: Vec<u8>,
}

/// Newest first. The ids go on after a reset.
#[derive(Debug, Default)]
pub struct CommandLog {
    pub entries: VecDeque<LogEntry>,
    next_id: u64,
}

#[derive(Debug, Default)]
pub struct CommandLogs {
    pub slow: CommandLog,
    pub large_request: CommandLog,
    pub large_reply: CommandLog,
}

impl CommandLogs {
    pub fn of(&self, kind: LogKind) -> &CommandLog {
        match kind {
            LogKind::Slow => &self.slow,
            LogKind::LargeRequest => &self.large_request,
            LogKind::LargeReply => &self.large_reply,
        }
    }

    pub fn of_mut(&mut self, kind: LogKind) -> &mut CommandLog {
        match kind {
            LogKind::Slow => &mut self.slow,
            LogKind::LargeRequest => &mut self.large_request,
            LogKind::LargeReply => &mut self.large_reply,
        }
    }
}

impl CommandLog {
    /// A smaller `max_len` takes effect with the next entry, as with the peers.
    pub(super) fn push(
        &mut self,
        words: Vec<Vec<u8>>,
        client: &Client,
        wall_s: i64,
        value: u64,
        max_len: u64,
    ) {
        self.entries.push_front(LogEntry {
            id: self.next_id,
            wall_s,
            value,
            words,
            client: client.about.address.clone(),
            client_name: client.about.name.clone(),
        });
        self.next_id += 1;
        self.entries.truncate(usize::try_from(max_len).unwrap_or(usize::MAX));
    }
}

/// The words as they are kept; `hidden` are the indices of secrets.
pub(super) fn shortened(argv: Argv<'_>, hidden: &[usize]) -> Vec<Vec<u8>> {
    let kept = if argv.len() > MAX_WORDS { MAX_WORDS - 1 } else { argv.len() };
    let shown = |(index, word): (usize, &[u8])| {
        if hidden.contains(&index) { REDACTED.to_vec() } else { short_word(word) }
    };
    let mut words: Vec<Vec<u8>> = argv.iter().take(kept).enumerate().map(shown).collect();
    if argv.len() > kept {
        words.push(format!("... ({} more arguments)", argv.len() - kept).into_bytes());
    }
    words
}

fn short_word(word: &[u8]) -> Vec<u8> {
    if word.len() <= MAX_WORD {
        return word.to_vec();
    }
    let mut short = word[..MAX_WORD].to_vec();
    short.extend_from_slice(format!("... ({} more bytes)", word.len() - MAX_WORD).as_bytes());
    short
}
