//! HRANDFIELD: fields at random, each with the same chance.

use std::collections::BTreeSet;

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Outbox, Result};
use keyspace::{Hash, HashView, Rng};
use structures::listpack::Element;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "HRANDFIELD",
    summary: "Answers fields of a hash, picked at random.",
    since: "6.2.0",
    group: Group::Hash,
    arity: Arity::AtLeast(2),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[
        Arg::key("key"),
        Arg::block("options", &[Arg::integer("count"), Arg::word("withvalues", "WITHVALUES").optional()])
            .optional(),
    ],
    reply: "a field, or fields that differ, or with a negative count fields that may be the same",
    complexity: "O(N), N = number of fields asked for",
    tips: &["nondeterministic_output"],
    run: hrandfield,
    ..Command::BLANK
}];

/// One in so many fields must be asked for before all of them are walked.
const SPARSE: usize = 3;

fn hrandfield(ctx: &mut Ctx<'_>) -> Result {
    let asked = options(ctx)?;
    let (key, now_ms, room) = (ctx.key(1), ctx.now_ms(), ctx.reply_room());
    let repeated = asked.is_some_and(|(count, _)| count < 0);
    let hopeless = repeated && asked.is_some_and(|(count, _)| ctx.is_too_much(magnitude(count)));
    // The generator is put back before anything else needs it.
    let mut rng = ctx.keyspace.env.rng.clone();
    let hash = ctx.keyspace.db(ctx.client.db).view::<Hash>(key)?;
    let hash = hash.filter(|hash| hash.live_len(now_ms) > 0);
    let out = &mut ctx.client.out;
    let mut fits = true;
    match (hash, asked) {
        (None, None) => out.null(),
        (None, Some(_)) | (_, Some((0, _))) => out.array(0),
        (Some(hash), None) => {
            if let Some((field, _)) = hash.random(now_ms, &mut rng) {
                super::answer(out, field);
            }
        }
        (Some(hash), Some((count, values))) => {
            let mut writer = Writer { out, values };
            if repeated {
                fits = !hopeless && writer.repeated(hash, magnitude(count), room, now_ms, &mut rng);
            } else {
                writer.different(hash, magnitude(count), now_ms, &mut rng);
            }
        }
    }
    ctx.keyspace.env.rng = rng;
    if !fits {
        ctx.hang_up();
    }
    Ok(())
}

fn magnitude(count: i64) -> usize {
    usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX)
}

/// The count and whether values are wanted; `None` without a count.
fn options(ctx: &Ctx<'_>) -> Result<Option<(i64, bool)>> {
    if ctx.argv.len() == 2 {
        return Ok(None);
    }
    let count = ctx.integer(2)?;
    if count == i64::MIN {
        return Err(OUT_OF_RANGE);
    }
    let values = ctx.argv.len() > 3;
    if ctx.argv.len() > 4 || (values && !ctx.is(3, "WITHVALUES")) {
        return Err(CommandError::Syntax);
    }
    if values && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(CommandError::Line("ERR value is out of range"));
    }
    Ok(Some((count, values)))
}

const OUT_OF_RANGE: CommandError = CommandError::Line(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);

/// Writes fields, or pairs.
struct Writer<'o> {
    out: &'o mut Outbox,
    values: bool,
}

