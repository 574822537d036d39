//! [`SimWorld`]: the traits of `world`, from memory and a seed.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use world::*;

use crate::disk::{Faults, SimDisk};
use crate::journal::SimJournal;
use crate::network::{Link, Weather};

thread_local! {
    /// What commands are timed with; a plain `fn` has nowhere else to look.
    static TICKS: Cell<u64> = const { Cell::new(0) };
}

fn ticks() -> u64 {
    TICKS.get()
}

/// Log lines that are kept for a report.
const LOG_LINES: usize = 200;

pub struct SimWorld {
    pub weather: Weather,
    pub rng: Rng,
    pub log: Vec<String>,
    now: Now,
    links: Vec<Option<Link>>,
    /// Ids closed since the last wait: not handed out before it (invariant 1 of `world`).
    resting: Vec<ConnId>,
    free: Vec<ConnId>,
    listening: bool,
    waiting_to_be_accepted: Vec<ConnId>,
    signals: Vec<Signal>,
    here: PathBuf,
    pub disk: SimDisk,
    journal: SimJournal,
    /// A child whose end was not told yet: whether it did well, and what it wrote.
    child: Option<(bool, BTreeMap<PathBuf, Vec<u8>>)>,
    /// A file that is being written, and whether it is to be whole, once that is known.
    stream: Option<(PathBuf, Arc<SimStream>, Option<bool>)>,
}

/// A file that comes in pieces.
struct SimStream(Mutex<(Pass, Vec<u8>)>);

impl SimStream {
    fn pass(&self, piece: Option<&[u8]>) {
        let mut file = self.0.lock().expect("one thread");
        let (pass, bytes) = &mut *file;
        pass(piece, bytes).expect("memory takes all");
    }
}

impl Stream for SimStream {
    fn write(&self, piece: Vec<u8>) -> Vec<u8> {
        self.pass(Some(&piece));
        piece
    }
    fn queued(&self) -> u64 {
        0
    }
}

/// What a simulated child can do.
struct SimChild {
    files: RefCell<BTreeMap<PathBuf, Vec<u8>>>,
    mono_us: u64,
}

impl Child for SimChild {
    fn report(&self, _keys: u64) {}
    fn replace_with(&self, path: &Path, _sync_every: u64, fill: &mut Fill<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        fill(&mut bytes)?;
        self.files.borrow_mut().insert(path.to_path_buf(), bytes);
        Ok(())
    }
    fn mono_us(&self) -> u64 {
        self.mono_us
    }
    fn sleep(&self, _time: Duration) {}
}

