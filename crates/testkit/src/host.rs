//! An outside that is not there: a clock moved by hand, files in memory, a log that is kept.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::Host;
use engine::host::{ChildHost, ChildNews, CpuTimes, Fill, JournalState, Level, MemoryFacts, OpenFile};
use engine::host::{Pass, Stream, StreamOptions};

use crate::journal::FakeJournal;

thread_local! {
    /// Microseconds that commands are timed with: a plain `fn` has nowhere else to look.
    static TICKS: Cell<u64> = const { Cell::new(0) };
}

pub(crate) fn ticks() -> u64 {
    TICKS.get()
}

/// What the engine asks of the outside, answered from memory.
pub struct FakeHost {
    pub wall_us: i64,
    pub mono_us: u64,
    /// What `used_memory` answers.
    pub used_memory: u64,
    pub files: BTreeMap<String, Vec<u8>>,
    pub here: String,
    pub log: Vec<String>,
    /// Of the process (others than below 0 are granted), and of its children.
    pub oom_scores: (i32, Option<i32>),
    /// How often connections were to be encrypted anew.
    pub encrypted: u32,
    /// How many values another thread was to drop.
    pub dropped_later: usize,
    /// Nothing large can be written.
    pub disk_full: bool,
    /// What is appended to a file, and how that goes.
    pub journal: FakeJournal,
    /// A child has not ended yet.
    pub child_busy: bool,
    /// Whether the child did well, and what it wrote.
    child: Option<(bool, BTreeMap<String, Vec<u8>>)>,
    /// What is written without a child has not reached the disk yet.
    pub stream_busy: bool,
    /// What its queue tells.
    pub stream_queued: Arc<AtomicU64>,
    stream: Option<FakeStream>,
    /// State of the generator behind `fill_random`.
    random: u64,
}

impl Default for FakeHost {
    fn default() -> Self {
        FakeHost {
            wall_us: 1_750_000_000_000_000,
            mono_us: 1_000_000_000,
            used_memory: 1_000_000,
            files: BTreeMap::new(),
            here: "/data".to_owned(),
            log: Vec::new(),
            oom_scores: (0, None),
            encrypted: 0,
            dropped_later: 0,
            disk_full: false,
            journal: FakeJournal::default(),
            child_busy: false,
            child: None,
            stream_busy: false,
            stream_queued: Arc::default(),
            stream: None,
            random: 1,
        }
    }
}

/// Writes and the end of a file in memory.
struct FakeStream {
    path: String,
    written: Arc<FakeQueue>,
    end: Option<bool>,
}

struct FakeQueue {
    file: Mutex<(Pass, Vec<u8>)>,
    queued: Arc<AtomicU64>,
}

impl FakeQueue {
    fn pass(&self, piece: Option<&[u8]>) {
        let mut file = self.file.lock().expect("one thread");
        let (pass, bytes) = &mut *file;
        pass(piece, bytes).expect("memory takes all");
    }
}

impl Stream for FakeQueue {
    fn write(&self, piece: Vec<u8>) -> Vec<u8> {
        self.pass(Some(&piece));
        piece
    }
    fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }
}

/// A child whose work is done at once.
struct FakeChild {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    full: bool,
    mono_us: u64,
}

impl ChildHost for FakeChild {
    fn report(&self, _keys: u64) {}
    fn save_file(&self, path: &str, _sync_every: u64, fill: &mut Fill<'_>) -> Result<(), String> {
        if self.full {
            return Err("No space left on device".to_owned());
        }
        let mut bytes = Vec::new();
        fill(&mut bytes).map_err(|error| error.to_string())?;
        self.files.borrow_mut().insert(path.to_owned(), bytes);
        Ok(())
    }
    fn mono_us(&self) -> u64 {
        self.mono_us
    }
    fn sleep(&self, _time: Duration) {}
}

impl FakeHost {
    /// Lets time pass.
    pub fn pass(&mut self, us: u64) {
        self.mono_us += us;
        self.wall_us = self.wall_us.saturating_add_unsigned(us);
        self.sync();
    }

