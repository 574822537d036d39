//! HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT: when fields shall end.
//!
//! The four differ in the unit of their number and in what it counts from. What is kept, and told to replicas, is a
//! time in milliseconds since 1970 (HPEXPIREAT). A time that is not in the future removes the fields at once (HDEL).
//!
//! Errors come in the order of Valkey: the word FIELDS, options, their clashes, the number of fields, the time, the type.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Hash, Key, Retime};

use super::terms::{self, FIELDS, FIELDS_PLAIN, NUMFIELDS, Unit};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "HEXPIRE",
        summary: "Lets fields live for so many seconds.",
        args: &[Arg::key("key"), Arg::integer("seconds"), CONDITION_UNDATED, FIELDS_PLAIN],
        run: |ctx| hexpire(ctx, Unit::Seconds),
        ..EXPIRE
    },
    Command {
        name: "HPEXPIRE",
        summary: "Lets fields live for so many milliseconds.",
        args: &[Arg::key("key"), Arg::integer("milliseconds"), CONDITION, FIELDS],
        run: |ctx| hexpire(ctx, Unit::Millis),
        ..EXPIRE
    },
    Command {
        name: "HEXPIREAT",
        summary: "Lets fields live until a time in seconds since 1970.",
        args: &[Arg::key("key"), Arg::integer("unix-time-seconds"), CONDITION, FIELDS],
        run: |ctx| hexpire(ctx, Unit::UnixSeconds),
        ..EXPIRE
    },
    Command {
        name: "HPEXPIREAT",
        summary: "Lets fields live until a time in milliseconds since 1970.",
        args: &[Arg::key("key"), Arg::integer("unix-time-milliseconds"), CONDITION, FIELDS],
        run: |ctx| hexpire(ctx, Unit::UnixMillis),
        ..EXPIRE
    },
];

const EXPIRE: Command = Command {
    since: "9.0.0",
    group: Group::Hash,
    arity: Arity::AtLeast(6),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update()],
    reply: "for each field 1, 0 if the condition does not hold, 2 if it was removed, -2 if it is not there",
    complexity: "O(N), N = number of fields named",
    run: |ctx| hexpire(ctx, Unit::Seconds),
    ..Command::BLANK
};

const CONDITION_UNDATED: Arg = Arg::one_of(
    "condition",
    &[Arg::word("nx", "NX"), Arg::word("xx", "XX"), Arg::word("gt", "GT"), Arg::word("lt", "LT")],
)
.optional();
const CONDITION: Arg = CONDITION_UNDATED.since("9.0.0");

/// Index of the first word that may be a condition.
const OPTIONS: usize = 3;

/// What must hold of the time a field has; one without lives infinitely long.
#[derive(Clone, Copy, Default)]
struct Condition {
    absent: bool,
    present: bool,
    later: bool,
    sooner: bool,
}

impl Condition {
    fn parse(ctx: &Ctx<'_>, end: usize) -> Result<Condition> {
        let mut condition = Condition::default();
        for at in OPTIONS..end {
            match () {
                () if ctx.is(at, "NX") => condition.absent = true,
                () if ctx.is(at, "XX") => condition.present = true,
                () if ctx.is(at, "GT") => condition.later = true,
                () if ctx.is(at, "LT") => condition.sooner = true,
                () => {
                    let word = String::from_utf8_lossy(ctx.argv.at(at));
                    return Err(CommandError::Told(format!("ERR Unsupported option {word}")));
                }
            }
        }
        match condition {
            Condition { absent: true, present, later, sooner } if present || later || sooner => {
                Err(NX_WITH_OTHERS)
            }
            Condition { later: true, sooner: true, .. } => Err(GT_WITH_LT),
            condition => Ok(condition),
        }
    }

    fn holds(self, before: Option<i64>, at: i64) -> bool {
        (!self.absent || before.is_none())
            && (!self.present || before.is_some())
            && (!self.later || before.is_some_and(|before| at > before))
            && (!self.sooner || before.is_none_or(|before| at < before))
    }
}

const NX_WITH_OTHERS: CommandError =
    CommandError::Line("ERR NX and XX, GT or LT options at the same time are not compatible");
const GT_WITH_LT: CommandError =
    CommandError::Line("ERR GT and LT options at the same time are not compatible");

