//! The real world: everything `world` asks for, over this machine's kernel.
//!
//! This file only joins; what happens is in the modules. What `main` does once, before the loop, stands first.

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use world::{
    Accepted, CertificatesInUse, Child, ChildNews, Clock, ConnId, CpuTimes, Disk, Encryption, Entropy,
};
use world::{Event, Fill, JournalState, Level, Listen, ListenerId, Log};
use world::{MemoryFacts, Network, Now, Pass, Process, Recv, Send, Stream, StreamOptions};

use crate::clock::{self, Clocks};
use crate::disk::Locks;
use crate::fork::Children;
use crate::journal::{Journal, RealFiles};
use crate::later::Later;
use crate::log::{Logger, Syslog};
use crate::net::Net;
use crate::poll::Backend;
use crate::signals::{self, Signals};
use crate::stream::Streams;
use crate::title::Title;
use crate::{affinity, crash, disk, log, notify, process, sys};

/// What has to be known before there can be a world.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// `epoll`, `kqueue`, `poll`; absent: the best there is.
    pub multiplexer: Option<&'a str>,
    /// Absent or empty: standard output.
    pub logfile: Option<&'a str>,
    pub syslog: Option<Syslog>,
    pub level: Level,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { multiplexer: None, logfile: None, syslog: None, level: Level::Notice }
    }
}

pub struct RealWorld {
    net: Net,
    /// Present once they are installed. Dropped after `net`, which watches its descriptor.
    signals: Option<Signals>,
    log: Logger,
    clocks: Clocks,
    later: Later,
    children: Children,
    streams: Streams,
    /// From the first file on. Dropped after `net`, which watches its descriptor.
    journal: Option<Journal>,
    locks: Locks,
    title: Title,
    executable: PathBuf,
}

impl RealWorld {
    /// Side effects: (1) SIGPIPE is ignored, since `send` relies on that; (2) the log file is made if it is
    /// missing; (3) about two milliseconds go into measuring the processor's counter. No thread is started.
    pub fn new(options: &Options<'_>) -> io::Result<RealWorld> {
        signals::ignore(libc::SIGPIPE);
        // A file as large as this process may make it is an error of `write`, not the end.
        signals::ignore(libc::SIGXFSZ);
        let backend = options.multiplexer.map_or(Ok(Backend::AVAILABLE[0]), Backend::named)?;
        Ok(RealWorld {
            net: Net::new(backend)?,
            signals: None,
            log: Logger::new(options.logfile, options.syslog.as_ref(), options.level)?,
            clocks: Clocks::new(),
            later: Later::default(),
            children: Children::default(),
            streams: Streams::default(),
            journal: None,
            locks: Locks::default(),
            title: Title::default(),
            executable: process::executable(),
        })
    }

    /// From now on `wait` reports SIGTERM and SIGINT; the second SIGINT ends the process with 1.
    pub fn install_signals(&mut self) -> io::Result<()> {
        let signals = Signals::install()?;
        self.net.watch_signals(signals.fd())?;
        self.signals = Some(signals);
        Ok(())
    }

    /// From now on a crash or a panic is reported in the log before the process dies of it. `program` is its
    /// name and version, `context` gives what is to be told of the moment (current client, current command):
    /// it is called in the dying process and had better be simple.
    pub fn install_crash_report(&self, program: &str, context: fn() -> String) -> io::Result<()> {
        crash::install(program, self.log.path().map(Into::into), context)
    }

    pub fn remove_crash_report(&self) {
        crash::uninstall();
    }

    /// The letter behind the pid in log lines: `M` primary, `S` replica, `X` sentinel.
    pub fn set_log_role(&mut self, letter: u8) {
        log::set_role(letter);
    }

    pub fn write_pidfile(&self, path: &Path) -> io::Result<()> {
        process::write_pidfile(path)
    }

    /// Removes it; that it is gone already is fine.
    pub fn remove_pidfile(&self, path: &Path) {
        let _ = std::fs::remove_file(path);
    }

    /// Removes what processes that are no more have left of their snapshots in the working directory; the names.
    pub fn remove_leftovers(&self) -> Vec<String> {
        disk::remove_leftovers(Path::new("."))
    }

    /// Binds the process to processors: `0-3,8`, `0-7:2`.
    pub fn bind_to_processors(&self, list: &str) -> io::Result<()> {
        affinity::bind(list)
    }