impl SimWorld {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let weather = Weather::of(&mut rng);
        let now = Now { wall_us: 1_750_000_000_000_000, mono_us: 1_000_000 };
        TICKS.set(now.mono_us);
        SimWorld {
            weather,
            rng,
            log: Vec::new(),
            now,
            links: Vec::new(),
            resting: Vec::new(),
            free: Vec::new(),
            listening: false,
            waiting_to_be_accepted: Vec::new(),
            signals: Vec::new(),
            here: PathBuf::from("/data"),
            disk: SimDisk::new(Faults { replacing: 20, ..Faults::default() }),
            journal: SimJournal::default(),
            child: None,
            stream: None,
        }
    }

    /// Another process, at a later time, that finds this disk.
    pub fn with_disk(seed: u64, disk: SimDisk, now: Now) -> Self {
        let world = SimWorld { disk, now, ..SimWorld::new(seed) };
        TICKS.set(now.mono_us);
        world
    }

    // The clients' side.

    /// Opens a connection; `None` if nobody listens.
    pub fn connect(&mut self) -> Option<ConnId> {
        if !self.listening {
            return None;
        }
        let conn = self.free.pop().unwrap_or_else(|| {
            self.links.push(None);
            ConnId(self.links.len() as u32 - 1)
        });
        self.links[conn.0 as usize] = Some(Link::new());
        self.waiting_to_be_accepted.push(conn);
        Some(conn)
    }

    pub fn client_send(&mut self, conn: ConnId, bytes: &[u8]) {
        let (weather, now) = (self.weather, self.now.mono_us);
        if let Some(Some(link)) = self.links.get_mut(conn.0 as usize)
            && !link.reset
            && !link.closed
        {
            link.to_server.send(bytes, now, &weather, &mut self.rng);
        }
    }

    /// What has arrived for a client, at most so many bytes; `None` at the end of the connection.
    pub fn client_receive(&mut self, conn: ConnId, most: usize) -> Option<Vec<u8>> {
        let link = self.links.get_mut(conn.0 as usize)?.as_mut()?;
        if link.reset || (link.closed && link.to_client.held() == 0) {
            return None;
        }
        Some(link.to_client.receive(most))
    }

    /// The client says that it will send no more.
    pub fn client_finish(&mut self, conn: ConnId) {
        if let Some(Some(link)) = self.links.get_mut(conn.0 as usize) {
            link.to_server.finished = true;
        }
    }

    /// The client is gone: the connection breaks.
    pub fn client_reset(&mut self, conn: ConnId) {
        if let Some(Some(link)) = self.links.get_mut(conn.0 as usize) {
            link.break_off();
        }
    }

    /// The client has seen the end, and will not speak of this connection again.
    pub fn client_forget(&mut self, conn: ConnId) {
        let ended = match self.links.get_mut(conn.0 as usize) {
            Some(Some(link)) => {
                link.break_off();
                link.closed
            }
            _ => return,
        };
        if ended {
            self.links[conn.0 as usize] = None;
            self.resting.push(conn);
        }
    }

    pub fn signal(&mut self, signal: Signal) {
        self.signals.push(signal);
    }

    fn links(&mut self) -> impl Iterator<Item = &mut Link> {
        self.links.iter_mut().flatten()
    }

    // Time.

    fn pass(&mut self, us: u64) {
        self.now.mono_us += us;
        self.now.wall_us = self.now.wall_us.saturating_add_unsigned(us);
        TICKS.set(self.now.mono_us);
        let now_us = self.now.mono_us;
        self.links().for_each(|link| link.pass(now_us));
        self.journal.advance(&mut self.disk, now_us, &mut self.rng);
    }

    fn ready(&mut self, events: &mut Vec<Event>) {
        if std::mem::take(&mut self.journal.news) {
            events.push(Event::Journal);
        }
        events.extend(self.signals.iter().map(|signal| Event::Signal(*signal)));
        if !self.waiting_to_be_accepted.is_empty() {
            events.push(Event::Incoming(ListenerId(0)));
        }
        for (index, link) in self.links.iter().enumerate() {
            let Some(link) = link.as_ref().filter(|link| link.accepted && !link.closed) else { continue };
            let conn = ConnId(index as u32);
            if link.reset {
                events.extend([Event::Arrived(conn), Event::Room(conn)]);
                continue;
            }
            if link.wants_bytes && link.readable() {
                events.push(Event::Arrived(conn));
            }
            if link.wants_room && link.room(&self.weather) > 0 {
                events.push(Event::Room(conn));
            }
        }
    }

    fn link(&mut self, conn: ConnId) -> Option<&mut Link> {
        self.links.get_mut(conn.0 as usize)?.as_mut().filter(|link| link.accepted && !link.closed)
    }
}

impl Clock for SimWorld {
    fn now(&self) -> Now {
        self.now
    }
    fn ticks(&self) -> fn() -> u64 {
        ticks
    }
    fn ticks_per_us(&self) -> u64 {
        1
    }
}

impl Entropy for SimWorld {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.rng.fill(bytes);
    }
}

impl Network for SimWorld {
    fn listen(&mut self, _at: &Listen) -> io::Result<ListenerId> {
        self.listening = true;
        Ok(ListenerId(0))
    }