fn hexpire(ctx: &mut Ctx<'_>, unit: Unit) -> Result {
    let word = terms::fields_word(ctx, OPTIONS)?;
    let condition = Condition::parse(ctx, word)?;
    let fields = terms::fields_at(ctx, word, NUMFIELDS)?;
    let at_ms = unit.absolute(ctx, 2)?;
    let (key, argv, past) = (ctx.key(1), ctx.argv, at_ms <= ctx.now_ms());
    let out = &mut ctx.client.out;
    let edited = ctx.keyspace.db(ctx.client.db).edit(key, |hash: &mut Hash, env| {
        out.array(fields.len());
        let mut changed = Vec::new();
        for at in fields.clone() {
            let done = hash.retime(argv.at(at), env, |before| match condition.holds(before, at_ms) {
                false => Retime::Leave,
                true if past => Retime::Remove,
                true => Retime::Set(Some(at_ms)),
            });
            out.integer(match done {
                None => -2,
                Some(Retime::Leave) => 0,
                Some(Retime::Set(_)) => 1,
                Some(Retime::Remove) => 2,
            });
            if matches!(done, Some(Retime::Set(_) | Retime::Remove)) {
                changed.push(at);
            }
        }
        changed
    })?;
    let Some(edited) = edited else {
        ctx.client.out.array(fields.len());
        fields.for_each(|_| ctx.client.out.integer(-2));
        return Ok(());
    };
    if !edited.result.is_empty() {
        tell(ctx, key, &edited.result, at_ms, past);
        super::note_gone(ctx, key, edited.gone);
    }
    Ok(())
}

