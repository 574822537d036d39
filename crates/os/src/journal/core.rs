//! How far a journal is: the books that the loop and the two threads keep together, under one lock.
//!
//! **Invariants**
//! 1. `synced <= written <= handed`; `written + what is queued or being written = handed`.
//! 2. `files` are in the order they were opened in; only the last one can be the one that is appended to, the others
//!    wait to be sealed. The queue has their bytes in the same order.
//! 3. `len` of a file is the end of a hand-over. A file longer than that is `torn`, and is cut before anything else.
//! 4. One thread writes at a time (`writing`), one syncs (`syncing_since`).
//! 5. Of all files only the oldest that is not sealed yet may be shorter on the disk than it was made: those behind it are
//!    empty. So a loss of power leaves no hole: where the first file breaks off, all ends.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use world::{JournalFailure, JournalFailureKind, JournalState};

use super::file::Growing;

/// A hand-over that is joined to one still waiting makes it no larger than this.
const PIECE: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Core {
    pub handed: u64,
    pub written: u64,
    pub synced: u64,
    /// What `journal_sync` was last asked for.
    pub wanted: u64,
    pub last_sync_us: u64,
    /// A piece is in the hands of a thread.
    pub writing: bool,
    /// Since when a thread syncs, seals or reserves.
    pub syncing_since: Option<u64>,
    /// Somebody waits for the threads to be idle.
    pub awaited: bool,
    pub queue: VecDeque<Piece>,
    pub files: VecDeque<Opened>,
    /// The last of `files` is appended to.
    pub open: bool,
    pub write_failure: Option<String>,
    pub sync_failure: Option<String>,
    /// A file is lost, and its bytes are nowhere else yet, for all we know: those behind it stay empty.
    pub hole: bool,
    pub reserve_failure: Option<String>,
    /// What failed is to be tried again.
    pub retry_write: bool,
    pub retry_reserve: bool,
    pub quit: bool,
    pub next_id: u64,
}

/// Bytes that wait to be written.
pub(super) struct Piece {
    pub file: u64,
    pub bytes: Vec<u8>,
    /// Where hand-overs end in it.
    pub ends: Vec<usize>,
}

/// A file that is not closed yet.
pub(super) struct Opened {
    pub id: u64,
    pub file: Arc<dyn Growing>,
    /// Bytes of whole hand-overs in it.
    pub len: u64,
    /// There is part of a hand-over behind `len`.
    pub torn: bool,
    /// Room that is wanted in front of the end; 0 when there can be none.
    pub reserve: u64,
    /// As far as there is room.
    pub reserved_to: u64,
    /// Its sync failed (invariant 3 of `world::Journal`).
    pub lost: bool,
    /// The offset at which its bytes end, once another file was opened.
    pub ends_at: Option<u64>,
}

impl Opened {
    fn wants_room(&self) -> bool {
        self.reserve > 0 && self.reserved_to.saturating_sub(self.len) < self.reserve / 2
    }
}

impl Core {
    pub fn state(&self) -> JournalState {
        let of = |kind, text: &Option<String>| text.clone().map(|text| JournalFailure { kind, text });
        let failure = of(JournalFailureKind::Sync, &self.sync_failure)
            .or_else(|| of(JournalFailureKind::Write, &self.write_failure))
            .or_else(|| of(JournalFailureKind::Reserve, &self.reserve_failure));
        JournalState {
            handed: self.handed,
            written: self.written,
            synced: self.synced,
            syncing: self.syncing_since.is_some() || self.may_sync() || self.may_seal(),
            last_sync_us: self.last_sync_us,
            failure,
        }
    }

    /// Takes a file as the one that is appended to.
    pub fn add(&mut self, file: Arc<dyn Growing>, len: u64, reserve: u64) -> u64 {
        if self.open {
            self.end_of_current();
        }
        self.next_id += 1;
        let id = self.next_id;
        self.files.push_back(Opened {
            id,
            file,
            len,
            torn: false,
            reserve,
            reserved_to: len,
            lost: false,
            ends_at: None,
        });
        self.open = true;
        self.sync_failure = None;
        self.reserve_failure = None;
        id
    }

    fn end_of_current(&mut self) {
        let at = self.handed;
        if let Some(last) = self.files.back_mut() {
            last.ends_at = Some(at);
        }
        self.open = false;
    }

    pub fn current(&mut self) -> Option<&mut Opened> {
        if self.open { self.files.back_mut() } else { None }
    }

    pub fn file(&mut self, id: u64) -> Option<&mut Opened> {
        self.files.iter_mut().find(|file| file.id == id)
    }

    // What there is to do.

    /// Bytes can be written by the one who hands them over.
    pub fn at_once(&self) -> bool {
        self.open
            && !self.writing
            && self.queue.is_empty()
            && self.syncing_since.is_none()
            && self.files.len() == 1
            && !self.is_held_up()
    }

    /// There is a file that could make up for a lost one, and it was not used yet.
    fn is_held_up(&self) -> bool {
        self.hole && self.sync_failure.is_none()
    }

