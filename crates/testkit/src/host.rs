//! An outside that is not there: a clock moved by hand, files in memory, a log that is kept.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use engine::Host;
use engine::host::{CpuTimes, Level, MemoryFacts};

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
    /// How often connections were to be encrypted anew.
    pub encrypted: u32,
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
            encrypted: 0,
            random: 1,
        }
    }
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