fn tell(ctx: &mut Ctx<'_>, key: Key<'_>, changed: &[usize], at_ms: i64, past: bool) {
    if past {
        ctx.outcome.dirty += changed.len() as u64;
        super::note_expired(ctx, key, changed.len());
        return terms::propagate_removal(ctx, changed);
    }
    super::note_changed(ctx, key, changed.len(), "hexpire");
    if ctx.server.listeners.feed {
        // The request with its time made absolute; the conditions stay.
        let (argv, time) = (ctx.argv, terms::digits(at_ms));
        let mut words: Vec<&[u8]> = vec![b"HPEXPIREAT", key.bytes, &time];
        words.extend(argv.iter().skip(OPTIONS));
        ctx.propagate_instead(&words);
    }
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, Value, check};

    /// The peer shows this only while its active cycle is off, so it cannot be a transcript.
    #[test]
    fn what_has_ended_is_counted_until_it_is_cleared_away() {
        let mut h = Harness::new();
        h.send("HSET h a 1 b 2");
        h.send("HPEXPIRE h 20 FIELDS 2 a b");
        h.advance(40);
        assert_eq!(h.send("HLEN h"), Value::Integer(2));
        assert_eq!(h.send("EXISTS h"), Value::Integer(1));
        assert_eq!(h.send("HDEL h a"), Value::Integer(0));
        assert_eq!(h.send("HSET h a 1"), Value::Integer(1));
        assert_eq!(h.send("HLEN h"), Value::Integer(2));
        assert_eq!(h.send("HDEL h a"), Value::Integer(1));
        assert_eq!(h.send("EXISTS h"), Value::Integer(1));
    }

    #[test]
    fn fields_end_at_their_time() {
        check(
            r#"
            > HSET h a 1 b 2 c 3
            :3
            > HEXPIRE h 100 FIELDS 2 a nope
            [:1 :-2]
            > OBJECT ENCODING h
            "hashtable"
            > HTTL h FIELDS 3 a b nope
            [:100 :-1 :-2]
            > HPEXPIRE h 20 FIELDS 1 b
            [:1]
            ! wait 40
            > HGET h b
            nil
            > HMGET h a b c
            ["1" nil "3"]
            > HEXISTS h b
            :0
            > HSTRLEN h b
            :0
            > HGETALL h
            ["a" "1" "c" "3"]
            > HKEYS h
            ["a" "c"]
            > HVALS h
            ["1" "3"]
            > HSCAN h 0 MATCH b
            ["0" []]
            > HRANDFIELD h 5
            ["a" "c"]
            > HTTL h FIELDS 1 b
            [:-2]
            > HEXPIRE h 100 FIELDS 1 b
            [:-2]
            > HPERSIST h FIELDS 1 b
            [:-2]
            > HGETDEL h FIELDS 1 b
            [nil]
            > HGETEX h EX 10 FIELDS 1 b
            [nil]
            > HPEXPIRE h 20 FIELDS 2 a c
            [:1 :1]
            ! wait 40
            > HGETALL h
            []
            > HRANDFIELD h
            nil
            > HRANDFIELD h 3
            []
            > HRANDFIELD h -3
            []
            > HSCAN h 0
            ["0" []]
            > HSET h a 5
            :1
            > HGETALL h
            ["a" "5"]
            "#,
        );
    }

    #[test]
    fn times_that_are_over_remove_at_once() {
        check(
            r#"
            > HSET h a 1 b 2 c 3 d 4
            :4
            > HEXPIRE h 0 FIELDS 3 a a nope
            [:2 :-2 :-2]
            > OBJECT ENCODING h
            "listpack"
            > HPEXPIRE h 0 FIELDS 1 b
            [:2]
            > HEXPIREAT h 1 FIELDS 1 c
            [:2]
            > HGETALL h
            ["d" "4"]
            > HPEXPIREAT h 1 FIELDS 2 nope d
            [:-2 :2]
            > EXISTS h
            :0
            > HEXPIRE nope 0 FIELDS 2 a b
            [:-2 :-2]
            > HEXPIRE nope 10 FIELDS 2 a b
            [:-2 :-2]
            "#,
        );
    }

    #[test]
    fn conditions_compare_with_what_is_there() {
        check(
            r#"
            > HSET h a 1
            :1
            > HEXPIRE h 100 XX FIELDS 1 a
            [:0]
            > HEXPIRE h 100 GT FIELDS 1 a
            [:0]
            > HEXPIRE h 100 XX LT FIELDS 1 a
            [:0]
            > HEXPIREAT h 1 XX FIELDS 1 a
            [:0]
            > OBJECT ENCODING h
            "listpack"
            > HEXPIRE h 100 LT FIELDS 1 a
            [:1]
            > HEXPIRE h 100 NX FIELDS 1 a
            [:0]
            > HEXPIRE h 50 gt fields 1 a
            [:0]
            > HEXPIRE h 50 lt fields 1 a
            [:1]
            > HEXPIRE h 200 XX GT FIELDS 1 a
            [:1]
            > HEXPIRE h 300 GT XX GT FIELDS 1 a
            [:1]
            > HEXPIREAT h 1 NX FIELDS 1 a
            [:0]
            > HEXPIREAT h 1 GT FIELDS 1 a
            [:0]
            > HEXPIRE h 100 NX NX FIELDS 1 a
            [:0]
            > HEXPIREAT h 1 LT FIELDS 1 a
            [:2]
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
            > HEXPIRE h 10 FIELDS
            -ERR wrong number of arguments for 'hexpire' command
            > HEXPIRE h 10 FIELDS 0 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h 10 FIELDS -1 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h 10 FIELDS 2 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h 10 FIELDS 1 a b
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h 10 FIELDS x a
            -ERR value is not an integer or out of range
            > HEXPIRE h 10 FIELDS 9223372036854775807 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h 10 a b c
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h 10 NX FIELDS 1
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h 10 NX XX FIELDS
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h 10 FOO FIELDS 1 a
            -ERR Unsupported option FOO
            > HEXPIRE h 10 FOO FIELDS 2 a
            -ERR Unsupported option FOO
            > HEXPIRE h 10 NX XX FIELDS 2 a
            -ERR NX and XX, GT or LT options at the same time are not compatible
            > HEXPIRE h 10 NX XX FOO FIELDS 1 a
            -ERR Unsupported option FOO
            > HEXPIRE h 10 NX GT FIELDS 1 a
            -ERR NX and XX, GT or LT options at the same time are not compatible
            > HEXPIRE h 10 NX LT FIELDS 1 a
            -ERR NX and XX, GT or LT options at the same time are not compatible
            > HEXPIRE h 10 GT LT FIELDS 1 a
            -ERR GT and LT options at the same time are not compatible
            > HEXPIRE h abc FOO FIELDS 1 a
            -ERR Unsupported option FOO
            > HEXPIRE h abc FIELDS 2 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h -1 FIELDS 2 a
            -ERR numfields should be greater than 0 and match the provided number of fields
            > HEXPIRE h -1 FIELDS 1 a
            -ERR invalid expire time in 'hexpire' command
            > HEXPIRE h abc FIELDS 1 a
            -ERR value is not an integer or out of range
            > HEXPIRE h 9223372036854775807 FIELDS 1 a
            -ERR invalid expire time in 'hexpire' command
            > HPEXPIRE h 9223372036854775807 FIELDS 1 a
            -ERR invalid expire time in 'hpexpire' command
            > HEXPIREAT h 9223372036854775807 FIELDS 1 a
            -ERR invalid expire time in 'hexpireat' command
            > HPEXPIREAT h -1 FIELDS 1 a
            -ERR invalid expire time in 'hpexpireat' command
            > HEXPIRE s -1 FIELDS 1 a
            -ERR invalid expire time in 'hexpire' command
            > HEXPIRE s 10 FOO FIELDS 1 a
            -ERR Unsupported option FOO
            > HEXPIRE s 10 FIELDS 1 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HEXPIRE nope -1 FIELDS 1 a
            -ERR invalid expire time in 'hexpire' command
            "#,
        );
    }
}
