//! A server with an append-only file that dies again and again, and what its clients find when it is back.
//!
//! ```text
//!   life      starts on the disk that the last one left, loads, serves; files are rewritten, the disk fills up or fails
//!   death     at any operation of the disk: the process is killed, or the power goes
//!   promised  killed                   all that was answered
//!             power, always            all that was answered
//!             power, everysec          all that was answered a second ago (with syncs that take up to 200 ms)
//!             any time                 the state after some number of a client's writes, and it starts
//! ```

mod writer;

use std::fmt;

use config::choices::Appendfsync;
use engine::host::JournalFailureKind;
use fastrand::Rng;
use server::{Running, Server};
use testkit::resp;
use world::{Clock, ConnId, Now, Signal};

use crate::disk::SimDisk;
use crate::run::{Failure, engine_of};
use crate::{SimWorld, network::Weather};
use writer::Writer;

/// Turns of a server that is up, or loads, after which a run is given up.
const PATIENCE: usize = 50_000;
/// Lines of the log, of all lives, that a failure shows.
const LOG_LINES: usize = 120;
/// What `everysec` may lose.
const EVERYSEC_US: u64 = 1_000_000;

/// What a run was like.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Report {
    pub lives: usize,
    pub power_cuts: usize,
    pub written: usize,
    pub refused: usize,
    pub rewrites: u64,
    pub failed_syncs: usize,
    /// Virtual time.
    pub ms: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { lives, power_cuts, written, refused, rewrites, failed_syncs, ms } = self;
        write!(f, "{lives} lives ({power_cuts} power cuts), {written} writes, {refused} refused, ")?;
        write!(f, "{rewrites} rewrites, {failed_syncs} failed syncs, {ms} ms")
    }
}

impl std::ops::AddAssign for Report {
    fn add_assign(&mut self, other: Report) {
        self.lives += other.lives;
        self.power_cuts += other.power_cuts;
        self.written += other.written;
        self.refused += other.refused;
        self.rewrites += other.rewrites;
        self.failed_syncs += other.failed_syncs;
        self.ms += other.ms;
    }
}

/// Runs a seed.
pub fn run(seed: u64) -> Result<Report, Box<Failure>> {
    let mut play = Play::new(seed);
    match play.play_out() {
        Ok(()) => Ok(play.report),
        Err(why) => {
            let why = format!("durability, {:?}: {why}", play.mode);
            Err(Box::new(Failure { seed, option: "--durability ", why, log: std::mem::take(&mut play.log) }))
        }
    }
}

struct Play {
    rng: Rng,
    mode: Appendfsync,
    /// Syncs may take longer than what `everysec` allows for.
    slow: bool,
    config: config::Config,
    writers: Vec<Writer>,
    now: Now,
    /// When a server was up last.
    up_us: u64,
    /// What was logged lately.
    log: Vec<String>,
    report: Report,
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Killed,
    PowerCut,
    /// SIGTERM, when everybody was heard.
    Asked,
}

impl Play {
    fn new(seed: u64) -> Play {
        let mut rng = Rng::with_seed(seed ^ 0xD15C);
        let mode = [Appendfsync::Always, Appendfsync::Everysec, Appendfsync::No][rng.usize(..3)];
        let config = config::Config {
            appendonly: true,
            appendfsync: mode,
            aof_use_rdb_preamble: rng.bool(),
            aof_timestamp_enabled: rng.u8(..4) == 0,
            auto_aof_rewrite_min_size: rng.u64(500..20_000),
            save: Default::default(),
            ..Default::default()
        };
        let writers = (0..rng.usize(1..8)).map(|number| Writer::new(number, rng.u64(..))).collect();
        let now = Now { wall_us: 1_750_000_000_000_000, mono_us: 1_000_000 };
        let slow = rng.u8(..4) == 0;
        Play { rng, mode, slow, config, writers, now, up_us: 0, log: Vec::new(), report: Report::default() }
    }

