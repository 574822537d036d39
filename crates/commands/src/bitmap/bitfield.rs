//! BITFIELD, BITFIELD_RO: a string as an array of integers of any width (see [`super::field`]).
//!
//! A request is read as a whole before anything is done. With GETs alone it only reads. Otherwise the string is made
//! as long as its last write needs first, even if that write then fails for overflow: no change is stated then, but a
//! missing key is there afterwards, as with the peers.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeyFlags, KeySpec, Result};
use keyspace::Str;

use super::bit_offset;
use super::field::{Kind, Overflow};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "BITFIELD",
        summary: "Reads and changes integers of any width inside of the string under a key.",
        since: "3.2.0",
        flags: Flags::WRITE.and(Flags::DENYOOM),
        keys: &[KeySpec::at(1)
            .rw()
            .access()
            .update()
            .with(KeyFlags::VARIABLE_FLAGS)
            .noted("With GET alone the key is only read.")],
        args: &[Arg::key("key"), OPERATION],
        reply: "for each GET the value, SET the old one, INCRBY the new one; null where OVERFLOW FAIL kept a field",
        run: |ctx| bitfield(ctx, Allowed::Everything),
        ..FIELDS
    },
    Command {
        name: "BITFIELD_RO",
        summary: "Reads integers of any width inside of the string under a key.",
        since: "6.0.0",
        flags: Flags::READONLY.and(Flags::FAST),
        keys: &[KeySpec::at(1).ro().access()],
        args: &[Arg::key("key"), GET.optional().many_tokens()],
        reply: "the values",
        run: |ctx| bitfield(ctx, Allowed::Get),
        ..FIELDS
    },
];

const FIELDS: Command = Command {
    group: Group::Bitmap,
    arity: Arity::AtLeast(2),
    complexity: "O(1) for each operation",
    ..Command::BLANK
};

const ENCODING: Arg = Arg::string("encoding");
const OFFSET: Arg = Arg::integer("offset");
const GET: Arg = Arg::block("get-block", &[ENCODING, OFFSET]).token("GET");

const OPERATION: Arg = Arg::one_of(
    "operation",
    &[
        GET,
        Arg::block(
            "write",
            &[
                Arg::one_of(
                    "overflow-block",
                    &[Arg::word("wrap", "WRAP"), Arg::word("sat", "SAT"), Arg::word("fail", "FAIL")],
                )
                .token("OVERFLOW")
                .optional(),
                Arg::one_of(
                    "write-operation",
                    &[
                        Arg::block("set-block", &[ENCODING, OFFSET, Arg::integer("value")]).token("SET"),
                        Arg::block("incrby-block", &[ENCODING, OFFSET, Arg::integer("increment")])
                            .token("INCRBY"),
                    ],
                ),
            ],
        ),
    ],
)
.optional()
.many();

#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Everything,
    Get,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    Set(i64),
    IncrBy(i64),
}

/// One operation on one field.
#[derive(Clone, Copy, Debug)]
struct Step {
    verb: Verb,
    kind: Kind,
    offset: u64,
    overflow: Overflow,
}

impl Step {
    /// The old value of the field, and the one it shall have; `None` if it stays for overflow.
    fn values(self, bytes: &[u8]) -> (i64, Option<i64>) {
        let old = self.kind.read(bytes, self.offset);
        let new = match self.verb {
            Verb::Get => Some(old),
            Verb::Set(value) => self.kind.fit(self.kind.given(value), self.overflow),
            Verb::IncrBy(by) => self.kind.fit(i128::from(old) + i128::from(by), self.overflow),
        };
        (old, new)
    }
}

