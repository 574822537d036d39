//! Whatever happens, in whatever order: what the files hold is what was handed over.

use std::path::PathBuf;
use std::time::Duration;

use fastrand::Rng;
use rustix::io::Errno;
use world::JournalFailureKind;

use super::Journal;
use super::faulty::Faulty;

struct Play {
    rng: Rng,
    disk: Faulty,
    journal: Journal,
    files: usize,
    handed: Vec<u8>,
    /// Where hand-overs end.
    ends: Vec<usize>,
    /// Syncs failed: what was lost then does not count any more.
    lost: bool,
}

impl Play {
    fn new(seed: u64) -> Play {
        let disk = Faulty::default();
        let journal = Journal::start(Box::new(disk.clone())).unwrap();
        let rng = Rng::with_seed(seed);
        let mut play = Play { rng, disk, journal, files: 0, handed: Vec::new(), ends: vec![0], lost: false };
        play.open();
        play
    }

    fn open(&mut self) {
        let reserve = [0, 100, 10_000][self.rng.usize(..3)];
        self.journal.open(&PathBuf::from(format!("{:04}", self.files)), reserve).unwrap();
        self.files += 1;
    }

    fn append(&mut self) {
        let bytes: Vec<u8> = (0..self.rng.usize(1..60)).map(|_| self.rng.u8(..)).collect();
        self.journal.append(&bytes);
        self.handed.extend_from_slice(&bytes);
        self.ends.push(self.handed.len());
    }

    /// Something begins to fail, or works again.
    fn fault(&mut self) {
        let rng = &mut self.rng;
        let error = [Errno::IO, Errno::NOSPC, Errno::DQUOT][rng.usize(..3)];
        let maybe = |yes: bool| yes.then_some(error);
        let mut inside = self.disk.lock();
        let faults = &mut inside.faults;
        match rng.u8(..8) {
            0 => faults.write = maybe(rng.bool()),
            1 => faults.room = rng.bool().then(|| rng.u64(..200)),
            2 => faults.short = rng.bool().then(|| rng.usize(1..20)),
            3 => faults.cut = maybe(rng.u8(..3) == 0),
            4 => faults.reserve = maybe(rng.bool()),
            5 => faults.sync_takes = Duration::from_micros(rng.u64(..4000)),
            6 => faults.sync = maybe(rng.u8(..3) == 0),
            _ => (faults.write, faults.room, faults.cut, faults.reserve) = (None, None, None, None),
        }
    }

    fn check(&mut self) {
        // In this order: what is durable by now was perhaps not when the state was asked for.
        let state = self.journal.state();
        assert!(state.synced <= state.written && state.written <= state.handed, "{state:?}");
        assert_eq!(state.handed, self.handed.len() as u64);
        let (durable, bytes) = (self.disk.durable(), self.disk.bytes());
        self.lost |= state.failure.as_ref().is_some_and(|failure| failure.kind == JournalFailureKind::Sync);
        assert!(self.lost || state.synced <= durable, "{} synced, {durable} are", state.synced);
        assert!(state.written <= bytes.len() as u64 && self.handed.starts_with(&bytes));
    }

    fn act(&mut self) {
        match self.rng.u8(..20) {
            0..9 => self.append(),
            9..12 => self.journal.sync(),
            12 => self.journal.retry(),
            13..16 => self.fault(),
            16 if self.rng.u8(..3) == 0 => self.open(),
            17 if self.rng.u8(..3) == 0 => {
                let done = self.journal.finish();
                let (state, bytes) = (self.journal.state(), self.disk.bytes());
                assert_eq!(done.is_ok(), state.synced == state.handed, "{done:?}, {state:?}");
                let torn = self.disk.lock().faults.cut.is_some();
                assert!(torn || self.ends.contains(&bytes.len()), "half a hand-over");
            }
            _ => std::thread::sleep(Duration::from_micros(self.rng.u64(..500))),
        }
        self.check();
    }

    /// Everything works again.
    fn heal(&mut self) {
        let sync_takes = self.disk.lock().faults.sync_takes;
        self.disk.lock().faults = super::faulty::Faults { sync_takes, ..Default::default() };
        self.open();
        let done = self.journal.finish();
        assert!(done.is_ok(), "{done:?}, {:?}", self.journal.state());
        assert_eq!(self.disk.bytes(), self.handed);
        let state = self.journal.state();
        assert_eq!((state.synced, state.failure), (self.handed.len() as u64, None));
    }
}

#[test]
fn files_hold_what_was_handed_over_in_order_and_whole() {
    let runs = if cfg!(miri) { 2 } else { 150 };
    for seed in 0..runs {
        let run = std::panic::catch_unwind(|| {
            let mut play = Play::new(seed);
            for _ in 0..play.rng.usize(10..250) {
                play.act();
            }
            play.heal();
        });
        assert!(run.is_ok(), "seed {seed}");
    }
}