    fn play_out(&mut self) -> Result<(), String> {
        let mut disk = SimDisk::default();
        disk.faults.sync_us = [50, 2_000, 20_000, 200_000][self.rng.usize(..4)];
        if self.slow {
            disk.faults.sync_us = 1_500_000;
        }
        for _ in 0..self.rng.usize(2..6) {
            let end = if self.rng.bool() { End::Killed } else { End::PowerCut };
            disk = self.live(disk, end)?;
        }
        disk = self.live(disk, End::Asked)?;
        self.live(disk, End::Asked).map(drop)
    }

    /// One life of the server. What is left of the disk.
    fn live(&mut self, disk: SimDisk, end: End) -> Result<SimDisk, String> {
        let mut world = SimWorld::with_disk(self.rng.u64(..), disk, self.now);
        world.weather = Weather { resets: 0, piece: 100_000, window: 1 << 20, ..world.weather };
        let engine = engine_of(self.config.clone(), commands::registry(), &mut self.rng, &world);
        let mut life = Life {
            server: Server::new(engine),
            world,
            control: None,
            end,
            began_us: 0,
            unsynced_since_us: None,
        };
        let lived = self.live_through(&mut life);
        self.now = life.world.now();
        self.report.lives += 1;
        self.report.rewrites += life.server.engine.server.aof.rewrite.count;
        self.report.written = self.writers.iter().map(|writer| writer.written).sum();
        self.report.refused = self.writers.iter().map(|writer| writer.refused).sum();
        self.report.ms = self.now.mono_us / 1000;
        self.log.append(&mut life.world.log);
        self.log.push(format!("{:>12} --- {end:?}", self.now.mono_us));
        self.log.drain(..self.log.len().saturating_sub(LOG_LINES));
        if let Err(why) = lived {
            return Err(format!("life {}, {end:?}: {why}", self.report.lives));
        }
        Ok(self.after(life))
    }

    fn live_through(&mut self, life: &mut Life) -> Result<(), String> {
        life.server.begin_loading(&mut life.world).map_err(|why| format!("it does not start: {why}"))?;
        life.server.listen(&mut life.world)?;
        let mut turns = 0;
        while life.server.is_loading() {
            life.turn()?;
            turns += 1;
            if turns > PATIENCE {
                return Err("it loads for ever".to_owned());
            }
        }
        life.began_us = life.world.now().mono_us;
        if life.end == End::Asked { self.live_well(life) } else { self.live_dangerously(life) }
    }

    /// Everybody finds what must be there and writes some more; then the server is asked to end.
    fn live_well(&mut self, life: &mut Life) -> Result<(), String> {
        let wanted: Vec<usize> = self.writers.iter().map(|writer| writer.written + 20).collect();
        let mut turns = 0;
        while self.writers.iter().zip(&wanted).any(|(writer, wanted)| writer.written < *wanted) {
            life.turn()?;
            life.writers_act(&mut self.writers, true)?;
            turns += 1;
            if turns > PATIENCE {
                return Err("nobody can write any more".to_owned());
            }
        }
        life.world.signal(Signal::Terminate);
        for _ in 0..1000 {
            if life.server.turn(&mut life.world).map_err(|error| error.to_string())? == Running::Stopping {
                return Ok(());
            }
            life.writers_act(&mut self.writers, false)?;
        }
        Err("SIGTERM does not stop the server".to_owned())
    }

    fn live_dangerously(&mut self, life: &mut Life) -> Result<(), String> {
        let until_us = life.began_us + self.rng.u64(1_000..6_000_000);
        if self.rng.bool() {
            life.world.disk.ops_left = Some(self.rng.u64(..600));
        }
        if self.rng.bool() {
            life.world.disk.faults.replacing = 10;
        }
        while !life.world.disk.dead && life.world.now().mono_us < until_us {
            self.trouble(life);
            life.turn()?;
            if life.world.disk.dead {
                break;
            }
            life.writers_act(&mut self.writers, true)?;
        }
        life.world.disk.dead = true;
        Ok(())
    }