    fn encrypt(&mut self, _with: &world::Encryption) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "the simulation encrypts nothing"))
    }

    fn certificates(&self) -> world::CertificatesInUse {
        world::CertificatesInUse::default()
    }

    fn unlisten(&mut self, _listener: ListenerId) {
        self.listening = false;
    }

    /// Time moves to the next thing that happens, at most by the timeout. What is ready is told in any order, and
    /// some of it later.
    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        events.clear();
        self.free.append(&mut self.resting);
        let busy = self.rng.u64(..30);
        self.pass(busy);
        self.ready(events);
        if events.is_empty() {
            let timeout = timeout.map_or(1_000_000, |timeout| timeout.as_micros().min(1_000_000) as u64);
            let journal = self.journal.next_us();
            let next = self.links().filter_map(|link| link.next_us()).chain(journal).min();
            let until = next.unwrap_or(u64::MAX).min(self.now.mono_us + timeout).max(self.now.mono_us);
            self.pass(until - self.now.mono_us);
            self.ready(events);
        }
        self.signals.clear();
        self.rng.shuffle(events);
        if events.len() > 1 && self.rng.u8(..4) == 0 {
            let kept = self.rng.usize(1..events.len());
            let late = events.split_off(kept);
            self.signals.extend(late.iter().filter_map(|event| match event {
                Event::Signal(signal) => Some(*signal),
                _ => None,
            }));
            self.journal.news |= late.contains(&Event::Journal);
        }
        Ok(())
    }

    fn accept(&mut self, _listener: ListenerId) -> io::Result<Option<Accepted>> {
        if self.waiting_to_be_accepted.is_empty() {
            return Ok(None);
        }
        if self.rng.u8(..100) == 0 {
            return Err(io::Error::other("Too many open files"));
        }
        let conn = self.waiting_to_be_accepted.remove(0);
        let Some(Some(link)) = self.links.get_mut(conn.0 as usize) else { return Ok(None) };
        link.accepted = true;
        Ok(Some(Accepted {
            conn,
            peer: format!("127.0.0.1:{}", 40_000 + conn.0),
            local: "127.0.0.1:6379".to_owned(),
            proven: Vec::new(),
            unix: false,
            loopback: true,
            fd: conn.0 as i32 + 10,
        }))
    }

    fn recv(&mut self, conn: ConnId, into: &mut Vec<u8>, room: usize) -> Recv {
        let most = if self.rng.bool() { room } else { self.rng.usize(1..=room.max(1)).min(room) };
        let Some(link) = self.link(conn) else { return Recv::Failed(io::ErrorKind::NotConnected.into()) };
        if link.reset {
            return Recv::Failed(io::ErrorKind::ConnectionReset.into());
        }
        if link.to_server.ended() {
            return Recv::Closed;
        }
        let bytes = link.to_server.receive(most);
        let drained = link.to_server.here.is_empty();
        if bytes.is_empty() {
            return Recv::Nothing;
        }
        into.extend_from_slice(&bytes);
        Recv::Bytes { count: bytes.len(), drained }
    }

    fn send(&mut self, conn: ConnId, slices: &[&[u8]]) -> Send {
        let all = slices.concat();
        let short = self.rng.u8(..8) == 0;
        let some = self.rng.usize(..=all.len());
        let (weather, now) = (self.weather, self.now.mono_us);
        let Some(Some(link)) = self.links.get_mut(conn.0 as usize) else {
            return Send::Failed(io::ErrorKind::NotConnected.into());
        };
        if link.reset || self.disk.dead {
            return Send::Failed(io::ErrorKind::BrokenPipe.into());
        }
        let count = link.room(&weather).min(if short { some } else { all.len() });
        link.to_client.send(&all[..count], now, &weather, &mut self.rng);
        Send::Bytes(count)
    }

    fn want_room(&mut self, conn: ConnId, on: bool) {
        if let Some(link) = self.link(conn) {
            link.wants_room = on;
        }
    }

    fn want_bytes(&mut self, conn: ConnId, on: bool) {
        if let Some(link) = self.link(conn) {
            link.wants_bytes = on;
        }
    }

    fn keep_alive(&mut self, _conn: ConnId, _seconds: u32) {}

    fn close(&mut self, conn: ConnId) {
        let Some(Some(link)) = self.links.get_mut(conn.0 as usize) else { return };
        assert!(!link.closed, "the server closes {conn:?} twice");
        link.closed = true;
        if link.reset {
            self.links[conn.0 as usize] = None;
            self.resting.push(conn);
        }
    }

    fn multiplexer(&self) -> &'static str {
        "sim"
    }
}

impl Disk for SimWorld {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.disk.read(&self.here.join(path))
    }
    fn replace(&mut self, path: &Path, bytes: &[u8], _mode: u32) -> io::Result<()> {
        self.disk.replace(&self.here.join(path), bytes, &mut self.rng)
    }
    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.disk.remove(&self.here.join(path))
    }
    fn open(&self, path: &Path) -> io::Result<(Box<dyn io::Read + std::marker::Send>, Option<u64>)> {
        let bytes = self.read(path)?;
        let len = bytes.len() as u64;
        Ok((Box::new(io::Cursor::new(bytes)), Some(len)))
    }
    fn replace_with(&mut self, path: &Path, _sync_every: u64, fill: &mut Fill<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        fill(&mut bytes)?;
        self.replace(path, &bytes, 0o644)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.disk.list(&self.here.join(folder))
    }
    fn make_folder(&mut self, path: &Path, _mode: u32) -> io::Result<()> {
        self.disk.make_folder(&self.here.join(path))
    }
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(&self.here.join(from), &self.here.join(to))
    }
    fn truncate(&mut self, path: &Path, len: u64) -> io::Result<()> {
        self.disk.truncate(&self.here.join(path), len)
    }
    fn file_len(&self, path: &Path) -> io::Result<u64> {
        self.disk.len(&self.here.join(path))
    }
    fn lock(&mut self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }
    /// Nothing is queued; the end is heard of later, and now and then the disk is full.
    fn stream(&mut self, path: &Path, _options: StreamOptions, pass: Pass) -> io::Result<Arc<dyn Stream>> {
        let stream = Arc::new(SimStream(Mutex::new((pass, Vec::new()))));
        self.stream = Some((self.here.join(path), stream.clone(), None));
        Ok(stream)
    }
    fn end_stream(&mut self, whole: bool) {
        if let Some((_, _, end)) = &mut self.stream {
            *end = Some(whole && *end != Some(false));
        }
    }
    fn stream_outcome(&mut self) -> Option<Result<(), String>> {
        let whole = self.stream.as_ref()?.2;
        if self.rng.u8(..4) > 0 || (whole.is_none() && self.rng.u8(..20) > 0) {
            return None;
        }
        let (path, stream, _) = self.stream.take()?;
        if whole != Some(true) {
            return Some(Err("No space left on device".to_owned()));
        }
        stream.pass(None);
        let bytes = std::mem::take(&mut stream.0.lock().expect("one thread").1);
        Some(self.disk.replace(&path, &bytes, &mut self.rng).map_err(|error| error.to_string()))
    }
    fn enter(&mut self, path: &Path) -> io::Result<()> {
        self.here = self.here.join(path);
        Ok(())
    }
    fn here(&self) -> PathBuf {
        self.here.clone()
    }
}

