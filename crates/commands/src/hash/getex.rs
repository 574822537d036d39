//! HGETEX: read fields and say how long they shall live.

use std::ops::Range;

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Collection, Hash, Key, Retime};

use super::terms::{self, EX, EXAT, FIELDS, NUMFIELDS, PX, PXAT, Unit};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "HGETEX",
    summary: "Answers the values of some fields, and says when these shall end.",
    since: "9.0.0",
    group: Group::Hash,
    arity: Arity::AtLeast(5),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().update()],
    args: &[
        Arg::key("key"),
        Arg::one_of("expiration", &[EX, PX, EXAT, PXAT, Arg::word("persist", "PERSIST")]).optional(),
        FIELDS,
    ],
    reply: "the values, null where there is none",
    complexity: "O(N), N = number of fields named",
    run: hgetex,
    ..Command::BLANK
}];

/// What a request says about the time to live. `At` holds the index of the number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Persist,
    At(Unit, usize),
}

fn hgetex(ctx: &mut Ctx<'_>) -> Result {
    let word = terms::fields_word(ctx, 2)?;
    let said = options(ctx, word)?;
    let fields = terms::fields_at(ctx, word, NUMFIELDS)?;
    let (key, now_ms) = (ctx.key(1), ctx.now_ms());
    let hash = ctx.keyspace.db(ctx.client.db).view::<Hash>(key)?;
    if hash.is_none() || said == Said::Nothing {
        let out = &mut ctx.client.out;
        let mark = out.mark();
        out.array(fields.len());
        for at in fields {
            match hash.and_then(|hash| hash.get(ctx.argv.at(at), now_ms)) {
                Some(value) => super::answer(out, value),
                None => out.null(),
            }
        }
        // A wrong time is an error even if there is nothing it could be the time of.
        return decided(ctx, said).map(|_| ()).inspect_err(|_| ctx.client.out.rewind(mark));
    }
    let decision = decided(ctx, said)?;
    change(ctx, key, fields, decision)
}

/// EX, PX, EXAT, PXAT and PERSIST before the word FIELDS; of the same word twice, the later one holds.
fn options(ctx: &Ctx<'_>, end: usize) -> Result<Said> {
    let (mut said, mut at) = (Said::Nothing, 2);
    while at < end {
        let found = match Unit::named(ctx.argv.at(at)) {
            Some(unit) if at + 1 < end => Said::At(unit, at + 1),
            None if ctx.is(at, "PERSIST") => Said::Persist,
            _ => return Err(CommandError::Syntax),
        };
        let agrees = match (said, found) {
            (Said::At(unit, _), Said::At(other, _)) => unit == other,
            (Said::Nothing, _) => true,
            _ => said == found,
        };
        if !agrees {
            return Err(CommandError::Syntax);
        }
        said = found;
        at += if found == Said::Persist { 1 } else { 2 };
    }
    Ok(said)
}

fn decided(ctx: &Ctx<'_>, said: Said) -> Result<Retime> {
    Ok(match said {
        Said::Nothing => Retime::Leave,
        Said::Persist => Retime::Set(None),
        Said::At(unit, index) => match unit.absolute(ctx, index)? {
            at if at <= ctx.now_ms() => Retime::Remove,
            at => Retime::Set(Some(at)),
        },
    })
}

/// Answers each field, and gives it its new time.
fn change(ctx: &mut Ctx<'_>, key: Key<'_>, fields: Range<usize>, decision: Retime) -> Result {
    let (argv, now_ms, out) = (ctx.argv, ctx.now_ms(), &mut ctx.client.out);
    let edited = ctx.keyspace.db(ctx.client.db).edit(key, |hash: &mut Hash, env| {
        out.array(fields.len());
        let mut changed = Vec::new();
        for at in fields {
            match hash.view().get(argv.at(at), now_ms) {
                Some(value) => super::answer(out, value),
                None => out.null(),
            }
            let mut had = false;
            let found = hash.retime(argv.at(at), env, |before| {
                had = before.is_some();
                decision
            });
            if found.is_some() && (had || decision != Retime::Set(None)) {
                changed.push(at);
            }
        }
        changed
    })?;
    if let Some(edited) = edited.filter(|edited| !edited.result.is_empty()) {
        tell(ctx, key, &edited.result, decision);
        super::note_gone(ctx, key, edited.gone);
    }
    Ok(())
}

