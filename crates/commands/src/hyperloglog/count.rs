//! PFCOUNT: how many different elements, of one HyperLogLog or of the union of many.
//!
//! For one, the number is written down beside the registers, so that it costs nothing until they change. The command
//! is read-only all the same, as it is at the peers: nobody's elements change.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::ValueRef;
use structures::hyperloglog::{self, Registers};

use super::{HYPERLOGLOG, bytes_of, corrupt, mark_raw};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "PFCOUNT",
    summary: "Estimates how many different elements HyperLogLogs have together.",
    arity: Arity::AtLeast(2),
    flags: Flags::READONLY.and(Flags::MAY_REPLICATE),
    keys: &[KeySpec::from(1).rw().access()],
    args: &[Arg::key("key").many()],
    reply: "the estimate; its standard error is 0.81 %",
    complexity: "O(1) for one key, mostly not even computed; O(N) for N keys",
    run: pfcount,
    ..HYPERLOGLOG
}];

fn pfcount(ctx: &mut Ctx<'_>) -> Result {
    if ctx.argv.len() == 2 { single(ctx) } else { union(ctx) }
}

fn single(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let Some(entry) = ctx.db().read(key) else { return ctx.int(0) };
    let (bytes, _) = bytes_of(entry)?;
    if let Some(cardinality) = hyperloglog::cached(bytes) {
        if matches!(entry.value(), ValueRef::Bytes { raw: false, .. }) {
            mark_raw(ctx, key);
        }
        return ctx.int(cardinality as i64);
    }
    let cardinality = hyperloglog::count(bytes).map_err(corrupt)?;
    let len = bytes.len();
    hyperloglog::set_cached(ctx.db().grow_str(key, len), cardinality);
    ctx.rewritten(key.bytes);
    ctx.int(cardinality as i64)
}

fn union(ctx: &mut Ctx<'_>) -> Result {
    let mut union = Registers::new();
    for index in 1..ctx.argv.len() {
        let key = ctx.key(index);
        let Some(entry) = ctx.db().read(key) else { continue };
        let (bytes, _) = bytes_of(entry)?;
        union.merge(bytes).map_err(corrupt)?;
    }
    ctx.int(union.count() as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn the_estimate_is_kept_until_registers_change() {
        check(
            r#"
            > PFCOUNT h
            :0
            > PFADD h 1 2 3 4 5
            :1
            > GETRANGE h 8 15
            "\x00\x00\x00\x00\x00\x00\x00\x80"
            > PFCOUNT h
            :5
            > GETRANGE h 8 15
            "\x05\x00\x00\x00\x00\x00\x00\x00"
            > PFADD h 1
            :0
            > GETRANGE h 8 15
            "\x05\x00\x00\x00\x00\x00\x00\x00"
            > SETRANGE h 8 "\x07"
            :33
            > PFCOUNT h
            :7
            > PFADD h 6 7 8 8 9 10
            :1
            > GETRANGE h 8 15
            "\x07\x00\x00\x00\x00\x00\x00\x80"
            > PFCOUNT h
            :10
            "#,
        );
    }

    #[test]
    fn a_union_counts_each_element_once() {
        check(
            r#"
            > PFADD a 1 2 3
            :1
            > PFADD b 2 3 4 5
            :1
            > PFCOUNT a b
            :5
            > PFCOUNT a nope
            :3
            > PFCOUNT nope nope
            :0
            > PFDEBUG TODENSE b
            :1
            > PFCOUNT a b a b nope
            :5
            > GETRANGE a 15 15
            "\x80"
            > PFCOUNT
            -ERR wrong number of arguments for 'pfcount' command
            "#,
        );
    }

    #[test]
    fn registers_no_hash_leads_to_have_an_estimate_too() {
        check(
            r#"
            > PFADD h
            :1
            > PFDEBUG TODENSE h
            :1
            > BITOP NOT ones h
            :12304
            > GETRANGE h 0 15
            "HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
            > SETRANGE ones 0 "HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
            :12304
            > PFCOUNT ones
            :-9223372036854775808
            > PFCOUNT ones h
            :-9223372036854775808
            > PFADD ones a
            :0
            "#,
        );
    }
}
