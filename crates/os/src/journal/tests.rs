use std::time::{Duration, Instant};

use rustix::io::Errno;
use world::{JournalFailureKind, JournalState};

use super::faulty::Faulty;
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
fn only_regular_files_are_appended_to() {
    let folder = Folder::new();
    let mut journal = Journal::start(Box::new(RealFiles)).unwrap();
    let error = journal.open(Path::new("/dev/full"), 0).unwrap_err();
    assert!(error.to_string().contains("no regular file"), "{error}");
    let pipe = std::os::unix::net::UnixListener::bind(folder.path("s")).unwrap();
    assert!(journal.open(&folder.path("s"), 0).is_err());
    drop(pipe);
}

/// A journal on a disk that fails, with one file.
fn faulty() -> (Faulty, Journal) {
    let disk = Faulty::default();
    let mut journal = Journal::start(Box::new(disk.clone())).unwrap();
    journal.open(Path::new("0"), 1000).unwrap();
    (disk, journal)
}

fn kind(state: &JournalState) -> Option<JournalFailureKind> {
    state.failure.as_ref().map(|failure| failure.kind)
}

#[test]
fn a_disk_that_fills_up_keeps_nothing_of_a_hand_over_that_does_not_fit() {
    let (disk, mut journal) = faulty();
    disk.lock().faults.room = Some(7);
    journal.append(b"01234");
    journal.append(b"56789");
    journal.append(b"abc");
    let state = journal.state();
    assert_eq!((state.handed, state.written), (13, 5));
    let failure = state.failure.unwrap();
    assert_eq!((failure.kind, &failure.text[..]), (JournalFailureKind::Write, "No space left on device"));
    assert_eq!(disk.bytes(), b"01234", "the two bytes that fitted are cut away");
    journal.retry();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(disk.bytes(), b"01234");
    assert!(journal.finish().is_err());
    assert_eq!(journal.state().synced, 5, "what is there is synced");
    disk.lock().faults.room = None;
    journal.retry();
    let state = until(&mut journal, |state| state.written == 13);
    assert!(state.failure.is_none());
    assert_eq!(disk.bytes(), b"0123456789abc");
}

#[test]
fn a_part_that_cannot_be_cut_away_is_cut_before_anything_else() {
    let (disk, mut journal) = faulty();
    disk.lock().faults.room = Some(7);
    disk.lock().faults.cut = Some(Errno::IO);
    journal.append(b"01234");
    journal.append(b"56789");
    assert_eq!(disk.bytes(), b"0123456");
    disk.lock().faults.room = None;
    journal.retry();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(disk.bytes(), b"0123456");
    assert_eq!(kind(&journal.state()), Some(JournalFailureKind::Write));
    disk.lock().faults.cut = None;
    journal.retry();
    until(&mut journal, |state| state.failure.is_none());
    assert_eq!(disk.bytes(), b"0123456789");
}

#[test]
fn a_slow_sync_delays_neither_the_loop_nor_the_writing() {
    let (disk, mut journal) = faulty();
    disk.lock().faults.sync_takes = Duration::from_millis(1500);
    let began = Instant::now();
    journal.append(b"one");
    journal.sync();
    until(&mut journal, |_| disk.lock().faults.syncs == 1);
    for _ in 0..100 {
        journal.append(b"+");
        journal.sync();
    }
    let handing_ms = began.elapsed().as_millis();
    let state = until(&mut journal, |state| state.written == 103);
    assert_eq!((state.synced, state.syncing), (0, true));
    let written_ms = began.elapsed().as_millis();
    assert!(handing_ms < 700 && written_ms < 1000, "{handing_ms} ms, {written_ms} ms");
    disk.lock().faults.sync_takes = Duration::ZERO;
    let state = until(&mut journal, |state| state.synced == 103);
    assert!(began.elapsed() > Duration::from_millis(1500) && !state.syncing, "{state:?}");
    assert_eq!(disk.durable(), 103);
}

#[test]
fn a_sync_that_failed_is_not_repeated_and_another_file_ends_it() {
    let (disk, mut journal) = faulty();
    journal.append(b"lost");
    disk.lock().faults.sync = Some(Errno::IO);
    journal.sync();
    let state = until(&mut journal, |state| state.failure.is_some());
    assert_eq!((kind(&state), state.synced), (Some(JournalFailureKind::Sync), 0));
    assert_eq!(state.failure.unwrap().text, "Input/output error");
    journal.append(b" still written");
    journal.sync();
    journal.retry();
    assert!(journal.finish().is_err());
    assert_eq!((journal.state().written, journal.state().synced), (18, 0));
    journal.open(Path::new("1"), 0).unwrap();
    assert_eq!(kind(&journal.state()), None);
    journal.append(b"new");
    journal.finish().unwrap();
    let state = journal.state();
    assert_eq!((state.written, state.synced), (21, 21));
    let inside = disk.lock();
    assert_eq!(inside.files[Path::new("0")].syncs_after_failure, 0);
    assert_eq!(inside.files[Path::new("1")].durable, 3);
}

#[test]
fn a_file_whose_sealing_failed_holds_up_what_follows() {
    let (disk, mut journal) = faulty();
    journal.append(b"first");
    disk.lock().faults.sync = Some(Errno::IO);
    journal.open(Path::new("1"), 0).unwrap();
    journal.append(b"second");
    let state = until(&mut journal, |state| state.failure.is_some());
    assert_eq!((kind(&state), state.synced), (Some(JournalFailureKind::Sync), 0));
    assert!(journal.finish().is_err());
    assert_eq!(journal.state().synced, 0, "nothing is durable behind a hole");
    journal.open(Path::new("2"), 0).unwrap();
    journal.finish().unwrap();
    assert_eq!(journal.state().synced, 11);
}

#[test]
fn room_that_cannot_be_had_is_told_before_it_is_needed() {
    let (disk, mut journal) = faulty();
    assert_eq!(kind(&journal.state()), None);
    disk.lock().faults.reserve = Some(Errno::NOSPC);
    journal.append(&[b'x'; 400]);
    std::thread::sleep(Duration::from_millis(10));
    assert_eq!(kind(&journal.state()), None, "half of the room is left");
    journal.append(&[b'y'; 200]);
    until(&mut journal, |state| kind(state) == Some(JournalFailureKind::Reserve));
    journal.append(&[b'z'; 200]);
    assert_eq!(journal.state().written, 800, "what was executed still fits");
    journal.retry();
    std::thread::sleep(Duration::from_millis(10));
    assert_eq!(kind(&journal.state()), Some(JournalFailureKind::Reserve));
    disk.lock().faults.reserve = None;
    journal.retry();
    until(&mut journal, |state| kind(state).is_none());
}

#[test]
fn closing_gives_up_what_cannot_be_written() {
    let (disk, mut journal) = faulty();
    disk.lock().faults.write = Some(Errno::IO);
    journal.append(b"never");
    assert!(journal.close().is_err());
    let state = journal.state();
    assert_eq!((state.handed, state.written, state.synced, kind(&state)), (5, 5, 5, None));
    disk.lock().faults.write = None;
    journal.open(Path::new("1"), 0).unwrap();
    journal.append(b"again");
    journal.finish().unwrap();
    assert_eq!(disk.bytes(), b"again");
}
