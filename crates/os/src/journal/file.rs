//! What a journal asks of a file system: one trait for folders, one for an open file. Tests put a faulty one in between.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FallocateFlags, OFlags};
use rustix::io::Errno;

use crate::disk;

/// Opens files.
pub(crate) trait Files: Send {
    /// The file, made if it is not there (durably), and its length.
    fn open(&self, path: &Path) -> io::Result<(Arc<dyn Growing>, u64)>;
}

/// A file that is appended to.
pub(crate) trait Growing: Send + Sync {
    /// Appends some of the bytes, and says how many.
    fn append(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Makes the bytes, and how many they are, durable.
    fn sync(&self) -> io::Result<()>;
    /// Makes it so long; gives back what was reserved.
    fn cut(&self, len: u64) -> io::Result<()>;
    /// Reserves room for what is to be written there; the length stays. False: this file system does not know how.
    fn reserve(&self, at: u64, len: u64) -> io::Result<bool>;
}

/// The files of this machine.
pub(crate) struct RealFiles;

impl Files for RealFiles {
    fn open(&self, path: &Path) -> io::Result<(Arc<dyn Growing>, u64)> {
        let open = || {
            // Without NONBLOCK a pipe of that name would keep us waiting for a reader.
            let flags = OFlags::NONBLOCK.bits() as i32;
            let mut options = File::options();
            options.append(true).mode(0o600).custom_flags(flags);
            let file = match options.open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let file = options.create(true).open(path)?;
                    disk::sync_folder(disk::folder_of(path))?;
                    file
                }
                other => other?,
            };
            let facts = file.metadata()?;
            if !facts.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
            }
            if facts.len() > 0 {
                // What a process wrote that was killed may not be on the disk yet.
                file.sync_data()?;
            }
            Ok((file, facts.len()))
        };
        let (file, len) = open().map_err(|error| disk::about("append to", path, error))?;
        Ok((Arc::new(file), len))
    }
}

impl Growing for File {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self;
        file.write(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn reserve(&self, at: u64, len: u64) -> io::Result<bool> {
        loop {
            return match rustix::fs::fallocate(self, FallocateFlags::KEEP_SIZE, at, len) {
                Ok(()) => Ok(true),
                Err(Errno::INTR) => continue,
                Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => Err(error.into()),
                Err(_) => Ok(false),
            };
        }
    }
}
