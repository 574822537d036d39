//! PFMERGE: the union of HyperLogLogs, put under a key that is one of them.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, KeySpec, Result};
use keyspace::Value;
use structures::entry::ValueMut;
use structures::hyperloglog::{self, Encoding, Registers};

use super::{CHANGES, HYPERLOGLOG, bytes_of, corrupt, store};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "PFMERGE",
    summary: "Adds all elements of HyperLogLogs to another one; a missing key is made.",
    arity: Arity::AtLeast(2),
    flags: CHANGES,
    keys: &[KeySpec::at(1).rw().access().insert(), KeySpec::from(2).ro().access()],
    args: &[Arg::key("destkey"), Arg::key("sourcekey").spec(1).optional().many()],
    reply: "OK",
    complexity: "O(N) for N keys",
    run: pfmerge,
    ..HYPERLOGLOG
}];

fn pfmerge(ctx: &mut Ctx<'_>) -> Result {
    let mut union = Registers::new();
    let mut dense = false;
    for index in 1..ctx.argv.len() {
        let key = ctx.key(index);
        let Some(entry) = ctx.db().read(key) else { continue };
        let (bytes, encoding) = bytes_of(entry)?;
        union.merge(bytes).map_err(corrupt)?;
        dense |= encoding == Encoding::Dense;
    }
    let (target, limit) = (ctx.key(1), ctx.server.config.hll_sparse_max_bytes);
    let mut copy = match ctx.db().write(target).map(|entry| entry.value_mut()) {
        Some(ValueMut::Boxed(Value::Bytes(bytes))) => {
            write(&union, dense, bytes, limit)?;
            None
        }
        Some(ValueMut::Bytes { bytes, .. }) => Some(bytes.to_vec()),
        None => Some(hyperloglog::empty()),
        Some(_) => return Err(super::INVALID),
    };
    if let Some(bytes) = &mut copy {
        write(&union, dense, bytes, limit)?;
        store(ctx, target, bytes);
    }
    ctx.changed(target.bytes, Class::String, "pfadd");
    ctx.ok()
}

/// Brings the target, which is part of the union, up to it.
fn write(union: &Registers, dense: bool, target: &mut Vec<u8>, limit: u64) -> Result {
    if dense && Encoding::of(target) == Some(Encoding::Sparse) {
        *target = union.dense(target);
    }
    union.write_to(target, limit).map_err(corrupt)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn all_elements_are_in_the_union() {
        check(
            r#"
            > PFADD a a b c
            :1
            > PFADD b b c d
            :1
            > PFADD c c d e
            :1
            > PFMERGE d a b c nope
            +OK
            > PFCOUNT d
            :5
            > PFADD e a b c d e
            :1
            > PFCOUNT e
            :5
            > OBJECT ENCODING d
            "raw"
            > PFADD f x
            :1
            > EXPIRE f 100
            :1
            > PFMERGE f a
            +OK
            > PFCOUNT f
            :4
            > TTL f
            :100
            > PFMERGE
            -ERR wrong number of arguments for 'pfmerge' command
            "#,
        );
    }

    #[test]
    fn a_missing_target_is_made() {
        check(
            r#"
            > PFMERGE d nope
            +OK
            > GET d
            "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
            > PFMERGE e
            +OK
            > PFCOUNT e
            :0
            > PFADD a a b c
            :1
            > PFCOUNT a
            :3
            > PFMERGE a
            +OK
            > GET a
            "HYLL\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x80`\xf3\x80P\xb1\x84K\xfb\x80BZ"
            "#,
        );
    }

    #[test]
    fn with_a_dense_one_the_union_is_dense() {
        check(
            r#"
            > PFADD a a b c
            :1
            > PFADD b c d
            :1
            > PFDEBUG TODENSE b
            :1
            > PFMERGE a b
            +OK
            > PFDEBUG ENCODING a
            +dense
            > PFCOUNT a
            :4
            > PFMERGE new b
            +OK
            > PFDEBUG ENCODING new
            +dense
            > PFCOUNT new
            :2
            > PFADD c x y
            :1
            > PFMERGE b c
            +OK
            > PFCOUNT b
            :4
            ! config hll-sparse-max-bytes 20
            > PFMERGE late c
            +OK
            > PFDEBUG ENCODING late
            +dense
            > PFCOUNT late
            :2
            "#,
        );
    }
}
