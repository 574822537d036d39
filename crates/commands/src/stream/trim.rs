//! XTRIM, and the trimming that XADD may do.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::stream::{References, Stream, Trim, TrimTo};

use super::id;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XTRIM",
    summary: "Removes the oldest entries of a stream.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(4),
    flags: Flags::WRITE,
    keys: &[KeySpec::at(1).rw().delete()],
    args: &[Arg::key("key"), Arg::block("trim", ARGS)],
    reply: "how many entries went",
    complexity: "O(N), N = entries that go",
    history: &[
        ("6.2.0", "The options `MINID` and `LIMIT`."),
        ("8.2.0", "The options `KEEPREF`, `DELREF` and `ACKED` of Redis."),
    ],
    tips: &["nondeterministic_output"],
    run: xtrim,
    ..Command::BLANK
}];

pub(super) const ARGS: &[Arg] = &[
    Arg::one_of("strategy", &[Arg::word("maxlen", "MAXLEN"), Arg::word("minid", "MINID").since("6.2.0")]),
    Arg::one_of("operator", &[Arg::word("equal", "="), Arg::word("approximately", "~")]).optional(),
    Arg::string("threshold"),
    Arg::integer("count").token("LIMIT").optional().since("6.2.0"),
    CONDITION,
];

/// What becomes of entries that groups still have to acknowledge.
pub(super) const CONDITION: Arg = Arg::one_of(
    "condition",
    &[
        Arg::word("keepref", "KEEPREF").since("8.2.0"),
        Arg::word("delref", "DELREF").since("8.2.0"),
        Arg::word("acked", "ACKED").since("8.2.0"),
    ],
)
.optional();

/// The condition at an index, if there is one.
pub(super) fn condition(ctx: &Ctx<'_>, at: usize) -> Option<References> {
    let words =
        [("KEEPREF", References::Keep), ("DELREF", References::Delete), ("ACKED", References::Acknowledged)];
    words.into_iter().find(|(word, _)| ctx.is(at, word)).map(|(_, references)| references)
}

