//! PFADD: elements into a HyperLogLog.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::{Entry, Expire, Value};
use resp::Argv;
use structures::entry::ValueMut;
use structures::hyperloglog::{self, Vote};

use super::{CHANGES, HYPERLOGLOG, bytes_of, corrupt, mark_raw, store};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "PFADD",
    summary: "Adds elements to a HyperLogLog; a missing key is made.",
    arity: Arity::AtLeast(2),
    flags: CHANGES.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().insert()],
    args: &[Arg::key("key"), Arg::string("element").optional().many()],
    reply: "1 if a register changed or the key was made, else 0",
    complexity: "O(1) for each element; O(N) in the N bytes of runs while there are few elements",
    run: pfadd,
    ..HYPERLOGLOG
}];

/// Index of the first element.
const FIRST: usize = 2;

fn pfadd(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let (argv, limit) = (ctx.argv, ctx.server.config.hll_sparse_max_bytes);
    let Some(entry) = ctx.db().write(key) else {
        let mut bytes = hyperloglog::empty();
        hyperloglog::invalidate(&mut bytes);
        let changed = add(&mut bytes, argv, limit)?;
        ctx.db().set_raw(key, &bytes, Expire::Clear);
        return answer(ctx, changed + 1);
    };
    let changed = match change(entry, argv, limit)? {
        Changed::InPlace(count) => count,
        Changed::Copy(bytes, count) => {
            store(ctx, key, &bytes);
            count
        }
        Changed::Nothing { raw } => {
            if !raw {
                mark_raw(ctx, key);
            }
            0
        }
    };
    answer(ctx, changed)
}

fn answer(ctx: &mut Ctx<'_>, changed: u64) -> Result {
    if changed > 0 {
        ctx.changed(ctx.argv.at(1), Class::String, "pfadd");
        ctx.outcome.dirty += changed - 1;
    }
    ctx.int(i64::from(changed > 0))
}

/// What was done, and how many elements did something.
enum Changed {
    Nothing { raw: bool },
    InPlace(u64),
    Copy(Vec<u8>, u64),
}

fn change(entry: &mut Entry<Value>, argv: Argv<'_>, limit: u64) -> Result<Changed> {
    bytes_of(entry)?;
    match entry.value_mut() {
        ValueMut::Boxed(Value::Bytes(bytes)) => add(bytes, argv, limit).map(Changed::InPlace),
        ValueMut::Bytes { bytes, raw } => {
            for word in argv.iter().skip(FIRST) {
                if hyperloglog::needs(bytes, Vote::of(word)).map_err(corrupt)? {
                    let mut copy = Vec::with_capacity(bytes.len() + 3 * (argv.len() - FIRST));
                    copy.extend_from_slice(bytes);
                    let changed = add(&mut copy, argv, limit)?;
                    return Ok(Changed::Copy(copy, changed));
                }
            }
            Ok(Changed::Nothing { raw })
        }
        ValueMut::Int(_) | ValueMut::Packed { .. } | ValueMut::Boxed(_) => Err(super::INVALID),
    }
}

/// How many elements changed something.
fn add(bytes: &mut Vec<u8>, argv: Argv<'_>, limit: u64) -> Result<u64> {
    let mut changed = 0;
    for element in argv.iter().skip(FIRST) {
        changed += u64::from(hyperloglog::set(bytes, Vote::of(element), limit).map_err(corrupt)?);
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn the_first_time_counts() {
        check(
            r#"
            > PFADD h
            :1
            > PFADD h
            :0
            > GET h
            "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
            > OBJECT ENCODING h
            "raw"
            > PFADD h a b c
            :1
            > PFADD h a b c a
            :0
            > PFADD h ""
            :1
            > PFCOUNT h
            :4
            > PFADD
            -ERR wrong number of arguments for 'pfadd' command
            "#,
        );
    }

    #[test]
    fn bytes_are_the_peers() {
        check(
            r#"
            > PFADD h a b c
            :1
            > GET h
            "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80`\xf3\x80P\xb1\x84K\xfb\x80BZ"
            > EXPIRE h 100
            :1
            > PFADD h d
            :1
            > TTL h
            :100
            > STRLEN h
            :30
            "#,
        );
    }

    #[test]
    fn runs_end_where_the_limit_is() {
        check(
            r#"
            ! config hll-sparse-max-bytes 30
            > PFADD h a b c d
            :1
            > STRLEN h
            :30
            > PFDEBUG ENCODING h
            +sparse
            > PFADD h e
            :1
            > PFDEBUG ENCODING h
            +dense
            > STRLEN h
            :12304
            > PFADD h e a
            :0
            > PFADD h f
            :1
            > PFCOUNT h
            :6
            ! config hll-sparse-max-bytes 0
            > PFADD none
            :1
            > PFDEBUG ENCODING none
            +sparse
            > PFADD none a
            :1
            > PFDEBUG ENCODING none
            +dense
            "#,
        );
    }

    #[test]
    fn a_string_of_the_same_bytes_is_one() {
        check(
            r#"
            > SET h "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80`\xf3\x80P\xb1\x84K\xfb\x80BZ"
            +OK
            > OBJECT ENCODING h
            "embstr"
            > PFADD h a
            :0
            > OBJECT ENCODING h
            "raw"
            > PFADD h x
            :1
            > PFCOUNT h
            :4
            "#,
        );
    }
}
