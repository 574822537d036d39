//! HINCRBY, HINCRBYFLOAT: values as numbers.
//!
//! Both are propagated as their result (HSET, or HSETEX where the field has a time to live, which stays):
//! HINCRBYFLOAT adds in the peers' 80-bit long double, and other machines may round otherwise.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Collection, FieldTtl, Hash, Was};
use stdx::longdouble::LongDouble;
use structures::listpack::Element;

use super::terms;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "HINCRBY",
        summary: "Adds to the integer under a field; a missing field counts as 0.",
        since: "2.0.0",
        args: &[Arg::key("key"), Arg::string("field"), Arg::integer("increment")],
        run: hincrby,
        ..COUNTS
    },
    Command {
        name: "HINCRBYFLOAT",
        summary: "Adds to the number under a field; a missing field counts as 0.",
        since: "2.6.0",
        args: &[Arg::key("key"), Arg::string("field"), Arg::double("increment")],
        run: hincrbyfloat,
        ..COUNTS
    },
];

const COUNTS: Command = Command {
    group: Group::Hash,
    arity: Arity::Exactly(4),
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().update()],
    reply: "the number after the change",
    ..Command::BLANK
};

fn hincrby(ctx: &mut Ctx<'_>) -> Result {
    let by = ctx.integer(3)?;
    let sum = replace(ctx, "hincrby", |before| {
        let before = match before {
            None => 0,
            Some(Element::Int(int)) => int,
            Some(Element::Str(bytes)) => stdx::num::parse_i64(bytes).ok_or(NOT_AN_INTEGER)?,
        };
        let sum = before.checked_add(by).ok_or(CommandError::Overflow)?;
        Ok((terms::digits(sum), sum))
    })?;
    ctx.int(sum)
}

fn hincrbyfloat(ctx: &mut Ctx<'_>) -> Result {
    let by = LongDouble::parse(ctx.argv.at(3)).ok_or(CommandError::NotFloat)?;
    if by.is_nan() || by.is_infinite() {
        return Err(CommandError::Line("ERR value is NaN or Infinity"));
    }
    let text = replace(ctx, "hincrbyfloat", |before| {
        let mut digits = Vec::new();
        let sum = match before {
            None => by,
            Some(old) => LongDouble::parse(old.bytes(&mut digits)).ok_or(NOT_A_FLOAT)?.add(by),
        };
        if sum.is_nan() || sum.is_infinite() {
            return Err(CommandError::NanOrInfinity);
        }
        let mut text = Vec::new();
        sum.write(&mut text);
        Ok((text.clone(), text))
    })?;
    ctx.bulk(&text)
}

const NOT_AN_INTEGER: CommandError = CommandError::Line("ERR hash value is not an integer");
const NOT_A_FLOAT: CommandError = CommandError::Line("ERR hash value is not a float");

/// Puts another value, made of the one before, under the field that the request names; tells and propagates that.
fn replace<R>(
    ctx: &mut Ctx<'_>,
    event: &'static str,
    make: impl FnOnce(Option<Element<'_>>) -> Result<(Vec<u8>, R)>,
) -> Result<R> {
    let (key, field, feed) = (ctx.key(1), ctx.argv.at(2), ctx.server.listeners.feed);
    let edited = ctx.db().edit_or_new(
        key,
        |_| Hash::default(),
        |hash, env| {
            let (value, result) = make(hash.view().get(field, env.now_ms))?;
            let was = hash.set(field, &value, FieldTtl::Keep, env);
            let until = if feed { hash.view().expire(field, env.now_ms).flatten() } else { None };
            Ok::<_, CommandError>((value, result, was, until))
        },
    )?;
    let (value, result, was, until) = edited.result?;
    super::note_expired(ctx, key, usize::from(was == Was::Expired));
    super::note_changed(ctx, key, 1, event);
    match until.map(terms::digits) {
        None => ctx.propagate_instead(&[b"HSET", key.bytes, field, &value]),
        Some(until) => {
            let words = [b"HSETEX", key.bytes, b"PXAT", &until, b"FIELDS", b"1", field, &value];
            ctx.propagate_instead(&words);
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn integers_are_counted_and_never_wrap() {
        check(
            r#"
            > HINCRBY h n 5
            :5
            > HINCRBY h n -7
            :-2
            > HGET h n
            "-2"
            > HSET h top 9223372036854775807 bottom -9223372036854775808 text abc float 1.5 blank " 11"
            :5
            > HINCRBY h top 1
            -ERR increment or decrement would overflow
            > HINCRBY h bottom -1
            -ERR increment or decrement would overflow
            > HINCRBY h text 1
            -ERR hash value is not an integer
            > HINCRBY h float 1
            -ERR hash value is not an integer
            > HINCRBY h blank 1
            -ERR hash value is not an integer
            > HINCRBY h n abc
            -ERR value is not an integer or out of range
            > HINCRBY h n 1.5
            -ERR value is not an integer or out of range
            > HINCRBY h n 9223372036854775807
            :9223372036854775805
            > SET s text
            +OK
            > HINCRBY s n abc
            -ERR value is not an integer or out of range
            > HINCRBY s n 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HINCRBY nope n 9223372036854775808
            -ERR value is not an integer or out of range
            > EXISTS nope
            :0
            > HINCRBY long aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1
            :1
            > OBJECT ENCODING long
            "hashtable"
            "#,
        );
    }

    #[test]
    fn floats_add_as_the_peers_add() {
        check(
            r#"
            > HSET h f 0.1
            :1
            > HINCRBYFLOAT h f 0.2
            "0.3"
            > HINCRBYFLOAT h new -1.5
            "-1.5"
            > HSET h f 3.0e3 text abc blank " 1"
            :2
            > HINCRBYFLOAT h f 200
            "3200"
            > HINCRBYFLOAT h text 1
            -ERR hash value is not a float
            > HINCRBYFLOAT h blank 1
            -ERR hash value is not a float
            > HINCRBYFLOAT h f abc
            -ERR value is not a valid float
            > HINCRBYFLOAT h f nan
            -ERR value is not a valid float
            > HINCRBYFLOAT h f inf
            -ERR value is NaN or Infinity
            > HSET h big 1e4932
            :1
            > HINCRBYFLOAT h big 1e4932
            -ERR increment would produce NaN or Infinity
            > SET s text
            +OK
            > HINCRBYFLOAT s f 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HINCRBYFLOAT s f abc
            -ERR value is not a valid float
            > HINCRBYFLOAT nope f abc
            -ERR value is not a valid float
            > EXISTS nope
            :0
            "#,
        );
    }

    #[test]
    fn counting_leaves_the_time_to_live() {
        check(
            r#"
            > HSET h a 1 b 1
            :2
            > HEXPIRE h 100 FIELDS 2 a b
            [:1 :1]
            > HINCRBY h a 1
            :2
            > HINCRBYFLOAT h b 1
            "2"
            > HTTL h FIELDS 2 a b
            [:100 :100]
            > HPEXPIRE h 20 FIELDS 2 a b
            [:1 :1]
            ! wait 40
            > HINCRBY h a 6
            :6
            > HINCRBYFLOAT h b 6
            "6"
            > HTTL h FIELDS 2 a b
            [:-1 :-1]
            "#,
        );
    }
}
