//! BITOP: bits of several strings combined into another one.
//!
//! A source that is shorter than the longest, or missing, goes on with zeros; the result is as long as the longest. Of
//! no length at all, it is no key. The sources are folded in one after the other, so only the result is held.
//!
//! DIFF, DIFF1, ANDOR and ONE are Redis 8.2's; Valkey 9.1 does not have them. With `X` the first source and `Y` any of
//! the others: DIFF is `X` without all `Y`, DIFF1 all `Y` without `X`, ANDOR what `X` has in common with any `Y`, ONE
//! what exactly one source has.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{EMBED_MAX, Expire, Key, Type, Value};
use structures::entry::NewValue;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "BITOP",
    summary: "Combines strings bit by bit and puts the result under a key.",
    since: "2.6.0",
    group: Group::Bitmap,
    arity: Arity::AtLeast(4),
    flags: Flags::WRITE.and(Flags::DENYOOM),
    keys: &[KeySpec::at(2).ow().update(), KeySpec::from(3).ro().access()],
    args: &[
        Arg::one_of(
            "operation",
            &[
                Arg::word("and", "AND"),
                Arg::word("or", "OR"),
                Arg::word("xor", "XOR"),
                Arg::word("not", "NOT"),
                Arg::word("diff", "DIFF"),
                Arg::word("diff1", "DIFF1"),
                Arg::word("andor", "ANDOR"),
                Arg::word("one", "ONE"),
            ],
        ),
        Arg::key("destkey"),
        Arg::key("key").spec(1).many(),
    ],
    reply: "the length of the result in bytes, which is that of the longest source",
    complexity: "O(N), N = bytes of all sources together",
    history: &[("redstart 0.1", "The operations `DIFF`, `DIFF1`, `ANDOR` and `ONE`, as in Redis 8.2.")],
    run: bitop,
    ..Command::BLANK
}];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
    Diff,
    Diff1,
    AndOr,
    One,
}

impl Operation {
    const NAMES: [(&'static str, Operation); 8] = [
        ("AND", Operation::And),
        ("OR", Operation::Or),
        ("XOR", Operation::Xor),
        ("NOT", Operation::Not),
        ("DIFF", Operation::Diff),
        ("DIFF1", Operation::Diff1),
        ("ANDOR", Operation::AndOr),
        ("ONE", Operation::One),
    ];

    /// The operation that a request names, if it has as many sources as that needs.
    fn parse(ctx: &Ctx<'_>) -> Result<Operation> {
        let found = Operation::NAMES.into_iter().find(|(name, _)| ctx.is(1, name));
        let (name, operation) = found.ok_or(CommandError::Syntax)?;
        let sources = ctx.argv.len() - FIRST_SOURCE;
        match operation {
            Operation::Not if sources != 1 => {
                Err(CommandError::Line("ERR BITOP NOT must be called with a single source key."))
            }
            Operation::Diff | Operation::Diff1 | Operation::AndOr if sources < 2 => Err(CommandError::told(
                format!("ERR BITOP {name} must be called with at least two source keys."),
            )),
            _ => Ok(operation),
        }
    }
}

/// Index of the first source.
const FIRST_SOURCE: usize = 3;

fn bitop(ctx: &mut Ctx<'_>) -> Result {
    let mut fold = Fold::new(Operation::parse(ctx)?);
    let mut digits = Vec::new();
    for index in FIRST_SOURCE..ctx.argv.len() {
        let key = ctx.key(index);
        let value = ctx.keyspace.db(ctx.client.db).read_str(key)?;
        fold.add(value.map_or(&[][..], |value| value.bytes(&mut digits)));
    }
    let result = fold.finish();
    let (target, len) = (ctx.key(2), result.len());
    if len == 0 {
        remove(ctx, target);
    } else {
        put(ctx, target, result);
        ctx.changed(target.bytes, Class::String, "set");
    }
    ctx.int(len as i64)
}

fn remove(ctx: &mut Ctx<'_>, key: Key<'_>) {
    if let Some(entry) = ctx.db().remove(key) {
        let lazy = ctx.server.config.lazyfree_lazy_server_del;
        ctx.free(entry, lazy);
        ctx.changed(key.bytes, Class::Generic, "del");
    }
}

/// Puts the result under a key; a long one without copying it.
fn put(ctx: &mut Ctx<'_>, key: Key<'_>, result: Vec<u8>) {
    let mut db = ctx.db();
    db.expire_if_due(key);
    if result.len() <= EMBED_MAX {
        return db.set_raw(key, &result, Expire::Clear);
    }
    let value = Box::new(Value::Bytes(result));
    db.put(key, NewValue::Boxed { type_bits: Type::String as u8, value }, None);
}

/// Sources, folded into a result.
struct Fold {
    operation: Operation,
    sources: usize,
    /// Of DIFF1 and ANDOR: all sources but the first one, OR-ed.
    result: Vec<u8>,
    /// Of DIFF1 and ANDOR: the first source. Of ONE: what more than one source has.
    aside: Vec<u8>,
}

impl Fold {
    fn new(operation: Operation) -> Fold {
        Fold { operation, sources: 0, result: Vec::new(), aside: Vec::new() }
    }

    fn add(&mut self, source: &[u8]) {
        let Fold { result, aside, .. } = self;
        let first = self.sources == 0;
        self.sources += 1;
        match self.operation {
            Operation::Diff1 | Operation::AndOr if first => aside.extend_from_slice(source),
            Operation::Not => result.extend(source.iter().map(|byte| !byte)),
            _ if first => result.extend_from_slice(source),
            Operation::And => and(result, source),
            Operation::Or | Operation::Diff1 | Operation::AndOr => each(result, source, |r, s| r | s),
            Operation::Xor => each(result, source, |r, s| r ^ s),
            Operation::Diff => each(result, source, |r, s| r & !s),
            Operation::One => one(result, aside, source),
        }
    }

