//! The engine's [`Host`], over a world.

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use config::{Config, LogLevel};
use engine::Host;
use engine::host::{Certificate, ChildHost, ChildNews, CpuTimes, Fill, Level, MemoryFacts, OpenFile};
use engine::host::{JournalFailure, JournalFailureKind, JournalState, Pass, Stream, StreamOptions};
use world::World;

use crate::listeners::Listeners;
use crate::meanwhile::Rest;

pub struct WorldHost<'a> {
    pub world: &'a mut dyn World,
    pub listeners: &'a mut Listeners,
    /// What else is needed to serve others while a command runs, if that may take long.
    pub rest: Option<Rest<'a>>,
}

fn path_of(path: &str) -> PathBuf {
    Path::new(path).to_path_buf()
}

impl Host for WorldHost<'_> {
    fn log(&mut self, level: Level, line: &str) {
        self.world.log(level_of(level), line);
    }
    fn used_memory(&self) -> u64 {
        self.world.used_memory()
    }
    fn memory(&self) -> MemoryFacts {
        let world::MemoryFacts { used, resident, allocator_resident, total } = self.world.memory();
        MemoryFacts { used, resident, allocator_resident, total }
    }
    fn cpu(&self) -> CpuTimes {
        let t = self.world.cpu();
        CpuTimes {
            user_us: t.user_us,
            system_us: t.system_us,
            children_user_us: t.children_user_us,
            children_system_us: t.children_system_us,
            main_user_us: t.main_user_us,
            main_system_us: t.main_system_us,
        }
    }
    fn allocator(&self) -> String {
        self.world.allocator()
    }
    fn purge(&mut self) {
        self.world.purge();
    }
    fn os(&self) -> String {
        self.world.os()
    }
    fn pid(&self) -> u32 {
        self.world.pid()
    }
    fn executable(&self) -> String {
        self.world.executable().display().to_string()
    }
    fn multiplexer(&self) -> &'static str {
        self.world.multiplexer()
    }
    fn fill_random(&mut self, bytes: &mut [u8]) {
        self.world.fill(bytes);
    }
    fn wall_us(&self) -> i64 {
        self.world.now().wall_us
    }
    fn mono_us(&self) -> u64 {
        self.world.now().mono_us
    }
    fn sleep(&mut self, time: Duration) {
        self.world.sleep(time);
    }
    fn forget_signals(&mut self) {
        self.world.forget_signals();
    }
    fn sleeper(&self) -> fn(Duration) {
        self.world.sleeper()
    }
    fn drop_later(&mut self, value: Box<dyn Any + Send>) {
        self.world.drop_later(value);
    }
    fn drops_pending(&self) -> usize {
        self.world.drops_pending()
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.world.read(&path_of(path)).map_err(|error| error.to_string())
    }
    fn write_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.world.replace(&path_of(path), bytes, 0o600).map_err(|error| error.to_string())
    }
    fn open_file(&self, path: &str) -> Result<Option<OpenFile>, String> {
        match self.world.open(&path_of(path)) {
            Ok((content, len)) => Ok(Some(OpenFile { content, len })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
    fn save_file(&mut self, path: &str, sync_every: u64, fill: &mut Fill<'_>) -> Result<(), String> {
        self.world.replace_with(&path_of(path), sync_every, fill).map_err(|error| error.to_string())
    }
    fn stream(&mut self, path: &str, options: StreamOptions, pass: Pass) -> Result<Arc<dyn Stream>, String> {
        let StreamOptions { sync_every, limit } = options;
        let options = world::StreamOptions { sync_every, limit };
        let stream = self.world.stream(&path_of(path), options, pass).map_err(|error| error.to_string())?;
        Ok(Arc::new(WorldStream(stream)))
    }
    fn end_stream(&mut self, whole: bool) {
        self.world.end_stream(whole);
    }
    fn stream_outcome(&mut self) -> Option<Result<(), String>> {
        self.world.stream_outcome()
    }
    fn remove_file(&mut self, path: &str) -> Result<(), String> {
        self.world.remove(&path_of(path)).map_err(|error| error.to_string())
    }
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        self.world.list(Path::new(folder)).map_err(|error| error.to_string())
    }
    fn make_folder(&mut self, path: &str, mode: u32) -> Result<(), String> {
        self.world.make_folder(Path::new(path), mode).map_err(|error| error.to_string())
    }
    fn rename(&mut self, from: &str, to: &str) -> Result<(), String> {
        self.world.rename(Path::new(from), Path::new(to)).map_err(|error| error.to_string())
    }
    fn truncate(&mut self, path: &str, len: u64) -> Result<(), String> {
        self.world.truncate(Path::new(path), len).map_err(|error| error.to_string())
    }
    fn file_len(&self, path: &str) -> Result<Option<u64>, String> {
        match self.world.file_len(Path::new(path)) {
            Ok(len) => Ok(Some(len)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
    fn lock(&mut self, folder: &str) -> Result<(), String> {
        self.world.lock(Path::new(folder)).map_err(|error| error.to_string())
    }
    fn journal_open(&mut self, path: &str, reserve: u64) -> Result<u64, String> {
        self.world.journal_open(Path::new(path), reserve).map_err(|error| error.to_string())
    }
    fn journal_append(&mut self, bytes: &[u8]) {
        self.world.journal_append(bytes);
    }
    fn journal_sync(&mut self) {
        self.world.journal_sync();
    }
    fn journal_retry(&mut self) {
        self.world.journal_retry();
    }
    fn journal_finish(&mut self) -> Result<(), String> {
        self.world.journal_finish().map_err(|error| error.to_string())
    }
    fn journal_close(&mut self) -> Result<(), String> {
        self.world.journal_close().map_err(|error| error.to_string())
    }
    fn journal(&self) -> JournalState {
        journal_state(self.world.journal())
    }
    fn fork(&mut self, job: &mut dyn FnMut(&dyn ChildHost) -> bool) -> Result<u32, String> {
        self.world.fork(&mut |child| job(&WorldChild(child))).map_err(|error| error.to_string())
    }
    fn child_news(&mut self) -> Vec<ChildNews> {
        let mut news = Vec::new();
        self.world.child_news(&mut news);
        let ours = news.into_iter().map(|news| match news {
            world::ChildNews::Progress { keys, copied } => ChildNews::Progress { keys, copied },
            world::ChildNews::Ended { ok, signal } => ChildNews::Ended { ok, signal },
        });
        ours.collect()
    }
    fn end_child(&mut self) {
        self.world.end_child();
    }
    fn enter(&mut self, path: &str) -> Result<(), String> {
        self.world.enter(&path_of(path)).map_err(|error| error.to_string())
    }
    fn here(&self) -> String {
        self.world.here().display().to_string()
    }
    fn open_files(&mut self, wanted: u64) -> u64 {
        self.world.open_files(wanted)
    }
    fn oom_score(&self) -> Result<i32, String> {
        self.world.oom_score().map_err(|error| error.to_string())
    }
    fn set_oom_score(&mut self, own: i32, of_children: Option<i32>) -> Result<(), String> {
        self.world.set_oom_score(own, of_children).map_err(|error| error.to_string())
    }
    fn listen(&mut self, config: &Config) -> Result<(), String> {
        self.listeners.open(self.world, config)
    }
    fn encrypt(&mut self, config: &Config) -> Result<(), String> {
        crate::encryption::apply(self.world, config)
    }
    fn certificates(&self) -> [Option<Certificate>; 2] {
        let world::CertificatesInUse { ours, authority } = self.world.certificates();
        [ours, authority]
            .map(|one| one.map(|one| Certificate { serial: one.serial, expires_s: one.expires_s }))
    }
    fn set_log_level(&mut self, level: LogLevel) {
        self.world.set_level(log_level(level));
    }
    fn title(&mut self, title: &str) {
        self.world.title(title);
    }
    fn serve_meanwhile(&mut self, engine: engine::Engine) -> engine::Engine {
        match &mut self.rest {
            Some(rest) => rest.serve(engine, self.world, self.listeners),
            None => engine,
        }
    }
}

/// A stream, as the engine sees it.
struct WorldStream(Arc<dyn world::Stream>);

impl Stream for WorldStream {
    fn write(&self, piece: Vec<u8>) -> Vec<u8> {
        self.0.write(piece)
    }
    fn queued(&self) -> u64 {
        self.0.queued()
    }
}

/// A child, as the engine sees it.
struct WorldChild<'a>(&'a dyn world::Child);

impl ChildHost for WorldChild<'_> {
    fn report(&self, keys: u64) {
        self.0.report(keys);
    }
    fn save_file(&self, path: &str, sync_every: u64, fill: &mut Fill<'_>) -> Result<(), String> {
        self.0.replace_with(&path_of(path), sync_every, fill).map_err(|error| error.to_string())
    }
    fn mono_us(&self) -> u64 {
        self.0.mono_us()
    }
    fn sleep(&self, time: Duration) {
        self.0.sleep(time);
    }
    fn title(&self, title: &str) {
        self.0.title(title);
    }
}

fn journal_state(state: world::JournalState) -> JournalState {
    let world::JournalState { handed, written, synced, syncing, last_sync_us, failure } = state;
    let failure = failure.map(|failure| {
        let kind = match failure.kind {
            world::JournalFailureKind::Write => JournalFailureKind::Write,
            world::JournalFailureKind::Sync => JournalFailureKind::Sync,
            world::JournalFailureKind::Reserve => JournalFailureKind::Reserve,
        };
        JournalFailure { kind, text: failure.text }
    });
    JournalState { handed, written, synced, syncing, last_sync_us, failure }
}

fn level_of(level: Level) -> world::Level {
    match level {
        Level::Debug => world::Level::Debug,
        Level::Verbose => world::Level::Verbose,
        Level::Notice => world::Level::Notice,
        Level::Warning => world::Level::Warning,
    }
}

/// The world's word for a `loglevel`.
pub fn log_level(level: LogLevel) -> world::Level {
    match level {
        LogLevel::Debug => world::Level::Debug,
        LogLevel::Verbose => world::Level::Verbose,
        LogLevel::Notice => world::Level::Notice,
        LogLevel::Warning => world::Level::Warning,
        LogLevel::Nothing => world::Level::Nothing,
    }
}
