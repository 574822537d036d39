//! HSETEX: put values under fields and say how long these shall live.
//!
//! A time that is not in the future removes the fields, as if they had been set and had ended at once: so it is told.

use std::ops::Range;

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Collection, Env, FieldTtl, Hash, Key, Retime, Was};
use resp::Argv;

use super::terms::{self, EX, EXAT, FIELDS_AND_VALUES, NUMFIELDS, PX, PXAT, Unit};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "HSETEX",
    summary: "Puts values under fields of a hash, and says when these shall end.",
    since: "9.0.0",
    group: Group::Hash,
    arity: Arity::AtLeast(6),
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().insert()],
    args: &[
        Arg::key("key"),
        Arg::one_of("key-condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional(),
        Arg::one_of("fields-condition", &[Arg::word("fnx", "FNX"), Arg::word("fxx", "FXX")]).optional(),
        Arg::one_of("expiration", &[EX, PX, EXAT, PXAT, Arg::word("keepttl", "KEEPTTL")]).optional(),
        FIELDS_AND_VALUES,
    ],
    reply: "1, or 0 if a condition does not hold",
    complexity: "O(N), N = number of fields set",
    run: hsetex,
    ..Command::BLANK
}];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Keep,
    /// The index of the number.
    At(Unit, usize),
}

/// What must hold: `Some(true)` = is there, `Some(false)` = is not.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Terms {
    key: Option<bool>,
    fields: Option<bool>,
    said: Said,
}

/// What was done with the fields.
#[derive(Clone, Copy)]
struct Done {
    /// Fields whose time had been up, that were replaced.
    expired: usize,
    set: bool,
}

fn hsetex(ctx: &mut Ctx<'_>) -> Result {
    let word = terms::fields_word(ctx, 2)?;
    let terms = terms_before(ctx, word)?;
    let pairs = terms::counted(ctx, word, 2, NUMFIELDS)?;
    let key = ctx.key(1);
    // Type and presence of the key are looked at before the time is.
    let there = ctx.db().write(key).map(|entry| keyspace::view_of::<Hash>(entry).map(|_| ())).transpose()?;
    if terms.key.is_some_and(|wanted| wanted != there.is_some()) {
        return ctx.int(0);
    }
    let until = match terms.said {
        Said::At(unit, index) => Some(unit.absolute(ctx, index)?),
        Said::Nothing | Said::Keep => None,
    };
    let ttl = match (until, terms.said) {
        (Some(at), _) => FieldTtl::Until(at),
        (None, Said::Keep) => FieldTtl::Keep,
        (None, _) => FieldTtl::Clear,
    };
    let argv = ctx.argv;
    let edited = ctx.db().edit_or_new(
        key,
        |_| Hash::default(),
        |hash, env| apply(hash, env, argv, pairs.clone(), terms.fields, ttl),
    )?;
    if !edited.result.set {
        return ctx.int(0);
    }
    tell(ctx, key, pairs, terms, until, edited.result);
    super::note_gone(ctx, key, edited.gone);
    ctx.int(1)
}

/// The options before the word FIELDS, in any order; of the same word twice, the later one holds.
fn terms_before(ctx: &Ctx<'_>, end: usize) -> Result<Terms> {
    let (mut terms, mut at) = (Terms { key: None, fields: None, said: Said::Nothing }, 2);
    while at < end {
        let is = |word| ctx.is(at, word);
        let unit = Unit::named(ctx.argv.at(at));
        let fresh = match unit {
            Some(unit) if at + 1 < end => {
                let agrees = match terms.said {
                    Said::At(other, _) => unit == other,
                    said => said == Said::Nothing,
                };
                terms.said = Said::At(unit, at + 1);
                agrees
            }
            Some(_) => false,
            None if is("KEEPTTL") => {
                let agrees = !matches!(terms.said, Said::At(..));
                terms.said = Said::Keep;
                agrees
            }
            None if is("NX") || is("XX") => agree(&mut terms.key, is("XX")),
            None if is("FNX") || is("FXX") => agree(&mut terms.fields, is("FXX")),
            None => false,
        };
        if !fresh {
            return Err(CommandError::Syntax);
        }
        at += if unit.is_some() { 2 } else { 1 };
    }
    Ok(terms)
}

/// Notes a condition; false if the opposite was asked for before.
fn agree(condition: &mut Option<bool>, wanted: bool) -> bool {
    condition.replace(wanted).is_none_or(|before| before == wanted)
}