    /// The port of a TCP listener, chosen by the kernel if 0 was asked for.
    pub fn port(&self, listener: ListenerId) -> Option<u16> {
        self.net.port(listener)
    }
}

impl Clock for RealWorld {
    fn now(&self) -> Now {
        clock::now()
    }

    fn ticks(&self) -> fn() -> u64 {
        self.clocks.ticks
    }

    fn ticks_per_us(&self) -> u64 {
        self.clocks.per_us
    }
}

impl Entropy for RealWorld {
    fn fill(&mut self, bytes: &mut [u8]) {
        // Without it ids would repeat and hashes be guessable: not a world to go on in.
        getrandom::fill(bytes).expect("the kernel has randomness");
    }
}

impl Network for RealWorld {
    fn listen(&mut self, at: &Listen) -> io::Result<ListenerId> {
        self.net.listen(at)
    }

    fn unlisten(&mut self, listener: ListenerId) {
        self.net.unlisten(listener);
    }

    fn encrypt(&mut self, with: &Encryption) -> io::Result<()> {
        self.net.encrypt(with)
    }

    fn certificates(&self) -> CertificatesInUse {
        self.net.certificates()
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        events.clear();
        let woken = self.net.wait(timeout, events)?;
        for line in self.net.take_failures() {
            self.log.log(Level::Verbose, &line);
        }
        if woken.journal
            && let Some(journal) = &mut self.journal
        {
            journal.heard();
            events.push(Event::Journal);
        }
        if woken.signal
            && let Some(signals) = &mut self.signals
        {
            signals.take(events);
        }
        Ok(())
    }

    fn accept(&mut self, listener: ListenerId) -> io::Result<Option<Accepted>> {
        self.net.accept(listener)
    }

    fn recv(&mut self, conn: ConnId, into: &mut Vec<u8>, room: usize) -> Recv {
        self.net.recv(conn, into, room)
    }

    fn send(&mut self, conn: ConnId, slices: &[&[u8]]) -> Send {
        self.net.send(conn, slices)
    }

    fn want_room(&mut self, conn: ConnId, on: bool) {
        self.net.want_room(conn, on);
    }

    fn want_bytes(&mut self, conn: ConnId, on: bool) {
        self.net.want_bytes(conn, on);
    }

    fn keep_alive(&mut self, conn: ConnId, seconds: u32) {
        self.net.keep_alive(conn, seconds);
    }

    fn close(&mut self, conn: ConnId) {
        self.net.close(conn);
    }

    fn multiplexer(&self) -> &'static str {
        self.net.multiplexer()
    }
}

impl Disk for RealWorld {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        disk::read(path)
    }

    fn replace(&mut self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        disk::replace(path, bytes, mode)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        disk::remove(path)
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn io::Read + std::marker::Send>, Option<u64>)> {
        disk::open(path)
    }

    fn replace_with(&mut self, path: &Path, sync_every: u64, fill: &mut Fill<'_>) -> io::Result<()> {
        disk::replace_with(path, sync_every, fill)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        disk::list(folder)
    }

    fn make_folder(&mut self, path: &Path, mode: u32) -> io::Result<()> {
        disk::make_folder(path, mode)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        disk::rename(from, to)
    }

    fn truncate(&mut self, path: &Path, len: u64) -> io::Result<()> {
        disk::truncate(path, len)
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        disk::file_len(path)
    }

    fn lock(&mut self, folder: &Path) -> io::Result<()> {
        self.locks.lock(folder)
    }

    fn stream(&mut self, path: &Path, options: StreamOptions, pass: Pass) -> io::Result<Arc<dyn Stream>> {
        self.streams.begin(path, options, pass)
    }

    fn end_stream(&mut self, whole: bool) {
        self.streams.finish(whole);
    }

    fn stream_outcome(&mut self) -> Option<Result<(), String>> {
        self.streams.outcome()
    }

    fn enter(&mut self, path: &Path) -> io::Result<()> {
        disk::enter(path)
    }

    fn here(&self) -> PathBuf {
        disk::here()
    }
}

impl world::Journal for RealWorld {
    fn journal_open(&mut self, path: &Path, reserve: u64) -> io::Result<u64> {
        if let Some(journal) = &mut self.journal {
            return journal.open(path, reserve);
        }
        let mut journal = Journal::start(Box::new(RealFiles))?;
        let len = journal.open(path, reserve)?;
        self.net.watch_journal(journal.fd())?;
        self.journal = Some(journal);
        Ok(len)
    }

