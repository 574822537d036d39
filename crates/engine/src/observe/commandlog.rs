//! COMMANDLOG: the last commands that were slow, or had a large request or reply.
//!
//! Entries keep at most 32 words of 128 bytes each, as the peers do; what is left out is counted in the last one.
//! Passwords are not kept.

use std::collections::VecDeque;

use resp::Argv;

use crate::client::Client;
use crate::command::Command;
use crate::redact;

const MAX_WORDS: usize = 32;
const MAX_WORD: usize = 128;

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

impl CommandLog {
    pub fn push(
        &mut self,
        command: &Command,
        argv: Argv<'_>,
        client: &Client,
        wall_s: i64,
        value: u64,
        max_len: u64,
    ) {
        if max_len > 0 {
            self.entries.push_front(LogEntry {
                id: self.next_id,
                wall_s,
                value,
                words: shortened(command, argv),
                client: client.about.address.clone(),
                client_name: client.about.name.clone(),
            });
            self.next_id += 1;
        }
        self.trim(max_len);
    }

    pub fn trim(&mut self, max_len: u64) {
        self.entries.truncate(usize::try_from(max_len).unwrap_or(usize::MAX));
    }
}

fn shortened(command: &Command, argv: Argv<'_>) -> Vec<Vec<u8>> {
    let kept = if argv.len() > MAX_WORDS { MAX_WORDS - 1 } else { argv.len() };
    let mut words: Vec<Vec<u8>> = redact::words(command, argv).take(kept).map(short_word).collect();
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
