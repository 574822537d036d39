//! A large file that a background thread writes, from pieces handed to it: the loop makes them, the disk's time is the
//! thread's.
//!
//! ```text
//!   loop    write(piece) -> | queue, up to a limit | -> thread: pass, file, sync, rename, sync of the folder
//!           used buffers <- |                      | <-
//! ```
//!
//! **Invariants**
//! 1. There is one stream at most; its end is told once, when the file is there and lasts, or nothing of it is left.
//! 2. `queued` counts the bytes of a piece until it is in the file. `write` returns while no more than the limit are
//!    queued, one piece apart; it waits for nothing when the thread has failed or was told to give up.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use world::{Pass, Stream, StreamOptions};

use crate::disk;

/// Buffers that are kept to be used again.
const SPARE: usize = 8;

#[derive(Default)]
pub(crate) struct Streams {
    running: Option<Arc<Shared>>,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    end: Option<End>,
    outcome: Option<Result<(), String>>,
}

/// How it is to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    GivenUp,
}

struct Shared {
    state: Mutex<State>,
    /// Something for the thread to do.
    work: Condvar,
    /// Room in the queue.
    room: Condvar,
    queued: AtomicU64,
    limit: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panics leaves a state that is sound: every change of it is one step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece; `None` after the last.
    fn next(&self) -> io::Result<Option<Vec<u8>>> {
        let mut state = self.state();
        loop {
            if state.end == Some(End::GivenUp) {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            if let Some(piece) = state.pieces.pop_front() {
                return Ok(Some(piece));
            }
            if state.end.is_some() {
                return Ok(None);
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn written(&self, mut piece: Vec<u8>) {
        self.queued.fetch_sub(piece.len() as u64, Ordering::Relaxed);
        piece.clear();
        let mut state = self.state();
        if state.spare.len() < SPARE {
            state.spare.push(piece);
        }
        self.room.notify_one();
    }

    fn ended(&self, outcome: io::Result<()>) {
        let mut state = self.state();
        state.outcome = Some(outcome.map_err(|error| error.to_string()));
        state.pieces = VecDeque::new();
        self.queued.store(0, Ordering::Relaxed);
        self.room.notify_one();
    }
}

impl Stream for Shared {
    fn write(&self, piece: Vec<u8>) -> Vec<u8> {
        let mut state = self.state();
        while self.queued() > self.limit && state.outcome.is_none() && state.end.is_none() {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.outcome.is_some() || state.end.is_some() {
            return piece;
        }
        self.queued.fetch_add(piece.len() as u64, Ordering::Relaxed);
        state.pieces.push_back(piece);
        self.work.notify_one();
        state.spare.pop().unwrap_or_default()
    }

    fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }
}

impl Streams {
    pub fn begin(&mut self, path: &Path, options: StreamOptions, pass: Pass) -> io::Result<Arc<dyn Stream>> {
        if self.running.is_some() {
            return Err(io::Error::other("there is a file being written already"));
        }
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            queued: AtomicU64::new(0),
            limit: options.limit,
        });
        // The working directory may change meanwhile.
        let (path, at_work) = (std::path::absolute(path)?, shared.clone());
        let thread = std::thread::Builder::new().name("snapshot".into());
        thread.spawn(move || at_work.ended(run(&at_work, path, options.sync_every, pass)))?;
        self.running = Some(shared.clone());
        Ok(shared)
    }

    /// No more is to come (`whole`), or the file is not wanted any more.
    pub fn finish(&mut self, whole: bool) {
        if let Some(shared) = &self.running {
            let mut state = shared.state();
            let end = if whole { End::Whole } else { End::GivenUp };
            if state.end != Some(End::GivenUp) {
                state.end = Some(end);
            }
            shared.work.notify_one();
            shared.room.notify_one();
        }
    }

    /// How it ended, once it has.
    pub fn outcome(&mut self) -> Option<Result<(), String>> {
        let outcome = self.running.as_ref()?.state().outcome.take()?;
        self.running = None;
        Some(outcome)
    }
}

fn run(shared: &Shared, path: PathBuf, sync_every: u64, mut pass: Pass) -> io::Result<()> {
    disk::replace_with(&path, sync_every, &mut |to| {
        while let Some(piece) = shared.next()? {
            pass(Some(&piece), to)?;
            shared.written(piece);
        }
        pass(None, to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;
    use std::time::{Duration, Instant};

    const OPTIONS: StreamOptions = StreamOptions { sync_every: 1000, limit: 5000 };

    fn copy() -> Pass {
        Box::new(|piece, to| to.write_all(piece.unwrap_or(b"end")))
    }

    fn outcome(streams: &mut Streams) -> Result<(), String> {
        let began = Instant::now();
        loop {
            if let Some(outcome) = streams.outcome() {
                return outcome;
            }
            assert!(began.elapsed().as_secs() < 20);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn pieces_become_a_file_in_their_order() {
        let (folder, mut streams) = (Folder::new(), Streams::default());
        let path = folder.path("dump.rdb");
        let stream = streams.begin(&path, OPTIONS, copy()).unwrap();
        assert!(streams.begin(&path, OPTIONS, copy()).is_err(), "one at a time");
        let mut expected = Vec::new();
        for n in 0..200u8 {
            let piece = vec![n; usize::from(n) * 10];
            expected.extend_from_slice(&piece);
            assert!(stream.write(piece).is_empty());
            assert!(stream.queued() <= OPTIONS.limit + 2000);
        }
        expected.extend_from_slice(b"end");
        assert!(!path.exists() && streams.outcome().is_none());
        streams.finish(true);
        assert_eq!(outcome(&mut streams), Ok(()));
        assert_eq!((std::fs::read(&path).unwrap(), folder.names()), (expected, vec!["dump.rdb".to_owned()]));
        assert!(streams.outcome().is_none() && stream.queued() == 0);
    }

    #[test]
    fn one_that_is_given_up_leaves_nothing_and_nobody_waits_for_it() {
        let (folder, mut streams) = (Folder::new(), Streams::default());
        let (let_go, held) = std::sync::mpsc::channel::<()>();
        let pass: Pass = Box::new(move |_, _| held.recv().map_err(io::Error::other));
        let stream = streams.begin(&folder.path("dump.rdb"), OPTIONS, pass).unwrap();
        stream.write(vec![0; 4000]);
        stream.write(vec![0; 4000]);
        let waiting = {
            let stream = stream.clone();
            std::thread::spawn(move || stream.write(vec![0; 4000]))
        };
        std::thread::sleep(Duration::from_millis(20));
        assert!(!waiting.is_finished(), "the queue is full");
        streams.finish(false);
        waiting.join().unwrap();
        let_go.send(()).unwrap();
        assert!(outcome(&mut streams).is_err());
        assert!(folder.names().is_empty());
    }

    #[test]
    fn a_failure_is_told_and_takes_what_still_comes() {
        let (folder, mut streams) = (Folder::new(), Streams::default());
        let stream = streams.begin(&folder.path("missing/dump.rdb"), OPTIONS, copy()).unwrap();
        for _ in 0..100 {
            stream.write(vec![0; 4000]);
        }
        streams.finish(true);
        let why = outcome(&mut streams).unwrap_err();
        assert!(why.contains("missing"), "{why}");
        let full: Pass = Box::new(|_, _| Err(io::ErrorKind::StorageFull.into()));
        let stream = streams.begin(&folder.path("dump.rdb"), OPTIONS, full).unwrap();
        stream.write(vec![0; 4000]);
        assert!(outcome(&mut streams).is_err() && folder.names().is_empty());
    }
}
