//! PFDEBUG: how a HyperLogLog is encoded, for tests.
//!
//! *Not here*: `PFDEBUG SIMD`. There is one way of computing, which needs no switch.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, KeySpec, Result};
use keyspace::Key;
use structures::hyperloglog::{Encoding, Op, Registers, sparse, to_dense};

use super::{CHANGES, HYPERLOGLOG, bytes_of, corrupt, store};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "PFDEBUG",
    summary: "Shows the registers (`GETREG`), the runs (`DECODE`) or the encoding (`ENCODING`) of a HyperLogLog, or \
              makes it dense (`TODENSE`).",
    arity: Arity::Exactly(3),
    flags: CHANGES.and(Flags::ADMIN).and(Flags::SYSTEM),
    keys: &[KeySpec::at(2).rw().access()],
    args: &[Arg::string("subcommand"), Arg::key("key")],
    reply: "by subcommand: 16384 integers; a text; dense or sparse; 1 if it was sparse, else 0",
    complexity: "O(1)",
    run: pfdebug,
    ..HYPERLOGLOG
}];

fn pfdebug(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(2);
    let Some(entry) = ctx.db().write(key) else {
        return Err(CommandError::Line("ERR The specified key does not exist"));
    };
    let (_, encoding) = bytes_of(entry)?;
    if ctx.is(1, "GETREG") {
        get_registers(ctx, key)
    } else if ctx.is(1, "DECODE") {
        decode(ctx, key)
    } else if ctx.is(1, "ENCODING") {
        ctx.client.out.simple(if encoding == Encoding::Dense { "dense" } else { "sparse" });
        Ok(())
    } else if ctx.is(1, "TODENSE") {
        let changed = make_dense(ctx, key)?;
        ctx.int(i64::from(changed))
    } else {
        let word = String::from_utf8_lossy(ctx.argv.at(1));
        Err(CommandError::told(format!("ERR Unknown PFDEBUG subcommand '{word}'")))
    }
}

/// Calls with the bytes under a key that has been looked up.
fn with<T>(ctx: &mut Ctx<'_>, key: Key<'_>, call: impl FnOnce(&[u8], Encoding) -> Result<T>) -> Result<T> {
    let Some(entry) = ctx.db().write(key) else { return Err(CommandError::NoSuchKey) };
    let (bytes, encoding) = bytes_of(entry)?;
    call(bytes, encoding)
}

/// The registers of what is dense from then on.
fn get_registers(ctx: &mut Ctx<'_>, key: Key<'_>) -> Result {
    make_dense(ctx, key)?;
    let mut registers = Registers::new();
    with(ctx, key, |bytes, _| registers.merge(bytes).map_err(corrupt))?;
    ctx.client.out.array(registers.iter().len());
    for register in registers.iter() {
        ctx.client.out.integer(i64::from(register));
    }
    ctx.client.out.settle();
    Ok(())
}

/// `z:n` and `Z:n` for zeros in one and two bytes, `v:rank,n` for the rest.
fn decode(ctx: &mut Ctx<'_>, key: Key<'_>) -> Result {
    let runs = with(ctx, key, |bytes, encoding| match encoding {
        Encoding::Dense => Err(CommandError::Line("ERR HLL encoding is not sparse")),
        Encoding::Sparse => sparse::ops(bytes).collect::<std::result::Result<Vec<_>, _>>().map_err(corrupt),
    })?;
    let shown: Vec<String> = runs
        .into_iter()
        .map(|op| match op {
            Op::Zeros { run } => format!("z:{run}"),
            Op::ManyZeros { run } => format!("Z:{run}"),
            Op::Ranks { rank, run } => format!("v:{rank},{run}"),
        })
        .collect();
    ctx.bulk(shown.join(" ").as_bytes())
}

/// True if it was not.
fn make_dense(ctx: &mut Ctx<'_>, key: Key<'_>) -> Result<bool> {
    let dense = with(ctx, key, |bytes, encoding| match encoding {
        Encoding::Dense => Ok(None),
        Encoding::Sparse => to_dense(bytes).map(Some).map_err(corrupt),
    })?;
    if let Some(bytes) = &dense {
        store(ctx, key, bytes);
        // Told to replicas, since the bytes differ now; no event.
        ctx.outcome.dirty += 1;
    }
    Ok(dense.is_some())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn encodings_are_shown_and_changed() {
        check(
            r#"
            > PFADD h a b c
            :1
            > PFDEBUG ENCODING h
            +sparse
            > PFDEBUG decode h
            "Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603"
            > PFADD h 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
            :1
            > PFDEBUG DECODE h
            "Z:495 v:2,1 Z:1042"*
            > PFCOUNT h
            :23
            > PFDEBUG TODENSE h
            :1
            > GETRANGE h 0 15
            "HYLL\x00\x00\x00\x00\x17\x00\x00\x00\x00\x00\x00\x00"
            > PFDEBUG TODENSE h
            :0
            > PFDEBUG ENCODING h
            +dense
            > PFDEBUG DECODE h
            -ERR HLL encoding is not sparse
            > PFCOUNT h
            :23
            "#,
        );
    }

    #[test]
    fn what_cannot_be_shown_is_told() {
        check(
            r#"
            > PFDEBUG GETREG nope
            -ERR The specified key does not exist
            > PFDEBUG FOO nope
            -ERR The specified key does not exist
            > SET k v
            +OK
            > PFDEBUG ENCODING k
            -WRONGTYPE Key is not a valid HyperLogLog string value.
            > PFADD h
            :1
            > PFDEBUG FOO h
            -ERR Unknown PFDEBUG subcommand 'FOO'
            > PFDEBUG GETREG
            -ERR wrong number of arguments for 'pfdebug' command
            > PFDEBUG GETREG h h
            -ERR wrong number of arguments for 'pfdebug' command
            "#,
        );
    }

    #[test]
    fn all_registers_are_shown() {
        let mut harness = Harness::new();
        harness.send("PFADD h a b c");
        let reply = harness.send("PFDEBUG GETREG h");
        let set: Vec<(usize, String)> = reply
            .elements()
            .iter()
            .map(ToString::to_string)
            .enumerate()
            .filter(|(_, register)| register != ":0")
            .collect();
        assert_eq!(reply.elements().len(), 16384);
        assert_eq!(set, [(8436, ":1".into()), (12711, ":2".into()), (15780, ":1".into())]);
        assert_eq!(harness.send("PFDEBUG ENCODING h").to_string(), "+dense");
    }
}
