//! Files: read whole, replaced whole, removed; and the working directory.
//!
//! **Invariants**
//! 1. After `replace` returns well, the new bytes survive a loss of power; after it fails, the old ones are there
//!    untouched and no temporary file is left.
//! 2. A temporary file is made new (`O_EXCL`) and never through a link: somebody who may write to the folder
//!    cannot make us write elsewhere.
//! 3. Errors say the path.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| about("read", path, error))
}

pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let (temporary, file) = create(folder, mode).map_err(|error| about("create a file in", folder, error))?;
    let done = fill(file, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = done {
        let _ = std::fs::remove_file(&temporary);
        return Err(about("replace", path, error));
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| about("sync", folder, error))
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path).map_err(|error| about("remove", path, error))
}

pub(crate) fn enter(path: &Path) -> io::Result<()> {
    std::env::set_current_dir(path).map_err(|error| about("enter", path, error))
}

pub(crate) fn here() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

pub(crate) fn open(path: &Path) -> io::Result<(Box<dyn io::Read + Send>, Option<u64>)> {
    let file = File::open(path).map_err(|error| about("open", path, error))?;
    let facts = file.metadata().map_err(|error| about("look at", path, error))?;
    let len = facts.is_file().then_some(facts.len());
    Ok((Box::new(file), len))
}

/// Where a file of this name is written before it takes its place.
pub(crate) fn temporary_of(path: &Path, who: &str) -> PathBuf {
    folder_of(path).join(format!("temp-{who}.rdb"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

pub(crate) fn replace_with(path: &Path, sync_every: u64, fill: &mut world::Fill<'_>) -> io::Result<()> {
    let temporary = temporary_of(path, &crate::process::pid().to_string());
    replace_by_way_of(path, &temporary, sync_every, fill)
}

/// The same, where the temporary file has this name.
pub(crate) fn replace_by_way_of(
    path: &Path,
    temporary: &Path,
    sync_every: u64,
    fill: &mut world::Fill<'_>,
) -> io::Result<()> {
    let folder = folder_of(path);
    // One of a process that had our number and died.
    let _ = std::fs::remove_file(temporary);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(temporary, flags, Mode::from_raw_mode(0o644))
        .map_err(|error| about("create", temporary, error.into()))?;
    let mut file = Synced { file: File::from(file), sync_every, unsynced: 0 };
    let done =
        fill(&mut file).and_then(|()| file.file.sync_all()).and_then(|()| std::fs::rename(temporary, path));
    if let Err(error) = done {
        let _ = std::fs::remove_file(temporary);
        return Err(about("write", path, error));
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| about("sync", folder, error))
}

/// A file that is synced as it grows.
struct Synced {
    file: File,
    sync_every: u64,
    unsynced: u64,
}

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written as u64;
        if self.sync_every > 0 && self.unsynced >= self.sync_every {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A fresh file in the folder. A name that is taken is no attack yet: another one is tried.
fn create(folder: &Path, mode: u32) -> io::Result<(PathBuf, File)> {
    let pid = rustix::process::getpid().as_raw_nonzero();
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut number = crate::clock::now().mono_us;
    loop {
        let path = folder.join(format!(".replace-{pid}-{number}.tmp"));
        match rustix::fs::open(&path, flags, Mode::from_raw_mode(mode as _)) {
            Ok(fd) => return Ok((path, File::from(fd))),
            Err(rustix::io::Errno::EXIST) => number += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn about(act: &str, path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("can't {act} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_replaced_whole_with_its_mode() {
        let folder = Folder::new();
        let path = folder.path("conf");
        std::fs::write(&path, "a long old text").unwrap();
        replace(&path, b"new", 0o600).unwrap();
        assert_eq!(read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.names(), ["conf"]);
    }

    #[test]
    fn a_failure_leaves_what_was_there_and_nothing_else() {
        let folder = Folder::new();
        std::fs::create_dir_all(folder.path("taken/inside")).unwrap();
        let error = replace(&folder.path("taken"), b"new", 0o644).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert_eq!(folder.names(), ["taken"]);
        assert!(replace(&folder.path("missing/conf"), b"new", 0o644).is_err());
    }

    #[test]
    fn a_large_file_is_replaced_only_if_all_of_it_was_written() {
        let folder = Folder::new();
        let path = folder.path("dump.rdb");
        replace_with(&path, 10, &mut |to| to.write_all(&[7; 100])).unwrap();
        assert_eq!(read(&path).unwrap(), [7; 100]);
        let (mut content, len) = open(&path).unwrap();
        assert_eq!((len, io::copy(&mut content, &mut io::sink()).unwrap()), (Some(100), 100));
        let failed = replace_with(&path, 0, &mut |to| {
            to.write_all(&[8; 10])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(failed.is_err());
        assert_eq!((read(&path).unwrap(), folder.names()), (vec![7; 100], vec!["dump.rdb".to_owned()]));
        assert!(replace_with(&folder.path("missing/dump.rdb"), 0, &mut |_| Ok(())).is_err());
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = read(Path::new("/no such file")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("/no such file"));
    }
}
