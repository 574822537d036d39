//! The journal in virtual time: as `os::journal`, with syncs that end when the simulation says so.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use fastrand::Rng;
use world::{JournalFailure, JournalFailureKind, JournalState};

use crate::disk::SimDisk;

/// What is queued is written beside a sync that takes longer than this.
const PATIENCE_US: u64 = 2_000;

#[derive(Default)]
pub struct SimJournal {
    pub state: JournalState,
    wanted: u64,
    queue: VecDeque<(u64, Vec<u8>)>,
    files: VecDeque<Opened>,
    open: bool,
    flight: Option<Flight>,
    write_failure: Option<String>,
    sync_failure: Option<String>,
    reserve_failure: Option<String>,
    hole: bool,
    /// The loop has not heard of something yet.
    pub news: bool,
}

struct Opened {
    id: u64,
    ends_at: Option<u64>,
    lost: bool,
    reserve: u64,
}

/// A sync that goes on.
struct Flight {
    id: u64,
    len: usize,
    seal: bool,
    target: u64,
    began_us: u64,
    ends_us: u64,
}

impl SimJournal {
    pub fn open(&mut self, disk: &mut SimDisk, path: &Path, reserve: u64) -> io::Result<u64> {
        let (id, len) = disk.open(path)?;
        if let Some(last) = self.files.back_mut().filter(|_| self.open) {
            last.ends_at = Some(self.state.handed);
        }
        self.files.push_back(Opened { id, ends_at: None, lost: false, reserve });
        (self.open, self.sync_failure) = (true, None);
        self.reserve(disk);
        Ok(len)
    }

    /// Room is not taken here: it is only looked whether it is there.
    fn reserve(&mut self, disk: &SimDisk) {
        let wanted = self.files.back().map_or(0, |file| file.reserve);
        let there = disk.faults.room.is_none_or(|room| room >= wanted);
        self.reserve_failure = (!there).then(|| "No space left on device".to_owned());
    }

    pub fn append(&mut self, disk: &mut SimDisk, bytes: &[u8], rng: &mut Rng) {
        let Some(file) = self.files.back().filter(|_| self.open && !bytes.is_empty()) else { return };
        self.state.handed += bytes.len() as u64;
        self.queue.push_back((file.id, bytes.to_vec()));
        self.hole &= self.sync_failure.is_some();
        if self.write_failure.is_none() && self.flight.is_none() {
            self.write(disk, rng);
        }
    }

    /// Something waits that is of the oldest file.
    fn waits(&self) -> bool {
        if self.hole && self.sync_failure.is_none() {
            return false;
        }
        let oldest = self.files.front().map(|file| file.id);
        self.queue.front().is_some_and(|(id, _)| Some(*id) == oldest)
    }

    fn write(&mut self, disk: &mut SimDisk, rng: &mut Rng) {
        while self.waits() {
            let Some((id, bytes)) = self.queue.pop_front() else { break };
            match disk.append(id, &bytes, rng) {
                Ok(()) => {
                    self.state.written += bytes.len() as u64;
                    self.write_failure = None;
                }
                Err(error) => {
                    self.write_failure = Some(error.to_string());
                    self.queue.push_front((id, bytes));
                    break;
                }
            }
        }
        self.news = true;
    }

    pub fn sync(&mut self) {
        self.hole &= self.sync_failure.is_some();
        self.wanted = self.state.handed;
    }

    pub fn retry(&mut self, disk: &mut SimDisk, rng: &mut Rng) {
        if self.write_failure.is_some() && self.flight.is_none() {
            self.write(disk, rng);
        }
        if self.reserve_failure.is_some() {
            self.reserve(disk);
            self.news |= self.reserve_failure.is_none();
        }
    }