    fn journal_append(&mut self, bytes: &[u8]) {
        if let Some(journal) = &mut self.journal {
            journal.append(bytes);
        }
    }

    fn journal_sync(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.sync();
        }
    }

    fn journal_retry(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.retry();
        }
    }

    fn journal_finish(&mut self) -> io::Result<()> {
        self.journal.as_mut().map_or(Ok(()), Journal::finish)
    }

    fn journal_close(&mut self) -> io::Result<()> {
        self.journal.as_mut().map_or(Ok(()), Journal::close)
    }

    fn journal(&self) -> JournalState {
        self.journal.as_ref().map(Journal::state).unwrap_or_default()
    }
}

impl Process for RealWorld {
    fn pid(&self) -> u32 {
        process::pid()
    }

    fn used_memory(&self) -> u64 {
        alloc_count::used()
    }

    fn memory(&self) -> MemoryFacts {
        process::memory()
    }

    fn cpu(&self) -> CpuTimes {
        sys::cpu_times()
    }

    fn allocator(&self) -> String {
        alloc_count::name()
    }

    fn purge(&mut self) {
        alloc_count::purge();
    }

    fn os(&self) -> String {
        process::os()
    }

    fn executable(&self) -> PathBuf {
        self.executable.clone()
    }

    fn title(&mut self, title: &str) {
        self.title.set(title);
    }

    fn open_files(&mut self, wanted: u64) -> u64 {
        process::open_files(wanted)
    }

    fn oom_score(&self) -> io::Result<i32> {
        process::oom_score()
    }

    fn set_oom_score(&mut self, own: i32, of_children: Option<i32>) -> io::Result<()> {
        process::set_oom_score(own)?;
        self.children.oom_score = of_children;
        Ok(())
    }

    fn notify(&mut self, message: &str) {
        notify::notify(message);
    }

    fn sleep(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    fn forget_signals(&mut self) {
        if let Some(signals) = &self.signals {
            signals.forget();
        }
    }

    fn sleeper(&self) -> fn(Duration) {
        std::thread::sleep
    }

    fn drop_later(&mut self, value: Box<dyn Any + std::marker::Send>) {
        self.later.drop(value);
    }

    fn fork(&mut self, job: &mut dyn FnMut(&dyn Child) -> bool) -> io::Result<u32> {
        self.children.fork(job)
    }

    fn child_news(&mut self, news: &mut Vec<ChildNews>) {
        self.children.news(news);
    }

    fn end_child(&mut self) {
        self.children.end();
    }

    fn drops_pending(&self) -> usize {
        self.later.pending()
    }
}

impl Log for RealWorld {
    fn log(&mut self, level: Level, line: &str) {
        self.log.log(level, line);
    }

    fn set_level(&mut self, level: Level) {
        self.log.set_level(level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{child, text};
    use world::{Signal, World};

    #[test]
    fn it_is_a_world() {
        let mut real = RealWorld::new(&Options { level: Level::Nothing, ..Options::default() }).unwrap();
        let world: &mut dyn World = &mut real;
        let mut bytes = [0; 32];
        world.fill(&mut bytes);
        assert_ne!(bytes, [0; 32]);
        let mut events = vec![Event::Signal(Signal::Terminate)];
        world.wait(Some(Duration::ZERO), &mut events).unwrap();
        assert_eq!(events, []);
    }

    #[test]
    fn a_multiplexer_can_be_chosen() {
        for name in Backend::AVAILABLE.iter().map(|backend| backend.name()) {
            let options = Options { multiplexer: Some(name), ..Options::default() };
            assert_eq!(RealWorld::new(&options).unwrap().multiplexer(), name);
        }
        let options = Options { multiplexer: Some("pigeon"), ..Options::default() };
        assert!(RealWorld::new(&options).is_err());
    }

    #[test]
    fn a_signal_ends_the_wait() {
        let output = child("real::tests::signal_in_a_child").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn signal_in_a_child() {
        let mut world = RealWorld::new(&Options::default()).unwrap();
        world.install_signals().unwrap();
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(30));
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
        });
        let mut events = Vec::new();
        while events.is_empty() {
            world.wait(None, &mut events).unwrap();
        }
        assert_eq!(events, [Event::Signal(Signal::Terminate)]);
    }
}
