//! PFSELFTEST: whether registers keep what is set, and whether estimates are good.

use engine::{Arity, Command, CommandError, Ctx, Flags, Result};
use structures::hyperloglog::{self, HEADER, REGISTERS, Registers, Vote, dense};

use super::{HYPERLOGLOG, corrupt};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "PFSELFTEST",
    summary: "Tests the HyperLogLogs of this server with random elements; nothing is served meanwhile.",
    arity: Arity::Exactly(1),
    flags: Flags::ADMIN.and(Flags::SYSTEM),
    reply: "OK",
    complexity: "a million elements",
    run: selftest,
    ..HYPERLOGLOG
}];

/// How often all registers are set.
const CYCLES: usize = 100;
const ELEMENTS: u64 = 1_000_000;

fn selftest(ctx: &mut Ctx<'_>) -> Result {
    let limit = ctx.server.config.hll_sparse_max_bytes;
    let rng = &mut ctx.keyspace.env.rng;
    registers_keep(&mut || rng.u8(0..64))?;
    estimates_are_good(rng.u64(..), limit)?;
    ctx.ok()
}

/// Neighbours are not touched, and what was raised is read.
fn registers_keep(dice: &mut impl FnMut() -> u8) -> Result {
    let mut packed = vec![0; dense::LEN];
    for _ in 0..CYCLES {
        packed.fill(0);
        let expected: Vec<u8> = (0..REGISTERS).map(|_| dice()).collect();
        for (index, rank) in expected.iter().enumerate() {
            dense::raise(&mut packed, index, *rank);
        }
        let bad = expected.iter().enumerate().find(|(index, rank)| dense::get(&packed, *index) != **rank);
        if let Some((index, rank)) = bad {
            let got = dense::get(&packed, index);
            let line = format!("TESTFAILED Register {index} should be {rank} but is {got}");
            return Err(CommandError::told(line));
        }
    }
    Ok(())
}

/// Dense and sparse ones agree, and are no further off than six times the standard error.
fn estimates_are_good(seed: u64, limit: u64) -> Result {
    let mut sparse = hyperloglog::empty();
    let mut dense = Registers::new().dense(&sparse[..HEADER]);
    let mut checkpoint = 1;
    for n in 1..=ELEMENTS {
        let vote = Vote::of(&(n ^ seed).to_le_bytes());
        hyperloglog::raise_dense(&mut dense, vote);
        hyperloglog::set(&mut sparse, vote, limit).map_err(corrupt)?;
        if n == checkpoint {
            let estimate = hyperloglog::count(&dense).map_err(corrupt)?;
            if hyperloglog::count(&sparse).map_err(corrupt)? != estimate {
                return Err(CommandError::Line("TESTFAILED dense/sparse disagree"));
            }
            let error = estimate.abs_diff(n);
            if error > tolerance(n) {
                let line = format!("TESTFAILED Too big error. card:{n} abserr:{error}");
                return Err(CommandError::told(line));
            }
            checkpoint *= 10;
        }
    }
    Ok(())
}

/// Of ten elements two may fall into one register.
fn tolerance(elements: u64) -> u64 {
    match elements {
        10 => 1,
        _ => (6.0 * 1.04 / 128.0 * elements as f64).ceil() as u64,
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn the_test_passes() {
        check(
            r#"
            > PFSELFTEST
            +OK
            > PFSELFTEST x
            -ERR wrong number of arguments for 'pfselftest' command
            "#,
        );
    }
}
