use std::time::{Duration, Instant};

use world::{JournalFailureKind, JournalState};

use super::*;
use crate::testing::Folder;

/// Waits until the state is as wanted.
fn until(journal: &mut Journal, what: impl Fn(&JournalState) -> bool) -> JournalState {
    let began = Instant::now();
    loop {
        let state = journal.state();
        if what(&state) {
            return state;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{state:?}");
        std::thread::sleep(Duration::from_micros(200));
        journal.heard();
    }
}

#[test]
fn what_is_handed_over_is_in_the_file_at_once_and_durable_when_asked() {
    let (folder, mut journal) = (Folder::new(), Journal::start(Box::new(RealFiles)).unwrap());
    let path = folder.path("a");
    assert_eq!(journal.state(), JournalState::default());
    journal.append(b"nobody takes this");
    assert_eq!(journal.open(&path, 1 << 20).unwrap(), 0);
    journal.append(b"one ");
    journal.append(b"two");
    let state = journal.state();
    assert_eq!((state.handed, state.written, state.synced), (7, 7, 0));
    assert_eq!(std::fs::read(&path).unwrap(), b"one two");
    journal.sync();
    let state = until(&mut journal, |state| state.synced == 7);
    assert!(state.failure.is_none() && !state.syncing, "{state:?}");
    journal.append(b" three");
    journal.finish().unwrap();
    assert_eq!(journal.state().synced, 13);
    journal.close().unwrap();
    journal.append(b"nor this");
    assert_eq!(journal.open(&path, 0).unwrap(), 13);
    journal.append(b"!");
    journal.finish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"one two three!");
    assert_eq!(journal.state().synced, 14);
}

#[test]
fn a_file_that_another_one_follows_is_sealed() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let (folder, mut journal) = (Folder::new(), Journal::start(Box::new(RealFiles)).unwrap());
    journal.open(&folder.path("a"), 1 << 20).unwrap();
    journal.append(b"first");
    let facts = std::fs::metadata(folder.path("a")).unwrap();
    assert_eq!((facts.len(), facts.permissions().mode() & 0o777), (5, 0o600));
    // Room that was reserved counts as used (where the file system can reserve).
    let reserved = facts.blocks() * 512 >= 1 << 20;
    journal.open(&folder.path("b"), 0).unwrap();
    journal.append(b"second");
    let state = until(&mut journal, |state| state.synced >= 5 && !state.syncing);
    assert_eq!((state.written, state.synced), (11, 5), "only the first was synced");
    let facts = std::fs::metadata(folder.path("a")).unwrap();
    assert!(!reserved || facts.blocks() * 512 < 1 << 20, "{} blocks", facts.blocks());
    journal.finish().unwrap();
    assert_eq!(journal.state().synced, 11);
    assert_eq!(std::fs::read(folder.path("a")).unwrap(), b"first");
    assert_eq!(std::fs::read(folder.path("b")).unwrap(), b"second");
}

#[test]
fn what_cannot_be_opened_changes_nothing() {
    let (folder, mut journal) = (Folder::new(), Journal::start(Box::new(RealFiles)).unwrap());
    journal.open(&folder.path("a"), 0).unwrap();
    assert!(journal.open(&folder.path("missing/b"), 0).is_err());
    let error = journal.open(&folder.path(""), 0).unwrap_err();
    assert!(error.to_string().contains("can't append to"), "{error}");
    journal.append(b"still");
    journal.finish().unwrap();
    assert_eq!(std::fs::read(folder.path("a")).unwrap(), b"still");
}

#[test]
fn a_full_device_keeps_nothing_of_a_hand_over_that_does_not_fit() {
    let path = Path::new("/dev/full");
    let mut journal = Journal::start(Box::new(RealFiles)).unwrap();
    let error = journal.open(path, 0).unwrap_err();
    assert!(error.to_string().contains("no regular file"), "{error}");
    assert!(journal.state().failure.is_none_or(|failure| failure.kind == JournalFailureKind::Write));
}