fn tell(ctx: &mut Ctx<'_>, key: Key<'_>, fields: &[usize], decision: Retime) {
    let until = match decision {
        Retime::Remove => {
            ctx.outcome.dirty += fields.len() as u64;
            super::note_expired(ctx, key, fields.len());
            return terms::propagate_removal(ctx, fields);
        }
        Retime::Set(until) => until,
        Retime::Leave => return,
    };
    super::note_changed(ctx, key, fields.len(), if until.is_some() { "hexpire" } else { "hpersist" });
    if !ctx.server.listeners.feed {
        return;
    }
    let (argv, time, count) = (ctx.argv, until.map(terms::digits), terms::digits(fields.len() as i64));
    let mut words: Vec<&[u8]> = match &time {
        Some(time) => vec![b"HPEXPIREAT", key.bytes, time],
        None => vec![b"HPERSIST", key.bytes],
    };
    words.extend([&b"FIELDS"[..], &count]);
    words.extend(fields.iter().map(|at| argv.at(*at)));
    ctx.propagate_instead(&words);
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn reading_can_change_the_life_of_fields() {
        check(
            r#"
            > HSET h a 1 b 2 c 3
            :3
            > HGETEX h FIELDS 2 a nope
            ["1" nil]
            > HGETEX h EX 100 FIELDS 1 nope
            [nil]
            > OBJECT ENCODING h
            "listpack"
            > HGETEX h EX 100 FIELDS 2 a nope
            ["1" nil]
            > HTTL h FIELDS 3 a b c
            [:100 :-1 :-1]
            > HGETEX h FIELDS 1 a
            ["1"]
            > HTTL h FIELDS 1 a
            [:100]
            > HGETEX h PERSIST FIELDS 2 a b
            ["1" "2"]
            > HTTL h FIELDS 2 a b
            [:-1 :-1]
            > HGETEX h EX 5 EX 50 FIELDS 1 a
            ["1"]
            > HTTL h FIELDS 1 a
            [:50]
            > HGETEX h PERSIST PERSIST FIELDS 1 a
            ["1"]
            > HGETEX h PXAT 4000000000000 FIELDS 1 a
            ["1"]
            > HPEXPIRETIME h FIELDS 1 a
            [:4000000000000]
            > HGETEX h EXAT 1 FIELDS 3 a a nope
            ["1" nil nil]
            > HGETALL h
            ["b" "2" "c" "3"]
            > HGETEX h PX 0 FIELDS 2 b c
            ["2" "3"]
            > EXISTS h
            :0
            > HGETEX nope FIELDS 2 a b
            [nil nil]
            > HGETEX nope EX 10 FIELDS 1 a
            [nil]
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
            > HGETEX h FIELDS 1
            -ERR wrong number of arguments for 'hgetex' command
            > HGETEX h FIELDS 0 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETEX h FIELDS 2 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETEX h FIELDS 1 a b
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETEX h FIELDS x a
            -ERR value is not an integer or out of range
            > HGETEX h FIELDS 1 a EX 10
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETEX h FOO 1 a b c
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETEX h FOO FIELDS 1 a
            -ERR syntax error
            > HGETEX h FOO FIELDS 2 a
            -ERR syntax error
            > HGETEX h KEEPTTL FIELDS 1 a
            -ERR syntax error
            > HGETEX h EX FIELDS 1 a
            -ERR syntax error
            > HGETEX h EX 1 PX 1 FIELDS 1 a
            -ERR syntax error
            > HGETEX h EX 1 PERSIST FIELDS 1 a
            -ERR syntax error
            > HGETEX h PERSIST EX 1 FIELDS 1 a
            -ERR syntax error
            > HGETEX h FNX FIELDS 1 a
            -ERR syntax error
            > HGETEX h EX x FIELDS 2 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETEX h EX x FIELDS 1 a
            -ERR value is not an integer or out of range
            > HGETEX h EX -1 FIELDS 1 a
            -ERR invalid expire time in 'hgetex' command
            > HGETEX h EX 9223372036854775807 FIELDS 1 a
            -ERR invalid expire time in 'hgetex' command
            > HGETEX nope EX -1 FIELDS 1 a
            -ERR invalid expire time in 'hgetex' command
            > HGETEX nope EX x FIELDS 1 a
            -ERR value is not an integer or out of range
            > HGETEX s EX x FIELDS 1 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HGETEX s FIELDS 2 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HGETEX s FIELDS 1 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