    /// Who hands over or syncs after another file was opened has what was lost elsewhere.
    pub fn go_on(&mut self) {
        self.hole &= self.sync_failure.is_some();
    }

    /// A file gets its first byte when the one before is sealed (invariant 5).
    pub fn may_write(&self) -> bool {
        let oldest = self.files.front().map(|file| file.id);
        let of_oldest = self.queue.front().is_some_and(|piece| Some(piece.file) == oldest);
        of_oldest && !self.is_held_up() && !self.writing && (self.write_failure.is_none() || self.retry_write)
    }

    pub fn may_reserve(&self) -> bool {
        let wants = self.open && self.files.back().is_some_and(|file| file.wants_room() && !file.torn);
        wants && !self.writing && (self.reserve_failure.is_none() || self.retry_reserve)
    }

    /// The oldest file is complete, and another one was opened.
    pub fn may_seal(&self) -> bool {
        let complete = |file: &Opened| file.ends_at.is_some_and(|end| end <= self.written);
        let front = self.files.front();
        // One that is lost is let go when there is a file that makes up for it.
        self.sync_failure.is_none() && front.is_some_and(complete)
    }

    /// More of the file that is appended to is to be synced, and those before it are sealed.
    pub fn may_sync(&self) -> bool {
        let asked = self.wanted.min(self.written) > self.synced;
        asked && self.sync_failure.is_none() && self.open && self.files.len() == 1
    }

    pub fn idle(&self) -> bool {
        let todo = self.may_write() || self.may_seal() || self.may_sync();
        !self.writing && self.syncing_since.is_none() && !todo
    }

    // What was done.

    pub fn enqueue(&mut self, bytes: &[u8]) {
        let Some(file) = self.current().map(|file| file.id) else { return };
        if let Some(last) = self.queue.back_mut()
            && last.file == file
            && last.bytes.len() + bytes.len() <= PIECE
        {
            last.bytes.extend_from_slice(bytes);
            last.ends.push(last.bytes.len());
            return;
        }
        self.queue.push_back(Piece { file, bytes: bytes.to_vec(), ends: vec![bytes.len()] });
    }

    /// Notes how the writing of a piece went; what was not written waits at the front of the queue.
    pub fn note_written(&mut self, mut piece: Piece, outcome: Outcome) {
        let whole = piece.ends.iter().copied().take_while(|end| *end <= outcome.kept).last().unwrap_or(0);
        self.written += whole as u64;
        if let Some(file) = self.file(piece.file) {
            file.len += whole as u64;
            file.torn = outcome.torn;
            if outcome.cut {
                file.reserved_to = file.len;
            }
        }
        match outcome.error {
            None => self.write_failure = None,
            Some(error) => {
                piece.bytes.drain(..whole);
                piece.ends.retain_mut(|end| {
                    let left = *end > whole;
                    *end = end.saturating_sub(whole);
                    left
                });
                self.write_failure = Some(words(&error));
                self.queue.push_front(piece);
            }
        }
        self.retry_write = false;
    }

    pub fn note_reserved(&mut self, id: u64, from: u64, len: u64, outcome: io::Result<bool>) {
        self.retry_reserve = false;
        let Some(file) = self.file(id) else { return };
        match outcome {
            Ok(true) => file.reserved_to = from.saturating_add(len),
            Ok(false) => file.reserve = 0,
            Err(error) => {
                self.reserve_failure = Some(words(&error));
                return;
            }
        }
        self.reserve_failure = None;
    }
}

/// How writing went.
pub(super) struct Outcome {
    /// Bytes that are in the file: all of them, or up to the end of a hand-over.
    pub kept: usize,
    pub error: Option<io::Error>,
    /// The file was cut back, which gave up what was reserved.
    pub cut: bool,
    /// The file should have been cut back, and could not be.
    pub torn: bool,
}

/// The kernel's words without the number behind them.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// Writes bytes whose hand-overs end at `ends`, behind `len`. What breaks off is cut back to the end of a hand-over.
pub(super) fn write(file: &dyn Growing, torn: bool, len: u64, bytes: &[u8], ends: &[usize]) -> Outcome {
    if torn && let Err(error) = file.cut(len) {
        return Outcome { kept: 0, error: Some(error), cut: false, torn: true };
    }
    let mut done = 0;
    let error = loop {
        if done == bytes.len() {
            return Outcome { kept: done, error: None, cut: torn, torn: false };
        }
        match file.append(&bytes[done..]) {
            Ok(0) => break io::ErrorKind::WriteZero.into(),
            Ok(count) => done += count.min(bytes.len() - done),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break error,
        }
    };
    let kept = ends.iter().copied().take_while(|end| *end <= done).last().unwrap_or(0);
    if kept == done {
        return Outcome { kept, error: Some(error), cut: torn, torn: false };
    }
    let cut = file.cut(len + kept as u64).is_ok();
    Outcome { kept, error: Some(error), cut: cut || torn, torn: !cut }
}
