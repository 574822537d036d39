//! One run: a server, its world, its clients, until all is asked and answered.

use std::collections::BTreeSet;
use std::fmt;

use engine::engine::Setup;
use engine::{Engine, Seed};
use fastrand::Rng;
use server::{Running, Server};

use world::{Clock, Signal};

use crate::SimWorld;
use crate::client::Client;

/// Turns without an answer to anybody after which a run is given up. A long value on a bad day takes thousands.
const PATIENCE: usize = 100_000;

/// What a run was like.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Report {
    pub turns: usize,
    pub answers: usize,
    /// Virtual time.
    pub ms: i64,
}

/// What went wrong, and how to see it again.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    /// What `cargo run -p sim --` is given besides the seed.
    pub option: &'static str,
    pub why: String,
    pub log: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}: {}\nagain: cargo run -p sim -- {}--seed {}",
            self.seed, self.why, self.option, self.seed
        )?;
        self.log.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

/// Runs a seed.
pub fn run(seed: u64) -> Result<Report, Box<Failure>> {
    let mut world = SimWorld::new(seed);
    match Play::new(seed, &mut world).and_then(|mut play| play.play_out(&mut world)) {
        Ok(report) => Ok(report),
        Err(why) => {
            let why = format!("{why}\n{:?}", world.weather);
            Err(Box::new(Failure { seed, option: "", why, log: std::mem::take(&mut world.log) }))
        }
    }
}

struct Play {
    server: Server,
    clients: Vec<Client>,
    began_us: i64,
}

impl Play {
    fn new(seed: u64, world: &mut SimWorld) -> Result<Play, String> {
        let mut dice = Rng::with_seed(seed ^ 0x5EED);
        let mut server = Server::new(engine(&mut dice, world));
        server.listen(world)?;
        let clients =
            (0..dice.usize(1..12)).map(|number| Client::new(number, dice.u64(..), dice.usize(10..600)));
        Ok(Play { clients: clients.collect(), server, began_us: world.now().wall_us })
    }

    fn play_out(&mut self, world: &mut SimWorld) -> Result<Report, String> {
        let (mut turns, mut answers, mut quiet) = (0, 0, 0);
        while !self.clients.iter().all(Client::done) {
            self.turn(world)?;
            turns += 1;
            let before = std::mem::replace(&mut answers, self.answers());
            quiet = if answers > before { 0 } else { quiet + 1 };
            if quiet > PATIENCE {
                let stuck: Vec<String> =
                    self.clients.iter().filter(|c| !c.done()).map(Client::waiting).collect();
                return Err(format!("nothing happens any more, after {turns} turns:\n{}", stuck.join("\n")));
            }
        }
        self.check_counter()?;
        self.stop(world)?;
        Ok(Report { turns, answers, ms: (world.now().wall_us - self.began_us) / 1000 })
    }

    fn answers(&self) -> usize {
        self.clients.iter().map(|client| client.answers).sum()
    }

    fn turn(&mut self, world: &mut SimWorld) -> Result<(), String> {
        let running = self.server.turn(world).map_err(|error| format!("the loop failed: {error}"))?;
        if running != Running::Yes {
            return Err("the server stopped, unasked".to_owned());
        }
        self.clients.iter_mut().try_for_each(|client| client.act(world))
    }

    /// No two clients were told the same count.
    fn check_counter(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        let counts = self.clients.iter().flat_map(|client| &client.counted);
        match counts.copied().find(|count| !seen.insert(*count)) {
            Some(twice) => Err(format!("the shared counter answered {twice} twice")),
            None => Ok(()),
        }
    }

    fn stop(&mut self, world: &mut SimWorld) -> Result<(), String> {
        world.signal(Signal::Terminate);
        for _ in 0..100 {
            if self.server.turn(world).map_err(|error| error.to_string())? == Running::Stopping {
                return Ok(());
            }
        }
        Err("SIGTERM does not stop the server".to_owned())
    }
}

fn engine(dice: &mut Rng, world: &SimWorld) -> Engine {
    engine_with(commands::registry(), dice, world)
}

/// An engine with these commands.
pub(crate) fn engine_with(registry: engine::Registry, dice: &mut Rng, world: &SimWorld) -> Engine {
    // The simulated disk has no room: nothing is to be saved at the end.
    let config = config::Config { maxclients: 1000, save: Default::default(), ..Default::default() };
    engine_of(config, registry, dice, world)
}

/// An engine with this configuration.
pub(crate) fn engine_of(
    config: config::Config,
    registry: engine::Registry,
    dice: &mut Rng,
    world: &SimWorld,
) -> Engine {
    let now = world.now();
    Engine::new(Setup {
        config,
        config_file: None,
        registry,
        seed: Seed { k0: dice.u64(..), k1: dice.u64(..) },
        dice: dice.u64(..),
        ticks: world.ticks(),
        ticks_per_us: world.ticks_per_us(),
        wall_us: now.wall_us,
        mono_us: now.mono_us,
    })
}
