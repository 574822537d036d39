//! INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT: strings as numbers.
//!
//! A string that is kept as an integer is changed in its place. INCRBYFLOAT adds in the peers' 80-bit long double and
//! is propagated as the SET of its result, since other machines may round otherwise.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Expire, Str};
use stdx::longdouble::LongDouble;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "INCR",
        summary: "Adds one to the integer under a key; a missing key counts as 0.",
        run: |ctx| add(ctx, 1),
        ..COUNTS
    },
    Command {
        name: "DECR",
        summary: "Takes one from the integer under a key; a missing key counts as 0.",
        run: |ctx| add(ctx, -1),
        ..COUNTS
    },
    Command {
        name: "INCRBY",
        summary: "Adds to the integer under a key; a missing key counts as 0.",
        arity: Arity::Exactly(3),
        args: &[Arg::key("key"), Arg::integer("increment")],
        run: |ctx| add(ctx, ctx.integer(2)?),
        ..COUNTS
    },
    Command {
        name: "DECRBY",
        summary: "Takes from the integer under a key; a missing key counts as 0.",
        arity: Arity::Exactly(3),
        args: &[Arg::key("key"), Arg::integer("decrement")],
        run: decrby,
        ..COUNTS
    },
    Command {
        name: "INCRBYFLOAT",
        summary: "Adds to the number under a key; a missing key counts as 0.",
        since: "2.6.0",
        arity: Arity::Exactly(3),
        args: &[Arg::key("key"), Arg::double("increment")],
        run: incrbyfloat,
        ..COUNTS
    },
];

const COUNTS: Command = Command {
    group: Group::String,
    arity: Arity::Exactly(2),
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().update()],
    args: &[Arg::key("key")],
    reply: "the number after the change",
    ..Command::BLANK
};

fn decrby(ctx: &mut Ctx<'_>) -> Result {
    let by = ctx.integer(2)?.checked_neg().ok_or(CommandError::Line("ERR decrement would overflow"))?;
    add(ctx, by)
}

fn add(ctx: &mut Ctx<'_>, by: i64) -> Result {
    let key = ctx.key(1);
    let sum = match ctx.db().write(key) {
        Some(entry) => match Str::of(entry)? {
            Str::Int(int) => {
                let sum = int.checked_add(by).ok_or(CommandError::Overflow)?;
                entry.set_int(sum);
                sum
            }
            Str::Bytes(bytes) => {
                let int = stdx::num::parse_i64(bytes).ok_or(CommandError::NotInteger)?;
                let sum = int.checked_add(by).ok_or(CommandError::Overflow)?;
                ctx.db().set_int(key, sum, Expire::Keep);
                sum
            }
        },
        None => {
            ctx.db().set_int(key, by, Expire::Clear);
            by
        }
    };
    ctx.changed(key.bytes, Class::String, "incrby");
    ctx.int(sum)
}

fn incrbyfloat(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let mut digits = Vec::new();
    let old = match ctx.keyspace.db(ctx.client.db).write(key) {
        Some(entry) => {
            Some(LongDouble::parse(Str::of(entry)?.bytes(&mut digits)).ok_or(CommandError::NotFloat)?)
        }
        None => None,
    };
    let by = LongDouble::parse(ctx.argv.at(2)).ok_or(CommandError::NotFloat)?;
    let sum = old.map_or(by, |old| old.add(by));
    if sum.is_nan() || sum.is_infinite() {
        return Err(CommandError::NanOrInfinity);
    }
    let mut text = Vec::new();
    sum.write(&mut text);
    ctx.db().set_text(key, &text, Expire::Keep);
    ctx.changed(key.bytes, Class::String, "incrbyfloat");
    ctx.propagate_instead(&[b"SET", key.bytes, &text, b"KEEPTTL"]);
    ctx.bulk(&text)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn integers_are_counted_and_never_wrap() {
        check(
            r#"
            > INCR n
            :1
            > INCRBY n 41
            :42
            > DECR n
            :41
            > DECRBY n 50
            :-9
            > SET n 9223372036854775807
            +OK
            > INCR n
            -ERR increment or decrement would overflow
            > DECRBY n -9223372036854775808
            -ERR decrement would overflow
            > SET n -9223372036854775808
            +OK
            > DECR n
            -ERR increment or decrement would overflow
            > SET s abc
            +OK
            > INCR s
            -ERR value is not an integer or out of range
            > SET s " 11"
            +OK
            > INCR s
            -ERR value is not an integer or out of range
            > INCRBY n abc
            -ERR value is not an integer or out of range
            "#,
        );
    }

    #[test]
    fn floats_add_as_the_peers_add() {
        check(
            r#"
            > SET f 0.1
            +OK
            > INCRBYFLOAT f 0.2
            "0.3"
            > SET f 1
            +OK
            > INCRBYFLOAT f 1e-17
            "1.00000000000000001"
            > SET f 3.0e3
            +OK
            > INCRBYFLOAT f 200
            "3200"
            > INCRBYFLOAT f abc
            -ERR value is not a valid float
            > INCRBYFLOAT f inf
            -ERR increment would produce NaN or Infinity
            > INCRBYFLOAT new -1.5
            "-1.5"
            > SET f 10 EX 100
            +OK
            > INCRBYFLOAT f 5
            "15"
            > OBJECT ENCODING f
            "embstr"
            > TTL f
            :100
            > INCR f
            :16
            > OBJECT ENCODING f
            "int"
            > SET f 0x10
            +OK
            > INCRBYFLOAT f 1
            "17"
            > SET f ""
            +OK
            > INCRBYFLOAT f 1
            -ERR value is not a valid float
            > INCRBYFLOAT f nan
            -ERR value is not a valid float
            "#,
        );
    }
}