    fn finish(self) -> Vec<u8> {
        let Fold { mut result, aside, .. } = self;
        match self.operation {
            Operation::Diff1 => each(&mut result, &aside, |r, s| r & !s),
            Operation::AndOr => and(&mut result, &aside),
            _ => {}
        }
        result
    }
}

/// Combines a source into a result that is made as long as it. Bytes beyond the source stay.
#[inline(always)]
fn each(result: &mut Vec<u8>, source: &[u8], with: impl Fn(u8, u8) -> u8) {
    if result.len() < source.len() {
        result.resize(source.len(), 0);
    }
    for (r, s) in result.iter_mut().zip(source) {
        *r = with(*r, *s);
    }
}

/// The only operation that the zeros beyond a source do something to.
fn and(result: &mut Vec<u8>, source: &[u8]) {
    each(result, source, |r, s| r & s);
    result[source.len()..].fill(0);
}

/// `result`: what exactly one source so far has; `many`: what more have.
fn one(result: &mut Vec<u8>, many: &mut Vec<u8>, source: &[u8]) {
    let len = result.len().max(source.len());
    result.resize(len, 0);
    many.resize(len, 0);
    for ((r, m), s) in result.iter_mut().zip(many).zip(source) {
        *m |= *r & s;
        *r = (*r | s) & !*m;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use testkit::check;

    use super::{Fold, Operation};

    #[test]
    fn strings_are_combined() {
        check(
            r#"
            > SET a "\xff\x0f\xf0"
            +OK
            > SET b "\x0f\x0f"
            +OK
            > BITOP AND d a b
            :3
            > GET d
            "\x0f\x0f\x00"
            > BITOP or d a b nothing
            :3
            > GET d
            "\xff\x0f\xf0"
            > BITOP XOR d a b
            :3
            > GET d
            "\xf0\x00\xf0"
            > BITOP NOT d a
            :3
            > GET d
            "\x00\xf0\x0f"
            > SET n 123 EX 100
            +OK
            > BITOP NOT n n
            :3
            > GET n
            "\xce\xcd\xcc"
            > TTL n
            :-1
            > BITOP NOT n n
            :3
            > OBJECT ENCODING n
            "raw"
            "#,
        );
    }

    #[test]
    fn nothing_combined_is_no_key() {
        check(
            r#"
            > SET d x
            +OK
            > BITOP AND d nothing nothing
            :0
            > EXISTS d
            :0
            > BITOP NOT d nothing
            :0
            "#,
        );
    }

    #[test]
    fn each_operation_needs_its_sources() {
        check(
            r#"
            > BITOP FOO d a
            -ERR syntax error
            > BITOP NOT d a b
            -ERR BITOP NOT must be called with a single source key.
            > BITOP AND d
            -ERR wrong number of arguments for 'bitop' command
            "#,
        );
    }

    #[test]
    fn the_operations_of_redis_8_2() {
        check(
            r#"
            # only here: Valkey 9.1 does not have them
            > MSET x "\xf1" y "\x3f\x01" z "\x05"
            +OK
            > BITOP DIFF d x y z
            :2
            > GET d
            "\xc0\x00"
            > BITOP DIFF1 d x y z
            :2
            > GET d
            "\x0e\x01"
            > BITOP ANDOR d x y z
            :2
            > GET d
            "1\x00"
            > BITOP ONE d x y z
            :2
            > GET d
            "\xca\x01"
            > BITOP ONE d x
            :1
            > BITOP diff d x
            -ERR BITOP DIFF must be called with at least two source keys.
            > BITOP DIFF1 d x
            -ERR BITOP DIFF1 must be called with at least two source keys.
            > BITOP ANDOR d x
            -ERR BITOP ANDOR must be called with at least two source keys.
            "#,
        );
    }

    /// What becomes of one bit, by how often the sources have it.
    fn naive(operation: Operation, bits: &[bool]) -> bool {
        let (first, others) = (bits[0], bits[1..].contains(&true));
        match operation {
            Operation::And => !bits.contains(&false),
            Operation::Or => bits.contains(&true),
            Operation::Xor => bits.iter().filter(|bit| **bit).count() % 2 == 1,
            Operation::Not => !first,
            Operation::Diff => first && !others,
            Operation::Diff1 => !first && others,
            Operation::AndOr => first && others,
            Operation::One => bits.iter().filter(|bit| **bit).count() == 1,
        }
    }

    proptest! {
        #[test]
        fn agree_with_one_bit_at_a_time(
            mut sources in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 1..6),
        ) {
            for (_, operation) in Operation::NAMES {
                if operation == Operation::Not {
                    sources.truncate(1);
                }
                let mut fold = Fold::new(operation);
                sources.iter().for_each(|source| fold.add(source));
                let result = fold.finish();
                let len = sources.iter().map(Vec::len).max().unwrap_or(0);
                let bit = |bytes: &[u8], at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
                prop_assert_eq!(result.len(), len);
                for at in 0..len * 8 {
                    let bits: Vec<bool> = sources.iter().map(|source| bit(source, at)).collect();
                    prop_assert_eq!(bit(&result, at), naive(operation, &bits), "{:?} bit {}", operation, at);
                }
            }
        }
    }
}
