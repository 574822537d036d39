//! A disk in memory that tells what the kernel has from what the platters have, and can be cut off at any operation.
//!
//! ```text
//!   names, now          what a process sees: survives its death
//!   kept names, kept    what was synced: survives a loss of power; of the rest anything between nothing and all does
//! ```
//!
//! **Invariants**
//! 1. After `dead` nothing changes any more: what comes later is of a process that is no more.
//! 2. A file that is replaced or renamed is durable when the call returns; one that is removed is not.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use fastrand::Rng;

/// What is written to a disk is written in blocks of this size.
const BLOCK: usize = 512;

#[derive(Default)]
struct File {
    now: Vec<u8>,
    kept: Vec<u8>,
    /// A sync failed: what it should have kept never will be.
    dropped: bool,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Bytes that still fit.
    pub room: Option<u64>,
    /// Nothing can be written.
    pub write_fails: bool,
    /// The next sync fails.
    pub sync_fails: bool,
    /// Longest time that a sync takes.
    pub sync_us: u64,
    /// One of so many files cannot be replaced; 0: all can.
    pub replacing: u32,
}

#[derive(Default)]
pub struct SimDisk {
    pub faults: Faults,
    /// Operations until the end.
    pub ops_left: Option<u64>,
    pub dead: bool,
    files: BTreeMap<u64, File>,
    names: BTreeMap<PathBuf, u64>,
    kept_names: BTreeMap<PathBuf, u64>,
    folders: BTreeSet<PathBuf>,
    next: u64,
}

fn full() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "No space left on device")
}

fn broken() -> io::Error {
    io::Error::other("Input/output error")
}

impl SimDisk {
    pub fn new(faults: Faults) -> SimDisk {
        SimDisk { faults, ..SimDisk::default() }
    }

    /// Counts a change; an error when it does not happen any more.
    fn op(&mut self) -> io::Result<()> {
        match &mut self.ops_left {
            Some(0) => self.dead = true,
            Some(left) => *left -= 1,
            None => {}
        }
        if self.dead { Err(broken()) } else { Ok(()) }
    }

    fn take_room(&mut self, bytes: usize) -> io::Result<()> {
        if self.faults.write_fails {
            return Err(broken());
        }
        let Some(room) = &mut self.faults.room else { return Ok(()) };
        *room = room.checked_sub(bytes as u64).ok_or_else(full)?;
        Ok(())
    }

    fn find(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.files[&self.find(path)?].now.clone())
    }

    pub fn len(&self, path: &Path) -> io::Result<u64> {
        Ok(self.files[&self.find(path)?].now.len() as u64)
    }

    pub fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let inside = self.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    pub fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        if !self.folders.contains(path) {
            self.op()?;
            self.folders.insert(path.to_path_buf());
        }
        Ok(())
    }

    pub fn replace(&mut self, path: &Path, bytes: &[u8], rng: &mut Rng) -> io::Result<()> {
        let fails = self.faults.replacing;
        if fails > 0 && rng.u32(..fails) == 0 {
            return Err(full());
        }
        self.take_room(bytes.len())?;
        self.op()?;
        self.next += 1;
        self.files.insert(self.next, File { now: bytes.to_vec(), kept: bytes.to_vec(), dropped: false });
        self.name(path, self.next);
        Ok(())
    }

    fn name(&mut self, path: &Path, file: u64) {
        self.names.insert(path.to_path_buf(), file);
        self.kept_names.insert(path.to_path_buf(), file);
    }

    pub fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.find(from)?;
        self.op()?;
        self.names.remove(from);
        self.kept_names.remove(from);
        self.name(to, file);
        Ok(())
    }

    pub fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.find(path)?;
        self.op()?;
        self.names.remove(path);
        Ok(())
    }

    pub fn truncate(&mut self, path: &Path, len: u64) -> io::Result<()> {
        let file = self.find(path)?;
        self.op()?;
        if let Some(file) = self.files.get_mut(&file) {
            file.now.truncate(len as usize);
            (file.kept, file.dropped) = (file.now.clone(), false);
        }
        Ok(())
    }

    /// Opens a file to be appended to; it is made, durably, if it is not there, and what it has is synced. That a sync of
    /// another process has failed does not count: no process could know.
    pub fn open(&mut self, path: &Path) -> io::Result<(u64, u64)> {
        self.op()?;
        if let Ok(id) = self.find(path) {
            let file = self.files.entry(id).or_default();
            (file.kept, file.dropped) = (file.now.clone(), false);
            return Ok((id, file.now.len() as u64));
        }
        self.next += 1;
        self.files.insert(self.next, File::default());
        self.name(path, self.next);
        Ok((self.next, 0))
    }

    /// Appends all bytes or none; the process may die halfway.
    pub fn append(&mut self, id: u64, bytes: &[u8], rng: &mut Rng) -> io::Result<()> {
        self.take_room(bytes.len())?;
        let was_dead = self.dead;
        let done = self.op();
        let count = match done {
            Ok(()) => bytes.len(),
            Err(_) if was_dead => 0,
            Err(_) => rng.usize(..=bytes.len()),
        };
        if let Some(file) = self.files.get_mut(&id) {
            file.now.extend_from_slice(&bytes[..count]);
        }
        done
    }

    /// As long as it is now.
    pub fn len_of(&self, id: u64) -> usize {
        self.files.get(&id).map_or(0, |file| file.now.len())
    }

    /// Makes the first so many bytes durable.
    pub fn sync(&mut self, id: u64, len: usize) -> io::Result<()> {
        self.op()?;
        let fails = std::mem::take(&mut self.faults.sync_fails);
        let Some(file) = self.files.get_mut(&id) else { return Ok(()) };
        if fails {
            file.dropped = true;
            return Err(broken());
        }
        if !file.dropped {
            file.kept = file.now[..len.min(file.now.len())].to_vec();
        }
        Ok(())
    }

    /// The process is no more. A new one finds what the kernel has.
    pub fn revive(&mut self) {
        (self.dead, self.ops_left) = (false, None);
        self.faults = Faults { sync_us: self.faults.sync_us, ..Faults::default() };
    }

    /// The power goes: of what was not synced there is the beginning, and perhaps room for more.
    pub fn lose_power(&mut self, rng: &mut Rng) {
        // A file that was removed may be back.
        for (path, file) in &self.kept_names {
            if rng.bool() {
                self.names.entry(path.clone()).or_insert(*file);
            }
        }
        self.kept_names = self.names.clone();
        for file in self.files.values_mut() {
            lose_blocks(file, rng);
        }
    }
}

fn lose_blocks(file: &mut File, rng: &mut Rng) {
    let (kept, now) = (file.kept.len(), file.now.len());
    if now <= kept {
        file.now = file.kept.clone();
        return;
    }
    let end = rng.usize(kept..=now);
    let mut left = file.now[..end].to_vec();
    if rng.bool() {
        // The length may be on the disk before the last blocks are: they read as zeros.
        let whole = rng.usize(kept..=end) / BLOCK * BLOCK;
        left[whole.max(kept)..].fill(0);
    }
    *file = File { kept: left.clone(), now: left, dropped: false };
}