    /// Something happens to the disk, or a rewrite is asked for.
    fn trouble(&mut self, life: &mut Life) {
        let faults = &mut life.world.disk.faults;
        match self.rng.u32(..4_000) {
            0..3 => faults.room = Some(self.rng.u64(..30_000)),
            3 => faults.write_fails = true,
            4 => {
                self.report.failed_syncs += 1;
                faults.sync_fails = true;
            }
            5..40 => (faults.room, faults.write_fails) = (None, false),
            40..60 => life.rewrite(),
            _ => {}
        }
    }

    /// What the end of a life does to the disk, and to what the writers may rely on.
    fn after(&mut self, mut life: Life) -> SimDisk {
        if life.began_us > 0 {
            self.up_us = life.world.now().mono_us;
        }
        // What was written before, and nobody could sync since, is as old as that.
        let up_us = self.up_us;
        let before_us = match (life.end, self.mode) {
            (End::Killed | End::Asked, _) | (End::PowerCut, Appendfsync::Always) => u64::MAX,
            (End::PowerCut, Appendfsync::Everysec) if !self.slow => {
                // While syncs fail, and there is no other file yet, nobody can do anything.
                life.unsynced_since_us.unwrap_or(up_us).saturating_sub(EVERYSEC_US)
            }
            (End::PowerCut, _) => 0,
        };
        self.writers.iter_mut().for_each(|writer| writer.server_died(before_us));
        life.world.disk.revive();
        if life.end == End::PowerCut {
            self.report.power_cuts += 1;
            life.world.disk.lose_power(&mut self.rng);
        }
        std::mem::take(&mut life.world.disk)
    }
}

struct Life {
    server: Server,
    world: SimWorld,
    /// Who asks for rewrites.
    control: Option<ConnId>,
    end: End,
    began_us: u64,
    /// Since when a sync that failed was not made up for.
    unsynced_since_us: Option<u64>,
}

impl Life {
    fn turn(&mut self) -> Result<(), String> {
        let turned = self.server.turn(&mut self.world);
        let failure = self.server.engine.server.aof.health.failure();
        let now_us = self.world.now().mono_us;
        self.unsynced_since_us = failure
            .filter(|failure| failure.kind == JournalFailureKind::Sync)
            .map(|_| self.unsynced_since_us.unwrap_or(now_us));
        if self.world.disk.dead {
            return Ok(());
        }
        match turned {
            Ok(Running::Yes) => Ok(()),
            Ok(Running::Stopping) => Err("the server stopped, unasked".to_owned()),
            Err(error) => Err(format!("the loop failed: {error}")),
        }
    }

    fn writers_act(&mut self, writers: &mut [Writer], writes: bool) -> Result<(), String> {
        let calm = self.server.engine.server.aof.health.failure().is_none();
        writers.iter_mut().try_for_each(|writer| writer.act(&mut self.world, writes, calm))
    }

    fn rewrite(&mut self) {
        if self.control.is_none() {
            self.control = self.world.connect();
        }
        if let Some(conn) = self.control {
            // Whatever it answers, and whether it does.
            let _ = self.world.client_receive(conn, usize::MAX);
            self.world.client_send(conn, &resp::request(&[b"BGREWRITEAOF"]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::run;

    /// Seeds of every day; `cargo run -p sim -- --durability` has more.
    const SEEDS: u64 = 30;

    /// Seeds that found something once.
    const KEPT: &[u64] = &[];

    #[test]
    fn no_death_loses_what_was_promised() {
        for seed in (0..SEEDS).chain(KEPT.iter().copied()) {
            if let Err(failure) = run(seed) {
                panic!("{failure}");
            }
        }
    }

    #[test]
    fn the_same_seed_dies_the_same_deaths() {
        for seed in [1, 2] {
            assert_eq!(run(seed).ok(), run(seed).ok());
        }
    }
}
