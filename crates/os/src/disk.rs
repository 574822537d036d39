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
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::sys;

pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| about("read", path, error))
}

pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = folder_of(path);
    let (temporary, file) = create(folder, mode).map_err(|error| about("create a file in", folder, error))?;
    let done = fill(file, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = done {
        let _ = std::fs::remove_file(&temporary);
        return Err(about("replace", path, error));
    }
    sync_folder(folder).map_err(|error| about("sync", folder, error))
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path).map_err(|error| about("remove", path, error))
}

pub(crate) fn list(folder: &Path) -> io::Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).map_err(|error| about("list", folder, error))?;
    let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
    let names: io::Result<Vec<Option<String>>> = names.collect();
    Ok(names.map_err(|error| about("list", folder, error))?.into_iter().flatten().collect())
}

pub(crate) fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    match std::fs::DirBuilder::new().mode(mode).create(path) {
        Err(_) if path.is_dir() => Ok(()),
        made => made
            .and_then(|()| sync_folder(folder_of(path)))
            .map_err(|error| about("make folder", path, error)),
    }
}

pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let renamed = std::fs::rename(from, to).and_then(|()| sync_folder(folder_of(to)));
    renamed.map_err(|error| about("rename", from, error))?;
    if folder_of(from) == folder_of(to) {
        return Ok(());
    }
    sync_folder(folder_of(from)).map_err(|error| about("rename", from, error))
}

pub(crate) fn truncate(path: &Path, len: u64) -> io::Result<()> {
    let cut = || {
        let file = File::options().write(true).open(path)?;
        let there = file.metadata()?.len();
        if there < len {
            return Err(io::Error::other(format!("it has {there} bytes, not {len}")));
        }
        file.set_len(len)?;
        file.sync_all()
    };
    cut().map_err(|error| about("truncate", path, error))
}

/// Bytes that are overwritten with themselves at a time.
const PIECE_AGAIN: usize = 1 << 20;

/// What is overwritten with itself is dirty again, and so it is written by the sync, whatever became of it before.
pub(crate) fn write_again(path: &Path, from: u64) -> io::Result<()> {
    let again = || {
        let file = File::options().read(true).write(true).open(path)?;
        let (mut piece, mut at) = (vec![0; PIECE_AGAIN], from);
        loop {
            let count = match file.read_at(&mut piece, at) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            file.write_all_at(&piece[..count], at)?;
            at += count as u64;
        }
        file.sync_all()
    };
    again().map_err(|error| about("write again", path, error))
}

pub(crate) fn file_len(path: &Path) -> io::Result<u64> {
    std::fs::metadata(path).map(|facts| facts.len()).map_err(|error| about("look at", path, error))
}

/// Files that are ours, by device and number: a second descriptor of the same one would be refused like a stranger's.
#[derive(Default)]
pub(crate) struct Locks {
    held: Vec<((u64, u64), File)>,
}

impl Locks {
    pub fn lock(&mut self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt;
        let open = || {
            let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?);
            let facts = file.metadata()?;
            Ok::<_, io::Error>(((facts.dev(), facts.ino()), file))
        };
        let (which, file) = open().map_err(|error| about("lock", path, error))?;
        if self.held.iter().any(|(held, _)| *held == which) {
            return Ok(());
        }
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                self.held.push((which, file));
                Ok(())
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let why = io::Error::new(io::ErrorKind::WouldBlock, "another process uses it");
                Err(about("lock", path, why))
            }
            // A file system without locks: nobody could hold one.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOLCK | rustix::io::Errno::NOSYS) => Ok(()),
            Err(error) => Err(about("lock", path, error.into())),
        }
    }
}

/// Makes what a folder holds (names, not contents) durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
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
pub(crate) fn temporary_of(path: &Path, pid: u32) -> PathBuf {
    folder_of(path).join(format!("temp-{pid}.rdb"))
}

/// The process that wrote a temporary snapshot of this name.
fn writer_of(name: &str) -> Option<rustix::process::Pid> {
    let digits = name.strip_prefix("temp-")?.strip_suffix(".rdb")?;
    let number: i32 = digits.parse().ok().filter(|number| *number > 0)?;
    // Nothing but what `temporary_of` makes: no sign, no zeros before.
    (number.to_string() == digits).then(|| rustix::process::Pid::from_raw(number)).flatten()
}

/// Removes the temporary snapshots of processes that do not live any more: they crashed, or were killed, while they
/// wrote. The names of what was removed.
pub(crate) fn remove_leftovers(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let dead = |name: &String| {
        let alive = |pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH);
        writer_of(name).is_some_and(|pid| !alive(pid))
    };
    names.filter(dead).filter(|name| std::fs::remove_file(folder.join(name)).is_ok()).collect()
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