impl Journal for SimWorld {
    fn journal_open(&mut self, path: &Path, reserve: u64) -> io::Result<u64> {
        self.journal.open(&mut self.disk, &self.here.join(path), reserve)
    }
    fn journal_append(&mut self, bytes: &[u8]) {
        self.journal.append(&mut self.disk, bytes, &mut self.rng);
    }
    fn journal_sync(&mut self) {
        self.journal.sync();
        self.journal.advance(&mut self.disk, self.now.mono_us, &mut self.rng);
    }
    fn journal_retry(&mut self) {
        self.journal.retry(&mut self.disk, &mut self.rng);
    }
    fn journal_finish(&mut self) -> io::Result<()> {
        self.journal.finish(&mut self.disk, &mut self.rng)
    }
    fn journal_close(&mut self) -> io::Result<()> {
        self.journal.close(&mut self.disk, &mut self.rng)
    }
    fn journal(&self) -> JournalState {
        self.journal.state()
    }
}

impl Process for SimWorld {
    fn pid(&self) -> u32 {
        1
    }
    fn used_memory(&self) -> u64 {
        1 << 20
    }
    fn memory(&self) -> MemoryFacts {
        MemoryFacts { used: 1 << 20, resident: 2 << 20, allocator_resident: 2 << 20, total: 8 << 30 }
    }
    fn cpu(&self) -> CpuTimes {
        CpuTimes { user_us: self.now.mono_us, ..CpuTimes::default() }
    }
    fn allocator(&self) -> String {
        "sim".to_owned()
    }
    fn purge(&mut self) {}
    fn os(&self) -> String {
        "Sim 1.0 none".to_owned()
    }
    fn executable(&self) -> PathBuf {
        PathBuf::from("/bin/sim")
    }
    fn title(&mut self, _title: &str) {}
    fn open_files(&mut self, wanted: u64) -> u64 {
        wanted
    }
    fn oom_score(&self) -> io::Result<i32> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn set_oom_score(&mut self, _own: i32, _of_children: Option<i32>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn notify(&mut self, _message: &str) {}
    fn sleep(&mut self, time: Duration) {
        self.pass(time.as_micros() as u64);
    }
    fn drop_later(&mut self, value: Box<dyn Any + std::marker::Send>) {
        drop(value);
    }
    /// The child's work is done at once; the parent hears of it later.
    fn fork(&mut self, job: &mut dyn FnMut(&dyn Child) -> bool) -> io::Result<u32> {
        if self.rng.u8(..20) == 0 {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let child = SimChild { files: RefCell::default(), mono_us: self.now.mono_us };
        let ok = job(&child);
        self.child = Some((ok, child.files.into_inner()));
        Ok(2)
    }
    fn child_news(&mut self, news: &mut Vec<ChildNews>) {
        if self.rng.u8(..4) > 0 {
            return;
        }
        if let Some((ok, files)) = self.child.take() {
            let mut ok = ok;
            for (path, bytes) in files {
                ok &= self.disk.replace(&self.here.join(path), &bytes, &mut self.rng).is_ok();
            }
            news.push(ChildNews::Ended { ok, signal: None });
        }
    }
    fn end_child(&mut self) {
        if let Some((ok, files)) = &mut self.child {
            *ok = false;
            files.clear();
        }
    }
    fn drops_pending(&self) -> usize {
        0
    }
}

impl Log for SimWorld {
    fn log(&mut self, level: Level, line: &str) {
        if self.log.len() >= LOG_LINES {
            self.log.remove(0);
        }
        self.log.push(format!("{:>12} {level:?} {line}", self.now.mono_us));
    }
    fn set_level(&mut self, _level: Level) {}
}