/// Sets the fields, or removes them if their time is up already.
fn apply(
    hash: &mut Hash,
    env: &Env,
    argv: Argv<'_>,
    pairs: Range<usize>,
    wanted: Option<bool>,
    ttl: FieldTtl,
) -> Done {
    let mut done = Done { expired: 0, set: false };
    let there = |field| hash.view().get(field, env.now_ms).is_some();
    let mut fields = pairs.clone().step_by(2).map(|at| argv.at(at));
    if wanted.is_some_and(|wanted| fields.any(|field| there(field) != wanted)) {
        return done;
    }
    done.set = true;
    if matches!(ttl, FieldTtl::Until(at) if at <= env.now_ms) {
        for at in pairs.step_by(2) {
            hash.retime(argv.at(at), env, |_| Retime::Remove);
            done.expired += 1;
        }
        return done;
    }
    hash.expect(pairs.len() / 2, env);
    for at in pairs.step_by(2) {
        let was = hash.set(argv.at(at), argv.at(at + 1), ttl, env);
        done.expired += usize::from(was == Was::Expired);
    }
    done
}

fn tell(ctx: &mut Ctx<'_>, key: Key<'_>, pairs: Range<usize>, terms: Terms, until: Option<i64>, done: Done) {
    let past = until.is_some_and(|at| at <= ctx.now_ms());
    if !past {
        super::note_expired(ctx, key, done.expired);
    }
    super::note_changed(ctx, key, pairs.len() / 2, "hset");
    if until.is_some() {
        ctx.event(ctx.client.db, key.bytes, Class::Hash, "hexpire");
    }
    if past {
        super::note_expired(ctx, key, done.expired);
        let fields: Vec<usize> = pairs.step_by(2).collect();
        return terms::propagate_removal(ctx, &fields);
    }
    let as_requested = terms.key.is_none() && terms.fields.is_none() && until.is_none();
    if !as_requested && ctx.server.listeners.feed {
        propagate(ctx, key, pairs, terms.said, until);
    }
}