/// Reads all operations of a request.
fn steps(ctx: &Ctx<'_>) -> Result<Vec<Step>> {
    let (mut steps, mut overflow, mut at) = (Vec::new(), Overflow::default(), 2);
    while at < ctx.argv.len() {
        let operands = ctx.argv.len() - at - 1;
        if ctx.is(at, "OVERFLOW") && operands >= 1 {
            overflow = overflow_named(ctx, at + 1)?;
            at += 2;
            continue;
        }
        let takes = match () {
            () if ctx.is(at, "GET") => 2,
            () if ctx.is(at, "SET") || ctx.is(at, "INCRBY") => 3,
            () => return Err(CommandError::Syntax),
        };
        if operands < takes {
            return Err(CommandError::Syntax);
        }
        steps.push(step(ctx, at, overflow)?);
        at += 1 + takes;
    }
    Ok(steps)
}

fn overflow_named(ctx: &Ctx<'_>, index: usize) -> Result<Overflow> {
    match () {
        () if ctx.is(index, "WRAP") => Ok(Overflow::Wrap),
        () if ctx.is(index, "SAT") => Ok(Overflow::Saturate),
        () if ctx.is(index, "FAIL") => Ok(Overflow::Fail),
        () => Err(CommandError::Line("ERR Invalid OVERFLOW type specified")),
    }
}

/// Reads the operation at an index; its operands are there.
fn step(ctx: &Ctx<'_>, at: usize, overflow: Overflow) -> Result<Step> {
    const BAD_KIND: CommandError = CommandError::Line(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
    );
    let kind = Kind::parse(ctx.argv.at(at + 1)).ok_or(BAD_KIND)?;
    let offset = match ctx.argv.at(at + 2) {
        [b'#', number @ ..] => bit_offset(ctx, number, u64::from(kind.bits))?,
        number => bit_offset(ctx, number, 1)?,
    };
    let verb = match () {
        () if ctx.is(at, "GET") => Verb::Get,
        () if ctx.is(at, "SET") => Verb::Set(ctx.integer(at + 3)?),
        () => Verb::IncrBy(ctx.integer(at + 3)?),
    };
    Ok(Step { verb, kind, offset, overflow })
}

fn bitfield(ctx: &mut Ctx<'_>, allowed: Allowed) -> Result {
    let steps = steps(ctx)?;
    let writes = steps.iter().filter(|step| step.verb != Verb::Get);
    match writes.map(|step| step.kind.end(step.offset)).max() {
        None => read(ctx, &steps),
        Some(_) if allowed == Allowed::Get => {
            Err(CommandError::Line("ERR BITFIELD_RO only supports the GET subcommand"))
        }
        Some(len) => write(ctx, &steps, len),
    }
}

fn read(ctx: &mut Ctx<'_>, steps: &[Step]) -> Result {
    let key = ctx.key(1);
    let mut digits = Vec::new();
    let value = ctx.keyspace.db(ctx.client.db).read_str(key)?;
    let bytes = value.map_or(&[][..], |value| value.bytes(&mut digits));
    ctx.client.out.array(steps.len());
    for step in steps {
        ctx.client.out.integer(step.kind.read(bytes, step.offset));
    }
    Ok(())
}

