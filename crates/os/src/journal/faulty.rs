//! A file system in memory that fails as it is told, and knows what would survive a loss of power.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;

use super::file::{Files, Growing};

/// What goes wrong from now on.
#[derive(Default)]
pub(super) struct Faults {
    /// `write` takes at most so many bytes.
    pub short: Option<usize>,
    pub write: Option<Errno>,
    /// Bytes that still fit.
    pub room: Option<u64>,
    pub cut: Option<Errno>,
    /// The next sync fails, and what was not synced is never written.
    pub sync: Option<Errno>,
    pub sync_takes: Duration,
    pub reserve: Option<Errno>,
    /// Syncs that began.
    pub syncs: usize,
}

#[derive(Default, Clone)]
pub(super) struct Data {
    pub bytes: Vec<u8>,
    /// So many of them survive a loss of power.
    pub durable: usize,
    /// A sync failed: the kernel has dropped what came later, whatever it says.
    dropped: bool,
    pub syncs_after_failure: usize,
}

#[derive(Default)]
pub(super) struct Inside {
    pub faults: Faults,
    pub files: BTreeMap<PathBuf, Data>,
}

#[derive(Clone, Default)]
pub(super) struct Faulty(Arc<Mutex<Inside>>);

struct FaultyFile {
    disk: Faulty,
    path: PathBuf,
}

impl Faulty {
    pub fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All files' bytes, one after the other, in the order of their names.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().files.values().flat_map(|file| file.bytes.clone()).collect()
    }

    /// How many bytes, from the first on, a loss of power would leave.
    pub fn durable(&self) -> u64 {
        let inside = self.lock();
        let mut sum = 0;
        for file in inside.files.values() {
            sum += file.durable as u64;
            if file.durable < file.bytes.len() {
                break;
            }
        }
        sum
    }
}

impl Files for Faulty {
    fn open(&self, path: &Path) -> io::Result<(Arc<dyn Growing>, u64)> {
        let len = self.lock().files.entry(path.to_path_buf()).or_default().bytes.len();
        Ok((Arc::new(FaultyFile { disk: self.clone(), path: path.to_path_buf() }), len as u64))
    }
}

impl FaultyFile {
    fn with<T>(&self, act: impl FnOnce(&mut Faults, &mut Data) -> T) -> T {
        let mut inside = self.disk.lock();
        let Inside { faults, files } = &mut *inside;
        act(faults, files.entry(self.path.clone()).or_default())
    }
}

impl Growing for FaultyFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|faults, file| {
            if let Some(error) = faults.write {
                return Err(error.into());
            }
            let room = faults.room.map_or(usize::MAX, |room| room as usize);
            let count = bytes.len().min(faults.short.unwrap_or(usize::MAX)).min(room);
            if count == 0 {
                return Err(Errno::NOSPC.into());
            }
            faults.room = faults.room.map(|room| room - count as u64);
            file.bytes.extend_from_slice(&bytes[..count]);
            Ok(count)
        })
    }

    fn sync(&self) -> io::Result<()> {
        let (len, takes) = self.with(|faults, file| {
            faults.syncs += 1;
            (file.bytes.len(), faults.sync_takes)
        });
        std::thread::sleep(takes);
        self.with(|faults, file| {
            file.syncs_after_failure += usize::from(file.dropped);
            if let Some(error) = faults.sync.take() {
                file.dropped = true;
                return Err(error.into());
            }
            if !file.dropped {
                file.durable = len.min(file.bytes.len());
            }
            Ok(())
        })
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.with(|faults, file| {
            if let Some(error) = faults.cut {
                return Err(error.into());
            }
            assert!(len as usize <= file.bytes.len(), "cut beyond the end");
            faults.room = faults.room.map(|room| room + file.bytes.len() as u64 - len);
            file.bytes.truncate(len as usize);
            // A sync may have caught a part that is cut away now.
            file.durable = file.durable.min(file.bytes.len());
            Ok(())
        })
    }

    fn reserve(&self, _at: u64, _len: u64) -> io::Result<bool> {
        self.with(|faults, _| faults.reserve.map_or(Ok(true), |error| Err(error.into())))
    }
}
