//! Transcripts: what a client sends and what it must be told, as text.
//!
//! One string is played in process against an [`engine::Engine`] ([`check`]) and, by `cargo x peers`, against a real
//! server ([`peer`]): a test thus says nothing about our API, and the oracle costs no extra test.
//!
//! ```text
//! # a comment
//! > SET k "a b"              what client 1 sends; quoting as in a configuration line
//! +OK
//! 2> GET k                   client 2
//! "a b"
//! 2>                         sends nothing: only looks at what has arrived
//! > LRANGE l 0 -1
//! ["a" "b"
//!   * nil :1]                a reply may take several lines; a lone * matches any value
//! > NONSENSE
//! -ERR unknown command*      the end of an error, a status or a bulk string may be left open
//! ! config maxmemory 100mb   sets a parameter
//! ! wait 1500                moves the clock by 1500 ms (against a real server: sleeps)
//! ```
//!
//! Replies: `+status`, `-error`, `:integer`, `"bulk"`, `nil`, `nil*` (null array), `[array]`, `{map}` (key and value
//! in turn), `~[set]` (in any order), `>[push]`, `,double`, `#t` and `#f`, `txt"verbatim"`, `(big number`, `|{…}`
//! (attributes), `closed` (the server has hung up). Inside of brackets a status with blanks is quoted: `+"a b"`.
//! A request that is followed by nothing must be answered by nothing.
#![forbid(unsafe_code)]

pub mod fed;
mod harness;
mod host;
mod journal;
pub mod peer;
pub mod random;
pub mod resp;
pub mod text;
pub mod transcript;
pub mod value;

pub use harness::{Client, Harness};
pub use host::FakeHost;
pub use journal::FakeJournal;
pub use value::Value;

use transcript::{Action, Player, Step};

/// Plays a transcript against a fresh engine; panics with every difference, if there are any.
#[track_caller]
pub fn check(transcript: &str) {
    let steps = match transcript::parse(transcript) {
        Ok(steps) => steps,
        Err(error) => panic!("{error}"),
    };
    let differences = transcript::play(&steps, &mut InProcess { harness: Harness::new() });
    assert!(differences.is_empty(), "\n{}", transcript::report(&differences));
}

/// Plays a transcript twice: as it is, and with a line before it (a parameter that selects another encoding).
#[track_caller]
pub fn check_both(line: &str, transcript: &str) {
    check(transcript);
    check(&format!("{line}\n{transcript}"));
}

struct InProcess {
    harness: Harness,
}

impl Player for InProcess {
    fn act(&mut self, step: &Step) -> Result<Vec<Value>, String> {
        match &step.action {
            Action::Request { client, words } => Ok(self.harness.exchange(*client, words)),
            Action::Wait(ms) => {
                self.harness.advance(*ms);
                Ok(Vec::new())
            }
            Action::Config { name, value } => self.harness.config(name, value).map(|()| Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests;