impl Writer<'_> {
    fn header(&mut self, count: usize) {
        let flat = self.values && self.out.protocol == resp::Protocol::Resp2;
        self.out.array(if flat { count.saturating_mul(2) } else { count });
    }

    fn pair(&mut self, field: Element<'_>, value: Element<'_>) {
        if self.values && self.out.protocol != resp::Protocol::Resp2 {
            self.out.array(2);
        }
        super::answer(self.out, field);
        if self.values {
            super::answer(self.out, value);
        }
    }

    /// So many, each picked anew. False, in the middle of the reply, if they do not have room.
    fn repeated(
        &mut self,
        hash: HashView<'_>,
        count: usize,
        room: usize,
        now_ms: i64,
        rng: &mut Rng,
    ) -> bool {
        self.header(count);
        for _ in 0..count {
            if let Some((field, value)) = hash.random(now_ms, rng) {
                self.pair(field, value);
            }
            if self.out.len() > room {
                return false;
            }
        }
        true
    }

    /// So many that differ, or all.
    fn different(&mut self, hash: HashView<'_>, count: usize, now_ms: i64, rng: &mut Rng) {
        let mut left = hash.live_len(now_ms);
        let mut wanted = count.min(left);
        self.header(wanted);
        if matches!(hash, HashView::Table(_)) && wanted.saturating_mul(SPARSE) < left {
            return self.picked(hash, wanted, now_ms, rng);
        }
        // Each is taken with the chance that as many are still wanted among those still to come.
        for (field, value) in hash.iter(now_ms) {
            if rng.usize(..left.max(1)) < wanted {
                self.pair(field, value);
                wanted -= 1;
            }
            left = left.saturating_sub(1);
        }
    }

    /// A few of many: picked again if they were picked before.
    fn picked(&mut self, hash: HashView<'_>, wanted: usize, now_ms: i64, rng: &mut Rng) {
        let mut met = BTreeSet::new();
        while met.len() < wanted {
            let Some((field, value)) = hash.random(now_ms, rng) else { break };
            let Element::Str(bytes) = field else { break };
            if met.insert(bytes.as_ptr()) {
                self.pair(field, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn counts_say_how_many() {
        check(
            r#"
            > HSET h a 1
            :1
            > HRANDFIELD h
            "a"
            > HRANDFIELD h 3
            ["a"]
            > HRANDFIELD h -3
            ["a" "a" "a"]
            > HRANDFIELD h 0
            []
            > HRANDFIELD h 0 WITHVALUES
            []
            > HRANDFIELD h 2 WITHVALUES
            ["a" "1"]
            > HRANDFIELD h -2 WITHVALUES
            ["a" "1" "a" "1"]
            > HRANDFIELD nope
            nil
            > HRANDFIELD nope 3
            []
            > HRANDFIELD nope -3 WITHVALUES
            []
            > HRANDFIELD h 9223372036854775807
            ["a"]
            > HELLO 3
            *
            > HRANDFIELD h
            "a"
            > HRANDFIELD nope
            nil
            > HRANDFIELD h 2 WITHVALUES
            [["a" "1"]]
            > HRANDFIELD h -2 WITHVALUES
            [["a" "1"] ["a" "1"]]
            > HRANDFIELD h -2
            ["a" "a"]
            > HRANDFIELD nope 2 WITHVALUES
            []
            "#,
        );
    }

    #[test]
    fn counts_that_make_no_sense_are_refused() {
        check(
            r#"
            > HSET h a 1
            :1
            > HRANDFIELD h x
            -ERR value is not an integer or out of range
            > HRANDFIELD nope x
            -ERR value is not an integer or out of range
            > HRANDFIELD h WITHVALUES
            -ERR value is not an integer or out of range
            > HRANDFIELD h 1 FOO
            -ERR syntax error
            > HRANDFIELD h 1 WITHVALUES FOO
            -ERR syntax error
            > HRANDFIELD nope 3 FOO
            -ERR syntax error
            > HRANDFIELD h 9223372036854775808
            -ERR value is not an integer or out of range
            > HRANDFIELD h -9223372036854775808
            -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
            > HRANDFIELD h -9223372036854775807 WITHVALUES
            -ERR value is out of range
            > HRANDFIELD h 4611686018427387904 WITHVALUES
            -ERR value is out of range
            > SET s text
            +OK
            > HRANDFIELD s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HRANDFIELD s 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HRANDFIELD s x
            -ERR value is not an integer or out of range
            "#,
        );
    }

    #[test]
    fn who_asks_for_more_than_may_wait_is_hung_up_on() {
        check(
            r#"
            # only here: a peer makes the reply first
            > HSET s a b
            :1
            2> HRANDFIELD s -9223372036854775806
            closed
            > CONFIG SET client-output-buffer-limit "normal 20000 0 0"
            +OK
            3> HRANDFIELD s -2900
            closed
            4> HRANDFIELD s -3334
            closed
            > HRANDFIELD s -1
            ["a"]
            "#,
        );
    }
}
