//! The journal in memory: writes and syncs are done at once, fail, or wait, as a test wants it.

use std::collections::{BTreeMap, VecDeque};

use engine::host::{JournalFailure, JournalFailureKind, JournalState};

type Files = BTreeMap<String, Vec<u8>>;

/// What the engine hands over, and how that goes.
#[derive(Default)]
pub struct FakeJournal {
    /// Why nothing can be written now.
    pub write_fails: Option<&'static str>,
    /// Why the next sync fails.
    pub sync_fails: Option<&'static str>,
    /// There is no room in front of the end.
    pub no_room: Option<&'static str>,
    /// Syncs take until [`FakeJournal::end_sync`].
    pub slow: bool,
    /// Opening fails with this.
    pub open_fails: Option<&'static str>,
    /// Syncs that were begun.
    pub syncs: usize,
    path: Option<String>,
    queue: VecDeque<(String, Vec<u8>)>,
    handed: u64,
    written: u64,
    synced: u64,
    /// What the sync that goes on will have made durable.
    going_on: Option<u64>,
    sync_failed: Option<&'static str>,
    write_failed: Option<&'static str>,
}

impl FakeJournal {
    pub(crate) fn open(&mut self, path: String, files: &mut Files) -> Result<u64, String> {
        if let Some(why) = self.open_fails {
            return Err(why.to_owned());
        }
        let len = files.entry(path.clone()).or_default().len() as u64;
        self.path = Some(path);
        self.sync_failed = None;
        Ok(len)
    }

    /// A file has another name: what is open stays open.
    pub(crate) fn renamed(&mut self, from: &str, to: &str) {
        let names = self.queue.iter_mut().map(|(path, _)| path).chain(&mut self.path);
        names.filter(|path| *path == from).for_each(|path| to.clone_into(path));
    }

    pub(crate) fn append(&mut self, bytes: &[u8], files: &mut Files) {
        let Some(path) = &self.path else { return };
        self.handed += bytes.len() as u64;
        self.queue.push_back((path.clone(), bytes.to_vec()));
        if self.going_on.is_none() {
            self.write(files);
        }
    }

    fn write(&mut self, files: &mut Files) {
        self.write_failed = self.write_fails;
        if self.write_failed.is_some() {
            return;
        }
        for (path, bytes) in self.queue.drain(..) {
            self.written += bytes.len() as u64;
            files.entry(path).or_default().extend(bytes);
        }
    }

    pub(crate) fn sync(&mut self) {
        if self.sync_failed.is_some() || self.going_on.is_some() || self.written == self.synced {
            return;
        }
        self.syncs += 1;
        self.going_on = Some(self.written);
        if !self.slow {
            self.end();
        }
    }

    /// Ends the sync that goes on; what was handed over meanwhile is written.
    pub(crate) fn end_sync(&mut self, files: &mut Files) {
        self.end();
        self.write(files);
    }

    fn end(&mut self) {
        let Some(target) = self.going_on.take() else { return };
        match self.sync_fails.take() {
            Some(why) => self.sync_failed = Some(why),
            None => self.synced = target,
        }
    }

    pub(crate) fn retry(&mut self, files: &mut Files) {
        if self.going_on.is_none() {
            self.write(files);
        }
    }

    pub(crate) fn finish(&mut self, files: &mut Files) -> Result<(), String> {
        self.end_sync(files);
        self.slow = false;
        self.sync();
        match self.state().failure {
            Some(failure) if failure.kind != JournalFailureKind::Reserve => Err(failure.text),
            _ => Ok(()),
        }
    }

    pub(crate) fn close(&mut self, files: &mut Files) -> Result<(), String> {
        let done = self.finish(files);
        let FakeJournal { handed, .. } = *self;
        *self = FakeJournal { handed, written: handed, synced: handed, ..FakeJournal::default() };
        done
    }

    pub fn state(&self) -> JournalState {
        let failure = |kind, text: &str| Some(JournalFailure { kind, text: text.to_owned() });
        let failure = match (self.sync_failed, self.write_failed, self.no_room) {
            (Some(why), _, _) => failure(JournalFailureKind::Sync, why),
            (_, Some(why), _) if self.written < self.handed => failure(JournalFailureKind::Write, why),
            (_, _, Some(why)) => failure(JournalFailureKind::Reserve, why),
            _ => None,
        };
        JournalState {
            handed: self.handed,
            written: self.written,
            synced: self.synced,
            syncing: self.going_on.is_some(),
            last_sync_us: 1000,
            failure,
        }
    }
}
