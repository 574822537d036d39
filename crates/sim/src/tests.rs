use engine::{Arity, Command, Flags, Registry, Type, Wait};
use server::Server;

use crate::run::engine_with;
use crate::{SimWorld, run};

/// Seeds of every day; `cargo run -p sim` has more.
const SEEDS: u64 = 40;

/// Seeds that found something once.
const KEPT: &[u64] = &[];

#[test]
fn no_seed_finds_a_wrong_answer() {
    for seed in (0..SEEDS).chain(KEPT.iter().copied()) {
        if let Err(failure) = run(seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [1, 2, 3] {
        assert_eq!(run(seed).ok(), run(seed).ok());
    }
}

/// `WAITFOR key seconds`: waits, whatever is there.
static WAITFOR: &[Command] = &[Command {
    name: "WAITFOR",
    arity: Arity::Exactly(3),
    flags: Flags::WRITE.and(Flags::BLOCKING),
    run: |ctx| {
        let timeout = ctx.timeout_seconds(2)?;
        ctx.block(Wait::for_keys(1..2, Type::List, timeout))
    },
    ..Command::BLANK
}];

/// How many microseconds after its deadline a client that waits is answered.
fn lateness_us(seed: u64, request: &str) -> u64 {
    let mut world = SimWorld::new(seed);
    let mut dice = fastrand::Rng::with_seed(seed);
    let registry = Registry::new(&[commands::lists(), vec![WAITFOR]].concat());
    let mut server = Server::new(engine_with(registry, &mut dice, &world));
    server.listen(&mut world).unwrap();
    let conn = world.connect().unwrap();
    world.client_send(conn, request.as_bytes());
    let mut deadline_us = None;
    for _ in 0..10_000 {
        server.turn(&mut world).unwrap();
        let now_us = server.engine.server.mono_us;
        match (deadline_us, server.engine.server.blocked.first_deadline_us()) {
            (Some(deadline_us), None) => return now_us - deadline_us,
            (_, waiting) => deadline_us = waiting,
        }
    }
    panic!("seed {seed}: {request} waits for ever");
}

#[test]
fn the_loop_wakes_when_somebody_has_waited_long_enough() {
    for seed in 0..50 {
        let ms = 5 + seed % 90;
        let late_us = lateness_us(seed, &format!("WAITFOR k {}\r\n", ms as f64 / 1000.0));
        assert!(late_us < 2_000, "seed {seed}: {late_us} us late");
    }
}