/// The request without its conditions, which held, and with its time made absolute.
fn propagate(ctx: &mut Ctx<'_>, key: Key<'_>, pairs: Range<usize>, said: Said, until: Option<i64>) {
    let (argv, time, count) = (ctx.argv, until.map(terms::digits), terms::digits(pairs.len() as i64 / 2));
    let mut words: Vec<&[u8]> = vec![b"HSETEX", key.bytes];
    match &time {
        Some(time) => words.extend([&b"PXAT"[..], time]),
        None if said == Said::Keep => words.push(b"KEEPTTL"),
        None => {}
    }
    words.extend([&b"FIELDS"[..], &count]);
    words.extend(pairs.map(|at| argv.at(at)));
    ctx.propagate_instead(&words);
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn fields_are_set_with_their_time() {
        check(
            r#"
            > HSETEX h FIELDS 1 a 1
            :1
            > OBJECT ENCODING h
            "listpack"
            > HSETEX h EX 100 FIELDS 2 a 1 b 2
            :1
            > OBJECT ENCODING h
            "hashtable"
            > HTTL h FIELDS 2 a b
            [:100 :100]
            > HSETEX h FIELDS 1 a 9
            :1
            > HTTL h FIELDS 2 a b
            [:-1 :100]
            > HSETEX h KEEPTTL FIELDS 2 b 7 c 8
            :1
            > HTTL h FIELDS 3 a b c
            [:-1 :100 :-1]
            > HSETEX h EX 5 EX 50 FIELDS 1 a 1
            :1
            > HTTL h FIELDS 1 a
            [:50]
            > HSETEX h KEEPTTL KEEPTTL FIELDS 1 a 1
            :1
            > HSETEX h PXAT 4000000000000 FIELDS 1 a 1
            :1
            > HPEXPIRETIME h FIELDS 1 a
            [:4000000000000]
            > HPEXPIRE h 20 FIELDS 2 a b
            [:1 :1]
            ! wait 40
            > HSETEX h KEEPTTL FIELDS 1 a 1
            :1
            > HTTL h FIELDS 2 a b
            [:-1 :-2]
            > HSETEX h FIELDS 1 b 1
            :1
            > HTTL h FIELDS 1 b
            [:-1]
            "#,
        );
    }

    #[test]
    fn conditions_are_of_the_key_and_of_the_fields() {
        check(
            r#"
            > HSETEX h XX FIELDS 1 a 1
            :0
            > HSETEX h FXX FIELDS 1 a 1
            :0
            > HSETEX h NX FXX FIELDS 1 a 1
            :0
            > EXISTS h
            :0
            > HSETEX h NX FIELDS 1 a 1
            :1
            > HSETEX h NX FIELDS 1 a 2
            :0
            > HSETEX h NX FNX FIELDS 1 z 2
            :0
            > HSETEX h XX FIELDS 1 a 3
            :1
            > HSETEX h XX FNX FIELDS 1 q 4
            :1
            > HSETEX h FNX FIELDS 2 a 1 zz 1
            :0
            > HSETEX h FNX FIELDS 1 zz 1
            :1
            > HSETEX h FXX FIELDS 2 a 1 yy 1
            :0
            > HSETEX h FXX EX 10 FIELDS 2 a 5 zz 5
            :1
            > HMGET h a q zz yy
            ["5" "4" "5" nil]
            > HPEXPIRE h 20 FIELDS 1 a
            [:1]
            ! wait 40
            > HSETEX h FXX FIELDS 1 a 3
            :0
            > HSETEX h FNX FIELDS 1 a 3
            :1
            > HSETEX h NX NX XX FIELDS 1 a 1
            -ERR syntax error
            > HSETEX h FXX FNX FIELDS 1 a 1
            -ERR syntax error
            "#,
        );
    }

    #[test]
    fn times_that_are_over_remove() {
        check(
            r#"
            > HSETEX h EX 0 FIELDS 1 a 1
            :1
            > EXISTS h
            :0
            > HSET h a 1 b 2 c 3
            :3
            > HSETEX h EXAT 1 FIELDS 2 a 1 new 2
            :1
            > HGETALL h
            ["b" "2" "c" "3"]
            > OBJECT ENCODING h
            "listpack"
            > HSETEX h FNX PX 0 FIELDS 1 b 1
            :0
            > HSETEX h FXX PX 0 FIELDS 2 b 1 c 1
            :1
            > EXISTS h
            :0
            "#,
        );
    }

    #[test]
    fn errors_come_in_the_peers_order() {
        check(
            r#"
            > HSET h a 1
            :1
            > SET s text
            +OK
            > HSETEX h FIELDS 1 a
            -ERR wrong number of arguments for 'hsetex' command
            > HSETEX h FIELDS 2 a 1
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX h FIELDS 2 a 1 b
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX h FIELDS 1 a 1 b
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX h FIELDS 0 a 1
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX h FIELDS -1 a 1
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX h FIELDS 4611686018427387905 a 1
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX h FIELDS x a 1
            -ERR value is not an integer or out of range
            > HSETEX h FIELDS 1 a 1 EX 10
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX h FOO FIELDS 1 a 1
            -ERR syntax error
            > HSETEX h FOO FIELDS 2 a 1
            -ERR syntax error
            > HSETEX h FOO 1 a 1 b 1
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX h PERSIST FIELDS 1 a 1
            -ERR syntax error
            > HSETEX h EX FIELDS 1 a 1
            -ERR syntax error
            > HSETEX h EX 1 PX 1 FIELDS 1 a 1
            -ERR syntax error
            > HSETEX h EX 1 KEEPTTL FIELDS 1 a 1
            -ERR syntax error
            > HSETEX h KEEPTTL EX 1 FIELDS 1 a 1
            -ERR syntax error
            > HSETEX h EX x FIELDS 2 a 1
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX h EX x FIELDS 1 a 1
            -ERR value is not an integer or out of range
            > HSETEX h EX -1 FIELDS 1 a 1
            -ERR invalid expire time in 'hsetex' command
            > HSETEX h PXAT -1 FIELDS 1 a 1
            -ERR invalid expire time in 'hsetex' command
            > HSETEX h EX 9223372036854775807 FIELDS 1 a 1
            -ERR invalid expire time in 'hsetex' command
            > HSETEX s EX x FIELDS 1 a 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HSETEX s NX FIELDS 1 a 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HSETEX s FIELDS 2 a 1
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HSETEX s FIELDS 1 a 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HSETEX h NX EX x FIELDS 1 a 1
            :0
            > HSETEX nope XX EX x FIELDS 1 a 1
            :0
            > HSETEX nope XX EX -1 FIELDS 1 a 1
            :0
            "#,
        );
    }
}
