//! `cargo x side`: the workloads of `benches/definitions` played on two programs, in turns.
//!
//! A turn is the same for both: so many seconds of rounds, in which all connections send and then all read. One thread
//! plays all clients, so the requests per second are what server and player can do together; the **processor time of the
//! server for a request** is its own, and that is what counts. Figures are medians over the turns.
//!
//! A and B take turns (A B, B A, …), so that what else the machine does meets both alike.

mod tls;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::load::client::{self, Dice, Stage};
use crate::load::definition::{Definition, Workload};
use crate::load::server::Server;
use crate::tree::Tree;

const DEFINITION: &str = "benches/definitions/instructions.toml";
/// Rounds of requests that are made beforehand, so that making them costs nothing when it counts.
const MADE: usize = 16;

struct Wish {
    programs: [PathBuf; 2],
    only: Vec<String>,
    rounds: usize,
    turn: Duration,
    /// What loads servers over TLS; then that is all that is measured.
    tls: Option<PathBuf>,
}

fn wish(args: &[String]) -> Result<Wish, String> {
    let mut wish = Wish {
        programs: [PathBuf::new(), PathBuf::new()],
        only: Vec::new(),
        rounds: 5,
        turn: Duration::from_secs(1),
        tls: None,
    };
    let mut args = args.iter();
    while let Some(option) = args.next() {
        let value = args.next().ok_or(format!("{option} wants a value"))?;
        let number = || value.parse::<usize>().map_err(|_| format!("{option}: {value} is no number"));
        match option.as_str() {
            "--a" => wish.programs[0] = PathBuf::from(value),
            "--b" => wish.programs[1] = PathBuf::from(value),
            "--tls" => wish.tls = Some(PathBuf::from(value)),
            "--only" => wish.only = value.split(',').map(str::to_owned).collect(),
            "--rounds" => wish.rounds = number()?.max(1),
            "--seconds" => wish.turn = Duration::from_secs(number()? as u64),
            other => {
                return Err(format!(
                    "{other}: not known; --a, --b, --only, --rounds, --seconds and --tls are"
                ));
            }
        }
    }
    match wish.programs.iter().find(|program| !program.exists()) {
        Some(missing) => Err(format!("--a and --b want programs, and {missing:?} is none")),
        None => Ok(wish),
    }
}

pub fn run(args: &[String]) -> Result<(), String> {
    let wish = wish(args)?;
    let tree = Tree::read()?;
    let definition = Definition::parse(tree.get(DEFINITION).ok_or(format!("{DEFINITION} is missing"))?)?;
    println!(
        "{:14} {:>3} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8}",
        "workload", "P", "A req/s", "B req/s", "A/B", "A cpu us", "B cpu us", "B/A"
    );
    if let Some(player) = &wish.tls {
        return tls::run(&wish, player, &definition);
    }
    for workload in &definition.workloads {
        if !wish.only.is_empty() && !wish.only.contains(&workload.name) {
            continue;
        }
        for pipeline in &definition.pipelines {
            let figures = compare(&wish, &definition, workload, *pipeline)
                .map_err(|why| format!("{} at P={pipeline}: {why}", workload.name))?;
            print(&workload.name, *pipeline, &figures);
        }
    }
    Ok(())
}

fn print(name: &str, pipeline: usize, [a, b]: &[Figures; 2]) {
    println!(
        "{name:14} {pipeline:>3} {:>10.0} {:>10.0} {:>8.2} {:>8.3} {:>8.3} {:>8.2}",
        a.per_second,
        b.per_second,
        a.per_second / b.per_second,
        a.cpu_us,
        b.cpu_us,
        b.cpu_us / a.cpu_us
    );
}

#[derive(Clone, Copy)]
struct Figures {
    per_second: f64,
    /// Processor time of the server for a request, microseconds.
    cpu_us: f64,
}

/// The medians of both programs.
fn compare(
    wish: &Wish,
    definition: &Definition,
    workload: &Workload,
    pipeline: usize,
) -> Result<[Figures; 2], String> {
    let begin = |program: &Path| -> Result<Player<'_>, String> {
        let server = Server::start(program, &definition.options)?;
        let stage = Stage::prepare(server.port, definition, workload).map_err(|error| error.to_string())?;
        Ok(Player { server, stage, workload, pipeline, made: made(definition, workload, pipeline) })
    };
    let mut players = [begin(&wish.programs[0])?, begin(&wish.programs[1])?];
    let mut figures = [Vec::new(), Vec::new()];
    for round in 0..=wish.rounds {
        for turn in 0..2 {
            let who = (round + turn) % 2;
            let got = players[who].play(wish.turn)?;
            // The first round warms up.
            if round > 0 {
                figures[who].push(got);
            }
        }
    }
    Ok(figures.map(|figures| median(&figures)))
}

/// What each connection sends in each of the rounds made beforehand.
fn made(definition: &Definition, workload: &Workload, pipeline: usize) -> Vec<Vec<Vec<u8>>> {
    let mut dice = Dice(1);
    let mut request = || client::bytes(&workload.request, definition, || dice.below(definition.keys));
    let mut connection = || std::iter::repeat_with(&mut request).take(pipeline).flatten().collect();
    let mut round = || std::iter::repeat_with(&mut connection).take(definition.connections).collect();
    std::iter::repeat_with(&mut round).take(MADE).collect()
}

struct Player<'a> {
    server: Server,
    stage: Stage,
    workload: &'a Workload,
    pipeline: usize,
    made: Vec<Vec<Vec<u8>>>,
}

impl Player<'_> {
    fn play(&mut self, turn: Duration) -> Result<Figures, String> {
        let (began, cpu_before) = (Instant::now(), self.server.cpu_ns()?);
        let mut requests = 0;
        for made in self.made.iter().cycle() {
            let sent = self.stage.round(self.workload, self.pipeline, None, |number| made[number].clone());
            sent.map_err(|error| error.to_string())?;
            requests += self.stage.peers.len() * self.pipeline;
            if began.elapsed() >= turn {
                break;
            }
        }
        let cpu_ns = self.server.cpu_ns()?.saturating_sub(cpu_before);
        Ok(Figures {
            per_second: requests as f64 / began.elapsed().as_secs_f64(),
            cpu_us: cpu_ns as f64 / 1000.0 / requests as f64,
        })
    }
}

fn median(figures: &[Figures]) -> Figures {
    let of = |one: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = figures.iter().map(one).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Figures { per_second: of(|one| one.per_second), cpu_us: of(|one| one.cpu_us) }
}