    /// Makes the tick counter, of which each thread has one, that of this host.
    pub(crate) fn sync(&self) {
        TICKS.set(self.mono_us);
    }

    /// Ends the sync of the journal that goes on.
    pub fn end_sync(&mut self) {
        self.journal.end_sync(&mut self.files);
    }

    fn path(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.here) }
    }
}

impl Host for FakeHost {
    fn log(&mut self, _level: Level, line: &str) {
        self.log.push(line.to_owned());
    }
    fn used_memory(&self) -> u64 {
        self.used_memory
    }
    fn memory(&self) -> MemoryFacts {
        MemoryFacts { used: self.used_memory, resident: 8 << 20, allocator_resident: 4 << 20, total: 8 << 30 }
    }
    fn cpu(&self) -> CpuTimes {
        CpuTimes::default()
    }
    fn allocator(&self) -> String {
        "testkit-1.0.0".to_owned()
    }
    fn purge(&mut self) {}
    fn os(&self) -> String {
        "Linux 6.1.0 x86_64".to_owned()
    }
    fn pid(&self) -> u32 {
        4711
    }
    fn executable(&self) -> String {
        "/usr/bin/redstart-server".to_owned()
    }
    fn multiplexer(&self) -> &'static str {
        "sim"
    }
    fn fill_random(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // Knuth's 64-bit generator: any sequence does, as long as it is the same every time.
            self.random =
                self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.random >> 56) as u8;
        }
    }
    fn wall_us(&self) -> i64 {
        self.wall_us
    }
    fn mono_us(&self) -> u64 {
        self.mono_us
    }
    fn sleep(&mut self, time: Duration) {
        self.pass(u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 4));
    }
    fn drop_later(&mut self, value: Box<dyn Any + Send>) {
        self.dropped_later += 1;
        drop(value);
    }
    fn drops_pending(&self) -> usize {
        0
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.get(&self.path(path)).cloned().ok_or_else(|| "No such file or directory".to_owned())
    }
    fn write_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.files.insert(self.path(path), bytes.to_vec());
        Ok(())
    }
    fn open_file(&self, path: &str) -> Result<Option<OpenFile>, String> {
        let file = self.files.get(&self.path(path)).map(|bytes| OpenFile {
            content: Box::new(Cursor::new(bytes.clone())),
            len: Some(bytes.len() as u64),
        });
        Ok(file)
    }
    fn save_file(&mut self, path: &str, _sync_every: u64, fill: &mut Fill<'_>) -> Result<(), String> {
        if self.disk_full {
            return Err("No space left on device".to_owned());
        }
        let mut bytes = Vec::new();
        fill(&mut bytes).map_err(|error| error.to_string())?;
        self.files.insert(self.path(path), bytes);
        Ok(())
    }
    fn stream(&mut self, path: &str, _options: StreamOptions, pass: Pass) -> Result<Arc<dyn Stream>, String> {
        let file = Mutex::new((pass, Vec::new()));
        let written = Arc::new(FakeQueue { file, queued: self.stream_queued.clone() });
        self.stream = Some(FakeStream { path: self.path(path), written: written.clone(), end: None });
        Ok(written)
    }
    fn end_stream(&mut self, whole: bool) {
        if let Some(stream) = &mut self.stream {
            stream.end = Some(whole && stream.end != Some(false));
        }
    }
    fn stream_outcome(&mut self) -> Option<Result<(), String>> {
        if self.disk_full && self.stream.take().is_some() {
            return Some(Err("No space left on device".to_owned()));
        }
        let whole = self.stream.as_ref()?.end?;
        if self.stream_busy && whole {
            return None;
        }
        let FakeStream { path, written, .. } = self.stream.take()?;
        if !whole {
            return Some(Err("given up".to_owned()));
        }
        written.pass(None);
        let bytes = std::mem::take(&mut written.file.lock().expect("one thread").1);
        self.files.insert(path, bytes);
        Some(Ok(()))
    }
    fn remove_file(&mut self, path: &str) -> Result<(), String> {
        let path = self.path(path);
        self.files.remove(&path).map(drop).ok_or_else(|| "No such file or directory".to_owned())
    }
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let folder = self.path(folder) + "/";
        let inside = self.files.keys().filter_map(|path| path.strip_prefix(&folder));
        Ok(inside.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }
    fn make_folder(&mut self, _path: &str, _mode: u32) -> Result<(), String> {
        Ok(())
    }
    fn rename(&mut self, from: &str, to: &str) -> Result<(), String> {
        let (from, to) = (self.path(from), self.path(to));
        let bytes = self.files.remove(&from).ok_or("No such file or directory")?;
        self.journal.renamed(&from, &to);
        self.files.insert(to, bytes);
        Ok(())
    }
    fn truncate(&mut self, path: &str, len: u64) -> Result<(), String> {
        let path = self.path(path);
        let file = self.files.get_mut(&path).ok_or("No such file or directory")?;
        file.truncate(usize::try_from(len).map_err(|error| error.to_string())?);
        Ok(())
    }
    fn file_len(&self, path: &str) -> Result<Option<u64>, String> {
        Ok(self.files.get(&self.path(path)).map(|bytes| bytes.len() as u64))
    }
    fn lock(&mut self, _folder: &str) -> Result<(), String> {
        Ok(())
    }
    fn journal_open(&mut self, path: &str, _reserve: u64) -> Result<u64, String> {
        let path = self.path(path);
        self.journal.open(path, &mut self.files)
    }
    fn journal_append(&mut self, bytes: &[u8]) {
        self.journal.append(bytes, &mut self.files);
    }
    fn journal_sync(&mut self) {
        self.journal.sync();
    }
    fn journal_retry(&mut self) {
        self.journal.retry(&mut self.files);
    }
    fn journal_finish(&mut self) -> Result<(), String> {
        self.journal.finish(&mut self.files)
    }
    fn journal_close(&mut self) -> Result<(), String> {
        self.journal.close(&mut self.files)
    }
    fn journal(&self) -> JournalState {
        self.journal.state()
    }
    fn fork(&mut self, job: &mut dyn FnMut(&dyn ChildHost) -> bool) -> Result<u32, String> {
        let child = FakeChild { files: RefCell::default(), full: self.disk_full, mono_us: self.mono_us };
        let ok = job(&child);
        let files = child.files.into_inner().into_iter().map(|(path, bytes)| (self.path(&path), bytes));
        self.child = Some((ok, files.collect()));
        Ok(4712)
    }
    fn child_news(&mut self) -> Vec<ChildNews> {
        if self.child_busy {
            return Vec::new();
        }
        let Some((ok, files)) = self.child.take() else { return Vec::new() };
        self.files.extend(files);
        let copied = 4096;
        vec![ChildNews::Progress { keys: 1, copied }, ChildNews::Ended { ok, signal: None }]
    }
    fn end_child(&mut self) {
        if let Some((ok, files)) = &mut self.child {
            *ok = false;
            files.clear();
        }
        self.child_busy = false;
    }
    fn enter(&mut self, path: &str) -> Result<(), String> {
        if path.contains("missing") {
            return Err("No such file or directory".to_owned());
        }
        self.here = self.path(path);
        Ok(())
    }
    fn here(&self) -> String {
        self.here.clone()
    }
    fn open_files(&mut self, wanted: u64) -> u64 {
        wanted
    }
    fn oom_score(&self) -> Result<i32, String> {
        Ok(self.oom_scores.0)
    }
    fn set_oom_score(&mut self, own: i32, of_children: Option<i32>) -> Result<(), String> {
        if own < 0 {
            return Err("Permission denied".to_owned());
        }
        self.oom_scores = (own, of_children);
        Ok(())
    }
    fn listen(&mut self, _config: &config::Config) -> Result<(), String> {
        Ok(())
    }
    fn encrypt(&mut self, _config: &config::Config) -> Result<(), String> {
        self.encrypted += 1;
        Ok(())
    }
    fn certificates(&self) -> [Option<engine::host::Certificate>; 2] {
        [None, None]
    }
    fn set_log_level(&mut self, _level: config::LogLevel) {}
    fn title(&mut self, _title: &str) {}
}