const BOTH: CommandError =
    CommandError::Line("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
const NEGATIVE_MAXLEN: CommandError = CommandError::Line("ERR The MAXLEN argument must be >= 0.");
const NEGATIVE_LIMIT: CommandError = CommandError::Line("ERR The LIMIT argument must be >= 0.");
const LIMIT_ALONE: CommandError =
    CommandError::Line("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
const LIMIT_EXACT: CommandError =
    CommandError::Line("ERR syntax error, LIMIT cannot be used without the special ~ option");
const NO_STRATEGY: CommandError =
    CommandError::Line("ERR syntax error, XTRIM must be called with a trimming strategy");

/// What to trim, and where the request says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trimming {
    trim: Trim,
    references: References,
    /// The index of the threshold.
    at: usize,
}

impl Trimming {
    /// Says how many entries went.
    pub(super) fn apply(self, stream: &mut Stream) -> u64 {
        stream.trim(self.trim, self.references)
    }
}

/// The options of trimming, in any order between others.
#[derive(Default)]
pub(super) struct Parser {
    found: Option<Trimming>,
    limit: Option<u64>,
    references: Option<References>,
}

impl Parser {
    /// Takes the option at an index, if it is one of these; returns the index after it.
    pub(super) fn take(&mut self, ctx: &Ctx<'_>, at: usize) -> Result<Option<usize>> {
        if let Some(references) = condition(ctx, at) {
            self.references = Some(references);
            return Ok(Some(at + 1));
        }
        if at + 1 >= ctx.argv.len() {
            return Ok(None);
        }
        if ctx.is(at, "MAXLEN") || ctx.is(at, "MINID") {
            return self.strategy(ctx, at).map(Some);
        }
        if ctx.is(at, "LIMIT") {
            self.limit = Some(u64::try_from(ctx.integer(at + 1)?).map_err(|_| NEGATIVE_LIMIT)?);
            return Ok(Some(at + 2));
        }
        Ok(None)
    }

    fn strategy(&mut self, ctx: &Ctx<'_>, at: usize) -> Result<usize> {
        if self.found.is_some() {
            return Err(BOTH);
        }
        let operator = ctx.argv.at(at + 1);
        let given = at + 2 < ctx.argv.len() && matches!(operator, b"~" | b"=");
        let threshold = at + 1 + usize::from(given);
        let to = if ctx.is(at, "MAXLEN") {
            TrimTo::MaxLen(u64::try_from(ctx.integer(threshold)?).map_err(|_| NEGATIVE_MAXLEN)?)
        } else {
            TrimTo::MinId(id::exact(ctx.argv.at(threshold), 0)?)
        };
        let trim = Trim { to, approximate: given && operator == b"~", limit: 0 };
        self.found = Some(Trimming { trim, references: References::Keep, at: threshold });
        Ok(threshold + 1)
    }

    /// What all of it comes to.
    pub(super) fn finish(self, ctx: &Ctx<'_>) -> Result<Option<Trimming>> {
        let Some(mut found) = self.found else {
            // A limit of none needs nothing to limit.
            return if self.limit.is_some_and(|limit| limit > 0) { Err(LIMIT_ALONE) } else { Ok(None) };
        };
        found.references = self.references.unwrap_or(References::Keep);
        match self.limit {
            Some(_) if !found.trim.approximate => return Err(LIMIT_EXACT),
            Some(limit) => found.trim.limit = limit,
            None if found.trim.approximate => found.trim.limit = usual_limit(ctx),
            None => {}
        }
        Ok(Some(found))
    }
}

/// A hundred nodes, so that no request takes long.
fn usual_limit(ctx: &Ctx<'_>) -> u64 {
    match (ctx.keyspace.env.limits.stream_node_max_entries as u64).saturating_mul(100) {
        0 => 10_000,
        entries => entries.min(1_000_000),
    }
}

/// Has the request told again as `words`, what was trimmed approximately as exactly what was trimmed.
pub(super) fn tell(ctx: &mut Ctx<'_>, trimming: Option<Trimming>, mut words: Vec<Vec<u8>>) {
    let key = ctx.key(1);
    if let Some(Trimming { trim, references, at }) = trimming
        && trim.approximate
        && let Ok(Some(stream)) = ctx.db().stream_mut(key)
    {
        words[at - 1] = b"=".to_vec();
        // What was not needed went in the order of its ids, so the length says which.
        let by_length = references == References::Acknowledged;
        if by_length {
            words[at - 2] = b"MAXLEN".to_vec();
        }
        words[at] = match trim.to {
            _ if by_length => stream.log.len().to_string().into_bytes(),
            TrimTo::MaxLen(_) => stream.log.len().to_string().into_bytes(),
            TrimTo::MinId(_) => stream.log.first_kept_id().unwrap_or_default().to_string().into_bytes(),
        };
        // A limit goes with `~` only.
        if let Some(limit) = words[2..].iter().take(at + 2).position(|w| w.eq_ignore_ascii_case(b"LIMIT")) {
            words.drain(limit + 2..limit + 4);
        }
    }
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    ctx.propagate_instead(&words);
}

fn xtrim(ctx: &mut Ctx<'_>) -> Result {
    let (mut parser, mut at) = (Parser::default(), 2);
    while at < ctx.argv.len() {
        at = parser.take(ctx, at)?.ok_or(CommandError::Syntax)?;
    }
    let trimming = parser.finish(ctx)?.ok_or(NO_STRATEGY)?;
    let key = ctx.key(1);
    let Some(stream) = ctx.db().stream_mut(key)? else { return ctx.int(0) };
    let removed = trimming.apply(stream);
    if removed > 0 {
        ctx.changed(key.bytes, Class::Stream, "xtrim");
        ctx.outcome.dirty += removed - 1;
        if trimming.trim.approximate && ctx.server.listeners.feed {
            let words = ctx.argv.iter().map(<[u8]>::to_vec).collect();
            tell(ctx, Some(trimming), words);
        }
    }
    ctx.int(removed as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn the_oldest_go() {
        check(
            r#"
            ! config stream-node-max-entries 2
            > XADD s 1-0 f v
            "1-0"
            > XADD s 2-0 f v
            "2-0"
            > XADD s 3-0 f v
            "3-0"
            > XADD s 4-0 f v
            "4-0"
            > XADD s 5-0 f v
            "5-0"
            > XTRIM s MAXLEN ~ 4
            :0
            > XTRIM s MAXLEN ~ 3 LIMIT 1
            :0
            > XTRIM s MAXLEN ~ 3 LIMIT 0
            :2
            > XTRIM s maxlen = 2
            :1
            > XTRIM s MINID 5
            :1
            > XRANGE s - +
            [["5-0" ["f" "v"]]]
            > XTRIM s MINID ~ 6
            :1
            > XTRIM s MAXLEN 0
            :0
            > XTRIM nope MAXLEN 0
            :0
            "#,
        );
    }

    #[test]
    fn what_groups_have_to_acknowledge_counts() {
        check(
            r#"
            # only here: these options came with Redis 8.2
            > XADD s 1-0 f v
            "1-0"
            > XADD s 2-0 f v
            "2-0"
            > XADD s 3-0 f v
            "3-0"
            > XADD s 4-0 f v
            "4-0"
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP GROUP g c COUNT 3 STREAMS s >
            *
            > XACK s g 2-0
            :1
            > XTRIM s MAXLEN 2 ACKED
            :1
            > XTRIM s ACKED MINID ~ 9 LIMIT 5
            :0
            > XRANGE s - +
            [["1-0" ["f" "v"]] ["3-0" ["f" "v"]] ["4-0" ["f" "v"]]]
            > XTRIM s KEEPREF MAXLEN 2
            :1
            > XPENDING s g
            [:2 "1-0" "3-0" [["c" "2"]]]
            > XADD s DELREF MAXLEN 1 5-0 f v
            "5-0"
            > XPENDING s g
            [:1 "1-0" "1-0" [["c" "1"]]]
            > XADD s MAXLEN 1 ACKED 6-0 f v
            "6-0"
            > XADD s NOMKSTREAM KEEPREF 7-0 f v
            "7-0"
            > XLEN s
            :3
            > XTRIM s ACKED
            -ERR wrong number of arguments for 'xtrim' command
            > XTRIM s ACKED DELREF
            -ERR syntax error, XTRIM must be called with a trimming strategy
            > XADD s ACKED
            -ERR wrong number of arguments for 'xadd' command
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XTRIM s FOO 5
            -ERR syntax error
            > XTRIM s MAXLEN 5 LIMIT 5
            -ERR syntax error, LIMIT cannot be used without the special ~ option
            > XTRIM s LIMIT 5 LIMIT 5
            -ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
            > XTRIM s LIMIT 0
            -ERR syntax error, XTRIM must be called with a trimming strategy
            > XTRIM s MAXLEN 5 MAXLEN 5
            -ERR syntax error, MAXLEN and MINID options at the same time are not compatible
            > XTRIM s MAXLEN ~
            -ERR value is not an integer or out of range
            > XTRIM s MAXLEN 5 MINID
            -ERR syntax error
            > XTRIM s MAXLEN -5
            -ERR The MAXLEN argument must be >= 0.
            > XTRIM s MINID a
            -ERR Invalid stream ID specified as stream command argument
            > XTRIM s MAXLEN
            -ERR wrong number of arguments for 'xtrim' command
            > SET str x
            +OK
            > XTRIM str MAXLEN 5
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
