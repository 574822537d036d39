//! A disk in memory that tells what the kernel has from what the platters have, and can be cut off at any operation.
//!
//! ```text
//!   names, now            what a process sees: survives its death
//!   kept names, platter   what was synced: survives a loss of power; of the blocks that are dirty any may
//! ```
//!
//! A sync that fails leaves blocks that the kernel holds and will not write any more: no later sync writes them either,
//! unless something is written to them again.
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
    platter: Vec<u8>,
    /// Blocks that differ, and that the kernel means to write.
    dirty: BTreeSet<usize>,
}

impl File {
    fn durable(bytes: &[u8]) -> File {
        File { now: bytes.to_vec(), platter: bytes.to_vec(), dirty: BTreeSet::new() }
    }

    fn soil(&mut self, from: usize) {
        self.dirty.extend(from / BLOCK..self.now.len().div_ceil(BLOCK));
    }

    /// Writes a block; what is behind the end of the file is not there.
    fn write_block(&mut self, block: usize, end: usize) {
        let (from, to) = (block * BLOCK, end.min((block + 1) * BLOCK).min(self.now.len()));
        if from < to {
            self.platter.resize(self.platter.len().max(to), 0);
            self.platter[from..to].copy_from_slice(&self.now[from..to]);
        }
    }

    /// Writes what is dirty of the first so many bytes.
    fn sync(&mut self, len: usize) {
        for block in std::mem::take(&mut self.dirty) {
            self.write_block(block, len);
        }
        self.platter.resize(self.platter.len().max(len), 0);
        self.soil(len.min(self.now.len()));
    }
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
        self.files.insert(self.next, File::durable(bytes));
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
            file.platter.truncate(len as usize);
            file.dirty.retain(|block| block * BLOCK < len as usize);
            file.sync(file.now.len());
        }
        Ok(())
    }

    /// Writes what a file has behind `from` once more, and syncs it.
    pub fn write_again(&mut self, path: &Path, from: u64) -> io::Result<()> {
        let file = self.find(path)?;
        self.op()?;
        if let Some(file) = self.files.get_mut(&file) {
            file.soil(from as usize);
            file.sync(file.now.len());
        }
        Ok(())
    }

    /// Opens a file to be appended to; it is made, durably, if it is not there, and what it has is synced.
    pub fn open(&mut self, path: &Path) -> io::Result<(u64, u64)> {
        self.op()?;
        if let Ok(id) = self.find(path) {
            let file = self.files.entry(id).or_default();
            file.sync(file.now.len());
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
            let from = file.now.len();
            file.now.extend_from_slice(&bytes[..count]);
            file.soil(from);
            // The kernel writes when it likes.
            if rng.u8(..8) == 0
                && let Some(block) = rng.choice(&file.dirty).copied()
            {
                file.write_block(block, usize::MAX);
            }
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
            file.dirty.clear();
            return Err(broken());
        }
        file.sync(len.min(file.now.len()));
        Ok(())
    }

    /// The process is no more. A new one finds what the kernel has.
    pub fn revive(&mut self) {
        (self.dead, self.ops_left) = (false, None);
        self.faults = Faults { sync_us: self.faults.sync_us, ..Faults::default() };
    }

    /// The power goes: of the blocks that were not synced any may be there, or as they were before.
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
    let (kept, now) = (file.platter.len(), file.now.len());
    let end = rng.usize(kept.min(now)..=now.max(kept));
    // Some disks lose the end only, others anything.
    let holes = rng.bool();
    let first_lost = rng.usize(..=now.div_ceil(BLOCK));
    for block in std::mem::take(&mut file.dirty) {
        if if holes { rng.bool() } else { block < first_lost } {
            file.write_block(block, end);
        }
    }
    // The length may be on the disk before the blocks are: they read as zeros.
    file.platter.resize(end.max(kept), 0);
    *file = File::durable(&file.platter);
}