    /// Does what is due by now.
    pub fn advance(&mut self, disk: &mut SimDisk, now_us: u64, rng: &mut Rng) {
        let may_write = self.write_failure.is_none() && self.waits();
        match &self.flight {
            Some(flight) if flight.ends_us <= now_us => self.land(disk, rng),
            Some(flight) if may_write && flight.began_us + PATIENCE_US <= now_us => self.write(disk, rng),
            Some(_) => {}
            None if may_write => self.write(disk, rng),
            None => {}
        }
        if self.flight.is_none() {
            self.take_off(disk, now_us, rng);
        }
    }

    /// Begins the next sync.
    fn take_off(&mut self, disk: &mut SimDisk, now_us: u64, rng: &mut Rng) {
        let Some(first) = self.files.front() else { return };
        let (id, lost, ends_at) = (first.id, first.lost, first.ends_at);
        let (seal, target) = match ends_at {
            Some(end) => (end <= self.state.written && self.sync_failure.is_none(), end),
            None => (false, self.state.written),
        };
        if seal && lost {
            self.files.pop_front();
            self.write(disk, rng);
            return self.take_off(disk, now_us, rng);
        }
        let asked = self.wanted.min(self.state.written) > self.state.synced;
        if seal || (ends_at.is_none() && asked && self.sync_failure.is_none()) {
            let ends_us = now_us + rng.u64(20..=disk.faults.sync_us.max(20));
            self.flight = Some(Flight { id, len: disk.len_of(id), seal, target, began_us: now_us, ends_us });
        }
    }

    fn land(&mut self, disk: &mut SimDisk, rng: &mut Rng) {
        let Some(flight) = self.flight.take() else { return };
        self.state.last_sync_us = flight.ends_us - flight.began_us;
        match disk.sync(flight.id, flight.len) {
            Ok(()) => {
                self.state.synced = self.state.synced.max(flight.target);
                if flight.seal {
                    self.files.pop_front();
                }
            }
            Err(error) => {
                self.sync_failure = Some(error.to_string());
                self.hole = true;
                if let Some(file) = self.files.iter_mut().find(|file| file.id == flight.id) {
                    file.lost = true;
                }
            }
        }
        if self.write_failure.is_none() {
            self.write(disk, rng);
        }
        self.news = true;
    }

    /// When something is to be done next.
    pub fn next_us(&self) -> Option<u64> {
        let flight = self.flight.as_ref()?;
        let waits = self.write_failure.is_none() && self.waits();
        Some(if waits { flight.ends_us.min(flight.began_us + PATIENCE_US) } else { flight.ends_us })
    }

    pub fn finish(&mut self, disk: &mut SimDisk, rng: &mut Rng) -> io::Result<()> {
        self.sync();
        self.retry(disk, rng);
        self.land(disk, rng);
        self.take_off(disk, 0, rng);
        while self.flight.is_some() {
            self.land(disk, rng);
            self.take_off(disk, 0, rng);
        }
        let failure = self.sync_failure.as_ref().or(self.write_failure.as_ref());
        failure.map_or(Ok(()), |text| Err(io::Error::other(text.clone())))
    }

    pub fn close(&mut self, disk: &mut SimDisk, rng: &mut Rng) -> io::Result<()> {
        let done = self.finish(disk, rng);
        let handed = self.state.handed;
        let state = JournalState { handed, written: handed, synced: handed, ..JournalState::default() };
        *self = SimJournal { state, ..SimJournal::default() };
        done
    }

    pub fn state(&self) -> JournalState {
        let of = |kind, text: &Option<String>| text.clone().map(|text| JournalFailure { kind, text });
        let failure = of(JournalFailureKind::Sync, &self.sync_failure)
            .or_else(|| of(JournalFailureKind::Write, &self.write_failure))
            .or_else(|| of(JournalFailureKind::Reserve, &self.reserve_failure));
        let wanted = self.wanted.min(self.state.written) > self.state.synced && self.sync_failure.is_none();
        let syncing = self.flight.is_some() || (wanted && self.open);
        JournalState { failure, syncing, ..self.state.clone() }
    }
}