pub(crate) fn replace_with(path: &Path, sync_every: u64, fill: &mut world::Fill<'_>) -> io::Result<()> {
    let (folder, temporary) = (folder_of(path), temporary_of(path, crate::process::pid()));
    // One of a process that had our number and died.
    let _ = std::fs::remove_file(&temporary);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(&temporary, flags, Mode::from_raw_mode(0o600))
        .map_err(|error| about("create", &temporary, error.into()))?;
    sys::doom(Some(&temporary));
    let mut file = Synced { file: File::from(file), sync_every, written: 0, synced: 0 };
    let done =
        fill(&mut file).and_then(|()| file.file.sync_all()).and_then(|()| std::fs::rename(&temporary, path));
    sys::doom(None);
    if let Err(error) = done {
        let _ = std::fs::remove_file(&temporary);
        return Err(about("write", path, error));
    }
    sync_folder(folder).map_err(|error| about("sync", folder, error))
}

/// A file that goes to the disk as it grows, so that little is left to be done at the end and the kernel never has much
/// to write at once. A stretch is on its way while the next one is made; the one before it has arrived by then.
struct Synced {
    file: File,
    sync_every: u64,
    written: u64,
    /// All before was told to be written.
    synced: u64,
}

impl Synced {
    fn sync(&mut self) -> io::Result<()> {
        let (begin, end) = (self.synced, self.written);
        self.synced = end;
        sys::begin_writing(&self.file, begin, end - begin)?;
        let before = begin.saturating_sub(self.sync_every);
        sys::wait_written(&self.file, before, begin - before)
    }
}

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        if self.sync_every > 0 && self.written - self.synced >= self.sync_every {
            self.sync()?;
        }
        Ok(count)
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

pub(crate) fn about(act: &str, path: &Path, error: io::Error) -> io::Error {
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
    fn what_the_dead_left_is_removed_and_nothing_else() {
        let folder = Folder::new();
        // There is no such process: numbers end far below.
        let (dead, alive) = (i32::MAX, crate::process::pid());
        let kept =
            [format!("temp-{alive}.rdb"), "temp-0.rdb".into(), "temp-1x.rdb".into(), "dump.rdb".into()];
        let left = format!("temp-{dead}.rdb");
        let also = ["temp-.rdb".into(), format!("temp-0{dead}.rdb"), format!("temp--{dead}.rdb")];
        for name in kept.iter().chain(&also).chain([&left]) {
            std::fs::write(folder.path(name), "x").unwrap();
        }
        assert_eq!(remove_leftovers(&folder.path("")), [left]);
        assert_eq!(folder.names().len(), kept.len() + also.len());
    }

    #[test]
    fn folders_are_made_and_their_files_listed_renamed_and_cut() {
        let folder = Folder::new();
        let (inner, path) = (folder.path("inner"), folder.path("inner/a"));
        make_folder(&inner, 0o700).unwrap();
        make_folder(&inner, 0o700).unwrap();
        assert_eq!(std::fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(&path, "0123456789").unwrap();
        assert!(make_folder(&path, 0o700).is_err(), "a file is in the way");
        assert_eq!(list(&inner).unwrap(), ["a"]);
        let before = std::fs::read(&path).unwrap();
        write_again(&path, 2).unwrap();
        write_again(&path, 1000).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert!(write_again(&path.with_extension("none"), 0).is_err());
        truncate(&path, 4).unwrap();
        assert!(truncate(&path, 5).is_err());
        assert_eq!(file_len(&path).unwrap(), 4);
        rename(&path, &folder.path("b")).unwrap();
        assert_eq!((list(&inner).unwrap(), read(&folder.path("b")).unwrap()), (vec![], b"0123".to_vec()));
        assert!(list(&folder.path("missing")).is_err());
    }

    #[test]
    fn a_file_that_is_locked_is_one_process_s_only() {
        let folder = Folder::new();
        let (mut ours, mut theirs) = (Locks::default(), Locks::default());
        ours.lock(&folder.path("f")).unwrap();
        ours.lock(&folder.path("./f")).unwrap();
        // Another open file is another process's as far as the lock goes.
        let refused = theirs.lock(&folder.path("f")).unwrap_err();
        assert!(refused.to_string().contains("another process uses it"), "{refused}");
        drop(ours);
        theirs.lock(&folder.path("f")).unwrap();
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = read(Path::new("/no such file")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("/no such file"));
    }
}