/// Runs the operations on a string that is `len` bytes long at least.
fn write(ctx: &mut Ctx<'_>, steps: &[Step], len: usize) -> Result {
    let key = ctx.key(1);
    let before = match ctx.db().write(key) {
        Some(entry) => Some(Str::of(entry)?.len()),
        None => None,
    };
    let grows = before.is_none_or(|before| before < len);
    let bytes = ctx.keyspace.db(ctx.client.db).grow_str(key, len);
    let mut changes = 0;
    ctx.client.out.array(steps.len());
    for step in steps {
        let (old, new) = step.values(bytes);
        match (step.verb, new) {
            (_, None) => ctx.client.out.null(),
            (Verb::IncrBy(_), Some(new)) => ctx.client.out.integer(new),
            _ => ctx.client.out.integer(old),
        }
        if let (Verb::Set(_) | Verb::IncrBy(_), Some(new)) = (step.verb, new) {
            step.kind.write(bytes, step.offset, new);
            changes += u64::from(grows || old != new);
        }
    }
    if changes > 0 {
        ctx.changed(key.bytes, Class::String, "setbit");
        // One event, but each operation counts.
        ctx.outcome.dirty += changes - 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn fields_are_read_set_and_counted() {
        check(
            r#"
            > BITFIELD k
            []
            > BITFIELD k SET u8 0 255 GET u4 2 INCRBY i5 100 1 GET u4 #0
            [:0 :15 :1 :15]
            > STRLEN k
            :14
            > BITFIELD k SET i64 #0 -1
            [:-72057594037927936]
            > BITFIELD_RO k GET u63 0 GET i64 1 GET u8 10000
            [:9223372036854775807 :-2 :0]
            > BITFIELD_RO nothing GET u8 0
            [:0]
            > SET n 123
            +OK
            > BITFIELD n GET u8 0 GET u16 #1
            [:49 :13056]
            > OBJECT ENCODING n
            "int"
            > BITFIELD n INCRBY u8 0 1
            [:50]
            > GET n
            "223"
            "#,
        );
    }

    #[test]
    fn overflow_is_treated_as_asked() {
        check(
            r#"
            > BITFIELD k SET u8 0 256 SET u8 0 -1 GET u8 0
            [:0 :0 :255]
            > BITFIELD k OVERFLOW SAT SET i8 0 -1000 OVERFLOW FAIL SET i8 0 1000 OVERFLOW wrap SET i8 0 1000
            [:-1 nil :-128]
            > BITFIELD k INCRBY i8 0 9223372036854775807
            [:-25]
            > BITFIELD k OVERFLOW SAT INCRBY u63 8 9223372036854775807 INCRBY u63 8 5 INCRBY u63 8 -9223372036854775808
            [:9223372036854775807 :9223372036854775807 :0]
            > BITFIELD k OVERFLOW SAT SET u63 0 -1
            [*]
            > BITFIELD k GET u63 0
            [:9223372036854775807]
            > BITFIELD new OVERFLOW FAIL INCRBY u8 100 1000
            [nil]
            > STRLEN new
            :14
            "#,
        );
    }

    #[test]
    fn what_cannot_be_done_is_refused_as_a_whole() {
        check(
            r#"
            > BITFIELD k SET u8 0 1 GET u64 0
            -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
            > BITFIELD k SET u8 0 1 GET u8
            -ERR syntax error
            > BITFIELD k SET u8 0 1 FOO
            -ERR syntax error
            > BITFIELD k OVERFLOW
            -ERR syntax error
            > BITFIELD k OVERFLOW foo
            -ERR Invalid OVERFLOW type specified
            > BITFIELD k SET u8 0 abc
            -ERR value is not an integer or out of range
            > BITFIELD k GET u8 #-1
            -ERR bit offset is not an integer or out of range
            > BITFIELD k GET u8 #
            -ERR bit offset is not an integer or out of range
            > BITFIELD k GET i64 #144115188075855872
            -ERR bit offset is not an integer or out of range
            > BITFIELD k GET u8 4294967295 GET u8 4294967296
            -ERR bit offset is not an integer or out of range
            > BITFIELD_RO k GET u8 0 SET u8 0 1
            -ERR BITFIELD_RO only supports the GET subcommand
            > BITFIELD_RO k SET u8 0 a
            -ERR value is not an integer or out of range
            > BITFIELD_RO k OVERFLOW SAT GET u8 0
            [:0]
            > EXISTS k
            :0
            "#,
        );
    }

    #[test]
    fn only_changes_count_as_changes() {
        let mut harness = Harness::new();
        let mut changes = |line: &str| {
            let before = harness.engine.server.dirty;
            harness.send(line);
            harness.engine.server.dirty - before
        };
        assert_eq!(
            changes("BITFIELD k SET u8 0 0 SET u8 8 0 GET u8 0 OVERFLOW FAIL SET u8 16 1000"),
            2,
            "it grows"
        );
        assert_eq!(changes("BITFIELD k SET u8 0 0 INCRBY u8 8 0"), 0);
        assert_eq!(changes("BITFIELD k SET u8 0 1 SET u8 0 0 SET u8 0 0"), 2);
        assert_eq!(changes("BITFIELD new OVERFLOW FAIL INCRBY u8 8 1000"), 0);
    }
}
